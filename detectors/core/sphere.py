"""Distances and courses on a sphere, in float64.

The chord form is used throughout: with arccos of a dot product 0.6 nm comes out as 0.0 in single precision.
Scalars use ``math`` and decide; columns use numpy and only screen.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.units import EARTH_NM

NM_A_DEGREE: Final = 60.0
"""Nautical miles per degree of latitude."""
_POLE: Final = 0.01
_TENTHS_A_DEGREE: Final = 600
"""Tenths of a minute per degree."""
_POINTS: Final = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")

Floats = npt.NDArray[np.float64]


def distance_nm(lat1_deg: float, lon1_deg: float, lat2_deg: float, lon2_deg: float) -> float:
    """Great-circle distance (haversine), nautical miles."""
    p1, p2 = math.radians(lat1_deg), math.radians(lat2_deg)
    half_dp, half_dl = (p2 - p1) / 2, math.radians(lon2_deg - lon1_deg) / 2
    h = math.sin(half_dp) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(half_dl) ** 2
    return 2 * EARTH_NM * math.asin(min(1.0, math.sqrt(h)))


def bearing_deg(lat1_deg: float, lon1_deg: float, lat2_deg: float, lon2_deg: float) -> float:
    """Initial true course from the first place to the second, [0, 360)."""
    p1, p2, dl = math.radians(lat1_deg), math.radians(lat2_deg), math.radians(lon2_deg - lon1_deg)
    y = math.sin(dl) * math.cos(p2)
    x = math.cos(p1) * math.sin(p2) - math.sin(p1) * math.cos(p2) * math.cos(dl)
    return math.degrees(math.atan2(y, x)) % 360.0


def along(lat_deg: float, lon_deg: float, course_deg: float, way_nm: float) -> tuple[float, float]:
    """The place (lat_deg, lon_deg) at the end of a short way on a course: exact enough below 100 nm, not near poles."""
    north_deg, east_deg = (way_nm / NM_A_DEGREE * part(math.radians(course_deg)) for part in (math.cos, math.sin))
    return lat_deg + north_deg, lon_deg + east_deg / max(math.cos(math.radians(lat_deg)), _POLE)


def unit_vectors(lat_deg: Floats, lon_deg: Floats) -> Floats:
    """Places as unit vectors, shape (3, n)."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def distances_nm(a: Floats, b: Floats) -> Floats:
    """Great-circle distances between unit vectors (3, ...) and (3, ...), broadcast; nautical miles."""
    d = a - b
    chord = np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    return np.asarray(2 * EARTH_NM * np.arcsin(np.minimum(1.0, chord / 2)))


def course(course_deg: float) -> str:
    """A course in three digits: 048 degrees."""
    return f"{round(course_deg) % 360:03d} degrees"


def compass(course_deg: float) -> str:
    """The nearest of eight compass points."""
    return _POINTS[octant(course_deg)]


def octant(course_deg: float) -> int:
    """The number of that compass point: 0 for N, 1 for NE, ..., 7 for NW."""
    return int((course_deg % 360.0) / 45.0 + 0.5) % len(_POINTS)


def place(lat_deg: float, lon_deg: float) -> str:
    """Degrees and decimal minutes, as on charts and radio: 29-58.8N 122-07.2E."""
    return f"{_minutes(lat_deg, 2, 'NS')} {_minutes(lon_deg, 3, 'EW')}"


def _minutes(degrees: float, digits: int, letters: str) -> str:
    tenths = round(abs(degrees) * _TENTHS_A_DEGREE)
    whole, rest = divmod(tenths, _TENTHS_A_DEGREE)
    return f"{whole:0{digits}d}-{rest / 10:04.1f}{letters[degrees < 0]}"
