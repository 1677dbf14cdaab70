"""The UN Security Council's 1718 Designated Vessels List: as CSV, or as the page that shows it. No I/O here.

The consolidated list (``un``) has no vessels; this is where the UN names them. Its heading begins with ``#``. A cell
with several values numbers them (``1: 445000001 2: 445000002``), and some begin with a label (``IMO: 9074729``). A
column for each resolution says whether the vessel is designated under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from streams.reference import table
from streams.reference.entry import Entries, Stated
from streams.reference.html_tables import Cells, table_rows

LIST: Final = "UN 1718"
PAGE: Final = re.compile(rb"<(?:!doctype\s+html|html|table)\b", re.I)
NUMBER: Final = "#"
_COLUMNS: Final = {
    "vessel_name": "name",
    "name_of_vessel": "name",
    "name_of_the_vessel": "name",
    "ship_name": "name",
    "name": "name",
    "vessel": "name",
    "imo": "imo",
    "imo_number": "imo",
    "imo_no": "imo",
    "mmsi": "mmsi",
    "mmsi_number": "mmsi",
    "flag": "flag",
    "flag_state": "flag",
    "call_sign": "call_sign",
    "callsign": "call_sign",
    "type": "type",
    "vessel_type": "type",
    "date_of_designation": "day",
    "date_designated": "day",
    "designated_on": "day",
    "listed_on": "day",
    "designated_owner": "owner",
    "owner": "owner",
    "flag_history": "flags",
    "former_flag": "flags",
    "former_flags": "flags",
    "previous_flags": "flags",
    "de_registered_on": "ended",
    "deregistered_on": "ended",
    "date_of_de_registration": "ended",
    "year_built": "built",
    "other_information": "remarks",
    "additional_information": "remarks",
    "remarks": "remarks",
    "comments": "remarks",
}
_VALUE: Final = re.compile(r"(?:^|\s)[1-9][0-9]?\s*:\s+")
_LABEL: Final = re.compile(r"\s*([A-Za-z][A-Za-z ]{1,30}?)\s*:\s+(.*)", re.S)
_RESOLUTION: Final = re.compile(r"\bresolution\s+([0-9]{4}\s*\([0-9]{4}\))", re.I)
_NOT_UNDER_IT: Final = frozenset({"", "-", "na", "n/a", "no", "none"})
_OURS: Final = "1718"


def is_heading(record: list[str]) -> bool:
    """Whether a record of a CSV is the heading of this list."""
    names = {_COLUMNS.get(table.heading(cell)) for cell in record[1:]}
    return record[:1] == [NUMBER] and {"name", "imo"} <= names


def read_un_vessels(text: str, delimiter: str, found: Entries) -> None:
    """Reads the CSV into ``found``."""
    _read(table.records(text, found.refused, delimiter=delimiter), found)


def read_un_vessels_page(text: str, found: Entries) -> None:
    """Reads the tables of the page into ``found``; a page of anything else is rejected as a whole."""
    rows = table_rows(text)
    ours = _OURS in text or any(is_heading(cells) for _, cells in rows)
    if not ours:
        found.refuse(0, "a page (HTML), but not of a known list (UN 1718 Designated Vessels List)")
    elif not _read(rows, found):
        found.refuse(0, "no table of vessels on this page (UN 1718 Designated Vessels List): save the table as CSV")


def _read(rows: Iterable[Cells], found: Entries) -> int:
    """Reads rows, with or without a heading. Returns the number of rows about vessels."""
    columns: list[str] = []
    vessels = 0
    for line, cells in rows:
        plain = [_COLUMNS.get(table.heading(cell), "") for cell in cells]
        if {"name", "imo"} <= set(plain):
            columns = [name or cell for name, cell in zip(plain, cells, strict=True)]
            continue
        row = _by_column(columns, cells)
        if row.get("name") or row.get("imo"):
            vessels += 1
            found.take(_stated(line, row))
    return vessels


def _by_column(columns: list[str], cells: list[str]) -> dict[str, str]:
    """The cells of a row by column: that of the label with which a cell begins, otherwise that of the heading."""
    row: dict[str, str] = {}
    for at, cell in enumerate(cells):
        label = _LABEL.fullmatch(cell)
        named = _COLUMNS.get(table.heading(label[1])) if label else None
        if label and named:
            row[named] = label[2]
        elif at < len(columns):
            row[columns[at]] = cell
    return row


def _stated(line: int, row: dict[str, str]) -> Stated:
    resolutions = [
        each for column, cell in row.items() if not _is_nothing(cell) for each in _RESOLUTION.findall(column)
    ]
    days = _several(row.get("day", ""))
    return Stated(
        list=LIST,
        line=line,
        names=_several(row.get("name", "")),
        imos=_several(row.get("imo", "")),
        mmsis=_several(row.get("mmsi", "")),
        call_signs=_several(row.get("call_sign", "")),
        flags=(*(_several(row.get("flag", "")) or ("",)), *_several(row.get("flags", ""))),
        deregistered_on=next(iter(_several(row.get("ended", ""))), ""),
        remarks="\n".join(_several(row.get("remarks", ""))),
        built=row.get("built", ""),
        ship_type=row.get("type", ""),
        owner=row.get("owner", ""),
        linked_to=_several(row.get("owner", "")),
        programme="resolutions " + ", ".join(dict.fromkeys(resolutions)) if resolutions else "",
        listed_on=days[0] if days else "",
    )


def _is_nothing(cell: str) -> bool:
    return cell.strip().lower() in _NOT_UNDER_IT


def _several(cell: str) -> tuple[str, ...]:
    """The values of a cell that numbers them; one that does not is one value."""
    return tuple(value for part in _VALUE.split(cell) if not _is_nothing(value := " ".join(part.split())))
