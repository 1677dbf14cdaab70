"""Turns the bytes of one source into the records of the log. No socket, no file, no clock: time is passed in.

Rules:
- The sequence of sentences and ticks within a partition is a pure function of the input's bytes (and, for a live
  source, of the times passed in). It does not depend on where bytes or records are cut.
- Many lines at once are processed in columns (``bulk``), few or unusual ones one by one (``source_state``), with the
  same result.
"""

from __future__ import annotations

from typing import Final

import msgspec

from detectors.core.ticks import FeedRules
from detectors.core.units import STEP_MS
from streams.errors import WakewatchError
from streams.ingest import bulk
from streams.ingest.file_head import FileHead, HeadVerdict
from streams.ingest.framing import Framer
from streams.ingest.inputs import Input, kept
from streams.ingest.line_share import LineShare
from streams.ingest.model import RATE_HZ, START_MS, InputCounts, RefusedLine, SourceKind
from streams.ingest.source_state import SourceState
from streams.ingest.stamps import of_this_year
from streams.ingest.table_reader import TableReader, WrittenLines, table_reader
from streams.ingest.tables import Rows, UnreadableRow
from streams.messages.log_records import Record
from streams.settings.model import IngestSettings

__all__ = ["RATE_HZ", "START_MS", "Ingest", "InputCounts", "RefusedLine", "SourceKind"]

_MS: Final = 1000
_WALL_TICK_MS: Final = 1000
_GRACE_MS: Final = 3000
"""A live source heard this soon after its start may be a recording: its ticks begin with its own time."""
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")
_FILE: Final = SourceKind(replayed=True)
BULK_BYTES: Final = 4096
"""From this number of bytes on, columns are worth their fixed cost of 0.3 ms per block."""
_HEAD_BYTES: Final = 64 * 1024
CHUNK_BYTES, TABLE_CHUNK_BYTES = 256 * 1024, 4 * 1024 * 1024


