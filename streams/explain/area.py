"""An alert about an area, and one that an area limits: the vessels that appear displaced, as text and as GeoJSON.

Details may have been written by another version: what has another form is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta
from rich.text import Text

from detectors.core.alert import Alert
from detectors.core.sphere import course, place
from detectors.core.vessels.affected_areas import AREA, OTHERWISE
from streams.explain.shapes import Feature, Point, box, feature, leg_nm, line, point

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Form = TypeVar("Form")
_NO_SHAPE: Final = "The places where they appear form no point, line or circle"


class _Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vessels were; east is less than west across 180 E."""

    south_deg: Latitude
    north_deg: Latitude
    west_deg: Longitude
    east_deg: Longitude


class _Displaced(msgspec.Struct, frozen=True, kw_only=True):
    """A vessel: where it was, and where it appears."""

    mmsi: int
    name: str | None = None
    imo: int | None = None
    listed: str | None = msgspec.field(default=None, name="list")
    from_lat_deg: Latitude
    from_lon_deg: Longitude
    from_time: str | None = None
    lat_deg: Latitude
    lon_deg: Longitude
    time: str

    @property
    def origin(self) -> Point:
        """Where it was."""
        return self.from_lon_deg, self.from_lat_deg

    @property
    def appearance(self) -> Point:
        """Where it appears."""
        return self.lon_deg, self.lat_deg


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of the places where they appear, with its centre."""

    kind: str
    lat_deg: Latitude
    lon_deg: Longitude
    radius_nm: float | None = None
    length_nm: float | None = None
    course_deg: float | None = None


def is_about_area(alert: Alert) -> bool:
    """Whether it is about an area, and not about a vessel or a source."""
    return alert.subject.startswith("place/")


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


def shape_in_words(shape: object) -> str:
    """``They appear on a circle of 2.0 nm around 37-00.0N 028-00.0E``."""
    known = _read(shape, _Shape)
    if known is None:
        return _NO_SHAPE
    where = place(known.lat_deg, known.lon_deg)
    if known.kind == "point":
        return f"They appear at one point, {where}"
    if known.kind == "circle" and known.radius_nm is not None:
        return f"They appear on a circle of {known.radius_nm} nm around {where}"
    if known.kind == "line" and known.length_nm is not None and known.course_deg is not None:
        return f"They appear on a line of {known.length_nm} nm through {where}, {course(known.course_deg)}"
    return _NO_SHAPE


def area_features(alert: Alert) -> Iterable[Feature]:
    """The area; for each vessel where it was, where it appears, and a line between the two."""
    bounds = _read(alert.details.get("area"), _Bounds)
    if bounds is not None and bounds.south_deg <= bounds.north_deg:
        rings = box(bounds.south_deg, bounds.north_deg, bounds.west_deg, bounds.east_deg)
        known = {"vessels": alert.details.get("vessels_total"), "shape": alert.details.get("shape")}
        said = {"kind": "area", **known, "headline": alert.headline}
        yield feature("MultiPolygon", [[ring] for ring in rings], said)
    for one in _vessels(alert):
        said = {"mmsi": one.mmsi, "name": one.name, "imo": one.imo, "list": one.listed}
        yield point(one.appearance, {"kind": "displaced", **said, "time": one.time})
        yield point(one.origin, {"kind": "displaced from", **said, "time": one.from_time})
        nm = round(leg_nm(one.origin, one.appearance), 1)
        drawn = line([[one.origin, one.appearance]], {"kind": "displacement", **said, "nm": nm})
        if drawn is not None:
            yield drawn


def limited_by(revisions: list[Alert]) -> Iterable[Text]:
    """That an alert about an area limits this one, or has limited it; otherwise nothing."""
    newest = revisions[-1]
    by, otherwise = newest.details.get(AREA), newest.details.get(OTHERWISE)
    if by is not None:
        instead = f", {newest.severity} instead of {otherwise}" if otherwise else ""
        yield Text(f"limited by the alert about an area, {by}: positions are unreliable there{instead}", "yellow")
        return
    past = next((alert for alert in reversed(revisions) if AREA in alert.details), None)
    if past is not None:
        yield Text(f"was limited by the alert about an area, {past.details[AREA]}, {_minute(past.time)}")


def _vessels(alert: Alert) -> list[_Displaced]:
    given = alert.details.get("vessels")
    if not is_about_area(alert) or not isinstance(given, list):
        return []
    read = (_read(one, _Displaced) for one in given)
    return [one for one in read if one is not None]


def _read(value: object, form: type[Form]) -> Form | None:
    try:
        return msgspec.convert(value, form)
    except msgspec.ValidationError:
        return None


def _line(one: _Displaced) -> str:
    """``ROADS 1 (IMO 9358010) MMSI 244000302: from 34-11.9S 018-06.1E to 33-57.0S 018-36.0E, 2023-11-14 23:16Z``."""
    words = (
        one.name,
        f"(IMO {one.imo})" if one.imo else None,
        f"MMSI {one.mmsi}",
        f"listed: {one.listed}" if one.listed else None,
    )
    was, now = place(one.from_lat_deg, one.from_lon_deg), place(one.lat_deg, one.lon_deg)
    return f"{' '.join(filter(None, words))}: from {was} to {now}, {_minute(one.time)}"


def _minute(time: str) -> str:
    return f"{time[:10]} {time[11:16]}Z"
