"""Cells of tables: numbers as people write them, and the words for values that AIS sends as numbers."""

from __future__ import annotations

import re
from typing import Final

LAT_MOST, LON_MOST = 91.0, 181.0
"""What AIS sends for unknown; larger values cannot be sent."""
COG_END: Final = 360.0
SOG_END_KN: Final = 102.3
BASE, CLASS_B = 4, 18
"""Message types."""
_CLASS_B_TYPES: Final = ("18", "19", "24")
STATUS_UNKNOWN: Final = 15
_STATUS_MOST: Final = 15
_SHIP_TYPE_MOST: Final = 99
_MMSI: Final = re.compile(r"(\d{1,9})(?:\.0*)?")
_STATUS: Final = (
    "under way using engine",
    "at anchor",
    "not under command",
    "restricted maneuverability",
    "constrained by her draught",
    "moored",
    "aground",
    "engaged in fishing",
    "under way sailing",
)
_SHIP_TYPES: Final = {
    "fishing": 30,
    "towing": 31,
    "dredging": 33,
    "military": 35,
    "sailing": 36,
    "pleasure": 37,
    "hsc": 40,
    "pilot": 50,
    "sar": 51,
    "tug": 52,
    "law enforcement": 55,
    "passenger": 60,
    "cargo": 70,
    "tanker": 80,
    "other": 90,
}
_NO_WORDS: Final = frozenset({"unknown", "undefined", "nan", "null", "none", "n/a"})


class CellError(ValueError):
    """A cell that cannot be read; ``str()`` gives the reason."""


def number(text: str) -> float | None:
    """A number with a point or a comma before its decimals; None for anything else, and for NaN."""
    if "," in text and "." not in text:
        text = text.replace(",", ".", 1)
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and value == value else None  # noqa: PLR0124  # NaN alone is not


def within(text: str, end: float, factor: float = 1.0) -> float | None:
    """A number times ``factor``, from 0 to below ``end``; None for anything else."""
    value = number(text)
    return value * factor if value is not None and 0 <= value * factor < end else None


def mmsi(text: str) -> int:
    """An MMSI, also if a spreadsheet has turned it into ``257111000.0``. Raises CellError."""
    found = _MMSI.fullmatch(text)
    if found is None:
        raise CellError("is not an MMSI")
    return int(found.group(1))


def degrees(text: str, most: float) -> float:
    """A latitude or longitude. Raises CellError."""
    value = number(text)
    if value is None:
        raise CellError("is empty" if not text else "is not a number of degrees")
    if abs(value) > most:
        raise CellError(f"is beyond {most:.0f} degrees")
    return value


def kind(text: str) -> int:
    """Type of the message that is written for a message type: 1, 2 or 3, CLASS_B or BASE."""
    if text == str(BASE):
        return BASE
    if text in _CLASS_B_TYPES:
        return CLASS_B
    return int(text) if text in {"1", "2", "3"} else 1


def kind_of_class(text: str) -> int:
    """BASE or CLASS_B if a class of transponders says so; otherwise 0."""
    low = text.lower()
    if "base" in low:
        return BASE
    return CLASS_B if low in {"b", "class b"} else 0


def status(text: str) -> int:
    """Navigational status, from its number or its name."""
    value = number(text)
    if value is not None:
        return int(value) if 0 <= value <= _STATUS_MOST else STATUS_UNKNOWN
    low = text.lower()
    return _STATUS.index(low) if low in _STATUS else STATUS_UNKNOWN


def ship_type(text: str) -> int:
    """Ship type, from its number or its name."""
    value = number(text)
    if value is not None:
        return int(value) if 0 <= value <= _SHIP_TYPE_MOST else 0
    return _SHIP_TYPES.get(text.lower(), 0)


def words(text: str) -> str:
    """Text; empty if it means that nothing is known."""
    return "" if text.lower() in _NO_WORDS else text
