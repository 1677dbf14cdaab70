"""Values of JSON fields: what they may be instead of what they should be.

Unknown (None) are: absent, null, NaN, an empty text, and words such as "N/A". A number may be written as a text of
plain ASCII decimals. Everything else of a wrong kind raises FieldError: true, lists, objects, texts with other digits,
numbers beyond any quantity (1e308).
"""

from __future__ import annotations

import json
import math
import re
from typing import Final

_LARGEST: Final = 1e15
_DECIMALS: Final = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{0,16})?")
_NO_WORDS: Final = frozenset({"", "unknown", "undefined", "nan", "null", "none", "n/a", "na", "-"})
_SHOWN_MOST: Final = 40


class FieldError(ValueError):
    """A value of a wrong kind; ``str()`` gives the reason."""


def number(value: object, most: float = _LARGEST) -> float | None:
    """A number whose size is at most ``most``; None is unknown. Raises FieldError."""
    if isinstance(value, str):
        value = _of_text(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > most:
        raise FieldError(f"{shown(value)} is not a number")
    return float(value)


def whole(value: object) -> int | None:
    """A whole number, also if written as 7.0; None is unknown. Raises FieldError."""
    found = number(value)
    if found is not None and not found.is_integer():
        raise FieldError(f"{shown(value)} is not a whole number")
    return None if found is None else int(found)


def within(value: object, least: float, end: float) -> float | None:
    """A number from ``least`` to below ``end``; anything else is unknown: for fields that a report can lack."""
    try:
        found = number(value)
    except FieldError:
        return None
    return found if found is not None and least <= found < end else None


def scaled(value: object, factor: float) -> float | None:
    """A number times ``factor``, for other units; anything else is unknown."""
    found = within(value, -_LARGEST, _LARGEST)
    return None if found is None else found * factor


def words(value: object) -> str:
    """A text without its padding; empty if unknown or of a wrong kind."""
    if not isinstance(value, str):
        return ""
    text = value.partition("@")[0].strip()
    return "" if text.lower() in _NO_WORDS else text


def shown(value: object) -> str:
    """A value in an error, short and printable."""
    text = ascii(value) if not isinstance(value, list | dict) else "a list" if isinstance(value, list) else "an object"
    return text if len(text) <= _SHOWN_MOST else text[:_SHOWN_MOST] + "..."


def as_bytes(value: object) -> bytes:
    """A value as JSON, for a dead letter, of any depth that was read."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return b"JSON that is nested too deeply to be written"


def _of_text(text: str) -> float | None:
    text = text.strip()
    if text.lower() in _NO_WORDS:
        return None
    if not _DECIMALS.fullmatch(text):
        raise FieldError(f"{shown(text)} is not a number")
    return float(text)
