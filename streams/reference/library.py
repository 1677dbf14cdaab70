"""Versions of the watchlist and the zones, read from ``ais.reference.v1`` in Kafka."""

from __future__ import annotations

import time
from math import inf
from typing import Final

from detectors.core.identities.linked_owners import linked_owners_of
from detectors.core.identities.listing import register_of
from detectors.core.reference import Reference
from streams.broker import clients
from streams.broker.reading import believable_ms
from streams.errors import SinkError
from streams.messages.topics import REFERENCE, SENTENCES, missing
from streams.messages.unreadable import UnreadableRecords
from streams.reference.stored_versions import VersionStore
from streams.settings.model import KafkaSettings

_POLL_MS: Final = 500
_PATIENCE_S: Final = 60.0
_KEPT: Final = 2
"""Imported versions that stay in memory: partitions of one worker get a new one within seconds."""


class Library:
    """References by version, for a worker. ``get`` reads from Kafka: call it where waiting is allowed."""

    def __init__(self, kafka: KafkaSettings, own: Reference) -> None:
        self._kafka, self._own = kafka, own
        self._known: dict[str, Reference] = {}
        _prepare(own)  # otherwise the first static report waits for it
        self._written_ms: dict[str, int] = {}

    def written_ms(self, version: str) -> int:
        """When an imported version was written, Unix ms; 0 for this process's own."""
        return self._written_ms.get(version, 0)

    def get(self, version: str) -> Reference | None:
        """The reference of that version, with this process's own zones if it has none.

        None if Kafka does not have all of it.
        """
        if version == self._own.version:
            return self._own
        if version not in self._known:
            held = read_versions(self._kafka, ships_of=version)
            found = held.reference(version, self._own)
            if found is None:
                return None
            self._written_ms[version] = held.written_ms(version)
            _prepare(found)  # a second for 50,000 entries: here, where waiting is allowed
            self._known[version] = found
            for outdated in list(self._known)[:-_KEPT]:  # read again if a partition lags that far behind
                del self._known[outdated]
        return self._known[version]

    def at_start(self, partition: int) -> Reference:
        """The version in force at the beginning of a partition's log: this process's own, unless a marker expired."""
        version = read_versions(self._kafka, ships_of="").in_force_before(_begins_ms(self._kafka, partition))
        return (self.get(version) if version else None) or self._own


def _prepare(reference: Reference) -> None:
    """Builds the indexes that are otherwise built at the first name, and at the first hit."""
    register_of(reference).index_names()
    linked_owners_of(reference)


def _begins_ms(kafka: KafkaSettings, partition: int) -> float:
    """When the oldest record of the log was written, Unix ms; 0 if none has expired, infinite if all have."""
    from kafka import TopicPartition

    place = TopicPartition(kafka.topic_prefix + SENTENCES, partition)
    consumer = clients.consumer(kafka)
    try:
        consumer.assign([place])
        begins, ends = consumer.beginning_offsets([place])[place], consumer.end_offsets([place])[place]
        if not begins:
            return 0.0
        consumer.seek(place, begins)
        deadline = time.monotonic() + _PATIENCE_S
        while consumer.position(place) < ends:
            if time.monotonic() > deadline:
                raise SinkError(f"{place.topic} cannot be read: check Kafka", retriable=True)
            for record in consumer.poll(timeout_ms=_POLL_MS, max_records=1).get(place, []):
                return float(record.timestamp)
    finally:
        consumer.close()
    return inf


def read_versions(kafka: KafkaSettings, ships_of: str | None = None) -> VersionStore:
    """The present contents of the topic; with ``ships_of`` only the entries of one version.

    Raises ConfigError if the topic does not exist, SinkError if it cannot be read.
    """
    from kafka import TopicPartition

    place = TopicPartition(kafka.topic_prefix + REFERENCE, 0)
    held, unreadable = VersionStore(ships_of), UnreadableRecords()
    consumer = clients.consumer(kafka)
    try:
        if not consumer.partitions_for_topic(place.topic):
            raise missing(place.topic)
        consumer.assign([place])
        end = consumer.end_offsets([place])[place]
        consumer.seek_to_beginning(place)
        deadline = time.monotonic() + _PATIENCE_S
        while consumer.position(place) < end:
            if time.monotonic() > deadline:
                raise SinkError(f"{place.topic} cannot be read completely: check Kafka", retriable=True)
            for record in consumer.poll(timeout_ms=_POLL_MS, max_records=10_000).get(place, []):
                at_ms = believable_ms(record.timestamp)
                if wrong := held.put(record.key or b"", record.value, record.offset, at_ms):
                    unreadable(REFERENCE, place.partition, record.offset, wrong)
    finally:
        consumer.close()
    return held


def newest(held: VersionStore, own: Reference) -> Reference:
    """The reference that was written last, even if not all partitions are marked yet: a further import adds to it."""
    return held.reference(held.newest(), own) or own
