"""What is made of a reference: made once for all that share it, however many detectors and partitions ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from detectors.core.reference import Reference

Made = TypeVar("Made")
KEPT: Final = 3
"""References whose product is kept: a process's own, the one in force, and the one before it, which other partitions
may still have. A product holds its reference in memory, 20 MB for a list of 20,000 ships."""


class Once(Generic[Made]):
    """``make`` of a reference, called at the first asking."""

    def __init__(self, make: Callable[[Reference], Made]) -> None:
        self._make = make
        self._made: list[tuple[Reference, Made]] = []

    def __call__(self, reference: Reference) -> Made:
        """What is made of ``reference``, given by its identity: comparing two of 50,000 entries costs more."""
        for known, made in self._made:
            if known is reference:
                return made
        made = self._make(reference)
        self._made.append((reference, made))
        del self._made[:-KEPT]
        return made
