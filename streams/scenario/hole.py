"""Two days of five ships, with a gap of ninety days in between."""

from __future__ import annotations

from typing import Final

from streams.scenario.air import ReceiverOutage
from streams.scenario.honest import base_stations, ordinary, roams
from streams.scenario.model import DAY_MS, HOUR_MS, Expected, Options, Scenario, ScenarioTruth, ShoreStation, at
from streams.scenario.story import ReportPace, StoryScript

TITLE: Final = "two days of five ships, and a hole of ninety days between them"
RECEIVER: Final = ShoreStation(name="pier", mmsi=4_409_992, lat_deg=35.1, lon_deg=129.4, range_nm=60)
START_MS: Final = at("2024-01-10 00:00")
HOLE_MS: Final = 90 * DAY_MS
_SHIPS, _HOURS = 5, 48.0
_PACE: Final = ReportPace(position_s=60, static_s=360)
_BASE_EVERY_S: Final = 20.0
_MIDS: Final = (440, 431, 412, 636)


def build(options: Options) -> Scenario:
    """The scenario; ``hours`` is the time that is heard, half before the gap and half after."""
    half_ms = int((options.hours or _HOURS) * HOUR_MS / 2)
    hole = ReceiverOutage(None, START_MS + half_ms, START_MS + half_ms + HOLE_MS)
    end_ms = hole.to_ms + half_ms
    story = StoryScript(options.seed, [RECEIVER])
    story.silences.append(hole)
    for number in range(_SHIPS if options.vessels is None else options.vessels):
        ship = ordinary(5100 + number, _MIDS)
        for from_ms, to_ms in ((START_MS, hole.from_ms), (hole.to_ms, end_ms)):
            story.sails(ship, roams(story, RECEIVER, from_ms, to_ms), _PACE, until_ms=to_ms)
    for from_ms, to_ms in ((START_MS, hole.from_ms), (hole.to_ms, end_ms)):
        base_stations(story, (from_ms, to_ms), _BASE_EVERY_S)
    down = Expected(detector="feed_outage", severity="ticket", after_ms=hole.from_ms, before_ms=hole.to_ms)
    truths = (
        ScenarioTruth(
            kind="honest", note="every ship transmits, as far as the feed can tell", from_ms=START_MS, to_ms=end_ms
        ),
        ScenarioTruth(
            kind="feed_loss", note="ninety days of nothing", from_ms=hole.from_ms, to_ms=hole.to_ms, expected=(down,)
        ),
    )
    return Scenario("hole", TITLE, (RECEIVER,), story.lines(START_MS, end_ms), truths)
