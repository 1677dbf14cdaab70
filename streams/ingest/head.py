"""The first lines of a file: does it know the time? Decided once, before anything of it goes on."""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.ingest.framing import units
from streams.ingest.sentence import Parser, Sentence, Timing

SENTENCES: Final = 1000
"""So many sentences are looked at."""
_LINES: Final = 20_000
"""... within so many lines, which bounds the memory."""


class Verdict(NamedTuple):
    """What the head says."""

    lines: list[bytes]
    """All of it, unread."""
    timed: bool
    first_ms: dict[int, int]
    """Least time of each MMSI in it; empty when it has no times."""


class Head:
    """Collects a file's first lines until it can be told whether they carry times."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._first_ms: dict[int, int] = {}
        self._parser = Parser()
        self._timing: Timing | None = None
        self._sentences = 0
        self._timed = False

    def add(self, line: bytes) -> bool:
        """Takes a line in. True when enough has been seen."""
        self._lines.append(line)
        for unit in units(line):
            self._look(unit)
        return self._sentences >= SENTENCES or len(self._lines) >= _LINES

    def verdict(self) -> Verdict:
        """What the lines so far say."""
        return Verdict(self._lines, self._timed, self._first_ms)

    def _look(self, unit: bytes) -> None:
        parsed = self._parser.parse(unit)
        if isinstance(parsed, Timing):
            self._timing = parsed
        if not isinstance(parsed, Sentence):
            return
        self._sentences += 1
        timing, self._timing = self._timing, None
        time_ms = parsed.tag.time_ms if timing is None or parsed.tag.time_ms is not None else timing.time_ms
        if time_ms is None:
            return
        self._timed = True
        if parsed.number == 1:
            mmsi = self._parser.mmsi(parsed.payload)
            self._first_ms[mmsi] = min(time_ms, self._first_ms.get(mmsi, time_ms))
