"""The cost of a sentence in the worker, through Kafka and Faust: snapshots on, all detectors, known vessels."""

from __future__ import annotations

import time
from itertools import cycle, islice
from typing import Annotated, Final, NamedTuple

import typer

from streams.bench import feed, fleets
from streams.bench.frame import Data, Figure, Measured, Row
from streams.bench.kafka_run import SNAPSHOT_EVERY_S, TimedLines, fleet, opened

_PACKS_A_SECOND: Final = 10
"""Ingest packs for 100 ms: this gives the size of a record, and the number of sentences between two ticks."""
_LAPS: Final = 19  # of a recording's 11,000 vessels make 200,000


class Condition(NamedTuple):
    """One condition."""

    pack: int
    partitions: int
    workers: int

    @property
    def rate_hz(self) -> int:
        """Sentences per second of a live feed with records of this size."""
        return self.pack * self.partitions * _PACKS_A_SECOND


def run(
    data: Data = None,
    vessels: Annotated[int, typer.Option(help="Vessels known before the measurement begins.", min=1)] = 200_000,
    sentences: Annotated[int, typer.Option(help="Sentences measured in each row.", min=1000)] = 2_000_000,
    pack: Annotated[list[int] | None, typer.Option(help="Sentences per record, repeatable (40, 250, 1000).")] = None,
    two: Annotated[bool, typer.Option(help="Also compare one and two workers on twelve partitions.")] = True,
) -> Measured:
    """Write to the log and read the alerts: sentences per CPU second of the worker process.

    Example: wakewatch bench kafka --pack 250 --no-two
    """
    given = feed.given(data)
    cases = [Condition(size, 4, 1) for size in pack or [40, 250, 1000]]
    if two:
        cases += [Condition(250, 12, 1), Condition(250, 12, 2)]
    whole = [line for line in fleets.in_place(given.lines) if line.rpartition(b"!")[2][5:9] == b",1,1"]
    laps = [fleets.fresh(whole, lap) for lap in range(_LAPS)]
    mixed = list(islice((laps[n % _LAPS][n % len(whole)] for n in cycle(range(_LAPS * len(whole)))), sentences))
    return Measured(
        input=f"{given.description}; {sentences:,} sentences of {vessels:,} vessels",
        rows=tuple(_row(case, mixed, vessels) for case in cases),
        notes=(
            f"CPU of the worker process alone, the broker has its own; snapshots every {SNAPSHOT_EVERY_S} s are in it",
            "event time and ticks as of a feed that fills the records so in 100 ms",
        ),
    )


def _row(case: Condition, lines: list[bytes], vessels: int) -> Row:
    with opened(case.partitions) as kafka_run:
        made = TimedLines(case.partitions, case.rate_hz)
        kafka_run.prepare(made, fleet(vessels), case.workers)
        records, (last, mmsis) = made.records(lines, case.pack), made.markers()
        before_s, began_s, before = kafka_run.cpu_s(), time.monotonic(), kafka_run.snapshots()
        kafka_run.send([*records, *last])
        kafka_run.until(kafka_run.passed(mmsis))
        cpu_s, took_s = kafka_run.cpu_s() - before_s, time.monotonic() - began_s
        figures = (
            Figure("sentences/CPU s", len(lines) / cpu_s),
            Figure("us CPU a sentence", cpu_s / len(lines) * 1e6),
            Figure("sentences/s", len(lines) / took_s),
            Figure("records", len(records)),
            Figure("snapshots", kafka_run.snapshots() - before),
            Figure("alerts", kafka_run.listener.alerts),
            Figure("worker MB", sum(_memory_mb(worker.pid) for worker in kafka_run.workers)),
        )
    fed = f"{case.pack:,} a record ({case.rate_hz:,}/s), {case.partitions} partitions"
    name = f"{fed}, {case.workers} worker{'s' * (case.workers > 1)}"
    return Row(name, figures)


def _memory_mb(pid: int) -> float:
    with open(f"/proc/{pid}/statm") as file:  # noqa: PTH123 - a file of the system
        return int(file.read().split()[1]) * 4096 / 1e6
