"""Flags with their dates, and de-registrations, in the words of lists: ``Togo (until 5 October 2017)``. No I/O.

Remarks are prose, so only plain statements are understood; what is not understood is left out, never guessed. A country
that is not known, or a date that is not one, raises no error here: ``doubts`` get a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from detectors.core.reference import FlagPeriod
from streams.reference.countries import country_code
from streams.reference.list_cells import Refusal
from streams.reference.list_dates import DATE, date_of, is_after

_TO: Final = r"(?:to|until|till|up to|-|\u2013|\.\.)"
_PERIOD: Final = (
    rf"(?:(?:from |since |as of )?(?P<first>{DATE}) ?{_TO} ?(?P<last>{DATE})"
    rf"|(?:from |since |as of )(?P<since>{DATE})|(?P<open>{DATE}) ?(?:-|\u2013|\.\.)"
    rf"|(?:until|till|up to|to|\.\.) ?(?P<until>{DATE}))"
)
_DATED: Final = re.compile(rf"(?P<country>[^0-9]{{2,60}}?)[ (,:]{{1,3}}{_PERIOD}", re.I)
_FLAG_WORDS: Final = re.compile(
    r"\bflag(?:ged|s)?\b(?: state)?(?: history)?(?: (?:by|in|to|under|of|is|was)\b)? ?:? ?(?:the )?", re.I
)
_SENTENCE: Final = re.compile(r"[;\n]|(?<=[a-z0-9)])\.\s+(?=[A-Z])")
_PART: Final = re.compile(r",\s*(?!\s|[0-9]|(?:from|since|as of|until|till|up to|to)\b)|\s(?:and|then)\s", re.I)
_SHORT_MONTH: Final = re.compile(r"\b(jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.", re.I)
_DEREGISTERED: Final = re.compile(
    r"\bde-? ?(?:registered|flagged|registration)\b"
    r"|\bregistration (?:was |has been |is )?(?:cancell?ed|terminated|revoked|withdrawn)\b"
    r"|\b(?:struck off|struck|deleted|removed) (?:from )?(?:the )?(?:[a-z' ]{0,40} )?(?:register|registry)\b",
    re.I,
)
_NOT_YET: Final = re.compile(r"\b(?:not|never|not been|(?:to|sh[a-z]+|must|will|may) be)\s*$", re.I)
_BY: Final = re.compile(
    r"\b(?:by|from|of)\s+(?:the\s+)?(?:(?:government|flag|registry|register)\s+of\s+(?:the\s+)?)?", re.I
)
_DATE: Final = re.compile(DATE, re.I)
_AUXILIARY: Final = re.compile(r"\s+(?:has|had)\s*$")
_WORD: Final = re.compile(r"[^\s,;:()]+")
_COUNTRY_WORDS_MOST: Final = 6
_CODE_LETTERS: Final = 2
_STATEMENT_MOST: Final = 160
_TEXT_MOST: Final = 10_000
PERIODS_MOST: Final = 32


class Deregistration(NamedTuple):
    """The end of a registration by the flag; one of the two is known."""

    by: str | None
    """ISO code of the flag."""
    on: str | None
    """ISO date, or its month or year."""


def dated_flag(cell: str, doubts: list[str]) -> FlagPeriod | None:
    """The flag and dates with which a cell begins; None if it does not begin with both."""
    found = _DATED.match(" ".join(cell.split()))
    if found is None:
        return None
    code = country_code(found["country"])
    if code is None:
        doubts.append(f"{found['country'][:30]!r} is not a known country")
        return None
    try:
        first, last = (date_of(found[a] or found[b] or found[c] or "") for a, b, c in _ENDS)
    except Refusal as why:
        doubts.append(f"flag {code}: {why}")
        return None
    if first and last and is_after(first, last):
        doubts.append(f"flag {code} from {first} until {last}: the end is before the beginning")
        return None
    return FlagPeriod(flag=code, from_date=first, to_date=last)


_ENDS: Final = (("first", "since", "open"), ("last", "until", "until"))


def dated_flags_in(text: str, doubts: list[str]) -> Iterator[FlagPeriod]:
    """The flags with dates that remarks name after the word flag: ``Flags: Togo (2015-2017), Niue since 2018``."""
    for sentence in _sentences(text):
        named = _FLAG_WORDS.search(sentence)
        for part in _PART.split(sentence[named.end() :]) if named else ():
            if (period := dated_flag(part.strip(), doubts)) is not None:
                yield period


def deregistrations_in(text: str, doubts: list[str]) -> Iterator[Deregistration]:
    """The de-registrations that remarks state: ``de-registered by Togo on 5 October 2017``."""
    for sentence in _sentences(text):
        found = list(_DEREGISTERED.finditer(sentence))
        starts = [*(each.start() for each in found), len(sentence)]
        for each, end in zip(found, starts[1:], strict=True):
            before, said = sentence[: each.start()], sentence[each.start() : min(end, each.start() + _STATEMENT_MOST)]
            if _NOT_YET.search(before[-_STATEMENT_MOST:]):
                continue
            by = _named_in(said) or _subject_of(before[-_STATEMENT_MOST:])
            stated = Deregistration(by, _first_date(said, doubts))
            if stated != Deregistration(None, None):
                yield stated


def _sentences(text: str) -> list[str]:
    return [" ".join(each.split()) for each in _SENTENCE.split(_SHORT_MONTH.sub(r"\1", text[:_TEXT_MOST]))]


def _first_date(said: str, doubts: list[str]) -> str | None:
    found = _DATE.search(said)
    try:
        return date_of(found[0]) if found else None
    except Refusal as why:
        doubts.append(f"de-registered: {why}")
        return None


def _named_in(said: str) -> str | None:
    """The country after ``by``, ``from`` or ``of``."""
    for each in _BY.finditer(said):
        words = _WORD.findall(said[each.end() : each.end() + _STATEMENT_MOST])[:_COUNTRY_WORDS_MOST]
        for number in range(len(words), 0, -1):
            if code := _country(words[:number]):
                return code
    return None


def _subject_of(before: str) -> str | None:
    """The country with which the text before the verb ends: ``Togo has``."""
    words = _WORD.findall(_AUXILIARY.sub("", before))[-_COUNTRY_WORDS_MOST:]
    for number in range(len(words)):
        if code := _country(words[number:]):
            return code
    return None


def _country(words: list[str]) -> str | None:
    name = " ".join(words).rstrip(".")
    if len(name) <= _CODE_LETTERS and not name.isupper():  # "in" is no country, "IN" is India
        return None
    return country_code(name)
