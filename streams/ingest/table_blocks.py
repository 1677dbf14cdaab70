"""Tables in columns: a block of rows becomes a block of the sentences that ``tables.Rows`` would write, byte for byte.

polars splits the rows and reads the numbers. What occurs few times in a block (times, MMSIs, words) is read once by the
functions of the reference. A line that is not an ordinary row, or that cannot be read, goes through the reference
itself: with a quotation mark inside a cell, a control character, a sentence, a heading. So does each row that may bring
new particulars of a ship, in the order of the rows.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.ingest.leading_times import leading_times
from streams.ingest.scan import scanned
from streams.ingest.table_columns import TableLayout
from streams.ingest.table_lines import TableLines
from streams.ingest.table_reader import Piece, WrittenLines
from streams.ingest.table_values import cells_of, readable, values_of
from streams.ingest.tables import KNOWN_MOST, Rows, UnreadableRow
from streams.nmea.position_lines import BASE, TIME_FROM_MS, position_lines

Ints = npt.NDArray[np.int64]
STATICS: Final = (
    "imo", "call_sign", "name", "ship_type", "length", "beam", "draught", "destination", "bow", "stern", "port",
    "starboard",
)  # fmt: skip
_ALONE_ROWS: Final = 500
"""From this number of rows on, sentences are passed on with what is known of them."""
_PIECE_ROWS: Final = 2500
"""Rows given on at once: about 256 KB of lines, which stay in a processor's cache."""


class _Read(NamedTuple):
    """The ordinary rows of a block that can be read, one a row."""

    lines: npt.NDArray[np.void]
    """The sentence of each."""
    line: Ints
    """Number of its line."""
    mmsi: Ints
    time_ms: Ints
    states: npt.NDArray[np.bool_]
    """It may bring particulars."""
    hashes: npt.NDArray[np.uint64]
    """Of the cells of its particulars."""


class TableBlocks:
    """Turns blocks of a table's rows into sentences. ``rows`` has the layout, and what each ship has stated."""

    def __init__(self, rows: Rows, limit: int) -> None:
        """Lines longer than ``limit`` bytes are cut to one more, as framing does."""
        self._rows = rows
        self._limit = limit
        self._stated: dict[int, int] = {}
        """By MMSI, the hash of the cells that were last compared."""

    def take(self, block: bytes) -> Iterator[Piece]:
        """The sentences of whole lines, in order: blocks of lines, and rows that cannot be read."""
        lines = TableLines(block, self._limit)
        done = 0
        while done < len(lines):
            done = yield from self._upto_heading(lines, done)

    def _upto_heading(self, lines: TableLines, begin: int) -> Generator[Piece, None, int]:
        """Processes lines from ``begin`` on up to the next other heading. Returns the line after the last one."""
        rows, layout = self._rows, self._rows.layout
        assert layout is not None  # the caller has seen a heading
        read = self._read(lines, begin, layout)
        events = _Events(len(lines), begin, read.line, self._changes(read, 0))
        out, done = _Output(read, len(rows.station)), 0
        for number in events:
            upto = int(np.searchsorted(read.line, number))
            own = int(upto < len(read.line) and read.line[upto] == number)
            yield from out.rows(done, upto + own)
            done, known = upto + own, len(rows.known)
            made = rows.take(lines.line(number))
            if isinstance(made[0], UnreadableRow):
                yield from out.all()
                yield made[0]
            else:
                out.add(made[own:])
            if rows.layout != layout:
                self._stated.clear()
                yield from out.all()
                return number + 1
            if len(rows.known) < known:
                self._stated.clear()
                events.add(read.line[done + self._changes(read, done)])
            elif not own and rows.stated is not None:
                later = np.flatnonzero(read.states[done:] & (read.mmsi[done:] == rows.stated))
                events.add(read.line[done + later[:1]])
        yield from out.rows(done, len(read.line))
        yield from out.all()
        return len(lines)

    def _read(self, lines: TableLines, begin: int, layout: TableLayout) -> _Read:
        numbers = lines.ordinary(layout.separator, begin)
        if not len(numbers):
            return _NOTHING
        times = leading_times(lines, numbers, layout, self._rows)
        rest = {field: place for field, place in layout.places.items() if times is None or field != "time"}
        cells = cells_of(lines.joined(numbers), layout._replace(places=rest), len(numbers))
        if cells is None:
            return _NOTHING
        values = values_of(cells, layout, self._rows.time_ms, self._rows.stamps, times)
        rows = np.flatnonzero(readable(values) & (values.time_ms >= TIME_FROM_MS))
        if not len(rows):
            return _NOTHING
        columns = values.rows(rows)
        fields = [field for field in STATICS if field in cells.columns]
        states = columns.type < BASE
        if not fields:
            states[:] = False
        hashes = cells.select(fields).hash_rows().to_numpy()[rows] if fields else np.zeros(len(rows), np.uint64)
        return _Read(
            position_lines(columns, self._rows.station), numbers[rows], columns.mmsi, columns.time_ms, states, hashes
        )

    def _changes(self, read: _Read, begin: int) -> Ints:
        """Rows, counted from ``begin``, whose particulars differ from those of the ship's row before."""
        rows = begin + np.flatnonzero(read.states[begin:])
        rows = rows[np.argsort(read.mmsi[rows], kind="stable")]
        mmsi, hashes = read.mmsi[rows], read.hashes[rows]
        first = mmsi != np.append(-1, mmsi[:-1])[: len(mmsi)]
        changed = first | (hashes != np.append(hashes[:1], hashes[:-1])[: len(hashes)])
        ships, said = mmsi[first].tolist(), hashes[first].tolist()
        changed[first] = [self._stated.get(ship) != each for ship, each in zip(ships, said, strict=True)]
        last = np.append(first[1:], True)[: len(first)]
        if len(self._stated) >= KNOWN_MOST:
            self._stated.clear()  # the rows of the reference compare again
        self._stated.update(zip(mmsi[last].tolist(), hashes[last].tolist(), strict=True))
        return np.asarray(rows[changed] - begin)


