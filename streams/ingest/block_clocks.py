"""Compares the clocks of the stations in a block of lines, before the block is processed in columns."""

from __future__ import annotations

from operator import itemgetter

import numpy as np

from streams.ingest.block import LineBlock
from streams.ingest.scan import UNTIMED
from streams.ingest.sentence import Sentence
from streams.ingest.source_state import SourceState
from streams.nmea.sentence import Tag


def hear_clocks(source_state: SourceState, read: LineBlock) -> int:
    """Compares the clocks up to the line at which one is found to be wrong. Returns the number of lines up to it."""
    times, wall_ms, last = source_state.times, source_state.wall_ms, -1
    if times.one_clock:
        return len(read)
    for line, ordinal, sentence in sorted(_compared(source_state, read), key=itemgetter(0, 1)):
        if times.clocks.pending and line > last:
            return last + 1
        times.hear(sentence, ordinal, wall_ms)
        last = line
    return last + 1 if times.clocks.pending else len(read)


def _compared(source_state: SourceState, read: LineBlock) -> list[tuple[int, int, Sentence]]:
    """Line, ordinal and sentence of each message that may be compared."""
    lines, first = read.lines, source_state.ordinal + 1
    named = np.flatnonzero((lines.station_size > 0) & (lines.time_ms != UNTIMED))
    odd = [
        (odd.line, first + odd.unit, odd.parsed)
        for odd in read.odd
        if isinstance(odd.parsed, Sentence) and odd.parsed.total == 1
    ]
    if not len(named):
        return odd
    line = lines.line[named]
    ordinal = first + read.units[line]
    chosen = source_state.times.clocks.compared_rows(read.text, lines.end[line], ordinal)
    found = [
        (line, ordinal, _sentence(read, row, line))
        for row, line, ordinal in zip(*(column[chosen].tolist() for column in (named, line, ordinal)), strict=True)
    ]
    return found + odd


def _sentence(read: LineBlock, row: int, line: int) -> Sentence:
    """An ordinary line, as far as the clock of its station is concerned."""
    lines = read.lines
    station, size = int(lines.station[row]), int(lines.station_size[row])
    text = read.text[int(lines.text[row]) : int(lines.end[line])]
    tag = Tag(read.text[station : station + size], int(lines.time_ms[row]))
    return Sentence(text, tag, 1, 1, b"", b"", text.split(b",")[5])
