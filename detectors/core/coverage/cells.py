"""Cells of the sea: a table of counts that grows as vessels reach new places.

Fine cells are 0.25 deg of latitude and about as wide; coarse cells contain 4 x 4 fine ones. Longitude is scaled per
band of latitude, so a cell has about the same width at 60 N as at the equator (15 nm and 60 nm). Cells of both sizes
are in one table, with different keys, so that one lookup serves both.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

FINE_DEG: Final = 0.25
COARSE_DEG: Final = 1.0
SLOTS_A_DAY: Final = 288
FORGET_DAYS: Final = 60
"""After this time the counts of a cell have faded to nothing (they halve in 33 h)."""
FINE, COARSE = 0, 1
"""Rows of spots."""
_BAND_BITS: Final = 12  # more than a circle of fine cells: key = band << _BAND_BITS | column
_COLUMN_BITS: Final = (1 << _BAND_BITS) - 1
_POLE_DEG: Final = 89.9
_CIRCLE_DEG, _HALF_DEG = 360.0, 180.0
NOBODY: Final = -1
"""The place of cells in which no vessel has been: the last."""

Keys = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int64]
"""The cells of places: shape (2, ...), row FINE and row COARSE."""
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


def _columns(size_deg: float) -> Floats:
    """Number of cells around the Earth in each band."""
    bands = np.arange(round(180.0 / size_deg) + 2)
    shrink = np.cos(np.radians((bands + 0.5) * size_deg - 90.0))
    return np.asarray(np.maximum(np.floor(360.0 / size_deg * np.maximum(shrink, 0.0)), 1.0))


_COLUMNS: Final = np.append(_columns(FINE_DEG), _columns(COARSE_DEG))
_FIRST: Final = len(_columns(FINE_DEG))  # band of the first coarse cells: behind the fine ones
COARSE_KEY: Final = _FIRST << _BAND_BITS
"""Keys of coarse cells begin here."""
_AROUND: Final = [(north, east) for north in (-1, 0, 1) for east in (-1, 0, 1)]
_NORTH: Final = np.array([[north] for north, _ in _AROUND], np.float64)
_EAST: Final = np.array([[east] for _, east in _AROUND], np.float64)


def spots_of(lat_deg: Floats, lon_deg: Floats) -> Spots:
    """The cells of places, which must be known; shape (2, *places). Longitude may exceed 180."""
    north, around = _north(lat_deg), _around(lon_deg)
    spots = np.empty((2, *north.shape), np.int64)
    band = (north / FINE_DEG).astype(np.int64)
    spots[FINE] = _key(band, around)
    spots[COARSE] = _key((band >> 2) + _FIRST, around)  # 4 x 4
    return spots


def fine_keys(lat_deg: Floats, lon_deg: Floats) -> Keys:
    """The fine cell of each place."""
    return _key((_north(lat_deg) / FINE_DEG).astype(np.int64), _around(lon_deg))


def _north(lat_deg: Floats) -> Floats:
    """Degrees from the south pole."""
    return np.asarray(np.minimum(np.maximum(lat_deg, -_POLE_DEG), _POLE_DEG) + 90.0)


def _around(lon_deg: Floats) -> Floats:
    """The fraction of a circle from the date line. (A division with remainder needs three times as long.)"""
    around = lon_deg + _HALF_DEG
    around -= _CIRCLE_DEG * np.floor(around / _CIRCLE_DEG)
    around /= _CIRCLE_DEG
    return np.asarray(around)


def _key(band: Keys, around: Floats) -> Keys:
    return np.asarray((band << _BAND_BITS) + (around * _COLUMNS[band]).astype(np.int64), np.int64)


def keys_around(keys: Keys) -> Keys:
    """The fine cells around each, including itself; shape (9, keys)."""
    band, column = keys >> _BAND_BITS, keys & _COLUMN_BITS
    wide = _CIRCLE_DEG / _COLUMNS[band]
    lat, lon = (band + 0.5) * FINE_DEG - 90.0, (column + 0.5) * wide - _HALF_DEG
    return fine_keys(lat + _NORTH * FINE_DEG, lon + _EAST * wide)


class StoredCells(msgspec.Struct, frozen=True, array_like=True):
    """Cells as bytes, little-endian."""

    slot: int
    keys: bytes
    """int64"""
    last: bytes
    """int32"""
    values: bytes
    """float32, column by column."""


class Cells:
    """Columns of counts: ``values`` has shape (width, cells + 1), float32. The last cell is unused and stays zero.

    A page per band of latitude in use gives the place of the counts of its cells: 16 KiB per band. Finding the cells of
    200,000 vessels takes 1 ms, instead of 11 ms with a binary search.
    """

    def __init__(self, width: int) -> None:
        self.keys: Keys = np.zeros(0, np.int64)
        """In the order in which cells were first used."""
        self.values: npt.NDArray[np.float32] = np.zeros((width, 1), np.float32)
        self.last: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        """The slot in which a vessel was last there."""
        self.slot = 0
        self._pages = np.full(_COLUMN_BITS + 1, NOBODY, np.int32)  # the first one is empty
        self._page_at = np.zeros(len(_COLUMNS), np.intp)  # where the page of each band begins

    def meet(self, keys: Keys) -> Places:
        """The place of each key; new keys are added with zero counts. Shape like ``keys``."""
        places = self.find(keys)
        unknown = places == NOBODY
        if unknown.any():
            self._add(np.unique(keys[unknown]))
            places = self.find(keys)
        self.last[places] = self.slot
        return places

    def pass_time(self, slot: int) -> None:
        """Sets the present slot. Once a day, cells without vessels for FORGET_DAYS are removed."""
        day, self.slot = self.slot // SLOTS_A_DAY, slot
        if slot // SLOTS_A_DAY == day:
            return
        mine = self.last >= slot - FORGET_DAYS * SLOTS_A_DAY
        if not mine.all():
            self._adopt(self.keys[mine], self.values[:, np.append(mine, True)], self.last[mine])

    def find(self, keys: Keys) -> Places:
        """The place of each key; NOBODY, whose counts are zero, for unknown keys. Shape like ``keys``."""
        at = self._page_at[keys >> _BAND_BITS]
        at += keys & _COLUMN_BITS
        return np.asarray(self._pages[at], np.intp)

    def column(self, first: int, count: int) -> npt.NDArray[np.float32]:
        """``count`` columns from ``first`` on, concatenated: place p of the k-th is at k (cells + 1) + p."""
        return self.values[first : first + count].reshape(-1)

    def counts(self, size: int) -> tuple[Keys, npt.NDArray[np.float32]]:
        """Keys and counts of all fine or coarse cells, the placeholder last."""
        mine = (self.keys >= COARSE_KEY) == (size == COARSE)
        return self.keys[mine] - size * COARSE_KEY, self.values[:, np.append(mine, True)]

    def restore(self, fine: tuple[Keys, npt.NDArray[np.float32]], coarse: tuple[Keys, npt.NDArray[np.float32]]) -> None:
        """Loads what ``counts`` returned into an empty table, as of now."""
        self._add(np.append(fine[0], coarse[0] + COARSE_KEY))
        self.values[:, :-1] = np.concatenate([fine[1][:, :-1], coarse[1][:, :-1]], axis=1)

    def tobytes(self) -> bytes:
        """The whole table, 60 bytes per cell; at most the number of cells of the Earth."""
        return msgspec.msgpack.encode(
            StoredCells(self.slot, self.keys.tobytes(), self.last.tobytes(), self.values[:, :-1].tobytes())
        )

    def frombytes(self, data: bytes) -> None:
        """Loads what ``tobytes`` returned into an empty table. Raises ValueError."""
        try:
            kept = msgspec.msgpack.decode(data, type=StoredCells)
        except msgspec.MsgspecError as error:
            raise ValueError(f"cells unreadable: {error}") from error
        self.slot, keys, width = kept.slot, np.frombuffer(kept.keys, np.int64), len(self.values)
        values = np.frombuffer(kept.values, np.float32).reshape(width, len(keys))
        self._adopt(
            keys, np.append(values, np.zeros((width, 1), np.float32), axis=1), np.frombuffer(kept.last, np.int32)
        )

    def _adopt(self, keys: Keys, values: npt.NDArray[np.float32], last: npt.NDArray[np.int32]) -> None:
        """Replaces all cells; ``values`` has the placeholder last."""
        self.keys, self.last = np.zeros(0, np.int64), np.zeros(0, np.int32)
        self.values = np.zeros((len(values), 1), np.float32)
        self._pages, self._page_at = np.full(_COLUMN_BITS + 1, NOBODY, np.int32), np.zeros(len(_COLUMNS), np.intp)
        self._add(keys)
        self.values, self.last = np.ascontiguousarray(values), last.copy()

    def _add(self, keys: Keys) -> None:
        bands = np.unique(keys >> _BAND_BITS)
        bands = bands[self._page_at[bands] == 0]
        self._page_at[bands] = len(self._pages) + (np.arange(len(bands)) << _BAND_BITS)
        self._pages = np.append(self._pages, np.full(len(bands) << _BAND_BITS, NOBODY, np.int32))
        self._pages[self._page_at[keys >> _BAND_BITS] + (keys & _COLUMN_BITS)] = len(self.keys) + np.arange(len(keys))
        self.keys = np.append(self.keys, keys)
        self.last = np.append(self.last, np.full(len(keys), self.slot, np.int32))
        fresh = np.zeros((len(self.values), len(keys)), np.float32)
        self.values = np.concatenate([self.values[:, :-1], fresh, self.values[:, -1:]], axis=1)