_NO_INTS: Final = np.zeros(0, np.int64)
_NOTHING: Final = _Read(np.zeros(0, "V1"), _NO_INTS, _NO_INTS, _NO_INTS, np.zeros(0, np.bool_), np.zeros(0, np.uint64))


class _Events:
    """Numbers of the lines that go through the reference, rising; more may be added behind the present one."""

    def __init__(self, lines: int, begin: int, ordinary: Ints, changes: Ints) -> None:
        alone = np.ones(lines - begin, np.bool_)
        alone[ordinary - begin] = False
        alone[ordinary[changes] - begin] = True
        self._numbers = iter((begin + np.flatnonzero(alone)).tolist())
        self._added: list[int] = []

    def add(self, numbers: Ints) -> None:
        for number in numbers.tolist():
            heapq.heappush(self._added, number)

    def __iter__(self) -> Iterator[int]:
        done, following = -1, next(self._numbers, None)
        while following is not None or self._added:
            if self._added and (following is None or self._added[0] < following):
                number = heapq.heappop(self._added)
            else:
                assert following is not None  # the heap is empty, or has later ones
                number, following = following, next(self._numbers, None)
            if number > done:
                yield number
                done = number


class _Output:
    """Lines that wait until they are a piece of a good size."""

    def __init__(self, read: _Read, station_size: int) -> None:
        self._read, self._station_size = read, station_size
        self._pieces: list[bytes] = []
        self._held = 0

    def rows(self, begin: int, end: int) -> Iterator[Piece]:
        """Adds the sentences of these rows; many of them are pieces of their own."""
        while end - begin >= _ALONE_ROWS:
            yield from self.all()
            upto = min(end, begin + _PIECE_ROWS)
            yield self._alone(begin, upto)
            begin = upto
        if begin < end:
            self._pieces.append(self._read.lines[begin:end].tobytes())
            self._held += end - begin
        if self._held >= _PIECE_ROWS:
            yield from self.all()

    def _alone(self, begin: int, end: int) -> WrittenLines:
        lines, read = self._read.lines[begin:end], self._read
        known = scanned(
            len(lines),
            lines.itemsize,
            station_size=self._station_size,
            time_ms=read.time_ms[begin:end],
            mmsi=read.mmsi[begin:end],
        )
        return WrittenLines(lines.tobytes(), known)

    def add(self, lines: Sequence[bytes]) -> None:
        """Adds lines without ends."""
        self._pieces += [line + b"\n" for line in lines]

    def all(self) -> Iterator[bytes]:
        """What waits."""
        if self._pieces:
            yield b"".join(self._pieces)
            self._pieces, self._held = [], 0
