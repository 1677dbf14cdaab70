"""Reports that arrive after their slot has closed.

A late report does not change its slot, because others that were missed in it have been judged. But the silence of its
vessel is shorter than assumed, and its lost opportunities must be counted again. This waits for the first block that
begins after all slots that were over when the report arrived: a fixed point of the log, independent of batches.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.slot_blocks import Rows

BELATED: Final = np.dtype([("row", "<i4"), ("slot", "<i4"), ("over", "<i4")])
"""Row, slot, and the first slot that was not over when the report arrived."""
_LEAST_JOINED: Final = 1024

Ints = npt.NDArray[np.int64]


class LateReports:
    """The late reports of one partition that wait for their block."""

    def __init__(self) -> None:
        self._waiting: npt.NDArray[np.void] = np.zeros(0, BELATED)
        self._join_at = _LEAST_JOINED

    def note(self, rows: Rows, slots: Ints, over: Ints) -> None:
        """Adds late reports."""
        fresh = np.zeros(len(rows), BELATED)
        fresh["row"], fresh["slot"], fresh["over"] = rows, slots, over
        self._waiting = np.concatenate([self._waiting, fresh])
        if len(self._waiting) > self._join_at:
            self._waiting = np.unique(self._waiting)
            self._join_at = max(_LEAST_JOINED, 2 * len(self._waiting))

    def take(self, first: int) -> tuple[Rows, Ints]:
        """Removes those whose block begins at slot ``first``: distinct rows, ascending, and the last slot of each."""
        if not len(self._waiting):
            return np.zeros(0, np.intp), np.zeros(0, np.int64)
        now = self._waiting["over"] <= first
        mine, self._waiting = np.sort(self._waiting[now], order=("row", "slot")), self._waiting[~now]
        newest = mine[np.flatnonzero(np.diff(mine["row"], append=-1) != 0)]
        return newest["row"].astype(np.intp), newest["slot"].astype(np.int64)

    def forget(self, rows: Rows) -> None:
        """Removes everything about these rows."""
        if len(self._waiting):
            self._waiting = self._waiting[~np.isin(self._waiting["row"], rows)]

    def tobytes(self) -> bytes:
        """All waiting late reports as bytes."""
        return np.unique(self._waiting).tobytes()

    def restore(self, data: bytes) -> None:
        """The reverse of ``tobytes``."""
        self._waiting = np.frombuffer(data, BELATED).copy()
