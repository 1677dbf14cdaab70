"""The notifier: reads the alert topic and sends posts, at least once.

Partitions are assigned, not subscribed, so no membership is lost during an hour in which Alertmanager does not answer
and nothing is polled. Two notifiers side by side send everything twice; Alertmanager and the Idempotency-Key remove the
duplicates. An offset is committed when everything up to it is delivered, including an end that is held back (core, rule
4).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Event
from typing import Any, Final

import msgspec
import structlog

from detectors.core.alert import Alert
from detectors.core.registry import detectors
from detectors.core.units import MS
from streams.broker.clients import consumer
from streams.broker.reading import believable_ms, read
from streams.errors import InputError
from streams.messages.feedback import Feedback
from streams.messages.topics import ALERT_STATE, ALERTS, FEEDBACK, missing
from streams.messages.unreadable import UnreadableRecords
from streams.messages.values import T, decoded
from streams.notify.core import NOTHING, NoticeRules, NoticeScheduler, Outgoing
from streams.observability.metrics import Metrics, label
from streams.settings.model import KafkaSettings

_POLL_MS: Final = 200
_RECORDS_MOST: Final = 500
_FAR_MS: Final = 1 << 60
_log = structlog.get_logger("wakewatch.notify")

Carry = Callable[[Outgoing], bool]
"""Delivers; False if it was stopped before it was done."""


class NotifierPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How the topic is read."""

    kafka: KafkaSettings
    rules: NoticeRules
    group: str = ""
    """The group for committed offsets; empty: none, the topic is read from its beginning."""
    former_group: str = ""
    """The group whose offsets are used if ``group`` has none: from before each target had a group."""
    counting: bool = True
    """Whether to count feedback and unreadable records: one of several readings does."""
    once: bool = False
    """End where the topic ended at the start."""


def run(
    plan: NotifierPlan, carry: Carry, stop: Event, metrics: Metrics, begun: Callable[[], None] = lambda: None
) -> None:
    """Runs until ``stop`` is set, or to the end with ``once``. Raises ConfigError if the topic is missing, SinkError.

    ``begun`` is called once new records are read.
    """
    client = consumer(plan.kafka, group_id=plan.group or None)
    try:
        Notifier(client, plan, carry, metrics).run(stop, begun)
    finally:
        client.close()


