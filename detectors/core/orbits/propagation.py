"""Where satellites are over the turning Earth: SGP4, and from its frame to latitude and longitude.

SGP4 gives positions in TEME (true equator, mean equinox). They are turned by the mean sidereal time of 1982 about the
pole; polar motion (up to 15 m on the ground) is left out, and UT1 is taken as UTC (they differ by less than 0.9 s:
at most 0.4 km on the ground at the equator, and about 0.1 km since 2020). Element sets themselves are off by about a
kilometre at their epoch and one to three more a day, nearly all of it along the track: a second is 7 km.

Lengths are kilometres, times Unix ms (UTC).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from sgp4.api import WGS72, Satrec, SatrecArray

from detectors.core.orbits.model import ElementSet
from detectors.core.units import DAY_MS

Floats = npt.NDArray[np.float64]
EQUATOR_KM: Final = 6378.137
"""The semi-major axis of WGS-84."""
E2: Final = 0.00669437999014
"""The square of its first eccentricity."""
_TURN_RAD_S: Final = 7.292115146706979e-5
_JULIAN_1970: Final = 2440587.5
_JULIAN_2000: Final = 2451545.0
_DAYS_1949_1970: Final = 7306.0  # SGP4 counts from 0 January 1950, that is 31 December 1949
_CENTURY_D: Final = 36525.0
_DAY_S: Final = 86_400
_MINUTES_A_DAY: Final = 1440
_LOW_ORBIT: Final = 11.25  # revolutions a day: a period of 128 minutes
_SIDEREAL: Final = (67310.54841, 876600 * 3600 + 8640184.812866, 0.093104, -6.2e-6)  # IAU 1982, seconds of time


def why_unusable(elements: ElementSet) -> str | None:
    """Why no passes can be found with these elements; None if they can."""
    if elements.mean_motion < _LOW_ORBIT:
        return "not in low Earth orbit"
    satellite = _satrec(elements)
    error, _, _ = satellite.sgp4(satellite.jdsatepoch, satellite.jdsatepochF)
    return None if error == 0 else "elements that SGP4 rejects"


def satrecs(elements: list[ElementSet]) -> SatrecArray:
    """The satellites, ready for ``over_ground``."""
    return SatrecArray([_satrec(one) for one in elements])


def over_ground(satellites: SatrecArray, first_minute: int, minutes: int) -> tuple[Floats, Floats]:
    """Earth-fixed positions (km) and velocities (km/s), shape (minutes, satellites, 3), at whole minutes since 1970.

    NaN where SGP4 gives none, as for a satellite that has decayed.
    """
    at = np.arange(first_minute, first_minute + minutes)
    julian = _JULIAN_1970 + (at // _MINUTES_A_DAY).astype(np.float64)
    fraction = (at % _MINUTES_A_DAY) / float(_MINUTES_A_DAY)
    error, place, velocity = satellites.sgp4(julian, fraction)
    place[error != 0] = np.nan
    turn = sidereal_rad(julian - _JULIAN_2000 + fraction)
    fixed = _turned(place.transpose(1, 0, 2), turn)
    moving = _turned(velocity.transpose(1, 0, 2), turn)
    moving[..., 0] += _TURN_RAD_S * fixed[..., 1]
    moving[..., 1] -= _TURN_RAD_S * fixed[..., 0]
    return fixed, moving


def sidereal_rad(days: Floats) -> Floats:
    """Greenwich mean sidereal time, [0, 2 pi), from days since noon of 1 January 2000."""
    century = days / _CENTURY_D
    seconds = _SIDEREAL[0] + century * (_SIDEREAL[1] + century * (_SIDEREAL[2] + century * _SIDEREAL[3]))
    return np.asarray((seconds % _DAY_S) * (2 * math.pi / _DAY_S))


def days_2000(time_ms: Floats) -> Floats:
    """Days since noon of 1 January 2000."""
    return np.asarray(time_ms / DAY_MS + (_JULIAN_1970 - _JULIAN_2000))


def nadir(place_km: Floats) -> Floats:
    """Unit vectors of the places below, shape (..., 3) as given.

    The latitude that they have on a sphere is the geodetic one (WGS-84): two rounds of the fixed point, to a metre.
    """
    x, y, z = place_km[..., 0], place_km[..., 1], place_km[..., 2]
    flat2, radius = x * x + y * y, np.sqrt(x * x + y * y + z * z)
    slant = z / radius
    for _ in range(2):
        curve_km = EQUATOR_KM / np.sqrt(1 - E2 * slant * slant)
        level_km = EQUATOR_KM * np.sqrt((1 - E2) / (1 - E2 * (1 - slant * slant)))
        share = curve_km / (curve_km + radius - level_km)
        up = z / (1 - E2 * share)
        slant = up / np.sqrt(flat2 + up * up)
    out = np.stack([x, y, up], axis=-1)
    return np.asarray(out / np.sqrt(flat2 + up * up)[..., None])


def curve_km(sine: Floats, east: Floats) -> Floats:
    """The ellipsoid's radius of curvature, from the sine of the latitude and the eastern part of a direction."""
    across = 1 - E2 * sine * sine
    prime = EQUATOR_KM / np.sqrt(across)
    meridian = prime * (1 - E2) / across
    return np.asarray(1 / (east * east / prime + (1 - east * east) / meridian))


def _satrec(elements: ElementSet) -> Satrec:
    satellite = Satrec()
    a_day = 2 * math.pi / _MINUTES_A_DAY
    satellite.sgp4init(
        WGS72,
        "i",
        0,  # its number plays no part, and has nine digits by now
        elements.epoch_ms / DAY_MS + _DAYS_1949_1970,
        elements.bstar,
        elements.mean_motion_dot * a_day / _MINUTES_A_DAY,
        elements.mean_motion_ddot * a_day / _MINUTES_A_DAY**2,
        elements.eccentricity,
        math.radians(elements.pericenter_deg),
        math.radians(elements.inclination_deg),
        math.radians(elements.mean_anomaly_deg),
        elements.mean_motion * a_day,
        math.radians(elements.raan_deg),
    )
    return satellite


def _turned(vectors: Floats, turn: Floats) -> Floats:
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z], axis=-1)
