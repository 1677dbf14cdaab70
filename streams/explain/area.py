"""An alert about an area: the vessels that appear displaced from it, as text and as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.text import Text

from detectors.core.alert import Alert
from detectors.core.sphere import course, place

Feature = dict[str, Any]
_HALF: Final = 180.0


def area_section(alert: Alert) -> Iterable[Text]:
    """The vessels and the shape of where they appear; nothing for an alert that is not about an area."""
    vessels = _vessels(alert)
    if not vessels:
        return
    total = alert.details.get("vessels_total", len(vessels))
    shown = f", {len(vessels)} of them here" if total != len(vessels) else ""
    yield Text()
    yield Text(f"Vessels displaced from the area: {total}{shown}", "bold")
    yield from (Text(f"  {_line(one)}") for one in vessels)
    yield Text(f"  {shape_in_words(alert.details.get('shape'))}")


def shape_in_words(shape: Any) -> str:
    """``They appear on a circle of 2.0 nm around 37-00.0N 028-00.0E``."""
    if not isinstance(shape, Mapping) or shape.get("kind") in {None, "none"}:
        return "The places where they appear form no point, line or circle"
    where = place(float(shape["lat_deg"]), float(shape["lon_deg"]))
    if shape["kind"] == "circle":
        return f"They appear on a circle of {shape['radius_nm']} nm around {where}"
    if shape["kind"] == "line":
        return f"They appear on a line of {shape['length_nm']} nm through {where}, {course(shape['course_deg'])}"
    return f"They appear at one point, {where}"


def area_features(alert: Alert) -> Iterable[Feature]:
    """The area, and for each vessel a line from where it was to where it appears."""
    area = alert.details.get("area")
    if isinstance(area, Mapping):
        said = {"kind": "area", "vessels": alert.details.get("vessels_total"), "headline": alert.headline}
        yield _feature("MultiPolygon", [[ring] for ring in _rings(area)], said)
    for one in _vessels(alert):
        said = {"kind": "displaced", "mmsi": one["mmsi"], "name": one.get("name"), "time": one["time"]}
        yield _feature("Point", (one["lon_deg"], one["lat_deg"]), said)
        yield _feature("Point", (one["from_lon_deg"], one["from_lat_deg"]), {**said, "kind": "displaced from"})


def _vessels(alert: Alert) -> list[Mapping[str, Any]]:
    if not alert.subject.startswith("place/"):
        return []
    return [one for one in alert.details.get("vessels", []) if isinstance(one, Mapping)]


def _line(one: Mapping[str, Any]) -> str:
    """``ROADS 1 (IMO 9358010) MMSI 244000302: from 34-11.9S 018-06.1E to 33-57.0S 018-36.0E, 2023-11-14 23:16Z``."""
    words = (("name", "{}"), ("imo", "(IMO {})"), ("mmsi", "MMSI {}"), ("list", "listed: {}"))
    who = " ".join(form.format(one[name]) for name, form in words if one.get(name))
    where = [place(float(one[f"{side}lat_deg"]), float(one[f"{side}lon_deg"])) for side in ("from_", "")]
    time = f"{one['time'][:10]} {one['time'][11:16]}Z"
    return f"{who}: from {where[0]} to {where[1]}, {time}"


def _rings(area: Mapping[str, Any]) -> list[list[tuple[float, float]]]:
    """Counterclockwise; two rings if the antimeridian is inside."""
    south, north, west, east = (float(area[f"{side}_deg"]) for side in ("south", "north", "west", "east"))
    spans = [(west, east)] if west <= east else [(west, _HALF), (-_HALF, east)]
    return [[(w, south), (e, south), (e, north), (w, north), (w, south)] for w, e in spans]


def _feature(kind: str, coordinates: object, properties: dict[str, Any]) -> Feature:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}
