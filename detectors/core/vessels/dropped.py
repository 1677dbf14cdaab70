"""Vessels that a full fleet has dropped: their stated identities, so that a position alone identifies them again.

A vessel states an IMO number every six minutes and a position every ten seconds, so a ship that transmits for minutes
after a month may send only positions. While the fleet holds it, its statements are in its row. After it is dropped, 72
bytes per vessel stay, for a limited number of vessels. If there are more, those kept are vessels that are listed now,
then those known for long, then proven ones, then those heard last: invented ones are removed first. A vessel that is
heard again gets its identity back, with the age of its statements and the time of its last report, so that its silence
is known too.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.vessels.columns import Column, Column_, Columns, Rows, field
from detectors.core.vessels.index import ABSENT, MmsiIndex
from detectors.core.vessels.table import Block, Table

OWNER: Final = "dropped"
_KEPT: Final = (
    "imo",
    "bound_ms",
    "bound_by",
    "name",
    "call_sign",
    "ship_type",
    "length_m",
    "first_ms",
    "last_ms",
    "reports",
)
_COLUMNS: Final = (
    Column("mmsi", "<u4"),
    Column("imo", "<u4"),
    Column("bound_ms", "<i8"),
    Column("first_ms", "<i8"),
    Column("last_ms", "<i8"),
    Column("reports", "<u4"),
    Column("ship_type", "<i2"),
    Column("length_m", "<i2"),
    Column("name", "S20"),
    Column("call_sign", "S7"),
    Column("bound_by", "u1"),
    Column("listed", "?"),
)
_FIRST_SIZE: Final = 512
_PROVEN_BIT, _LONG_KNOWN_BIT, _LISTED_BIT = 1 << 56, 1 << 57, 1 << 58  # above any event time in ms


class DroppedRules(NamedTuple):
    """How many are kept, and which are more valuable."""

    most: int
    proven: int
    """Number of reports from which on a vessel is not considered invented."""
    long_known_ms: int


class DroppedVessels:
    """Slots are never freed, only overwritten."""

    def __init__(self) -> None:
        self.table = Table([(OWNER, column) for column in _COLUMNS])
        self.size = 0
        self._index = MmsiIndex()

    def __len__(self) -> int:
        return self.size

    def column(self, name: str) -> Column_:
        """A view of one column, one value per vessel."""
        return self.table.records[field(OWNER, name)][: self.size]

    def keep(self, core: Columns, rows: Rows, worth: DroppedRules) -> Rows:
        """Keeps the ``rows`` that stated an IMO number. Returns the slots that were written."""
        rows = rows[core.imo[rows] > 0]
        block = self.table.blanks(len(rows))
        for name in ("mmsi", *_KEPT):
            block[field(OWNER, name)] = getattr(core, name)[rows]
        slots = self._index.find(core.mmsi[rows])
        known, new = slots != ABSENT, np.flatnonzero(slots == ABSENT)
        block[field(OWNER, "listed")][known] = self.column("listed")[slots[known]]
        self.table.put(slots[known], block[known])
        slots[new] = np.arange(self.size, self.size + len(new))
        self._grow(self.size + len(new))
        self.table.put(slots[new], block[new])
        if self.size > worth.most:
            return self._best(worth)
        self._index.add(core.mmsi[rows[new]], slots[new])
        return slots

    def _best(self, rules: DroppedRules) -> Rows:
        """The most valuable ones; equal ones by MMSI, because slots depend on how batches were cut."""
        last_ms = self.column("last_ms")
        worth = last_ms + _LONG_KNOWN_BIT * (last_ms - self.column("first_ms") > rules.long_known_ms)
        worth = worth + _LISTED_BIT * self.column("listed") + _PROVEN_BIT * (self.column("reports") >= rules.proven)
        order = np.lexsort((self.column("mmsi"), -worth))
        self.adopt(self.table.take(order[: rules.most]))
        return np.arange(self.size)

    def recall(self, core: Columns, rows: Rows) -> Rows:
        """Restores those of the newly admitted ``rows`` that were once dropped. Returns them."""
        if not self.size:
            return rows[:0]
        slots = self._index.find(core.mmsi[rows])
        found = slots != ABSENT
        rows, slots = rows[found], slots[found]
        for name in _KEPT:
            getattr(core, name)[rows] = self.column(name)[slots]
        core.appeared_ms[rows] = core.last_ms[rows]
        return rows

    def mark(self, mmsis: npt.NDArray[np.uint32], imos: npt.NDArray[np.uint32]) -> Rows:
        """Marks the vessels with numbers on the list now in force. Returns the slots whose mark changed."""
        listed = np.isin(self.column("mmsi"), mmsis) | np.isin(self.column("imo"), imos)
        changed = np.flatnonzero(listed != self.column("listed"))
        self.column("listed")[:] = listed
        return changed

    def adopt(self, block: Block) -> None:
        """Replaces the contents by these."""
        self._grow(len(block))
        self.size = len(block)
        self.table.fill(block)
        self._index.rebuild(self.column("mmsi").astype(np.uint32), np.arange(self.size))

    def _grow(self, size: int) -> None:
        if size > len(self.table.records):
            self.table.reserve(max(_FIRST_SIZE, 2 * size))
        self.size = size
