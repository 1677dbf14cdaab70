"""Moments in addresses: ``2024-01-05T04:10:00Z``. One form, so that a shared link means the same to everyone."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from detectors.core.units import MS, rfc3339

_FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_YEARS: Final = range(1970, 2200)
_EXAMPLE: Final = "2024-01-05T04:10:00Z"


class MomentError(ValueError):
    """A moment that cannot be answered; the message says what to give instead."""


def moment_ms(name: str, text: str) -> int:
    """The moment in Unix ms; fractions of a millisecond are cut off. ``name``: of the parameter. Raises MomentError."""
    try:
        if _FORM.fullmatch(text) is None:
            raise ValueError(text)
        time = datetime.fromisoformat(text)
        if time.year not in _YEARS:
            raise ValueError(text)
    except ValueError as error:
        raise MomentError(
            f"{name}: not a time; give RFC 3339 in UTC from {_YEARS[0]} to {_YEARS[-1]}, such as {_EXAMPLE}"
        ) from error
    return int(time.timestamp()) * MS + time.microsecond // MS


def reached(name: str, ms: int, now_ms: int) -> int:
    """The moment, which event time must have reached. Raises MomentError."""
    if not now_ms:
        raise MomentError(f"{name}: no event time is known yet")
    if ms > now_ms:
        raise MomentError(f"{name}: in the future; event time here is {rfc3339(now_ms)}")
    return ms
