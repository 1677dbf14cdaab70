"""Reads single records of the alert topic by their place: an alert as it was stated at an earlier moment."""

from __future__ import annotations

from typing import Any, Final

from streams.broker.clients import consumer
from streams.console.past.history import Place
from streams.errors import SinkError
from streams.messages.topics import ALERTS
from streams.settings.model import KafkaSettings

_WAIT_MS: Final = 5_000


class LogRecords:
    """One Kafka client, made when it is needed first; for one thread. Nothing is written and no group is joined."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._client: Any = None

    def value(self, place: Place) -> bytes | None:
        """The value of a record; None if the log no longer has it. Raises ConfigError, or SinkError within seconds."""
        from kafka import TopicPartition
        from kafka.errors import KafkaError

        part = TopicPartition(self._kafka.topic_prefix + ALERTS, place.partition)
        try:
            if self._client is None:
                self._client = consumer(self._kafka, max_poll_records=1)
            self._client.assign([part])
            begin = self._client.beginning_offsets([part], timeout_ms=_WAIT_MS)[part]
            end = self._client.end_offsets([part], timeout_ms=_WAIT_MS)[part]
            if not begin <= place.offset < end:
                return None
            self._client.seek(part, place.offset)
            records = self._client.poll(timeout_ms=_WAIT_MS, max_records=1).get(part)
        except (KafkaError, OSError) as error:
            self.close()
            raise SinkError(f"Kafka: {type(error).__name__}: {error}", retriable=True) from error
        except SinkError:
            self.close()
            raise
        if not records:
            raise SinkError(f"Kafka gives no record within {_WAIT_MS // 1000} s", retriable=True)
        return bytes(records[0].value) if records[0].offset == place.offset and records[0].value else None

    def close(self) -> None:
        """Ends the client; the next call makes another."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
