"""Dates as lists write them: of a day, or only of a month or a year.

Every function takes text and returns an ISO date, None for an empty cell, or raises ``Refusal``.
"""

from __future__ import annotations

import re
from typing import Final

from streams.reference import list_cells
from streams.reference.list_cells import YEARS, Refusal

_EUROPEAN_DAY: Final = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})(?:\s.*)?")
_NAMED_MONTH: Final = re.compile(r"([0-9]{1,2})[ -]([A-Za-z]{3})[a-z]*\.?[ -]([0-9]{4}|[0-9]{2})(?:\s.*)?")
_MONTH_FIRST: Final = re.compile(r"([A-Za-z]{3})[a-z]*\.? (?:([0-9]{1,2}), )?([0-9]{4})")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL: Final = "january february march april may june july august september october november december"
_MONTH: Final = rf"(?:{'|'.join(_FULL.split())}|sept|{'|'.join(_MONTHS)})\.?"
_PARTIAL: Final = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2]))?")
_YEAR: Final = re.compile(r"(?<![0-9])(?:18[5-9]|19[0-9]|20[0-9])[0-9](?![0-9])")
_CELL_MOST: Final = 100
DATE: Final = (
    r"(?<![0-9])(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4}"
    rf"|[0-9]{{1,2}}[ -]{_MONTH}[ -][0-9]{{4}}|{_MONTH} (?:[0-9]{{1,2}}, )?[0-9]{{4}}|[0-9]{{4}}-[0-9]{{2}}|[0-9]{{4}})"
    r"(?![0-9])"
)
"""A pattern without groups, for letters of any case: a date in running text, which ``date_of`` may still reject."""


def day_of(cell: str) -> str | None:
    """The date of a cell: ISO, day.month.year, or with the month's name (3 Oct. 2017, 03-Oct-17)."""
    iso = cell.strip()[:10]
    if european := _EUROPEAN_DAY.fullmatch(cell.strip()):
        iso = f"{european[3]}-{int(european[2]):02}-{int(european[1]):02}"
    elif (named := _NAMED_MONTH.fullmatch(cell.strip())) and named[2].lower() in _MONTHS:
        year = named[3] if len(named[3]) == len("2000") else f"20{named[3]}"
        iso = f"{year}-{_MONTHS.index(named[2].lower()) + 1:02}-{int(named[1]):02}"
    return list_cells.day(iso)


def date_of(cell: str) -> str | None:
    """As ``day_of``, and ``October 5, 2017``; also a month (``2017-10``, ``October 2017``) or a year alone."""
    clean = " ".join(cell.split())
    if (first := _MONTH_FIRST.fullmatch(clean)) and first[1].lower() in _MONTHS:
        month = f"{first[3]}-{_MONTHS.index(first[1].lower()) + 1:02}"
        return _in_years(list_cells.day(f"{month}-{int(first[2]):02}") if first[2] else month)
    return _in_years(clean if _PARTIAL.fullmatch(clean) else day_of(clean))


def iso_date(cell: str) -> str | None:
    """An ISO date, or its year and month, or its year alone."""
    clean = list_cells.text(cell) or ""
    return _in_years(clean if _PARTIAL.fullmatch(clean) else list_cells.day(clean))


def _in_years(iso: str | None) -> str | None:
    if iso is not None and int(iso[:4]) not in YEARS:
        raise Refusal(f"{iso} is not a date of a register ({YEARS.start} to {YEARS.stop - 1})")
    return iso


def is_after(one: str, other: str) -> bool:
    """Whether the first of two dates is certainly later; they may be of different precision."""
    known = min(len(one), len(other))
    return one[:known] > other[:known]


def year_of(cell: str) -> int | None:
    """The year in which a ship was built, from any form of a date; None if there is none."""
    found = _YEAR.search(cell[:_CELL_MOST])
    return int(found[0]) if found else None
