"""The contents of topics after a run: copies, counts, and alerts by their identity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from detectors.core.alert import Alert
from streams.broker import clients
from streams.broker.reading import TopicRecord, read
from streams.messages.log_records import H_KIND, H_SOURCE, KIND_SENTENCES
from streams.messages.topics import ALERTS
from streams.settings.model import KafkaSettings

Key = tuple[str, int, str]
"""Identity of an alert revision: id, revision, hash of its bytes."""


def copy_log(kafka: KafkaSettings, topic: str, log: Sequence[TopicRecord]) -> None:
    """Writes these records to a topic, each to its partition, with headers and times."""
    producer = clients.producer(kafka)
    for one in log:
        producer.send(
            kafka.topic_prefix + topic,
            key=one.key,
            value=one.value,
            partition=one.partition,
            headers=list(one.headers.items()),
            timestamp_ms=one.timestamp_ms,
        )
    producer.close()


def revisions(kafka: KafkaSettings) -> dict[Key, Alert]:
    """All revisions on the alert topic."""
    values = [record.value for record in read(kafka, ALERTS) if record.value]
    alerts = [msgspec.json.decode(value, type=Alert) for value in values]
    return {(a.id, a.revision, hashlib.sha256(v).hexdigest()): a for a, v in zip(alerts, values, strict=True)}


def is_kind(one: TopicRecord, kind: bytes) -> bool:
    """Whether a record of the log is of this kind (``streams.messages.log_records``)."""
    return one.headers.get(H_KIND) == kind


def lines_of(log: Sequence[TopicRecord], source: bytes) -> Iterator[bytes]:
    """The sentences of one source, or of all."""
    for one in log:
        if is_kind(one, KIND_SENTENCES) and one.value and source in (b"", one.headers[H_SOURCE]):
            yield from one.value.split(b"\n")


def message_count(log: Sequence[TopicRecord]) -> int:
    """Number of messages in the log, those of two parts once."""
    return sum(line[line.rfind(b"!") :].split(b",", 3)[2] == b"1" for line in lines_of(log, b""))
