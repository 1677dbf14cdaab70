"""Packs messages into records, per partition. The places where records are cut have no meaning."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.ingest.clock import TimedMessage
from streams.ingest.log_lines import LineRun, LogLines, written
from streams.messages.log_records import MarkRecord, Record, Sentences, TickRecord, partition_of, partitions_of
from streams.nmea.checksum import tag_block

Ints = npt.NDArray[np.int64]
_BYTES_MOST: Final = 512 * 1024
"""Cut before a record comes near a broker's usual limit of 1 MB."""
_CACHE_MOST: Final = 4096
_CACHE_MMSI_MOST: Final = 8192


class PackStop(NamedTuple):
    """All packs are closed after this number of messages of a run, and ticks or marks follow."""

    before: int
    ticks: tuple[TickRecord | MarkRecord, ...] = ()


class _Cut(NamedTuple):
    """The end of a record, after the rows from ``begin`` to ``end``. Sorts in the order in which records are closed."""

    before: int
    """Number of messages of the run before the cut."""
    at_stop: bool
    """False: it is full."""
    partition: int
    begin: int
    end: int


class _Pack:
    __slots__ = ("bytes", "from_ms", "ordinals", "pieces", "runs", "size", "to_ms")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        """Lines, or many lines joined."""
        self.runs: list[Ints] = []
        self.ordinals: list[int] = []
        """Of the last lines; the ordinals of earlier lines are in ``runs``."""
        self.size = self.bytes = self.from_ms = self.to_ms = 0

    def spans(self, from_ms: int, to_ms: int) -> None:
        """Adds event times; call before their lines are added."""
        if self.pieces:
            from_ms, to_ms = min(from_ms, self.from_ms), max(to_ms, self.to_ms)
        self.from_ms, self.to_ms = from_ms, to_ms

    def all_ordinals(self) -> Ints:
        """One per line."""
        return np.concatenate([*self.runs, np.array(self.ordinals, np.int64)])


