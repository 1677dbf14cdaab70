"""Ships and areas of one's own: what is added to or removed from the reference in force, by which person. No I/O.

Own ships are a list of their own, ``OWN``, which an import of other lists leaves as it is. Own areas are zones with
``added_by``, which an import of zones leaves as they are. Each change is one person's, and says when it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from detectors.core.reference import ListedShip, Reference, Zone
from streams.errors import ConfigError
from streams.messages.feedback import NAME_MOST
from streams.messages.reference_records import OWN_LIST
from streams.reference import list_cells
from streams.reference.list_cells import Refusal
from streams.reference.loading import make_reference
from streams.reference.zones import zone_of

SHIPS_MOST: Final = 1_000
ZONES_MOST: Final = 200
_CORNERS_MOST: Final = 1_000
_DATE_LETTERS: Final = 10
_TEXT_MOST: Final = 200
_ANY_TIME: Final = "1970-01-01T00:00:00.000Z"

Author = Annotated[str, Meta(max_length=NAME_MOST)]
Note = Annotated[str, Meta(max_length=list_cells.NOTE_MOST)]


class OwnListError(ConfigError):
    """A change of the own ships or areas that cannot be made: what is wrong, in one line."""


class AddShip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="add_ship"):
    """Adds a ship to the own list. One of ``imo`` and ``mmsi`` is needed."""

    imo: int | None = None
    mmsi: int | None = None
    name: Annotated[str, Meta(max_length=_TEXT_MOST)] = ""
    note: Note = ""
    by: Author = ""


class RemoveShip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="remove_ship"):
    """Removes a ship from the own list."""

    imo: int | None = None
    mmsi: int | None = None
    by: Author = ""


class AddZone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="add_zone"):
    """Adds an area. ``ring``: corners as (lon_deg, lat_deg); the last may be left out if it is the first."""

    name: Annotated[str, Meta(max_length=_TEXT_MOST)]
    ring: Annotated[tuple[tuple[float, float], ...], Meta(min_length=3, max_length=_CORNERS_MOST)]
    kind: Literal["watched", "associated", "sanctioned"] = "watched"
    severity: Literal["page", "ticket", "log"] | None = None
    horizon_h: float = 0.0
    """From how far a vessel that closes on it is reported, h; 0: only inside."""
    note: Note = ""
    by: Author = ""


class AddFeatures(msgspec.Struct, frozen=True, kw_only=True, tag="add_features"):
    """Adds the areas of a GeoJSON file: all of its features, or none."""

    features: tuple[Any, ...]
    by: Author = ""


class RemoveZone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="remove_zone"):
    """Removes an own area by its name."""

    name: Annotated[str, Meta(max_length=_TEXT_MOST)]
    by: Author = ""


OwnChange = AddShip | RemoveShip | AddZone | AddFeatures | RemoveZone


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The reference after a change, and the change in words."""

    reference: Reference
    said: str
    zones: bool
    """Whether it is about zones: then the version has zones of its own."""


def changed(former: Reference, change: OwnChange, at: str) -> Changed:
    """The reference after a change. ``at``: wall clock, RFC 3339 UTC. Raises OwnListError."""
    by = change.by.strip()
    if not by or not by.isprintable():
        raise OwnListError("the change needs the name of its author")
    try:
        match change:
            case AddShip():
                return _add_ship(former, change, by, at)
            case RemoveShip():
                return _remove_ship(former, change)
            case AddZone():
                return _add_zones(former, [_feature_of(change)], by, at)
            case AddFeatures(features=features):
                return _add_zones(former, features, by, at)
            case RemoveZone(name=name):
                return _remove_zone(former, name)
    except Refusal as why:
        raise OwnListError(str(why)) from None


def check(change: OwnChange) -> None:
    """Checks what can be checked of a change without the lists. Raises OwnListError."""
    if isinstance(change, RemoveShip):
        change = AddShip(imo=change.imo, mmsi=change.mmsi, by=change.by)
    if not isinstance(change, RemoveZone):
        changed(Reference(), change, _ANY_TIME)


def own_ships(reference: Reference) -> tuple[ListedShip, ...]:
    """The own list."""
    return tuple(ship for ship in reference.ships if ship.list == OWN_LIST)


def own_zones(reference: Reference) -> tuple[Zone, ...]:
    """The own areas."""
    return tuple(zone for zone in reference.zones if zone.added_by is not None)


def with_own_zones(found: tuple[Zone, ...], former: Reference) -> tuple[Zone, ...]:
    """Imported zones and the own areas of before, except those whose name the import has."""
    names = {zone.name.casefold() for zone in found}
    return (*found, *(zone for zone in own_zones(former) if zone.name.casefold() not in names))


