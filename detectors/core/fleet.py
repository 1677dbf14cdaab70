"""The state of all vessels of one partition: columns, an index by MMSI, and the alerts that are open."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.columns import CORE, CORE_OWNER, OF_EVERY_DETECTOR, Column, Rows, Stored, blank, layout
from detectors.core.index import ABSENT, MmsiIndex

SHARD_ROWS: Final = 512
_FIRST_SIZE: Final = 1024

Block = npt.NDArray[np.void]


class Fleet:
    """Rows are never moved: row r of a vessel is its row for as long as it is held.

    ``table`` has one record a vessel, ``core`` and ``detectors`` are views of its columns; all three are made anew
    when rows are added, so hold none of them over a step.
    """

    def __init__(self, detectors: dict[str, tuple[Column, ...]]) -> None:
        self.owned = [(CORE_OWNER, column) for column in CORE] + [
            (name, column) for name, spec in detectors.items() for column in (*OF_EVERY_DETECTOR, *spec)
        ]
        self._names = list(detectors)
        self.kind = layout(self.owned)
        self._blank = blank(self.kind, self.owned)
        self.size = 0
        self.index = MmsiIndex()
        self.open: dict[int, dict[tuple[str, str], Alert]] = {}
        """Open alerts by row (-1 - n for source n), then by (detector, key)."""
        self.dirty = np.zeros(0, bool)
        self._use(np.zeros(0, self.kind))
        self.reserve(_FIRST_SIZE)

    def _use(self, table: Block) -> None:
        self.table = table
        self._words = table.view(np.uint64).reshape(len(table), self.kind.itemsize // 8)
        self.core = Stored(CORE_OWNER, table)
        self.detectors = {name: Stored(name, table) for name in self._names}

    def rows_of(self, mmsis: npt.NDArray[np.uint32]) -> Rows:
        """The row of each MMSI, made when new. Shape as ``mmsis``."""
        rows = self.index.find(mmsis)
        if len(rows) and rows.min() == ABSENT:
            self._admit(np.unique(mmsis[rows == ABSENT]))
            rows = self.index.find(mmsis)
        return rows

    def _admit(self, mmsis: npt.NDArray[np.uint32]) -> None:
        rows = np.arange(self.size, self.size + len(mmsis))
        self.size += len(mmsis)
        if self.size > len(self.table):
            self.reserve(self.size)
        self._words[rows] = self._blank.view(np.uint64)
        self.core.mmsi[rows] = mmsis
        self.index.add(mmsis, rows)

    def adopt(self, records: Block) -> None:
        """Fills an empty fleet."""
        self.size = len(records)
        if self.size > len(self.table):
            self.reserve(self.size)
        self.table.view(np.uint64)[: records.nbytes // 8] = records.view(np.uint64)
        self.index.rebuild(self.core.mmsi[: self.size], np.arange(self.size))

    def blanks(self, count: int) -> Block:
        """Records in which every column has its default."""
        return np.repeat(self._blank.view(np.uint64).reshape(1, -1), count, axis=0).view(self.kind).reshape(count)

    def block(self, rows: Rows) -> Block:
        """A copy of the records of some rows; one copy of neighbouring bytes each."""
        return self._words.take(rows, axis=0).view(self.kind).reshape(len(rows))

    def put(self, rows: Rows, block: Block) -> None:
        """Writes whole records; ``rows`` are distinct."""
        self._words[rows] = np.ascontiguousarray(block).view(np.uint64).reshape(len(block), -1)

    def reserve(self, size: int) -> None:
        """Makes room for ``size`` rows, at least doubling; what is not yet in use is not touched and costs nothing."""
        size = max(size, 2 * len(self.table))
        size = -(-size // SHARD_ROWS) * SHARD_ROWS
        table = np.empty(size, self.kind)
        table.view(np.uint64)[: self._words.size] = self._words.ravel()
        self._use(table)
        self.dirty = np.append(self.dirty, np.zeros(size // SHARD_ROWS - len(self.dirty), bool))

    def touch(self, rows: Rows) -> None:
        """Marks the shards of ``rows`` as changed."""
        self.dirty[rows // SHARD_ROWS] = True

    def shards(self) -> int:
        """How many shards the rows fill."""
        return -(-self.size // SHARD_ROWS)

    def open_of(self, row: int) -> dict[tuple[str, str], Alert]:
        """The open alerts of a row (read only)."""
        return self.open.get(row, {})
