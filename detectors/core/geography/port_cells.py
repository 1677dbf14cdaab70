"""Which places are near a port of the gazetteer or of the zones, in columns: one lookup in a table of small cells."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.reference import Reference
from detectors.core.shared_cache import Once
from detectors.core.sphere import Floats

PORT_NM: Final = 2.0
"""Published positions of ports are right to a mile or two."""
_ORDINARY: Final = "associated"
_CELL_DEG: Final = 0.02
_ROWS, _COLUMNS = round(180 / _CELL_DEG), round(360 / _CELL_DEG)
_NM_A_DEGREE: Final = 60.0
_NARROWEST: Final = 0.05  # parallels closer to a pole than this have no ports

Bools = npt.NDArray[np.bool_]
Cells = npt.NDArray[np.int64]


def _cells(lat_deg: Floats, lon_deg: Floats) -> Cells:
    row = np.floor((lat_deg + 90.0) / _CELL_DEG).astype(np.int64)
    column = np.floor((lon_deg + 180.0) / _CELL_DEG).astype(np.int64) % _COLUMNS
    return np.asarray(np.minimum(row, _ROWS - 1) * _COLUMNS + column)


class PortCells:
    """The cells whose middle is within PORT_NM of a port, and those in the circle of a zone that is an ordinary port.

    What is done in a sanctioned zone counts wherever it is.
    """

    def __init__(self, reference: Reference) -> None:
        zones = [zone for zone in reference.zones if zone.kind == _ORDINARY and zone.polygon is None]
        ports = [_around(port.lat_deg, port.lon_deg, PORT_NM) for port in reference.ports]
        self._ports = _together([*ports, *(_around(zone.lat_deg, zone.lon_deg, PORT_NM) for zone in zones)])
        self._zones = _together([_around(zone.lat_deg, zone.lon_deg, zone.radius_nm) for zone in zones])

    def at_port(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """Which of these places, which must be known, are near a port."""
        return _in(self._ports, lat_deg, lon_deg)

    def in_port_zone(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """Which of these places, which must be known, are in the zone of an ordinary port: its roadstead as well."""
        return _in(self._zones, lat_deg, lon_deg)


def _together(parts: list[Cells]) -> Cells:
    return np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))


def _in(known: Cells, lat_deg: Floats, lon_deg: Floats) -> Bools:
    if not len(known):
        return np.zeros(len(lat_deg), bool)
    cells = _cells(lat_deg, lon_deg)
    found: Bools = known[np.searchsorted(known, cells).clip(max=len(known) - 1)] == cells
    return found


def _around(lat_deg: float, lon_deg: float, within_nm: float) -> Cells:
    """The cells whose middle is within this distance, by number: a place can be on the edge of its cell."""
    narrow = max(math.cos(math.radians(lat_deg)), _NARROWEST)
    high, wide = within_nm / _NM_A_DEGREE, within_nm / _NM_A_DEGREE / narrow
    rows = np.arange(math.floor((lat_deg - high + 90.0) / _CELL_DEG), math.ceil((lat_deg + high + 90.0) / _CELL_DEG))
    columns = np.arange(
        math.floor((lon_deg - wide + 180.0) / _CELL_DEG), math.ceil((lon_deg + wide + 180.0) / _CELL_DEG)
    )
    row, column = (each.ravel() for each in np.meshgrid(rows, columns))
    north, east = (row + 0.5) * _CELL_DEG - 90.0 - lat_deg, (column + 0.5) * _CELL_DEG - 180.0 - lon_deg
    inside = (np.hypot(north, east * narrow) <= high) & (row >= 0) & (row < _ROWS)
    return np.asarray(row[inside] * _COLUMNS + column[inside] % _COLUMNS, np.int64)


port_cells_of: Final = Once(PortCells)
"""The cells of a reference; made once and shared."""
