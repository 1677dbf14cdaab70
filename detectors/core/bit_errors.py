"""Positions that differ from the right ones by one wrong bit of latitude or longitude."""

from __future__ import annotations

from typing import Final

_PER_DEG: Final = 600_000
_BITS: Final = range(14, 28)
"""Of lower bits a wrong one moves a position by less than a mile."""
SLACK_DEG: Final = 0.012
"""How far, along each axis, the place may be from where it is expected to be: 0.7 nm."""


def is_bit_error(one: tuple[float, float], other: tuple[float, float], slack_deg: float = SLACK_DEG) -> bool:
    """Whether two positions (lat_deg, lon_deg) differ along one axis only, by what one wrong bit makes of it.

    Example: longitude is sent in 1/600000 deg. If bit 20 is wrong in some fixes, they lie 1.7476 deg east or west. If
    the positions are of different times, ``one`` is to be where the vessel can be expected at the time of the other.
    """
    least, most = sorted((abs(other[0] - one[0]), abs(other[1] - one[1])))
    return least <= slack_deg and any(abs(most - 2**bit / _PER_DEG) <= slack_deg for bit in _BITS)