class Packer:
    """Open packs of one source, one per partition. Full ones go to ``records``, which the caller empties."""

    def __init__(self, source: str, partitions: int, most: int) -> None:
        self._source = source
        self._partitions = partitions
        self._most = most
        self._packs = [_Pack() for _ in range(partitions)]
        self._partition_of: dict[int, int] = {}
        self._tags: dict[tuple[bytes, int], bytes] = {}
        self.records: list[Record] = []
        self.holds = 0
        """Number of sentences in open packs."""
        self.since_ms = 0
        """When the first of them came."""

    def add(self, message: TimedMessage, now_ms: int = 0) -> None:
        """Adds a message's sentences, next to each other, to its vessel's pack."""
        if not self.holds:
            self.since_ms = now_ms
        partition = self._partition(message.mmsi)
        pack = self._packs[partition]
        pack.spans(message.time_ms, message.time_ms)
        for line in self.lines(message):
            pack.pieces.append(line)
            pack.bytes += len(line)
            pack.ordinals.append(message.ordinal)
        pack.size += len(message.parts)
        self.holds += len(message.parts)
        if pack.size >= self._most or pack.bytes >= _BYTES_MOST:
            self._close(partition)

    def add_run(self, run: LineRun, stops: Sequence[PackStop], now_ms: int = 0) -> None:
        """Adds many messages as if one after the other, with ``stops`` in order between them."""
        partitions = partitions_of(run.mmsi, self._partitions).astype(np.uint16)
        out = written(run, np.argsort(partitions, kind="stable"))
        edges = np.searchsorted(partitions[out.place], np.arange(self._partitions + 1)).tolist()
        rows = [range(begin, end) for begin, end in pairwise(edges)]
        cuts = [
            cut for partition in range(self._partitions) for cut in self._cuts(partition, rows[partition], out, stops)
        ]
        events: list[tuple[int, int, int, _Cut | PackStop]] = [(c.before, int(c.at_stop), c.partition, c) for c in cuts]
        events += [(stop.before, 2, number, stop) for number, stop in enumerate(stops)]
        gone = np.append(0, np.cumsum(run.size)) + self.holds
        if not self.holds:
            self.since_ms = now_ms
        closed = 0
        for before, _, _, event in sorted(events, key=lambda e: e[:3]):
            if isinstance(event, PackStop):
                self.records += event.ticks
                continue
            self._put(event.partition, out, event.begin, event.end)
            closed += self._close(event.partition)
            rows[event.partition] = range(event.end, rows[event.partition].stop)
            if gone[before] == closed:
                self.since_ms = now_ms
        for partition, left in enumerate(rows):
            self._put(partition, out, left.start, left.stop)

    def _cuts(self, partition: int, rows: range, out: LogLines, stops: Sequence[PackStop]) -> list[_Cut]:
        """Where records of a partition end, in order."""
        pack, cuts, begin = self._packs[partition], [], rows.start
        size, length = pack.size, pack.bytes
        places = out.place[rows.start : rows.stop]
        for stop in (*stops, None):
            end = rows.stop if stop is None else rows.start + int(np.searchsorted(places, stop.before))
            while (full := self._full(out, begin, size, length)) <= end:
                cuts.append(_Cut(int(out.place[full - 1]) + 1, False, partition, begin, full))
                begin, size, length = full, 0, 0
            if stop is not None and (size or end > begin):
                cuts.append(_Cut(stop.before, True, partition, begin, end))
                begin, size, length = end, 0, 0
        return cuts

    def _full(self, out: LogLines, begin: int, size: int, length: int) -> int:
        """The row before which a record from ``begin`` is full that already holds ``size`` and ``length``."""
        by_size = np.searchsorted(out.lines, out.lines[begin] + self._most - size)
        by_bytes = np.searchsorted(out.bytes, out.bytes[begin] + _BYTES_MOST - length)
        return int(min(by_size, by_bytes))

    def _put(self, partition: int, out: LogLines, begin: int, end: int) -> None:
        if begin == end:
            return
        pack, times = self._packs[partition], out.time_ms[begin:end]
        pack.spans(int(times.min()), int(times.max()))
        pack.pieces.append(out.text[out.edges[begin] : out.edges[end] - 1].tobytes())
        pack.runs += [np.array(pack.ordinals, np.int64), out.ordinals[out.lines[begin] : out.lines[end]]]
        pack.ordinals = []
        size = int(out.lines[end] - out.lines[begin])
        pack.size += size
        pack.bytes += int(out.bytes[end] - out.bytes[begin])
        self.holds += size

    def flush(self) -> None:
        """Closes all packs, in the order of their partitions."""
        if self.holds:
            for partition, pack in enumerate(self._packs):
                if pack.pieces:
                    self._close(partition)

    def take(self) -> list[Record]:
        """The records closed since the last call."""
        taken, self.records = self.records, []
        return taken

    def lines(self, message: TimedMessage) -> list[bytes]:
        """A message's sentences, each with its tag block."""
        tag = self._tag(message.station, message.time_ms)
        return [tag + part for part in message.parts]

    def _close(self, partition: int) -> int:
        """Makes a record of the pack. Returns its number of sentences."""
        pack = self._packs[partition]
        self._packs[partition] = _Pack()
        self.holds -= pack.size
        self.records.append(
            Sentences(
                partition=partition,
                source=self._source,
                value=b"\n".join(pack.pieces),
                size=pack.size,
                ordinals=pack.all_ordinals(),
                event_from_ms=pack.from_ms,
                event_to_ms=pack.to_ms,
            )
        )
        return pack.size

    def _partition(self, mmsi: int) -> int:
        known = self._partition_of.get(mmsi)
        if known is None:
            if len(self._partition_of) >= _CACHE_MMSI_MOST:
                self._partition_of.clear()
            known = self._partition_of[mmsi] = partition_of(mmsi, self._partitions)
        return known

    def _tag(self, station: bytes, time_ms: int) -> bytes:
        key = (station, time_ms)
        known = self._tags.get(key)
        if known is None:
            if len(self._tags) >= _CACHE_MOST:
                self._tags.clear()
            body = b"s:%b,c:%d" % (station, time_ms)
            known = self._tags[key] = tag_block(body)
        return known
