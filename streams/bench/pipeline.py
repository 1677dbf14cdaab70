"""The whole path in one process: packed records through decoding, engine and all detectors, without Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer

from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from streams.bench import feed, fleets
from streams.bench.frame import Data, Figure, Measured, Row, cpu_of
from streams.decode import decode
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.messages.log_records import Record, Sentences, TickRecord
from streams.pipeline.engines import engine_for
from streams.reference.loading import load_reference
from streams.settings.model import IngestSettings, Settings

_SOURCE: Final = "bench"
_RATE_HZ: Final = 20_000
_CHUNK: Final = 50  # lines of one lap that stay together: the parts of a message are side by side
_FILL_BATCH: Final = 1000
_APART_S: Final = 30
"""Between two rows: a sentence repeated within 10 s is a second reception, which costs less."""
_US: Final = 1e6
START_MS: Final = 1_707_000_000_000


def run(
    data: Data = None,
    vessels: Annotated[int, typer.Option(help="Approximate number of vessels in state.", min=1000)] = 200_000,
    sentences: Annotated[int, typer.Option(help="Sentences measured in each row.", min=1000)] = 400_000,
    batch: Annotated[list[int] | None, typer.Option(help="Sentences per batch, repeatable (40, 250, 1000).")] = None,
) -> Measured:
    """Process a feed of many vessels in one process: sentences per CPU second of decoding, engine and all detectors.

    Example: wakewatch bench pipeline --vessels 200000 --batch 1000
    """
    given = feed.given(data)
    settings = Settings()
    engine = engine_for(settings, load_reference(settings.reference), 0)
    clock, rows, laps = _Clock(), [], [fleets.in_place(given.lines)]
    rows.append(_row("never heard before, first lap", engine, clock.records(laps[0], _FILL_BATCH)))
    while engine.vessels < vessels:
        laps.append(fleets.fresh(laps[0], len(laps)))
        cost = _row("never heard before", engine, clock.records(laps[-1], _FILL_BATCH))
    rows = [cost] if len(laps) > 1 else rows
    for size in batch or [40, 250, 1000]:
        lines = _mixed(laps, sentences)
        rows.append(_row(f"known, {size:,} a batch", engine, clock.records(lines, size)))
    return Measured(
        input=f"{given.description}, as sent by {len(laps)} fleets; {engine.vessels:,} vessels in one partition",
        rows=tuple(rows),
        notes=(
            f"one tick per second of a feed of {_RATE_HZ:,} sentences per second; without ingest",
            "every vessel stays where its first fix was, for time runs faster than in the recordings",
        ),
    )


class _Clock:
    """Times lines one after another and packs them as ingest does."""

    def __init__(self) -> None:
        self._sent = 0

    def records(self, lines: Sequence[bytes], size: int) -> list[Record]:
        self._sent += _APART_S * _RATE_HZ
        ingest = Ingest(_SOURCE, 1, IngestSettings(pack_sentences=size), source_kind=SourceKind(live=True))
        made: list[Record] = []
        for at in range(0, len(lines), _RATE_HZ):
            made += ingest.feed(b"\n".join(self._timed(lines[at : at + _RATE_HZ])) + b"\n", self._now_ms())
            made += ingest.clock(self._now_ms())
        return made + ingest.flush()

    def _timed(self, lines: Sequence[bytes]) -> Iterator[bytes]:
        for line in lines:
            self._sent += 1
            yield b"\\s:bench,c:%d*00\\%s" % (self._now_ms(), line.rpartition(b"\\")[2])

    def _now_ms(self) -> int:
        return START_MS + self._sent * 1000 // _RATE_HZ


def _mixed(laps: Sequence[Sequence[bytes]], count: int) -> list[bytes]:
    """Lines of all laps in turn, a chunk of each."""
    mixed: list[bytes] = []
    at = 0
    while len(mixed) < count:
        for lap in laps:
            mixed += lap[at : at + _CHUNK]
        at = (at + _CHUNK) % len(laps[0])
    return mixed[:count]


def _row(name: str, engine: Engine, records: Sequence[Record]) -> Row:
    """Decodes all records, then processes them: the two are timed separately."""
    decoded, decode_s = cpu_of(lambda: [_decoded(r) for r in records if isinstance(r, Sentences | TickRecord)])
    alerts, engine_s = cpu_of(lambda: sum(_taken(engine, item) for item in decoded))
    sentences = sum(record.size for record in records if isinstance(record, Sentences))
    return Row(
        name,
        (
            Figure("sentences/CPU s", sentences / (decode_s + engine_s)),
            Figure("us a sentence", (decode_s + engine_s) / sentences * _US),
            Figure("of it decoding", decode_s / sentences * _US),
            Figure("engine and detectors", engine_s / sentences * _US),
            Figure("alerts", alerts),
        ),
    )


def _decoded(record: Sentences | TickRecord) -> Batch | TickRecord:
    return record if isinstance(record, TickRecord) else decode(record.value, record.source, record.ordinals).batch


def _taken(engine: Engine, item: Batch | TickRecord) -> int:
    return len(engine.tick(item.tick, item.ordinal) if isinstance(item, TickRecord) else engine.apply(item))
