"""Shapes on the globe for GeoJSON (RFC 7946): features, lines, reach, boxes.

Longitudes stay within +-180: a shape across the antimeridian is cut there (section 3.1.9), and a ring around a pole
follows the antimeridian. Outer rings go counterclockwise (3.1.6). Degrees to five decimals: a metre.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from detectors.core.sphere import distance_nm
from detectors.core.units import EARTH_NM

Point = tuple[float, float]
"""Longitude, latitude."""
Ring = list[Point]
Feature = dict[str, Any]
CORNERS: Final = 90
_DIGITS: Final = 5
_METRE_NM: Final = 1 / 1852
_HALF, _WHOLE, _POLE = 180.0, 360.0, 90.0
_BOX_LEAST_DEG: Final = 0.0002
"""A box around one place has this size: a ring without area is none."""


def feature(kind: str, coordinates: object, properties: dict[str, Any]) -> Feature:
    """A feature with one geometry."""
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def point(place: Point, properties: dict[str, Any]) -> Feature:
    """A feature that is a point."""
    return feature("Point", rounded(place), properties)


def line(parts: Sequence[Ring], properties: dict[str, Any]) -> Feature | None:
    """The parts of a line, each cut at the antimeridian, as one feature; None if none of them has two points."""
    pieces = [piece for part in parts for piece in cut_line(part) if len(piece) > 1]
    if not pieces:
        return None
    if len(pieces) == 1:
        return feature("LineString", pieces[0], properties)
    return feature("MultiLineString", pieces, properties)


def area(rings: Sequence[Ring], properties: dict[str, Any]) -> Feature | None:
    """One polygon for each ring, as one feature; None without rings."""
    if not rings:
        return None
    if len(rings) == 1:
        return feature("Polygon", [rings[0]], properties)
    return feature("MultiPolygon", [[ring] for ring in rings], properties)


def box(south: float, north: float, west: float, east: float) -> list[Ring]:
    """Rings of the area between two parallels and two meridians; east is less than west across 180 E: two rings."""
    half = _BOX_LEAST_DEG / 2
    if north - south < _BOX_LEAST_DEG:
        south, north = max(south - half, -_POLE), min(north + half, _POLE)
    wide = (east - west) % _WHOLE
    if wide < _BOX_LEAST_DEG:
        west, wide = west - half, wide + 2 * half
    ring = [(west, south), (west + wide, south), (west + wide, north), (west, north)]
    return _within_globe(ring)


def reach(last: Point, way_nm: float, after: Point | None = None) -> list[Ring]:
    """Rings of the places within a distance of ``way_nm``: a circle around the last fix while the ship is silent.

    With ``after``, where it was heard again, an ellipse: the places on ways of that length between the two. One ring,
    or two if it is cut at the antimeridian. Empty for a distance of zero, one too short, or a quarter of the globe:
    then the ship can be anywhere.
    """
    direct_nm = 0.0 if after is None else leg_nm(last, after)
    if not direct_nm < way_nm < EARTH_NM * math.pi / 2:
        return []
    ring = [_at_edge(last, -2 * math.pi * corner / CORNERS, way_nm, after) for corner in range(CORNERS)]
    for pole in (_POLE, -_POLE):
        if _way_nm(last, (last[0], pole), after) < way_nm:
            return [_closed(_over_pole(ring, pole))]
    return _within_globe(ring)


def rings_of(corners: Sequence[Point]) -> list[Ring]:
    """Rings of an outline of any direction, closed or not, whose longitudes may wrap or continue beyond 180 degrees.

    Two if it is cut at the antimeridian; none for an outline without area, or around a pole.
    """
    ring: Ring = []
    for lon, lat in corners:
        if not (math.isfinite(lon) and -_POLE <= lat <= _POLE):
            return []
        before = ring[-1][0] if ring else 0.0
        ring.append((before + (lon - before + _HALF) % _WHOLE - _HALF, lat))
    if ring and ring[0] == ring[-1]:
        del ring[-1]
    if len(ring) < 3 or abs(ring[-1][0] - ring[0][0]) > _HALF:  # noqa: PLR2004 - no area
        return []
    turned = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise([*ring, ring[0]]))
    if turned == 0:
        return []
    return _within_globe(ring if turned > 0 else ring[::-1])


def _at_edge(last: Point, course: float, way_nm: float, after: Point | None) -> Point:
    """The distance to the edge on a course (radians) if the whole way is ``way_nm``: by bisection, to a metre."""
    near, far = 0.0, way_nm
    if after is None:
        return _along(last, course, far)
    while far - near > _METRE_NM:
        middle = (near + far) / 2
        short = _way_nm(last, _along(last, course, middle), after) < way_nm
        near, far = (middle, far) if short else (near, middle)
    return _along(last, course, near)


def _way_nm(last: Point, place: Point, after: Point | None) -> float:
    return leg_nm(last, place) + (0.0 if after is None else leg_nm(place, after))


def _along(last: Point, course: float, nm: float) -> Point:
    """The place at the end of a great circle; its longitude continues beyond 180 degrees."""
    angle, lat0 = nm / EARTH_NM, math.radians(last[1])
    lat = math.asin(math.sin(lat0) * math.cos(angle) + math.cos(lat0) * math.sin(angle) * math.cos(course))
    east = math.atan2(
        math.sin(course) * math.sin(angle) * math.cos(lat0), math.cos(angle) - math.sin(lat0) * math.sin(lat)
    )
    return last[0] + math.degrees(east), math.degrees(lat)


def _over_pole(ring: Ring, pole: float) -> Ring:
    """A ring around a pole, opened at the antimeridian and closed along the pole, counterclockwise."""
    wrapped = sorted((((lon + _HALF) % _WHOLE) - _HALF, lat) for lon, lat in ring)
    (west, first), (east, last) = wrapped[0], wrapped[-1]
    share = (_HALF - east) / (west + _WHOLE - east)
    edge = last + (first - last) * share
    open_ = [(-_HALF, edge), *wrapped, (_HALF, edge)]
    return [*open_, (_HALF, pole), (-_HALF, pole)] if pole > 0 else [*open_[::-1], (-_HALF, pole), (_HALF, pole)]


def _within_globe(ring: Ring) -> list[Ring]:
    """A ring that continues beyond 180 degrees, cut at the antimeridian."""
    sides = (
        _beside(ring, -_HALF - _WHOLE, -_HALF, _WHOLE),
        _beside(ring, -_HALF, _HALF, 0.0),
        _beside(ring, _HALF, _HALF + _WHOLE, -_WHOLE),
    )
    rings = [_closed(side) for side in sides if side]
    return [ring for ring in rings if len({lon for lon, _ in ring}) > 1]  # one that only touches it has no area


def _beside(ring: Ring, west: float, east: float, shift: float) -> Ring:
    """The part of a ring between two meridians, shifted."""
    part = _clipped(_clipped(ring, west, keep_east=True), east, keep_east=False)
    return [(lon + shift, lat) for lon, lat in part]


def _clipped(ring: Ring, meridian: float, *, keep_east: bool) -> Ring:
    """Sutherland and Hodgman's cut along one meridian, which a ring around no pole crosses at most twice."""
    kept: Ring = []
    for here, there in pairwise([*ring, *ring[:1]]):
        inside = [(lon >= meridian) == keep_east or lon == meridian for lon, _ in (here, there)]
        if inside[0]:
            kept.append(here)
        if inside[0] != inside[1]:
            kept.append((meridian, _crossing(here, there, meridian)))
    return kept if len(kept) > 2 else []  # noqa: PLR2004 - no area


