"""From when to when a strip meets a circle, how much of the circle it covers, and the outline of that part."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

import numpy as np
import numpy.typing as npt

from detectors.core.orbits.encounters import Encounters
from detectors.core.orbits.ground_tracks import Block, dot
from detectors.core.orbits.propagation import Floats
from detectors.core.units import MS

Bools = npt.NDArray[np.bool_]
T = TypeVar("T", bound=npt.NDArray[Any])
_ACROSS: Final = 12  # arcs across the track that make an outline: 22 corners and the first again
_NARROW: Final = 0.0004  # radians, 2.5 km: more than two corners that are rounded to a hundredth of a degree move
_GRAZED: Final = 0.002  # radians along the track, two seconds: too short for a better begin and end
_AT_ONCE_MS: Final = 20_000.0
_HUNDREDTHS: Final = 2


def share(met: Encounters) -> Floats:
    """Of the circle's area, that one image covers; the strip of it is laid as near to the centre as it can be."""
    half = np.minimum(met.swath, met.right - met.left) / 2
    middle = np.clip(met.across, met.left + half, met.right - half)
    return _below(middle + half, met) - _below(middle - half, met)


def times_ms(met: Encounters, block: Block, centre: Floats) -> Floats:
    """Begin and end, shape (n, 2): when the arc of view enters and leaves the part of the circle in the strip."""
    way, edge = _half_way(met)
    signs, rate = np.asarray([-1.0, 1.0]), met.rate[:, None]
    time_ms = met.time_ms[:, None] + signs * (way[:, None] / rate) * MS
    here = block.directions(met.satellite, time_ms)
    apart = np.cos(edge)[:, None, None] * here.up + np.sin(edge)[:, None, None] * here.right - centre[:, None, :]
    gone = _way(dot(apart, apart) / 4, met, edge)
    late = np.where(way[:, None] < _GRAZED, 0.0, way[:, None] - gone) / rate * MS
    return np.asarray(time_ms + signs * np.clip(late, -_AT_ONCE_MS, _AT_ONCE_MS))


def outlines(met: Encounters, block: Block, centre: Floats, times: Floats) -> tuple[Floats, Bools]:
    """(lon_deg, lat_deg) to a hundredth around the covered part, counterclockwise and closed, shape (2, n, corners).

    Also which of the corners count, shape (n, corners): where it is so narrow that rounding would cross its sides, they
    do not.
    """
    step = (1 - np.cos(np.linspace(0, np.pi, _ACROSS))) / 2
    here = block.directions(met.satellite, times[:, :1] + (times[:, 1:] - times[:, :1]) * step)
    below, beside = dot(here.up, centre[:, None, :]), dot(here.right, centre[:, None, :])
    middle = np.arctan2(beside, below)
    half = np.arccos(np.clip(np.cos(met.radius)[:, None] / np.hypot(below, beside), -1.0, 1.0))
    left, right = (np.clip(middle + sign * half, met.left[:, None], met.right[:, None]) for sign in (-1, 1))
    across = _around(right, left)[..., None]
    wide = right - left >= _NARROW
    wide[:, [0, -1]] = True  # the tips
    corners = degrees(np.cos(across) * _around(here.up, here.up) + np.sin(across) * _around(here.right, here.right))
    return corners, _around(wide, wide)


def _around(there: T, back: T) -> T:
    """Along one side, back along the other without its ends, and the first again."""
    return cast(T, np.concatenate([there, back[:, -2:0:-1], there[:, :1]], axis=1))


def degrees(place: Floats) -> Floats:
    """(lon_deg, lat_deg) of unit vectors, to a hundredth, shape (2, ...)."""
    lat = np.arcsin(np.clip(place[..., 2], -1.0, 1.0))
    lon = np.arctan2(place[..., 1], place[..., 0])
    return np.asarray(np.round(np.degrees(np.stack([lon, lat])), _HUNDREDTHS) + 0.0)


def _half_way(met: Encounters) -> tuple[Floats, Floats]:
    """Along the track from the middle to the end, on great circles, and where across the track that end is."""
    tangent = np.arcsin(np.minimum(1.0, np.sin(met.radius) / np.cos(met.across)))
    touches = np.arctan2(np.sin(met.across), np.cos(met.across) * np.cos(tangent))
    edge = np.clip(touches, met.left, met.right)
    return _way((np.sin(met.radius / 2) ** 2)[:, None], met, edge)[:, 0], edge


def _way(chord: Floats, met: Encounters, edge: Floats) -> Floats:
    """How far along the track a place at ``edge`` is that is so far from the centre (half chord squared), (n, k)."""
    square = np.sin((edge - met.across) / 2) ** 2
    size = np.cos(edge) * np.cos(met.across)
    return np.asarray(2 * np.arcsin(np.sqrt(np.clip((chord - square[:, None]) / size[:, None], 0.0, 1.0))))


def _below(edge: Floats, met: Encounters) -> Floats:
    """The part of a circle on the left of a line."""
    at = np.clip((edge - met.across) / met.radius, -1.0, 1.0)
    return np.asarray(0.5 + (at * np.sqrt(1 - at * at) + np.arcsin(at)) / np.pi)
