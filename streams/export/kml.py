"""The features of a case as KML 2.2 (OGC 07-147r2): what each program for maps of the earth opens.

KML has no dashed lines, so silences are drawn as dashes. Names and descriptions are shown as HTML by such programs:
angle brackets in them are replaced.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

from detectors.core.units import unix_ms
from streams.explain.shapes import Feature
from streams.export.gathering import CaseRecords
from streams.messages.inert import inert

KML_TYPE: Final = "application/vnd.google-earth.kml+xml"
NAMESPACE: Final = "http://www.opengis.net/kml/2.2"
DASHES: Final = 24
"""Dashes of the line of one silence."""
_BRACKETS: Final = str.maketrans({"<": "\u2039", ">": "\u203a", "&": "+"})
_TIMES: Final = ("time", "from", "to", "as_of", "by", "begin", "end")


class _Style(NamedTuple):
    """Colours are aabbggrr."""

    line: str
    width: int
    fill: str = "00ffffff"


_STYLES: Final = {
    "track": _Style("ffb05a00", 3),
    "silence": _Style("ff2020d0", 3),
    "reach": _Style("c02020d0", 1, "202020d0"),
    "area": _Style("c0a020a0", 2, "20a020a0"),
    "other": _Style("ff606060", 2, "20606060"),
}


def kml_of(records: CaseRecords, title: str, notice: str, features: Sequence[Feature]) -> bytes:
    """A document with a folder for each kind of feature, in the order in which the kinds first occur."""
    root = ET.Element("kml", {"xmlns": NAMESPACE})
    document = ET.SubElement(root, "Document")
    _text(document, "name", _name(title))
    _text(document, "description", _described([notice, f"As of {records.as_of}, event time, UTC."]))
    for name, style in _STYLES.items():
        _style(document, name, style)
    kinds: dict[str, list[Feature]] = {}
    for one in features:
        kinds.setdefault(str(one["properties"]["kind"]), []).append(one)
    for kind, members in kinds.items():
        folder = ET.SubElement(document, "Folder")
        _text(folder, "name", _name(kind))
        for one in members:
            _placemark(folder, kind, one)
    ET.indent(root)
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _style(parent: ET.Element, name: str, style: _Style) -> None:
    made = ET.SubElement(parent, "Style", {"id": name})
    line = ET.SubElement(made, "LineStyle")
    _text(line, "color", style.line)
    _text(line, "width", str(style.width))
    _text(ET.SubElement(made, "PolyStyle"), "color", style.fill)


def _placemark(parent: ET.Element, kind: str, one: Feature) -> None:
    """In the order of the schema: name, description, time, style, data, geometry."""
    said = one["properties"]
    made = ET.SubElement(parent, "Placemark")
    _text(made, "name", _name(_title(kind, said)))
    _text(made, "description", _described(_lines(said)))
    _time(made, said)
    _text(made, "styleUrl", f"#{kind if kind in _STYLES else 'other'}")
    _geometry(made, one["geometry"], dashed=kind == "silence")


def _title(kind: str, said: dict[str, Any]) -> str:
    words = [kind, f"MMSI {said['mmsi']}" if said.get("mmsi") else "", str(said.get("track") or "")]
    return str(said.get("headline") or " ".join(word for word in words if word))


def _lines(said: dict[str, Any]) -> list[str]:
    """What is known of a feature, without its columns."""
    return [
        f"{name.replace('_', ' ')}: {value}" for name, value in said.items() if isinstance(value, str | int | float)
    ]


def _time(parent: ET.Element, said: dict[str, Any]) -> None:
    """From and to, or one moment; times that are no times are left out."""
    begin, end, moment = (_stamp(said.get(name)) for name in ("from", "to", "time"))
    if begin is not None or end is not None:
        span = ET.SubElement(parent, "TimeSpan")
        if begin is not None:
            _text(span, "begin", begin)
        if end is not None and (begin is None or end >= begin):
            _text(span, "end", end)
    elif moment is not None:
        _text(ET.SubElement(parent, "TimeStamp"), "when", moment)


def _stamp(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        unix_ms(value)
    except (ValueError, OverflowError):
        return None
    return value


def _geometry(parent: ET.Element, geometry: dict[str, Any], *, dashed: bool) -> None:
    drawn = list(_shapes(geometry, dashed=dashed))
    holder = parent if len(drawn) == 1 else ET.SubElement(parent, "MultiGeometry")
    for kind, rings in drawn:
        if kind == "Polygon":
            _polygon(holder, rings)
        else:
            shape = ET.SubElement(holder, kind)
            if kind == "LineString":
                _text(shape, "tessellate", "1")
            _text(shape, "coordinates", _coordinates(rings[0]))


def _shapes(geometry: dict[str, Any], *, dashed: bool) -> Iterator[tuple[str, list[Any]]]:
    """Kind and rings of each simple shape."""
    kind, at = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        yield "Point", [[at]]
    elif kind == "MultiPoint":
        yield from (("Point", [[place]]) for place in at)
    elif kind in {"LineString", "MultiLineString"}:
        for line in [at] if kind == "LineString" else at:
            yield from (("LineString", [part]) for part in (dashes(line) if dashed else [line]))
    else:
        yield from (("Polygon", rings) for rings in ([at] if kind == "Polygon" else at))


def dashes(line: Sequence[Sequence[float]]) -> list[list[tuple[float, float]]]:
    """A line of two places as dashes with gaps of the same length between them; the first and last are drawn."""
    (lon0, lat0), (lon1, lat1) = line[0], line[-1]
    steps = 2 * DASHES - 1

    def at(step: int) -> tuple[float, float]:
        share = step / steps
        return round(lon0 + (lon1 - lon0) * share, 6), round(lat0 + (lat1 - lat0) * share, 6)

    return [[at(step), at(step + 1)] for step in range(0, steps, 2)]


def _polygon(parent: ET.Element, rings: list[Any]) -> None:
    shape = ET.SubElement(parent, "Polygon")
    _text(shape, "tessellate", "1")
    for number, ring in enumerate(rings):
        edge = ET.SubElement(shape, "innerBoundaryIs" if number else "outerBoundaryIs")
        _text(ET.SubElement(edge, "LinearRing"), "coordinates", _coordinates(ring))


def _coordinates(places: Iterable[Sequence[float]]) -> str:
    return " ".join(f"{lon:.6f},{lat:.6f}" for lon, lat in places)


def _name(text: str) -> str:
    return inert(text).translate(_BRACKETS)


def _described(lines: Iterable[str]) -> str:
    """Lines as HTML, as programs show descriptions."""
    return "<br/>".join(html.escape(_name(line)) for line in lines)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