def cut_line(way: Ring) -> list[Ring]:
    """The pieces of a line, cut at the antimeridian."""
    pieces: list[Ring] = [[rounded(place) for place in way[:1]]]
    for here, there in pairwise(way):
        if abs(there[0] - here[0]) > _HALF:
            edge = math.copysign(_HALF, here[0])
            beyond = (there[0] + math.copysign(_WHOLE, here[0]), there[1])
            lat = _crossing(here, beyond, edge)
            pieces[-1].append(rounded((edge, lat)))
            pieces.append([rounded((-edge, lat))])
        pieces[-1].append(rounded(there))
    return pieces


def _crossing(here: Point, there: Point, meridian: float) -> float:
    """The latitude at which a segment crosses a meridian."""
    span = there[0] - here[0]
    return here[1] if span == 0 else here[1] + (there[1] - here[1]) * (meridian - here[0]) / span


def _closed(ring: Ring) -> Ring:
    corners = [rounded(corner) for corner in ring]
    return [*corners, corners[0]]


def rounded(place: Point) -> Point:
    """To a metre."""
    return round(place[0], _DIGITS), round(place[1], _DIGITS)


def leg_nm(here: Point, there: Point) -> float:
    """Great-circle distance of two places, nm."""
    return distance_nm(here[1], here[0], there[1], there[0])
