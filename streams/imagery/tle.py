"""Two-line element sets: columns, implied decimal points, checksums and numbers with a letter (Alpha-5)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from detectors.core.orbits.model import ElementSet
from streams.imagery.rejected import Unusable

_LENGTH: Final = 69
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # Alpha-5: no I, no O; A stands for 10
_CENTURY_FROM: Final = 57  # years before Sputnik belong to this century
_LINE: Final = re.compile(r"[12] [ 0-9A-Z]{5}")
_DAYS_MOST: Final = 367


def element_sets(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, ElementSet | Unusable]]:
    """The sets in numbered lines, each with the number of its first line, in order; names from lines before."""
    name, one, at = "", "", 0
    for number, raw in lines:
        line = raw.rstrip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("2 ") and _LINE.match(line):
            yield (at, _read(name, one, line)) if one else (number, Unusable("line 2 without line 1"))
            name, one = "", ""
            continue
        if one:
            yield at, Unusable("line 1 without line 2")
            name, one = "", ""
        if line.startswith("1 ") and _LINE.match(line):
            one, at = line, number
        else:
            name = line.removeprefix("0 ").strip()
    if one:
        yield at, Unusable("line 1 without line 2")


def _read(name: str, one: str, two: str) -> ElementSet | Unusable:
    try:
        return _element_set(name, one, two)
    except Unusable as why:
        return why


def _element_set(name: str, one: str, two: str) -> ElementSet:
    for line in (one, two):
        if len(line) != _LENGTH or not line.isascii():
            raise Unusable(f"a line that does not have {_LENGTH} characters")
        if _checksum(line) != line[-1]:
            raise Unusable("a wrong checksum")
    norad_id = _number(one[2:7])
    if norad_id != _number(two[2:7]):
        raise Unusable("two lines of different satellites")
    return ElementSet(
        name=name[:64] or f"NORAD {norad_id}",
        norad_id=norad_id,
        epoch_ms=_epoch_ms(one[18:20], one[20:32]),
        mean_motion=_decimal(two[52:63]),
        eccentricity=_decimal("0." + two[26:33].strip()),
        inclination_deg=_decimal(two[8:16]),
        raan_deg=_decimal(two[17:25]),
        pericenter_deg=_decimal(two[34:42]),
        mean_anomaly_deg=_decimal(two[43:51]),
        bstar=_exponential(one[53:61]),
        mean_motion_dot=_decimal(one[33:43]),
        mean_motion_ddot=_exponential(one[44:52]),
    )


def _checksum(line: str) -> str:
    return str(sum(int(c) if c.isdigit() else c == "-" for c in line[: _LENGTH - 1]) % 10)


def _number(field: str) -> int:
    text = field.strip()
    first, rest = text[:1], text[1:]
    if first in _LETTERS and first and len(text) == 5 and rest.isdigit():  # noqa: PLR2004
        return (_LETTERS.index(first) + 10) * 10_000 + int(rest)
    if not text.isdigit() or int(text) == 0:
        raise Unusable("a satellite's number that cannot be read")
    return int(text)


def _decimal(field: str) -> float:
    try:
        value = float(field.replace(" ", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Unusable("a field that is not a number")
    return value


def _exponential(field: str) -> float:
    """`` 21846-4`` is 0.21846e-4."""
    found = re.fullmatch(r"([+-]?)\.?(\d+)([+-]\d)", field.strip())
    if found is None:
        raise Unusable("a field that is not a number")
    return float(f"{found[1]}0.{found[2]}e{found[3]}")


def _epoch_ms(year: str, day: str) -> float:
    number, days = int(_decimal(year)), _decimal(day)
    if not 1 <= days < _DAYS_MOST:
        raise Unusable("an epoch that is not a day of the year")
    start = datetime(1900 + number if number >= _CENTURY_FROM else 2000 + number, 1, 1, tzinfo=UTC)
    return (start.timestamp() + round(timedelta(days=days - 1).total_seconds(), 6)) * 1000