class Ingest:
    """Turns one source's bytes into records. Call ``feed``; empty ``refused`` after each call."""

    def __init__(
        self,
        source: str,
        partitions: int,
        settings: IngestSettings | None = None,
        rules: FeedRules | None = None,
        source_kind: SourceKind = _FILE,
        *,
        bulk_bytes: int | None = BULK_BYTES,
    ) -> None:
        """``bulk_bytes`` None: every line by itself."""
        settings, rules = settings or IngestSettings(), rules or FeedRules()
        self.source = source
        self._source_kind = source_kind
        self._source_state = SourceState(source, partitions, settings, rules, source_kind)
        self._bulk_bytes = bulk_bytes
        self._pack_ms = settings.pack_ms
        self._learns_ms = int(rules.lateness_most_s * _MS)
        self._wait_ms = int(rules.feed_silent_after_s * _MS)
        self._framers: dict[str, Framer] = {}
        self._rows = Rows(source_kind.stamps, source, source_kind.columns)
        self._table: TableReader | None = None
        """Reads the rows of a table in columns."""
        self._head: FileHead | None = None if source_kind.live else FileHead(self._source_state.parser)
        self._timed: bool | None = None
        """The files so far have times; None before the first sentence."""
        self.input = Input()
        """The file that is read now, or the live source."""
        self._share = LineShare()
        self._ticked_ms = 0
        self._started_ms: int | None = None

    @property
    def counts(self) -> InputCounts:
        """What became of the input so far."""
        return self._source_state.counts

    @property
    def source_kind(self) -> SourceKind:
        """What kind of source it is."""
        return self._source_kind

    @property
    def refused(self) -> list[RefusedLine]:
        """Input that was lost since this was last set to an empty list."""
        return self._source_state.refused

    @refused.setter
    def refused(self, refused: list[RefusedLine]) -> None:
        self._source_state.refused = refused

    @property
    def chunk_bytes(self) -> int:
        """Bytes of a file that are best given at once: rows of a table are read faster in larger blocks."""
        return TABLE_CHUNK_BYTES if self._rows.table else CHUNK_BYTES

    @property
    def pending(self) -> int:
        """Number of sentences that wait for other parts, or for their time to be believed."""
        return self._source_state.pending

    @property
    def ordinal(self) -> int:
        """Ordinal of the last unit that was read; -1 before the first."""
        return self._source_state.ordinal

    @property
    def open_since(self) -> int | None:
        """Ordinal before which every message is complete and judged; None if all are."""
        return 0 if self._source_state.clock.waiting else self._source_state.assembly.open_since

    @property
    def clock_ms(self) -> int | None:
        """The largest believed event time; None before the first."""
        return self._source_state.clock.clock_ms

    @property
    def lateness_ms(self) -> int:
        """How late messages may arrive, as learned from them."""
        return self._source_state.ticker.order.lateness_ms

    @property
    def untimed(self) -> bool:
        """The present file has no times: they are made from the count of its sentences."""
        now = self.input.since(self.counts)
        return self._source_state.synthetic and now.sentences > now.rejected_all

    def feed(self, chunk: bytes, now_ms: int = 0, peer: str = "", default_ms: int | None = None) -> list[Record]:
        """Adds bytes of one of the source's peers. Returns the records that are full.

        ``default_ms`` is the time of whole lines of a live source that state none; None: when they are read.
        """
        self._source_state.now_ms, self._source_state.given_ms = now_ms, default_ms
        self.input.take(chunk)
        if self._source_kind.live:
            self._source_state.parser.rules = of_this_year(self._source_state.parser.rules, now_ms)
        framer = self._framers.get(peer)
        if framer is None:
            framer = self._framers[peer] = Framer(self._source_state.limit)
        while self._head is not None and chunk:  # a file's head is read line by line
            self._lines(framer.feed(chunk[:_HEAD_BYTES]), peer)
            chunk = chunk[_HEAD_BYTES:]
        if self._bulk_bytes is not None and len(chunk) >= self._bulk_bytes:
            self._block(framer.block(chunk), peer)
        elif chunk:
            self._lines(framer.feed(chunk), peer)
        return self._source_state.packer.take()

    def refuse(self, raw: bytes, detail: str, now_ms: int, peer: str = "") -> list[Record]:
        """A message of one of the source's peers from which no sentence can be written."""
        self._source_state.now_ms = now_ms
        self.input.take(raw)
        line = raw[: self._source_state.limit].translate(_ONE_LINE)  # dead letters hold lines
        self._source_state.unit(UnreadableRow(line, detail), peer)
        return self._source_state.packer.take()

    def station_at(self, station: str, lat_deg: float, lon_deg: float) -> None:
        """A station says where it is: the next tick states it."""
        source_state = self._source_state
        source_state.times.places.state(station, lat_deg, lon_deg, source_state.written)

    def next_file(self) -> list[Record]:
        """Begins another file, in a format of its own.

        Raises WakewatchError if one of two files has times and the other does not.
        """
        self.close_file()
        self._rows, self._table = Rows(self._source_kind.stamps, self.source, self._source_kind.columns), None
        self._source_state.times.one_clock = False
        self._head = FileHead(self._source_state.parser)
        self.input = Input(before=kept(self._source_state.counts))
        return self._source_state.packer.take()

    def close_file(self) -> list[Record]:
        """The present file is over: its unfinished last line is read as it is. Raises likewise."""
        for peer in list(self._framers):
            self._lines(self._framers.pop(peer).close(), peer)
        if self._head is not None:
            self._decide(self._head.verdict())
        return self._source_state.packer.take()

    def hang_up(self, peer: str, now_ms: int = 0) -> list[Record]:
        """A peer is gone: its unfinished last line is read as it is."""
        self._source_state.now_ms = now_ms
        framer = self._framers.pop(peer, None)
        if framer is not None:
            self._lines(framer.close(), peer)
        self._source_state.hang_up(peer)
        return self._source_state.packer.take()

    def clock(self, now_ms: int) -> list[Record]:
        """The wall clock of a live source; call it about every ``pack_ms``. Cuts open records, ticks each second."""
        source_state = self._source_state
        source_state.now_ms = now_ms
        if self._started_ms is None:
            self._started_ms = self._ticked_ms = now_ms
        if source_state.clock.waiting and now_ms - source_state.waiting_ms >= self._wait_ms:
            source_state.settle(source_state.clock.give_up())
        if now_ms - self._ticked_ms >= _WALL_TICK_MS:
            self._ticked_ms = max(now_ms - now_ms % _WALL_TICK_MS, self._started_ms)
            self._wall_tick(now_ms, self._started_ms)
        elif source_state.packer.holds and now_ms - source_state.packer.since_ms >= self._pack_ms:
            source_state.packer.flush()
        return source_state.packer.take()

    def flush(self) -> list[Record]:
        """All that is ready, without ending anything: for a stop after which the input is resumed."""
        self._source_state.packer.flush()
        return self._source_state.packer.take()

    def end(self, until_ms: int | None = None) -> list[Record]:
        """The input has ended. A recording's clock continues to ``until_ms``, if given, and then ends."""
        source_state = self._source_state
        ready = self.close_file()
        source_state.settle(source_state.clock.give_up() if self._source_kind.live else source_state.clock.conclude())
        source_state.give_up_parts()
        source_state.packer.flush()
        if not self._source_kind.live:
            if until_ms is not None:
                source_state.mark(until_ms)
            source_state.write_ticks(source_state.ticker.end(until_ms))
        return ready + source_state.packer.take()

    def _lines(self, lines: list[bytes], peer: str) -> None:
        """Line by line: the verdict on a file's head applies from the next line on, for any cut of the bytes."""
        for raw in lines:
            made = [raw] if self._source_kind.live else self._rows.take(raw)
            self._source_state.times.one_clock = self._rows.table
            for line in made:
                if self._head is None:
                    self._source_state.line(line, peer)
                elif self._head.add(line):
                    self._decide(self._head.verdict())

    def _block(self, block: bytes, peer: str) -> None:
        """Many whole lines at once."""
        if not self._rows.table:
            bulk.take(self._source_state, block, peer)
            return
        if self._table is None:
            self._table = table_reader(self._rows, self._source_state.limit)
        for piece in self._table.take(block):
            if isinstance(piece, UnreadableRow):
                self._source_state.line(piece, peer)
            elif isinstance(piece, WrittenLines):
                bulk.take(self._source_state, piece.text, peer, piece.scanned)
            else:
                bulk.take(self._source_state, piece, peer)

    def _decide(self, verdict: HeadVerdict) -> None:
        source_state, self._head = self._source_state, None
        self._rows.settle()
        if self._timed is None:
            source_state.synthetic = not verdict.timed
            source_state.clock.prime(verdict.first_ms, verdict.stations_ms)
            source_state.ticker.order.prime(verdict.times_ms)
        if verdict.sentences:
            if self._timed not in {None, verdict.timed}:
                raise WakewatchError("some of the files carry times and others do not: play these by themselves")
            self._timed = verdict.timed
            source_state.times.numbers.decide(are_times=verdict.numbers_are_times)
        for line in verdict.lines:
            source_state.line(line, "")

    def _wall_tick(self, now_ms: int, started_ms: int) -> None:
        source_state = self._source_state
        heard_ms = source_state.ticker.heard_ms
        if heard_ms is None:
            if now_ms - started_ms < _GRACE_MS:
                return
            if source_state.ticker.to_ms is None:
                source_state.ticker.begin(started_ms)
            to_ms = now_ms
        else:
            to_ms = heard_ms + now_ms - source_state.heard_at_ms
            begins = now_ms - started_ms < self._learns_ms  # how far out of order it arrives is not known yet
            if begins and now_ms - source_state.arrived_at_ms < self._wait_ms:
                to_ms = min(to_ms, heard_ms + max(0, self._wait_ms - STEP_MS))
        source_state.packer.flush()
        share = self._share.at(now_ms, source_state.counts)
        source_state.write_ticks(
            [msgspec.structs.replace(tick, other_share=share) for tick in source_state.ticker.wall(to_ms)]
        )
        if source_state.ticker.to_ms is not None:
            source_state.clock.run_on(source_state.ticker.to_ms)
