"""Schedules rows: a timing wheel with one slot per step.

A row is in one slot, at or before the step at which a detector wants to check it. Most reports only move that step
later, and then the row stays where it is: it is found early about once an hour and moved to its right slot. So a report
costs one comparison, a tick costs the contents of the passed slots, and there is no scan. (A heap or a sorted array
would move a row at each report; a scan of a million rows costs 5 ms a tick.)
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.units import NEVER_MS, STEP_MS

_NOWHERE: Final = np.int64(NEVER_MS // STEP_MS)

Rows = npt.NDArray[np.intp]
Times = npt.NDArray[np.int64]


class TimingWheel:
    """Rows by the step at which they are due. No row is lost: it comes out at its due step, or earlier."""

    def __init__(self) -> None:
        self._slot_of: Times = np.zeros(0, np.int64)
        self._slots: dict[int, list[Rows]] = {}
        self._order: list[int] = []

    def ask(self, rows: Rows, due_ms: Times) -> None:
        """Schedules each row to come out by ``due_ms`` (a step, or NEVER_MS). ``rows`` are distinct."""
        self._reserve(rows)
        slots = due_ms // STEP_MS
        sooner = np.flatnonzero(slots < self._slot_of[rows])
        if not len(sooner):
            return
        rows, slots = rows[sooner], slots[sooner]
        self._slot_of[rows] = slots
        order = np.argsort(slots, kind="stable")
        rows, slots = rows[order], slots[order]
        starts = np.flatnonzero(np.append(True, slots[1:] != slots[:-1]))
        for slot, part in zip(slots[starts].tolist(), np.split(rows, starts[1:]), strict=True):
            if slot not in self._slots:
                heapq.heappush(self._order, slot)
                self._slots[slot] = []
            self._slots[slot].append(part)

    def take(self, until_ms: int) -> Rows:
        """Removes and returns the rows that may be due at or before ``until_ms``, rising."""
        found: list[Rows] = []
        while self._order and self._order[0] * STEP_MS <= until_ms:
            slot = heapq.heappop(self._order)
            rows = np.concatenate(self._slots.pop(slot))
            found.append(rows[self._slot_of[rows] == slot])
        if not found:
            return np.zeros(0, np.intp)
        rows = np.unique(np.concatenate(found))
        self._slot_of[rows] = _NOWHERE
        return rows

    def _reserve(self, rows: Rows) -> None:
        size = int(rows.max(initial=-1)) + 1
        if size > len(self._slot_of):
            grown = np.full(max(size, 2 * len(self._slot_of)), _NOWHERE, np.int64)
            grown[: len(self._slot_of)] = self._slot_of
            self._slot_of = grown


class WaitingRows:
    """Rows that are due by the newest clock, and not yet by the clock of the sources that hear them.

    They wait by mask of sources, so a source that has stopped costs nothing for any number of vessels.
    """

    def __init__(self) -> None:
        self._rows: dict[int, list[Rows]] = {}
        self._due_ms: dict[int, int] = {}

    def put(self, rows: Rows, masks: npt.NDArray[np.uint64], due_ms: Times) -> None:
        """Makes rows wait until the clock of their mask has reached the earliest ``due_ms`` among them."""
        for mask in np.unique(masks).tolist():
            mine = masks == mask
            self._rows.setdefault(mask, []).append(rows[mine])
            self._due_ms[mask] = min(self._due_ms.get(mask, NEVER_MS), int(due_ms[mine].min()))

    def take(self, clock_of: Callable[[int], int]) -> list[Rows]:
        """The rows whose clock has come far enough; a row may come twice."""
        ready = [mask for mask, due_ms in self._due_ms.items() if due_ms <= clock_of(mask)]
        found: list[Rows] = []
        for mask in ready:
            del self._due_ms[mask]
            found += self._rows.pop(mask)
        return found
