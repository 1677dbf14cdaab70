"""Many lines of one source at once, with the very result that ``lane`` has line by line.

How: a block is read (``block``) and goes on in runs. In a run every time is believed at once, so that what moves the
clock, where ticks stand and where records end is a matter of running maxima and counts. Parts of messages, and whatever
else is not ordinary, are taken between the ordinary lines in the exact order (``_Walk``), knowing the clock of that
moment. A run ends before the first line whose time is not believed at once; that line, and as long as anything waits
all others, go through the lane.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.ingest.block import LineBlock, OddUnit
from streams.ingest.clock import TimedMessage
from streams.ingest.log_lines import LEAST_MS, LineRun
from streams.ingest.packing import PackStop
from streams.ingest.scan import UNTIMED
from streams.ingest.sentence import Bad, Sentence, Tag
from streams.ingest.source_state import SourceState

Ints = npt.NDArray[np.int64]
ONE_BY_ONE: Final = 64
"""So many lines go through the lane where a run cannot begin, or was shorter than this."""


def take(lane: SourceState, block: bytes, peer: str) -> None:
    """Takes whole lines of a peer in."""
    if not block:
        return
    read = LineBlock(lane, block)
    done = 0
    while done < len(read):
        if not read.timing and _ready(lane, peer):
            begun, done = done, _run(lane, read, done, peer)
            if done - begun >= ONE_BY_ONE:
                continue
        for number in range(done, min(done + ONE_BY_ONE, len(read))):
            lane.line(read.line(number), peer)
        done = min(done + ONE_BY_ONE, len(read))


def _ready(lane: SourceState, peer: str) -> bool:
    """Nothing waits, and the source has spoken before."""
    heard = lane.ticker.heard_ms is not None and lane.clock.front_ms is not None
    return heard and not lane.clock.waiting and peer not in lane.timings


class _Ordinary(NamedTuple):
    """The ordinary lines of a run, one a row."""

    rows: slice
    """Rows of the block's lines."""
    line: Ints
    time_ms: Ints
    ordinal: Ints
    tops: Ints
    """The latest time up to and with each."""
    untimed: bool
    """They carry no time: it is the wall clock's."""


def _ordinary(lane: SourceState, read: LineBlock, begin: int) -> _Ordinary:
    """Those from line ``begin`` on that are believed at once, one after the other."""
    lines = read.lines
    first = int(np.searchsorted(lines.line, begin))
    line = lines.line[first:]
    time_ms = lines.time_ms[first:]
    if lane.synthetic:
        sentences = lane.counts.sentences + read.sentences[line] - read.sentences[begin]
        time_ms = lane.nature.start_ms + (sentences * 1000 / lane.nature.rate_hz).astype(np.int64)
    untimed = bool(len(line)) and not lane.synthetic and int(time_ms[0]) == UNTIMED
    if untimed:
        time_ms = np.full(len(line), lane.default_ms())
    most = lane.clock.believed(time_ms)
    early = np.flatnonzero(time_ms[:most] < LEAST_MS)  # before 1973: nothing that columns are made for
    most = int(early[0]) if len(early) else most
    ordinal = lane.ordinal + 1 + read.units[line[:most]] - read.units[begin]
    time_ms = time_ms[:most]
    return _Ordinary(slice(first, first + most), line[:most], time_ms, ordinal, np.maximum.accumulate(time_ms), untimed)


def _run(lane: SourceState, read: LineBlock, begin: int, peer: str) -> int:
    """Takes lines in from ``begin`` on, as far as columns can. Returns where it stopped."""
    ordinary = _ordinary(lane, read, begin)
    rows = ordinary.rows.stop
    end = int(read.lines.line[rows]) if rows < len(read.lines.line) else len(read)
    walk = _Walk(lane, read, ordinary, begin, peer)
    halt = walk.go(end)
    extent = _Extent(
        begin,
        *(
            (end, int(read.units[end]), int(read.sentences[end]))
            if halt is None
            else (halt.odd.line, halt.odd.unit, halt.odd.sentence)
        ),
    )
    _commit(lane, read, ordinary, walk, extent)
    if halt is None:
        return end
    lane.whole(halt.message)
    for odd in walk.rest(halt.odd):
        lane.unit(odd.raw, peer)
    return halt.odd.line + 1


class _Extent(NamedTuple):
    """What a run covers: lines from ``begin`` to ``end``; so many units and sentences go before its end."""

    begin: int
    end: int
    units: int
    sentences: int


class _Halt(NamedTuple):
    """A unit that the run cannot take: it completes a message that the lane must judge."""

    odd: OddUnit
    message: TimedMessage


