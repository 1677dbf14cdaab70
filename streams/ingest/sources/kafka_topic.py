"""A topic of another Kafka: NMEA, one or several lines in a record, or JSON by the field map in the settings.

Where reading goes on after a restart is in our own log (``streams.ingest.topic_progress``); the offsets that are
committed to the foreign cluster, in a consumer group without members, are for its owner's tools.
A sentence that states no time, in its tag block, its JSON or beside it, counts as received when its record was written.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from threading import Event
from typing import Any, Final

import msgspec
import structlog

from streams.broker import clients
from streams.broker.security import refusal_of
from streams.errors import ConfigError, SinkError, WakewatchError
from streams.ingest.field_map import FieldMap
from streams.ingest.json_lines import unfolded
from streams.ingest.sources.connecting import ConnectingSource
from streams.ingest.sources.connector import ConnectionRules, Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, Connected, FromTopic, SourceEvent
from streams.ingest.topic_progress import TopicProgress, TopicState
from streams.messages import log_records
from streams.messages.topics import SENTENCES
from streams.settings.feeds import TopicFeedSettings
from streams.settings.model import KafkaSettings

SCHEME: Final = "kafka"
_DEFAULT_PORT: Final = 9092
_ANSWER_MS: Final = 3000
_RECORDS_MOST: Final = 500
_LOOK_S: Final = 20.0
"""How often the topic itself is looked at: whether it is still there, and its partitions."""
_GONE_S: Final = 10.0
"""A broker that has just started may not know its topics yet."""
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_log = structlog.get_logger("ingest.topic")


class ForeignTopic(msgspec.Struct, frozen=True, kw_only=True):
    """What is read."""

    kafka: KafkaSettings
    """Of the foreign cluster."""
    topic: str
    group: str
    oldest: bool
    """A topic that was never read is read from its first record, not from the next one."""

    @property
    def url(self) -> str:
        """For messages."""
        return f"{SCHEME}://{self.kafka.bootstrap_servers}/{self.topic}"


class KafkaTopicSource(ConnectingSource):
    """Reads all partitions of one topic. ``progress`` is set before ``events`` is called."""

    resumes = True
    progress: TopicProgress

    def __init__(self, what: ForeignTopic, fields: FieldMap, rules: ConnectionRules) -> None:
        """Raises ConfigError if the cluster answers and rejects us or has no such topic."""
        super().__init__(what.url, rules)
        self._what = what
        self._fields = fields
        self._committed: dict[int, int] = {}
        self._missing_s = 0.0
        """Since when the topic is missing; 0: it is there."""
        with suppress(SinkError, OSError):  # a cluster that does not answer is waited for
            consumer = self._consumer()
            try:
                self._refuse_unless_readable(consumer)
            finally:
                consumer.close(timeout_ms=_ANSWER_MS)

    def _refuse_unless_readable(self, consumer: Any) -> None:
        from kafka import TopicPartition

        try:
            there = self._what.topic in consumer.topics()
            consumer.committed(TopicPartition(self._what.topic, 0), timeout_ms=_ANSWER_MS)
        except _kafka_error() as error:
            if (refused := refusal_of(error)) is None:
                raise ConnectionError(str(error)) from error
            raise ConfigError(f"{self._what.url}: {_of_feed(refused)}") from error
        if not there:
            raise ConfigError(f"{self._what.url}: there is no such topic; check its name, and the rights of this user")

    def connection(self, stop: Event) -> Generator[SourceEvent, None, str]:
        """One consumer, until its cluster does not answer."""
        try:
            consumer = self._consumer()
        except SinkError as error:
            return str(error).partition(": check")[0]
        except ConfigError as error:  # found while running: only this source ends
            raise WakewatchError(str(error)) from error
        try:
            yield Connected()
            yield from self._records(consumer, stop)
        except _kafka_error() as error:
            if (refused := refusal_of(error)) is not None:
                raise WakewatchError(f"{self._what.url}: {_of_feed(refused)}") from error
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        finally:
            consumer.close(timeout_ms=_ANSWER_MS)
        return ""

    def _records(self, consumer: Any, stop: Event) -> Iterator[SourceEvent]:
        try:
            places = self._places(consumer)
            state = self._state(consumer, places)
        except SinkError as error:
            raise ConnectionError(str(error)) from error
        offsets = self.progress.resume(state, oldest=self._what.oldest)
        for place in places:
            consumer.seek(place, offsets[place.partition])
        if not state.committed:
            self._commit(consumer, offsets)
        looked_s = time.monotonic()
        while not stop.is_set():
            polled = consumer.poll(timeout_ms=int(self._rules.idle_s * 1000), max_records=_RECORDS_MOST)
            if not polled:
                yield None
            for records in polled.values():
                for record in records:
                    yield self._event(record)
            if self.progress.contained and self.progress.contained != self._committed:
                self._commit(consumer, self.progress.contained)
            if time.monotonic() - looked_s > _LOOK_S:
                looked_s = time.monotonic()
                if self._places(consumer) != places:
                    raise ConnectionResetError("the topic has other partitions than before")

    def _event(self, record: Any) -> FromTopic:
        peer, value = f"partition {record.partition}", record.value or b""
        kind = dict(record.headers or ()).get(log_records.H_KIND)
        if kind not in {None, log_records.KIND_SENTENCES}:  # the topic is the log of another wakewatch
            return FromTopic(record.partition, record.offset, ())
        if value.lstrip()[:1] in (b"{", b"[") and b'"nmea"' not in value:
            return FromTopic(record.partition, record.offset, tuple(self._fields.read(value, peer)))
        lines = unfolded(value).splitlines()
        events = (Chunk(b"\n".join([*lines, b""]), peer),) if lines else ()
        written_ms = record.timestamp if record.timestamp and record.timestamp > 0 else None
        return FromTopic(record.partition, record.offset, events, written_ms)

    def _places(self, consumer: Any) -> list[Any]:
        """The partitions of the topic. Raises ConnectionError if it is not there, WakewatchError if it stays away."""
        from kafka import TopicPartition

        if self._what.topic not in consumer.topics():
            self._missing_s = self._missing_s or time.monotonic()
            if time.monotonic() - self._missing_s > _GONE_S:
                raise WakewatchError(f"{self._what.url}: the topic is gone")
            raise ConnectionError("the topic is not there")
        self._missing_s = 0.0
        return [TopicPartition(self._what.topic, p) for p in sorted(consumer.partitions_for_topic(self._what.topic))]

    def _state(self, consumer: Any, places: list[Any]) -> TopicState:
        consumer.assign(places)
        begins = consumer.beginning_offsets(places, timeout_ms=_ANSWER_MS)
        ends = consumer.end_offsets(places, timeout_ms=_ANSWER_MS)
        committed = {place.partition: consumer.committed(place, timeout_ms=_ANSWER_MS) for place in places}
        return TopicState(
            {place.partition: offset for place, offset in begins.items()},
            {place.partition: offset for place, offset in ends.items()},
            {partition: offset for partition, offset in committed.items() if offset is not None},
        )

    def _commit(self, consumer: Any, offsets: dict[int, int]) -> None:
        from kafka import TopicPartition
        from kafka.structs import OffsetAndMetadata

        self._committed = dict(offsets)
        consumer.commit_async(
            {TopicPartition(self._what.topic, p): OffsetAndMetadata(offset, "", -1) for p, offset in offsets.items()}
        )

    def _consumer(self) -> Any:
        try:
            return clients.consumer(
                self._what.kafka, group_id=self._what.group, auto_offset_reset="none", bootstrap_timeout_ms=_ANSWER_MS
            )
        except ConfigError as error:
            raise ConfigError(f"{self._what.url}: {_of_feed(error)}") from error


def _kafka_error() -> type[Exception]:
    from kafka.errors import KafkaError

    error: type[Exception] = KafkaError
    return error


def _of_feed(error: ConfigError) -> str:
    """The text of an error in the settings of a connection to Kafka, with the names of this table."""
    return re.sub(r"\bkafka\.(?=[a-z])", "topic_feed.", str(error)).replace("WAKEWATCH_KAFKA_", "WAKEWATCH_TOPIC_FEED_")


def _open(place: SourceUrl, rules: OpenRules) -> KafkaTopicSource:
    feed, own = rules.settings.topic_feed, rules.settings.kafka
    if place.path == own.topic_prefix + SENTENCES and place.address in clients.servers_of(own):
        raise ConfigError(
            f"{place.name}: {place.path} is our own log: what is read from it would be written to it again"
        )
    what = ForeignTopic(
        kafka=_settings(feed, place.address),
        topic=place.path,
        group=place.options.get("group", f"wakewatch.{place.name}"),
        oldest=place.options.get("from") == "oldest",
    )
    connection = msgspec.structs.replace(rules.connection, mute_s=0.0)  # it answers, also when nothing is sent
    return KafkaTopicSource(what, FieldMap(feed, place.name), connection)


def _settings(feed: TopicFeedSettings, servers: str) -> KafkaSettings:
    security = {name: getattr(feed, name) for name in KafkaSettings.__struct_fields__ if hasattr(feed, name)}
    return KafkaSettings(bootstrap_servers=servers, **security)


def _check(place: SourceUrl) -> None:
    if not _TOPIC.fullmatch(place.path):
        raise ConfigError(f"{place.name}: the path is not the name of a topic; write {SCHEME}://BROKER/TOPIC")
    if place.options.get("from", "newest") not in {"oldest", "newest"}:
        raise ConfigError(f"{place.name}: from= has no such value; give from=oldest or from=newest")
    if not place.options.get("group", "x").strip():
        raise ConfigError(f"{place.name}: group= is empty; name the consumer group, or leave it out")


CONNECTORS: Final = (
    Connector(
        scheme=SCHEME,
        form="kafka://BROKER[:PORT]/TOPIC",
        example="kafka://192.0.2.9:9092/ais.raw",
        sentence="Reads a topic of another Kafka: NMEA, or JSON by the settings [topic_feed]",
        open=_open,
        connects=True,
        port=_DEFAULT_PORT,
        has_path=True,
        options=("from", "group"),
        check=_check,
    ),
)
