"""The area of a zone that is not a circle: polygons with holes, in several parts, across the antimeridian.

A side of a polygon is straight in longitude and latitude (RFC 7946), so containment is decided on that plane, with
longitudes that continue beyond 180 degrees where the area crosses the antimeridian. Distances in miles (an area widened
by a margin, the way to its border on a course) are decided on an azimuthal equidistant projection: distances from its
middle are exact, and others within 200 nm of it are right to 0.1 per cent. All predicates are those of GEOS.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from detectors.core.sphere import Floats
from detectors.core.units import EARTH_NM

Ring = tuple[tuple[float, float], ...]
Rings = tuple[Ring, ...]
"""One polygon: its outer ring of (lon_deg, lat_deg), then its holes."""

HALF_TURN_DEG: Final = 180.0
TURN_DEG: Final = 360.0
_SIDE_MOST_DEG: Final = 0.25  # sides are straight in degrees: on another projection they are split to this length
_GRID_NM: Final = 1e-4  # projected places are rounded to 0.2 m before a decision: sines differ in their last digit
_GRID_DIGITS: Final = 4
_WAY_DIGITS: Final = 2
_SURE_DEG: Final = 1e-4
"""How much screens widen or narrow an area: ten times the distance by which a judge's rounding moves a ship."""
_ARC_SEGMENTS: Final = 16
_AREAS_KEPT: Final = 4096

Bools = npt.NDArray[np.bool_]


