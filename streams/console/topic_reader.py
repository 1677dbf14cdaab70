"""Follows the alert topics: the alerts that are open now, then every new revision, and the event time reached.

How it reads.
1. ``ais.alerts.state.v1`` to its end: the newest revision of every alert.
2. From then on both topics. ``ais.alerts.v1`` from its beginning: records from before our start only add former
  revisions to known alerts (where a silence began, how an alert changed); later ones are news. A revision that was in
  one topic but not yet in the other at our start is not missed, because both are followed. Feedback on alerts
  (``ais.feedback.v1``) is read too, from its beginning.
3. Every few seconds the newest record of each partition of ``ais.sentences.v1`` is checked, its headers alone, for the
  event time; the same request shows whether Kafka answers.

Partitions are assigned and no group is joined: any number of consoles may read at once, and nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from threading import Event
from typing import Any, Final

import msgspec
import structlog

from detectors.core.alert import Alert
from detectors.core.units import MS
from streams.broker.clients import consumer
from streams.console.cases import State
from streams.console.health import Backlog
from streams.errors import ConfigError, InputError, SinkError
from streams.messages.feedback import Feedback
from streams.messages.log_records import H_EVENT_TO, H_REPLAYED
from streams.messages.topics import ALERT_STATE, ALERTS, FEEDBACK, SENTENCES, missing
from streams.messages.unreadable import UnreadableRecords
from streams.messages.values import T, decoded, whole_number
from streams.settings.model import KafkaSettings

_POLL_MS: Final = 200
_RECORDS_MOST: Final = 500
_LOOK_EVERY_S: Final = 2.0
_ANSWER_MS: Final = 5_000
_AGAIN_S: Final = 2.0
_log = structlog.get_logger("wakewatch.console")


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a reading."""

    revisions: tuple[tuple[Alert, bytes], ...] = ()
    former: tuple[Alert, ...] = ()
    placed: tuple[tuple[Alert, int, int], ...] = ()
    """(alert, partition, offset) of what was read from the alert topic, former revisions and new ones."""
    clocks: tuple[tuple[bool, int], ...] = ()
    """(replayed, event time in Unix ms)."""
    words: tuple[Feedback, ...] = ()
    """Feedback of people on alerts."""
    unreadable: int = 0
    unread: Backlog | None = None
    """Number of written records not read yet, if that is checked (``state`` is given); None: none."""
    unread_past: int | None = None
    """Records of the alert topic from before the start that are not read yet; None: unchanged."""
    state: State | None = None
    """The state of the reading from now on; None: unchanged."""


Take = Callable[[Updates], None]
"""Gets what was read, in order; returns when it is done with it."""


def follow(kafka: KafkaSettings, take: Take, stop: Event, unreadable: UnreadableRecords) -> None:
    """Runs until ``stop`` is set. If Kafka stops answering, it reports ``lost`` and begins again when Kafka is back.

    ``unreadable`` is called for records of the wrong kind for their topic.

    Raises ConfigError if a topic is missing at the first reading.
    """
    begun = False
    while not stop.is_set():
        try:
            with _Reading(kafka, unreadable) as reading:
                begun = True
                reading.run(take, stop)
        except ConfigError:
            if not begun:
                raise
            _log.warning("a topic is gone")
            take(Updates(state="lost"))
        except (SinkError, OSError) as error:
            _log.warning("Kafka does not answer", error=str(error))
            take(Updates(state="lost"))
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a fault of ours or of the client: the page shows that it is old
            _log.exception("the alerts cannot be read")
            take(Updates(state="lost"))
        stop.wait(_AGAIN_S)


