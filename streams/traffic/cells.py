"""Where vessels were heard in the last day: cells of a fifth of a degree, for the whole globe."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

CELL_DEG: Final = 0.2
_ROWS, _COLUMNS = 900, 1800
_DAY_S: Final = 24 * 3600
_HOUR_S: Final = 3600
_HOURS_MOST: Final = 31
"""Bits are shifted by less than their number."""


class Heard(NamedTuple):
    """The cells heard in the last day, in columns."""

    south_deg: npt.NDArray[np.float64]
    west_deg: npt.NDArray[np.float64]
    age_s: npt.NDArray[np.int64]
    """How long ago it was heard last."""
    hours: npt.NDArray[np.int64]
    """In how many of the last 24 hours it was heard."""


class HeardCells:
    """For each cell when it was heard last, and one bit for each of the last 24 hours: 20 MB when all are in use."""

    def __init__(self) -> None:
        self._last_s = np.zeros(_ROWS * _COLUMNS, np.int64)
        self._hours = np.zeros(_ROWS * _COLUMNS, np.uint32)
        """Bit 0: the hour of ``_last_s``; bit n: n hours before."""

    def hear(
        self, lat_deg: npt.NDArray[np.float64], lon_deg: npt.NDArray[np.float64], time_s: npt.NDArray[np.int64]
    ) -> None:
        """Positions that were received, at their event time."""
        row = np.clip(((lat_deg + 90) / CELL_DEG).astype(np.int64), 0, _ROWS - 1)
        cell = row * _COLUMNS + ((lon_deg + 180) / CELL_DEG).astype(np.int64) % _COLUMNS
        hours = time_s // _HOUR_S
        for hour in np.unique(hours).tolist():  # nearly always one
            within = hours == hour
            self._hear(cell[within], time_s[within])

    def _hear(self, cell: npt.NDArray[np.int64], time_s: npt.NDArray[np.int64]) -> None:
        """Cells heard within one hour."""
        cells, which = np.unique(cell, return_inverse=True)
        newest_s = self._last_s[cells]
        np.maximum.at(newest_s, which, time_s)
        passed = np.minimum(newest_s // _HOUR_S - self._last_s[cells] // _HOUR_S, _HOURS_MOST).astype(np.uint32)
        self._hours[cells] = np.where(passed == _HOURS_MOST, 0, self._hours[cells] << passed) | 1
        self._last_s[cells] = newest_s

    def heard(self, now_s: int) -> Heard:
        """Those of the day before ``now_s``."""
        cells = np.flatnonzero(self._last_s > max(0, now_s - _DAY_S))
        last_s = self._last_s[cells]
        passed = np.clip(now_s // _HOUR_S - last_s // _HOUR_S, 0, _HOURS_MOST).astype(np.uint32)
        bits = (self._hours[cells] << passed) & np.uint32((1 << 24) - 1)
        hours = np.unpackbits(bits.view(np.uint8).reshape(-1, 4), axis=1).sum(axis=1).astype(np.int64)
        return Heard(
            np.round(cells // _COLUMNS * CELL_DEG - 90, 1),
            np.round(cells % _COLUMNS * CELL_DEG - 180, 1),
            np.maximum(now_s - last_s, 0),
            hours,
        )
