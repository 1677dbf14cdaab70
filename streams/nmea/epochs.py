"""Which numbers are times, and in which unit, by their size."""

from __future__ import annotations

import re
from typing import Final

MS_FROM: Final = 100_000_000_000
"""From this value on a number is milliseconds: as seconds it is the year 5138, as milliseconds 1973."""
US_FROM: Final = 100_000_000_000_000
NS_FROM: Final = 100_000_000_000_000_000
TIME_END_MS: Final = 4_102_444_800_000
"""The year 2100: a later value is not a time."""

_NUMBER: Final = re.compile(r"\d{9,19}(?:\.\d+)?")
_S_MS: Final = 1000


def epoch_ms(number: str) -> int | None:
    """Unix ms of a number in seconds (with or without decimals), ms, us or ns; None if it is out of range."""
    if not _NUMBER.fullmatch(number):
        return None
    whole, _, part = number.partition(".")
    value = int(whole)
    if value < MS_FROM:
        value = value * _S_MS + int((part + "000")[:3])
    elif value >= NS_FROM:
        value //= 1_000_000
    elif value >= US_FROM:
        value //= 1000
    return value if value < TIME_END_MS else None
