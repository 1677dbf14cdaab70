"""Processes many lines of one source at once, with exactly the result of ``source_state``, which works line by line.

A block is read (``block``) and processed in runs. Every time in a run is believed at once, so running maxima and counts
give the lines that move the clock, the places of ticks and the ends of records. Parts of messages, and other lines that
are not ordinary, are processed between the ordinary lines in the exact order (``_Walk``), with the clock of that
moment. A run ends before the first line whose time is not believed at once. That line, and all others while anything
waits, are processed by the source state, line by line.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.ingest.block import LineBlock, OddUnit
from streams.ingest.block_clocks import hear_clocks
from streams.ingest.clock import TimedMessage
from streams.ingest.log_lines import LEAST_MS, LineRun
from streams.ingest.packing import PackStop
from streams.ingest.scan import UNTIMED, ScannedLines
from streams.ingest.sentence import Bad, Sentence
from streams.ingest.source_state import SourceState
from streams.nmea.sentence import Tag

Ints = npt.NDArray[np.int64]
ONE_BY_ONE: Final = 64
"""This number of lines goes through the source state where a run cannot begin, or was shorter than this."""


def take(source_state: SourceState, block: bytes, peer: str, known: ScannedLines | None = None) -> None:
    """Processes whole lines of a peer; ``known`` is what ``scan`` would return for them, if it is known."""
    if not block:
        return
    if source_state.times.clocks.off:
        for line in block.replace(b"\r", b"\n").split(b"\n"):
            if line:
                source_state.line(line, peer)
        return
    read = LineBlock(source_state, block, known)
    if read.timing:
        _one_by_one(source_state, read, range(len(read)), peer)
        return
    done, end = 0, hear_clocks(source_state, read)
    source_state.times.hears = False
    while done < end:
        if _ready(source_state, peer):
            begun, done = done, _run(source_state, read, done, end, peer)
            if done - begun >= ONE_BY_ONE:
                continue
        _one_by_one(source_state, read, range(done, min(done + ONE_BY_ONE, end)), peer)
        done = min(done + ONE_BY_ONE, end)
    source_state.times.hears = True
    source_state.settle_clocks()
    _one_by_one(source_state, read, range(end, len(read)), peer)


def _one_by_one(source_state: SourceState, read: LineBlock, numbers: range, peer: str) -> None:
    for number in numbers:
        source_state.line(read.line(number), peer)


def _ready(source_state: SourceState, peer: str) -> bool:
    """Whether nothing waits and the source has sent something before."""
    heard = source_state.ticker.heard_ms is not None and source_state.clock.front_ms is not None
    return heard and not source_state.clock.waiting and peer not in source_state.times.before


class _Ordinary(NamedTuple):
    """The ordinary lines of a run, one a row."""

    rows: slice
    """Rows of the block's lines."""
    line: Ints
    time_ms: Ints
    ordinal: Ints
    tops: Ints
    """The latest time up to and including each line."""
    untimed: bool
    """The lines have no time: they get the wall clock's."""


def _ordinary(source_state: SourceState, read: LineBlock, begin: int) -> _Ordinary:
    """The lines from ``begin`` on that are believed at once, one after the other."""
    lines = read.lines
    first = int(np.searchsorted(lines.line, begin))
    line = lines.line[first:]
    time_ms = lines.time_ms[first:]
    if source_state.synthetic:
        sentences = source_state.counts.sentences + read.sentences[line] - read.sentences[begin]
        time_ms = source_state.source_kind.start_ms + (sentences * 1000 / source_state.source_kind.rate_hz).astype(
            np.int64
        )
    untimed = bool(len(line)) and not source_state.synthetic and int(time_ms[0]) == UNTIMED
    if untimed:
        time_ms = np.full(len(line), source_state.default_ms())
    most = source_state.clock.believed(time_ms)
    early = np.flatnonzero(time_ms[:most] < LEAST_MS)  # before 1973: the columns do not handle it
    most = int(early[0]) if len(early) else most
    ordinal = source_state.ordinal + 1 + read.units[line[:most]] - read.units[begin]
    time_ms = time_ms[:most]
    return _Ordinary(slice(first, first + most), line[:most], time_ms, ordinal, np.maximum.accumulate(time_ms), untimed)


