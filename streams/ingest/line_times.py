"""The event time of each line of a recording, to see whether lines are in time order.

A line without a time of its own, such as the second part of a message, a comment or a row that cannot be read, has that
of the line before it, and so stays behind that one when lines are sorted.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from streams.ingest.scan import PAD, UNTIMED, scan
from streams.ingest.sentence_times import SentenceTimes
from streams.ingest.stamps import StampRules
from streams.ingest.table_columns import ColumnMap
from streams.ingest.table_lines import TableLines
from streams.ingest.table_reader import times_of
from streams.ingest.tables import Rows, UnreadableRow
from streams.settings.model import Settings

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
HEAD_LINES: Final = 1000
"""Within this number of lines a table has its heading."""
_NEVER: Final = -1
NO_HEADING: Final = -1


class TimedLines(NamedTuple):
    """Lines of a block, each with its time and its table."""

    lines: TableLines
    time_ms: Ints
    """That of the line before where it has none; -1 before the first."""
    heading: Ints
    """Number of the heading under which it stands; NO_HEADING for none."""
    is_heading: Bools
    has_time: Bools
    """It has a time of its own."""


class OrderRules(msgspec.Struct, frozen=True, kw_only=True):
    """How times are read, and what the order of a recording is judged by."""

    stamps: StampRules = StampRules()
    columns: ColumnMap = ColumnMap()
    limit: int = 8192
    """Longest line, bytes."""
    late_s: float = 30.0
    """A line may be this late."""

    @classmethod
    def of(cls, settings: Settings, stamps: StampRules, columns: ColumnMap) -> Self:
        """Those of the settings."""
        limit, late_s = settings.ingest.line_bytes, settings.feed.allowed_lateness_s
        return cls(stamps=stamps, columns=columns, limit=limit, late_s=late_s)

    @property
    def late_ms(self) -> int:
        """The same in ms."""
        return int(self.late_s * 1000)


class LineTimes:
    """Reads the lines of one recording, block by block."""

    def __init__(self, rules: OrderRules, headings: list[bytes]) -> None:
        """``headings``: those of all recordings so far; new ones are added."""
        self._rows = Rows(rules.stamps, columns=rules.columns)
        self._sentences = SentenceTimes(rules.stamps)
        self._decided = False
        self._limit = rules.limit
        self._headings = headings
        self._heading = NO_HEADING
        self._last_ms = _NEVER
        self._searched = 0

    def read(self, block: bytes) -> TimedLines:
        """The lines of whole lines, in order."""
        lines = TableLines(block, self._limit)
        count = len(lines)
        none = np.zeros(count, np.bool_)
        timed = TimedLines(lines, np.full(count, UNTIMED), np.full(count, NO_HEADING), none, none)
        done = 0
        if not self._rows.table:
            done = self._heading_in(lines)
            if done == len(lines):
                self._read_sentences(timed)
            else:
                self._note_heading(timed, done)
                done += 1
        while done < len(lines):
            done = self._rows_from(timed, done)
        own = np.flatnonzero(timed.time_ms != UNTIMED)
        latest = np.searchsorted(own, np.arange(len(lines)), side="right")
        filled = np.append(self._last_ms, timed.time_ms[own])[latest]
        self._last_ms = int(filled[-1]) if len(filled) else self._last_ms
        return timed._replace(time_ms=filled, has_time=timed.time_ms != UNTIMED)

    def _read_sentences(self, timed: TimedLines) -> None:
        """Usual lines in columns, the others one by one."""
        lines, times = timed.lines, timed.time_ms
        found = scan(PAD + lines.text + PAD, self._limit)
        times[found.line], times[found.parts.line] = found.time_ms, found.parts.time_ms
        others = np.ones(len(lines), np.bool_)
        others[found.line] = others[found.parts.line] = False
        numbers = np.flatnonzero(others).tolist()
        if numbers and not self._decided:
            self._sentences.decide(map(lines.line, range(len(lines))))
            self._decided = True
        times[numbers] = [self._sentences.of(lines.line(number)) for number in numbers]

    def _heading_in(self, lines: TableLines) -> int:
        """The number of the line that is the heading; that after the last if none is."""
        for number in range(min(len(lines), HEAD_LINES - self._searched)):
            self._rows.take(lines.line(number))
            if self._rows.table:
                return number
        self._searched = min(HEAD_LINES, self._searched + len(lines))
        return len(lines)

    def _note_heading(self, timed: TimedLines, number: int) -> None:
        line = timed.lines.line(number)
        if line not in self._headings:
            self._headings.append(line)
        self._heading = timed.heading[number] = self._headings.index(line)
        timed.is_heading[number] = True

    def _rows_from(self, timed: TimedLines, begin: int) -> int:
        """Reads rows up to and including the next heading. Returns the line after it."""
        layout, lines, times = self._rows.layout, timed.lines, timed.time_ms
        assert layout is not None  # a table has begun
        numbers = lines.ordinary(layout.separator, begin)
        times[numbers] = times_of(lines, numbers, layout, self._rows)
        timed.heading[begin:] = self._heading
        for number in (begin + np.flatnonzero(times[begin:] == UNTIMED)).tolist():
            made = self._rows.take(lines.line(number))
            if self._rows.layout is not layout:
                times[number:] = UNTIMED
                self._note_heading(timed, number)
                return number + 1
            if not isinstance(made[0], UnreadableRow):
                times[number] = self._sentences.of(made[0])
        return len(lines)