class _Walk:
    """The units of a run that are not ordinary, one by one, each at its moment among the ordinary lines."""

    def __init__(self, lane: SourceState, read: LineBlock, ordinary: _Ordinary, begin: int, peer: str) -> None:
        self.messages: list[TimedMessage] = []
        self.sentences: list[int] = []
        """Ordinals of its sentences, refused ones included."""
        self.lane = lane
        self._peer = peer
        self._read = read
        self._ordinary = ordinary
        self._begin = begin
        self._ordinal = lane.ordinal + 1 - int(read.units[begin])
        """Of the block's first unit, and what the count of its first sentence would be."""
        self._sentence = lane.counts.sentences + 1 - int(read.sentences[begin])
        assert lane.clock.front_ms is not None and lane.ticker.heard_ms is not None  # noqa: PT018  # see _ready
        self._front_ms, self._heard_ms = lane.clock.front_ms, lane.ticker.heard_ms
        self._default_ms = lane.default_ms()
        self._least_ms = int(ordinary.time_ms.min()) if len(ordinary.time_ms) else None
        self._untimed = lane.nature.live and ordinary.untimed

    def go(self, end: int) -> _Halt | None:
        """Takes what stands before line ``end``. Returns where it had to stop."""
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
        parsed, lane = odd.parsed, self.lane
        ordinal = self._ordinal + odd.unit
        if isinstance(parsed, Bad):
            self.sentences.append(ordinal)
            lane.refuse(parsed.reason, odd.raw, parsed.detail)
            return None
        if isinstance(parsed, Tag):
            lane.groups.note(parsed, self._peer, ordinal)
        if not isinstance(parsed, Sentence):
            return None
        lane.counts.tag_block_checksum_errors += parsed.tag.wrong
        message = lane.completed(parsed, ordinal, self._default(odd, top_ms), self._peer)
        if message is not None:
            if self._halts(message, top_ms):
                return _Halt(odd, message)
            self.messages.append(message)
            self._heard_ms = max(self._heard_ms, message.time_ms)
        self.sentences.append(ordinal)
        return None

    def _default(self, odd: OddUnit, top_ms: int) -> int:
        """What ``SourceState.default_ms`` would say at this moment."""
        if self.lane.synthetic:
            return self.lane.synthetic_ms(self._sentence + odd.sentence)
        heard_ms = max(self._heard_ms, top_ms)
        if self.lane.nature.live:
            return heard_ms if heard_ms != self.lane.ticker.heard_ms else self._default_ms
        return heard_ms

    def _halts(self, message: TimedMessage, top_ms: int) -> bool:
        """Is the message not believed at once, or would later lines of the run not be what they are without it?"""
        clock, time_ms, heard_ms = self.lane.clock, message.time_ms, max(self._heard_ms, top_ms)
        if time_ms < LEAST_MS or not clock.believes_at(time_ms, max(self._front_ms, heard_ms)):
            return True
        if self._untimed and time_ms > heard_ms and time_ms != self._default_ms:
            return True
        return self._least_ms is not None and clock.parts_from(time_ms, self._least_ms)


def _commit(lane: SourceState, read: LineBlock, ordinary: _Ordinary, walk: _Walk, extent: _Extent) -> None:
    """Writes the run's messages, and counts what it covers."""
    count = int(np.searchsorted(ordinary.line, extent.end))
    rows = slice(ordinary.rows.start, ordinary.rows.start + count)
    run = _messages(read, ordinary, walk, extent, rows)
    cuts = _cuts(lane, run, np.append(ordinary.ordinal[:count], np.array(walk.sentences, np.int64)))
    lane.write_run(run, walk.messages, cuts)
    counts, units = lane.counts, extent.units - int(read.units[extent.begin])
    sentences = extent.sentences - int(read.sentences[extent.begin])
    lane.ordinal += units
    counts.lines += units
    counts.sentences += sentences
    counts.other += units - sentences
    counts.tag_block_checksum_errors += int(read.lines.tag_wrong[rows].sum())


def _messages(read: LineBlock, ordinary: _Ordinary, walk: _Walk, extent: _Extent, rows: slice) -> LineRun:
    """The run's messages in the order of the log."""
    lane, lines, count = walk.lane, read.lines, rows.stop - rows.start
    begin = int(lines.start[extent.begin]) if len(read) else 0
    end = int(lines.end[extent.end - 1]) if extent.end else begin
    texts = [b"\n".join(lane.packer.lines(message)) for message in walk.messages]
    block = b"".join((read.text[begin : max(begin, end)], lane.station, *texts))
    sizes = np.array([len(text) for text in texts], np.int64)
    at_station = max(begin, end) - begin
    first = at_station + len(lane.station) + np.cumsum(sizes) - sizes
    named = lines.station_size[rows] > 0
    walked = _columns(walk.messages)
    zeros = np.zeros(len(texts), np.int64)
    run = LineRun(
        block,
        np.append(lines.text[rows] - begin, first),
        np.append(lines.end[lines.line[rows]] - lines.text[rows], sizes),
        np.append(np.where(named, lines.station[rows] - begin, at_station), zeros),
        np.append(np.where(named, lines.station_size[rows], len(lane.station)), zeros),
        np.append(np.zeros(count, bool), np.ones(len(texts), bool)),
        np.append(ordinary.time_ms[:count], walked[0]),
        np.append(lines.mmsi[rows], walked[1]),
        np.append(ordinary.ordinal[:count], walked[2]),
        np.append(np.ones(count, np.int64), walked[3]),
    )
    return run.ordered() if texts else run


def _columns(messages: list[TimedMessage]) -> Ints:
    """Times, MMSIs, ordinals and numbers of sentences: four rows."""
    return np.array([(m.time_ms, m.mmsi, m.ordinal, len(m.parts)) for m in messages], np.int64).reshape(-1, 4).T


def _cuts(lane: SourceState, run: LineRun, sentences: Ints) -> list[PackStop]:
    """Where records are cut because so many sentences have been read; ``sentences`` are their ordinals."""
    batch = lane.nature.batch
    if batch is None:
        return []
    ordinals = np.sort(sentences)[batch - 1 - lane.since_cut :: batch]
    lane.since_cut = (lane.since_cut + len(sentences)) % batch
    return [PackStop(before) for before in np.searchsorted(run.ordinal, ordinals, side="right").tolist()]
