"""Outlines: as stated, made small enough, or drawn around contacts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from detectors.core.geography.area import turned
from streams.imagery.detections.cells import RowError
from streams.imagery.detections.rows import Ring
from streams.imagery.matching.plane import Plane, degrees, vectors

CORNERS_MOST: Final = 400
_CORNERS_LEAST: Final = 4  # of a closed ring
_COARSEST_DEG: Final = 0.05
_FINEST_DEG: Final = 1e-4
_BESIDE_KM: Final = 5.0
_DIGITS: Final = 5


def geometry_of(stated: Mapping[str, Any]) -> BaseGeometry:
    """A geometry of GeoJSON. Raises RowError."""
    try:
        return shapely.geometry.shape(dict(stated))
    except (shapely.errors.ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        raise RowError("footprint unreadable") from None


def parts_of(shape: BaseGeometry) -> tuple[Ring, tuple[Ring, ...]]:
    """The largest polygon of a shape in degrees as a ring, and its holes. Raises RowError if it has none."""
    parts = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
    polygons = [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
    if not polygons:
        raise RowError("footprint is not a polygon")
    largest = max(polygons, key=lambda part: part.area)
    return ring_of(largest.exterior.coords), tuple(ring_of(hole.coords) for hole in largest.interiors)


def ring_of(corners: Iterable[Sequence[float]]) -> Ring:
    """A closed ring of at most ``CORNERS_MOST`` corners within +-180 degrees. Raises RowError."""
    try:
        line = [(float(corner[0]), float(corner[1])) for corner in corners]
    except (TypeError, ValueError, IndexError):
        raise RowError("footprint unreadable") from None
    if not line or not all(abs(lat) <= 90 and abs(lon) <= 540 for lon, lat in line):  # noqa: PLR2004
        raise RowError("footprint out of range")
    if line[0] != line[-1]:
        line.append(line[0])
    coarse = _FINEST_DEG
    while len(line) > CORNERS_MOST and coarse < _COARSEST_DEG:
        line = [(x, y) for x, y, *_ in shapely.LineString(line).simplify(coarse).coords]
        coarse *= 2
    if len(line) < _CORNERS_LEAST:
        raise RowError("footprint is not an area")
    if len(line) > CORNERS_MOST:
        raise RowError(f"footprint has more than {CORNERS_MOST} corners")
    return tuple((lon if abs(lon) <= 180 else turned(lon), lat) for lon, lat in line)  # noqa: PLR2004


def around(lat_deg: Sequence[float], lon_deg: Sequence[float]) -> Ring:
    """A ring around contacts, 5 km away from the outermost."""
    places = vectors(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64))
    plane = Plane(places)
    hull = shapely.MultiPoint(plane.flat(places)).convex_hull.buffer(_BESIDE_KM, quad_segs=2).simplify(_BESIDE_KM / 5)
    lat, lon = degrees(plane.back(shapely.get_coordinates(hull)))
    return tuple(
        (turned(round(x, _DIGITS)), round(y, _DIGITS)) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)
    )