class Notifier:
    """One reading of the topic."""

    def __init__(self, client: Any, plan: NotifierPlan, carry: Carry, metrics: Metrics) -> None:
        self._client, self._plan, self._carry, self._metrics = client, plan, carry, metrics
        self._notices = NoticeScheduler(plan.rules)
        self._ledger: deque[tuple[int, dict[Any, int]]] = deque()
        """(latest time by which all is delivered, positions then), oldest first."""
        metrics.notifications.labels("topic", "unreadable")
        for topic in (ALERTS, ALERT_STATE, FEEDBACK):
            metrics.unreadable_records.labels(topic)
        self._unreadable = UnreadableRecords(self._count)
        for name in detectors():  # at 0: Prometheus sees no increase in a series that begins at 1
            metrics.false_alarms.labels(name)

    def run(self, stop: Event, begun: Callable[[], None]) -> None:
        """See the module's ``run``."""
        parts = self._begin()
        begun()
        ends = self._client.end_offsets(parts) if self._plan.once else None
        while not stop.is_set():
            records = self._poll()
            now_ms = _now_ms()
            outgoing = self._notices.due(now_ms)
            for record in records:
                outgoing += self._take(record, now_ms)
            if not self._carry(outgoing):
                return  # nothing is committed: it goes out again
            self._settle(parts, now_ms, moved=bool(records))
            if ends is not None and all(self._client.position(part) >= end for part, end in ends.items()):
                break
        if self._carry(self._notices.flush(_now_ms())):  # what we leave unread is delivered
            self._settle(parts, _FAR_MS, moved=True)

    def _begin(self) -> list[Any]:
        from kafka import TopicPartition

        name = self._plan.kafka.topic_prefix + ALERTS
        numbers = self._client.partitions_for_topic(name)
        if not numbers:
            raise missing(name)
        parts = [TopicPartition(name, number) for number in sorted(numbers)]
        if not self._plan.group:
            self._client.assign(parts)
            self._client.seek_to_beginning(*parts)
            return parts
        said = TopicPartition(self._plan.kafka.topic_prefix + FEEDBACK, 0)
        self._client.assign([*parts, said])
        self._client.seek_to_end(said)
        self._client.position(said)  # feedback from now on is read as it comes, the rest is restored below
        former = self._former(parts)
        for part in parts:
            committed = self._client.committed(part)
            committed = former.get(part) if committed is None else committed
            if committed is None:  # the first time: closed alerts are history, open ones are restored
                self._client.seek_to_end(part)
            else:
                self._client.seek(part, committed)
        self._commit({part: self._client.position(part) for part in parts})
        self._restore()
        return parts

    def _former(self, parts: list[Any]) -> dict[Any, int | None]:
        if not self._plan.former_group or all(self._client.committed(part) is not None for part in parts):
            return {}
        client = consumer(self._plan.kafka, group_id=self._plan.former_group)
        try:
            return {part: client.committed(part) for part in parts}
        finally:
            client.close()

    def _restore(self) -> None:
        for record in read(self._plan.kafka, FEEDBACK):
            said = self._heard(record, counted=False)
            if said is not None:
                self._notices.heard(said, _now_ms())
        newest: dict[str, tuple[int, Alert]] = {}
        for record in read(self._plan.kafka, ALERT_STATE):
            alert = self._decoded(record, ALERT_STATE, Alert)
            if alert is not None and alert.revision >= newest.get(alert.id, (0, alert))[1].revision:
                newest[alert.id] = record.timestamp_ms, alert
        for written_ms, alert in sorted(newest.values(), key=lambda one: one[0]):
            self._notices.restore(alert, written_ms)
        _log.info("open alerts restored", count=self._notices.open)

    def _poll(self) -> list[Any]:
        found = self._client.poll(timeout_ms=_POLL_MS, max_records=_RECORDS_MOST)
        return [record for records in found.values() for record in records]

    def _take(self, record: Any, now_ms: int) -> Outgoing:
        if record.topic == self._plan.kafka.topic_prefix + FEEDBACK:
            said = self._heard(record)
            return NOTHING if said is None else self._notices.heard(said, now_ms)
        alert = self._decoded(record, ALERTS, Alert)
        return NOTHING if alert is None else self._notices.take(alert, now_ms, believable_ms(record.timestamp) or None)

    def _heard(self, record: Any, *, counted: bool = True) -> Feedback | None:
        said = self._decoded(record, FEEDBACK, Feedback)
        if said is not None and counted and self._plan.counting and said.kind == "false_alarm":
            self._metrics.false_alarms.labels(label(said.detector)).inc()
        return said

    def _decoded(self, record: Any, topic: str, kind: type[T]) -> T | None:
        """The value of a record; None if it has none, or an unreadable one, which is counted."""
        if record.value is None:
            return None
        try:
            return decoded(record.value, kind)
        except InputError as error:
            self._unreadable(topic, record.partition, record.offset, error)
            return None

    def _count(self, topic: str) -> None:
        if not self._plan.counting:
            return
        self._metrics.notifications.labels("topic", "unreadable").inc()
        self._metrics.unreadable_records.labels(topic).inc()

    def _settle(self, parts: list[Any], now_ms: int, *, moved: bool) -> None:
        """Commits what is delivered. A batch with an end held back counts as delivered once that has been sent."""
        if not self._plan.group:
            return
        if moved:
            wait_ms = int(self._plan.rules.settle_s * MS) if self._notices.settling else 0
            self._ledger.append((now_ms + wait_ms, {part: self._client.position(part) for part in parts}))
        ready: dict[Any, int] = {}
        while self._ledger and self._ledger[0][0] <= now_ms:
            ready = self._ledger.popleft()[1]
        if ready:
            self._commit(ready)

    def _commit(self, positions: dict[Any, int]) -> None:
        from kafka.structs import OffsetAndMetadata

        self._client.commit({part: OffsetAndMetadata(position, "", -1) for part, position in positions.items()})


def _now_ms() -> int:
    return int(time.time() * MS)
