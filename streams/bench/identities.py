"""The cost of following IMO numbers across MMSIs: in the pipeline, and in the stage that keeps their histories."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Annotated, Final

import msgspec
import typer

from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.imo_number import is_imo_number
from detectors.core.promises import PartitionWatermark
from streams.bench.frame import Figure, Measured, Row, cpu_of
from streams.bench.kafka_run import fleet
from streams.decode import decode
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.messages.log_records import Sentences
from streams.nmea.encoder import Particulars, sentences, static
from streams.pipeline.engines import engine_for, histories_for
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference.loading import load_reference
from streams.settings.model import Settings

_FIRST_IMO: Final = 9_000_000
_FIRST_MMSI, _APART = 200_000_000, 503  # as ``fleet`` has them
_POSITIONS: Final = 36
"""Positions of a ship between two of its static reports: every 10 s, every 6 min."""
_US: Final = 1e6


def run(
    vessels: Annotated[
        int,
        typer.Option(
            help="Number of vessels with an IMO number; with 1,200 there are 12 s between two positions.", min=100
        ),
    ] = 1200,
    laps: Annotated[int, typer.Option(help="Static reports of each vessel.", min=1)] = 10,
    rounds: Annotated[int, typer.Option(help="Runs of each; the median is reported.", min=1)] = 7,
) -> Measured:
    """Replay the same feed with and without IMO numbers, then process its bindings alone.

    Example: wakewatch bench identities --rounds 9
    """
    settings, taken = Settings(), dict[bool, list[float]]()
    feeds = {stated: list(_feed(vessels, laps, stated=stated)) for stated in (False, True)}
    for _ in range(rounds):
        for stated, lines in feeds.items():
            taken.setdefault(stated, []).append(cpu_of(lambda lines=lines: _replay(lines, settings))[1])  # type: ignore[misc]
    without_s, with_s = median(taken[False]), median(taken[True])
    told = _told(feeds[True], settings)
    told_s = cpu_of(lambda: _learn(told, settings))[1]
    count, each_us = len(feeds[True]), told_s / len(told) * _US
    return Measured(
        input=f"{count:,} sentences of {vessels:,} ships, a static report in {_POSITIONS + 1} messages",
        rows=(
            Row("replay without IMO numbers", _rates(count, without_s)),
            Row("replay with them", (*_rates(count, with_s), Figure("% more", (with_s / without_s - 1) * 100))),
            Row("the stage of IMO numbers", (Figure("bindings", len(told)), Figure("us each", each_us))),
        ),
        notes=("with them there is also the search of the watchlist for each; a record through Kafka is not in it",),
    )


def _rates(count: int, cpu_s: float) -> tuple[Figure, ...]:
    return Figure("CPU s", cpu_s), Figure("us a sentence", cpu_s / count * _US)


def _feed(vessels: int, laps: int, *, stated: bool) -> Iterator[bytes]:
    """Positions of all ships in turn, and now and then what each reports about itself."""
    positions = fleet(vessels)
    said = [line for number, imo in enumerate(_imos(vessels)) for line in _static(number, imo if stated else 0)]
    for _ in range(laps):
        yield from said
        for _ in range(_POSITIONS):
            yield from positions


def _imos(count: int) -> Iterator[int]:
    imo = _FIRST_IMO
    for _ in range(count):
        while not is_imo_number(imo):
            imo += 1
        yield imo
        imo += 1


def _static(number: int, imo: int) -> list[bytes]:
    ship = Particulars(imo=imo, name=f"BENCH {number}", ship_type=70, length_m=150)
    return sentences(static(_FIRST_MMSI + number * _APART, ship), sequence=number)


def _pipeline(settings: Settings) -> InProcessPipeline:
    return InProcessPipeline(settings, load_reference(settings.reference), 1)


def _replay(lines: Sequence[bytes], settings: Settings) -> int:
    plan = ReplayPlan(source="bench", partitions=1, source_kind=SourceKind(replayed=True))
    return sum(1 for _ in play([io.BytesIO(b"\n".join(lines))], plan, _pipeline(settings), settings))


def _told(lines: Sequence[bytes], settings: Settings) -> list[bytes]:
    """The bindings of the feed, as on the topic."""
    engine, told = engine_for(settings, load_reference(settings.reference), 0), list[Binding | SeenUnder]()
    for record in Ingest("bench", 1, source_kind=SourceKind(replayed=True)).feed(b"\n".join(lines)):
        if isinstance(record, Sentences):
            engine.apply(decode(record.value, record.source, record.ordinals).batch)
            told += engine.drain_bindings()
    return [msgspec.json.encode(binding) for binding in told]


def _learn(told: Sequence[bytes], settings: Settings) -> int:
    histories = histories_for(settings, 1)
    alerts = [histories.take(msgspec.json.decode(each, type=Binding | SeenUnder)) for each in told]
    return len(alerts) + len(histories.take(PartitionWatermark(partition=0, heard_ms=1 << 60)))