class Area:
    """An area with its predicates; prepared once, when first needed."""

    def __init__(self, parts: tuple[Rings, ...]) -> None:
        self.shape = shape_of(parts)
        west, _, east, _ = self.shape.bounds
        self._west = (west + east) / 2 - HALF_TURN_DEG
        self._edges = shapely.segmentize(self.shape, _SIDE_MOST_DEG).boundary
        self._shapes = {0.0: _prepared(self.shape)}
        self._widened: dict[float, BaseGeometry] = {}

    @property
    def middle(self) -> tuple[float, float]:
        """Latitude and longitude (within +-180) of its centroid."""
        return self.shape.centroid.y, turned(self.shape.centroid.x)

    @property
    def radius_nm(self) -> float:
        """The distance from its middle to its farthest point."""
        corners = shapely.get_coordinates(_flat(self._edges, *self.middle))
        return float(np.hypot(corners[:, 0], corners[:, 1]).max())

    def contains(self, lat_deg: Any, lon_deg: Any) -> Bools:
        """Which places, scalars or arrays, are in it or on its border."""
        return self._holds(0.0, lat_deg, lon_deg)

    def surely_contains(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """True only for places that are contained after a judge's rounding."""
        return self._holds(-_SURE_DEG, lat_deg, lon_deg)

    def may_contain(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """False only for places that are not contained after a judge's rounding."""
        return self._holds(_SURE_DEG, lat_deg, lon_deg)

    def contains_within(self, lat_deg: float, lon_deg: float, factor: float) -> bool:
        """Whether a place is within a margin of it: ``factor`` - 1 radii of a circle as large as the area."""
        shape = self._widened.get(factor)
        if shape is None:
            flat = _flat(shapely.segmentize(self.shape, _SIDE_MOST_DEG), *self.middle)
            margin_nm = (factor - 1) * math.sqrt(flat.area / math.pi)
            wide = shapely.buffer(flat, margin_nm, quad_segs=_ARC_SEGMENTS)
            shape = self._widened[factor] = _prepared(shapely.set_precision(wide, _GRID_NM))
        x, y = _project(np.asarray(lat_deg), np.asarray(lon_deg), *self.middle)
        return bool(shapely.intersects_xy(shape, x, y))

    def way_in_nm(self, lat_deg: float, lon_deg: float, cog_deg: float, way_nm: float) -> float | None:
        """From a place outside to the border on a great circle, nm to a hundredth; None if beyond ``way_nm``."""
        course = math.radians(cog_deg)
        edges = _flat(self._edges, lat_deg, lon_deg)
        ahead = shapely.linestrings([(0.0, 0.0), (way_nm * math.sin(course), way_nm * math.cos(course))])
        met = shapely.intersection(ahead, edges)
        return None if met.is_empty else round(float(shapely.distance(shapely.points(0.0, 0.0), met)), _WAY_DIGITS)

    def _holds(self, margin_deg: float, lat_deg: Any, lon_deg: Any) -> Bools:
        shape = self._shapes.get(margin_deg)
        if shape is None:
            shape = self._shapes[margin_deg] = _prepared(shapely.buffer(self.shape, margin_deg, join_style="mitre"))
        lon = np.asarray(lon_deg, np.float64)
        lon = lon + TURN_DEG * (lon < self._west) - TURN_DEG * (lon >= self._west + TURN_DEG)
        return np.asarray(shapely.intersects_xy(shape, lon, lat_deg), bool)


@lru_cache(maxsize=_AREAS_KEPT)
def area_of(parts: tuple[Rings, ...]) -> Area:
    """The area of polygons; made once for all references and partitions that have it."""
    return Area(parts)


def shape_of(parts: Iterable[Rings]) -> Polygon | MultiPolygon:
    """Everything inside an outer ring and in none of its own holes; parts that touch or overlap become one.

    Rings may have either direction. One that crosses itself counts with everything that it encloses.
    """
    pieces = []
    for outer, *holes in parts:
        whole = shapely.make_valid(Polygon(outer))
        pieces.append(whole.difference(shapely.union_all([shapely.make_valid(Polygon(hole)) for hole in holes])))
    found = shapely.union_all(pieces)
    areas = [part for part in getattr(found, "geoms", [found]) if isinstance(part, Polygon)]
    return areas[0] if len(areas) == 1 else MultiPolygon(areas)


def continuous(ring: Ring) -> Ring | None:
    """A closed ring whose longitudes continue across the antimeridian; None if it goes around a pole.

    A side longer than half a turn is the short way over the antimeridian.
    """
    lon, lat = np.asarray(ring, np.float64).T
    steps = np.diff(lon)
    turns = np.cumsum(np.where(np.abs(steps) > HALF_TURN_DEG, -np.sign(steps), 0.0))
    if turns[-1:].any():
        return None
    if not turns.any():
        return ring
    run_on = lon + TURN_DEG * np.append(0.0, turns)
    return tuple(zip(run_on.tolist(), lat.tolist(), strict=True))


def beside(parts: Iterable[Rings]) -> tuple[Rings, ...]:
    """The same polygons, each ring shifted to be nearest to the first, whose middle is within +-180.

    So parts that a file has cut at the antimeridian touch again.
    """
    parts = tuple(parts)
    first = turned(_middle_deg(parts[0][0]))
    return tuple(tuple(_shifted(ring, first) for ring in rings) for rings in parts)


def turned(lon_deg: float) -> float:
    """A longitude within [-180, 180)."""
    if -HALF_TURN_DEG <= lon_deg < HALF_TURN_DEG:
        return lon_deg
    return (lon_deg + HALF_TURN_DEG) % TURN_DEG - HALF_TURN_DEG


def _shifted(ring: Ring, near_deg: float) -> Ring:
    by_deg = TURN_DEG * round((near_deg - _middle_deg(ring)) / TURN_DEG)
    return tuple((lon + by_deg, lat) for lon, lat in ring) if by_deg else ring


def _middle_deg(ring: Ring) -> float:
    lons = [lon for lon, _ in ring]
    return (min(lons) + max(lons)) / 2


def _prepared(shape: BaseGeometry) -> BaseGeometry:
    shapely.prepare(shape)
    return shape


def _flat(shape: BaseGeometry, lat_deg: float, lon_deg: float) -> BaseGeometry:
    """A shape on the projection around a place, nm."""

    def flattened(corners: Floats) -> Floats:
        return np.stack(_project(corners[:, 1], corners[:, 0], lat_deg, lon_deg), axis=1)

    return shapely.transform(shape, flattened)


def _project(lat_deg: Floats, lon_deg: Floats, lat0_deg: float, lon0_deg: float) -> tuple[Floats, Floats]:
    """East and north of a place, nm on an azimuthal equidistant projection about it, rounded."""
    lat, lat0 = np.radians(lat_deg), math.radians(lat0_deg)
    east = np.radians(np.asarray(lon_deg) - lon0_deg)
    x = np.cos(lat) * np.sin(east)
    y = math.cos(lat0) * np.sin(lat) - math.sin(lat0) * np.cos(lat) * np.cos(east)
    z = math.sin(lat0) * np.sin(lat) + math.cos(lat0) * np.cos(lat) * np.cos(east)
    flat = np.hypot(x, y)
    scale = EARTH_NM * np.where(flat > 0, np.arctan2(flat, z) / np.where(flat > 0, flat, 1.0), 1.0)
    return np.round(x * scale, _GRID_DIGITS), np.round(y * scale, _GRID_DIGITS)
