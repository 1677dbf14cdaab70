"""A circle around an image: what is outside of it is not in the image."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import unit_vectors

EARTH_NM: Final = 3440.065


class Circle(NamedTuple):
    """On the globe."""

    middle: npt.NDArray[np.float64]
    """A unit vector (3,)."""
    radius_nm: float

    def away_nm(self, lat_deg: float, lon_deg: float) -> float:
        """How far a place is from it; 0 inside."""
        (place,) = unit_vectors(np.array([lat_deg]), np.array([lon_deg])).T
        angle = float(np.arccos(np.clip(self.middle @ place, -1, 1)))
        return max(0.0, angle * EARTH_NM - self.radius_nm)


@lru_cache(maxsize=4096)
def circle_of(footprint: tuple[tuple[float, float], ...]) -> Circle:
    """Around the corners (lon_deg, lat_deg)."""
    lon, lat = np.asarray(footprint, np.float64).T
    corners = unit_vectors(lat, lon)
    middle = corners.mean(axis=1)
    middle /= np.linalg.norm(middle)
    return Circle(middle, float(np.arccos(np.clip(middle @ corners, -1, 1)).max()) * EARTH_NM)
