"""How two hulls lie beside each other: their headings, and whether they may touch."""

from __future__ import annotations

import math
from typing import Final, Literal

from detectors.core.half_degrees import turned
from detectors.core.hulls import Hull, hull_of
from detectors.core.meeting_stage.meeting import BEAMS, sample_of
from detectors.core.slow_ships import SlowShip

_STATED_BESIDE_M: Final = 15.0
"""Fenders, and the scatter of two positions."""
_BESIDE_M: Final = 20.0
"""The same, and antennas beside the middle line, if it is not known where they are."""
_ALONG_DEG: Final = 30.0
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
