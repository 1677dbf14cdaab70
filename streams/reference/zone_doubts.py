"""Doubts about zones that can be used: shown by ``zones check``, without rejecting the zone. No I/O here."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Final

from shapely import Polygon

from detectors.core.geography.area import Rings
from detectors.core.geography.gazetteer import Gazetteer
from detectors.core.reference import Zone
from streams.reference.ports import load_ports

PROPERTIES: Final = (
    "name",
    "kind",
    "programme",
    "legal_basis",
    "from",
    "to",
    "aliases",
    "locode",
    "country",
    "radius_nm",
    "horizon_h",
    "severity",
    "source",
    "precision_nm",
)
_NEAR_NM: Final = 30.0
_LIKE: Final = 0.8


def doubts_of(zone: Zone, feature: object) -> Iterator[str]:
    """The doubts in words; empty for a plausible zone. ``feature`` is what it was read from."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    for key in sorted(set(properties or ()) - set(PROPERTIES), key=str):
        meant = get_close_matches(str(key), PROPERTIES, 1, _LIKE)
        if meant:
            yield f"{str(key)[:30]!r} is ignored: did you mean {meant[0]}?"
    if zone.locode and zone.country and zone.locode[:2] != zone.country:
        yield f"UN/LOCODE {zone.locode} is not in {zone.country}"
    if not all(_holes_inside(rings) for rings in (zone.polygon, *zone.more_polygons) if rings):
        yield "a hole is not inside it"
    if zone.country is None and _port_nm(zone.lat_deg, zone.lon_deg) > _NEAR_NM:
        swapped_nm = _port_nm(zone.lon_deg, zone.lat_deg)
        if swapped_nm <= _NEAR_NM:
            yield "no port is near, but one is where its latitude and longitude are swapped"


@cache
def _world() -> Gazetteer:
    return Gazetteer(load_ports())


def _holes_inside(rings: Rings) -> bool:
    outer, *holes = map(Polygon, rings)
    return all(outer.covers(hole) for hole in holes)


def _port_nm(lat_deg: float, lon_deg: float) -> float:
    """Distance to the nearest port; infinite if none is near, or the place is off the globe."""
    found = _world().nearest(lat_deg, lon_deg) if abs(lat_deg) <= 90 else None  # noqa: PLR2004 - a pole
    return found[1] if found else float("inf")
