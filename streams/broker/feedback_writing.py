"""Writes feedback on an alert to its topic."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streams.broker.clients import producer
from streams.errors import SinkError
from streams.messages.feedback import Feedback, key_of
from streams.messages.topics import FEEDBACK
from streams.settings.model import KafkaSettings

_SEND_S: Final = 15.0


def write_feedback(kafka: KafkaSettings, said: Feedback) -> None:
    """Returns when Kafka has it. Raises ConfigError, SinkError."""
    from kafka.errors import KafkaError

    sender: Any = producer(kafka, max_block_ms=int(_SEND_S * 1000))
    try:
        sent = sender.send(
            kafka.topic_prefix + FEEDBACK, key=key_of(said), value=msgspec.json.encode(said), partition=0
        )
        sent.get(timeout=_SEND_S)
    except KafkaError as error:
        raise SinkError(f"the feedback was not written: {type(error).__name__}: {error}", retriable=True) from error
    finally:
        sender.close(timeout=1)
