"""Writes images with their contacts to ``ais.detections.v1``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from detectors.core.units import MS
from streams.broker import clients
from streams.errors import SinkError
from streams.imagery.images import Image
from streams.messages.topics import DETECTIONS, missing
from streams.settings.model import KafkaSettings

_FLUSH_S: Final = 60.0
_PRODUCER: Final[dict[str, Any]] = {
    "linger_ms": 20,
    "delivery_timeout_ms": int(_FLUSH_S * MS),
    "max_block_ms": int(_FLUSH_S * MS),
}


def write_images(kafka: KafkaSettings, images: Sequence[Image]) -> None:
    """Writes images, each under its identity: a later one of the same identity replaces it.

    Returns when Kafka has all of them. Raises ConfigError if the topic does not exist, SinkError if Kafka does not
    accept an image: then some may be written, and the same import can be run again.
    """
    from kafka.errors import KafkaError

    topic = kafka.topic_prefix + DETECTIONS
    require_topic(kafka, topic)
    producer = clients.producer(kafka, **_PRODUCER)
    try:
        sent = [
            producer.send(topic, key=image.id.encode(), value=msgspec.json.encode(image), partition=0)
            for image in images
        ]
        producer.flush(timeout=_FLUSH_S)
        for each in sent:
            each.get(timeout=_FLUSH_S)
    except KafkaError as error:
        raise SinkError(
            f"Kafka does not accept the images ({type(error).__name__}); import again", retriable=True
        ) from error
    finally:
        producer.close()


def require_topic(kafka: KafkaSettings, topic: str) -> None:
    """Raises ConfigError if the topic does not exist: a producer would wait for it."""
    admin = clients.admin(kafka)
    try:
        if topic not in admin.list_topics():
            raise missing(topic)
    finally:
        admin.close()
