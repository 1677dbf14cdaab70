"""The state of all vessels of one partition: columns, an index by MMSI, and the alerts that are open."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.columns import CORE, DUE, Column, Columns

SHARD_ROWS: Final = 512
_FIRST_SIZE: Final = 1024

Rows = npt.NDArray[np.intp]


class Fleet:
    """Rows are never moved: row r of a vessel is its row for as long as it is held."""

    def __init__(self, detectors: dict[str, tuple[Column, ...]]) -> None:
        self.core = Columns(CORE, _FIRST_SIZE)
        self.detectors = {name: Columns((DUE, *spec), _FIRST_SIZE) for name, spec in detectors.items()}
        self.size = 0
        self.index: dict[int, int] = {}
        self.open: dict[int, dict[tuple[str, str], Alert]] = {}
        """Open alerts by row (-1 - n for source n), then by (detector, key)."""
        self.dirty = np.zeros(_FIRST_SIZE // SHARD_ROWS, bool)

    def rows_of(self, mmsis: npt.NDArray[np.uint32]) -> Rows:
        """The row of each MMSI, made when new. Shape as ``mmsis``."""
        get = self.index.get
        wanted = mmsis.tolist()
        rows = np.fromiter((get(m, -1) for m in wanted), np.intp, len(wanted))
        for i in np.flatnonzero(rows < 0).tolist():
            rows[i] = self._row(wanted[i])
        return rows

    def _row(self, mmsi: int) -> int:
        row = self.index.get(mmsi)
        if row is None:
            row = self.size
            if row == len(self.core.mmsi):
                self.reserve(row + 1)
            self.size, self.index[mmsi] = row + 1, row
            self.core.mmsi[row] = mmsi
        return row

    def reserve(self, size: int) -> None:
        """Makes room for ``size`` rows, at least doubling."""
        size = max(size, 2 * len(self.core.mmsi))
        size = -(-size // SHARD_ROWS) * SHARD_ROWS
        self.core.grow(size)
        for columns in self.detectors.values():
            columns.grow(size)
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
