"""Tables of the fleet as bytes: their columns as they were when written, and their records in the present layout.

A table with the same columns is copied as a whole. Otherwise columns are mapped by owner and name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from detectors.core.vessels.columns import Column_, field
from detectors.core.vessels.table import Block, Table


class SnapshotError(ValueError):
    """A snapshot that cannot be used; the message gives the reason."""


class ColumnHead(msgspec.Struct, frozen=True):
    """A column as it was when written."""

    owner: str
    name: str
    dtype: str
    version: int
    offset: int
    """Where it begins in a record."""


class TableHead(msgspec.Struct, frozen=True):
    """A table as it was when written."""

    record_bytes: int
    columns: list[ColumnHead]


def head_of(table: Table) -> TableHead:
    """The columns of a table as they are now."""
    places: Mapping[str, tuple[Any, ...]] = table.kind.fields or {}
    columns = [
        ColumnHead(owner, c.name, c.dtype, c.version, places[field(owner, c.name)][1]) for owner, c in table.owned
    ]
    return TableHead(table.kind.itemsize, columns)


def records_of(table: Table, heads: Sequence[TableHead], rows: int, stored: list[bytes]) -> Block:
    """The shards' records in a table's own layout. Raises SnapshotError if they are incomplete, or need a migration."""
    mine = head_of(table)
    for was, content in zip(heads, stored, strict=True):
        if len(content) != rows * was.record_bytes:
            raise SnapshotError(f"snapshot torn: {len(content)} bytes for {rows} rows of {was.record_bytes}")
        if was == mine:
            return np.frombuffer(content, table.kind)
    known = {
        (c.owner, c.name): (c, was.record_bytes, content)
        for was, content in zip(heads, stored, strict=True)
        for c in was.columns
    }
    records = table.blanks(rows)
    for column in mine.columns:
        found = known.get((column.owner, column.name))
        if found is not None:  # otherwise it is a new column, and keeps its default
            records[field(column.owner, column.name)] = _values(column, *found)
    return records


def _values(column: ColumnHead, was: ColumnHead, record_bytes: int, content: bytes) -> Column_:
    if (was.dtype, was.version) != (column.dtype, column.version):
        raise SnapshotError(
            f"column {column.owner}.{column.name} is {column.dtype} v{column.version}, "
            f"the snapshot has {was.dtype} v{was.version}: it needs a migration"
        )
    kind = np.dtype({"names": ["it"], "formats": [was.dtype], "offsets": [was.offset], "itemsize": record_bytes})
    found: Column_ = np.frombuffer(content, kind)["it"]
    return found


def reject_unknown(mine: Iterable[TableHead], stored: Iterable[TableHead]) -> None:
    """Raises SnapshotError if a newer version wrote columns of an owner that is known here."""
    known = {(column.owner, column.name) for table in mine for column in table.columns}
    owners = {owner for owner, _ in known}
    for column in (column for table in stored for column in table.columns):
        if column.owner in owners and (column.owner, column.name) not in known:
            raise SnapshotError(
                f"column {column.owner}.{column.name} of the snapshot is unknown here: run the version that wrote it"
            )
