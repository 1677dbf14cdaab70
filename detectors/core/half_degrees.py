"""Cells of half a degree, and which places are within half a degree of each other, wherever the edges of cells are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

AREA_DEG: Final = 0.5
"""Side of a cell, and how far apart two places of one area may be: half a degree of latitude is 30 nm."""
_ROWS: Final = round(180 / AREA_DEG)
_COLUMNS: Final = round(360 / AREA_DEG)

Cell = tuple[int, int]
"""Row from the south pole, column from 180 W."""


def cell_of(lat_deg: float, lon_deg: float) -> Cell:
    """The cell of a place."""
    row = math.floor((lat_deg + 90) / AREA_DEG)
    return min(row, _ROWS - 1), math.floor((lon_deg + 180) / AREA_DEG) % _COLUMNS


def label(cell: Cell) -> str:
    """Its south-west corner: ``36.5N027.0E``."""
    south, west = cell[0] * AREA_DEG - 90, cell[1] * AREA_DEG - 180
    return f"{abs(south):04.1f}{'N' if south >= 0 else 'S'}{abs(west):05.1f}{'E' if west >= 0 else 'W'}"


def are_near(lat1_deg: float, lon1_deg: float, lat2_deg: float, lon2_deg: float) -> bool:
    """Whether two places are within half a degree along both axes; along parallels it is as long as along meridians.

    Places of one cell always are.
    """
    if abs(lat2_deg - lat1_deg) > AREA_DEG:
        return False
    return abs(turned(lon2_deg - lon1_deg)) * math.cos(math.radians((lat1_deg + lat2_deg) / 2)) <= AREA_DEG


def cells_near(lat_deg: float, lon_deg: float) -> Iterator[Cell]:
    """The cells in which the places are that are near a place."""
    row, column = cell_of(lat_deg, lon_deg)
    narrowest = math.cos(math.radians(min(abs(lat_deg) + AREA_DEG / 2, 90.0)))
    reach = _COLUMNS if narrowest <= 0 else math.ceil(1 / narrowest)
    columns = range(_COLUMNS) if 2 * reach + 1 >= _COLUMNS else range(column - reach, column + reach + 1)
    for near in range(max(0, row - 1), min(_ROWS, row + 2)):
        yield from ((near, each % _COLUMNS) for each in columns)


def turned(lon_deg: float) -> float:
    """A longitude, or a difference of two, within [-180, 180)."""
    return (lon_deg + 180) % 360 - 180
