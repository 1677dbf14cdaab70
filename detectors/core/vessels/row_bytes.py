"""Packed bytes that only some vessels have, by row: vessels without them use no memory.

They are stored in the vessel's shard, and dropped with the vessel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable


class RowBytesError(ValueError):
    """Bytes that no version up to this one wrote."""


class RowBytes(ABC):
    """Base class of what is packed for some vessels of one fleet."""

    def __init__(self) -> None:
        self._held: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, row: int) -> bool:
        return row in self._held

    def forget(self, rows: Iterable[int]) -> None:
        """Removes those of ``rows``."""
        for row in rows:
            self._held.pop(row, None)

    def within(self, rows: range) -> list[tuple[int, bytes]]:
        """Those of ``rows``, in their order; for a snapshot."""
        found = rows if len(rows) < len(self._held) else sorted(row for row in self._held if row in rows)
        return [(row, self._held[row]) for row in found if row in self._held]

    def restore(self, held: Iterable[tuple[int, bytes]]) -> None:
        """Loads what ``within`` returned. Raises RowBytesError."""
        for row, packed in held:
            self._check(packed)
            self._held[row] = packed

    @abstractmethod
    def _check(self, packed: bytes) -> None:
        """Raises RowBytesError if these bytes cannot be unpacked."""
