"""Positions that differ from the right ones by one wrong bit of latitude or longitude."""

from __future__ import annotations

import math
from typing import Final

_PER_DEG: Final = 600_000
_ALONG_DEG: Final = 0.05
"""A ship sails less far than this between the two positions that are compared."""
_POWER_OFF: Final = 0.05


def is_bit_error(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two positions (lat_deg, lon_deg) differ along one axis only, by what one wrong bit makes of it.

    Example: longitude is sent in 1/600000 deg. If bit 20 is wrong in some fixes, they lie 1.7476 deg east or west.
    """
    least, most = sorted((abs(other[0] - one[0]), abs(other[1] - one[1])))
    power = math.log2(max(most, _ALONG_DEG) * _PER_DEG)
    return least <= _ALONG_DEG and abs(power - round(power)) <= _POWER_OFF
