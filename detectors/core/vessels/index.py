"""Maps MMSIs to rows, a batch at a time: open addressing in one numpy array.

A dict costs 60-100 ns, about 130 bytes per vessel, and a Python step per sentence; this costs 10-20 ns and 16-32 bytes.
A slot has MMSI and row in one word, so that a lookup is one cache line.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

ABSENT: Final = -1
_FIRST_BITS: Final = 10
_KNUTH: Final = np.uint64(2_654_435_761)
_WORD: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)
_ONE: Final = np.uint64(1)

Rows = npt.NDArray[np.intp]
Mmsis = npt.NDArray[np.uint32]
_Words = npt.NDArray[np.uint64]


class MmsiIndex:
    """At most half of the slots are in use. A key is the MMSI plus one, so that MMSI 0 differs from a free slot."""

    def __init__(self) -> None:
        self._slots: _Words = np.zeros(1 << _FIRST_BITS, np.uint64)
        self._taken = 0

    def __len__(self) -> int:
        return self._taken

    def find(self, mmsis: Mmsis) -> Rows:
        """The row of each MMSI, ABSENT if there is none."""
        keys = mmsis.astype(np.uint64) + _ONE
        at = self._home(keys)
        slots = self._slots[at]
        rows = (slots & _WORD).astype(np.intp)
        rows[slots == 0] = ABSENT
        astray = np.flatnonzero((slots >> _HALF != keys) & (slots != 0))
        while len(astray):
            at[astray] = (at[astray] + 1) & (len(self._slots) - 1)
            slots = self._slots[at[astray]]
            rows[astray] = np.where(slots == 0, ABSENT, (slots & _WORD).astype(np.intp))
            astray = astray[(slots >> _HALF != keys[astray]) & (slots != 0)]
        return rows

    def add(self, mmsis: Mmsis, rows: Rows) -> None:
        """Enters MMSIs that are absent, each once."""
        self._taken += len(mmsis)
        if 2 * self._taken > len(self._slots):
            held = self._slots[self._slots != 0]
            self._slots = np.zeros(1 << (2 * self._taken - 1).bit_length() + 1, np.uint64)
            self._put(held)
        self._put(mmsis.astype(np.uint64) + _ONE << _HALF | rows.astype(np.uint64))

    def rebuild(self, mmsis: Mmsis, rows: Rows) -> None:
        """Replaces all by these."""
        self._slots = np.zeros(1 << max(_FIRST_BITS, (2 * len(mmsis)).bit_length() + 1), np.uint64)
        self._taken = 0
        self.add(mmsis, rows)

    def _put(self, entries: _Words) -> None:
        at = self._home(entries >> _HALF)
        while len(entries):
            free = self._slots[at] == 0
            self._slots[at[free]] = entries[free]  # of several that want one slot the last has it
            left = self._slots[at] != entries
            entries, at = entries[left], (at[left] + 1) & (len(self._slots) - 1)

    def _home(self, keys: _Words) -> Rows:
        shift = np.uint64(32 - (len(self._slots).bit_length() - 1))
        return ((keys * _KNUTH & _WORD) >> shift).astype(np.intp)
