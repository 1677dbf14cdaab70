"""Reads zones as GeoJSON: bytes in, zones and rejected features out. No I/O here.

A FeatureCollection of Points (with ``radius_nm``), Polygons and MultiPolygons (``zone_shapes``). Properties:
``name``, ``kind`` (sanctioned | associated | watched), ``programme``, ``legal_basis``, ``from``, ``to`` (ISO dates,
both included), ``aliases``, ``locode``, ``country``, ``radius_nm``, ``horizon_h``, ``severity``, ``source``,
``precision_nm``; others, such as ``note``, are skipped.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec

from detectors.core.geography.area import Rings
from detectors.core.reference import Zone
from streams.reference import list_cells
from streams.reference.list_cells import Refusal, RefusedRow
from streams.reference.zone_doubts import doubts_of
from streams.reference.zone_shapes import RADII_NM, finite, shape_of

_HORIZONS_H: Final = (0.0, 240.0)
_DEFAULT_HORIZON_H: Final = 6.0
_PRECISIONS_NM: Final = (0.0, 200.0)
_MOST_ALIASES: Final = 50
_SAME_PLACE_DIGITS: Final = 3  # of a degree: a tenth of a mile
_LOCODE: Final = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")
_FEATURE: Final = re.compile(rb'"type"\s*:\s*"Feature"')


class Zones(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a zones file, in its order."""

    zones: tuple[Zone, ...]
    refused: tuple[RefusedRow, ...]
    doubts: tuple[RefusedRow, ...] = ()
    """Doubts about zones that count."""


def read_zones(content: bytes) -> Zones:
    """Reads a GeoJSON file. A feature that is rejected is reported with its line; the others count. Never raises."""
    try:
        features = features_of(content)
    except Refusal as why:
        return Zones(zones=(), refused=(RefusedRow(line=0, reason=str(why)),))
    return _read(features, _feature_lines(content))


def features_of(content: bytes) -> list[Any]:
    """The features of a GeoJSON file, unchecked; at least one. Raises Refusal."""
    try:
        tree = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(f"not JSON: {error}") from None
    features = tree.get("features") if isinstance(tree, dict) and tree.get("type") == "FeatureCollection" else None
    if not isinstance(features, list) or not features:
        raise Refusal("not a FeatureCollection with features")
    return features


def _read(features: list[Any], lines: list[int]) -> Zones:
    zones: list[Zone] = []
    refused: list[RefusedRow] = []
    doubts: list[RefusedRow] = []
    taken: dict[object, str] = {}
    for number, feature in enumerate(features):
        line = lines[number] if len(lines) == len(features) else 0
        try:
            zone = zone_of(feature)
            _refuse_duplicate(zone, taken)
            zones.append(zone)
            doubts += [RefusedRow(line=line, reason=f"{zone.name}: {doubt}") for doubt in doubts_of(zone, feature)]
        except Refusal as why:
            refused.append(RefusedRow(line=line, reason=f"feature {number + 1}: {why}"))
    return Zones(zones=tuple(zones), refused=tuple(refused), doubts=tuple(doubts))


def _feature_lines(content: bytes) -> list[int]:
    lines, line, at = [], 1, 0
    for found in _FEATURE.finditer(content):
        line += content.count(b"\n", at, found.start())
        at = found.start()
        lines.append(line)
    return lines


def _refuse_duplicate(zone: Zone, taken: dict[object, str]) -> None:
    """``taken`` has the names and centres seen so far, by their dates; this zone is added to it."""
    dates = (zone.from_date, zone.to_date)
    name = (zone.name.casefold(), dates)
    centre = (round(zone.lat_deg, _SAME_PLACE_DIGITS), round(zone.lon_deg, _SAME_PLACE_DIGITS), dates)
    if name in taken:
        raise Refusal(f"a zone {taken[name]} with the same dates comes before it")
    where = centre if zone.polygon is None else (_corners((zone.polygon, *zone.more_polygons)), dates)
    if where in taken:
        raise Refusal(f"it is at the same place as {taken[where]}; use one zone with both names (aliases)")
    taken[name] = taken[where] = zone.name


