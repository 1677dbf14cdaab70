"""All others in the ANGARA reconstruction: traffic, the busy strait, namesakes, base stations, the outage."""

from __future__ import annotations

from typing import Final

from streams.nmea.encoder import Particulars
from streams.scenario import waters
from streams.scenario.honest import base_stations, ferry, imo_number, ordinary, small_craft, traffic
from streams.scenario.model import DAY_MS, HOUR_MS, SECOND_MS, Expected, Options, ScenarioTruth, at
from streams.scenario.story import ReportPace, StoryScript, StoryShip
from streams.scenario.track import MOORED, every, sail, stay

SCENE_MS: Final = at("2024-02-07 04:10")
SCENE_VESSELS: Final = 300
_SCENE_BEFORE_H, _SCENE_SPREAD_H, _SCENE_REACH_H = 4.0, 3.0, 11.0
_BUSY_MS: Final = 20 * HOUR_MS
_SCENE_FIRST: Final = 4000
_CLASS_B_EVERY: Final = 12
_COMPANY: Final = 16
_COMPANY_FIRST: Final = 5000
_COMPANY_BEFORE_H, _COMPANY_AFTER_H = 8.0, 1.0
_WATCHED_FOR_MS: Final = 3 * HOUR_MS
_NAMESAKE_IMO: Final = 9_124_043


def others(story: StoryScript, options: Options, from_ms: int, to_ms: int) -> None:
    """All of them, in [from, to)."""
    for region in (waters.home_region(options), waters.strait_region(), waters.yard_region(options)):
        traffic(story, region, from_ms, to_ms)
    for shoal in waters.shoals(options):
        small_craft(story, shoal, from_ms, to_ms)
    ferry(story, ordinary(3900, (273,)), waters.ferry_way(options), waters.FERRY, (from_ms, to_ms))
    _scene(story, options)
    _namesakes(story, options)
    for mmsi, name, place in waters.aids(options):
        story.marks(mmsi, name, place, every(from_ms, to_ms, waters.AID_EVERY_S, mmsi % 3600))
    busy = [(SCENE_MS - _BUSY_MS, SCENE_MS + _BUSY_MS, waters.BASE_BUSY_S)]
    before_ms, after_ms = int(_COMPANY_BEFORE_H * HOUR_MS), _WATCHED_FOR_MS
    busy += [(t.to_ms - before_ms, t.to_ms + after_ms, waters.BASE_BUSY_S) for t in _partings(story, options)]
    base_stations(story, (from_ms, to_ms), waters.BASE_EVERY_S, busy)
    _company(story, options)
    _losses(story)
    story.truths.append(
        ScenarioTruth(
            kind="honest",
            note="every vessel without another truth is honest",
            from_ms=from_ms,
            to_ms=to_ms,
            at_most="log",
        )
    )


def _scene(story: StoryScript, options: Options) -> None:
    """The busy strait: ships enter over many hours, most before the blip, and sail through and out."""
    mids = waters.strait_region().mids
    count = SCENE_VESSELS if options.vessels is None else options.vessels
    hours = (story.draw.normal(size=count) * _SCENE_SPREAD_H).clip(-_SCENE_REACH_H, _SCENE_REACH_H) - _SCENE_BEFORE_H
    for number, hour in enumerate(hours.tolist()):
        lane = waters.STRAIT_LANES[number % 3]
        aside = story.draw.normal(size=2) * 0.03
        way = [(lat + aside[0], lon + aside[1]) for lat, lon in lane.way]
        small = number % _CLASS_B_EVERY == _CLASS_B_EVERY - 1
        ship = ordinary(_SCENE_FIRST + number, mids, class_b=small)
        speed_kn = float(story.draw.uniform(10, 17))
        track = sail(way if number % 2 else way[::-1], SCENE_MS + int(hour * HOUR_MS), speed_kn)
        story.sails(ship, track, waters.SCENE)


