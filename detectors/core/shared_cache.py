"""Caches objects derived from a reference: made once for all detectors and partitions that share it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from detectors.core.reference import Reference

Made = TypeVar("Made")
KEPT: Final = 3
"""Number of references with a kept product: a process's own, the one in force, and the one before it, which other
partitions may still have. A product keeps its reference in memory, 20 MB for a list of 20,000 ships."""


class Once(Generic[Made]):
    """The result of ``make`` for a reference, made at the first call."""

    def __init__(self, make: Callable[[Reference], Made]) -> None:
        self._make = make
        self._made: list[tuple[Reference, Made]] = []

    def __call__(self, reference: Reference) -> Made:
        """The product of ``reference``, found by its identity: comparing two of 50,000 entries costs more."""
        for known, made in self._made:
            if known is reference:
                return made
        made = self._make(reference)
        self._made.append((reference, made))
        del self._made[:-KEPT]
        return made
