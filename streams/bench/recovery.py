"""kill -9, and the time until the first new record is processed: start, joining, loading the state, reading on."""

from __future__ import annotations

import time
from statistics import median
from typing import Annotated, Final

import typer

from streams.bench.frame import Figure, Measured, Row, process_cpu_s
from streams.bench.kafka_run import KafkaRun, TimedLines, fleet, opened

_RATE_HZ: Final = 5000.0
_PARTITIONS: Final = 4


def run(
    vessels: Annotated[
        list[int] | None, typer.Option(help="Vessels in state, repeatable (20,000 and 200,000).", min=1, max=1_100_000)
    ] = None,
    times: Annotated[int, typer.Option(help="Number of kills; the median is reported.", min=1)] = 3,
    behind: Annotated[int, typer.Option(help="Sentences processed since the last snapshot.", min=0)] = 0,
) -> Measured:
    """Kill a worker and restart it: seconds until a record written in the meantime has become an alert.

    Example: wakewatch bench recovery --vessels 200000 --behind 50000
    """
    rows = tuple(_row(count, times, behind) for count in vessels or [20_000, 200_000])
    return Measured(
        input=f"generated vessels, {behind:,} sentences to be read again",
        rows=rows,
        notes=(f"static membership, {_PARTITIONS} partitions, one worker; from the start of its process",),
    )


def _row(vessels: int, times: int, behind: int) -> Row:
    with opened(_PARTITIONS) as kafka_run:
        made = TimedLines(_PARTITIONS, _RATE_HZ)
        known = fleet(vessels)
        kafka_run.prepare(made, known)
        taken = [_kill(kafka_run, made, known[:behind]) for _ in range(times)]
        wall_s, cpu_s = zip(*taken, strict=True)
        figures = (
            Figure("s to the first new record", median(wall_s)),
            Figure("s at worst", max(wall_s)),
            Figure("CPU s until then", median(cpu_s)),
        )
    return Row(f"{vessels:,} vessels", figures)


def _kill(kafka_run: KafkaRun, made: TimedLines, held: list[bytes]) -> tuple[float, float]:
    """Seconds, and CPU seconds of the new process, from its start to the alert."""
    kafka_run.await_snapshots()
    if held:
        first, seen = made.markers()
        kafka_run.send([*made.records(held, 1000), *first])
        kafka_run.until(kafka_run.passed(seen))
    former = kafka_run.workers.pop()
    former.kill()
    former.wait()
    last, mmsis = made.markers()
    kafka_run.send(last)
    began_s = time.time()
    worker = kafka_run.worker("worker-0")
    kafka_run.until(kafka_run.passed(mmsis))
    cpu_s = process_cpu_s(worker.pid)
    return max(kafka_run.listener.seen[mmsi] for mmsi in mmsis) - began_s, cpu_s
