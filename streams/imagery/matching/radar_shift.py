"""How far a radar shows moving ships from where they are.

A radar with synthetic aperture places a target along its track where the target's range is least, that is where its
echo has no Doppler shift. At time t the range of a target that is abeam at t = 0 and moves away with v_r is about

    r(t) = R + v_r t + V^2 t^2 / (2 R)

with slant range R and the satellite's speed V. That is least at t = -v_r R / V^2, when the satellite has moved
-v_r R / V along its track: there the target appears. One that moves away appears behind, one that comes nearer appears
ahead. (On the ground the satellite's shadow moves a tenth slower than the satellite; the time grows by the same factor,
and the shift stays -R v_r / V.) Of the ship's speed only the part across the track counts, and of that the share
sin(incidence) that is along the line of sight.

Example: Sentinel-1, R = 850 km, V = 7.6 km/s, incidence 38 degrees; it flies south (track 190 degrees) and looks right,
to 280. A ship that sails 280 at 10 kn (5.14 m/s) moves away with v_r = 5.14 sin 38 = 3.17 m/s and appears
850 / 7.6 * 3.17 = 354 m behind, that is to the north. Sailing 010 or 190 it is not shifted.

Across a swath from 31 to 46 degrees R sin(incidence) goes from 0.8 to 1.3 of the middle: that part of the shift is an
error along the track. Without the direction of the look the shift can have either sign, and without the track it can be
along any line.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from streams.imagery.images import Image
from streams.imagery.matching.plane import Floats

SLANT_KM: Final = 850.0
SPEED_KM_S: Final = 7.6
INCIDENCE_DEG: Final = 38.0
SHIFT_S: Final = SLANT_KM / SPEED_KM_S * math.sin(math.radians(INCIDENCE_DEG))
"""km of shift for each km/s of a ship's speed across the track."""
_SWATH_ERROR: Final = 0.25
"""Standard error of the shift, as a share of it."""
_ANY_LINE: Final = 0.6
"""Of the largest shift, with an unknown track: the standard error in each direction."""
_RIGHT_DEG: Final = 90.0


class Shift(NamedTuple):
    """The shift of each vessel, km, and its error along the track and in any direction. Arrays of shape (n,)."""

    east_km: Floats
    north_km: Floats
    along_error_km: Floats
    error_km: Floats
    track_deg: float
    """Direction of ``along_error_km``; any if the track is unknown."""


def shift_of(image: Image, east_km_s: Floats, north_km_s: Floats) -> Shift:
    """How an image shows ships with these velocities."""
    none = np.zeros(len(east_km_s))
    if image.kind != "radar":
        return Shift(none, none, none, none, 0.0)
    if image.track_deg is None:
        return Shift(none, none, none, _ANY_LINE * SHIFT_S * np.hypot(east_km_s, north_km_s), 0.0)
    track = math.radians(image.track_deg)
    look = track + math.radians(-_RIGHT_DEG if image.looks == "left" else _RIGHT_DEG)
    behind_km = SHIFT_S * (east_km_s * math.sin(look) + north_km_s * math.cos(look))
    if image.looks is None:
        return Shift(none, none, np.abs(behind_km), none, image.track_deg)
    along = -behind_km
    error = _SWATH_ERROR * np.abs(behind_km)
    return Shift(along * math.sin(track), along * math.cos(track), error, none, image.track_deg)
