"""The hull of a ship around its antenna, as stated in messages 5, 19 and 24: 30 bits (ITU-R M.1371-5, figure 42).

Bow 9, stern 9, port 6, starboard 6, in metres. If only the size is known, bow and port are 0: the antenna is then taken
to be in the middle.
"""

from __future__ import annotations

from typing import NamedTuple

_SHIFTS = (21, 12, 6, 0)
_MASKS = (0x1FF, 0x1FF, 0x3F, 0x3F)


class Hull(NamedTuple):
    """Its size, and where its middle is as seen from the antenna, m."""

    length_m: int
    beam_m: int
    ahead_m: float
    starboard_m: float
    placed: bool
    """Whether it is known where the antenna is."""


def hull_of(bits: int) -> Hull | None:
    """The hull; None unless length and beam are known."""
    bow, stern, port, starboard = ((bits >> shift) & mask for shift, mask in zip(_SHIFTS, _MASKS, strict=True))
    if not bow + stern or not port + starboard:
        return None
    placed = bool(bow and port)
    ahead_m, starboard_m = ((bow - stern) / 2, (starboard - port) / 2) if placed else (0.0, 0.0)
    return Hull(bow + stern, port + starboard, ahead_m, starboard_m, placed)


def bits_of(bow: int, stern: int, port: int, starboard: int) -> int:
    """The 30 bits."""
    sides = zip((bow, stern, port, starboard), _SHIFTS, _MASKS, strict=True)
    return sum(min(side, mask) << shift for side, shift, mask in sides)