def _partings(story: StoryScript, options: Options) -> list[ScenarioTruth]:
    """The spans at whose end it falls silent; the strait has its own scene."""
    hers = [truth for truth in story.truths if truth.mmsi == options.mmsi]
    return [truth for truth in hers if truth.kind in {"first_heard", "heard_off_home", "long_stay"}]


def _company(story: StoryScript, options: Options) -> None:
    """Ships around it when it falls silent: without them it could be out of range."""
    for turn, truth in enumerate(_partings(story, options)):
        at_yard = truth.kind == "long_stay"
        region = waters.yard_region(options) if at_yard else waters.home_region(options)
        for number in range(_COMPANY):
            lane = region.lanes[number % len(region.lanes)]
            aside = story.draw.normal(size=2) * 0.03
            way = [(lat + aside[0], lon + aside[1]) for lat, lon in lane.way]
            ship = ordinary(_COMPANY_FIRST + turn * _COMPANY + number, region.mids)
            begins_ms = truth.to_ms + int(story.draw.uniform(-_COMPANY_BEFORE_H, _COMPANY_AFTER_H) * HOUR_MS)
            track = sail(way if number % 2 else way[::-1], begins_ms, float(story.draw.uniform(9, 14)))
            story.sails(ship, track, waters.SCENE)


def _namesakes(story: StoryScript, options: Options) -> None:
    """Two honest ships with similar names: one laid up for good, one in trade."""
    laid_up = StoryShip(
        mmsi=273_980_777,
        says=Particulars(
            imo=_NAMESAKE_IMO,
            call_sign="UX777",
            name=options.name,
            ship_type=79,
            length_m=115,
            beam_m=17,
            draught_m=4.0,
            destination="LAID UP",
        ),
    )
    berth = waters.ferry_way(options)[0]
    track = stay(berth, at("2023-10-05 00:00"), at("2023-10-12 09:00"))
    story.sails(laid_up, track, ReportPace(position_s=900, static_s=14_400), status=MOORED)
    story.truths.append(_namesake(laid_up, track.from_ms, track.to_ms + 7 * DAY_MS, "a hulk, laid up; powers down"))
    trader = StoryShip(
        mmsi=273_980_778,
        says=Particulars(
            imo=imo_number(500_777),
            call_sign="UX778",
            name=f"FESCO {options.name}"[:20],
            ship_type=71,
            length_m=140,
            beam_m=22,
            draught_m=7.1,
            destination="BUSAN",
        ),
    )
    lane = waters.home_region(options).lanes[0].way
    for day in ("2023-09-20 00:00", "2023-11-02 10:00", "2024-01-15 03:00", "2024-03-03 20:00"):
        track = sail(lane[::-1], at(day), 13.0)
        story.sails(trader, track, ReportPace(position_s=300, static_s=3600))
        story.truths.append(_namesake(trader, track.from_ms, track.to_ms + DAY_MS, "another ship; leaves coverage"))


def _namesake(ship: StoryShip, from_ms: int, to_ms: int, note: str) -> ScenarioTruth:
    return ScenarioTruth(
        kind="namesake",
        note=note,
        mmsi=ship.mmsi,
        name=ship.says.name,
        imo=ship.says.imo,
        from_ms=from_ms,
        to_ms=to_ms,
        at_most="log",
    )


def _losses(story: StoryScript) -> None:
    for lost in story.silences:
        whole = lost.receiver is None
        outage = Expected(
            detector="feed_outage", severity="ticket", after_ms=lost.from_ms, before_ms=lost.to_ms + SECOND_MS
        )
        story.truths.append(
            ScenarioTruth(
                kind="feed_loss" if whole else "receiver_loss",
                note=f"{lost.receiver or 'everything'} falls silent",
                from_ms=lost.from_ms,
                to_ms=lost.to_ms,
                expected=(outage,) if whole else (),
            )
        )
