"""Tables through all detectors: the cost of a row, beside that of polars alone and of the row-by-row reader."""

from __future__ import annotations

import importlib.util
import tempfile
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from streams.bench.frame import Figure, Measured, Row, cpu_of
from streams.errors import ConfigError
from streams.files.recordings import open_recording
from streams.ingest.core import TABLE_CHUNK_BYTES, SourceKind
from streams.ingest.framing import Framer
from streams.ingest.line_times import OrderRules
from streams.ingest.table_reader import table_reader
from streams.ingest.tables import Rows
from streams.ingest.time_order import in_time_order
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference.loading import load_reference
from streams.settings.model import Settings

if TYPE_CHECKING:
    import polars as pl

_REFERENCE_ROWS: Final = 20_000
_BATCH_BYTES: Final = 8 << 20
_US: Final = 1e6
Read = Callable[[Path], int]


class _File(NamedTuple):
    """A table, and how polars alone reads all of it."""

    name: str
    path: Path
    alone: Read


def run(
    rows: Annotated[int, typer.Option(help="Rows of each table.", min=10_000)] = 1_000_000,
    vessels: Annotated[int, typer.Option(help="Vessels in it.", min=10)] = 3000,
) -> Measured:
    """Replay tables of DMA and NOAA, as CSV and Parquet, through all detectors: rows per CPU second.

    Beside it the time that polars alone needs to read the file, typed and in batches, and the ratio; and the
    row-by-row reader, by which the columns are judged.

    Example: wakewatch bench tables --rows 2000000
    """
    if importlib.util.find_spec("polars") is None:
        raise ConfigError("bench tables needs polars: pip install 'wakewatch[tables]'")
    from streams.bench.table_rows import FORMS, invented

    made = invented(rows, vessels)
    with tempfile.TemporaryDirectory(prefix="wakewatch-bench-") as folder:
        measured = [_row(file, rows) for name, form in FORMS.items() for file in _files(name, form(made), Path(folder))]
    return Measured(
        input=f"{rows:,} generated rows of {vessels:,} vessels in each table",
        rows=tuple(measured),
        notes=(
            "all: a check of the order of times, sentences, ingest, decoding, engine and detectors, one partition",
            "sentences: from the file to AIVDM sentences with tag blocks; polars alone: the file, typed, in batches",
        ),
    )


def _files(name: str, table: pl.DataFrame, folder: Path) -> list[_File]:
    csv, parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
    table.write_csv(csv)
    table.write_parquet(parquet)
    return [_File(f"{name} CSV", csv, _csv_alone), _File(f"{name} Parquet", parquet, _parquet_alone)]


def _row(file: _File, rows: int) -> Row:
    _, alone_s = cpu_of(lambda: file.alone(file.path))
    _, sentences_s = cpu_of(lambda: _sentences(file.path))
    _, all_s = cpu_of(lambda: _play(file.path))
    by_row = min(rows, _REFERENCE_ROWS)
    _, reference_s = cpu_of(lambda: _row_by_row(file.path, by_row))
    return Row(
        file.name,
        (
            Figure("rows/CPU s", rows / all_s),
            Figure("us a row", all_s / rows * _US),
            Figure("of it sentences", sentences_s / rows * _US),
            Figure("polars alone", alone_s / rows * _US),
            Figure("sentences, times polars", sentences_s / alone_s),
            Figure("all, times polars", all_s / alone_s),
            Figure("sentences, row by row", reference_s / by_row * _US),
        ),
    )


def _csv_alone(path: Path) -> int:
    import polars as pl

    return sum(len(batch) for batch in pl.scan_csv(path, infer_schema_length=1000).collect_batches())


def _parquet_alone(path: Path) -> int:
    import polars as pl

    return sum(len(batch) for batch in pl.scan_parquet(path).collect_batches())


def _sentences(path: Path) -> None:
    rows, framer = Rows(), Framer(OrderRules().limit)
    reader = table_reader(rows, OrderRules().limit)
    with open_recording(path) as file:
        head = file.read(_BATCH_BYTES // 2**10)
        lines = framer.feed(head)
        for line in lines:
            rows.take(line)
        while chunk := file.read(TABLE_CHUNK_BYTES):
            deque(reader.take(framer.block(chunk)), maxlen=0)


def _row_by_row(path: Path, count: int) -> None:
    rows, framer = Rows(), Framer(OrderRules().limit)
    with open_recording(path) as file:
        lines = (line for chunk in iter(lambda: file.read(TABLE_CHUNK_BYTES), b"") for line in framer.feed(chunk))
        for line in islice(lines, count):
            rows.take(line)


def _play(path: Path) -> None:
    settings = Settings()
    pipeline = InProcessPipeline(settings, load_reference(settings.reference), 1)
    plan = ReplayPlan(source=path.stem, source_kind=SourceKind(replayed=True))
    deque(play(in_time_order([path], OrderRules()), plan, pipeline, settings), maxlen=0)
