"""The map of a report: coastlines, tracks, silences, reach and positions as one SVG, without any other file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

import shapely
from shapely.geometry.base import BaseGeometry

from streams.explain.shapes import Feature
from streams.imagery.water import land

WIDTH, HEIGHT = 720.0, 360.0
_HALF, _WHOLE, _POLE = 180.0, 360.0, 90.0
_SPAN_LEAST_DEG: Final = 0.25
_PAD: Final = 0.12
_REACH_MOST_DEG: Final = 6.0
_STEPS_DEG: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 45.0)
_LINES_MOST: Final = 6
_BARS_NM: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_BAR_SHARE: Final = 0.25
_NM_PER_DEG: Final = 60.0
_NARROWEST: Final = 0.05
_NEAR_PX: Final = 0.4
"""Places of a line that are nearer to the last one than this are not drawn."""
_STYLES: Final = {
    "track": {"class": "track"},
    "silence": {"class": "silence"},
    "jump": {"class": "jump"},
    "displacement": {"class": "jump"},
}
Place = Sequence[float]


class _Frame(NamedTuple):
    """What the map shows: its middle longitude, its edges (longitudes from the middle), and pixels per degree."""

    lon0: float
    west: float
    north: float
    east: float
    south: float
    narrow: float
    scale: float

    def at(self, place: Place) -> tuple[float, float]:
        """Pixels of a place."""
        x = (_turned(place[0], self.lon0) - self.west) * self.narrow * self.scale
        return round(x, 1), round((self.north - place[1]) * self.scale, 1)


def map_of(features: Sequence[Feature]) -> ET.Element | None:
    """The map; None if no feature has a place."""
    features = _with_newest_reach(features)
    frame = _frame(features)
    if frame is None:
        return None
    size = {"viewBox": f"0 0 {WIDTH:g} {HEIGHT:g}", "role": "img", "aria-label": "Map of the case"}
    svg = ET.Element("svg", size)
    ET.SubElement(svg, "rect", {"class": "sea", "width": f"{WIDTH:g}", "height": f"{HEIGHT:g}"})
    ET.SubElement(svg, "path", {"class": "land", "d": _path(frame, _land_rings(frame), closed=True)})
    _grid(svg, frame)
    for one in sorted(features, key=lambda one: _depth(one["properties"]["kind"])):
        _draw(svg, frame, one)
    _bar(svg, frame)
    return svg


def _with_newest_reach(features: Sequence[Feature]) -> list[Feature]:
    """Without the reach of other alerts: several above each other show none."""
    reaches = [one for one in features if one["properties"]["kind"] == "reach"]
    newest = max(reaches, key=lambda one: str(one["properties"]["to"]), default=None)
    return [one for one in features if one is newest or one["properties"]["kind"] != "reach"]


def _depth(kind: object) -> int:
    order = ("reach", "area", "silence", "track", "alert position")
    return order.index(kind) if kind in order else len(order) - 2


def _frame(features: Sequence[Feature]) -> _Frame | None:
    near = [at for one in features if one["properties"]["kind"] != "reach" for at in _places(one)]
    far = [at for one in features if one["properties"]["kind"] == "reach" for at in _places(one)]
    if not near:
        return None
    lon0 = near[0][0]
    lons, lats = [_turned(lon, lon0) for lon, _ in near], [lat for _, lat in near]
    middle = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    for lon, lat in far:
        lons.append(min(max(_turned(lon, lon0), middle[0] - _REACH_MOST_DEG), middle[0] + _REACH_MOST_DEG))
        lats.append(min(max(lat, middle[1] - _REACH_MOST_DEG), middle[1] + _REACH_MOST_DEG))
    return _fitted(lon0, (min(lons), max(lons)), (min(lats), max(lats)))


def _fitted(lon0: float, lons: tuple[float, float], lats: tuple[float, float]) -> _Frame:
    """The frame of the map's proportions around these edges."""
    lat0 = (lats[0] + lats[1]) / 2
    narrow = max(math.cos(math.radians(lat0)), _NARROWEST)
    wide = max((lons[1] - lons[0]) * narrow, _SPAN_LEAST_DEG) * (1 + 2 * _PAD)
    high = max(lats[1] - lats[0], _SPAN_LEAST_DEG) * (1 + 2 * _PAD)
    scale = min(WIDTH / wide, HEIGHT / high)
    half_x, half_y = WIDTH / scale / narrow / 2, HEIGHT / scale / 2
    mid = (lons[0] + lons[1]) / 2
    return _Frame(lon0, mid - half_x, lat0 + half_y, mid + half_x, lat0 - half_y, narrow, scale)


def _turned(lon: float, lon0: float) -> float:
    """A longitude from a middle one, east positive: it does not jump at the antimeridian."""
    return (lon - lon0 + _HALF) % _WHOLE - _HALF


def _places(one: Feature) -> Iterator[Place]:
    geometry = one["geometry"]
    return _flat(geometry["coordinates"]) if geometry is not None else iter(())


def _flat(nested: Any) -> Iterator[Place]:
    if nested and isinstance(nested[0], int | float):
        yield nested
    else:
        for part in nested:
            yield from _flat(part)


# -- drawing ------------------------------------------------------------------------------------------------------


