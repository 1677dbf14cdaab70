"""Converts the text that a published list has about a vessel to an entry: verified, or rejected with a reason.

One bad cell does not spoil a row: a cell that cannot be used is a *doubt*, reported and skipped. The row is rejected
only if nothing is left that identifies a vessel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

from detectors.core.imo_number import check_digit
from detectors.core.reference import FlagPeriod, ListedShip
from streams.reference import list_cells
from streams.reference.countries import country_code, is_country
from streams.reference.flag_text import dated_flag
from streams.reference.list_cells import Refusal, RefusedRow
from streams.reference.list_dates import date_of, day_of, year_of
from streams.reference.registration import Registration, links, published_ends, published_periods, registration

_SEVEN: Final = re.compile(r"(?:IMO)?[\s:#.]*([0-9]{7})\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9][0-9, ]*(?:\.[0-9]+)?")
_TONNES_MOST: Final = 1_000_000
_COMPANY_WEIGHTS: Final = (8, 6, 4, 2, 9, 7)
_ELEVEN: Final = 11
_Value = TypeVar("_Value")


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """One vessel as written in a list; all raw text. If there are several values, the first is the list's main one."""

    list: str
    line: int
    entry_id: str = ""
    names: tuple[str, ...] = ()
    imos: tuple[str, ...] = ()
    mmsis: tuple[str, ...] = ()
    call_signs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    """Present flags first, then former ones; country names or codes, some with dates: ``Togo (until 2017)``."""
    flag_history: tuple[str, ...] = ()
    """More flags with dates."""
    deregistered_on: str = ""
    """In any form of ``list_dates.date_of``."""
    deregistered_by: str = ""
    remarks: str = ""
    """Prose that may state former flags and de-registrations."""
    ship_type: str = ""
    length: str = ""
    tonnage_gt: str = ""
    deadweight_t: str = ""
    owner: str = ""
    linked_to: tuple[str, ...] = ()
    """Owners and others, as the list names them."""
    built: str = ""
    programme: str = ""
    topics: tuple[str, ...] | None = None
    """Why it is listed; None if the list does not distinguish its entries by topics."""
    listed_on: str = ""
    """In any form of ``list_dates.day_of``."""
    broken_up_on: str = ""
    """ISO; empty unless the list is one of broken-up ships."""
    broken_up_at: str = ""
    yard: tuple[float, float] | None = None
    """Latitude and longitude, degrees."""


class Entries:
    """Collects what a list holds, in its order."""

    def __init__(self) -> None:
        self.ships: dict[tuple[str, str], ListedShip] = {}
        self.refused: list[RefusedRow] = []
        self.doubts: list[RefusedRow] = []
        self.passed_over = 0
        """Rows that are not about a ship: people, companies, aircraft."""

    def refuse(self, line: int, reason: str) -> None:
        """A row that cannot be used."""
        self.refused.append(RefusedRow(line=line, reason=reason))

    def take(self, stated: Stated) -> None:
        """Adds a ship, or rejects its row."""
        try:
            ship = self._ship(stated)
            if (ship.list, ship.entry_id) in self.ships:
                raise Refusal(f"entry {ship.entry_id} of {ship.list} appears twice; the first one is used")
        except Refusal as why:
            self.refuse(stated.line, str(why))
        else:
            self.ships[ship.list, ship.entry_id] = ship

    def _ship(self, stated: Stated) -> ListedShip:
        doubts: list[str] = []
        names = _each(stated.names, list_cells.text, doubts)
        if not names:
            raise Refusal("; ".join(["no name", *doubts]))
        imo, wrong = _imo(stated.imos, doubts)
        mmsis = _each(stated.mmsis, list_cells.mmsi_number, doubts)
        signs = _each(stated.call_signs, list_cells.call_sign, doubts)
        registered = _registration(stated, doubts)
        if (imo is None or wrong) and not mmsis and not (signs and registered.flag):
            raise Refusal("; ".join([_NAMELESS, *doubts]))
        ship = ListedShip(
            list=stated.list,
            entry_id=_tidy(stated.entry_id, doubts) or _identity(imo, mmsis, signs),
            name=names[0],
            former_names=names[1:],
            imo=imo,
            imo_wrong=wrong,
            mmsi=mmsis[0] if mmsis else None,
            more_mmsis=mmsis[1:],
            call_sign=signs[0] if signs else None,
            more_call_signs=signs[1:],
            **registered._asdict(),
            ship_type=_tidy(stated.ship_type, doubts),
            length_m=_number(stated.length, 1000),
            tonnage_gt=_number(stated.tonnage_gt, _TONNES_MOST),
            deadweight_t=_number(stated.deadweight_t, _TONNES_MOST),
            owner=_tidy(stated.owner, doubts),
            linked_to=links(_each(stated.linked_to, list_cells.text, doubts)),
            built=year_of(stated.built),
            programme=_tidy(stated.programme, doubts),
            topics=list_cells.topics(stated.topics),
            listed_on=_day(stated.listed_on, doubts),
            broken_up_on=stated.broken_up_on or None,
            broken_up_at=_tidy(stated.broken_up_at, doubts),
            yard_lat_deg=stated.yard[0] if stated.yard else None,
            yard_lon_deg=stated.yard[1] if stated.yard else None,
        )
        self.doubts += [RefusedRow(line=stated.line, reason=f"{names[0]}: {doubt}") for doubt in doubts]
        return ship


