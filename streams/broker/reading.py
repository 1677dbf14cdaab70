"""Reads topics for display: from a moment on, to the end or for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any, Final, NamedTuple

from streams.messages.topics import missing
from streams.messages.values import LATEST_MS
from streams.settings.model import KafkaSettings

_WAIT_MS: Final = 200


class TopicRecord(NamedTuple):
    """One record of a topic."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


def read(
    kafka: KafkaSettings,
    topic: str,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    follow: bool = False,
    stop: Event | None = None,
    caught_up: Callable[[], None] = lambda: None,
) -> Iterator[TopicRecord]:
    """Records of ``topic`` (without prefix) written since ``since_ms`` of the wall clock (None: all that is kept).

    Stops at the end that the topic had at the start, unless ``follow``, and when ``stop`` is set; ``caught_up`` is
    called once at that end. With ``until_ms`` the end is the first record written then or later. Raises ConfigError if
    the topic does not exist.
    """
    from kafka import TopicPartition

    from streams.broker.clients import consumer

    name = kafka.topic_prefix + topic
    client: Any = consumer(kafka)
    try:
        parts = [TopicPartition(name, number) for number in sorted(client.partitions_for_topic(name) or ())]
        if not parts:
            raise missing(name)
        client.assign(parts)
        _seek(client, parts, since_ms)
        ends = _ends(client, parts, until_ms)
        told = False
        while True:
            ends = {part: end for part, end in ends.items() if client.position(part) < end}
            if not ends and not told:
                told = True
                caught_up()
            if (not ends and not follow) or (stop is not None and stop.is_set()):
                return
            for records in client.poll(timeout_ms=_WAIT_MS).values():
                for record in records:
                    yield _read(record)
    finally:
        client.close()


def _ends(client: Any, parts: list[Any], until_ms: int | None) -> dict[Any, int]:
    ends = dict(client.end_offsets(parts))
    if until_ms is None:
        return ends
    later = client.offsets_for_times(dict.fromkeys(parts, until_ms))
    return {part: later[part].offset if later.get(part) else end for part, end in ends.items()}


def _seek(client: Any, parts: list[Any], since_ms: int | None) -> None:
    if since_ms is None:
        client.seek_to_beginning(*parts)
        return
    found = client.offsets_for_times(dict.fromkeys(parts, since_ms))
    ends = client.end_offsets(parts)
    for part in parts:
        client.seek(part, found[part].offset if found.get(part) else ends[part])


def _read(record: Any) -> TopicRecord:
    headers: dict[str, bytes] = {name: value or b"" for name, value in record.headers or ()}
    at_ms = believable_ms(record.timestamp)
    return TopicRecord(record.partition, record.offset, at_ms, record.key, record.value, headers)


def believable_ms(timestamp_ms: int | None) -> int:
    """A record's timestamp, which its producer sets freely, if it is a valid time; otherwise 0."""
    return timestamp_ms if timestamp_ms is not None and 0 < timestamp_ms < LATEST_MS else 0
