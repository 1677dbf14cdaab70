"""Which numbers are times, and in which unit: told by their size."""

from __future__ import annotations

from typing import Final

MS_FROM: Final = 100_000_000_000
"""From here on a number is milliseconds: as seconds it is the year 5138, as milliseconds 1973."""
US_FROM: Final = 100_000_000_000_000
NS_FROM: Final = 100_000_000_000_000_000
TIME_END_MS: Final = 4_102_444_800_000
"""The year 2100: what claims to be later is not a time."""