def _run(source_state: SourceState, read: LineBlock, begin: int, limit: int, peer: str) -> int:
    """Processes lines from ``begin`` to ``limit``, as far as columns can. Returns the line where it stopped."""
    ordinary = _ordinary(source_state, read, begin)
    rows = ordinary.rows.stop
    end = min(limit, int(read.lines.line[rows]) if rows < len(read.lines.line) else len(read))
    walk = _Walk(source_state, read, ordinary, begin, peer)
    halt = walk.go(end)
    extent = _Extent(
        begin,
        *(
            (end, int(read.units[end]), int(read.sentences[end]))
            if halt is None
            else (halt.odd.line, halt.odd.unit, halt.odd.sentence)
        ),
    )
    _commit(source_state, read, ordinary, walk, extent)
    if halt is None:
        return end
    source_state.whole(halt.message)
    for odd in walk.rest(halt.odd):
        source_state.unit(odd.raw, peer)
    return halt.odd.line + 1


class _Extent(NamedTuple):
    """What a run covers: lines from ``begin`` to ``end``, and the number of units and sentences before its end."""

    begin: int
    end: int
    units: int
    sentences: int


class _Halt(NamedTuple):
    """A unit that the run cannot process: it completes a message that the source state must judge."""

    odd: OddUnit
    message: TimedMessage


class _Walk:
    """The units of a run that are not ordinary, one by one, each at its moment among the ordinary lines."""

    def __init__(self, source_state: SourceState, read: LineBlock, ordinary: _Ordinary, begin: int, peer: str) -> None:
        self.messages: list[TimedMessage] = []
        self.sentences: list[int] = []
        """Ordinals of its sentences, including refused ones."""
        self.source_state = source_state
        self._peer = peer
        self._read = read
        self._ordinary = ordinary
        self._begin = begin
        self._ordinal = source_state.ordinal + 1 - int(read.units[begin])
        """Ordinal of the block's first unit, and the count that its first sentence would have."""
        self._sentence = source_state.counts.sentences + 1 - int(read.sentences[begin])
        assert source_state.clock.front_ms is not None and source_state.ticker.heard_ms is not None  # noqa: PT018  # see _ready
        self._front_ms, self._heard_ms = source_state.clock.front_ms, source_state.ticker.heard_ms
        self._default_ms = source_state.default_ms()
        self._least_ms = int(ordinary.time_ms.min()) if len(ordinary.time_ms) else None
        self._untimed = source_state.source_kind.live and ordinary.untimed

    def go(self, end: int) -> _Halt | None:
        """Processes the units before line ``end``. Returns the line where it had to stop."""
        first, last = np.searchsorted(self._read.odd_lines, [self._begin, end]).tolist()
        places = np.searchsorted(self._ordinary.line, self._read.odd_lines[first:last])
        tops = np.append(0, self._ordinary.tops)[places].tolist()
        for odd, top_ms in zip(self._read.odd[first:last], tops, strict=True):
            halt = self._take(odd, top_ms)
            if halt is not None:
                return halt
        return None

    def rest(self, halted: OddUnit) -> list[OddUnit]:
        """The units after it on its line."""
        first, last = np.searchsorted(self._read.odd_lines, [halted.line, halted.line + 1]).tolist()
        return [odd for odd in self._read.odd[first:last] if odd.unit > halted.unit]

    def _take(self, odd: OddUnit, top_ms: int) -> _Halt | None:
        parsed, source_state = odd.parsed, self.source_state
        ordinal = self._ordinal + odd.unit
        if isinstance(parsed, Bad):
            self.sentences.append(ordinal)
            source_state.refuse(parsed.reason, odd.raw, parsed.detail)
            return None
        if isinstance(parsed, Tag):
            source_state.groups.note(parsed, self._peer, ordinal)
        if not isinstance(parsed, Sentence):
            return None
        source_state.counts.tag_block_checksum_errors += parsed.tag.wrong
        message = source_state.completed(parsed, ordinal, self._default(odd, top_ms), self._peer)
        if message is not None:
            if self._halts(message, top_ms):
                return _Halt(odd, message)
            self.messages.append(message)
            self._heard_ms = max(self._heard_ms, message.time_ms)
        self.sentences.append(ordinal)
        return None

    def _default(self, odd: OddUnit, top_ms: int) -> int:
        """What ``SourceState.default_ms`` would return at this moment."""
        if self.source_state.synthetic:
            return self.source_state.synthetic_ms(self._sentence + odd.sentence)
        if self.source_state.given_ms is not None:
            return self._default_ms
        heard_ms = max(self._heard_ms, top_ms)
        if self.source_state.source_kind.live:
            return heard_ms if heard_ms != self.source_state.ticker.heard_ms else self._default_ms
        return heard_ms

    def _halts(self, message: TimedMessage, top_ms: int) -> bool:
        """Whether the message is not believed at once, or would change how later lines of the run are read."""
        clock, time_ms, heard_ms = self.source_state.clock, message.time_ms, max(self._heard_ms, top_ms)
        if time_ms < LEAST_MS or not clock.believes_at(time_ms, max(self._front_ms, heard_ms)):
            return True
        if self._untimed and time_ms > heard_ms and time_ms != self._default_ms:
            return True
        return self._least_ms is not None and clock.parts_from(time_ms, self._least_ms)


