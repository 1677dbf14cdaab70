"""One source's thread: passes its events through the core into the outbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Event

import msgspec
import structlog

from detectors.core.units import rfc3339
from streams.errors import ConfigError, Reason, SinkError, WakewatchError
from streams.ingest import outbound
from streams.ingest.contact import Contact
from streams.ingest.core import Ingest
from streams.ingest.line_affixes import doubt_in
from streams.ingest.model import InputCounts, RefusedLine
from streams.ingest.outbound import OutboundRecord, Sender
from streams.ingest.outbox import Outbox
from streams.ingest.resume import NOTHING, PartitionReached, is_new, remaining
from streams.ingest.source_faults import events_of
from streams.ingest.sources.events import (
    Chunk,
    FromTopic,
    InputSource,
    NextFile,
    PeerGone,
    Refused,
    SourceEvent,
    StationPosition,
)
from streams.ingest.topic_progress import TopicProgress
from streams.ingest.unrecognised import nothing_of_ours
from streams.messages.log_records import Record, Sentences, TickRecord


class RunnerState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a source, given to an observer about once a second and at the end."""

    source: str
    counts: InputCounts
    pending: int
    clock_ms: int | None
    held: int
    """Sentences of all sources that Kafka has not acknowledged yet."""
    lateness_ms: int = 0
    """How late its messages may arrive, as learned from them."""
    ended: bool = False
    nothing: str = ""
    """Why no part of an ended source was AIS, and what to do; empty if some was."""
    untimed: bool = False
    """A recording's times are made from the count of its sentences."""
    live: bool = False
    failed: str = ""
    """Why the source could not continue; empty if it could."""
    connected: int | None = None
    """Connections that are open; None if a source of this kind has none."""
    reconnects: int = 0
    last_message_ms: int | None = None
    """When the source last sent anything, by the wall clock."""


Observer = Callable[[RunnerState], None]
_SECOND_MS = 1000
_log = structlog.get_logger("ingest")
_LETTERS_AT_ONCE = 500
"""A file's refusals are grouped by number, for any cut of it, so that an interrupted run makes the same letters."""


