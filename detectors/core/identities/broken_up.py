"""The broken-up ships of a reference in columns: whose number a vessel reports, since when it cannot be, and where."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detectors.core.reference import ListedShip, Reference
from detectors.core.shared_cache import Once
from detectors.core.sphere import distances_nm, unit_vectors
from detectors.core.units import unix_ms

Numbers = npt.NDArray[np.integer[Any]]
ABSENT: Final = -1


class BrokenUpShips:
    """Ships by IMO number. Of several entries of one number the latest date counts."""

    def __init__(self, reference: Reference) -> None:
        dated = [ship for ship in reference.ships if ship.broken_up_on is not None and ship.imo is not None]
        latest = {ship.imo: ship for ship in sorted(dated, key=lambda ship: str(ship.broken_up_on))}
        self.ships: tuple[ListedShip, ...] = tuple(latest[imo] for imo in sorted(latest))  # type: ignore[type-var]
        self._imos = np.asarray([ship.imo for ship in self.ships], np.int64)
        self.day_ms = np.asarray([unix_ms(f"{ship.broken_up_on}T00:00:00Z") for ship in self.ships], np.int64)
        """The begin of that day, Unix ms."""
        places = [(ship.yard_lat_deg, ship.yard_lon_deg) for ship in self.ships]
        lat_deg, lon_deg = (np.asarray([place[n] for place in places], np.float64) for n in (0, 1))
        self.placed = ~np.isnan(lat_deg)
        """Whether the place of the yard is known."""
        self._yards = unit_vectors(lat_deg, lon_deg)

    def find(self, imos: Numbers) -> npt.NDArray[np.intp]:
        """For each IMO number its place in ``ships``; ABSENT if it is not there."""
        if not len(self.ships):
            return np.full(len(imos), ABSENT)
        at = np.minimum(np.searchsorted(self._imos, imos), len(self._imos) - 1)
        return np.where(self._imos[at] == imos, at, ABSENT)

    def yard_nm(
        self, at: npt.NDArray[np.intp], lat_deg: npt.NDArray[np.float64], lon_deg: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Distances of positions from the yards of the ships ``at``, nm; NaN where one of them is unknown."""
        return distances_nm(unit_vectors(lat_deg, lon_deg), self._yards[:, at])


broken_up_of: Final = Once(BrokenUpShips)
"""The broken-up ships of a reference; made once for all partitions that share it."""
