"""The raw log, record by record: from its topic, or from recordings in the form in which ingest would write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Final

from streams.explain.raw_log import Raw
from streams.messages.log_records import (
    H_EVENT_FROM,
    H_EVENT_TO,
    H_KIND,
    H_SOURCE,
    KIND_SENTENCES,
    KIND_TICK,
    Sentences,
    TickRecord,
    encode_tick,
)
from streams.messages.topics import SENTENCES
from streams.messages.values import whole_number
from streams.settings.model import KafkaSettings, Settings

_CHUNK_BYTES: Final = 1 << 18


def logged(kafka: KafkaSettings, since_ms: int | None = None, stop: Event | None = None) -> Iterator[Raw]:
    """Sentences and ticks of the topic, written since ``since_ms`` of the wall clock (None: all that is kept).

    Ends early, without an error, when ``stop`` is set.
    """
    from streams.broker.reading import read

    for record in read(kafka, SENTENCES, since_ms=since_ms, stop=stop):
        kind = record.headers.get(H_KIND, KIND_SENTENCES)
        if record.value and kind in {KIND_SENTENCES, KIND_TICK}:
            from_ms, to_ms = (whole_number(record.headers.get(name)) for name in (H_EVENT_FROM, H_EVENT_TO))
            source = record.headers.get(H_SOURCE, b"").decode("utf-8", "replace")
            yield Raw(record.value, source, from_ms, to_ms, record.partition, kind == KIND_TICK)


def recorded(files: Sequence[Path], effective: Settings) -> Iterator[Raw]:
    """Recordings in the form in which ingest would write them to the log, as one source and in time order."""
    from streams.ingest.core import Ingest, SourceKind
    from streams.ingest.line_times import OrderRules
    from streams.ingest.stamps import StampRules
    from streams.ingest.table_columns import ColumnMap
    from streams.ingest.time_order import in_time_order

    partitions, order = effective.kafka.partitions, OrderRules.of(effective, StampRules(), ColumnMap())
    source = SourceKind(replayed=True)
    ingest = Ingest(source_name(files[0]), partitions, effective.ingest, effective.feed, source)
    for number, recording in enumerate(in_time_order(files, order)):
        if number:
            yield from _raw(ingest.next_file(), partitions)
        while chunk := recording.file.read(_CHUNK_BYTES):
            yield from _raw(ingest.feed(chunk), partitions)
    yield from _raw(ingest.end(), partitions)


def _raw(records: Iterable[object], partitions: int) -> Iterator[Raw]:
    for record in records:
        if isinstance(record, Sentences):
            yield Raw(record.value, record.source, record.event_from_ms, record.event_to_ms, record.partition)
        elif isinstance(record, TickRecord):
            value = encode_tick(record.tick)
            yield from (Raw(value, record.tick.source, partition=n, tick=True) for n in range(partitions))


def source_name(path: Path) -> str:
    """The name of a recording as a source: its file name without endings."""
    return path.name.split(".", 1)[0] or "recording"
