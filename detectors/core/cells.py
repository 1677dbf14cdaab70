"""Cells of the sea: counts that grow as places are met, kept in order of their keys.

Fine cells are 0.25 deg of latitude and about as wide; coarse ones hold 4 x 4 of them. Longitude is scaled per band
of latitude, so that a cell is about as wide at 60 N as at the equator (15 nm and 60 nm).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

FINE_DEG: Final = 0.25
COARSE_OF_FINE: Final = 4
_BANDS: Final = 4096  # more than a circle of fine cells: key = band * _BANDS + column

Keys = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


def fine_keys(lat_deg: Floats, lon_deg: Floats) -> Keys:
    """The fine cell of each place; places must be known. Longitude may run past 180."""
    return _keys(lat_deg, lon_deg, FINE_DEG)


def coarse_keys(lat_deg: Floats, lon_deg: Floats) -> Keys:
    """The coarse cell of each place."""
    return _keys(lat_deg, lon_deg, FINE_DEG * COARSE_OF_FINE)


def _keys(lat_deg: Floats, lon_deg: Floats, size_deg: float) -> Keys:
    band = np.floor((np.clip(lat_deg, -89.9, 89.9) + 90.0) / size_deg)
    column = np.floor(((lon_deg + 180.0) % 360.0) / 360.0 * _columns(band, size_deg))
    return np.asarray(band * _BANDS + column, np.int64)


def _columns(band: Floats | Keys, size_deg: float) -> Floats:
    """How many cells lie around the Earth in each band."""
    shrink = np.cos(np.radians((band + 0.5) * size_deg - 90.0))
    return np.asarray(np.maximum(np.floor(360.0 / size_deg * np.maximum(shrink, 0.0)), 1.0))


def _middles(keys: Keys) -> tuple[Floats, Floats]:
    """Latitude and longitude of the middle of fine cells."""
    band, column = keys // _BANDS, keys % _BANDS
    middle = (band + 0.5) * FINE_DEG - 90.0, (column + 0.5) / _columns(band, FINE_DEG) * 360.0 - 180.0
    return np.asarray(middle[0], np.float64), middle[1]


class Cells:
    """Rows of counts, one a cell: ``values`` has shape (cells, width), float32."""

    def __init__(self, width: int) -> None:
        self.keys: Keys = np.zeros(0, np.int64)
        self.values: npt.NDArray[np.float32] = np.zeros((0, width), np.float32)

    def meet(self, keys: Keys) -> Places:
        """The row of each key, made (zero) when new. Rows found before may shift."""
        places = self.find(keys)
        new = np.unique(keys[places < 0])
        if len(new):
            at = np.searchsorted(self.keys, new)
            self.keys = np.insert(self.keys, at, new)
            self.values = np.insert(self.values, at, 0.0, axis=0)
            places = self.find(keys)
        return places

    def find(self, keys: Keys) -> Places:
        """The row of each key; -1 where nothing has been met."""
        if not len(self.keys):
            return np.full(len(keys), -1, np.intp)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.asarray(np.where(self.keys[places] == keys, places, -1), np.intp)

    def take(self, keys: Keys) -> Floats:
        """The counts of each cell, shape (keys, width); zero where nothing has been met."""
        places = self.find(keys)
        if not len(self.keys):
            return np.zeros((len(keys), self.values.shape[1]))
        counts = self.values[np.maximum(places, 0)].astype(np.float64)
        counts[places < 0] = 0.0
        return counts

    def around(self, keys: Keys) -> Floats:
        """The counts of each cell and its eight neighbours together, shape (keys, width)."""
        kinds, inverse = np.unique(keys, return_inverse=True)
        lat, lon = _middles(kinds)
        wide = 360.0 / _columns(kinds // _BANDS, FINE_DEG)
        total = np.zeros((len(kinds), self.values.shape[1]))
        for north in (-1, 0, 1):
            for east in (-1, 0, 1):
                total += self.take(_keys(lat + north * FINE_DEG, lon + east * wide, FINE_DEG))
        return np.asarray(total[inverse])

    def drop(self, keep: npt.NDArray[np.bool_]) -> None:
        """Forgets the cells that are not to be kept."""
        self.keys, self.values = self.keys[keep], self.values[keep]
