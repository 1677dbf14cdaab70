"""The part of the sea that an image shows: its outline without its clouds, on a plane around its middle."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from detectors.core.geography.area import Ring, continuous, turned
from streams.imagery.images import Image
from streams.imagery.matching.plane import Bools, Floats, Plane, degrees, vectors

_SIDE_MOST_DEG: Final = 0.25
"""Sides are straight in degrees (RFC 7946); on the plane they are split to this length."""
_GRID_KM, _GRID_DIGITS = 1e-6, 6
"""Corners are rounded to a millimetre: GEOS fails at outlines that are nearer than that to crossing themselves."""
_CORNERS_LEAST: Final = 3
CORNERS_MOST: Final = 12
_FINEST: Final = 0.005
"""Of the square root of the area: what the outline in a sighting may differ by."""
_COARSER: Final = 1.6
_DIGITS: Final = 2


class Outline:
    """What an image shows. Places are unit vectors of shape (n, 3)."""

    def __init__(self, image: Image) -> None:
        corners = [corner for corner in image.footprint if all(map(math.isfinite, corner))]
        self._plane = Plane(vectors(*_columns(corners)))
        self.whole = self._shape([image.footprint])
        self.shown = (
            shapely.difference(self.whole, self._shape(image.clouds), grid_size=_GRID_KM)
            if image.clouds
            else self.whole
        )

    @property
    def area_km2(self) -> float:
        """Without clouds."""
        return float(self.shown.area)

    def shows(self, places: Floats, margins_km: Floats | None = None) -> Bools:
        """Which places are in it; with margins, which are that far inside of its border and from clouds."""
        x, y = self._plane.flat(places).T
        inside = np.asarray(shapely.contains_xy(self.shown, x, y), bool)
        if margins_km is None or not inside.any():
            return inside
        edge = shapely.distance(self.shown.boundary, shapely.points(x, y))
        return np.asarray(inside & (edge >= margins_km), bool)

    def few_corners(self) -> tuple[tuple[float, float], ...]:
        """The outline as (lon_deg, lat_deg), closed, at most ``CORNERS_MOST``, degrees to a hundredth; () if none."""
        hull = self.whole.convex_hull
        coarse_km = math.sqrt(hull.area) * _FINEST
        while len(shapely.get_coordinates(shape := hull.simplify(coarse_km))) > CORNERS_MOST:
            coarse_km *= _COARSER
        if not isinstance(shape, Polygon) or shape.is_empty:
            return ()
        lat, lon = degrees(self._plane.back(shapely.get_coordinates(shape)))
        return tuple(
            (round(turned(x), _DIGITS), round(y, _DIGITS)) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)
        )

    def _shape(self, rings: Iterable[Ring]) -> BaseGeometry:
        """The rings on the plane, as one shape; without those that enclose nothing."""
        shapes = []
        for ring in rings:
            corners = [corner for corner in ring if all(map(math.isfinite, corner))]
            if len(set(corners)) >= _CORNERS_LEAST:
                closed = tuple(corners) if corners[0] == corners[-1] else (*corners, corners[0])
                flat = np.round(self._plane.flat(vectors(*_columns(_split(closed)))), _GRID_DIGITS)
                shapes.append(shapely.make_valid(Polygon(flat), method="structure", keep_collapsed=False))
        return shapely.union_all(shapes, grid_size=_GRID_KM)


def _split(ring: Ring) -> Iterable[tuple[float, float]]:
    """A ring with more corners on its long sides. One around a pole keeps its own: its sides may be anything."""
    whole = continuous(ring)
    if whole is None:
        return ring
    return [(x, y) for x, y in shapely.get_coordinates(shapely.segmentize(shapely.LineString(whole), _SIDE_MOST_DEG))]


def _columns(corners: Iterable[tuple[float, float]]) -> tuple[Floats, Floats]:
    lon, lat = np.asarray(list(corners), np.float64).reshape(-1, 2).T
    return lat, lon
