"""Where an interrupted file continues: where the log ends.

The core is pure, so a second run gives the same sequence. The part that the log already holds is dropped, partition by
partition. The headers of the last record of this run in each partition state how far that is.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from streams.ingest.line_times import OrderRules
from streams.ingest.model import SourceKind
from streams.ingest.stamps import StampRules
from streams.ingest.time_order import ORDER_VERSION
from streams.ingest.topic_positions import Stated, stated_in
from streams.messages import log_records
from streams.messages.log_records import Sentences, TickRecord

_HEAD_BYTES: Final = 64 * 1024
_FIRST_LOOK: Final = 200
_LOOKED_AT_MOST: Final = 200_000
"""Records from the end of a partition that are searched for an earlier run: hours of ten other feeds."""
_POLL_MS: Final = 500
_EMPTY_POLLS_MOST: Final = 20


class PartitionReached(NamedTuple):
    """How far a run has come in one partition."""

    ordinal: int = -1
    tick_ms: int | None = None
    """``to_ms`` of its last record if that is a tick."""
    ended: bool = False


NOTHING: Final = PartitionReached()


def run_of(
    path: Path, source: str, source_kind: SourceKind, more: Sequence[Path] = (), order: OrderRules | None = None
) -> str:
    """Identity of a recording, or of several, of how its time is made and of the order of its lines: 16 hex digits.

    ``order`` None: lines come as they are. A pipe cannot be read again, so that is another run each time.
    """
    if not all(each.is_file() for each in (path, *more)):
        return secrets.token_hex(8)
    about: list[object] = [path.name, source, path.stat().st_size, source_kind.start_ms, source_kind.rate_hz]
    about += [fact for other in more for fact in (other.name, other.stat().st_size)]
    about += [] if order is None else [ORDER_VERSION, order.late_ms, order.limit]
    if msgspec.structs.replace(source_kind.stamps, zone_given=True) != StampRules():  # other times: another recording
        about += [source_kind.stamps.dates, source_kind.stamps.zone, source_kind.stamps.near_ms]
    about += [fact for column in source_kind.columns.columns for fact in column]
    digest = hashlib.sha256(msgspec.json.encode(about))
    for each in (path, *more):
        with each.open("rb") as file:
            digest.update(file.read(_HEAD_BYTES))
    return digest.hexdigest()[:16]


def run_of_topic(source: str, topic: str) -> str:
    """Identity of the reading of a foreign topic: 16 hex digits, the same at every start."""
    return hashlib.sha256(msgspec.json.encode(["topic", source, topic])).hexdigest()[:16]


def remaining(record: Sentences, reached: PartitionReached) -> Sentences | None:
    """The part of ``record`` that the log does not hold yet."""
    if int(record.ordinals[0]) > reached.ordinal:
        return record
    wanted = record.ordinals > reached.ordinal
    if not wanted.any():
        return None
    lines = [line for line, take in zip(record.value.split(b"\n"), wanted, strict=True) if take]
    return record._replace(value=b"\n".join(lines), size=len(lines), ordinals=record.ordinals[wanted])


def is_new(record: TickRecord, reached: PartitionReached) -> bool:
    """Whether the log lacks this tick."""
    if record.ordinal != reached.ordinal or reached.tick_ms is None:
        return record.ordinal >= reached.ordinal
    if record.tick.state == "ended":
        return not reached.ended
    return record.tick.to_ms > reached.tick_ms


class LogEnd:
    """Reads a topic backwards. ``consumer`` is a KafkaConsumer without a group."""

    def __init__(self, consumer: Any, topic: str, *, everything: bool = False) -> None:
        """``everything``: a partition is searched to its beginning."""
        self._consumer = consumer
        self._topic = topic
        self._everything = everything

    def reached(self, run: str, partition: int) -> PartitionReached:
        """How far ``run`` has come in a partition; NOTHING if it is not in the log."""
        found = self._last_of(run.encode(), partition)
        if found is None:
            return NOTHING
        headers = dict(found.headers)
        ordinal = int(headers.get(log_records.H_ORDINAL, b"-1"))
        if headers.get(log_records.H_KIND) != log_records.KIND_TICK:
            return PartitionReached(ordinal)
        tick = log_records.decode_tick(found.value)
        return PartitionReached(ordinal, tick.to_ms, tick.state == "ended")

    def stated(self, run: str, partition: int) -> Stated:
        """What the last record of ``run`` in a partition states of a foreign topic."""
        found = self._last_of(run.encode(), partition, stating=log_records.H_TOPIC_AT)
        return {} if found is None else stated_in(dict(found.headers)[log_records.H_TOPIC_AT])

    def _last_of(self, run: bytes, partition: int, stating: str = log_records.H_RUN) -> Any:
        """The last record of a run that has the header ``stating``."""
        from kafka import TopicPartition

        place = TopicPartition(self._topic, partition)
        self._consumer.assign([place])
        end = self._consumer.end_offsets([place])[place]
        begin = self._consumer.beginning_offsets([place])[place]
        begin = begin if self._everything else max(begin, end - _LOOKED_AT_MOST)
        look = _FIRST_LOOK
        while end > begin:
            start = max(begin, end - look)
            found = self._last_within(place, start, end, (run, stating))
            if found is not None:
                return found
            end, look = start, look * 4
        return None

    def _last_within(self, place: Any, start: int, end: int, wanted: tuple[bytes, str]) -> Any:
        self._consumer.seek(place, start)
        run, stating = wanted
        found, empty = None, 0
        while self._consumer.position(place) < end and empty < _EMPTY_POLLS_MOST:
            polled = self._consumer.poll(timeout_ms=_POLL_MS).get(place, [])
            empty = 0 if polled else empty + 1
            for record in polled:
                headers = dict(record.headers) if record.offset < end else {}
                if headers.get(log_records.H_RUN) == run and stating in headers:
                    found = record
        return found
