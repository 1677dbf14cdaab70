"""Own watchlists: CSV or TOML in, listed vessels and rejected rows out. No I/O here.

CSV has a header line; columns can be in any order, unknown ones are ignored. TOML has ``[[ship]]`` tables with the same
names. A vessel needs a name and an IMO number, an MMSI, or a call sign with flag: a name alone is never a match. A
rejected row is reported with its line; the others are used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Final

import msgspec

from detectors.core.reference import ListedShip
from streams.reference import list_cells, table
from streams.reference.flag_text import Deregistration
from streams.reference.list_cells import Refusal, RefusedRow
from streams.reference.list_dates import iso_date
from streams.reference.registration import Registration, links, own_history, registration

COLUMNS: Final = (
    "list",
    "entry_id",
    "name",
    "former_names",
    "imo",
    "mmsi",
    "call_sign",
    "flag",
    "former_flags",
    "flag_history",
    "deregistered_on",
    "deregistered_by",
    "ship_type",
    "length_m",
    "tonnage_gt",
    "deadweight_t",
    "programme",
    "topics",
    "owner",
    "linked_to",
    "built",
    "listed_on",
    "delisted_on",
)
_ALSO: Final = {
    "id": "entry_id",
    "imo_number": "imo",
    "imo_no": "imo",
    "callsign": "call_sign",
    "type": "ship_type",
    "vessel_type": "ship_type",
    "program": "programme",
    "topic": "topics",
    "risk": "topics",
    "ship": "name",
    "vessel": "name",
    "vessel_name": "name",
    "aliases": "former_names",
    "length": "length_m",
    "de_registered_on": "deregistered_on",
    "de_registered_by": "deregistered_by",
    "owners": "linked_to",
    "year_built": "built",
    "year_of_build": "built",
}
_IDENTITIES: Final = {"imo", "mmsi", "call_sign"}
_TOML_START: Final = re.compile(r"(?:\s*(?:#.*)?\n)*\s*(?:\[|[A-Za-z_]+\s*=)")
_SHIP_TABLE: Final = re.compile(r"\s*\[\[\s*ship\s*\]\]")

Row = tuple[int, dict[str, str]]


class WatchlistFile(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a list file, in its order."""

    ships: tuple[ListedShip, ...]
    refused: tuple[RefusedRow, ...]
    format: str = "own"
    doubts: tuple[RefusedRow, ...] = ()
    """Cells that were skipped in rows that count."""
    passed_over: int = 0
    """Rows that are not about a ship."""


def read_watchlist(content: bytes, list_name: str) -> WatchlistFile:
    """Reads a list in a format detected by content. ``list_name`` is the list of rows that name none. Never raises."""
    decoded = table.decoded(content)
    refused: list[RefusedRow] = []
    rows = _toml_rows(decoded, refused) if _TOML_START.match(decoded) else _csv_rows(decoded, refused)
    ships: dict[tuple[str, str], ListedShip] = {}
    for line, row in rows:
        try:
            ship = _ship(row, list_name)
            if (ship.list, ship.entry_id) in ships:
                raise Refusal(f"entry {ship.entry_id} of {ship.list} appears twice; the first one is used")
            ships[ship.list, ship.entry_id] = ship
        except Refusal as why:
            refused.append(RefusedRow(line=line, reason=str(why)))
    return WatchlistFile(ships=tuple(ships.values()), refused=tuple(refused))


# -- TOML -----------------------------------------------------------------------------------------------------------


def _toml_rows(decoded: str, refused: list[RefusedRow]) -> Iterator[Row]:
    try:
        tree = tomllib.loads(decoded)
    except (ValueError, RecursionError) as error:
        refused.append(RefusedRow(line=0, reason=f"not TOML: {error}"))
        return
    tables = tree.get("ship")
    if not isinstance(tables, list) or not tables:
        refused.append(RefusedRow(line=0, reason="no [[ship]] in the file"))
        return
    common = {key: value for key, value in tree.items() if key != "ship"}
    lines = [number for number, line in enumerate(decoded.splitlines(), 1) if _SHIP_TABLE.match(line)]
    for number, ship in enumerate(tables):
        line = lines[number] if number < len(lines) else 0
        unknown = set(ship) - set(COLUMNS) if isinstance(ship, dict) else {"it"}
        if unknown:
            refused.append(RefusedRow(line=line, reason=f"not a field of a vessel: {str(sorted(unknown)[0])[:40]!r}"))
        else:
            yield line, {key: _as_cell(value) for key, value in {**common, **ship}.items()}


