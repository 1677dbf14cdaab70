"""The fixes of listed vessels in the last hour: at most one a minute, 60 in all.

Sparse: only listed vessels have them, 32 bytes for each fix. A pause of more than a quarter of an hour starts the hour
from the beginning, so what is kept is one piece of track without a long hole.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.units import HOUR_MS, MINUTE_MS
from detectors.core.vessels.row_bytes import RowBytes, RowBytesError

FIX: Final = np.dtype(
    [
        ("time_ms", "<i8"),
        ("lat_deg", "<f8"),
        ("lon_deg", "<f8"),
        ("sog_kn", "<f4"),  # NaN unknown
        ("cog_deg", "<f4"),
    ]
)
FIXES_MOST: Final = 60
SPACING_MS: Final = MINUTE_MS
"""The least time between two: 60 fixes then cover an hour."""
PAUSE_MOST_MS: Final = 15 * MINUTE_MS
_PACKED: Final = struct.Struct("<qddff")
_TIME: Final = struct.Struct("<q")
_FORMAT: Final = b"\x01"

Fixes = npt.NDArray[np.void]


class RecentFix(NamedTuple):
    """One report with a position; NaN for an unknown speed or course."""

    time_ms: int
    lat_deg: float
    lon_deg: float
    sog_kn: float
    cog_deg: float


class RecentFixes(RowBytes):
    """The recent fixes of the listed vessels of one fleet, by row."""

    def add(self, row: int, fix: RecentFix) -> None:
        """Keeps a fix, unless it comes within SPACING_MS of the last one; call in order of time."""
        held = self._held.get(row, _FORMAT)
        if len(held) > len(_FORMAT):
            since_ms = fix.time_ms - _TIME.unpack_from(held, len(held) - _PACKED.size)[0]
            if since_ms < SPACING_MS:
                return
            held = held if since_ms <= PAUSE_MOST_MS else _FORMAT
        begin = max(len(_FORMAT), len(held) - (FIXES_MOST - 1) * _PACKED.size)
        while begin < len(held) and fix.time_ms - _TIME.unpack_from(held, begin)[0] > HOUR_MS:
            begin += _PACKED.size
        self._held[row] = _FORMAT + held[begin:] + _PACKED.pack(*fix)

    def of(self, row: int) -> Fixes:
        """The fixes of the hour up to the newest, oldest first; shape (n,) of FIX, n at most FIXES_MOST."""
        return np.frombuffer(self._held.get(row, _FORMAT), FIX, offset=len(_FORMAT))

    def _check(self, packed: bytes) -> None:
        count, rest = divmod(len(packed) - len(_FORMAT), _PACKED.size)
        if packed[:1] != _FORMAT or rest or not 0 < count <= FIXES_MOST:
            raise RowBytesError(f"recent fixes of {len(packed)} bytes in format {packed[:1]!r}")
