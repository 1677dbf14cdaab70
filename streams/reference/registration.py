"""The registration of a ship, put together from what a list states in cells and in remarks. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from detectors.core.reference import FlagPeriod
from streams.reference import list_cells
from streams.reference.flag_text import PERIODS_MOST, Deregistration, dated_flag, dated_flags_in, deregistrations_in
from streams.reference.list_cells import Refusal
from streams.reference.list_dates import is_after, iso_date

LINKS_MOST: Final = 16
"""Owners of a ship; more would be a mistake of the list."""


class Registration(NamedTuple):
    """Flags and their dates, as in ``ListedShip``."""

    flag: str | None = None
    former_flags: tuple[str, ...] = ()
    flag_history: tuple[FlagPeriod, ...] = ()
    deregistered_on: str | None = None
    deregistered_by: str | None = None


def registration(
    flag: str | None, others: Iterable[str], periods: Sequence[FlagPeriod], ends: Sequence[Deregistration]
) -> Registration:
    """Puts together the present flag, other flags, flags with dates, and de-registrations in any order.

    Without a present flag the last one counts whose history has a beginning and no end. Of several de-registrations
    the latest counts as such; the others end a flag of the history.
    """
    if not periods and not ends:
        return Registration(flag, tuple(code for code in dict.fromkeys(others) if code != flag))
    ordered = sorted(dict.fromkeys(ends), key=lambda each: each.on or "")
    last = ordered[-1] if ordered else Deregistration(None, None)
    earlier = [FlagPeriod(flag=each.by, to_date=each.on) for each in ordered[:-1] if each.by and each.on]
    known = {(each.flag, each.to_date) for each in periods}
    history = (*dict.fromkeys(periods), *(each for each in earlier if (each.flag, each.to_date) not in known))
    if flag is None:
        flag = next((each.flag for each in reversed(history) if each.to_date is None and each.flag != last.by), None)
    flags = dict.fromkeys([*others, *(each.flag for each in history), *([last.by] if last.by else [])])
    return Registration(flag, tuple(code for code in flags if code != flag), history[:PERIODS_MOST], last.on, last.by)


def published_periods(cells: Iterable[str], remarks: str, doubts: list[str]) -> list[FlagPeriod]:
    """The flags with dates of several cells, then of remarks."""
    of_cells = [period for cell in cells if (period := dated_flag(cell, doubts)) is not None]
    return [*of_cells, *dated_flags_in(remarks, doubts)]


def published_ends(on: str | None, by: str | None, remarks: str, doubts: list[str]) -> list[Deregistration]:
    """The de-registration that columns state, then those of remarks."""
    return [*([Deregistration(by, on)] if on or by else []), *deregistrations_in(remarks, doubts)]


# -- our own format --------------------------------------------------------------------------------------------------


def own_history(cell: str) -> tuple[tuple[str, ...], tuple[FlagPeriod, ...]]:
    """The flags of a cell, and those with dates: ``TG 2015-03..2017-10-05; KP 2017-10-06..; PA``. Raises Refusal."""
    parts = [part for part in cell.split(";") if part.strip()]
    if len(parts) > PERIODS_MOST:
        raise Refusal(f"a flag history of {len(parts)} flags (at most {PERIODS_MOST})")
    read = [_own_period(part) for part in parts]
    return (
        tuple(dict.fromkeys(each.flag for each in read)),
        tuple(each for each in read if each.from_date or each.to_date),
    )


def _own_period(part: str) -> FlagPeriod:
    clean = list_cells.text(part) or ""
    code, _, dates = clean.partition(" ")
    flag = list_cells.country(code)
    first, dots, last = dates.partition("..")
    if flag is None or (dates.strip() and not dots):
        raise Refusal(f"{clean[:40]!r} is not a flag with dates (such as TG 2015-03..2017-10-05)")
    from_date, to_date = iso_date(first), iso_date(last)
    if from_date and to_date and is_after(from_date, to_date):
        raise Refusal(f"flag {flag} from {from_date} until {to_date}: the end is before the beginning")
    return FlagPeriod(flag=flag, from_date=from_date, to_date=to_date)


def links(given: Iterable[str | None]) -> tuple[str, ...]:
    """Linked owners, each once, in their order."""
    return tuple(dict.fromkeys(name for name in given if name))[:LINKS_MOST]
