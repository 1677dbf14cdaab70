"""What ingest asks of Kafka: a producer, and a consumer for queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event
from typing import Any, Final

import structlog

from streams.broker import clients
from streams.broker.acl import refuse_unless_allowed
from streams.errors import SinkError, WakewatchError
from streams.ingest import outbound
from streams.ingest.sources.back_off import BackOff
from streams.messages.topics import missing
from streams.settings.model import Settings

_FOR_EVER_MS: Final = 2**31 - 1
"""The producer's delivery time-out: nothing is dropped however long the broker is down; the outbox bounds it."""
_CLIENT: Final = {"allow_auto_create_topics": False, "bootstrap_timeout_ms": 3000}
_log = structlog.get_logger("ingest")


@contextmanager
def answering() -> Iterator[None]:
    """Raises SinkError if Kafka does not answer a query before the start."""
    from kafka.errors import KafkaError

    try:
        yield
    except KafkaError as error:
        text = f"Kafka did not answer ({type(error).__name__}: {error}): check that it runs, then restart ingest"
        raise SinkError(text, retriable=True) from error


class StoppedError(WakewatchError):
    """Asked to stop before Kafka was there."""


class KafkaLink:
    """The producer, and a consumer for queries. Waits for a broker that does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.producer: Any = None
        self.consumer: Any = None

    def await_broker(self, stop: Event) -> None:
        """Connects, trying again until the broker is there. Raises StoppedError when asked to stop first."""
        back_off = BackOff(self._settings.ingest.reconnect_max_s)
        while self.consumer is None:
            try:
                self.producer = self.producer or self._new_producer()
                self.consumer = self.new_consumer()
            except SinkError as error:
                wait_s = back_off.next_s()
                _log.warning("kafka does not answer", error=str(error), retry_s=round(wait_s, 2))
                if stop.wait(wait_s):
                    raise StoppedError("asked to stop before Kafka answered") from error

    def _new_producer(self) -> Any:
        return clients.producer(self._settings.kafka, delivery_timeout_ms=_FOR_EVER_MS, **_CLIENT)

    def new_consumer(self) -> Any:
        """A consumer without a group. Raises SinkError if Kafka does not answer."""
        return clients.consumer(self._settings.kafka, group_id=None, **_CLIENT)

    def partitions(self) -> int:
        """Partitions of the log. Raises ConfigError when it or the dead letters' topic is missing."""
        prefix = self._settings.kafka.topic_prefix
        there = self.consumer.topics()
        for topic in (prefix + outbound.SENTENCES_TOPIC, prefix + outbound.DEAD_TOPIC):
            if topic not in there:
                raise missing(topic)
        with closing(clients.admin(self._settings.kafka, bootstrap_timeout_ms=3000)) as admin:
            refuse_unless_allowed(admin, "ingest", self._settings)
        return len(self.consumer.partitions_for_topic(prefix + outbound.SENTENCES_TOPIC))

    def close(self) -> None:
        """Closes both; records that the producer still holds are given up."""
        from kafka.errors import KafkaError

        if self.consumer is not None:
            self.consumer.close(timeout_ms=1000)
        if self.producer is not None:
            try:
                self.producer.close(timeout=1)
            except KafkaError:  # it holds records and Kafka does not answer: its thread would try for ever
                self.producer._sender.force_close()
