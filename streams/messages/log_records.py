"""The log: topic ``ais.sentences.v1``. What a record is, and how sentences and ticks are written in it.

A record of sentences is plain NMEA 0183: lines that any console consumer can read, each with a tag block whose
``c:`` is the event time in milliseconds and whose ``s:`` is the station (otherwise the source). The parts of a
multi-part message are next to each other and have the same time. A tick is JSON (detectors.core.ticks.Tick).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.ticks import Tick

# Header names and values of a record.
H_FORMAT: Final = "ww_format"  # b"1"
H_KIND: Final = "ww_kind"  # b"sentences" | b"tick" | b"reference" | b"area" | b"sighting" | b"elements"
H_SOURCE: Final = "ww_source"
H_ORDINAL: Final = "ww_ordinal"  # decimal: ordinal of the last input line that this record covers
H_RUN: Final = "ww_run"  # identity of the input (file name, size, head, order of its lines), for resuming
H_READ_AT: Final = "ww_read_at"  # wall clock when read, Unix ms
H_EVENT_FROM: Final = "ww_event_from"  # smallest and largest event time, Unix ms
H_EVENT_TO: Final = "ww_event_to"
H_COUNT: Final = "count"  # of a dead letter: decimal, number of rejected lines and details in it; 1 if missing
H_TOPIC_AT: Final = "ww_topic_at"  # of a foreign topic: how far it is contained (streams.ingest.topic_positions)
H_REPLAYED: Final = "ww_replayed"  # b"1" for a recording

LOG_FORMAT: Final = b"1"
KIND_SENTENCES: Final = b"sentences"
KIND_TICK: Final = b"tick"
KIND_REFERENCE: Final = (
    b"reference"  # another watchlist is in force from here on (streams.reference.stored_versions.Marker)
)
KIND_AREA: Final = b"area"  # positions in an area are unreliable (detectors.core.vessels.affected_areas)
KIND_ELEMENTS: Final = b"elements"  # where satellites are (detectors.core.orbits.choice)
KIND_SIGHTING: Final = b"sighting"  # satellite images show something of a vessel (detectors.core.vessels.sightings)


class Sentences(NamedTuple):
    """A packed record on its way to one partition."""

    partition: int
    source: str
    value: bytes
    """Lines joined by b"\\n", no newline at the end."""
    size: int
    """Number of sentences (lines) in ``value``."""
    ordinals: npt.NDArray[np.int64]
    """For each sentence the ordinal of the input line that completed its message (from 0, within the input).
    Known only in process, where alerts of several partitions are put in one order; the log has the last one."""
    event_from_ms: int
    event_to_ms: int


class TickRecord(NamedTuple):
    """A tick on its way to every partition."""

    tick: Tick
    ordinal: int
    """Ordinal of the last input line before it; -1 before the first."""


class MarkRecord(NamedTuple):
    """A moment of event time for which a caller asked (``SourceKind.marks_ms``): never leaves the process."""

    time_ms: int
    ordinal: int
    """Ordinal of the last input line before it; -1 before the first."""


Record = Sentences | TickRecord | MarkRecord


def encode_tick(tick: Tick) -> bytes:
    """A tick as JSON."""
    return msgspec.json.encode(tick)


def decode_tick(value: bytes) -> Tick:
    """The tick in ``value``. Raises msgspec.ValidationError or msgspec.DecodeError."""
    return msgspec.json.decode(value, type=Tick)


_MULTIPLIER: Final = 2654435761  # Knuth's multiplicative hash: neighbouring MMSIs spread over partitions


def partition_of(mmsi: int, partitions: int) -> int:
    """The partition of a vessel: the same on every machine, for ever."""
    return ((mmsi * _MULTIPLIER & 0xFFFFFFFF) >> 8) % partitions


def partitions_of(mmsis: npt.NDArray[np.integer], partitions: int) -> npt.NDArray[np.int64]:
    """``partition_of`` for a column."""
    spread = (mmsis.astype(np.uint64) * np.uint64(_MULTIPLIER) & np.uint64(0xFFFFFFFF)) >> np.uint64(8)
    return (spread % np.uint64(partitions)).astype(np.int64)
