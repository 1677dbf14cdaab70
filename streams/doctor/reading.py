"""The newest record of a topic's partitions, and the newest snapshot's head, with few reads."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from streams.broker.reading import believable_ms
from streams.errors import InputError, SinkError
from streams.messages.values import decoded

_POLL_MS: Final = 200
_PATIENCE_S: Final = 10.0
_STEPS: Final = (16, 512, 16_384)
"""How many offsets before the end are read, at the first, second and third try."""
_HEAD_KEY: Final = b"cut"


class Newest(NamedTuple):
    """The end of a topic."""

    ends: Mapping[int, int]
    """By partition: the offset after the last record."""
    at_ms: int | None
    """When the newest record of all was written, Unix ms; None for an empty topic."""


class SnapshotSummary(NamedTuple):
    """The newest snapshot of a partition."""

    app: str
    offset: int
    at_ms: int


class _CutHead(msgspec.Struct, frozen=True):
    """What the doctor reads of a head record; the worker's own type has the rest."""

    app: str
    offset: int


def newest(reader: Any, topic: str) -> Newest:
    """Raises SinkError if Kafka does not return records that it reports to have."""
    parts = _parts(reader, topic)
    ends = reader.end_offsets(parts)
    tails = _tails(reader, parts, _STEPS[0]).values()
    stamps = [believable_ms(record.timestamp) for records in tails for record in records]
    return Newest({part.partition: end for part, end in ends.items()}, max(stamps, default=None))


def oldest_ms(reader: Any, topic: str) -> int | None:
    """When the oldest kept record was written, Unix ms; None for an empty topic, or for records without a time."""
    parts = _parts(reader, topic)
    lows, ends = reader.beginning_offsets(parts), reader.end_offsets(parts)
    first = [part for part in parts if lows[part] < ends[part]][:1]
    if not first:
        return None
    reader.assign(first)
    reader.seek(first[0], lows[first[0]])
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        for records in reader.poll(timeout_ms=_POLL_MS, max_records=1).values():
            return believable_ms(records[0].timestamp) or None
    raise SinkError("the start of the log cannot be read in time", retriable=True)


def tail(reader: Any, topic: str) -> list[Any]:
    """The last few hundred records of the first partition, oldest first: every tick is in every partition."""
    first = _parts(reader, topic)[:1]
    return [record for records in _tails(reader, first, _STEPS[1]).values() for record in records]


def newest_head(reader: Any, topic: str) -> dict[int, SnapshotSummary]:
    """By partition; one without a snapshot is absent. Raises SinkError likewise."""
    found: dict[int, SnapshotSummary] = {}
    wanted = _parts(reader, topic)
    for step in _STEPS:
        for part, records in _tails(reader, wanted, step).items():
            for record in records:
                if record.key == _HEAD_KEY and record.value:
                    with contextlib.suppress(InputError):  # the worker reports that its state cannot be used
                        head = decoded(record.value, _CutHead)
                        found[part.partition] = SnapshotSummary(head.app, head.offset, believable_ms(record.timestamp))
        wanted = [part for part in wanted if part.partition not in found]
        if not wanted:
            break
    return found


def _parts(reader: Any, topic: str) -> list[Any]:
    from kafka import TopicPartition

    return [TopicPartition(topic, number) for number in sorted(reader.partitions_for_topic(topic) or ())]


def _tails(reader: Any, parts: list[Any], most: int) -> dict[Any, list[Any]]:
    """The last records of each partition, in order: those among its last ``most`` offsets."""
    reader.assign(parts)
    lows, ends = reader.beginning_offsets(parts), reader.end_offsets(parts)
    for part in parts:
        reader.seek(part, max(lows[part], ends[part] - most))
    found: dict[Any, list[Any]] = {part: [] for part in parts}
    deadline = time.monotonic() + _PATIENCE_S
    while any(reader.position(part) < ends[part] for part in parts):
        if time.monotonic() > deadline:
            raise SinkError("the end of the log cannot be read in time", retriable=True)
        for part, records in reader.poll(timeout_ms=_POLL_MS).items():
            found[part] += records
    return found
