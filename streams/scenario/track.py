"""Moving ships: tracks of way points, sampled at the times at which the ships report."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import distance_nm, distances_nm, unit_vectors
from streams.scenario.model import HOUR_MS, SECOND_MS

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Way = Sequence[tuple[float, float]]
"""Way points, (latitude, longitude) in degrees."""

SAID: Final = np.dtype(
    [
        ("time_ms", "<i8"),
        ("mmsi", "<u4"),
        ("kind", "u1"),  # message type: 1, 3, 18, or 4 for a base station
        ("status", "u1"),
        ("lat_deg", "<f8"),
        ("lon_deg", "<f8"),
        ("sog_kn", "<f4"),
        ("cog_deg", "<f4"),
        ("error_lat_deg", "<f8"),
        ("error_lon_deg", "<f8"),
        ("delay_ms", "<i8"),
    ]
)
"""One transmission of a position; heading is the course.

The ship transmits from ``lat_deg``, ``lon_deg`` and states that place plus ``error_*``. The sentence is of ``time_ms``
and is received ``delay_ms`` later.
"""

UNDER_WAY, ANCHORED, MOORED, FISHING = 0, 1, 5, 7
CLASS_A, CLASS_A_SPECIAL, BASE, CLASS_B = 1, 3, 4, 18
_SOG_NOISE_KN, _COG_NOISE_DEG, _AT_REST_KN = 0.15, 1.0, 0.3
_SWING_DEG: Final = 0.0002  # about 20 m: GNSS scatter and swinging at anchor


class Track(NamedTuple):
    """Where a ship is: way points in time, with straight and steady movement between them."""

    times_ms: Times
    lat_deg: Floats
    lon_deg: Floats

    @property
    def from_ms(self) -> int:
        """When it begins."""
        return int(self.times_ms[0])

    @property
    def to_ms(self) -> int:
        """When it ends."""
        return int(self.times_ms[-1])


def sail(way: Way, from_ms: int, speed_kn: float) -> Track:
    """Along ``way`` at a steady speed."""
    lat, lon = np.array(way, float).T
    legs_nm = distances_nm(unit_vectors(lat[:-1], lon[:-1]), unit_vectors(lat[1:], lon[1:]))
    hours = np.concatenate([[0.0], np.cumsum(legs_nm)]) / speed_kn
    return Track((from_ms + hours * HOUR_MS).astype(np.int64), lat, lon)


def stay(place: tuple[float, float], from_ms: int, to_ms: int) -> Track:
    """At one place."""
    return Track(np.array([from_ms, to_ms]), np.full(2, place[0]), np.full(2, place[1]))


def length_nm(way: Way) -> float:
    """The way's length."""
    return sum(distance_nm(*a, *b) for a, b in pairwise(way))


def every(from_ms: int, to_ms: int, interval_s: float, offset_s: float = 0.0) -> Times:
    """Regular times in [from, to)."""
    return np.arange(from_ms + int(offset_s * SECOND_MS), to_ms, int(interval_s * SECOND_MS), dtype=np.int64)


def positions(
    track: Track, times_ms: Times, mmsi: int, draw: np.random.Generator, *, kind: int = CLASS_A, status: int = 0
) -> npt.NDArray[np.void]:
    """Its reported positions at these times; dtype SAID."""
    said = np.zeros(len(times_ms), SAID)
    said["time_ms"], said["mmsi"], said["kind"], said["status"] = times_ms, mmsi, kind, status
    moves = np.diff(track.times_ms).clip(1)
    leg = np.searchsorted(track.times_ms, times_ms, "right").clip(1, len(moves)) - 1
    north, east = np.diff(track.lat_deg), np.diff(track.lon_deg) * np.cos(np.radians(track.lat_deg[:-1]))
    sog_kn = (np.hypot(north, east) * 60 / (moves / HOUR_MS))[leg]
    resting = sog_kn < _AT_REST_KN
    noise = draw.normal(size=(4, len(times_ms)))
    swing = np.where(resting, _SWING_DEG, 0.0)
    said["lat_deg"] = np.interp(times_ms, track.times_ms, track.lat_deg) + swing * noise[0]
    said["lon_deg"] = np.interp(times_ms, track.times_ms, track.lon_deg) + swing * noise[1]
    said["sog_kn"] = np.where(resting, np.abs(noise[2]) * 0.05, (sog_kn + _SOG_NOISE_KN * noise[2]).clip(0))
    cog_deg = (np.degrees(np.arctan2(east, north)))[leg] + _COG_NOISE_DEG * noise[3]
    said["cog_deg"] = np.where(resting, np.nan, cog_deg % 360)
    return said
