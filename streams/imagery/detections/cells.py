"""Single values of detections, as providers write them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

_NOT_A_LETTER: Final = re.compile(r"[^a-z0-9]+")
_UTC: Final = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_SECONDS_LEAST, _MS_LEAST = 1e8, 1e11
_EARLIEST_MS, _LATEST_MS = 0, 4_102_444_800_000  # the years 1970 to 2100
_HALF_TURN, _QUARTER, _TURN = 180.0, 90.0, 360.0
_LENGTH_MOST_M: Final = 1000.0
_MMSI_DIGITS: Final = 9
_WORDS: Final = {"high": 0.9, "medium": 0.7, "low": 0.4}
"""xView3's confidence in its labels."""
_NOTHING: Final = frozenset({"", "nan", "none", "null", "na", "n/a", "<na>"})


class RowError(Exception):
    """A row that cannot be used; ``str()`` is the reason, the same for all rows of its kind."""


def heading(text: str) -> str:
    """A column's heading in small letters, digits and underscores."""
    return _NOT_A_LETTER.sub("_", text.lower()).strip("_")


def known(value: Any) -> bool:
    """Whether a cell says anything."""
    return value is not None and str(value).strip().lower() not in _NOTHING


def text(value: Any) -> str:
    """A cell as text; "" for one that says nothing."""
    return printable(value) if known(value) else ""


def printable(value: Any) -> str:
    """Text that every reader and terminal can take: without control characters and halves of characters."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value)).strip()


def identity(value: Any) -> str:
    """An identity, which may be any word but pandas's for nothing."""
    name = "" if value is None else printable(value)
    return "" if name == "nan" else name


def number(value: Any) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not known(value):
        return None
    if isinstance(value, str) and value.count(",") == 1 and "." not in value:
        value = value.replace(",", ".")  # as spreadsheets write it in most of Europe
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def place(lat: Any, lon: Any) -> tuple[float, float]:
    """Latitude, and longitude within +-180. Raises RowError."""
    lat_deg, lon_deg = number(lat), number(lon)
    if lat_deg is None or lon_deg is None:
        raise RowError("position missing")
    if abs(lat_deg) > _QUARTER or not -_HALF_TURN <= lon_deg <= _TURN:
        raise RowError("position out of range")
    return lat_deg, lon_deg - _TURN if lon_deg > _HALF_TURN else lon_deg


def time_ms(value: Any) -> int | None:
    """Unix ms of ISO 8601, of Unix seconds or ms; UTC where there is no offset. None if nothing is stated.

    Raises RowError.
    """
    if not known(value):
        return None
    stated = number(value)
    if stated is not None:
        found = stated if abs(stated) >= _MS_LEAST else stated * 1000 if abs(stated) >= _SECONDS_LEAST else -1
    else:
        try:
            moment = datetime.fromisoformat(_UTC.sub("+00:00", str(value).strip()))
            found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
        except (ValueError, OverflowError):
            raise RowError("time unreadable") from None
    if not _EARLIEST_MS <= found < _LATEST_MS:
        raise RowError("time out of range")
    return round(found)


def length_m(value: Any) -> float | None:
    """A length that a ship can have, or None."""
    found = number(value)
    return found if found is not None and 0 < found <= _LENGTH_MOST_M else None


def heading_deg(value: Any) -> float | None:
    """A heading in [0, 360), or None."""
    found = number(value)
    if found is None or abs(found) > _TURN:
        return None
    turned = found % _TURN
    return turned if turned < _TURN else 0.0  # just below 0 it is rounded up to the full turn


def confidence(value: Any) -> float | None:
    """A share of one, a percentage written with its sign, or xView3's word; None for anything else."""
    written = str(value).strip().lower()
    found = _WORDS.get(written)
    if found is None:
        found = number(written.removesuffix("%"))
        found = found / 100 if found is not None and written.endswith("%") else found
    return found if found is not None and 0 <= found <= 1 else None


def mmsi(value: Any) -> int | None:
    """An MMSI, also one written as a decimal number; None for anything else."""
    found = number(value)
    whole = int(found) if found is not None and found == int(found) else None
    return whole if whole is not None and 0 < whole < 10**_MMSI_DIGITS else None


def denied(value: Any) -> bool:
    """Whether a cell says no."""
    return str(value).strip().lower() in {"false", "0", "no", "f", "0.0"}
