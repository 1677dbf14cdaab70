"""IMO numbers: fixed for a ship's life, seven digits, the last is a check digit (IMO Resolution A.1117)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

_VALID: Final = range(1_000_000, 10_000_000)
"""Larger numbers in messages of type 5 are official numbers, not IMO numbers."""
_UNUSED: Final = range(2_000_000, 4_000_000)
"""No number of this range is in use, or hardly any. Of 9,000 ships in the NGO Shipbreaking Platform's lists of 2012 to
2024, one has a number here; 4 million and above has naval vessels, 5 to 9 million are Lloyd's Register's numbers, and
new ships have had numbers from 1 million since 9999993 was assigned."""
_SAME_DIGITS: Final = tuple(range(111_111, 999_999, 111_111))  # not 9: 9999993 is a ship's
_COUNTED_UP: Final = 123_456
_PLACES: Final = 10 ** np.arange(6, 0, -1)
_WEIGHTS: Final = np.arange(7, 1, -1)


def check_digit(imo: int) -> int:
    """The last digit that an IMO number must have, by its first six."""
    return sum(int(digit) * weight for digit, weight in zip(f"{imo:07d}"[:6], range(7, 1, -1), strict=True)) % 10


def is_imo_number(imo: int) -> bool:
    """Whether an IMO number is well formed. Weak evidence: laundered numbers pass."""
    return imo in _VALID and check_digit(imo) == imo % 10


def are_imo_numbers(imos: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """``is_imo_number`` of each."""
    digits = imos[:, None] // _PLACES % 10
    checks = (digits * _WEIGHTS).sum(axis=1) % 10 == imos % 10
    return np.asarray(checks & (imos >= _VALID.start) & (imos < _VALID.stop))


PATTERNS: Final = frozenset(six * 10 + check_digit(six * 10) for six in (*_SAME_DIGITS, _COUNTED_UP))
"""Well-formed numbers that are typed in place of an assigned one: 1234567, 5555555."""
_PATTERNS: Final = np.asarray(sorted(PATTERNS), np.uint32)


def doubt_about(imo: int | None) -> str | None:
    """Why a well-formed IMO number was probably not assigned, as words for a fact; None if nothing is known."""
    if imo is None or not is_imo_number(imo):
        return None
    if imo in PATTERNS:
        return "a pattern of digits, often a placeholder"
    return "in a range that is not in use" if imo in _UNUSED else None


def are_doubtful(imos: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Whether ``doubt_about`` has an answer, for each."""
    found = (imos >= _UNUSED.start) & (imos < _UNUSED.stop)
    if found.any():
        found[found] = are_imo_numbers(imos[found])
    return np.asarray(found | (imos[:, None] == _PATTERNS).any(axis=1))
