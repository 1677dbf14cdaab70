"""How displaced vessels of an area are described: headline, facts and details of its alert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from detectors.core.alert import Alert, Fact, Position
from detectors.core.displacements import Displacement
from detectors.core.half_degrees import turned
from detectors.core.headlines import at
from detectors.core.mid import flag_of
from detectors.core.units import hhmm_z, rfc3339
from detectors.interference.shape import WITHIN_NM, Place, middle_of, shape_of

VESSELS_MOST: Final = 50
"""Vessels in the details of an alert."""
EVIDENCE_MOST: Final = 8
_LISTED_MOST: Final = 8
_DIGITS: Final = 4


def headline(vessels: int, where: Position, time_ms: int) -> str:
    """How many vessels appear displaced, where they really are, and when."""
    return f"{vessels} vessels appear displaced, GNSS interference likely{at(where.lat_deg, where.lon_deg)}, " + hhmm_z(
        time_ms
    )


def centre_of(vessels: Sequence[Displacement], time_ms: int) -> Position:
    """The middle of the places from which they are displaced."""
    middle = middle_of([_origin(each) for each in vessels])
    return Position(
        lat_deg=round(middle.lat_deg, _DIGITS), lon_deg=round(middle.lon_deg, _DIGITS), time=rfc3339(time_ms)
    )


def details_of(vessels: Sequence[Displacement], centre: Position) -> dict[str, object]:
    """``details`` of the alert: area, vessels and shape."""
    shown = sorted(vessels, key=lambda each: (each.listed is None, each.mmsi))[:VESSELS_MOST]
    near = min(((each.near, each.mmsi) for each in vessels if each.near), key=lambda pair: pair[1], default=None)
    return {
        "area": _bounds(vessels, centre),
        **({"near": near[0]} if near else {}),
        "from": rfc3339(min(each.time_ms for each in vessels)),
        "to": rfc3339(max(each.time_ms for each in vessels)),
        "vessels_total": len(vessels),
        "vessels": [_vessel(each) for each in shown],
        "shape": shape_of([Place(each.lat_deg, each.lon_deg) for each in vessels]),
        "sources": sorted({each.source for each in vessels}),
    }


def shape_facts(details: Mapping[str, object]) -> Iterable[Fact]:
    """The shape of where they appear, if there is one, with its distance from the positions."""
    shape = details["shape"]
    if isinstance(shape, Mapping) and shape["kind"] != "none":
        words = f"distance of the positions where they appear from one {shape['kind']}"
        yield Fact(fact=words, value=shape["off_nm"], threshold=WITHIN_NM, unit="nm", source="root mean square")


def listed_facts(vessels: Sequence[Displacement]) -> Iterable[Fact]:
    """The listed vessels among them."""
    listed = sorted((each for each in vessels if each.listed), key=lambda each: each.mmsi)
    for each in listed[:_LISTED_MOST]:
        named = " ".join(filter(None, (each.name, f"(IMO {each.imo})" if each.imo else "", f"MMSI {each.mmsi}")))
        yield Fact(fact="listed vessel among them", value=named, source=each.listed)


def sentences_of(vessels: Sequence[Displacement]) -> tuple[bytes, ...]:
    """A report of each of the first vessels."""
    first = sorted(vessels, key=lambda each: (each.time_ms, each.mmsi))[:EVIDENCE_MOST]
    return tuple(each.sentence.encode("ascii", "replace") for each in first if each.sentence)


def where(alert: Alert | None) -> str:
    """The centre as a clause of a headline."""
    return at(alert.position.lat_deg, alert.position.lon_deg) if alert is not None and alert.position else ""


def _bounds(vessels: Sequence[Displacement], centre: Position) -> dict[str, object]:
    """South, north, west and east of the origins; east is less than west across 180 E."""
    lats = [each.origin_lat_deg for each in vessels]
    off = [turned(each.origin_lon_deg - centre.lon_deg) for each in vessels]
    return {
        "south_deg": round(min(lats), _DIGITS),
        "north_deg": round(max(lats), _DIGITS),
        "west_deg": round(turned(centre.lon_deg + min(off)), _DIGITS),
        "east_deg": round(turned(centre.lon_deg + max(off)), _DIGITS),
        "lat_deg": centre.lat_deg,
        "lon_deg": centre.lon_deg,
    }


def _vessel(told: Displacement) -> dict[str, object]:
    made = {
        "mmsi": told.mmsi,
        "name": told.name,
        "imo": told.imo,
        "flag": flag_of(told.mmsi),
        "list": told.listed,
        "from_lat_deg": round(told.origin_lat_deg, _DIGITS),
        "from_lon_deg": round(told.origin_lon_deg, _DIGITS),
        "from_time": rfc3339(told.origin_ms),
        "lat_deg": round(told.lat_deg, _DIGITS),
        "lon_deg": round(told.lon_deg, _DIGITS),
        "time": rfc3339(told.time_ms),
    }
    return {name: value for name, value in made.items() if value is not None}


def _origin(told: Displacement) -> Place:
    return Place(told.origin_lat_deg, told.origin_lon_deg)
