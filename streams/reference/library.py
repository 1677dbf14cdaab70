"""The watchlist and the zones in Kafka: versions read from ``ais.reference.v1``, and a new one brought into force.

Content first, flushed; then its head, flushed; then one marker in every partition of the log, flushed; then the note
that all were told. Whatever interrupts that, either the old list is in force, or doing it again completes it: every
step may be taken twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Any, Final

import msgspec

from detectors.core.identities.listing import register_of
from detectors.core.reference import Reference
from streams.broker import clients
from streams.broker.reading import believable_ms
from streams.errors import ConfigError, SinkError
from streams.records import FORMAT, H_FORMAT, H_KIND, H_SOURCE, KIND_REFERENCE
from streams.reference import shelf
from streams.reference.shelf import Marker, Shelf
from streams.settings import KafkaSettings
from streams.topics import REFERENCE, SENTENCES, missing
from streams.unreadable import Unreadable

_POLL_MS: Final = 500
_PATIENCE_S: Final = 60.0
_FLUSH_S: Final = 60.0
_HOUR_MS: Final = 3_600_000
_LINGER_MS: Final = 20
_SOURCE: Final = b"reference"


class Library:
    """References by version, as a worker needs them. ``get`` reads from Kafka: call it where waiting is allowed."""

    def __init__(self, kafka: KafkaSettings, own: Reference) -> None:
        self._kafka, self._own = kafka, own
        self._known = {own.version: own}
        register_of(own).index_names()  # else the first static report waits for it
        self._written_ms: dict[str, int] = {}

    def written_ms(self, version: str) -> int:
        """When an imported version was written, Unix ms; 0 for this process's own."""
        return self._written_ms.get(version, 0)

    def get(self, version: str) -> Reference | None:
        """The reference of that version, with this process's own zones where it has none.

        None when Kafka does not hold it whole.
        """
        if version not in self._known:
            held = read_shelf(self._kafka)
            found = held.reference(version, self._own)
            if found is None:
                return None
            self._written_ms[version] = held.written_ms(version)
            register_of(found).index_names()  # a second for 50,000 entries: here, where waiting is allowed
            self._known[version] = found
        return self._known[version]

    def at_start(self, partition: int) -> Reference:
        """What is in force where the log of a partition begins: this process's own, unless the marker has expired."""
        version = read_shelf(self._kafka).in_force_before(_begins_ms(self._kafka, partition))
        return (self.get(version) if version else None) or self._own


def _begins_ms(kafka: KafkaSettings, partition: int) -> float:
    """When the oldest record of the log was written, Unix ms; 0 where none has expired, infinite where all have."""
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
                raise SinkError(f"{place.topic} cannot be read: is Kafka well?", retriable=True)
            for record in consumer.poll(timeout_ms=_POLL_MS, max_records=1).get(place, []):
                return float(record.timestamp)
    finally:
        consumer.close()
    return inf


def read_shelf(kafka: KafkaSettings) -> Shelf:
    """All that the topic holds now. Raises ConfigError when it is not there, SinkError when it cannot be read."""
    from kafka import TopicPartition

    place = TopicPartition(kafka.topic_prefix + REFERENCE, 0)
    held, unreadable = Shelf(), Unreadable()
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
                raise SinkError(f"{place.topic} cannot be read to its end: is Kafka well?", retriable=True)
            for record in consumer.poll(timeout_ms=_POLL_MS, max_records=10_000).get(place, []):
                at_ms = believable_ms(record.timestamp)
                if wrong := held.put(record.key or b"", record.value, record.offset, at_ms):
                    unreadable(REFERENCE, place.partition, record.offset, wrong)
    finally:
        consumer.close()
    return held


def in_force(held: Shelf, own: Reference) -> Reference:
    """The reference that was imported last, or ``own`` when none was."""
    return held.reference(held.newest(), own) or own


class Importer:
    """Brings a reference into force. ``told`` hears of each step."""

    def __init__(self, kafka: KafkaSettings, told: Callable[[str], None]) -> None:
        self._kafka, self._told = kafka, told
        self._topic = kafka.topic_prefix + REFERENCE
        self._log = kafka.topic_prefix + SENTENCES

    def bring(self, held: Shelf, now: Reference, *, zones: bool = False) -> None:
        """Brings ``now`` into force; with its ``zones``, also where the version in force has none of its own.

        Writes what of that version is not there yet, marks every partition, and deletes what is outdated.

        Raises SinkError when Kafka does not take it; doing it again goes on from there.
        """
        producer = clients.producer(self._kafka, linger_ms=_LINGER_MS)
        try:
            zoned = now.zones if zones or held.zones(held.newest() or "") is not None else None
            version = shelf.version_of(now, zoned=zoned is not None)
            if held.ships(version) is None or held.newest() != version:
                for record in shelf.content(version, now.ships, zoned):
                    self._put(producer, record)
                self._flush(producer)
                self._put(producer, shelf.head(version, now.ships, zoned))
                self._flush(producer)
                told = "" if zoned is None else f" and {len(zoned)} zones"
                self._told(f"{len(now.ships)} entries{told} written as version {version}")
            self._mark(producer, version)
            before_ms = int(time.time() * 1000 - self._kafka.sentences_kept_h * _HOUR_MS)
            for record in held.outdated(version, before_ms):
                self._put(producer, record)
            self._flush(producer)
        finally:
            producer.close()

    def _mark(self, producer: Any, version: str) -> None:
        headers = [(H_FORMAT, FORMAT), (H_KIND, KIND_REFERENCE), (H_SOURCE, _SOURCE)]
        value = msgspec.json.encode(Marker(version=version))
        # As many as there are, whatever the settings of this process say: one that is left out keeps the old list.
        partitions = self._partitions(producer)
        for partition in partitions:
            producer.send(self._log, value=value, partition=partition, headers=headers)
        self._flush(producer)
        self._put(producer, shelf.marked(version))
        self._flush(producer)
        self._told(f"in force: {len(partitions)} partitions of {self._log} are marked")

    def _partitions(self, producer: Any) -> list[int]:
        from kafka.errors import KafkaError

        try:
            found = sorted(producer.partitions_for(self._log) or ())
        except KafkaError as error:
            raise SinkError(f"{self._log}: {type(error).__name__}; import again", retriable=True) from error
        if not found:
            raise ConfigError(f"{self._log} is not there: nothing was brought into force; wakewatch topics create")
        return found

    def _put(self, producer: Any, record: shelf.Record) -> None:
        producer.send(self._topic, key=record[0], value=record[1], partition=0)

    def _flush(self, producer: Any) -> None:
        from kafka.errors import KafkaError

        try:
            producer.flush(timeout=_FLUSH_S)
        except KafkaError as error:
            raise SinkError(
                f"Kafka does not take the list ({type(error).__name__}); import again", retriable=True
            ) from error