def _commit(source_state: SourceState, read: LineBlock, ordinary: _Ordinary, walk: _Walk, extent: _Extent) -> None:
    """Writes the run's messages, and counts what it covers."""
    count = int(np.searchsorted(ordinary.line, extent.end))
    rows = slice(ordinary.rows.start, ordinary.rows.start + count)
    run = _messages(read, ordinary, walk, extent, rows)
    cuts = _cuts(source_state, run, np.append(ordinary.ordinal[:count], np.array(walk.sentences, np.int64)))
    source_state.write_run(run, walk.messages, cuts)
    counts, units = source_state.counts, extent.units - int(read.units[extent.begin])
    sentences = extent.sentences - int(read.sentences[extent.begin])
    source_state.ordinal += units
    counts.lines += units
    counts.sentences += sentences
    counts.other += units - sentences
    counts.tag_block_checksum_errors += int(read.lines.tag_wrong[rows].sum())


def _messages(read: LineBlock, ordinary: _Ordinary, walk: _Walk, extent: _Extent, rows: slice) -> LineRun:
    """The run's messages in the order of the log."""
    source_state, lines, count = walk.source_state, read.lines, rows.stop - rows.start
    begin = int(lines.start[extent.begin]) if len(read) else 0
    end = int(lines.end[extent.end - 1]) if extent.end else begin
    texts = [b"\n".join(source_state.packer.lines(message)) for message in walk.messages]
    block = b"".join((read.text[begin : max(begin, end)], source_state.station, *texts))
    sizes = np.array([len(text) for text in texts], np.int64)
    at_station = max(begin, end) - begin
    first = at_station + len(source_state.station) + np.cumsum(sizes) - sizes
    named = lines.station_size[rows] > 0
    walked = _columns(walk.messages)
    zeros = np.zeros(len(texts), np.int64)
    run = LineRun(
        block,
        np.append(lines.text[rows] - begin, first),
        np.append(lines.end[lines.line[rows]] - lines.text[rows], sizes),
        np.append(np.where(named, lines.station[rows] - begin, at_station), zeros),
        np.append(np.where(named, lines.station_size[rows], len(source_state.station)), zeros),
        np.append(np.zeros(count, bool), np.ones(len(texts), bool)),
        np.append(ordinary.time_ms[:count], walked[0]),
        np.append(lines.mmsi[rows], walked[1]),
        np.append(ordinary.ordinal[:count], walked[2]),
        np.append(np.ones(count, np.int64), walked[3]),
    )
    return run.ordered() if texts else run


def _columns(messages: list[TimedMessage]) -> Ints:
    """Times, MMSIs, ordinals and numbers of sentences, as four rows."""
    return np.array([(m.time_ms, m.mmsi, m.ordinal, len(m.parts)) for m in messages], np.int64).reshape(-1, 4).T


def _cuts(source_state: SourceState, run: LineRun, sentences: Ints) -> list[PackStop]:
    """Where records are cut after a number of sentences read; ``sentences`` are the ordinals of the sentences."""
    batch = source_state.source_kind.batch
    if batch is None:
        return []
    ordinals = np.sort(sentences)[batch - 1 - source_state.since_cut :: batch]
    source_state.since_cut = (source_state.since_cut + len(sentences)) % batch
    return [PackStop(before) for before in np.searchsorted(run.ordinal, ordinals, side="right").tolist()]
