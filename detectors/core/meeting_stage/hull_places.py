"""How two hulls lie beside each other: their headings, and whether they may touch."""

from __future__ import annotations

import math
from typing import Final, Literal

from detectors.core.half_degrees import turned
from detectors.core.hulls import Hull, hull_of
from detectors.core.meeting_stage.meeting import BEAMS, Meeting, Sample, sample_of
from detectors.core.slow_ships import SlowShip

_STATED_BESIDE_M: Final = 15.0
"""Fenders, and the scatter of two positions."""
_BESIDE_M: Final = 20.0
"""The same, and antennas beside the middle line, if it is not known where they are."""
_ALONG_DEG: Final = 30.0
_WITHIN_LEAST: Final = 2
"""Times that show nothing: positions scatter."""
Headings = Literal["parallel", "opposite", "at an angle"]


def headings_of(one: SlowShip, other: SlowShip) -> Headings | None:
    """How the ships head beside each other; None if either heading is unknown."""
    if one.heading_deg is None or other.heading_deg is None:
        return None
    angle_deg = abs(turned(float(one.heading_deg - other.heading_deg)))
    if angle_deg <= _ALONG_DEG:
        return "parallel"
    return "opposite" if angle_deg >= 180 - _ALONG_DEG else "at an angle"


def alongside(one: SlowShip, other: SlowShip) -> bool | None:
    """Whether the hulls may touch; None without a heading and both lengths.

    Where both state the place of the antenna on the hull, the middles of the hulls and their beams count; otherwise
    antennas are taken to be in the middle, and beams follow from lengths.
    """
    heading = one.heading_deg if one.heading_deg is not None else other.heading_deg
    hulls = hull_of(one.hull), hull_of(other.hull)
    if heading is None:
        return None
    if hulls[0] is not None and hulls[1] is not None:
        east_m, north_m = _between(one, other, float(heading), (hulls[0], hulls[1]))
        beside_m = (hulls[0].beam_m + hulls[1].beam_m) / 2 + _STATED_BESIDE_M
        halves_m = (hulls[0].length_m + hulls[1].length_m) / 2
    elif one.length_m and other.length_m:
        at, halves_m = sample_of(one, other), (one.length_m + other.length_m) / 2
        east_m, north_m, beside_m = at.east_m, at.north_m, halves_m / BEAMS + _BESIDE_M
    else:
        return None
    ahead, abeam = math.sin(math.radians(heading)), math.cos(math.radians(heading))
    return abs(east_m * abeam - north_m * ahead) <= beside_m and abs(east_m * ahead + north_m * abeam) <= halves_m


def _between(one: SlowShip, other: SlowShip, heading: float, hulls: tuple[Hull, Hull]) -> tuple[float, float]:
    """From the middle of one hull to that of the other, m east and north; an unknown heading is that of the other."""
    at = sample_of(one, other)
    east_m, north_m = at.east_m, at.north_m
    for ship, hull, sign in ((one, hulls[0], -1), (other, hulls[1], 1)):
        angle = math.radians(heading if ship.heading_deg is None else ship.heading_deg)
        east_m += sign * (hull.ahead_m * math.sin(angle) + hull.starboard_m * math.cos(angle))
        north_m += sign * (hull.ahead_m * math.cos(angle) - hull.starboard_m * math.sin(angle))
    return east_m, north_m


def on_one_hull(meeting: Meeting) -> bool:
    """Whether both antennas are on one ship.

    Either they are nearer to each other than the middle lines of two ships side by side can be, or mostly one is within
    the hull around the other one.
    """
    least_m = sum((ship.length_m or 0) / BEAMS / 2 for ship in (meeting.one, meeting.other)) / 2
    nearest = sorted(each.apart_m for each in meeting.samples)
    return nearest[len(nearest) // 2] < least_m or meeting.within > max(_WITHIN_LEAST, meeting.placed / 2)


def note_hulls(meeting: Meeting, at: Sample) -> None:
    """Counts whether the one antenna is on the hull around the other one, by the newest facts of both."""
    found = [
        _holds(ship, sign * at.east_m, sign * at.north_m) for ship, sign in ((meeting.one, 1), (meeting.other, -1))
    ]
    if any(each is not None for each in found):
        meeting.placed += 1
        meeting.within += any(found)


def _holds(ship: SlowShip, east_m: float, north_m: float) -> bool | None:
    """Whether a place, as seen from the antenna of a ship, is on its hull; None if that is not known."""
    hull = hull_of(ship.hull)
    if hull is None or ship.heading_deg is None or not hull.placed:
        return None
    angle = math.radians(ship.heading_deg)
    ahead_m = east_m * math.sin(angle) + north_m * math.cos(angle) - hull.ahead_m
    starboard_m = east_m * math.cos(angle) - north_m * math.sin(angle) - hull.starboard_m
    return abs(ahead_m) <= hull.length_m / 2 and abs(starboard_m) <= hull.beam_m / 2
