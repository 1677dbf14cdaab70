"""IMO numbers: fixed for a ship's life, seven digits, the last is a check digit (IMO Resolution A.1117)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

_VALID: Final = range(1_000_000, 10_000_000)
"""Larger numbers in messages of type 5 are official numbers, not IMO numbers."""
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
