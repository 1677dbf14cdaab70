"""Bytes of one source into the records of the log. No socket, no file, no clock: time is passed in.

Rules:
- The sequence of sentences and ticks within a partition is a pure function of the input's bytes (and, for a
  live source, of the times passed in). How the bytes are cut, and how records are, changes none of it.
- Every unit of input is accounted for: ``lines = sentences + other`` and
  ``sentences = messages + rejected + merged + pending``; ``merged`` are the parts of a message beyond its first.
- Ordinals rise within each partition. A tick carries the ordinal of the last sentence written before it.
"""

from __future__ import annotations

from typing import Final

from detectors.core.ticks import FeedRules, Tick
from streams.errors import Reason
from streams.ingest.assembly import Assembly
from streams.ingest.clock import EventClock, Message, Outcome, Refused
from streams.ingest.framing import Framer, units
from streams.ingest.head import Head, Verdict
from streams.ingest.model import RATE_HZ, START_MS, Counts, Nature, RefusedLine
from streams.ingest.packing import Packer
from streams.ingest.sentence import Bad, Parser, Sentence, Tag, Timing, clean_station
from streams.ingest.tables import UNREADABLE, Rows, Unreadable
from streams.ingest.ticking import Ticker
from streams.records import Record, TickRecord
from streams.settings import IngestSettings

__all__ = ["RATE_HZ", "START_MS", "Counts", "Ingest", "Nature", "RefusedLine"]

_MS: Final = 1000
_WALL_TICK_MS: Final = 1000
_GRACE_MS: Final = 3000
"""Heard so soon after its start, a live source may be a recording: its ticks begin with its own time."""
_FILE: Final = Nature(replayed=True)


