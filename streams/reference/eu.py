"""The EU's list of ships (Annex XLII to Regulation 833/2014 and its like) as CSV. No I/O here.

Rows give a name, an IMO number and the date of application (d.m.yyyy), but no MMSI, and usually neither flag nor owner.
If one number is in several rows, because a ship is listed on several grounds or was renamed, it is one ship: its first
row counts, and names in later rows become its other names. One number reads "Does not exist".
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from streams.reference.entry import Entries, Stated
from streams.reference.table import headed

LIST: Final = "EU"
COLUMNS: Final = {
    "no": "number",
    "number": "number",
    "entry": "number",
    "name": "name",
    "vessel_name": "name",
    "ship_name": "name",
    "name_of_vessel": "name",
    "name_of_the_vessel": "name",
    "vessel": "name",
    "ship": "name",
    "imo": "imo",
    "imo_number": "imo",
    "imo_no": "imo",
    "imo_ship_identification_number": "imo",
    "imo_number_of_the_vessel": "imo",
    "date": "day",
    "date_of_application": "day",
    "date_of_listing": "day",
    "date_of_application_from": "day",
    "reason": "ground",
    "reasons": "ground",
    "grounds": "ground",
    "ground_for_listing": "ground",
    "criteria": "ground",
    "reason_for_listing": "ground",
    "listing_criteria": "ground",
    "flag": "flag",
    "flag_state": "flag",
    "previous_flags": "flags",
    "former_flags": "flags",
    "owner": "owner",
    "registered_owner": "owner",
    "year_of_build": "built",
    "remark": "remarks",
    "remarks": "remarks",
    "other_information": "remarks",
}
DATES: Final = frozenset({"date_of_application", "date_of_listing", "date_of_application_from"})
_MISSING: Final = re.compile(r"does not exist", re.I)


def read_eu(text: str, delimiter: str, found: Entries) -> None:
    """Reads the table into ``found``."""
    stated: dict[str, Stated] = {}
    for line, row in headed(text, found.refused, names=COLUMNS, delimiter=delimiter):
        imo, name = " ".join(row.get("imo", "").split()), row.get("name", "").strip()
        if _MISSING.search(imo):
            found.refuse(line, f"the list gives: {imo[:30]!r}; nothing else identifies {name[:40]!r}")
        elif (first := stated.get(imo)) is None or not imo:
            stated[imo or f"line {line}"] = _stated(line, imo, name, row)
        elif name in first.names:
            found.refuse(line, f"IMO {imo} {name[:40]!r} appears twice; the first one is used")
        else:
            stated[imo] = _renamed(first, name)
    for each in stated.values():
        found.take(each)


def _stated(line: int, imo: str, name: str, row: dict[str, str]) -> Stated:
    return Stated(
        list=LIST,
        line=line,
        entry_id=f"imo/{imo}" if imo else row.get("number", ""),
        names=(name,),
        imos=(imo,),
        flags=(row.get("flag", ""), *row.get("flags", "").split(";")),
        owner=row.get("owner", ""),
        linked_to=tuple(row.get("owner", "").split(";")),
        built=row.get("built", ""),
        remarks=row.get("remarks", ""),
        programme=row.get("ground", ""),
        listed_on=row.get("day", ""),
    )


def _renamed(first: Stated, name: str) -> Stated:
    return replace(first, names=(*first.names, name))