_NAMELESS: Final = "no IMO number, no MMSI, and no call sign with flag: a name alone is never a match"


def _each(given: Iterable[str], read: Callable[[str], _Value | None], doubts: list[str]) -> tuple[_Value, ...]:
    """The readable values of several cells, each once, in their order."""
    found: dict[_Value, None] = {}
    for cell in given:
        try:
            value = read(cell)
        except Refusal as why:
            doubts.append(str(why))
        else:
            if value is not None:
                found[value] = None
    return tuple(found)


def _tidy(cell: str, doubts: list[str]) -> str | None:
    return next(iter(_each((cell,), list_cells.text, doubts)), None)


def _imo(given: Iterable[str], doubts: list[str]) -> tuple[int | None, bool]:
    """The first number whose check digit is right; otherwise the first with a wrong one, and True."""
    wrong: int | None = None
    for cell in _each(given, list_cells.text, doubts):
        if (found := _SEVEN.fullmatch(cell)) is None:
            doubts.append(f"{cell[:20]!r} is not an IMO number (seven digits)")
        elif is_ship_number(int(found[1])):
            return int(found[1]), False
        else:
            doubts.append(f"IMO {found[1]} has a wrong check digit: it never matches")
            wrong = wrong or int(found[1])
    return wrong, wrong is not None


def _registration(stated: Stated, doubts: list[str]) -> Registration:
    codes: list[str | None] = []
    periods: list[FlagPeriod] = []
    for cell in stated.flags:
        name = next(iter(_each((cell,), list_cells.text, doubts)), "")
        before = len(doubts)
        period = dated_flag(name, doubts)
        if period is not None:
            periods.append(period)
        elif not is_country(name) and len(doubts) == before:
            doubts.append(f"{name[:30]!r} is not a known country")
        codes.append(period.flag if period else country_code(name))
    day = next(iter(_each((stated.deregistered_on,), date_of, doubts)), None)
    ends = published_ends(day, country_code(stated.deregistered_by), stated.remarks, doubts)
    periods += published_periods(stated.flag_history, stated.remarks, doubts)
    flag = codes[0] if codes else None
    return registration(flag, [code for code in codes if code], periods, ends)


def _identity(imo: int | None, mmsis: tuple[int, ...], signs: tuple[str, ...]) -> str:
    return f"imo/{imo}" if imo else f"mmsi/{mmsis[0]}" if mmsis else f"call_sign/{signs[0]}"


def _number(cell: str, most: int) -> int | None:
    """The first whole number of a cell such as "99,144" or "274 metres"; None outside 1..most."""
    found = _NUMBER.search(cell[:100])
    number = round(float(found[0].replace(",", "").replace(" ", ""))) if found else 0
    return number if 0 < number < most else None


def _day(cell: str, doubts: list[str]) -> str | None:
    return next(iter(_each((cell,), day_of, doubts)), None)


def is_ship_number(imo: int) -> bool:
    """Whether the check digit is that of a ship's IMO number."""
    return check_digit(imo) == imo % 10


def is_company_number(imo: int) -> bool:
    """Whether the check digit is that of a company's IMO number: weights 8 6 4 2 9 7, eleven minus the remainder.

    One number in ten passes both tests: then only words distinguish a company from a ship.
    """
    digits = map(int, f"{imo:07d}"[:6])
    remainder = sum(digit * weight for digit, weight in zip(digits, _COMPANY_WEIGHTS, strict=True)) % _ELEVEN
    return (_ELEVEN - remainder) % 10 == imo % 10
