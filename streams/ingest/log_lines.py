"""Writes many messages as lines of the log at once: tag block, sentence, line end, in the order of partitions."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.nmea import byte_words

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_OPEN: Final = b"\\s:"
_MIDDLE: Final = b",c:"
_CLOSE_SIZE: Final = 4  # *hh\
_LONG_MS: Final = 10**12
"""Milliseconds have 13 digits from 2001 on, 12 before."""
LEAST_MS: Final = 10**11
_CONSTANT: Final = int(np.bitwise_xor.reduce(np.frombuffer(_OPEN[1:] + _MIDDLE, np.uint8)))


class LineRun(NamedTuple):
    """Messages in the order of the log, one a row."""

    block: bytes
    """The bytes that the places below refer to."""
    text: Ints
    """Where its text begins: one sentence or, if ``ready``, all its lines with their tag blocks."""
    text_size: Ints
    station: Ints
    station_size: Ints
    ready: npt.NDArray[np.bool_]
    time_ms: Ints
    """From LEAST_MS on, below the year 2100."""
    mmsi: Ints
    ordinal: Ints
    size: Ints
    """Number of sentences in it."""

    def stations(self, last: int) -> list[bytes]:
        """The stations of the last messages, ``last`` of them, in order."""
        return [self._station(row) for row in range(len(self.ordinal) - last, len(self.ordinal))]

    def _station(self, row: int) -> bytes:
        if self.ready[row]:
            at = int(self.text[row]) + len(_OPEN)
            return self.block[at : self.block.index(_MIDDLE, at)]
        at = int(self.station[row])
        return self.block[at : at + int(self.station_size[row])]

    def ordered(self) -> LineRun:
        """The same messages in the order of their ordinals."""
        order = np.argsort(self.ordinal, kind="stable")
        return LineRun(self.block, *(column[order] for column in self[1:]))  # type: ignore[arg-type]  # same columns


class LogLines(NamedTuple):
    """Lines in another order. ``edges``, ``lines`` and ``bytes`` have one entry more than there are rows."""

    text: Bytes
    edges: Ints
    """Where each row begins in ``text``; there is a line end before the next one."""
    lines: Ints
    """Number of lines before each row ..."""
    bytes: Ints
    """... and number of bytes, without line ends."""
    place: Ints
    """Each row's place in the run."""
    time_ms: Ints
    ordinals: Ints
    """One per line."""


def written(run: LineRun, order: Ints) -> LogLines:
    """Writes the run's messages in ``order``."""
    digits = np.where(run.time_ms >= _LONG_MS, 13, 12)
    tag_size = len(_OPEN) + run.station_size + len(_MIDDLE) + digits + _CLOSE_SIZE
    tag_size = np.where(run.ready, 0, tag_size)
    edges = _before((tag_size + run.text_size + 1)[order])
    begin = np.empty_like(edges[:-1])
    begin[order] = edges[:-1]
    text = np.full(edges[-1], ord("\n"), np.uint8)
    source = np.frombuffer(run.block, np.uint8)
    _copy(text, begin + tag_size, source, run.text, run.text_size)
    rows = np.flatnonzero(~run.ready)
    _tag_blocks(
        text,
        begin[rows],
        source,
        _Tagged(*(column[rows] for column in (run.station, run.station_size, run.time_ms, digits))),
    )
    lines = _before(run.size[order])
    ordinals = np.repeat(run.ordinal[order], run.size[order])
    return LogLines(text, edges, lines, edges - lines, order, run.time_ms[order], ordinals)


class _Tagged(NamedTuple):
    station: Ints
    station_size: Ints
    time_ms: Ints
    digits: Ints


def _before(sizes: Ints) -> Ints:
    return np.append(0, np.cumsum(sizes))


def _tag_blocks(text: Bytes, begin: Ints, source: Bytes, tagged: _Tagged) -> None:
    """Writes ``\\s:STATION,c:TIME*hh\\`` at each place."""
    if not len(begin):
        return
    # From the beginning to each byte: 40 ns per line, but stations are anywhere in the source, in any order.
    xors = np.bitwise_xor.accumulate(source)
    xor = xors[tagged.station - 1] ^ xors[tagged.station + tagged.station_size - 1] ^ np.uint8(_CONSTANT)
    byte_words.at(text, "V3")[begin] = np.frombuffer(_OPEN, "V3")
    at = begin + len(_OPEN)
    _copy(text, at, source, tagged.station, tagged.station_size)
    at = at + tagged.station_size
    byte_words.at(text, "V3")[at] = np.frombuffer(_MIDDLE, "V3")
    at = at + len(_MIDDLE)
    for size in np.unique(tagged.digits).tolist():
        rows = np.flatnonzero(tagged.digits == size)
        xor[rows] ^= byte_words.write_digits(text, at[rows], tagged.time_ms[rows], size)
    at = at + tagged.digits
    text[at] = ord("*")
    byte_words.write_pairs(text, at + 1, xor)
    text[at + 3] = ord("\\")


def _copy(text: Bytes, to: Ints, source: Bytes, start: Ints, size: Ints) -> None:
    """Copies pieces, those of one length together: a feed has few lengths."""
    order = np.argsort(size.astype(np.uint16), kind="stable")
    edges = np.flatnonzero(np.diff(size[order], prepend=-1))
    for rows in np.split(order, edges[1:]):
        length = int(size[rows[0]]) if len(rows) else 0
        if length:
            byte_words.at(text, f"V{length}")[to[rows]] = byte_words.at(source, f"V{length}")[start[rows]]
