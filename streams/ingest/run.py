"""Reads several sources at once into one Kafka: a thread per source, one outbox, one producer.

It uses threads, because kafka-python's producer is already one and its send is thread-safe. A source then reads as if
it were alone, and one that is kept waiting does not delay the others.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from threading import Event, Thread
from typing import Final, NamedTuple

import msgspec
import structlog

from streams.errors import ConfigError
from streams.ingest import outbound, urls
from streams.ingest.contact import Contact
from streams.ingest.core import Ingest
from streams.ingest.kafka_link import KafkaLink, StoppedError, answering
from streams.ingest.model import RATE_HZ, START_MS, SourceKind
from streams.ingest.outbound import OutboundRecord, Sender
from streams.ingest.outbox import Outbox
from streams.ingest.resume import LogEnd, PartitionReached, run_of, run_of_topic
from streams.ingest.source_runner import Observer, ReplayPace, RunnerState, SourceRunner, fresh
from streams.ingest.sources import kafka_topic
from streams.ingest.sources.events import InputSource
from streams.ingest.sources.file import FileSource
from streams.ingest.sources.kafka_topic import KafkaTopicSource
from streams.ingest.stamps import StampRules
from streams.ingest.table_columns import ColumnMap
from streams.ingest.topic_progress import TopicProgress
from streams.ingest.urls import SourceUrl
from streams.settings.model import Settings

_DRAIN_S: Final = 30.0
_JOIN_S: Final = 0.2
_PACED_BATCH, PACK_MOST = 20, 1000
PACED_CHUNK_BYTES: Final = 2048
_PACED_RATE_HZ: Final = 12.0
"""Sentences in 100 ms of a feed such as the Danish one (127 per second), times the speed, go into a record."""
_log = structlog.get_logger("ingest")


class IngestPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be ingested, and how."""

    urls: tuple[str, ...]
    speed: float | None = None
    """Factor on the time in the recording; None: as fast as possible."""
    start_ms: int | None = None
    """Time of the first sentence of a recording without times."""
    rate_hz: float | None = None
    until_ms: int | None = None
    stamps: StampRules = StampRules()
    """How times in recordings are read that are ambiguous by themselves."""
    columns: ColumnMap = ColumnMap()
    """Headings that the user has named, of tables in no known form."""
    again: bool = False
    """Ingest a recording again that the log already holds."""
    call: str = msgspec.field(default_factory=lambda: secrets.token_hex(4))
    """Names this call: a recording that is ingested again continues after a failure where the log ends."""


class IngestOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run."""

    states: tuple[RunnerState, ...]
    already: tuple[str, ...]
    """Sources that the log already held completely."""
    undelivered: int
    """Sentences that Kafka had not acknowledged when the drain time was over."""


Carried = list[tuple[str, OutboundRecord]]
"""Letters of live sources that a failed run could not deliver, for the next one: source and letter."""


def run(
    plan: IngestPlan, settings: Settings, stop: Event, observer: Observer | None = None, carried: Carried | None = None
) -> IngestOutcome:
    """Ingests until all finite sources have ended or ``stop`` is set, and drains.

    A source that cannot continue ends with what it has given so far, and its State gives the reason; the others
    continue. ``carried`` is sent first; after a failure that a new start can fix, it holds what the next run must send.
    Raises ConfigError before anything is changed; SinkError if Kafka fails or refuses for good.
    """
    places = _places(plan)
    sources = [_open(place, plan, settings) for place in places]
    try:
        return _with_kafka(_Run(plan, settings, stop, observer, [] if carried is None else carried), places, sources)
    finally:
        for source in sources:
            source.close()


class _Run(NamedTuple):
    """The arguments of ``run``."""

    plan: IngestPlan
    settings: Settings
    stop: Event
    observer: Observer | None
    carried: Carried


def _with_kafka(given: _Run, places: Sequence[SourceUrl], sources: Sequence[InputSource]) -> IngestOutcome:
    plan, settings, stop, observer, carried = given
    with_kafka = KafkaLink(settings)
    try:
        with_kafka.await_broker(stop)
        with answering():
            partitions = with_kafka.partitions()
        outbox = Outbox(with_kafka.producer, settings.ingest.buffer_sentences)
        try:
            for origin, letter in carried:
                outbox.put(origin, letter, stop=stop, waits=True)
            carried.clear()
            builder = _Builder(
                plan=plan, settings=settings, kafka=with_kafka, outbox=outbox, partitions=partitions, observer=observer
            )
            with answering():
                runners = [builder.runner(*pair) for pair in zip(places, sources, strict=True)]
            return _drive(runners, outbox, stop, carried)
        finally:
            outbox.close()
    except StoppedError:
        return IngestOutcome(states=(), already=(), undelivered=0)
    finally:
        with_kafka.close()


def _places(plan: IngestPlan) -> list[SourceUrl]:
    places = [urls.parse(text) for text in plan.urls]
    names = [place.name for place in places]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"two sources have the name {twice}; give them different names with NAME=URL")
    if not places:
        raise ConfigError("no source; give at least one URL, such as file:PATH or udp://:10110")
    return places


def _open(place: SourceUrl, plan: IngestPlan, settings: Settings) -> InputSource:
    rules = urls.OpenRules(
        settings=settings,
        paced=plan.speed is not None,
        stdin_live=plan.start_ms is None and plan.rate_hz is None,
        stamps=plan.stamps,
        columns=plan.columns,
    )
    return urls.open_place(place, rules)


def _source_kind(place: SourceUrl, source: InputSource, plan: IngestPlan) -> SourceKind:
    paced = plan.speed if place.kind == "file" else None
    return SourceKind(
        live=source.live,
        replayed=not source.live,
        start_ms=START_MS if plan.start_ms is None else plan.start_ms,
        rate_hz=plan.rate_hz or RATE_HZ,
        batch=None if paced is None else max(_PACED_BATCH, min(int(paced * _PACED_RATE_HZ), PACK_MOST)),
        tick_ms=None if paced is None else max(1000, int(1000 * paced)),
        stamps=plan.stamps,
        columns=plan.columns,
    )


class _Builder(msgspec.Struct, frozen=True, kw_only=True):
    """Makes the runner of each place."""

    plan: IngestPlan
    settings: Settings
    kafka: KafkaLink
    outbox: Outbox
    partitions: int
    observer: Observer | None

    def runner(self, place: SourceUrl, source: InputSource) -> SourceRunner:
        plan, settings = self.plan, self.settings
        source_kind = _source_kind(place, source, plan)
        run_id, reached, dead = self._run(place, source, source_kind)
        sender = Sender(place.name, run_id, source_kind.replayed, settings.kafka.topic_prefix)
        topic = None
        if isinstance(source, KafkaTopicSource):
            topic = source.progress = TopicProgress(sender, self.partitions, self.kafka.new_consumer)
        return SourceRunner(
            source=source,
            ingest=Ingest(place.name, self.partitions, settings.ingest, settings.feed, source_kind),
            sender=sender,
            topic=topic,
            outbox=self.outbox,
            partitions=self.partitions,
            reached=reached,
            letters_reached=dead,
            pace=ReplayPace(plan.speed) if plan.speed is not None and place.kind == "file" else None,
            until_ms=plan.until_ms,
            needs_start=plan.start_ms is None and _dates_matter(plan, settings),
            observer=self.observer,
            contact=Contact(connects=urls.CONNECTORS[place.kind].connects),
        )

    def _run(
        self, place: SourceUrl, source: InputSource, source_kind: SourceKind
    ) -> tuple[str, tuple[PartitionReached, ...], int]:
        """The run's identity, and how far it has come in the log and the dead letters."""
        if place.kind == kafka_topic.SCHEME:
            return run_of_topic(place.name, place.path), fresh(self.partitions), 0
        if not isinstance(source, FileSource):
            return secrets.token_hex(8), fresh(self.partitions), 0
        first, *more = source.files
        run_id = run_of(first, place.name, source_kind, more, source.order)
        if self.plan.again:
            run_id = f"{run_id}-{self.plan.call}"
        prefix, consumer = self.settings.kafka.topic_prefix, self.kafka.consumer
        log_end = LogEnd(consumer, prefix + outbound.SENTENCES_TOPIC)
        dead = LogEnd(consumer, prefix + outbound.DEAD_TOPIC).reached(run_id, outbound.DEAD_PARTITION)
        return run_id, tuple(log_end.reached(run_id, p) for p in range(self.partitions)), dead.ordinal + 1


