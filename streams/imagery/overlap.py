"""How much of one outline another one covers, on a plane around the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from streams.imagery.matching.plane import EARTH_KM, Floats, axes, vectors

Ring = Sequence[tuple[float, float]]
_SIDE_MOST: Final = 0.02  # radians: longer sides are split, along great circles
_FAR: Final = -0.5  # cosine: corners beyond 120 degrees would be torn apart on the plane
_CORNERS_LEAST: Final = 3
_PLACE_KM: Final = 0.5


class Ground:
    """An outline (lon_deg, lat_deg), or the surroundings of a place if it has no area."""

    def __init__(self, area: Ring, lat_deg: float, lon_deg: float) -> None:
        corners = _places(area) if area else vectors(np.asarray([lat_deg]), np.asarray([lon_deg]))
        middle = corners.mean(axis=0)
        self._middle = middle / np.linalg.norm(middle)
        (self._east,), (self._north,) = axes(self._middle[None])
        self._shape = self._polygon(corners) if area else shapely.Point(0, 0).buffer(_PLACE_KM)

    def covered(self, rings: Sequence[Ring]) -> float:
        """The share of it, 0 to 1, that is inside one of the rings, which may cross the antimeridian."""
        shapes = [self._polygon(_split(_places(ring))) for ring in rings if len(set(ring)) >= _CORNERS_LEAST]
        common = self._shape.intersection(shapely.union_all(shapes))
        return min(1.0, float(common.area / self._shape.area)) if self._shape.area else 0.0

    def _polygon(self, places: Floats) -> BaseGeometry:
        x, y, z = (places @ axis for axis in (self._east, self._north, self._middle))
        if not (z > _FAR).all():
            return Polygon()
        flat = np.hypot(x, y)
        scale = EARTH_KM * np.where(flat > 0, np.arctan2(flat, z) / np.where(flat > 0, flat, 1.0), 1.0)
        return shapely.make_valid(Polygon(np.stack([x * scale, y * scale], axis=1)))


def _places(ring: Ring) -> Floats:
    lon, lat = np.asarray(ring, np.float64).T
    return vectors(lat, lon)


def _split(places: Floats) -> Floats:
    """The ring, closed, with more corners on long sides."""
    following = np.roll(places, -1, axis=0)
    parts = []
    for here, there in zip(places, following, strict=True):
        pieces = max(1, int(np.ceil(np.linalg.norm(there - here) / _SIDE_MOST)))
        share = np.arange(pieces)[:, None] / pieces
        parts.append(here * (1 - share) + there * share)
    out = np.concatenate(parts)
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True))
