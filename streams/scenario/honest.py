"""Ordinary ships: they come into range, pass or moor, power down or leave again, without intent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from streams.nmea.encoder import Particulars
from streams.scenario.model import DAY_MS, HOUR_MS, ScenarioTruth, ShoreStation
from streams.scenario.story import ReportPace, StoryScript, StoryShip
from streams.scenario.track import BASE, MOORED, SAID, Track, Way, every, sail, stay

_WORDS: Final = (
    "PACIFIC",
    "ORIENT",
    "NORTHERN",
    "GOLDEN",
    "SILVER",
    "EASTERN",
    "BRIGHT",
    "CORAL",
    "JADE",
    "AMBER",
    "PEARL",
    "STAR",
    "HARMONY",
    "PIONEER",
    "HORIZON",
    "WAVE",
    "GLORY",
    "DAWN",
    "LINK",
    "BRIDGE",
)
_TYPES: Final = (70, 71, 72, 74, 79, 80, 82, 89)
_FISHING_TYPE: Final = 30
_IMO_FROM: Final = 500_000  # numbers of long-scrapped ships, so that no existing ship is named
_CHECK_WEIGHTS: Final = (7, 6, 5, 4, 3, 2)


class ShippingLane(msgspec.Struct, frozen=True, kw_only=True):
    """A route of ordinary ships, in either direction."""

    way: Way
    ends_in: str = ""
    """The port at the end of ``way``; "" for a route that only passes."""


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """Ordinary traffic around some receivers."""

    mids: tuple[int, ...]
    """Flags of the ships, as the first three digits of an MMSI."""
    first: int
    """Number of the region's first ship, so that no MMSI is used twice."""
    ships: int
    voyages_a_day: float
    lanes: tuple[ShippingLane, ...]
    pace: ReportPace
    moored: ReportPace


def imo_number(number: int) -> int:
    """A six-digit number with its check digit."""
    total = sum(int(digit) * weight for digit, weight in zip(f"{number:06d}", _CHECK_WEIGHTS, strict=True))
    return number * 10 + total % 10


