"""The UK Sanctions List as CSV or XML. No I/O here.

In the CSV a designation has one row per name, joined by its Unique ID: the rows of ``Designation Type`` Ship carry IMO
number, flags, type, tonnage, length and owner. In the XML one ``Designation`` holds the same in ``ShipDetails``. Dates
are dd/mm/yyyy; numbered lists ("(1) Russia (2) Panama") are in single cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from streams.reference.entry import Entries, Stated
from streams.reference.list_cells import Refusal
from streams.reference.markup import Leaves, xml_records
from streams.reference.table import headed

LIST: Final = "UK"
ROOT: Final = b"<Designations"
COLUMNS: Final = {
    "unique_id": "id",
    "ofsi_group_id": "group",
    "group_id": "group",
    **{f"name_{n}": f"name{n}" for n in range(1, 7)},
    "name_type": "name_type",
    "designation_type": "kind",
    "individual_entity_ship": "kind",
    "group_type": "kind",
    "entity_vessel_or_individual": "kind",
    "regime_name": "regime",
    "regime": "regime",
    "date_designated": "day",
    "listed_on": "day",
    "imo_number": "imo",
    "current_owner_operator_s": "owner",
    "current_believed_flag_of_ship": "flag",
    "previous_flags": "flags",
    "type_of_ship": "type",
    "tonnage_of_ship": "tonnage",
    "length_of_ship": "length",
    "year_built": "built",
    "other_information": "remarks",
}
HEADING: Final = re.compile(r"\bUnique ID\b.*\bName 6\b|\bGroup Type\b", re.I | re.S)
_NUMBERED: Final = re.compile(r"\(\d{1,2}\)")
_SHIPS: Final = {"ship", "vessel"}
_SHIP_PATH: Final = "ShipDetails/Ship/"
_PRIMARY: Final = "primary name"


def read_uk_csv(text: str, delimiter: str, found: Entries) -> None:
    """Reads the CSV into ``found``."""
    ships: dict[str, Stated] = {}
    others: set[str] = set()
    for line, row in headed(text, found.refused, names=COLUMNS, delimiter=delimiter):
        number = row.get("id", "").strip() or row.get("group", "").strip()
        if row.get("kind", "").strip().lower() not in _SHIPS:
            others.add(number)
            continue
        stated = _of_row(line, number, row)
        ships[number] = _merged(ships[number], stated, _is_primary(row)) if number in ships else stated
    found.passed_over += len(others)
    for each in ships.values():
        found.take(each)


def _of_row(line: int, number: str, row: dict[str, str]) -> Stated:
    return Stated(
        list=LIST,
        line=line,
        entry_id=number,
        names=(_joined([row.get(f"name{n}", "") for n in range(1, 7)]),),
        imos=_several(row.get("imo", "")),
        flags=(*(_several(row.get("flag", "")) or ("",)), *_several(row.get("flags", ""))),
        ship_type=row.get("type", ""),
        length=row.get("length", ""),
        tonnage_gt=row.get("tonnage", ""),
        owner=row.get("owner", ""),
        linked_to=_several(row.get("owner", "")),
        built=row.get("built", ""),
        remarks=row.get("remarks", ""),
        programme=row.get("regime", ""),
        listed_on=row.get("day", ""),
    )


def _is_primary(row: dict[str, str]) -> bool:
    return row.get("name_type", "").strip().lower() == _PRIMARY


def _merged(one: Stated, other: Stated, primary: bool) -> Stated:
    names = (*other.names, *one.names) if primary else (*one.names, *other.names)
    return replace(one, names=names, imos=(*one.imos, *other.imos), flags=(*one.flags, *other.flags))


def _joined(parts: list[str]) -> str:
    return " ".join(part for part in (" ".join(part.split()) for part in parts) if part)


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part for piece in _NUMBERED.split(cell) if (part := piece.strip(" ;,")))


def read_uk_xml(chunks: Iterable[bytes], found: Entries) -> None:
    """Reads the XML into ``found``; a file that ends badly is rejected from there on."""
    try:
        for line, _, leaves in xml_records(chunks, ("Designation",)):
            if dict(leaves).get("IndividualEntityShip", "").strip().lower() in _SHIPS:
                found.take(_of_leaves(line, leaves))
            else:
                found.passed_over += 1
    except Refusal as why:
        found.refuse(0, str(why))


def _of_leaves(line: int, leaves: Leaves) -> Stated:
    of: dict[str, list[str]] = {}
    for path, text in leaves:
        of.setdefault(path.removeprefix(_SHIP_PATH), []).append(text)

    def first(path: str) -> str:
        return next(iter(of.get(path, [])), "")

    return Stated(
        list=LIST,
        line=line,
        entry_id=first("UniqueID"),
        names=_names(leaves),
        imos=tuple(of.get("IMONumbers/IMONumber", [])),
        flags=(
            *of.get("CurrentBelievedFlagOfShips/CurrentBelievedFlagOfShip", [""]),
            *of.get("PreviousFlags/PreviousFlag", []),
        ),
        ship_type=first("TypeOfShipDetails/TypeOfShip"),
        length=first("LengthOfShipDetails/LengthOfShip"),
        tonnage_gt=first("TonnageOfShipDetails/TonnageOfShip"),
        owner="; ".join(of.get("CurrentOwnerOperators/CurrentOwnerOperator", [])),
        linked_to=tuple(of.get("CurrentOwnerOperators/CurrentOwnerOperator", [])),
        built=first("YearsBuilt/YearBuilt") or first("YearBuilt"),
        remarks="\n".join(of.get("OtherInformation", [])),
        programme=first("RegimeName"),
        listed_on=first("DateDesignated"),
    )


def _names(leaves: Leaves) -> tuple[str, ...]:
    """The primary name first."""
    names: list[str] = []
    parts: dict[str, str] = {}
    for path, text in leaves:
        if path == "Names/Name":
            name = _joined([parts.get(f"Names/Name/Name{n}", "") for n in range(1, 7)])
            primary = parts.get("Names/Name/NameType", "").lower() == _PRIMARY
            names.insert(0 if primary else len(names), name)
            parts = {}
        elif path.startswith("Names/Name/"):
            parts[path] = text
    return tuple(names)
