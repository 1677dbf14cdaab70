"""The first lines of a file: do they have times? Decided once, before any line is processed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.ingest.framing import units
from streams.ingest.sentence import Parser, Sentence, Timing

SENTENCES: Final = 1000
"""This number of sentences is examined ..."""
_LINES: Final = 20_000
"""... within this number of lines, which bounds the memory."""


class HeadVerdict(NamedTuple):
    """What the head shows."""

    lines: list[bytes]
    """All lines of the head, unread."""
    sentences: int
    timed: bool
    first_ms: dict[int, int]
    """Least time of each MMSI in the head; empty if it has no times."""
    numbers_are_times: bool = True
    """Numbers alone beside the sentences are times; otherwise they are counters."""
    stations_ms: dict[bytes, int] = {}  # noqa: RUF012 - read only
    """Least time of each station that a tag block names."""
    times_ms: Sequence[int] = ()
    """The sure times, in their order."""


class FileHead:
    """Collects a file's first lines until it is known whether they have times."""

    def __init__(self, parser: Parser) -> None:
        self._lines: list[bytes] = []
        self._first_ms: dict[bool, dict[int, int]] = {False: {}, True: {}}
        """Least sure times, and least doubtful ones."""
        self._stations_ms: dict[bytes, int] = {}
        self._times_ms: list[int] = []
        self._parser = parser
        self._timing: Timing | None = None
        self._sentences = 0
        self._timed = {False: 0, True: 0}
        self._counted = 0
        """Doubtful numbers that are not times."""

    def add(self, line: bytes) -> bool:
        """Adds a line. True when there are enough."""
        self._lines.append(line)
        for unit in units(line):
            self._look(unit)
        return self._sentences >= SENTENCES or len(self._lines) >= _LINES

    def verdict(self) -> HeadVerdict:
        """The verdict on the lines so far."""
        sure, doubtful = self._first_ms[False], self._first_ms[True]
        are_times = self._timed[True] > self._counted
        for mmsi, time_ms in doubtful.items() if are_times else ():
            sure[mmsi] = min(time_ms, sure.get(mmsi, time_ms))
        timed = self._timed[False] > 0 or are_times
        return HeadVerdict(self._lines, self._sentences, timed, sure, are_times, self._stations_ms, self._times_ms)

    def _look(self, unit: bytes) -> None:
        parsed = self._parser.parse(unit)
        if isinstance(parsed, Timing):
            self._timing = parsed
        if not isinstance(parsed, Sentence):
            return
        self._sentences += 1
        timing, self._timing = self._timing, None
        time_ms = parsed.tag.time_ms if timing is None or parsed.tag.time_ms is not None else timing.time_ms
        doubtful = parsed.tag.doubtful and time_ms == parsed.tag.time_ms
        if time_ms is None:
            self._counted += doubtful
            return
        self._timed[doubtful] += 1
        if parsed.number == 1:
            if not doubtful:
                self._times_ms.append(time_ms)
            mmsi, first_ms = self._parser.mmsi(parsed.payload), self._first_ms[doubtful]
            first_ms[mmsi] = min(time_ms, first_ms.get(mmsi, time_ms))
            if station := parsed.tag.station:
                self._stations_ms[station] = min(time_ms, self._stations_ms.get(station, time_ms))
