"""The track of one vessel from the log itself, for times before those that the process keeps: as long as the log holds.

A vessel's sentences are in one partition. Only lines that carry its number are decoded: the number is in the same
letters of every message (bits 8 to 37), so the others are passed over at the speed of a search for bytes.
"""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple

import numpy as np

from detectors.core.units import HOUR_MS, MS
from streams.broker.clients import consumer
from streams.decode import decode
from streams.messages.log_records import H_EVENT_TO, H_KIND, KIND_SENTENCES, partition_of
from streams.messages.topics import SENTENCES, missing
from streams.messages.values import whole_number
from streams.settings.model import KafkaSettings
from streams.traffic.fleet import Fleet, FleetRules
from streams.traffic.moments import newest_points
from streams.traffic.points import Points

BYTES_MOST: Final = 2 << 30
"""Of the log that is read for one answer."""
READ_S: Final = 20.0
"""How long one answer may read."""
LATE_MS: Final = 6 * HOUR_MS
"""How long after its event time a sentence is looked for."""
_POLL_MS: Final = 500
_BEFORE: Final = 3
"""The comma before the payload, the type, and the letter with the repeat indicator."""


class LogTrack(NamedTuple):
    """The answer."""

    points: Points
    read_to_s: int | None
    """Event time up to which the log was read, Unix seconds; None: all that was asked for."""


def log_track(kafka: KafkaSettings, mmsi: int, from_s: int, to_s: int, rules: FleetRules) -> LogTrack:
    """The thinned track between two event times. Raises SinkError, ConfigError.

    Records are found by the time at which they were written, so this is for live feeds; it ends early when it has read
    BYTES_MOST, or for READ_S.
    """
    fleet, wanted = Fleet(rules._replace(vessels_most=100, points_most=1)), LinesOf(mmsi)
    deadline_s, size, reached_ms = time.monotonic() + READ_S, 0, from_s * MS
    client = consumer(kafka)
    try:
        part, end = _seek(client, kafka, mmsi, from_s * MS, to_s * MS + LATE_MS)
        while client.position(part) < end:
            if size >= BYTES_MOST or time.monotonic() >= deadline_s:
                return LogTrack(_of(fleet, mmsi, from_s, to_s), reached_ms // MS)
            for record in client.poll(timeout_ms=_POLL_MS).get(part, ()):
                size += len(record.value or b"")
                reached_ms = _take(fleet, record, wanted, reached_ms)
    finally:
        client.close()
    return LogTrack(_of(fleet, mmsi, from_s, to_s), None)


class LinesOf:
    """Finds the lines whose message is of one vessel, and few others: those with its letters of bits 12 to 35."""

    def __init__(self, mmsi: int) -> None:
        self._letters = bytes(_armoured((mmsi >> 2) >> shift & 0x3F) for shift in (18, 12, 6, 0))

    def __call__(self, value: bytes) -> list[bytes]:
        """Those of a record, in order."""
        found, at = list[bytes](), value.find(self._letters)
        while at >= 0:
            end = value.find(b"\n", at)
            end = len(value) if end < 0 else end
            if value[max(0, at - _BEFORE) : at].startswith(b","):
                found.append(value[value.rfind(b"\n", 0, at) + 1 : end])
            at = value.find(self._letters, at + 1)
        return found


def _armoured(value: int) -> int:
    """The letter of six bits (ITU-R M.1371, IEC 61162-1)."""
    return value + 48 if value < 40 else value + 56  # noqa: PLR2004 - the alphabet leaves out eight letters


def _seek(client: Any, kafka: KafkaSettings, mmsi: int, from_ms: int, until_ms: int) -> tuple[Any, int]:
    from kafka import TopicPartition

    name = kafka.topic_prefix + SENTENCES
    numbers = client.partitions_for_topic(name)
    if not numbers:
        raise missing(name)
    part = TopicPartition(name, partition_of(mmsi, len(numbers)))
    client.assign([part])
    end = client.end_offsets([part])[part]
    first = client.offsets_for_times({part: max(0, from_ms)})[part]
    last = client.offsets_for_times({part: max(0, until_ms)})[part]
    client.seek(part, first.offset if first else end)
    return part, last.offset if last else end


def _take(fleet: Fleet, record: Any, wanted: LinesOf, reached_ms: int) -> int:
    known = dict(record.headers or ())
    if not record.value or (known.get(H_KIND) or KIND_SENTENCES) != KIND_SENTENCES:
        return reached_ms
    lines = wanted(record.value)
    if lines:
        fleet.take(decode(b"\n".join(lines), "").batch)
    return max(reached_ms, whole_number(known.get(H_EVENT_TO)) or 0)


def _of(fleet: Fleet, mmsi: int, from_s: int, to_s: int) -> Points:
    row = fleet.rows.find(mmsi)
    points = fleet.tracks.track(mmsi, from_s, to_s)
    newest = Points.empty() if row is None else newest_points(fleet, row)
    return Points.joined(
        [points, newest.take((newest.time_s >= np.uint32(from_s)) & (newest.time_s <= np.uint32(to_s)))]
    )