def _as_cell(value: object) -> str:
    if isinstance(value, list):
        return ";".join(map(_as_cell, value))
    if isinstance(value, dict):  # of a flag history
        unknown = set(value) - {"flag", "from", "to"}
        dates = f"{value.get('from', '')}..{value.get('to', '')}"
        return f"unknown key {min(unknown)}" if unknown else f"{value.get('flag', '')} {dates}"
    if isinstance(value, int):  # a whole number of thousands of digits cannot even be printed
        return str(value) if abs(value) < 10**12 else "too large"
    return str(value)


# -- CSV ------------------------------------------------------------------------------------------------------------


def _csv_rows(decoded: str, refused: list[RefusedRow]) -> Iterator[Row]:
    lines = decoded.splitlines(keepends=True)
    skipped = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    head = lines[skipped] if skipped < len(lines) else ""
    delimiter = max(",;\t|", key=head.count)
    columns: list[str] = []
    rows = 0
    for line, row in table.records("".join(lines[skipped:]), refused, delimiter=delimiter, skipped=skipped):
        if not columns:
            columns = [_column(name) for name in row]
            if not _IDENTITIES & set(columns):
                refused.append(RefusedRow(line=line, reason="no column imo, mmsi or call_sign in the first line"))
                return
        elif len(row) > len(columns):
            refused.append(RefusedRow(line=line, reason=f"{len(row)} cells under {len(columns)} columns"))
        elif any(cell.strip() for cell in row):
            rows += 1
            yield line, {**dict.fromkeys(columns, ""), **dict(zip(columns, row, strict=False))}
    if not rows and not refused:
        refused.append(RefusedRow(line=0, reason="no vessel in the file"))


def _column(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return _ALSO.get(plain, plain)


# -- one ship -------------------------------------------------------------------------------------------------------


def _ship(row: dict[str, str], list_name: str) -> ListedShip:
    cell = {name: row.get(name) or "" for name in COLUMNS}
    imo, mmsi = list_cells.imo_number(cell["imo"]), list_cells.mmsi_number(cell["mmsi"])
    sign = list_cells.call_sign(cell["call_sign"])
    registered = _registration(cell, list_cells.country(cell["flag"]))
    if imo is None and mmsi is None and (sign is None or registered.flag is None):
        raise Refusal("no IMO number, no MMSI, and no call sign with flag: a name alone is never a match")
    name = list_cells.text(cell["name"])
    if name is None:
        raise Refusal("no name")
    listed_on, delisted_on = list_cells.day(cell["listed_on"]), list_cells.day(cell["delisted_on"])
    if listed_on and delisted_on and delisted_on < listed_on:
        raise Refusal(f"delisted on {delisted_on}, before it was listed on {listed_on}")
    return ListedShip(
        list=list_cells.text(cell["list"]) or list_name,
        entry_id=list_cells.text(cell["entry_id"]) or _identity(imo, mmsi, sign),
        name=name,
        former_names=list_cells.texts(cell["former_names"]),
        imo=imo,
        mmsi=mmsi,
        call_sign=sign,
        **registered._asdict(),
        ship_type=list_cells.text(cell["ship_type"]),
        length_m=list_cells.length(cell["length_m"]),
        tonnage_gt=list_cells.tonnes(cell["tonnage_gt"]),
        deadweight_t=list_cells.tonnes(cell["deadweight_t"]),
        programme=list_cells.text(cell["programme"]),
        topics=list_cells.topics(cell["topics"].split(";")) if "topics" in row else None,
        owner=list_cells.text(cell["owner"]),
        linked_to=links(list_cells.texts(cell["linked_to"])) if cell["linked_to"] else (),
        built=list_cells.year(cell["built"]),
        listed_on=listed_on,
        delisted_on=delisted_on,
    )


def _registration(cell: dict[str, str], flag: str | None) -> Registration:
    if not (cell["flag_history"] or cell["deregistered_on"] or cell["deregistered_by"] or cell["former_flags"]):
        return Registration(flag)
    others = [code for part in cell["former_flags"].split(";") if (code := list_cells.country(part))]
    dated, periods = own_history(cell["flag_history"]) if cell["flag_history"] else ((), ())
    by, on = list_cells.country(cell["deregistered_by"]), iso_date(cell["deregistered_on"])
    return registration(flag, [*others, *dated], periods, [Deregistration(by, on)] if by or on else [])


def _identity(imo: int | None, mmsi: int | None, sign: str | None) -> str:
    return f"imo/{imo}" if imo else f"mmsi/{mmsi}" if mmsi else f"call_sign/{sign}"
