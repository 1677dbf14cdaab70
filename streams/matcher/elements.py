"""Brings element sets into force: a record in every partition of the log."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from detectors.core.orbits.choice import OrbitRecord
from detectors.core.units import MS
from streams.broker import clients
from streams.errors import SinkError
from streams.imagery.importing import require_topic
from streams.messages.log_records import H_FORMAT, H_KIND, H_SOURCE, KIND_ELEMENTS, LOG_FORMAT
from streams.messages.topics import SENTENCES, missing
from streams.settings.model import KafkaSettings

_FLUSH_S: Final = 60.0
_PRODUCER: Final[dict[str, Any]] = {
    "linger_ms": 20,
    "delivery_timeout_ms": int(_FLUSH_S * MS),
    "max_block_ms": int(_FLUSH_S * MS),
}


def write_elements(kafka: KafkaSettings, record: OrbitRecord) -> int:
    """Writes it to every partition; returns how many those are.

    Raises ConfigError if the topic does not exist, SinkError if Kafka does not accept it: then some partitions may have
    it, and the same can be run again.
    """
    from kafka.errors import KafkaError

    topic = kafka.topic_prefix + SENTENCES
    require_topic(kafka, topic)
    headers = [(H_FORMAT, LOG_FORMAT), (H_KIND, KIND_ELEMENTS), (H_SOURCE, b"imagery")]
    value = msgspec.json.encode(record)
    producer = clients.producer(kafka, **_PRODUCER)
    try:
        numbers = sorted(producer.partitions_for(topic) or ())
        if not numbers:
            raise missing(topic)
        sent = [producer.send(topic, value=value, partition=number, headers=headers) for number in numbers]
        producer.flush(timeout=_FLUSH_S)
        for each in sent:
            each.get(timeout=_FLUSH_S)
    except KafkaError as error:
        raise SinkError(
            f"Kafka does not accept the elements ({type(error).__name__}); run it again", retriable=True
        ) from error
    finally:
        producer.close()
    return len(numbers)
