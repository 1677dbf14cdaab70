"""Outlines on the globe as GeoJSON: rings in, polygons within 180 degrees east and west out.

A ring may cross the antimeridian or go around a pole. Polygons are cut at the antimeridian (RFC 7946, 3.1.9), outer
rings run counterclockwise (3.1.6), and corners are on a grid of a hundredth of a degree: 0.6 nm, the grid of passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from streams.messages.cue import MultiPolygon, Polygon, Ring, Shape

GRID_DEG: Final = 0.01
_DIGITS: Final = 2
_HALF, _WHOLE, _POLE = 180.0, 360.0, 90.0
_CORNERS_LEAST: Final = 3
_SIDE_MOST: Final = (
    0.0175  # of the radius of the globe: a degree, on which a great circle is straight to 0.2 nm at 60 N
)
_HALF_GLOBE: Final = 1.99


def polygon_of(ring: Sequence[tuple[float, float]]) -> BaseGeometry:
    """What lies within a ring of (longitude, latitude), on the grid; empty if it has fewer than three corners.

    The ring's sides are parts of great circles, as they are on the globe; in GeoJSON sides are straight on the plane of
    degrees, so long ones are split.
    An area without extent on the grid becomes a box of two hundredths of a degree: it is a place, and can be ordered.
    """
    corners = _continuous(np.round(_split(np.asarray(ring, dtype=float).reshape(-1, 2)), _DIGITS))
    if len(corners) < _CORNERS_LEAST:
        return shapely.Polygon()
    whole = _areas(shapely.make_valid(shapely.Polygon(corners)))
    if on_grid(whole).is_empty:
        whole = shapely.box(*shapely.MultiPoint(corners).buffer(GRID_DEG).bounds)
    turns = (-_WHOLE, 0.0, _WHOLE)
    globe = shapely.box(-_HALF, -_POLE, _HALF, _POLE)
    return on_grid(shapely.union_all([translate(whole, turn).intersection(globe) for turn in turns]))


def _split(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """With more corners, so that no side is longer than _SIDE_MOST; a side of half a globe has no one great circle."""
    lon, lat = np.radians(corners).T
    at = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    sides = np.linalg.norm(np.diff(at, axis=0), axis=1)
    pieces = [corners[:1]]
    for end, side in enumerate(sides.tolist(), 1):
        if _SIDE_MOST < side < _HALF_GLOBE:
            share = np.arange(1, np.ceil(side / _SIDE_MOST))[:, None] / np.ceil(side / _SIDE_MOST)
            x, y, z = (at[end - 1] * (1 - share) + at[end] * share).T
            pieces.append(np.degrees(np.column_stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])))
        pieces.append(corners[end : end + 1])
    return np.concatenate(pieces)


def _continuous(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Longitudes that do not jump at the antimeridian; a ring around a pole is closed over that pole."""
    lon_deg, lat_deg = corners[:, 0].copy(), corners[:, 1]
    lon_deg[1:] -= _WHOLE * np.cumsum(np.round(np.diff(lon_deg) / _WHOLE))
    ring = np.column_stack([lon_deg, lat_deg])
    if len(ring) and abs(lon_deg[-1] - lon_deg[0]) > _HALF:
        pole = float(np.copysign(_POLE, lat_deg.mean()))
        return np.vstack([ring, [[lon_deg[-1], pole], [lon_deg[0], pole]]])
    return ring


def on_grid(shape: BaseGeometry) -> BaseGeometry:
    """With all corners on the grid, valid; parts too narrow for it are left out."""
    return _areas(shapely.set_precision(shape, GRID_DEG))


def _areas(shape: BaseGeometry) -> BaseGeometry:
    """Without the lines and points that a repair or a cut may leave."""
    parts = shapely.get_parts(shape)
    return shapely.union_all([one for one in parts if one.geom_type in {"Polygon", "MultiPolygon"}])


def geojson_of(shape: BaseGeometry) -> Shape | None:
    """A geometry on the grid as GeoJSON, always in the same order of rings and corners; None if it is empty."""
    if shape.is_empty:
        return None
    parts = shapely.get_parts(shapely.orient_polygons(shapely.normalize(shape)))
    polygons = tuple(_rings(one) for one in parts)
    return Polygon(coordinates=polygons[0]) if len(polygons) == 1 else MultiPolygon(coordinates=polygons)


def _rings(polygon: shapely.Polygon) -> tuple[Ring, ...]:
    return tuple(
        tuple((round(lon, _DIGITS) + 0.0, round(lat, _DIGITS) + 0.0) for lon, lat in ring.coords)
        for ring in (polygon.exterior, *polygon.interiors)
    )