class ReplayPace:
    """Slows a recording to ``speed`` times the time in it. A new event time waits for its turn."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began: tuple[int, float] | None = None

    def wait(self, event_ms: int, stop: Event) -> None:
        """Returns when it is time for ``event_ms``, or when ``stop`` is set."""
        if self._began is None:
            self._began = (event_ms, time.monotonic())
        since_ms, began_s = self._began
        due_s = began_s + (event_ms - since_ms) / 1000 / self._speed
        stop.wait(max(0.0, due_s - time.monotonic()))


class SourceRunner(msgspec.Struct, kw_only=True):
    """All that one source needs. ``run`` is its thread."""

    source: InputSource
    ingest: Ingest
    sender: Sender
    outbox: Outbox
    partitions: int
    reached: tuple[PartitionReached, ...]
    """How far an earlier run has come, by partition."""
    letters_reached: int = 0
    """Number of dead letters that an earlier run has delivered."""
    pace: ReplayPace | None = None
    until_ms: int | None = None
    needs_start: bool = False
    """Assumed times would mean nothing: a recording without times is refused."""
    observer: Observer | None = None
    contact: Contact = msgspec.field(default_factory=Contact)
    topic: TopicProgress | None = None
    """Of a source that reads a foreign Kafka topic."""
    _refused: int = 0
    _window: list[RefusedLine] = []
    """Refused, and not yet in a letter."""
    _told_ms: int = 0
    _failed: str = ""
    _untimed_told: bool = False

    def run(self, stop: Event) -> None:
        """Runs until the source ends, fails, or ``stop`` is set. Raises SinkError if Kafka accepts nothing."""
        try:
            self._read(stop)
        except (ConfigError, SinkError):
            raise
        except WakewatchError as error:  # of this source only: what it has given counts, and the others continue
            self._failed = str(error)
            _log.error("source ended too early", source=self.sender.source, why=self._failed)
        self._end(stop)

    def _read(self, stop: Event) -> None:
        for event in events_of(self.source, self.sender.source, stop):
            now_ms = _now_ms()
            self.contact.take(event, now_ms)
            self._send(self._timed(self._take(event, now_ms)), now_ms, stop)
            if self.topic is not None:
                self.topic.commit(self.outbox, now_ms)
            if now_ms - self._told_ms >= _SECOND_MS:
                self._tell(now_ms)

    def _end(self, stop: Event) -> None:
        now_ms = _now_ms()
        interrupted = stop.is_set() and self.source.resumes
        # What is interrupted has not ended: the next run continues where the log ends, refuses the same lines again and
        # puts them into the same letters.
        try:
            taken = self.ingest.flush() if interrupted else self._timed(self.ingest.end(self.until_ms))
        except WakewatchError as error:
            taken, self._failed = [], self._failed or str(error)
        self._send(taken, now_ms, stop, ended=not interrupted)
        self._tell(now_ms, ended=not interrupted)

    def _timed(self, taken: list[Record]) -> list[Record]:
        """Reports once that times are assumed. Raises WakewatchError if they must not be."""
        if not self.ingest.untimed:
            return taken
        doubt = doubt_in(self.ingest.input.opening, self.ingest.source_kind.stamps)
        what = "its sentences have no readable times" + (f" ({doubt})" if doubt else "")
        if self.needs_start:
            raise WakewatchError(f"{what}; give the start: --start 2024-03-04T00:00:00Z")
        if not self._untimed_told:
            self._untimed_told = True
            source_kind = self.ingest.source_kind
            made_up = f"from {rfc3339(source_kind.start_ms)} at {source_kind.rate_hz:g} sentences per second"
            _log.warning(
                "times are generated", source=self.sender.source, why=what, times=made_up, remedy="--start, --rate"
            )
        return taken

    def _take(self, event: SourceEvent, now_ms: int) -> list[Record]:
        taken: list[Record] = []
        if self.topic is not None:
            self.topic.positions.open_before = self.ingest.open_since
        if isinstance(event, FromTopic):
            return self._take_record(event, now_ms)
        if isinstance(event, Chunk):
            taken = self.ingest.feed(event.data, now_ms, event.peer)
        elif isinstance(event, NextFile):
            taken = self.ingest.next_file()
        elif isinstance(event, Refused):
            taken = self.ingest.refuse(event.raw, event.detail, now_ms, event.peer)
        elif isinstance(event, StationPosition):
            self.ingest.station_at(event.station, event.lat_deg, event.lon_deg)
        elif isinstance(event, PeerGone):
            taken = self.ingest.hang_up(event.peer, now_ms)
        return taken + self.ingest.clock(now_ms) if self.source.live else taken

    def _take_record(self, record: FromTopic, now_ms: int) -> list[Record]:
        assert self.topic is not None  # only such a source has these events
        first = self.ingest.ordinal + 1
        taken: list[Record] = []
        for event in record.events:
            if isinstance(event, Chunk):
                taken += self.ingest.feed(event.data, now_ms, event.peer, record.written_ms)
            else:
                taken += self.ingest.refuse(event.raw, event.detail, now_ms, event.peer)
        self.topic.positions.took(record.partition, record.offset, first, self.ingest.ordinal)
        return taken + self.ingest.clock(now_ms)

    def _send(self, taken: Iterable[Record], now_ms: int, stop: Event, *, ended: bool = False) -> None:
        refused, self.ingest.refused = self.ingest.refused, []
        if refused and not self.ingest.input.refusal:
            self.ingest.input.refusal = refused[0].detail
        if self.topic is None or not self.topic.positions.refused_before():
            self._window += refused
        self._post(1 if ended or self.source.live else _LETTERS_AT_ONCE, now_ms, stop)
        for record in taken:
            if isinstance(record, TickRecord):
                self._send_tick(record, now_ms, stop)
            elif isinstance(record, Sentences):
                self._send_sentences(record, now_ms, stop)

    def _post(self, least: int, now_ms: int, stop: Event) -> None:
        """Sends the refused units, if there are ``least`` lines or more: one letter per reason in every 500."""
        while len(self._window) >= least:
            window, self._window = self._window[:_LETTERS_AT_ONCE], self._window[_LETTERS_AT_ONCE:]
            for reason in dict.fromkeys(line.reason for line in window):
                lines = [line for line in window if line.reason == reason]
                new = lines[max(0, self.letters_reached - self._refused) :]
                self._refused += len(lines)
                if new:
                    letter = outbound.of_refused(new, self._refused - 1, self.sender, now_ms)
                    self._put(letter if self.topic is None else self.topic.refused(letter), stop)

    def _send_sentences(self, record: Sentences, now_ms: int, stop: Event) -> None:
        reached = self.reached[record.partition]
        left = remaining(record, reached) if self.topic is None else self.topic.positions.remaining(record)
        if left is not None and self._in_turn(record.event_from_ms, stop):
            letter = outbound.of_sentences(left, self.sender, self._read_ms(now_ms))
            self._put(letter if self.topic is None else self.topic.stated(letter, int(record.ordinals[-1])), stop)

    def _send_tick(self, record: TickRecord, now_ms: int, stop: Event) -> None:
        wanting = [p for p in range(self.partitions) if is_new(record, self.reached[p])]
        if wanting and self._in_turn(record.tick.to_ms, stop):
            if self.topic is not None:
                self.topic.positions.settle(record.ordinal, self.ingest.open_since)
            for partition in wanting:
                letter = outbound.of_tick(record, partition, self.sender, self._read_ms(now_ms))
                self._put(letter if self.topic is None else self.topic.stated(letter, record.ordinal), stop)

    def _in_turn(self, event_ms: int, stop: Event) -> bool:
        """Waits if the recording is paced. False: stopped, and nothing after this may be sent either."""
        if self.pace is None:
            return True
        self.pace.wait(event_ms, stop)
        return not stop.is_set()

    def _read_ms(self, now_ms: int) -> int:
        return now_ms if self.pace is None else _now_ms()

    def _put(self, letter: OutboundRecord, stop: Event) -> None:
        try:
            lost = self.outbox.put(self.sender.source, letter, stop=stop, waits=self.source.waits)
        except SinkError:
            if self.source.resumes:  # it is read again
                raise
            self.outbox.keep(self.sender.source, letter)  # and so is what follows, until a stop is requested
            return
        for one in lost:
            self._lose(one)

    def give_up(self, unsent: Iterable[OutboundRecord]) -> None:
        """Kafka has not taken these, and no one will send them again: those of a live source are lost."""
        for letter in () if self.source.resumes else unsent:
            if letter.messages:
                self._lose(letter)
        self._tell(_now_ms(), ended=True)

    def _lose(self, letter: OutboundRecord) -> None:
        counts = self.ingest.counts
        counts.messages -= letter.messages
        counts.merged -= letter.weight - letter.messages
        counts.rejected[Reason.BUFFER_FULL] = counts.rejected.get(Reason.BUFFER_FULL, 0) + letter.weight

    def _tell(self, now_ms: int, *, ended: bool = False) -> None:
        self._told_ms = now_ms
        if self.observer is not None:
            self.observer(self.state(ended=ended))

    def state(self, *, ended: bool = False) -> RunnerState:
        """The present state of the source."""
        return RunnerState(
            source=self.sender.source,
            counts=self.ingest.counts,
            pending=self.ingest.pending,
            clock_ms=self.ingest.clock_ms,
            lateness_ms=self.ingest.lateness_ms,
            held=self.outbox.held,
            ended=ended,
            nothing=nothing_of_ours(self.ingest.input, self.ingest.counts) if ended else "",
            untimed=self.ingest.untimed,
            live=self.source.live,
            failed=self._failed,
            connected=self.contact.connected,
            reconnects=self.contact.reconnects,
            last_message_ms=self.contact.last_message_ms,
        )


def fresh(partitions: int) -> tuple[PartitionReached, ...]:
    """Where a run begins that is not in the log."""
    return (NOTHING,) * partitions


def _now_ms() -> int:
    return int(time.time() * _SECOND_MS)
