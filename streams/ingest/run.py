"""Several sources at once into one Kafka: a thread a source, one outbox, one producer.

Threads, because kafka-python's producer is one already and its send is safe to share; a source then reads as it
would alone, and one that is kept waiting keeps nobody else waiting.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import msgspec
import structlog

from streams.broker import clients
from streams.errors import ConfigError, SinkError, WakewatchError
from streams.ingest import letters, urls
from streams.ingest.core import Ingest
from streams.ingest.letters import Sender
from streams.ingest.model import RATE_HZ, START_MS, Nature
from streams.ingest.outbox import Outbox
from streams.ingest.pump import Observer, Pace, Pump, State, fresh
from streams.ingest.resume import LogEnd, Reached, run_of
from streams.ingest.sources.events import Source
from streams.ingest.sources.tcp import BackOff
from streams.ingest.urls import Place
from streams.rights import refuse_unless_allowed
from streams.settings import Settings
from streams.topics import missing

_FOR_EVER_MS: Final = 2**31 - 1
"""The producer's delivery time-out: nothing is dropped however long the broker is away; the outbox bounds it."""
_CLIENT: Final = {"allow_auto_create_topics": False, "bootstrap_timeout_ms": 3000}
_DRAIN_S: Final = 30.0
_JOIN_S: Final = 0.2
_PACED_BATCH, PACK_MOST = 20, 1000
_PACED_RATE_HZ: Final = 12.0
"""Sentences in 100 ms of a feed such as the Danish one (127 a second): so many times the speed go into a record."""
_log = structlog.get_logger("ingest")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be ingested, and how."""

    urls: tuple[str, ...]
    speed: float | None = None
    """Times the time in the recording; None: as fast as it goes."""
    start_ms: int | None = None
    """Time of the first sentence of a recording without times."""
    rate_hz: float | None = None
    until_ms: int | None = None
    again: bool = False
    """Ingest a recording anew that the log already holds."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run."""

    states: tuple[State, ...]
    already: tuple[str, ...]
    """Sources that the log held wholly before."""
    undelivered: int
    """Sentences that Kafka had not acknowledged when the drain time was over."""


def run(plan: Plan, settings: Settings, stop: Event, observer: Observer | None = None) -> Outcome:
    """Ingests until all finite sources have ended or ``stop`` is set, and drains.

    Raises ConfigError before anything is touched; SinkError when Kafka refuses for good; WakewatchError when a
    source cannot go on.
    """
    places = _places(plan)
    sources = [_open(place, plan, settings) for place in places]
    with_kafka = _Kafka(settings)
    try:
        with_kafka.await_broker(stop)
        with _answering():
            partitions = with_kafka.partitions()
        outbox = Outbox(with_kafka.producer, settings.ingest.buffer_sentences)
        try:
            builder = _Builder(
                plan=plan,
                settings=settings,
                kafka=with_kafka,
                outbox=outbox,
                partitions=partitions,
                observer=observer,
            )
            with _answering():
                pumps = [builder.pump(*pair) for pair in zip(places, sources, strict=True)]
            return _drive(pumps, outbox, stop)
        finally:
            outbox.close()
    except _StoppedError:
        return Outcome(states=(), already=(), undelivered=0)
    finally:
        with_kafka.close()


@contextmanager
def _answering() -> Iterator[None]:
    """Raises SinkError where Kafka fails to answer what is asked before the start."""
    from kafka.errors import KafkaError

    try:
        yield
    except KafkaError as error:
        text = f"Kafka did not answer ({type(error).__name__}: {error}): is it up? Start ingest again"
        raise SinkError(text, retriable=True) from error


class _StoppedError(WakewatchError):
    """Asked to stop before Kafka was there."""


class _Kafka:
    """The producer, and a consumer to look around with. Waits for a broker that is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.producer: Any = None
        self.consumer: Any = None

    def await_broker(self, stop: Event) -> None:
        """Connects, trying again until the broker is there. Raises _StoppedError when asked to stop first."""
        back_off = BackOff(self._settings.ingest.reconnect_max_s)
        while self.consumer is None:
            try:
                self.producer = self.producer or self._new_producer()
                self.consumer = self._new_consumer()
            except SinkError as error:
                wait_s = back_off.next_s()
                _log.warning("kafka is away", error=str(error), retry_s=round(wait_s, 2))
                if stop.wait(wait_s):
                    raise _StoppedError("asked to stop before Kafka was there") from error

    def _new_producer(self) -> Any:
        return clients.producer(self._settings.kafka, delivery_timeout_ms=_FOR_EVER_MS, **_CLIENT)

    def _new_consumer(self) -> Any:
        return clients.consumer(self._settings.kafka, group_id=None, **_CLIENT)

    def partitions(self) -> int:
        """Partitions of the log. Raises ConfigError when it or the dead letters' topic is missing."""
        prefix = self._settings.kafka.topic_prefix
        there = self.consumer.topics()
        for topic in (prefix + letters.SENTENCES_TOPIC, prefix + letters.DEAD_TOPIC):
            if topic not in there:
                raise missing(topic)
        with closing(clients.admin(self._settings.kafka, bootstrap_timeout_ms=3000)) as admin:
            refuse_unless_allowed(admin, "ingest", self._settings)
        return len(self.consumer.partitions_for_topic(prefix + letters.SENTENCES_TOPIC))

    def close(self) -> None:
        for client in (self.consumer, self.producer):
            if client is not None:
                client.close(timeout_ms=1000) if client is self.consumer else client.close(timeout=1)


