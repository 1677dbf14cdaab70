"""An alert as GeoJSON (RFC 7946): tracks, fixes, reach, ports; an area with its vessels.

Longitudes stay within +-180: a shape across the antimeridian is cut there (section 3.1.9), and a ring around a pole
follows the antimeridian. Outer rings go counterclockwise (3.1.6). Degrees to five decimals: a metre.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

import numpy as np

from detectors.core.alert import Alert
from detectors.core.sphere import distance_nm
from detectors.core.units import EARTH_NM, HOUR_MS, unix_ms
from streams.explain.area import Feature, area_features
from streams.explain.raw_log import RawLogFindings

Point = tuple[float, float]
"""Longitude, latitude."""
Ring = list[Point]
CORNERS: Final = 90
SPLIT_MS: Final = HOUR_MS
"""A track is broken where nothing was heard for this time."""
_DIGITS: Final = 5
_METRE_NM: Final = 1 / 1852
_HALF, _WHOLE, _POLE = 180.0, 360.0, 90.0


def geojson(revisions: list[Alert], heard: RawLogFindings | None, zones: dict[str, Point]) -> dict[str, Any]:
    """A FeatureCollection. ``zones``: the zones that the alert names."""
    newest = revisions[-1]
    features = [*_tracks(heard), *_fixes(revisions), *_reach(revisions, newest), *_ports(newest, zones)]
    features += area_features(newest)
    return {"type": "FeatureCollection", "features": features}


def _tracks(heard: RawLogFindings | None) -> Iterable[Feature]:
    if heard is None or len(heard.fixes) < 1:
        return
    at = heard.fixes
    breaks = np.flatnonzero(np.diff(heard.times_ms[at]) > SPLIT_MS) + 1
    for part in np.split(at, breaks):
        line = [(float(lon), float(lat)) for lon, lat in zip(heard.lon_deg[part], heard.lat_deg[part], strict=True)]
        pieces = [piece for piece in cut_line(line) if len(piece) > 1]
        said = {"kind": "track", "from": int(heard.times_ms[part[0]]), "to": int(heard.times_ms[part[-1]])}
        if len(pieces) == 1:
            yield _feature("LineString", pieces[0], said)
        elif pieces:
            yield _feature("MultiLineString", pieces, said)


def _fixes(revisions: list[Alert]) -> Iterable[Feature]:
    for alert in revisions:
        if alert.position is not None:
            place = (alert.position.lon_deg, alert.position.lat_deg)
            yield _feature(
                "Point",
                _rounded(place),
                {
                    "kind": "centre" if alert.subject.startswith("place/") else "fix",
                    "time": alert.position.time,
                    "status": alert.status,
                    "headline": alert.headline,
                    "sog_kn": alert.position.sog_kn,
                },
            )


def _reach(revisions: list[Alert], newest: Alert) -> Iterable[Feature]:
    """Where the ship can be by the newest revision, or could be until it was heard again, at a stated speed."""
    speed_kn, last = newest.details.get("v_max_kn"), revisions[0].position
    if not isinstance(speed_kn, int | float) or last is None:
        return
    again = newest.position if newest.status in {"closed", "retracted"} else None
    hours = (unix_ms(again.time if again is not None else newest.time) - unix_ms(last.time)) / HOUR_MS
    way_nm = round(speed_kn * hours, 1)
    after = None if again is None else (again.lon_deg, again.lat_deg)
    polygons = reach((last.lon_deg, last.lat_deg), way_nm, after)
    said = {"kind": "reach", "way_nm": way_nm, "v_max_kn": speed_kn, "by": newest.time}
    if len(polygons) == 1:
        yield _feature("Polygon", [polygons[0]], said)
    elif polygons:
        yield _feature("MultiPolygon", [[ring] for ring in polygons], said)


def _ports(newest: Alert, zones: dict[str, Point]) -> Iterable[Feature]:
    named = [port for port in newest.details.get("feasible_ports", []) if isinstance(port, dict)]
    known = {str(port.get("zone")): port for port in named}
    if "zone" in newest.details:
        known.setdefault(str(newest.details["zone"]), {"zone": newest.details["zone"]})
    for name, port in known.items():
        if name in zones:
            yield _feature("Point", _rounded(zones[name]), {"kind": "port", **port})


def _feature(kind: str, coordinates: object, properties: dict[str, Any]) -> Feature:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


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
    sides = (
        _beside(ring, -_HALF - _WHOLE, -_HALF, _WHOLE),
        _beside(ring, -_HALF, _HALF, 0.0),
        _beside(ring, _HALF, _HALF + _WHOLE, -_WHOLE),
    )
    return [_closed(side) for side in sides if side]


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
            kept.append((meridian, _at(here, there, meridian)))
    return kept if len(kept) > 2 else []  # noqa: PLR2004 - no area


def cut_line(line: Ring) -> list[Ring]:
    """The pieces of a line, cut at the antimeridian."""
    pieces: list[Ring] = [[_rounded(point) for point in line[:1]]]
    for here, there in pairwise(line):
        if abs(there[0] - here[0]) > _HALF:
            edge = math.copysign(_HALF, here[0])
            beyond = (there[0] + math.copysign(_WHOLE, here[0]), there[1])
            lat = _at(here, beyond, edge)
            pieces[-1].append(_rounded((edge, lat)))
            pieces.append([_rounded((-edge, lat))])
        pieces[-1].append(_rounded(there))
    return pieces


def _at(here: Point, there: Point, meridian: float) -> float:
    """The latitude at which a segment crosses a meridian."""
    span = there[0] - here[0]
    return here[1] if span == 0 else here[1] + (there[1] - here[1]) * (meridian - here[0]) / span


def _closed(ring: Ring) -> Ring:
    rounded = [_rounded(point) for point in ring]
    return [*rounded, rounded[0]]


def _rounded(point: Point) -> Point:
    return round(point[0], _DIGITS), round(point[1], _DIGITS)


def leg_nm(here: Point, there: Point) -> float:
    """Great-circle distance of two places, nm."""
    return distance_nm(here[1], here[0], there[1], there[0])
