"""OpenSanctions: its maritime CSV, and FollowTheMoney entities as JSON lines. No I/O here.

Both collect many lists: the data sets that name a ship are in ``programme``, after the risk topics. Neither gives a
listing date. A FollowTheMoney file is read line by line, so its size does not matter. Its ``deregistrationDate`` does
not name a flag, so that is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from streams.reference.entry import Entries, Stated
from streams.reference.ftm_owners import FtmOwners
from streams.reference.list_cells import RefusedRow
from streams.reference.table import headed

LIST: Final = "OpenSanctions"
COLUMNS: Final = {
    "type": "type",
    "caption": "name",
    "imo": "imo",
    "risk": "risk",
    "flag": "flag",
    "mmsi": "mmsi",
    "id": "id",
    "datasets": "datasets",
    "aliases": "aliases",
}
_LINE_MOST: Final = 4 << 20
_VESSEL: Final = b'"Vessel"'
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def read_maritime(text: str, delimiter: str, found: Entries) -> None:
    """Reads the maritime CSV into ``found``."""
    for line, row in headed(text, found.refused, names=COLUMNS, delimiter=delimiter):
        if row.get("type", "").strip().upper() != "VESSEL":
            found.passed_over += 1
            continue
        found.take(
            Stated(
                list=LIST,
                line=line,
                entry_id=row.get("id", ""),
                names=(row.get("name", ""), *_split(row.get("aliases", ""))),
                imos=_split(row.get("imo", "")),
                mmsis=_split(row.get("mmsi", "")),
                flags=_split(row.get("flag", "")),
                topics=_split(row.get("risk", "")),
                programme=", ".join([*_split(row.get("risk", "")), *_split(row.get("datasets", ""))])[:500],
            )
        )


def _split(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


class _Entity(msgspec.Struct, frozen=True):
    """A FollowTheMoney entity, as far as it matters here."""

    id: str
    schema: str
    caption: str = ""
    properties: dict[str, list[Any]] = {}
    datasets: list[str] = []


def read_ftm(chunks: Iterable[bytes], found: Entries) -> None:
    """Reads FollowTheMoney JSON lines into ``found``, with memory only for its ships, names of owners and one line."""
    owners = FtmOwners()
    _read_entities(chunks, found, owners)
    found.ships = {key: owners.named(ship) for key, ship in found.ships.items()}
    if owners.left_out:
        reason = f"{owners.left_out} names of companies or ownerships were not kept: some owners are known by id only"
        found.doubts.append(RefusedRow(line=0, reason=reason))


def _read_entities(chunks: Iterable[bytes], found: Entries, owners: FtmOwners) -> None:
    decoder = msgspec.json.Decoder(_Entity)
    for line, raw in _lines(chunks):
        if line == 1 and raw is not None and raw.startswith(_UTF_16):
            found.refuse(0, "UTF-16, but FollowTheMoney is UTF-8: nothing was read")
            return
        if raw is None:
            found.refuse(line, f"longer than {_LINE_MOST} bytes")
        elif _VESSEL not in raw:
            found.passed_over += bool(raw.strip())
            owners.take_other(raw)
        else:
            try:
                entity = decoder.decode(raw)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                found.refuse(line, f"not an entity: {error}")
                continue
            if entity.schema == "Vessel":
                owners.take_vessel(entity.id, entity.properties)
                found.take(_stated(line, entity))
            else:
                found.passed_over += 1
                owners.take_other(raw)


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their numbers; None for one that is too long, which is never held completely."""
    number, held, overlong = 1, b"", False
    for chunk in chunks:
        *whole, held = (held + chunk).split(b"\n")
        for raw in whole:
            yield number, None if overlong or len(raw) > _LINE_MOST else raw
            number, overlong = number + 1, False
        if len(held) > _LINE_MOST:
            held, overlong = b"", True
    if held or overlong:
        yield number, None if overlong else held


def _stated(line: int, entity: _Entity) -> Stated:
    def texts(name: str) -> tuple[str, ...]:
        return tuple(value for value in entity.properties.get(name, []) if isinstance(value, str))

    def first(name: str) -> str:
        return next(iter(texts(name)), "")

    return Stated(
        list=LIST,
        line=line,
        entry_id=entity.id,
        names=(entity.caption, *texts("name"), *texts("previousName"), *texts("alias"), *texts("weakAlias")),
        imos=texts("imoNumber"),
        mmsis=texts("mmsi"),
        call_signs=texts("callSign"),
        flags=(*(texts("flag") or ("",)), *texts("pastFlags")),
        ship_type=first("type"),
        tonnage_gt=first("grossRegisteredTonnage") or first("tonnage"),
        deadweight_t=first("deadweightTonnage"),
        deregistered_on=max(texts("deregistrationDate"), default=""),
        built=first("buildDate"),
        topics=texts("topics"),
        programme=", ".join([*texts("topics"), *entity.datasets])[:500],
    )
