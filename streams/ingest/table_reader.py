"""How the rows of a table are read: in columns with polars (the extra ``tables``), without it one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from streams.ingest.framing import Framer
from streams.ingest.tables import Rows, UnreadableRow

Piece = bytes | UnreadableRow
"""Lines with their ends, or one row that cannot be read."""


class TableReader(Protocol):
    """Turns whole lines of a table into sentences."""

    def take(self, block: bytes) -> Iterator[Piece]:
        """The sentences, in order."""
        ...


class _RowByRow:
    """The reference."""

    def __init__(self, rows: Rows, limit: int) -> None:
        self._rows, self._framer = rows, Framer(limit)

    def take(self, block: bytes) -> Iterator[Piece]:
        out: list[bytes] = []
        for line in self._framer.feed(block):
            made = self._rows.take(line)
            if isinstance(made[0], UnreadableRow):
                yield from (b"\n".join([*out, b""]), made[0])
                out = []
            else:
                out += made
        yield b"\n".join([*out, b""])


def table_reader(rows: Rows, limit: int) -> TableReader:
    """The fastest reader that is installed. Lines longer than ``limit`` bytes are cut to one more."""
    try:
        from streams.ingest.table_blocks import TableBlocks
    except ModuleNotFoundError:
        return _RowByRow(rows, limit)
    return TableBlocks(rows, limit)
