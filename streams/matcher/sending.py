"""What the matching writes: to the topic of images and to the log. Nothing that Kafka rejects passes unnoticed."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from detectors.core.units import MS
from detectors.core.vessels.sightings import SightingRecord
from streams.broker.clients import RECORD_BYTES_MOST, producer
from streams.errors import SinkError
from streams.messages.log_records import H_FORMAT, H_KIND, H_SOURCE, KIND_SIGHTING, LOG_FORMAT, partition_of
from streams.messages.matched import ImageMatch
from streams.messages.topics import IMAGES, SENTENCES, missing
from streams.settings.model import KafkaSettings

_SEND_S: Final = 30.0
_HEADER_BYTES: Final = 4096
MATCH_BYTES_MOST: Final = RECORD_BYTES_MOST - _HEADER_BYTES
"""Of the value of an image's record."""
_SIGHTING: Final = [(H_FORMAT, LOG_FORMAT), (H_KIND, KIND_SIGHTING), (H_SOURCE, b"imagery")]


class MatchSender:
    """See the module. Each method raises SinkError (retriable) if Kafka does not accept a record."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._topics = {topic: kafka.topic_prefix + topic for topic in (IMAGES, SENTENCES)}
        self._producer = producer(
            kafka, linger_ms=20, max_block_ms=int(_SEND_S * MS), delivery_timeout_ms=int(2 * _SEND_S * MS)
        )
        self._sent: list[Any] = []

    def image(self, match: ImageMatch) -> None:
        """A record about an image."""
        self._send(self._topics[IMAGES], partition=0, key=match.image.encode(), value=msgspec.json.encode(match))

    def sighting(self, record: SightingRecord) -> None:
        """To the partition of its vessel. Raises also ConfigError if there is no log."""
        topic = self._topics[SENTENCES]
        try:
            partitions = len(self._producer.partitions_for(topic) or ())
        except Exception as error:
            raise _failed(error) from error
        if not partitions:
            raise missing(topic)
        number = partition_of(record.mmsi, partitions)
        self._send(topic, partition=number, value=msgspec.json.encode(record), headers=_SIGHTING)

    def flush(self) -> None:
        """Returns when Kafka has everything."""
        sent, self._sent = self._sent, []
        try:
            self._producer.flush(timeout=_SEND_S)
            for each in sent:
                each.get(timeout=_SEND_S)
        except Exception as error:
            raise _failed(error) from error

    def close(self) -> None:
        """What was not flushed may be lost."""
        self._producer.close()

    def _send(self, topic: str, **record: Any) -> None:
        try:
            self._sent.append(self._producer.send(topic, **record))
        except Exception as error:
            raise _failed(error) from error


def _failed(error: Exception) -> Exception:
    from kafka.errors import KafkaError

    if not isinstance(error, KafkaError):
        return error
    return SinkError(f"Kafka does not accept what images show ({type(error).__name__})", retriable=True)
