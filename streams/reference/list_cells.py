"""One cell of a foreign list: cleaned, checked, or rejected with a reason.

Lists are untrusted input: spreadsheet formulas, control and bidirectional characters, markup, megabytes in a cell.
Every function here takes text and returns the value, None for an empty cell, or raises ``Refusal``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from detectors.core.imo_number import check_digit

_NOTHING: Final = frozenset({"", "-", "--", "-0-", "n/a", "na", "none", "null", "unknown"})
_LONGEST: Final = 500
NOTE_MOST: Final = 1000
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # also as wide letters
_MARKUP: Final = str.maketrans("<>", "  ")
_IMO: Final = re.compile(r"(?:IMO)?[\s:#]*([0-9]{7})", re.IGNORECASE)
_MMSI: Final = re.compile(r"[2-7][0-9]{8}")
_CALL_SIGN: Final = re.compile(r"[A-Z0-9]{3,7}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TOPIC: Final = re.compile(r"[a-z][a-z0-9._-]{0,39}")
_TOPICS_MOST: Final = 32
_LENGTHS_M: Final = range(1, 1000)
YEARS: Final = range(1850, 2100)
"""Of ships and their registers."""
_TONNES: Final = range(1, 1_000_000)


class Refusal(Exception):  # noqa: N818 - it is not an error: refused rows are an ordinary result
    """Why a row cannot be used, in a few words."""


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row or feature that was rejected. ``line`` counts from 1; 0 means the file as a whole."""

    line: int
    reason: str


def text(cell: str) -> str | None:
    """Cleaned text on one line: NFC, no control, format, private or unassigned characters, no ``<`` and ``>``."""
    if not cell:  # most cells of a wide table
        return None
    if len(cell) > _LONGEST:
        raise Refusal(f"a cell of {len(cell)} characters (at most {_LONGEST}); check for a missing quote")
    return _checked(cell if cell.isascii() and cell.isprintable() else _visible(cell))


def _visible(cell: str) -> str:
    """The text without invisible characters; 6 us per cell, and plain ASCII has none."""
    normal = unicodedata.normalize("NFC", cell)
    if any(unicodedata.category(c) == "Cs" for c in normal):
        raise Refusal("not UTF-8 text")
    return "".join(" " if c.isspace() else c for c in normal if c.isspace() or unicodedata.category(c)[0] != "C")


def _checked(kept: str) -> str | None:
    clean = " ".join(kept.translate(_MARKUP).split())
    if clean.lower() in _NOTHING:
        return None
    if clean.startswith(_FORMULA):
        raise Refusal(f"{clean[:20]!r} begins like a spreadsheet formula")
    return clean


def prose(given: str) -> str | None:
    """A person's note on one line, of up to 1,000 characters, without those that cannot be shown."""
    if len(given) > NOTE_MOST:
        raise Refusal(f"a note of {len(given)} characters (at most {NOTE_MOST})")
    return " ".join(_visible(given).split()) or None


def texts(cell: str) -> tuple[str, ...]:
    """Several texts, separated by ``;``, each once, in their order."""
    found = [clean for part in cell.split(";") if (clean := text(part)) is not None]
    return tuple(dict.fromkeys(found))


def topics(given: Iterable[str] | None) -> tuple[str, ...] | None:
    """Why an entry is listed, in small letters, each topic once; None stays None: the list gives no topics.

    Never rejected: an unknown topic counts as ``other``.
    """
    if given is None:
        return None
    said = (part.strip().lower() for part in given)
    found = (part if _TOPIC.fullmatch(part) else "other" for part in said if part not in _NOTHING)
    return tuple(dict.fromkeys(found))[:_TOPICS_MOST]


def imo_number(cell: str) -> int | None:
    """An IMO ship number whose check digit is right; ``IMO`` may precede it."""
    clean = text(cell)
    if clean is None:
        return None
    if (found := _IMO.fullmatch(clean)) is None:
        raise Refusal(f"{clean[:20]!r} is not an IMO number (seven digits)")
    digit = check_digit(int(found[1]))
    if int(found[1]) % 10 != digit:
        raise Refusal(f"IMO {found[1]} has a wrong check digit ({digit} would be right): check the number")
    return int(found[1])


def mmsi_number(cell: str) -> int | None:
    """The MMSI of a ship: nine digits, the first 2 to 7 (ITU-R M.585)."""
    clean = text(cell)
    if clean is not None and not _MMSI.fullmatch(clean):
        raise Refusal(f"{clean[:20]!r} is not the MMSI of a vessel (nine digits, the first 2 to 7)")
    return int(clean) if clean else None


def call_sign(cell: str) -> str | None:
    """A call sign as AIS sends it: capital letters and digits, at most seven."""
    clean = text(cell)
    if clean is None:
        return None
    sign = clean.upper().replace(" ", "").replace("-", "")
    if not _CALL_SIGN.fullmatch(sign):
        raise Refusal(f"{clean[:20]!r} is not a call sign (three to seven letters and digits)")
    return sign


def country(cell: str) -> str | None:
    """An ISO 3166 code of two letters."""
    clean = text(cell)
    if clean is not None and not _COUNTRY.fullmatch(clean.upper()):
        raise Refusal(f"{clean[:20]!r} is not a country code (two letters, such as RU)")
    return clean.upper() if clean else None


def day(cell: str) -> str | None:
    """An ISO date. Other orders of day and month are rejected: guessing between them is worse."""
    clean = text(cell)
    if clean is None:
        return None
    try:
        return date.fromisoformat(clean).isoformat() if _DAY.fullmatch(clean) else _no_day(clean)
    except ValueError:
        return _no_day(clean)


def _no_day(clean: str) -> str:
    raise Refusal(f"{clean[:20]!r} is not a date (YYYY-MM-DD)")


def length(cell: str) -> int | None:
    """A ship's length in whole metres."""
    return _whole(cell, _LENGTHS_M, "length in metres")


def tonnes(cell: str) -> int | None:
    """A ship's tonnage or deadweight as a whole number."""
    return _whole(cell, _TONNES, "tonnage")


def year(cell: str) -> int | None:
    """The year in which a ship was built."""
    return _whole(cell, YEARS, f"year ({YEARS.start} to {YEARS.stop - 1})")


def _whole(cell: str, bounds: range, what: str) -> int | None:
    clean = text(cell)
    if clean is None:
        return None
    try:
        number = round(float(clean))
    except (ValueError, OverflowError):
        number = 0
    if number not in bounds:
        raise Refusal(f"{clean[:20]!r} is not a {what}")
    return number
