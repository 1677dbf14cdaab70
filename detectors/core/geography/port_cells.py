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
    """The cells whose middle is within PORT_NM of a port."""

    def __init__(self, reference: Reference) -> None:
        self._known: Cells = np.unique(np.concatenate([np.zeros(0, np.int64), *map(_around, _places(reference))]))

    def at_port(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """Which of these places, which must be known, are near a port."""
        if not len(self._known):
            return np.zeros(len(lat_deg), bool)
        cells = _cells(lat_deg, lon_deg)
        found: Bools = self._known[np.searchsorted(self._known, cells).clip(max=len(self._known) - 1)] == cells
        return found


def _places(reference: Reference) -> list[tuple[float, float]]:
    """Ports, and ordinary ports among the zones: what is done in a sanctioned zone counts wherever it is."""
    circles = [zone for zone in reference.zones if zone.kind == _ORDINARY and zone.polygon is None]
    ports = [(port.lat_deg, port.lon_deg) for port in reference.ports]
    return [*ports, *((zone.lat_deg, zone.lon_deg) for zone in circles)]


def _around(place: tuple[float, float]) -> Cells:
    lat_deg, lon_deg = place
    narrow = max(math.cos(math.radians(lat_deg)), _NARROWEST)
    high, wide = PORT_NM / _NM_A_DEGREE, PORT_NM / _NM_A_DEGREE / narrow
    steps = np.arange(-math.ceil(high / _CELL_DEG), math.ceil(high / _CELL_DEG) + 1) * _CELL_DEG
    along = np.arange(-math.ceil(wide / _CELL_DEG), math.ceil(wide / _CELL_DEG) + 1) * _CELL_DEG
    north, east = (each.ravel() for each in np.meshgrid(steps, along))
    inside = np.hypot(north, east * narrow) <= high
    middle = np.clip(lat_deg + north[inside], -90.0, 90.0), lon_deg + east[inside]
    return _cells(*middle)


port_cells_of: Final = Once(PortCells)
"""The cells of a reference; made once and shared."""