def _corners(polygons: tuple[Rings, ...]) -> frozenset[frozenset[tuple[float, float]]]:
    """Corners, independent of where a ring begins and of its direction."""
    return frozenset(frozenset(ring) for rings in polygons for ring in rings)


# -- one feature ----------------------------------------------------------------------------------------------------


def zone_of(feature: object) -> Zone:
    """One feature of a GeoJSON file. Raises Refusal."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        raise Refusal("not a Feature with properties and geometry")
    country = list_cells.country(_cell(properties, "country"))
    shape = shape_of(geometry, _bounded(properties, "radius_nm", RADII_NM), country)
    from_date, to_date = list_cells.day(_cell(properties, "from")), list_cells.day(_cell(properties, "to"))
    if from_date and to_date and to_date < from_date:
        raise Refusal(f"it ends on {to_date}, before it begins on {from_date}")
    return Zone(
        name=_name(properties),
        kind=_kind(properties),
        lat_deg=shape.lat_deg,
        lon_deg=shape.lon_deg,
        radius_nm=shape.radius_nm,
        polygon=shape.polygons[0] if shape.polygons else None,
        more_polygons=shape.polygons[1:],
        aliases=_aliases(properties),
        locode=_locode(properties),
        country=country,
        programme=list_cells.text(_cell(properties, "programme")),
        legal_basis=list_cells.text(_cell(properties, "legal_basis")),
        from_date=from_date,
        to_date=to_date,
        horizon_h=_DEFAULT_HORIZON_H
        if (horizon_h := _bounded(properties, "horizon_h", _HORIZONS_H)) is None
        else horizon_h,
        source=list_cells.text(_cell(properties, "source")),
        precision_nm=_bounded(properties, "precision_nm", _PRECISIONS_NM),
        severity=_severity(properties),
    )


def _cell(properties: dict[str, Any], name: str) -> str:
    value = properties.get(name)
    if value is not None and not isinstance(value, str):
        raise Refusal(f"{name} is not a string")
    return value or ""


def _name(properties: dict[str, Any]) -> str:
    name = list_cells.text(_cell(properties, "name"))
    if name is None:
        raise Refusal("no name")
    return name


def _kind(properties: dict[str, Any]) -> Literal["sanctioned", "associated", "watched"]:
    match properties.get("kind"):
        case "sanctioned":
            return "sanctioned"
        case "associated":
            return "associated"
        case "watched":
            return "watched"
    raise Refusal("kind must be sanctioned, associated or watched")


def _severity(properties: dict[str, Any]) -> Literal["page", "ticket", "log"] | None:
    match properties.get("severity"):
        case None:
            return None
        case "page":
            return "page"
        case "ticket":
            return "ticket"
        case "log":
            return "log"
    raise Refusal("severity must be page, ticket or log")


def _aliases(properties: dict[str, Any]) -> tuple[str, ...]:
    given = properties.get("aliases") or []
    if not isinstance(given, list) or len(given) > _MOST_ALIASES or not all(isinstance(a, str) for a in given):
        raise Refusal(f"aliases must be a list of at most {_MOST_ALIASES} strings")
    return tuple(dict.fromkeys(clean for alias in given if (clean := list_cells.text(alias)) is not None))


def _locode(properties: dict[str, Any]) -> str | None:
    given = list_cells.text(_cell(properties, "locode"))
    code = given.upper().replace(" ", "") if given else None
    if code is not None and not _LOCODE.fullmatch(code):
        raise Refusal(f"{code[:20]!r} is not a UN/LOCODE (five letters and digits, such as KPRJN)")
    return code


def _bounded(properties: dict[str, Any], name: str, bounds: tuple[float, float]) -> float | None:
    value = properties.get(name)
    if value is None:
        return None
    number = finite(value)
    if number is None or not bounds[0] <= number <= bounds[1]:
        raise Refusal(f"{name} is not a number from {bounds[0]:g} to {bounds[1]:g}")
    return number
