"""Conversions. Units are in the names; conversion factors are here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

MS: Final = 1000
MINUTE_MS: Final = 60 * MS
HOUR_MS: Final = 3600 * MS
DAY_MS: Final = 24 * HOUR_MS
STEP_MS: Final = 10 * MS
"""Detectors act on time only at multiples of this (design: neither tick spacing nor batch cuts may matter)."""
NEVER_MS: Final = (1 << 62) // STEP_MS * STEP_MS
"""A due time that never comes."""
EARTH_NM: Final = 3440.065
"""Mean Earth radius, nautical miles."""
KM_NM: Final = 1 / 1.852
"""A kilometre in nautical miles."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""As written by people on watch, independent of the locale."""


def next_step(time_ms: int) -> int:
    """The first step at or after ``time_ms``."""
    return -(-time_ms // STEP_MS) * STEP_MS


def next_steps(time_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """``next_step`` for a column; NEVER_MS stays."""
    return -(-time_ms // STEP_MS) * STEP_MS


def rfc3339(time_ms: int) -> str:
    """Event time as RFC 3339 UTC with milliseconds."""
    stamp = datetime.fromtimestamp(time_ms // MS, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{time_ms % MS:03d}Z"


def unix_ms(text: str) -> int:
    """The event time that ``rfc3339`` wrote."""
    return round(datetime.fromisoformat(text).timestamp() * MS)


def hhmm_z(time_ms: int) -> str:
    """Hours and minutes in UTC, as watch officers write them: 0412Z. Only for times of the day of the alert."""
    return datetime.fromtimestamp(time_ms // MS, UTC).strftime("%H%MZ")


def stamp(time_ms: int, now_ms: int) -> str:
    """A time for a headline; with its day if that is not the day of ``now_ms``: 3 Feb 0412Z."""
    then, now = (datetime.fromtimestamp(ms // MS, UTC) for ms in (time_ms, now_ms))
    if then.date() == now.date():
        return f"{then:%H%M}Z"
    year = f" {then.year}" if then.year != now.year else ""
    return f"{then.day} {_MONTHS[then.month - 1]}{year} {then:%H%M}Z"


def duration_text(duration_ms: int) -> str:
    """A duration for a headline: 13 d, 7 h, 40 min."""
    if duration_ms >= 2 * DAY_MS:
        return f"{duration_ms // DAY_MS} d"
    if duration_ms >= 2 * HOUR_MS:
        return f"{duration_ms // HOUR_MS} h"
    return f"{duration_ms // MINUTE_MS} min"
