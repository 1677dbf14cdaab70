"""Passes one source's sentences, one by one, to the packs: every shortcut must give exactly this result.

Rules:
- Every unit of input is accounted for: ``lines = sentences + other`` and
  ``sentences = messages + rejected + merged + pending``; ``merged`` are the parts of a message beyond its first.
- Ordinals rise within each partition. A tick carries the ordinal of the last sentence written before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import NEVER_MS
from streams.errors import Reason
from streams.ingest.assembly import Assembly
from streams.ingest.clock import EventClock, Outcome, RefusedMessage, TimedMessage
from streams.ingest.framing import units
from streams.ingest.groups import Groups
from streams.ingest.log_lines import LineRun
from streams.ingest.model import InputCounts, RefusedLine, SourceKind
from streams.ingest.moments import AwaitedMoments
from streams.ingest.notes import NoteWriter
from streams.ingest.packing import Packer, PackStop
from streams.ingest.sentence import Bad, Parser, Sentence
from streams.ingest.stated_times import StatedTimes
from streams.ingest.ticking import ticker_for
from streams.messages.log_records import TickRecord
from streams.nmea.sentence import Tag, clean_station
from streams.settings.model import IngestSettings

_MS: Final = 1000


class SourceState:
    """The state of one source. ``now_ms`` is set by the caller that feeds it."""

    def __init__(
        self, source: str, partitions: int, settings: IngestSettings, rules: FeedRules, source_kind: SourceKind
    ) -> None:
        self.source_kind = source_kind
        self.limit = settings.line_bytes
        self.counts = InputCounts()
        self.refused: list[RefusedLine] = []
        self.parser = Parser(source_kind.stamps)
        self.times = StatedTimes(live=source_kind.live, settings=settings)
        self.assembly = Assembly(int(settings.fragment_ttl_s * _MS), settings.fragments_open)
        self.groups = Groups(settings.fragments_open)
        self.ticker = ticker_for(source, settings, rules, source_kind)
        self.clock = EventClock(rules, self.ticker.silent_limit_ms)
        self.notes = NoteWriter(settings, int(rules.allowed_lateness_s * _MS))
        self.packer = Packer(source, partitions, settings.pack_sentences)
        self.station = clean_station(source.encode())
        self.synthetic = False
        """The input has no times: they are made from the count of sentences."""
        self.ordinal = self.written = -1
        """Ordinal of the last unit read, and of the last message written."""
        self._moments = AwaitedMoments(source_kind.marks_ms)
        self.since_cut = 0
        """Sentences read since records were last cut at the ``batch`` of the kind of source."""
        self.now_ms = 0
        self.waiting_ms = 0
        """When the first message came that waits for its time to be believed."""
        self.heard_at_ms = 0
        """When, by the wall clock, the source's time last moved ..."""
        self.offset_ms = 0
        """... and how far it was ahead of the wall clock."""
        self.given_ms: int | None = None
        """The time of what a live source sends now without one; None: when it is read."""
        self.arrived_at_ms = 0
        """When, by the wall clock, a message was last written."""

    @property
    def wall_ms(self) -> int | None:
        """The wall clock of a live source; None of a recording."""
        return self.now_ms if self.source_kind.live else None

    @property
    def pending(self) -> int:
        """Number of sentences that wait for other parts, or for their time to be believed."""
        return self.assembly.pending + self.clock.waiting

    def line(self, line: bytes, peer: str) -> None:
        """Processes one line."""
        if len(line) > self.limit:
            self.counts.lines += 1
            self.ordinal += 1
            self._bad(self.too_long(), line[: self.limit + 1], peer)
            self._cut()
            return
        for unit in units(line):
            self.unit(unit, peer)
        self.settle_clocks()

    def settle_clocks(self) -> None:
        """A line is over: a tick states at once what was found about the stations' clocks."""
        if self.times.settle() and self.ticker.to_ms is not None:
            self.write_ticks([self.ticker.now()])

    def too_long(self) -> Bad:
        """The reason for refusing a line beyond the limit."""
        return Bad(Reason.LINE_TOO_LONG, f"longer than {self.limit} bytes")

    def unit(self, unit: bytes, peer: str) -> None:
        """Processes one unit of a line."""
        self.counts.lines += 1
        self.ordinal += 1
        parsed = self.parser.parse(unit)
        if isinstance(parsed, Sentence):
            self.counts.sentences += 1
            self._sentence(parsed, peer)
            self._cut()
        elif isinstance(parsed, Bad):
            self._bad(parsed, unit, peer)
            self._cut()
        else:
            self.counts.other += 1
            if isinstance(parsed, Tag):
                self.groups.note(parsed, peer, self.ordinal)
            elif parsed is not None:
                self.times.before[peer] = parsed

    def refuse(self, reason: Reason, raw: bytes, detail: str) -> None:
        """Counts a lost sentence, and keeps it for the dead letters."""
        self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1
        self.refused.append(RefusedLine(reason, raw, detail))

    def completed(self, sentence: Sentence, ordinal: int, default_ms: int, peer: str) -> TimedMessage | None:
        """Adds a sentence. Returns the message that it completes."""
        if sentence.tag.group is not None:
            self.groups.note(sentence.tag, peer, ordinal)
        if sentence.total == 1:
            tag = self.groups.complete(sentence.tag, peer, ordinal)
            return self._message(tag, (sentence,), ordinal, default_ms)
        parts = self.assembly.add(sentence, ordinal, default_ms, peer)
        self.lost_parts()
        if parts is None:
            return None
        timed = next((part.tag for part in parts if part.tag.time_ms is not None), parts[0].tag)
        station = next((part.tag.station for part in parts if part.tag.station), b"")
        tag = Tag(station, timed.time_ms, parts[0].tag.group, doubtful=timed.doubtful)
        return self._message(self.groups.complete(tag, peer, ordinal), parts, ordinal, default_ms)

    def _message(self, tag: Tag, parts: Sequence[Sentence], ordinal: int, default_ms: int) -> TimedMessage | None:
        """A whole message, with a time and a station; None if it is refused."""
        if self.times.clocks.off and (refusal := self.times.refusal_of(tag)):
            for part in parts:
                self.refuse(Reason.STATION_CLOCK, part.text, refusal)
            return None
        claimed = None if self.synthetic else self.times.claimed_ms(tag, self.now_ms)
        time_ms = default_ms if claimed is None else claimed
        payload, texts = parts[0].payload, tuple(part.text for part in parts)
        return TimedMessage(time_ms, self.parser.mmsi(payload), ordinal, tag.station or self.station, texts, payload)

    def hang_up(self, peer: str) -> None:
        """A peer is gone: its parts that wait for others are refused, and its lines do not apply to the next peer."""
        self.times.before.pop(peer, None)
        self.assembly.hang_up(peer)
        self.lost_parts()

    def give_up_parts(self) -> None:
        """The input has ended: no more parts will come."""
        self.assembly.expire(NEVER_MS)
        self.lost_parts()

    def lost_parts(self) -> None:
        """Refuses the parts that the assembly has given up."""
        lost, self.assembly.lost = self.assembly.lost, []
        for reason, part in lost:
            self.refuse(reason, part.text, f"part {part.number} of {part.total}")

    def synthetic_ms(self, sentences: int) -> int:
        """The time of sentence number ``sentences`` (from 1) of an input without times."""
        return self.source_kind.start_ms + int((sentences - 1) * _MS / self.source_kind.rate_hz)

    def default_ms(self) -> int:
        """The time of a sentence that has none."""
        if self.synthetic:
            return self.synthetic_ms(self.counts.sentences)
        if self.source_kind.live:
            return self.now_ms + self.offset_ms if self.given_ms is None else self.given_ms
        return self.clock.known_ms

    def take(self, message: TimedMessage) -> None:
        """Passes a message on if its time is believed."""
        if self.clock.believes(message):
            self._write(message)
        else:
            if not self.clock.waiting:
                self.waiting_ms = self.now_ms
            self.settle(self.clock.admit(message, self.wall_ms))

    def settle(self, outcomes: list[Outcome]) -> None:
        """Writes or refuses the messages that the clock has decided on."""
        for outcome in outcomes:
            if isinstance(outcome, RefusedMessage):
                stamp = f"claims {outcome.message.time_ms} ms"
                for part in outcome.message.parts:
                    self.refuse(outcome.reason, part, stamp)
            else:
                self._write(outcome)

    def whole(self, message: TimedMessage) -> None:
        """Processes the unit that completed ``message``, which ``completed`` has returned for the next ordinal."""
        self.counts.lines += 1
        self.ordinal += 1
        self.counts.sentences += 1
        self.take(message)
        self._cut()

    def write_run(self, run: LineRun, walked: Sequence[TimedMessage], cuts: list[PackStop]) -> None:
        """Writes messages that are all believed at once, as ``take`` would one by one, with records cut at ``cuts``.

        ``walked`` are the ``ready`` messages among them, in order.
        """
        if not len(run.ordinal):
            if cuts:
                self.packer.flush()
            return
        self.clock.note_run(run.time_ms, run.mmsi, run.stations(self.clock.stations_wanted(len(run.ordinal))))
        heard_ms = self.ticker.heard_ms
        written = np.append(self.written, run.ordinal).tolist()
        urgent = self.notes.take_run(run, walked, heard_ms or 0)
        ticks = [
            PackStop(before, self._records(ticks, written[before], before))
            for before, ticks in self.ticker.run(run.time_ms, run.mmsi, urgent)
        ]
        self.notes.end_run()
        if self.ticker.heard_ms != heard_ms and self.ticker.heard_ms is not None:
            self.heard_at_ms = self.now_ms
            self.offset_ms = self.ticker.heard_ms - self.now_ms
        marks = self._moments.reached_in(run.time_ms, heard_ms or 0, written)
        self.packer.add_run(run, sorted([*cuts, *ticks, *marks], key=lambda stop: stop.before), self.now_ms)
        self.written = written[-1]
        self.arrived_at_ms = self.now_ms
        self.counts.messages += len(run.ordinal)
        self.counts.merged += int(run.size.sum()) - len(run.ordinal)

    def mark(self, time_ms: int) -> None:
        """The clock has reached ``time_ms``: marks are written for the requested moments up to it."""
        if marks := self._moments.reached(time_ms, self.written):
            self.packer.flush()
            self.packer.records += marks

    def write_ticks(self, ticks: list[Tick]) -> None:
        """Writes ticks into the log, after everything that is packed."""
        if ticks:
            self.packer.flush()
            self.packer.records += self._records(ticks, self.written)

    def _records(self, ticks: Sequence[Tick], written: int, before: int | None = None) -> tuple[TickRecord, ...]:
        """The ticks with all that they state; ``written``: ordinal of the message before them."""
        ticks = self.times.clocks.onto(self.notes.onto(ticks, before))
        return tuple(TickRecord(tick, written) for tick in self.times.places.onto(ticks, written))

    def _bad(self, bad: Bad, raw: bytes, peer: str) -> None:
        self.counts.sentences += 1
        self.times.before.pop(peer, None)
        self.refuse(bad.reason, raw, bad.detail)

    def _sentence(self, sentence: Sentence, peer: str) -> None:
        tag = sentence.tag
        if tag.wrong:
            self.counts.tag_block_checksum_errors += 1
        if (timed := self.times.of(sentence, self.ordinal, self.wall_ms, peer)) is not tag:
            sentence = sentence._replace(tag=timed)
        if message := self.completed(sentence, self.ordinal, self.default_ms(), peer):
            self.take(message)

    def _write(self, message: TimedMessage) -> None:
        heard_ms = self.ticker.heard_ms
        if heard_ms is None or message.time_ms > heard_ms:
            self._move(message)
        else:
            self.ticker.heard_another(message.mmsi, heard_ms - message.time_ms)
        urgent = self.notes.minds(message) and self.notes.take(message, self.ticker.heard_ms or 0)
        self.packer.add(message, self.now_ms)
        self.written = message.ordinal
        self.arrived_at_ms = self.now_ms
        self.counts.messages += 1
        self.counts.merged += len(message.parts) - 1
        if urgent:
            self.write_ticks([self.ticker.now()])

    def _move(self, message: TimedMessage) -> None:
        """Moves the clock to the time of ``message``: ticks that are due before it are written first."""
        self.heard_at_ms = self.now_ms
        self.offset_ms = message.time_ms - self.now_ms
        self.write_ticks(self.ticker.before(message.time_ms, message.mmsi))
        self.mark(message.time_ms)

    def _cut(self) -> None:
        self.since_cut += 1
        if self.source_kind.batch is not None and self.since_cut >= self.source_kind.batch:
            self.packer.flush()
            self.since_cut = 0
