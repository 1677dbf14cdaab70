"""Per-vessel columns in separate arrays, outside the fleet's records: for values read for all vessels at once.

A closing slot reads about twenty columns of every vessel. In the fleet's records each would touch all cache lines of
the table (200,000 vessels: 5 ms per column); in separate arrays it takes 0.1 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.core.vessels.columns import Column

Rows = npt.NDArray[np.intp]


class ReceptionColumns:
    """One array per column, all of the same length (``len``); read and written as attributes."""

    def __init__(self, spec: Sequence[Column], size: int = 0) -> None:
        self._spec = tuple(spec)
        self._size = 0
        self.grow(size)

    def __len__(self) -> int:
        return self._size

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        raise AttributeError(f"no column {name!r}")

    def grow(self, size: int) -> None:
        """Extends to ``size`` rows; new rows have the defaults."""
        for column in self._spec:
            kind = np.dtype(column.dtype)
            fresh = np.full((size, *kind.shape), column.default, kind.base)
            fresh[: self._size] = self.__dict__.get(column.name, fresh[:0])
            setattr(self, column.name, fresh)
        self._size = size

    def forget(self, rows: Rows) -> None:
        """Resets rows to their defaults."""
        for column in self._spec:
            getattr(self, column.name)[rows] = column.default

    def cut(self, start: int, stop: int) -> bytes:
        """Rows [start, stop) as bytes, column after column."""
        return b"".join(getattr(self, column.name)[start:stop].tobytes() for column in self._spec)

    @property
    def spec(self) -> list[tuple[str, str]]:
        """Name and dtype of each column, in the order of ``cut``."""
        return [(column.name, column.dtype) for column in self._spec]

    def paste(self, start: int, stop: int, data: bytes, spec: Sequence[tuple[str, str]]) -> None:
        """Loads what ``cut`` returned for a table of that ``spec``, by name: a new column keeps its default.

        Raises ValueError if the bytes have another number of rows, or a column has another type now.
        """
        mine, at = dict(self.spec), 0
        for name, dtype in spec:
            if mine.get(name, dtype) != dtype:
                raise ValueError(f"coverage has {name} as {mine[name]}, the snapshot as {dtype}")
            kind = np.dtype(dtype)
            part = data[at : at + (stop - start) * kind.itemsize]
            at += len(part)
            if name in mine:
                getattr(self, name)[start:stop] = np.frombuffer(part, kind)
        if at != len(data) or at != (stop - start) * sum(np.dtype(dtype).itemsize for _, dtype in spec):
            raise ValueError(f"{len(data)} bytes of coverage for {stop - start} rows")