def _places(plan: Plan) -> list[Place]:
    places = [urls.parse(text) for text in plan.urls]
    names = [place.name for place in places]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"two sources are named {twice}; name them apart with NAME=URL")
    if not places:
        raise ConfigError("no source; give at least one URL, such as file:PATH or udp://:10110")
    return places


def _open(place: Place, plan: Plan, settings: Settings) -> Source:
    stdin_live = plan.start_ms is None and plan.rate_hz is None
    source = urls.open_place(place, settings.ingest, paced=plan.speed is not None, stdin_live=stdin_live)
    if place.kind == "file" and not Path(place.path).is_file():
        raise ConfigError(f"file:{place.path}: no such file")
    return source


def _nature(place: Place, source: Source, plan: Plan) -> Nature:
    paced = plan.speed if place.kind == "file" else None
    return Nature(
        live=source.live,
        replayed=not source.live,
        start_ms=START_MS if plan.start_ms is None else plan.start_ms,
        rate_hz=plan.rate_hz or RATE_HZ,
        batch=None if paced is None else max(_PACED_BATCH, min(int(paced * _PACED_RATE_HZ), PACK_MOST)),
        tick_ms=None if paced is None else max(1000, int(1000 * paced)),
    )


class _Builder(msgspec.Struct, frozen=True, kw_only=True):
    """Makes the pump of each place."""

    plan: Plan
    settings: Settings
    kafka: _Kafka
    outbox: Outbox
    partitions: int
    observer: Observer | None

    def pump(self, place: Place, source: Source) -> Pump:
        plan, settings = self.plan, self.settings
        nature = _nature(place, source, plan)
        run_id, reached, dead = self._run(place, nature)
        return Pump(
            source=source,
            ingest=Ingest(place.name, self.partitions, settings.ingest, settings.feed, nature),
            sender=Sender(place.name, run_id, nature.replayed, settings.kafka.topic_prefix),
            outbox=self.outbox,
            partitions=self.partitions,
            reached=reached,
            letters_reached=dead,
            pace=Pace(plan.speed) if plan.speed is not None and place.kind == "file" else None,
            until_ms=plan.until_ms,
            observer=self.observer,
        )

    def _run(self, place: Place, nature: Nature) -> tuple[str, tuple[Reached, ...], int]:
        """The run's identity, and how far the log and the dead letters have come with it."""
        if place.kind != "file":
            return secrets.token_hex(8), fresh(self.partitions), 0
        run_id = run_of(Path(place.path), place.name, nature)
        if self.plan.again:
            return f"{run_id}-{secrets.token_hex(4)}", fresh(self.partitions), 0
        prefix, consumer = self.settings.kafka.topic_prefix, self.kafka.consumer
        log_end = LogEnd(consumer, prefix + letters.SENTENCES_TOPIC)
        dead = LogEnd(consumer, prefix + letters.DEAD_TOPIC).reached(run_id, letters.DEAD_PARTITION)
        return run_id, tuple(log_end.reached(run_id, p) for p in range(self.partitions)), dead.ordinal + 1


def _drive(pumps: Sequence[Pump], outbox: Outbox, stop: Event) -> Outcome:
    already = tuple(pump.sender.source for pump in pumps if _ended(pump.reached))
    running = [pump for pump in pumps if not _ended(pump.reached)]
    failures: list[BaseException] = []
    threads = [Thread(target=_guarded, args=(pump, stop, failures), daemon=True) for pump in running]
    for thread in threads:
        thread.start()
    undelivered = _finish(threads, outbox, stop)
    if failures or outbox.failure is not None:
        raise failures[0] if failures else outbox.failure or SinkError("lost", retriable=False)
    states = tuple(pump.state(ended=True) for pump in running)
    return Outcome(states=states, already=already, undelivered=undelivered)


def _finish(threads: Sequence[Thread], outbox: Outbox, stop: Event) -> int:
    """Waits for the ends of all; once asked to stop, not longer than the drain time. Returns what is undelivered."""
    deadline_s: float | None = None
    while any(thread.is_alive() for thread in threads) or outbox.held:
        if outbox.failure is not None:
            stop.set()
        if stop.is_set() and deadline_s is None:
            deadline_s = time.monotonic() + _DRAIN_S
        if deadline_s is not None and (time.monotonic() > deadline_s or outbox.failure is not None):
            break
        outbox.drain(_JOIN_S)
        for thread in threads:
            thread.join(_JOIN_S / len(threads))
    return outbox.held


def _ended(reached: Sequence[Reached]) -> bool:
    return all(place.ended for place in reached)


def _guarded(pump: Pump, stop: Event, failures: list[BaseException]) -> None:
    try:
        pump.run(stop)
    except BaseException as error:  # noqa: BLE001  # raised again in the main thread
        failures.append(error)
        stop.set()
