"""The harbour that a ship is near: any port of the world, or a zone that is in no index of ports.

It only names a place: decisions use the position of the ship itself.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from detectors.core.headlines import port
from detectors.core.reference import Reference
from detectors.core.shared_cache import Once
from detectors.core.sphere import distance_nm, distances_nm, unit_vectors

SAME_NM: Final = 2.0
"""Published positions are right to a mile or two."""


class Harbour(NamedTuple):
    """A harbour and its distance."""

    name: str
    locode: str
    distance_nm: float
    """Nautical miles to a tenth, from its published position."""
    country: str = ""

    @property
    def label(self) -> str:
        """For a headline: ``ZHOUSHAN (CN)``."""
        return port(self.name, self.country)


class Harbours:
    """Zones and ports in columns; of two at one place, within the accuracy of positions, the zone gives the name."""

    def __init__(self, reference: Reference) -> None:
        self._zones = len(reference.zones)
        zones = [(z.name, z.locode or "", z.lat_deg, z.lon_deg, z.country or "") for z in reference.zones]
        self._all = [*zones, *((p.name, p.locode, p.lat_deg, p.lon_deg, p.country) for p in reference.ports)]
        lat, lon = (np.asarray([each[n] for each in self._all], np.float64) for n in (2, 3))
        self._vectors = unit_vectors(lat, lon)

    def nearest(self, lat_deg: float, lon_deg: float, within_nm: float) -> Harbour | None:
        """The nearest one; None if none is within ``within_nm``. Costs 0.05 ms: for judges, not for screens."""
        if not self._all:
            return None
        here = unit_vectors(np.asarray([lat_deg]), np.asarray([lon_deg]))
        away_nm = np.round(distances_nm(here, self._vectors), 1)
        away_nm[: self._zones] -= SAME_NM
        name, locode, lat, lon, country = self._all[int(away_nm.argmin())]
        nm = round(distance_nm(lat_deg, lon_deg, lat, lon), 1)
        return Harbour(name, locode, nm, country) if nm <= within_nm else None


harbours_of: Final = Once(Harbours)
"""The harbours of a reference; made once and shared."""