def _dates_matter(plan: IngestPlan, settings: Settings) -> bool:
    """Whether dates matter: lists and zones are in force from days on, and an end may have been asked for."""
    return bool(plan.until_ms or settings.reference.watchlists or settings.reference.zones)


def _drive(runners: Sequence[SourceRunner], outbox: Outbox, stop: Event, carried: Carried) -> IngestOutcome:
    already = tuple(runner.sender.source for runner in runners if _ended(runner.reached))
    running = [runner for runner in runners if not _ended(runner.reached)]
    failures: list[BaseException] = []
    halt = Event()
    threads = [Thread(target=_guarded, args=(runner, halt, failures), daemon=True) for runner in running]
    for thread in threads:
        thread.start()
    undelivered = _finish(threads, outbox, stop, halt)
    failure = next(iter(failures), outbox.failure)
    if failure is not None and not stop.is_set() and not isinstance(failure, ConfigError):
        once = {runner.sender.source for runner in running if not runner.source.resumes}
        carried += [(origin, letter) for origin, letter in outbox.unsent() if origin in once]
    elif undelivered:
        _give_up(running, outbox, undelivered)
    if failure is not None:
        raise failure
    states = tuple(runner.state(ended=True) for runner in running)
    return IngestOutcome(states=states, already=already, undelivered=undelivered)


def _finish(threads: Sequence[Thread], outbox: Outbox, stop: Event, halt: Event) -> int:
    """Waits until all end; once asked to stop, at most the drain time. Returns the undelivered number of sentences.

    ``halt`` is set when ``stop`` is, or when the outbox or a thread fails: then all sources end.
    """
    deadline_s: float | None = None
    while any(thread.is_alive() for thread in threads) or outbox.held:
        if stop.is_set() or outbox.failure is not None:
            halt.set()
        if halt.is_set() and deadline_s is None:
            deadline_s = time.monotonic() + _DRAIN_S
        lost = outbox.failure is not None and not any(thread.is_alive() for thread in threads)
        if lost or (deadline_s is not None and time.monotonic() > deadline_s):
            break
        outbox.drain(_JOIN_S)
        for thread in threads:
            thread.join(_JOIN_S / len(threads))
    return outbox.held


def _give_up(runners: Sequence[SourceRunner], outbox: Outbox, undelivered: int) -> None:
    """Counts what is lost, source by source."""
    unsent = outbox.unsent()
    _log.error(
        "not delivered", sentences=undelivered, kept="files continue where the log ends when they are read again"
    )
    for runner in runners:
        runner.give_up(letter for origin, letter in unsent if origin == runner.sender.source)


def _ended(reached: Sequence[PartitionReached]) -> bool:
    return all(place.ended for place in reached)


def _guarded(runner: SourceRunner, halt: Event, failures: list[BaseException]) -> None:
    try:
        runner.run(halt)
    except BaseException as error:  # noqa: BLE001  # raised again in the main thread
        failures.append(error)
        halt.set()
