"""A block of whole lines, as far as it can be read without knowing the lines before it.

``scan`` reads the ordinary lines in columns; the others are parsed one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.ingest.framing import units
from streams.ingest.scan import PAD, UNTIMED, ScannedLines, scan
from streams.ingest.sentence import Bad, Parsed, Sentence, Timing
from streams.ingest.source_state import SourceState
from streams.nmea.sentence import Tag

Ints = npt.NDArray[np.int64]


class OddUnit(NamedTuple):
    """A unit that is not ordinary, and what the parser returned for it."""

    line: int
    unit: int
    """Its place among the units of the block."""
    sentence: int
    """Number of sentences of the block before it."""
    raw: bytes
    parsed: Parsed


_Units = list[tuple[bytes, Parsed]]


class LineBlock:
    """A block of whole lines, as far as it can be read without knowing the lines before it."""

    def __init__(self, source_state: SourceState, block: bytes, known: ScannedLines | None = None) -> None:
        """``known``: what ``scan`` would return, if it is known."""
        self.text = PAD + block + PAD
        self.lines = known or _without_untimed(scan(self.text, source_state.limit), source_state)
        self.odd, self.units, self.sentences = self._others(source_state)
        """``units`` and ``sentences``: how many come before each line; the last entry is the total."""
        self.odd_lines = np.array([odd.line for odd in self.odd], np.int64)
        self.timing = any(isinstance(odd.parsed, Timing) for odd in self.odd)

    def line(self, number: int) -> bytes:
        """One line, without its end."""
        return self.text[self.lines.start[number] : self.lines.end[number]]

    def __len__(self) -> int:
        return len(self.lines.start)

    def _others(self, source_state: SourceState) -> tuple[list[OddUnit], Ints, Ints]:
        lines, parts = self.lines, self._parts()
        units_of, sentences_of = np.ones(len(lines.start), np.int64), lines.ordinary.astype(np.int64)
        sentences_of[lines.parts.line] = 1
        numbers = np.flatnonzero(~lines.ordinary)
        parsed: dict[int, _Units] = {}
        for number in numbers.tolist():
            if number not in parts:
                found = parsed[number] = _parsed(self.line(number), source_state)
                units_of[number] = len(found)
                sentences_of[number] = sum(isinstance(what, (Sentence, Bad)) for _, what in found)
        units, sentences = (np.append(0, np.cumsum(each)) for each in (units_of, sentences_of))
        odd = []
        for number, unit, sentence in zip(
            *(each.tolist() for each in (numbers, units[numbers], sentences[numbers])), strict=True
        ):
            part = parts.get(number)
            if part is not None:
                odd.append(OddUnit(number, unit, sentence, part.text, part))
                continue
            for place, (raw, what) in enumerate(parsed[number]):
                odd.append(OddUnit(number, unit + place, sentence, raw, what))
                sentence += isinstance(what, (Sentence, Bad))  # noqa: PLW2901
        return odd, units, sentences

    def _parts(self) -> dict[int, Sentence]:
        """The parts of messages by line, as the parser would read them, at a third of its cost."""
        parts, text, made = self.lines.parts, self.text, {}
        columns = (column.tolist() for column in parts)
        for line, places, total, number, time_ms, station, size, wrong in zip(*columns, strict=True):
            begin, sequence, channel, payload, fill, star = places
            made[line] = Sentence(
                text[begin : star + 3],
                Tag(text[station : station + size], None if time_ms == UNTIMED else time_ms, None, wrong),
                total,
                number,
                text[sequence + 1 : channel],
                text[channel + 1 : payload],
                text[payload + 1 : fill],
            )
        return made


def _parsed(line: bytes, source_state: SourceState) -> _Units:
    if len(line) > source_state.limit:
        return [(line[: source_state.limit + 1], source_state.too_long())]
    return [(unit, source_state.parser.parse(unit)) for unit in units(line)]


def _without_untimed(lines: ScannedLines, source_state: SourceState) -> ScannedLines:
    """Lines without a time are ordinary only if nothing in the block changes the time that they all get."""
    untimed = lines.time_ms == UNTIMED
    if source_state.synthetic or not untimed.any() or (source_state.source_kind.live and untimed.all()):
        return lines
    ordinary = lines.ordinary.copy()
    ordinary[lines.line[untimed]] = False
    return ScannedLines(lines.start, lines.end, ordinary, lines.parts, *(column[~untimed] for column in lines[4:]))
