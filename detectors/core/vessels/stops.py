"""Stops: whether a vessel is stationary, and how far it is from where it stopped.

A ship has stopped at 0.2 kn and is under way again at 0.5 kn (Global Fishing Watch, anchorages): between the two its
state does not change. A ship whose speed is unknown has stopped when it states that it is moored or at anchor. The
place of a stop is the ship's own position, not a port's: berths, roads and yards are miles from the published positions
of ports.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import distance_nm
from detectors.core.units import KM_NM
from detectors.core.vessels.columns import Columns
from detectors.core.vessels.ship import VesselState

LYING: Final = (1, 5)
"""Navigational statuses of a ship that is stationary: at anchor, moored."""
LIES: Final = np.isin(np.arange(256), LYING)  # by status; unknown, -1, is the last
SCREEN_SHARE: Final = 0.98
"""Share of a distance: screens are wider than judges by the error of a plane and of single precision."""
DEGREE_KM: Final = 60 / KM_NM

Floats = npt.NDArray[np.floating[Any]]


def have_stopped(now: Columns, at: npt.NDArray[np.intp], stop_kn: float) -> npt.NDArray[np.bool_]:
    """Which of some vessels are stationary: by speed, or by their reported status if it is unknown."""
    sog_kn = np.round(now.sog_kn[at].astype(np.float64), 1)
    return np.asarray((sog_kn <= stop_kn) | (np.isnan(sog_kn) & LIES[now.status[at]]))


def has_stopped(ship: VesselState, stop_kn: float) -> bool:
    """The same for one ship."""
    return ship.status in LYING if ship.sog_kn is None else ship.sog_kn <= stop_kn


def kilometres(lat_deg: Floats, lon_deg: Floats, other_lat_deg: Floats, other_lon_deg: Floats) -> npt.NDArray[Any]:
    """On a plane, for screens: right to a per cent up to 100 km below 80 degrees; NaN if a place is unknown."""
    east = (lon_deg - other_lon_deg + 180.0) % 360.0 - 180.0
    north = lat_deg - other_lat_deg
    return np.asarray(np.hypot(north, east * np.cos(np.radians(lat_deg))) * DEGREE_KM)


def away_km(ship: VesselState, lat_deg: float, lon_deg: float) -> float | None:
    """The distance of the ship from a place, km to a hundredth; None without a position or a place (NaN)."""
    if ship.lat_deg is None or ship.lon_deg is None or lat_deg != lat_deg:  # noqa: PLR0124 - NaN is not itself
        return None
    return round(distance_nm(ship.lat_deg, ship.lon_deg, lat_deg, lon_deg) / KM_NM, 2)
