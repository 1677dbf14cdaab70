"""A receiver falls silent for three hours; before that, one ship truly goes dark."""

from __future__ import annotations

from typing import Final

from streams.scenario.air import ReceiverOutage
from streams.scenario.honest import base_stations, ordinary, roams
from streams.scenario.model import HOUR_MS, MINUTE_MS, Expected, Options, Scenario, ScenarioTruth, ShoreStation, at
from streams.scenario.story import ReportPace, StoryScript, StoryShip

TITLE: Final = "thirty ships near one receiver; it is silent for three hours, and one ship has gone dark before"
RECEIVER: Final = ShoreStation(name="pier", mmsi=4_409_991, lat_deg=35.1, lon_deg=129.4, range_nm=60)
START_MS: Final = at("2024-03-01 00:00")
_SHIPS, _HOURS = 30, 12.0
_DARK_AT, _LOST_AT, _LOST_MS = 0.25, 0.5, 3 * HOUR_MS
_PACE: Final = ReportPace(position_s=60, static_s=360)
_BASE_EVERY_S: Final = 20.0
_MIDS: Final = (440, 431, 412, 636)


def build(options: Options) -> Scenario:
    """The scenario; ``vessels`` and ``hours`` change its size, the dark one is ``options.mmsi``."""
    count = _SHIPS if options.vessels is None else options.vessels
    end_ms = START_MS + int((options.hours or _HOURS) * HOUR_MS)
    dark_ms = START_MS + int((end_ms - START_MS) * _DARK_AT)
    lost_ms = START_MS + int((end_ms - START_MS) * _LOST_AT)
    lost = ReceiverOutage(None, lost_ms, min(end_ms, lost_ms + _LOST_MS))
    story = StoryScript(options.seed, [RECEIVER])
    story.silences.append(lost)
    for number in range(count):
        dark = number == 0
        ship = ordinary(5000 + number, _MIDS)
        ship = StoryShip(mmsi=options.mmsi, says=ship.says) if dark else ship
        track = roams(story, RECEIVER, START_MS, end_ms)
        story.sails(ship, track, _PACE, until_ms=dark_ms if dark else end_ms)
    base_stations(story, (START_MS, end_ms), _BASE_EVERY_S)
    gap = Expected(
        detector="gap", severity="log", after_ms=dark_ms + HOUR_MS - MINUTE_MS, before_ms=dark_ms + 2 * HOUR_MS
    )
    down = Expected(detector="feed_outage", severity="ticket", after_ms=lost.from_ms, before_ms=lost.to_ms)
    truths = [
        ScenarioTruth(kind="honest", note="every other ship transmits throughout", from_ms=START_MS, to_ms=end_ms),
        ScenarioTruth(
            kind="dark",
            note="switches off well before the outage",
            mmsi=options.mmsi,
            from_ms=dark_ms,
            to_ms=end_ms,
            expected=(gap,),
        ),
        ScenarioTruth(
            kind="feed_loss", note="everything falls silent", from_ms=lost.from_ms, to_ms=lost.to_ms, expected=(down,)
        ),
    ]
    return Scenario("outage", TITLE, (RECEIVER,), story.lines(START_MS, end_ms), tuple(truths[: 3 if count else 1]))
