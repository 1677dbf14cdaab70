"""How high the sun stands: the Astronomical Almanac's short formula, to 0.01 degrees between 1950 and 2050."""

from __future__ import annotations

import numpy as np

from detectors.core.orbits.propagation import Floats, days_2000, sidereal_rad


def elevation_deg(up: Floats, time_ms: Floats) -> Floats:
    """Above the horizon, without refraction: of places as Earth-fixed unit vectors (n, 3), at times (n,)."""
    days = days_2000(time_ms)
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 0.0000004 * days)
    turn = sidereal_rad(days)
    x, y = np.cos(longitude), np.cos(tilt) * np.sin(longitude)
    east, north = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    height = up[:, 0] * east + up[:, 1] * north + up[:, 2] * np.sin(tilt) * np.sin(longitude)
    return np.asarray(np.degrees(np.arcsin(np.clip(height, -1.0, 1.0))))