def _draw(svg: ET.Element, frame: _Frame, one: Feature) -> None:
    geometry, kind = one["geometry"], str(one["properties"]["kind"])
    at = geometry["coordinates"]
    match geometry["type"]:
        case "Point":
            _spot(svg, frame, at, kind)
        case "MultiPoint":
            for place in at:
                _spot(svg, frame, place, kind)
        case "LineString" | "MultiLineString":
            lines = [at] if geometry["type"] == "LineString" else at
            style = _STYLES.get(kind, {"class": "line"})
            ET.SubElement(svg, "path", {**style, "d": _path(frame, lines, closed=False)})
        case _:
            polygons = [at] if geometry["type"] == "Polygon" else at
            rings = [ring for polygon in polygons for ring in polygon]
            name = "reach" if kind == "reach" else "area"
            ET.SubElement(svg, "path", {"class": name, "d": _path(frame, rings, closed=True)})


def _spot(svg: ET.Element, frame: _Frame, place: Place, kind: str) -> None:
    x, y = frame.at(place)
    name = "alert" if kind == "alert position" else "silent" if kind == "silence" else "spot"
    ET.SubElement(svg, "circle", {"class": name, "cx": str(x), "cy": str(y), "r": "2" if name == "spot" else "4"})


def _path(frame: _Frame, lines: Iterable[Sequence[Place]], *, closed: bool) -> str:
    """A path; a ring that the frame's far side would tear is drawn where its first place is."""
    pieces = []
    for line in lines:
        last = (math.inf, math.inf)
        drawn: list[str] = []
        for number, place in enumerate(line):
            x, y = frame.at(place)
            if number in {0, len(line) - 1} or math.hypot(x - last[0], y - last[1]) >= _NEAR_PX:
                drawn.append(f"{'L' if drawn else 'M'}{x:g} {y:g}")
                last = (x, y)
        pieces.append("".join(drawn) + ("Z" if closed else ""))
    return "".join(pieces)


def _land_rings(frame: _Frame) -> Iterator[list[Place]]:
    """The land in the frame. Its edges lie beyond those of the map, so that cuts do not look like coasts."""
    margin = (frame.north - frame.south) * _PAD
    tree = land()
    for turn in (-_WHOLE, 0.0, _WHOLE):
        west, east = (frame.lon0 + edge + turn for edge in (frame.west - margin, frame.east + margin))
        box = shapely.box(max(west, -_HALF), max(frame.south - margin, -_POLE), min(east, _HALF), frame.north + margin)
        if box.is_empty or west > _HALF or east < -_HALF:
            continue
        near = tree.geometries[tree.query(box)]
        for part in shapely.get_parts(shapely.intersection(near, box)):
            yield from _rings(part)


def _rings(part: BaseGeometry) -> Iterator[list[Place]]:
    for polygon in shapely.get_parts(part):
        if isinstance(polygon, shapely.Polygon) and not polygon.is_empty:
            yield from (list(ring.coords) for ring in (polygon.exterior, *polygon.interiors))


def _grid(svg: ET.Element, frame: _Frame) -> None:
    """Parallels and meridians with their degrees."""
    wide, high = frame.east - frame.west, frame.north - frame.south
    step = next((s for s in _STEPS_DEG if max(wide, high) / s <= _LINES_MOST), _STEPS_DEG[-1])
    west, east = frame.lon0 + frame.west, frame.lon0 + frame.east
    for number in range(math.ceil(frame.south / step), math.floor(frame.north / step) + 1):
        lat = round(number * step, 6)
        y = (frame.north - lat) * frame.scale
        _rule(svg, (0.0, y), (WIDTH, y), _degrees(lat, "N", "S"), (3.0, y - 2))
    for number in range(math.ceil(west / step), math.floor(east / step) + 1):
        lon = round(number * step, 6)
        x = (lon - west) * frame.narrow * frame.scale
        _rule(svg, (x, 0.0), (x, HEIGHT), _degrees(_turned(lon, 0.0), "E", "W"), (x + 2, HEIGHT - 3))


def _rule(
    svg: ET.Element, begin: tuple[float, float], end: tuple[float, float], said: str, at: tuple[float, float]
) -> None:
    ET.SubElement(svg, "path", {"class": "grid", "d": f"M{begin[0]:.1f} {begin[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"})
    ET.SubElement(svg, "text", {"class": "degrees", "x": f"{at[0]:.1f}", "y": f"{at[1]:.1f}"}).text = said


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):g}\u00b0{positive if value >= 0 else negative}"


def _bar(svg: ET.Element, frame: _Frame) -> None:
    """The scale, at the middle latitude."""
    per_nm = frame.scale / _NM_PER_DEG
    nm = max((n for n in _BARS_NM if n * per_nm <= WIDTH * _BAR_SHARE), default=_BARS_NM[0])
    x, y = WIDTH - nm * per_nm - 12, HEIGHT - 18
    ET.SubElement(svg, "path", {"class": "bar", "d": f"M{x:.1f} {y - 4:.1f}v4h{nm * per_nm:.1f}v-4"})
    ET.SubElement(svg, "text", {"class": "degrees", "x": f"{x:.1f}", "y": f"{y - 7:.1f}"}).text = f"{nm} nm"