class _Reading:
    """The Kafka clients of one connection."""

    def __init__(self, kafka: KafkaSettings, unreadable: UnreadableRecords) -> None:
        self._prefix, self._unreadable = kafka.topic_prefix, unreadable
        self._client: Any = consumer(kafka)
        self._clock: Any = None
        try:
            self._state, self._alerts = self._parts(ALERT_STATE), self._parts(ALERTS)
            self._clock = consumer(kafka, max_poll_records=1)
            self._sentences = self._parts(SENTENCES)
            self._feedback = self._parts(FEEDBACK)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> _Reading:
        return self

    def __exit__(self, *_: object) -> None:
        for client in (self._client, self._clock):
            if client is not None:
                client.close()

    def _parts(self, topic: str) -> list[Any]:
        from kafka import TopicPartition

        name = self._prefix + topic
        numbers = self._client.partitions_for_topic(name)
        if not numbers:
            raise missing(name)
        return [TopicPartition(name, number) for number in sorted(numbers)]

    def run(self, take: Take, stop: Event) -> None:
        from kafka.errors import KafkaError

        try:
            self._run(take, stop)
        except KafkaError as error:
            raise SinkError(f"Kafka: {type(error).__name__}: {error}", retriable=True) from error

    def _run(self, take: Take, stop: Event) -> None:
        take(Updates(state="loading"))
        former_end = self._ends(self._alerts)
        self._load(take, stop)
        positions = {part: self._client.position(part) for part in self._state}
        self._client.assign([*self._state, *self._alerts, *self._feedback])
        for part, position in positions.items():
            self._client.seek(part, position)
        self._client.seek_to_beginning(*self._alerts, *self._feedback)
        due_s, reach = 0.0, _Reach(self._client, [*self._state, *self._alerts, *self._feedback])
        while not stop.is_set():
            if time.monotonic() >= due_s:
                clocks, left = tuple(self._look()), self._unread(former_end)
                take(Updates(state="following", clocks=clocks, unread=reach.unread(), unread_past=left))
                due_s = time.monotonic() + _LOOK_EVERY_S
            take_if_any(take, self._poll(former_end))

    def _load(self, take: Take, stop: Event) -> None:
        self._client.assign(self._state)
        self._client.seek_to_beginning(*self._state)
        ends = self._ends(self._state)
        while not stop.is_set() and any(self._client.position(part) < end for part, end in ends.items()):
            take_if_any(take, self._poll({}))

    def _ends(self, parts: list[Any]) -> dict[Any, int]:
        return dict(self._client.end_offsets(parts, timeout_ms=_ANSWER_MS))

    def _unread(self, ends: dict[Any, int]) -> int:
        return sum(max(0, end - self._client.position(part)) for part, end in ends.items())

    def _poll(self, former_end: dict[Any, int]) -> Updates:
        """``former_end``: the offsets from which records of a partition are news."""
        revisions: list[tuple[Alert, bytes]] = []
        former: list[Alert] = []
        placed: list[tuple[Alert, int, int]] = []
        words: list[Feedback] = []
        unreadable = sum(self._unreadable.counts.values())
        for part, records in self._client.poll(timeout_ms=_POLL_MS, max_records=_RECORDS_MOST).items():
            if part in self._feedback:
                words += [said for record in records if (said := self._decoded(record, Feedback)) is not None]
                continue
            for record in records:
                alert = self._decoded(record, Alert)
                if alert is not None and part in self._alerts:
                    placed.append((alert, record.partition, record.offset))
                if alert is not None and record.offset < former_end.get(part, 0):
                    former.append(alert)
                elif alert is not None:
                    revisions.append((alert, record.value))
        unreadable = sum(self._unreadable.counts.values()) - unreadable
        return Updates(
            revisions=tuple(revisions),
            former=tuple(former),
            placed=tuple(placed),
            words=tuple(words),
            unreadable=unreadable,
        )

    def _decoded(self, record: Any, kind: type[T]) -> T | None:
        if record.value is None:
            return None
        try:
            return decoded(record.value, kind)
        except InputError as error:
            self._unreadable(record.topic.removeprefix(self._prefix), record.partition, record.offset, error)
            return None

    def _look(self) -> Iterator[tuple[bool, int]]:
        """Event time of the newest record per partition of sentences. Raises KafkaTimeoutError without an answer."""
        ends = self._clock.end_offsets(self._sentences, timeout_ms=_ANSWER_MS)
        begins = self._clock.beginning_offsets(self._sentences)
        parts = [part for part, end in ends.items() if end > begins[part]]
        self._clock.assign(parts)
        for part in parts:
            self._clock.seek(part, ends[part] - 1)
        # Ticks go to every partition: the first answer is enough.
        for records in self._clock.poll(timeout_ms=_POLL_MS).values() if parts else ():
            yield from (told for record in records if (told := _time_of(record.headers)) is not None)


class _Reach:
    """Whether the reading keeps up: how far the topics' ends at an earlier check have been reached since."""

    def __init__(self, client: Any, parts: list[Any]) -> None:
        self._client, self._parts = client, parts
        self._ends: dict[Any, int] = {}
        self._at_ms = 0

    def unread(self) -> Backlog | None:
        """Number of records still unread up to an earlier check. Raises KafkaTimeoutError without an answer."""
        ends = dict(self._client.end_offsets(self._parts, timeout_ms=_ANSWER_MS))
        at = {part: self._client.position(part) for part in self._parts}
        if all(at[part] >= end for part, end in self._ends.items()):
            self._ends, self._at_ms = ends, int(time.time() * MS)
            return None
        return Backlog(records=sum(max(0, end - at[part]) for part, end in ends.items()), since_ms=self._at_ms)


def take_if_any(take: Take, news: Updates) -> None:
    """Passes on updates that are not empty."""
    if news.revisions or news.former or news.words or news.unreadable:
        take(news)


def _time_of(headers: Any) -> tuple[bool, int] | None:
    known = dict(headers or ())
    ms = whole_number(known.get(H_EVENT_TO))
    return None if ms is None else (known.get(H_REPLAYED) == b"1", ms)
