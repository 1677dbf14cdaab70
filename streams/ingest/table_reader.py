"""How the rows of a table are read: in columns with polars (the extra ``tables``), without it one by one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from streams.ingest.framing import Framer
from streams.ingest.leading_times import NO_TIME, leading_times
from streams.ingest.scan import ScannedLines
from streams.ingest.stamps import StampError
from streams.ingest.table_columns import TableLayout, cells_of, text_of
from streams.ingest.table_lines import TableLines
from streams.ingest.tables import Rows, UnreadableRow

Ints = npt.NDArray[np.int64]


class WrittenLines(NamedTuple):
    """Sentences in one line each, all of one length and one station."""

    text: bytes
    """The lines with their ends."""
    scanned: ScannedLines
    """What ``scan`` would return for the text between PADs."""


Piece = bytes | WrittenLines | UnreadableRow
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


def times_of(lines: TableLines, numbers: Ints, layout: TableLayout, rows: Rows) -> Ints:
    """The times in ms of ordinary lines, given by their numbers; -1 where there is none that can be read."""
    found = leading_times(lines, numbers, layout, rows)
    if found is not None:
        return found
    try:
        from streams.ingest.table_values import times_in
    except ModuleNotFoundError:
        return np.array([_time_of(lines.line(number), layout, rows) for number in numbers.tolist()], np.int64)
    return times_in(lines.joined(numbers), layout, len(numbers), rows)


def _time_of(line: bytes, layout: TableLayout, rows: Rows) -> int:
    try:
        return rows.time_ms(cells_of(text_of(line), layout.separator)[layout.places["time"].number])
    except (StampError, LookupError, csv.Error):
        return NO_TIME
