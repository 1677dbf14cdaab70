"""Circles in which ships are known to transfer cargo: places where ships stop count there all the same."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import Floats, distances_nm, unit_vectors

_LAT_MOST, _LON_MOST, _NM_MOST = 90.0, 180.0, 100.0


class TransferArea(NamedTuple):
    """A circle."""

    lat_deg: float
    lon_deg: float
    radius_nm: float

    @classmethod
    def of(cls, text: str) -> Self:
        """Reads ``LAT LON RADIUS``, degrees and nautical miles. Raises ValueError with the form that is expected."""
        try:
            lat_deg, lon_deg, radius_nm = map(float, text.split())
        except ValueError:
            lat_deg = lon_deg = radius_nm = float("nan")
        if abs(lat_deg) <= _LAT_MOST and abs(lon_deg) <= _LON_MOST and 0 < radius_nm <= _NM_MOST:
            return cls(lat_deg, lon_deg, radius_nm)
        raise ValueError(
            f"{text!r} cannot be read as an area: give 'LAT LON RADIUS' in degrees and nautical miles (at most 100)"
        )

    def holds(self, lat_deg: Floats, lon_deg: Floats) -> npt.NDArray[np.bool_]:
        """Which of these places are in it."""
        middle = unit_vectors(np.asarray([self.lat_deg]), np.asarray([self.lon_deg]))
        return np.asarray(distances_nm(unit_vectors(lat_deg, lon_deg), middle) <= self.radius_nm)
