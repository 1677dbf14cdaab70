"""Writes what a target rejected permanently to the dead-letter topic."""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

from streams.broker.clients import producer
from streams.errors import Reason, SinkError
from streams.messages.topics import DEAD
from streams.settings.model import KafkaSettings

_DETAIL_MOST: Final = 1000
_SEND_S: Final = 30.0


class DeadLetterWriter:
    """Writes dead letters; connects when the first is to be written. Call ``close`` at the end."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._sender: Any = None
        self._lock = Lock()

    def __call__(self, raw: bytes, why: str) -> None:
        """Returns when Kafka has the record: only then may the alert count as processed. Raises SinkError."""
        from kafka.errors import KafkaError

        with self._lock:  # each target's thread writes here
            self._sender = self._sender or producer(self._kafka)
        headers = [
            ("reason", Reason.NOTIFICATION_REFUSED.encode()),
            ("detail", why.encode("utf-8", "replace")[:_DETAIL_MOST]),
            ("source", b"notify"),
        ]
        try:
            self._sender.send(self._kafka.topic_prefix + DEAD, value=raw, headers=headers, partition=0).get(_SEND_S)
        except KafkaError as error:
            raise SinkError(f"the dead letter was not written: {error}", retriable=True) from error

    def close(self) -> None:
        """Closes the connection."""
        if self._sender is not None:
            self._sender.close(timeout=1)
