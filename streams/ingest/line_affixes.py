"""What loggers and receivers write before and after a sentence: its time, and sometimes a station.

Read, in this order:
- after it: ``,rSTATION,EPOCH`` and ``,bSTATION,EPOCH`` (US Coast Guard); AIS-catcher's ``( MSG: 1, ..., timestamp:
  20220729191340)``; a date with a time of day; ``,EPOCH``;
- before it: a date with a time of day (ISO 8601, OpenCPN's VDR table, syslog), or an epoch that begins the line.

A number alone is doubtful: rtl-ais prints a count of samples there. ``BareNumberTimes``, which knows the whole feed,
decides.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from streams.ingest.stamps import AIS_FROM_MS, StampError, StampRules, doubt, found_ms, read_ms
from streams.nmea.epochs import epoch_ms
from streams.nmea.sentence import SENTENCE

_STATION: Final = re.compile(rb",([rb]\w+),(\d{9,19}(?:\.\d+)?)\s*(?:,|$)")
_NAMED: Final = re.compile(rb"\b(?:timestamp|rxuxtime|rxtime)\"?\s*[:=]\s*\"?([0-9][0-9T:.Z+-]*)")
_APPENDED: Final = re.compile(rb",(\d{9,19}(?:\.\d+)?)\s*(?:,|$)")
_ALONE: Final = re.compile(rb"[\s,;|\"']*(\d{1,19}(?:\.\d+)?)[\s,;|\"']*")
_FIRST: Final = re.compile(rb"[\s\[(<\"']{0,3}(\d{1,19}(?:\.\d+)?)(?![\d.:/-])")
_SENTENCE: Final = re.compile(SENTENCE)
_DOUBTED_LINES: Final = 50
_AHEAD_MOST_MS: Final = 86_400_000
_LEAP_MOST_MS: Final = 600_000
_SCORE_MOST: Final = 20
_AGAINST: Final = 2


class LineAffixes(NamedTuple):
    """What was found."""

    station: bytes = b""
    time_ms: int | None = None
    doubtful: bool = False
    """A number alone; if ``time_ms`` is None, the number is not a time."""


NOTHING: Final = LineAffixes()


def affixes(before: bytes, after: bytes, rules: StampRules) -> LineAffixes:
    """What is written before and after a sentence on its line."""
    found = _after(after, rules) if after else NOTHING
    if found.time_ms is not None or not before:
        return found
    time_ms = found_ms(before, rules)
    if time_ms is not None:
        return LineAffixes(found.station, time_ms)
    number = _FIRST.match(before)
    return _number(number.group(1)) if number is not None else found


def doubt_in(opening: bytes, rules: StampRules) -> str:
    """Why the first date beside a sentence that cannot be read is not; empty if there is none in the first lines."""
    for line in opening.splitlines()[:_DOUBTED_LINES]:
        found = _SENTENCE.search(line)
        for text in (line,) if found is None else (line[: found.start()], line[found.end() :]):
            if why := doubt(text, rules):
                return why
    return ""


def _after(after: bytes, rules: StampRules) -> LineAffixes:
    station = _STATION.search(after)
    if station is not None:
        return LineAffixes(station.group(1), epoch_ms(station.group(2).decode("ascii")))
    named = _NAMED.search(after)
    if named is not None:
        try:
            return LineAffixes(b"", read_ms(named.group(1).decode("ascii"), rules))
        except StampError:
            return NOTHING
    number = _ALONE.fullmatch(after) or _APPENDED.search(after)
    if number is not None:
        return _number(number.group(1))
    return LineAffixes(b"", found_ms(after, rules))


def _number(text: bytes) -> LineAffixes:
    time_ms = epoch_ms(text.decode("ascii"))
    return LineAffixes(b"", time_ms if time_ms is not None and time_ms >= AIS_FROM_MS else None, doubtful=True)


class BareNumberTimes:
    """Whether numbers alone beside sentences are their times, for one source.

    A recording's head decides for all of it. A live feed's numbers must keep to the wall clock's pace: if one is a day
    ahead of it, or has moved ten minutes further than it since the last one, none is believed.
    """

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._are_times = True
        self._score = 0
        self._last: tuple[int, int] | None = None

    def decide(self, *, are_times: bool) -> None:
        """Sets the verdict on a recording's head."""
        self._are_times = are_times

    def time_ms(self, time_ms: int | None, now_ms: int) -> int | None:
        """The time that a doubtful number gives; None if it is believed not to be a time."""
        if not self._live:
            return time_ms if self._are_times else None
        plausible = time_ms is not None and self._keeps_pace(time_ms, now_ms)
        self._score += 1 if plausible else -_AGAINST
        self._score = max(-_SCORE_MOST, min(_SCORE_MOST, self._score))
        return time_ms if plausible and self._score > 0 else None

    def _keeps_pace(self, time_ms: int, now_ms: int) -> bool:
        last, self._last = self._last, (time_ms, now_ms)
        if time_ms - now_ms > _AHEAD_MOST_MS:
            return False
        return last is None or time_ms - last[0] <= now_ms - last[1] + _LEAP_MOST_MS