def _add_ship(former: Reference, change: AddShip, by: str, at: str) -> Changed:
    ship = ListedShip(
        list=OWN_LIST,
        entry_id=_entry_id(change.imo, change.mmsi),
        name=list_cells.text(change.name) or _number_text(change.imo, change.mmsi),
        imo=change.imo,
        mmsi=change.mmsi,
        listed_on=at[:_DATE_LETTERS],
        note=list_cells.prose(change.note),
        added_by=by,
        added_at=at,
    )
    known = own_ships(former)
    for one in known:
        if (ship.imo and one.imo == ship.imo) or (ship.mmsi and one.mmsi == ship.mmsi):
            raise OwnListError(f"{_ship_text(one)} is already on the own list, added by {one.added_by}")
    if len(known) >= SHIPS_MOST:
        raise OwnListError(f"the own list has {SHIPS_MOST} ships; import a list of your own for more")
    reference = make_reference((*former.ships, ship), former.zones)
    return Changed(reference=reference, said=f"added {_ship_text(ship)} to the own list", zones=False)


def _remove_ship(former: Reference, change: RemoveShip) -> Changed:
    _entry_id(change.imo, change.mmsi)
    gone = [
        one
        for one in own_ships(former)
        if (change.imo and one.imo == change.imo) or (change.mmsi and one.mmsi == change.mmsi)
    ]
    if not gone:
        raise OwnListError(f"{_number_text(change.imo, change.mmsi)} is not on the own list")
    kept = [one for one in former.ships if one not in gone]
    said = "removed " + ", ".join(map(_ship_text, gone)) + " from the own list"
    return Changed(reference=make_reference(kept, former.zones), said=said, zones=False)


def _add_zones(former: Reference, features: Sequence[Any], by: str, at: str) -> Changed:
    zones = list(former.zones)
    for number, feature in enumerate(features, 1):
        try:
            zone = replace(zone_of(_as_watched(feature)), note=_note_of(feature), added_by=by, added_at=at)
            if any(one.name.casefold() == zone.name.casefold() for one in zones):
                raise Refusal(f"there is a zone {zone.name} already; give another name")
        except Refusal as why:
            raise OwnListError(f"feature {number}: {why}" if len(features) > 1 else str(why)) from None
        zones.append(zone)
    if not features or len(own_zones(former)) + len(features) > ZONES_MOST:
        raise OwnListError(f"there may be 1 to {ZONES_MOST} own areas; import a file of zones for more")
    said = "added the area " + ", ".join(zone.name for zone in zones[len(former.zones) :])
    return Changed(reference=make_reference(former.ships, zones), said=said, zones=True)


def _note_of(feature: dict[str, Any]) -> str | None:
    """Of a feature that is a zone. An import of zones skips notes: they would make another version of old files."""
    note = feature["properties"].get("note")
    return list_cells.prose(note) if isinstance(note, str) else None


def _as_watched(feature: Any) -> Any:
    """A feature of kind ``watched`` if it has none."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return {**feature, "properties": {"kind": "watched", **properties}} if isinstance(properties, dict) else feature


def _remove_zone(former: Reference, name: str) -> Changed:
    gone = [one for one in own_zones(former) if one.name.casefold() == name.strip().casefold()]
    if not gone:
        raise OwnListError(f"{name.strip()[:_TEXT_MOST]!r} is not an own area")
    kept = [one for one in former.zones if one not in gone]
    return Changed(reference=make_reference(former.ships, kept), said=f"removed the area {gone[0].name}", zones=True)


def _feature_of(change: AddZone) -> dict[str, Any]:
    ring = [list(corner) for corner in change.ring]
    properties = {"name": change.name, "kind": change.kind, "severity": change.severity, "note": change.note}
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring if ring[0] == ring[-1] else [*ring, ring[0]]]},
        "properties": {**properties, "horizon_h": change.horizon_h},
    }


def _entry_id(imo: int | None, mmsi: int | None) -> str:
    """Raises Refusal for a number that cannot be that of a ship."""
    if imo is not None:
        list_cells.imo_number(f"IMO {imo}")
    if mmsi is not None:
        list_cells.mmsi_number(f"{max(mmsi, 0)}")
    if imo is None and mmsi is None:
        raise Refusal("give an IMO number or an MMSI")
    return f"imo-{imo}" if imo is not None else f"mmsi-{mmsi}"


def _number_text(imo: int | None, mmsi: int | None) -> str:
    return f"IMO {imo}" if imo is not None else f"MMSI {mmsi}"


def _ship_text(ship: ListedShip) -> str:
    number = _number_text(ship.imo, ship.mmsi)
    return number if ship.name == number else f"{ship.name} ({number})"