def ordinary(number: int, mids: Sequence[int], *, class_b: bool = False, destination: str = "") -> StoryShip:
    """The ship of that number (0 to 9,999): an invented one, the same at every call."""
    mmsi = mids[number % len(mids)] * 1_000_000 + 980_000 + number
    name = f"{_WORDS[number % len(_WORDS)]} {_WORDS[number // len(_WORDS) % len(_WORDS)]} {number}"
    length_m = 9 + number % 6 if class_b else 80 + number * 7 % 140
    says = Particulars(
        imo=0 if class_b else imo_number(_IMO_FROM + number),
        call_sign=f"X{number:05d}",
        name=name[:20],
        ship_type=_FISHING_TYPE if class_b else _TYPES[number % len(_TYPES)],
        length_m=length_m,
        beam_m=max(3, length_m // 7),
        draught_m=2.0 if class_b else 5.0 + number % 50 / 10,
        destination=destination,
    )
    return StoryShip(mmsi=mmsi, says=says, class_b=class_b)


def traffic(story: StoryScript, region: Region, from_ms: int, to_ms: int) -> None:
    """Voyages in [from, to): arrivals at random, each ship on one voyage at a time."""
    draw, free_ms = story.draw, np.zeros(region.ships, np.int64)
    time_ms = float(from_ms)
    while (time_ms := time_ms + draw.exponential(DAY_MS / region.voyages_a_day)) < to_ms:
        idle = np.flatnonzero(free_ms <= time_ms)
        if len(idle):
            number = int(draw.choice(idle))
            ends_ms = _voyage(story, region, ordinary(region.first + number, region.mids), int(time_ms))
            free_ms[number] = ends_ms + DAY_MS


def _voyage(story: StoryScript, region: Region, ship: StoryShip, from_ms: int) -> int:
    """One voyage; returns when it ends."""
    draw = story.draw
    lane = region.lanes[int(draw.integers(len(region.lanes)))]
    aside = draw.normal(size=2) * 0.012
    way = [(lat + aside[0], lon + aside[1]) for lat, lon in lane.way]
    speed_kn = float(draw.uniform(9, 14))
    outward = draw.random() < 0.5  # noqa: PLR2004 - either direction
    says = ship.says._replace(destination=lane.ends_in)
    if not lane.ends_in:
        track = sail(way[::-1] if outward else way, from_ms, speed_kn)
        story.sails(ship, track, region.pace, says=says)
        return track.to_ms
    inbound = sail(way, from_ms, speed_kn)
    story.sails(ship, inbound, region.pace, says=says)
    berth = stay(way[-1], inbound.to_ms, inbound.to_ms + int(draw.uniform(4, 16) * HOUR_MS))
    story.sails(ship, berth, region.moored, status=MOORED, says=says)
    if not outward:
        story.truths.append(
            ScenarioTruth(
                kind="powers_down",
                note=f"moors at {lane.ends_in} and switches off: honest",
                mmsi=ship.mmsi,
                from_ms=berth.to_ms,
                to_ms=berth.to_ms + DAY_MS,
                at_most="log",
            )
        )
        return berth.to_ms
    home = sail(way[::-1], berth.to_ms, speed_kn)
    story.sails(ship, home, region.pace, says=ship.says)
    return home.to_ms


class SmallCraft(msgspec.Struct, frozen=True, kw_only=True):
    """Small craft with class B that go out for some hours and fade in and out of reception."""

    mids: tuple[int, ...]
    first: int
    ships: int
    trips_a_day: float
    harbour: tuple[float, float]
    grounds: tuple[float, float]
    pace: ReportPace


def small_craft(story: StoryScript, shoal: SmallCraft, from_ms: int, to_ms: int) -> None:
    """Fishing trips of class B boats in [from, to)."""
    time_ms = float(from_ms)
    while (time_ms := time_ms + story.draw.exponential(DAY_MS / shoal.trips_a_day)) < to_ms:
        boat = ordinary(shoal.first + int(story.draw.integers(shoal.ships)), shoal.mids, class_b=True)
        grounds = tuple(shoal.grounds + story.draw.normal(size=2) * 0.04)
        track = sail([shoal.harbour, grounds, shoal.harbour], int(time_ms), float(story.draw.uniform(4, 7)))
        story.sails(boat, track, shoal.pace)


def base_stations(
    story: StoryScript, span: tuple[int, int], every_s: float, busy: Sequence[tuple[int, int, float]] = ()
) -> None:
    """The receivers' own stations by turns, one every ``every_s``; in a busy stretch (from, to, s) more often.

    A receiver without messages counts as down: base stations show that it is up in quiet water.
    """
    bounds = sorted({*span, *(edge for start, end, _ in busy for edge in (start, end))})
    times = [
        every(start, end, min([every_s, *(s for a, b, s in busy if a <= start and end <= b)]))
        for start, end in pairwise(bounds)
    ]
    said = np.zeros(sum(map(len, times)), SAID)
    turn = np.arange(len(said)) % len(story.receivers)
    said["time_ms"], said["kind"] = np.concatenate(times), BASE
    said["mmsi"] = np.array([r.mmsi for r in story.receivers])[turn]
    said["lat_deg"] = np.array([r.lat_deg for r in story.receivers])[turn]
    said["lon_deg"] = np.array([r.lon_deg for r in story.receivers])[turn]
    story.stands(said)


def ferry(story: StoryScript, ship: StoryShip, way: Way, pace: ReportPace, span: tuple[int, int]) -> None:
    """Two return crossings a day, moored between them: never out of range."""
    out_h, speed_kn, points, times = 3, 12.0, [way[0]], [span[0]]
    for start_ms in range(*span, 12 * HOUR_MS):
        for leg, begin_ms in ((way, start_ms + HOUR_MS), (way[::-1], start_ms + (1 + out_h + 2) * HOUR_MS)):
            crossing = sail(leg, begin_ms, speed_kn)
            points += [leg[0], *leg]
            times += [begin_ms - 1, *crossing.times_ms.tolist()]
    lat, lon = np.array(points).T
    story.sails(ship, Track(np.array(times), lat, lon), pace)


def roams(story: StoryScript, receiver: ShoreStation, from_ms: int, to_ms: int, *, share: float = 0.8) -> Track:
    """Goes back and forth on a straight line near the receiver, never out of its disk."""
    draw, radius_deg = story.draw, receiver.range_nm * share / 60
    angle, aside = draw.uniform(0, 2 * np.pi), draw.uniform(-0.5, 0.5) * radius_deg
    half_deg = float(np.sqrt(radius_deg**2 - aside**2))
    shrink = float(np.cos(np.radians(receiver.lat_deg)))
    ends = [
        (
            receiver.lat_deg + float(aside * np.cos(angle) + side * half_deg * np.sin(angle)),
            receiver.lon_deg + float(-aside * np.sin(angle) + side * half_deg * np.cos(angle)) / shrink,
        )
        for side in (-1, 1)
    ]
    speed_kn, begins = float(draw.uniform(8, 18)), int(draw.integers(2))
    legs = 3 + int(speed_kn * (to_ms - from_ms) / HOUR_MS / (2 * half_deg * 60))
    start_ms = from_ms - int(draw.random() * 2 * half_deg * 60 / speed_kn * HOUR_MS)
    return sail([ends[(begins + leg) % 2] for leg in range(legs)], start_ms, speed_kn)
