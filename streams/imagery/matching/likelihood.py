"""How much better than by chance a contact fits a vessel: ratios of likelihoods of place, length and heading.

Each has wide tails, because AIS lengths, and lengths and headings in images, are sometimes simply wrong: a bad one
makes a pair several times less likely, never impossible.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from streams.imagery.matching.contacts import Lengths
from streams.imagery.matching.plane import Floats

_WRONG_PLACE: Final = 0.1
"""Share of places with errors of three times the size."""
_WIDER: Final = 3.0
_WRONG_LENGTH: Final = 0.12
_LENGTH_ERROR: Final = 0.28
"""Standard error of the logarithm of a length in an image: 20 to 30 per cent (xView3's best models, GFW's)."""
_PIXELS_M: Final = 12.0
"""And in metres, which counts for boats."""
_WRONG_SPREAD: Final = 0.9
_RARE: Final = 0.005
"""Added to both densities of a length: one far outside of what is common decides nothing by that alone."""
SHORTEST_M: Final = 1.0
"""What states less states nothing."""
_WRONG_HEADING: Final = 0.25
_HEADING_ERROR_DEG: Final = 15.0
_HALF_TURN: Final = 180.0
_QUARTER: Final = 90.0


def place_per_km2(along_km: Floats, across_km: Floats, along_error_km: Floats, error_km: Floats) -> Floats:
    """Density of a contact's place, for its offset from where the vessel is expected."""
    far = (along_km / along_error_km) ** 2 + (across_km / error_km) ** 2
    peak = 1 / (2 * math.pi * along_error_km * error_km)
    near = (1 - _WRONG_PLACE) * np.exp(-far / 2)
    return peak * (near + _WRONG_PLACE / _WIDER**2 * np.exp(-far / (2 * _WIDER**2)))


def length_ratio(contact_m: Floats, vessel_m: Floats, chance: Lengths) -> Floats:
    """Of a contact's length if it is the vessel, against a contact by chance; 1 where either is unknown."""
    known = np.isfinite(contact_m) & np.isfinite(vessel_m) & (contact_m >= SHORTEST_M) & (vessel_m >= SHORTEST_M)
    contact, vessel = np.where(known, contact_m, 1.0), np.where(known, vessel_m, 1.0)
    step = np.log(contact / vessel)
    error = np.hypot(_LENGTH_ERROR, _PIXELS_M / vessel)
    right = (1 - _WRONG_LENGTH) * _normal(step, error)
    fits = right + _WRONG_LENGTH * _normal(step, np.full_like(step, _WRONG_SPREAD))
    by_chance = _normal(np.log(contact) - chance.middle, np.full_like(step, chance.spread))
    return np.where(known, (fits + _RARE) / (by_chance + _RARE), 1.0)


def heading_ratio(contact_deg: Floats, vessel_deg: Floats) -> Floats:
    """Of a contact's heading against a chance one; 1 where either is unknown. Bow and stern are not told apart."""
    known = np.isfinite(contact_deg) & np.isfinite(vessel_deg)
    apart = np.where(known, np.abs((contact_deg - vessel_deg + _QUARTER) % _HALF_TURN - _QUARTER), 0.0)
    right = (1 - _WRONG_HEADING) * _normal(apart, np.full_like(apart, _HEADING_ERROR_DEG)) * _HALF_TURN
    return np.where(known, right + _WRONG_HEADING, 1.0)


def _normal(step: Floats, error: Floats) -> Floats:
    return np.exp(-((step / error) ** 2) / 2) / (error * math.sqrt(2 * math.pi))
