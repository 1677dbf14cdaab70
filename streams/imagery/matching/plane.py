"""The sphere and planes that touch it, in km."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import unit_vectors
from detectors.core.units import EARTH_NM, KM_NM

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EARTH_KM: Final = EARTH_NM / KM_NM
KN_KM_S: Final = 1 / KM_NM / 3600
_EPS: Final = 1e-12


def vectors(lat_deg: Floats, lon_deg: Floats) -> Floats:
    """Places as unit vectors, shape (n, 3)."""
    return np.ascontiguousarray(unit_vectors(lat_deg, lon_deg).T)


def axes(places: Floats) -> tuple[Floats, Floats]:
    """East and north at places (n, 3), each of shape (n, 3). At a pole they are some two directions."""
    east = np.stack([-places[:, 1], places[:, 0], np.zeros(len(places))], axis=1)
    size = np.linalg.norm(east, axis=1, keepdims=True)
    east = np.where(size > _EPS, east / np.maximum(size, _EPS), np.array([0.0, 1.0, 0.0]))
    return east, np.cross(places, east)


def offsets_km(origins: Floats, places: Floats) -> tuple[Floats, Floats]:
    """East and north of places (n, 3) from origins (n, 3), km; right to 0.1 % within 300 km."""
    east, north = axes(origins)
    step = places - origins
    return EARTH_KM * np.sum(step * east, axis=1), EARTH_KM * np.sum(step * north, axis=1)


def moved(places: Floats, east_km: Floats, north_km: Floats) -> Floats:
    """Places (n, 3) shifted by some km to the east and north of each; inverse of ``offsets_km`` for short ways."""
    east, north = axes(places)
    shifted = places + (east * east_km[:, None] + north * north_km[:, None]) / EARTH_KM
    return np.asarray(shifted / np.linalg.norm(shifted, axis=1, keepdims=True))


def degrees(places: Floats) -> tuple[Floats, Floats]:
    """Latitudes and longitudes of places (n, 3)."""
    lat = np.degrees(np.arctan2(places[:, 2], np.hypot(places[:, 0], places[:, 1])))
    return lat, np.degrees(np.arctan2(places[:, 1], places[:, 0]))


def chord(km: float | Floats) -> Floats:
    """The straight distance between unit vectors that are this many km apart on the sphere."""
    return np.asarray(2 * np.sin(np.minimum(np.asarray(km) / EARTH_KM, math.pi) / 2))


def apart_km(a: Floats, b: Floats) -> Floats:
    """Distances on the sphere between places, broadcast over (..., 3)."""
    half = np.linalg.norm(a - b, axis=-1) / 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(1.0, half)))


def cap_km2(radius_km: float) -> float:
    """The area of a circle on the sphere."""
    turn = min(radius_km / EARTH_KM, math.pi)
    return float(2 * math.pi * EARTH_KM**2 * (1 - math.cos(turn)))


class Plane:
    """A plane around the middle of some places (n, 3): azimuthal equidistant, km, east and north."""

    def __init__(self, places: Floats) -> None:
        middle = np.sum(places, axis=0)
        size = float(np.linalg.norm(middle))
        self._middle = middle / size if size else np.array([1.0, 0.0, 0.0])
        (self._east,), (self._north,) = axes(self._middle[None])

    def flat(self, places: Floats) -> Floats:
        """Points (n, 2) of places (n, 3)."""
        x, y, z = (places @ axis for axis in (self._east, self._north, self._middle))
        way = np.hypot(x, y)
        scale = EARTH_KM * np.where(way > 0, np.arctan2(way, z) / np.where(way > 0, way, 1.0), 1.0)
        return np.stack([x * scale, y * scale], axis=1)

    def back(self, points: Floats) -> Floats:
        """Places (n, 3) of points (n, 2)."""
        way = np.hypot(*points.T)
        course = points / np.where(way > 0, way, 1.0)[:, None]
        turn = (way / EARTH_KM)[:, None]
        side = course[:, :1] * self._east + course[:, 1:] * self._north
        return np.asarray(self._middle * np.cos(turn) + side * np.sin(turn))
