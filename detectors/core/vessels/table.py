"""Records of some columns, one per row, read and written as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.vessels.columns import Column, Column_, Rows, field

_WORD_BYTES: Final = 8
Block = npt.NDArray[np.void]
Owned = tuple[str, Column]


@cache
def layout(owned: tuple[Owned, ...]) -> np.dtype[np.void]:
    """The record: widest columns first, so that every value is aligned without gaps."""
    parts = [(field(owner, column.name), np.dtype(column.dtype)) for owner, column in owned]
    parts.sort(key=lambda part: -part[1].base.alignment)
    offsets = np.cumsum([0, *(kind.itemsize for _, kind in parts)]).tolist()
    return np.dtype(
        {
            "names": [name for name, _ in parts],
            "formats": [kind for _, kind in parts],
            "offsets": offsets[:-1],
            "itemsize": -(-offsets[-1] // _WORD_BYTES) * _WORD_BYTES,
        }
    )


class Table:
    """Rows of one layout. ``records`` is recreated when rows are added: do not keep a view of it over that.

    Records are copied as words, ten times faster than numpy's copy of a structure field by field.
    """

    def __init__(self, owned: Sequence[Owned]) -> None:
        self.owned = tuple(owned)
        self.kind = layout(self.owned)
        blank = np.zeros(1, self.kind)
        for owner, column in owned:
            if column.default:
                blank[field(owner, column.name)] = column.default
        self._blank = blank.view(np.uint64)
        self._use(np.zeros(0, self.kind))

    def _use(self, records: Block) -> None:
        self.records = records
        self._words = self._as_words(records)

    def _as_words(self, records: Block) -> npt.NDArray[np.uint64]:
        return records.view(np.uint64).reshape(len(records), self.kind.itemsize // _WORD_BYTES)

    def reserve(self, size: int) -> None:
        """Extends it to ``size`` rows. Unused memory is not touched, and so costs nothing."""
        records = np.empty(size, self.kind)
        self._as_words(records)[: len(self._words)] = self._words
        self._use(records)

    def clear(self, rows: Rows) -> None:
        """Sets every column of these rows to its default."""
        self._words[rows] = self._blank

    def blanks(self, count: int) -> Block:
        """Records in which every column has its default."""
        return np.repeat(self._blank.reshape(1, -1), count, axis=0).view(self.kind).reshape(count)

    def take(self, rows: Rows) -> Block:
        """A copy of the records of some rows."""
        return self._words.take(rows, axis=0).view(self.kind).reshape(len(rows))

    def put(self, rows: Rows, block: Block) -> None:
        """Writes records; ``rows`` are distinct."""
        self._words[rows] = self._as_words(block)

    def fill(self, block: Block) -> None:
        """Writes the first records."""
        self._words[: len(block)] = self._as_words(block)

    def column(self, owner: str, name: str) -> Column_ | None:
        """A view of one column; None if it is not here."""
        name = field(owner, name)
        return self.records[name] if name in (self.kind.names or ()) else None