class Ingest:
    """One source's way from bytes to records. Feed it; take ``refused`` away after each call."""

    def __init__(
        self,
        source: str,
        partitions: int,
        settings: IngestSettings | None = None,
        rules: FeedRules | None = None,
        nature: Nature = _FILE,
    ) -> None:
        settings, rules = settings or IngestSettings(), rules or FeedRules()
        self.source = source
        self.counts = Counts()
        self.refused: list[RefusedLine] = []
        self._nature = nature
        self._limit = settings.line_bytes
        self._pack_ms = settings.pack_ms
        self._wait_ms = int(rules.feed_silent_after_s * _MS)
        self._framers: dict[str, Framer] = {}
        self._timings: dict[str, Timing] = {}
        self._parser = Parser()
        self._rows = Rows()
        self._assembly = Assembly(int(settings.fragment_ttl_s * _MS), settings.fragments_open)
        self._clock = EventClock(rules)
        self._ticker = _ticker(source, settings, rules, nature)
        self._packer = Packer(source, partitions, settings.pack_sentences)
        self._station = clean_station(source.encode())
        self._head: Head | None = None if nature.live else Head()
        self._synthetic = False
        self._ordinal = self._written = -1
        self._unmoved = self._since_flush = 0
        self._now_ms = self._ticked_ms = self._packed_ms = self._waiting_ms = 0
        self._started_ms: int | None = None
        self._heard_at_ms = self._offset_ms = 0

    @property
    def pending(self) -> int:
        """Sentences that wait for other parts, or for their time to be believed."""
        return self._assembly.pending + self._clock.waiting

    @property
    def clock_ms(self) -> int | None:
        """The largest event time believed; None before the first."""
        return self._clock.clock_ms

    def feed(self, chunk: bytes, now_ms: int = 0, peer: str = "") -> list[Record]:
        """Takes bytes in, from one of the source's peers. Returns the records that are full."""
        self._now_ms = now_ms
        framer = self._framers.get(peer)
        if framer is None:
            framer = self._framers[peer] = Framer(self._limit)
        self._lines(framer.feed(chunk), peer)
        return self._packer.take()

    def hang_up(self, peer: str, now_ms: int = 0) -> list[Record]:
        """A peer is gone: what it left unfinished is read as it is."""
        self._now_ms = now_ms
        framer = self._framers.pop(peer, None)
        if framer is not None:
            self._lines(framer.close(), peer)
        self._timings.pop(peer, None)
        return self._packer.take()

    def clock(self, now_ms: int) -> list[Record]:
        """The wall clock of a live source; call it every ``pack_ms`` or so. Cuts what waits, ticks each second."""
        self._now_ms = now_ms
        if self._started_ms is None:
            self._started_ms = self._ticked_ms = now_ms
        if self._clock.waiting and now_ms - self._waiting_ms >= self._wait_ms:
            self._settle(self._clock.give_up())
        if now_ms - self._ticked_ms >= _WALL_TICK_MS:
            self._ticked_ms = max(now_ms - now_ms % _WALL_TICK_MS, self._started_ms)
            self._wall_tick(now_ms, self._started_ms)
        elif self._packer.holds and now_ms - self._packed_ms >= self._pack_ms:
            self._packer.flush()
        return self._packer.take()

    def flush(self) -> list[Record]:
        """All that is ready, without ending anything: for a stop that will be resumed."""
        self._packer.flush()
        return self._packer.take()

    def end(self, until_ms: int | None = None) -> list[Record]:
        """The input has ended. A recording's clock runs on to ``until_ms``, if that is given, and then ends."""
        for peer in list(self._framers):
            self._lines(self._framers.pop(peer).close(), peer)
        if self._head is not None:
            self._decide(self._head.verdict())
        self._settle(self._clock.give_up())
        if self._clock.clock_ms is not None:
            self._assembly.expire(self._clock.clock_ms)
            self._lost_parts()
        self._packer.flush()
        if not self._nature.live:
            self._write_ticks(self._ticker.end(until_ms))
        return self._packer.take()

    def _lines(self, lines: list[bytes], peer: str) -> None:
        for line in lines if self._nature.live else self._rows.take(lines):
            if self._head is not None:
                if self._head.add(line):
                    self._decide(self._head.verdict())
            else:
                self._line(line, peer)

    def _decide(self, verdict: Verdict) -> None:
        self._head = None
        self._synthetic = not verdict.timed
        self._clock.prime(verdict.first_ms)
        for line in verdict.lines:
            self._line(line, "")

    def _line(self, line: bytes, peer: str) -> None:
        if len(line) > self._limit:
            self.counts.lines += 1
            self._ordinal += 1
            self._bad(Bad(Reason.LINE_TOO_LONG, f"longer than {self._limit} bytes"), line, peer)
            return
        for unit in units(line):
            self._unit(unit, peer)

    def _unit(self, unit: bytes, peer: str) -> None:
        self.counts.lines += 1
        self._ordinal += 1
        parsed = self._parser.parse(unit)
        if isinstance(parsed, Sentence):
            self.counts.sentences += 1
            self._sentence(parsed, peer)
            self._cut()
        elif isinstance(parsed, Bad):
            self._bad(parsed, unit, peer)
            self._cut()
        elif isinstance(unit, Unreadable):
            self._bad(UNREADABLE, unit, peer)
        else:
            self.counts.other += 1
            if parsed is not None:
                self._timings[peer] = parsed

    def _bad(self, bad: Bad, raw: bytes, peer: str) -> None:
        self.counts.sentences += 1
        self._timings.pop(peer, None)
        self._refuse(bad.reason, raw, bad.detail)

    def _refuse(self, reason: Reason, raw: bytes, detail: str) -> None:
        self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1
        self.refused.append(RefusedLine(reason, raw, detail))

    def _sentence(self, sentence: Sentence, peer: str) -> None:
        tag = sentence.tag
        if tag.wrong:
            self.counts.tag_block_checksum_errors += 1
        if self._timings:
            tag = self._timed(tag, peer)
            sentence = sentence._replace(tag=tag)
        if sentence.total > 1:
            self._part(sentence)
            return
        self._message(tag, sentence.payload, (sentence.text,))

    def _timed(self, tag: Tag, peer: str) -> Tag:
        """Takes over what a line before the sentence said of it."""
        timing = self._timings.pop(peer, None)
        if timing is None or tag.time_ms is not None:
            return tag
        return tag._replace(time_ms=timing.time_ms, station=tag.station or timing.station)

    def _part(self, sentence: Sentence) -> None:
        parts = self._assembly.add(sentence, self._ordinal, self._default_ms())
        self._lost_parts()
        if parts is None:
            return
        times = [part.tag.time_ms for part in parts if part.tag.time_ms is not None]
        station = next((part.tag.station for part in parts if part.tag.station), b"")
        tag = Tag(station, times[0] if times else None)
        self._message(tag, parts[0].payload, tuple(part.text for part in parts))

    def _lost_parts(self) -> None:
        lost, self._assembly.lost = self._assembly.lost, []
        for reason, part in lost:
            self._refuse(reason, part.text, f"part {part.number} of {part.total}")

    def _default_ms(self) -> int:
        """The time of a sentence that has none."""
        if self._synthetic:
            return self._nature.start_ms + int((self.counts.sentences - 1) * _MS / self._nature.rate_hz)
        if self._nature.live:
            return self._now_ms + self._offset_ms
        return self._clock.known_ms

    def _message(self, tag: Tag, payload: bytes, parts: tuple[bytes, ...]) -> None:
        claimed = None if self._synthetic else tag.time_ms
        time_ms = self._default_ms() if claimed is None else claimed
        mmsi = self._parser.mmsi(payload)
        message = Message(time_ms, mmsi, self._ordinal, tag.station or self._station, parts)
        if self._clock.believes(time_ms, mmsi):
            self._write(message)
        else:
            if not self._clock.waiting:
                self._waiting_ms = self._now_ms
            self._settle(self._clock.admit(message))

    def _settle(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                stamp = f"claims {outcome.message.time_ms} ms"
                for part in outcome.message.parts:
                    self._refuse(outcome.reason, part, stamp)
            else:
                self._write(outcome)

    def _write(self, message: Message) -> None:
        heard_ms = self._ticker.heard_ms
        if heard_ms is None or message.time_ms > heard_ms:
            self._move(message.time_ms)
        else:
            self._unmoved += 1
        if not self._packer.holds:
            self._packed_ms = self._now_ms
        self._packer.add(message)
        self._written = message.ordinal
        self.counts.messages += 1
        self.counts.merged += len(message.parts) - 1

    def _move(self, time_ms: int) -> None:
        """The clock moves to ``time_ms``: ticks that are due before it are written first."""
        if self._unmoved:
            self._ticker.heard_another(self._unmoved)
            self._unmoved = 0
        self._heard_at_ms = self._now_ms
        self._offset_ms = time_ms - self._now_ms
        self._write_ticks(self._ticker.before(time_ms))

    def _wall_tick(self, now_ms: int, started_ms: int) -> None:
        heard_ms = self._ticker.heard_ms
        if heard_ms is None:
            if now_ms - started_ms < _GRACE_MS:
                return
            if self._ticker.to_ms is None:
                self._ticker.begin(started_ms)
            to_ms = now_ms
        else:
            to_ms = heard_ms + now_ms - self._heard_at_ms
        self._packer.flush()
        self._write_ticks(self._ticker.wall(to_ms))
        if self._ticker.to_ms is not None:
            self._clock.run_on(self._ticker.to_ms)

    def _write_ticks(self, ticks: list[Tick]) -> None:
        if ticks:
            self._packer.flush()
            self._packer.records += [TickRecord(tick, self._written) for tick in ticks]

    def _cut(self) -> None:
        self._since_flush += 1
        if self._nature.batch is not None and self._since_flush >= self._nature.batch:
            self._packer.flush()
            self._since_flush = 0


def _ticker(source: str, settings: IngestSettings, rules: FeedRules, nature: Nature) -> Ticker:
    """By time alone where ticks follow the wall clock: live, or at a given pace."""
    full_speed = not nature.live and nature.tick_ms is None
    return Ticker(
        source,
        nature.tick_ms or int(settings.tick_file_s * _MS),
        rules,
        replayed=nature.replayed,
        every_sentences=settings.tick_file_sentences if full_speed else 0,
    )
