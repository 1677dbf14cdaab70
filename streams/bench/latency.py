"""From a receiver's socket to an alert that can be read: ingest, Kafka, the worker, Kafka, a reader."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Final

import typer

from streams.bench import feed
from streams.bench.frame import Data, Figure, Measured, Process, Row, process_cpu_s
from streams.bench.kafka_run import SNAPSHOT_EVERY_S, KafkaRun, TimedLines, fleet, marker, opened
from streams.broker.node import HOST, free_port
from streams.nmea.encoder import tagged

_PARTITIONS: Final = 4
_PREPARED_HZ: Final = 5000.0
_BEAT_S: Final = 0.01
_MARKER_EVERY: Final = 5  # beats: 20 markers per second
_FIRST_MARKER: Final = 991_000_000
_STATION: Final = "marker"
"""Markers have their own station: the recordings contain parts of messages without the other part, which would be
joined with those of a marker (23 of 400 at 5,000 sentences per second, 259 at 20,000)."""
_WARM_S: Final = 3.0
_AWAIT_S: Final = 30.0


def run(
    data: Data = None,
    rate: Annotated[list[int] | None, typer.Option(help="Sentences per second, repeatable (5000, 20000).")] = None,
    seconds: Annotated[float, typer.Option(help="Duration of the measurement at each rate, s.", min=1)] = 20.0,
    vessels: Annotated[int, typer.Option(help="Vessels known before the measurement begins.", min=1)] = 200_000,
) -> Measured:
    """Send a live feed over TCP and measure the time from the write to the socket to the alert in the alert topic.

    Example: wakewatch bench latency --rate 5000 --seconds 60
    """
    given = feed.given(data)
    done = [_rate(given.lines, one, seconds, vessels) for one in rate or [5000, 20_000]]
    return Measured(
        input=f"{given.description}, over and over; {vessels:,} vessels known",
        rows=tuple(row for row, _ in done),
        processes=tuple(process for _, processes in done for process in processes),
        notes=(
            "the clock starts before the socket is written to, earlier than ingest's read",
            f"snapshots every {SNAPSHOT_EVERY_S} s",
        ),
    )


def _rate(lines: list[bytes], rate: int, seconds: float, vessels: int) -> tuple[Row, tuple[Process, ...]]:
    with opened(_PARTITIONS) as kafka_run:
        started_ms = int(time.time() * 1000) - int(vessels / _PREPARED_HZ * 1000)
        kafka_run.prepare(TimedLines(_PARTITIONS, _PREPARED_HZ, started_ms), fleet(vessels))
        with listening(kafka_run) as (ingest, connection):
            _send(connection, lines, rate, _WARM_S, _FIRST_MARKER)
            before_s = kafka_run.cpu_s(), process_cpu_s(ingest.pid)
            sent = _send(connection, lines, rate, seconds, _FIRST_MARKER + 100_000)
            deadline_s = time.monotonic() + _AWAIT_S
            kafka_run.until(lambda: sent.keys() <= kafka_run.listener.seen.keys() or time.monotonic() > deadline_s)
            used_s = kafka_run.cpu_s() - before_s[0], process_cpu_s(ingest.pid) - before_s[1]
        delays_ms = sorted(
            1000 * (kafka_run.listener.seen[m] - at_s) for m, at_s in sent.items() if m in kafka_run.listener.seen
        )
    figures = (
        *(Figure(f"p{share} ms", _quantile(delays_ms, share)) for share in (50, 90, 99)),
        Figure("worst ms", delays_ms[-1]),
        Figure("alerts timed", len(delays_ms)),
        Figure("alerts missing", len(sent) - len(delays_ms)),
    )
    name = f"{rate:,} sentences/s"
    return Row(name, figures), (Process(f"worker at {name}", used_s[0]), Process(f"ingest at {name}", used_s[1]))


def _quantile(sorted_: list[float], share: int) -> float:
    return sorted_[min(len(sorted_) - 1, len(sorted_) * share // 100)]


def _send(connection: socket.socket, lines: list[bytes], rate: int, seconds: float, first: int) -> dict[int, float]:
    """Sends at ``rate`` for this time; returns when each marker (by MMSI) was sent. Late beats are caught up."""
    endless = cycle(lines)
    sent: dict[int, float] = {}
    began_s = time.monotonic()
    for beat in range(int(seconds / _BEAT_S)):
        time.sleep(max(0.0, began_s + beat * _BEAT_S - time.monotonic()))
        block = list(islice(endless, int(rate * _BEAT_S)))
        if beat % _MARKER_EVERY == 0:
            mmsi = first + beat
            block += tagged(marker(mmsi), int(time.time() * 1000), _STATION)
            sent[mmsi] = time.time()
        connection.sendall(b"\r\n".join(block) + b"\r\n")
    return sent


@contextmanager
def listening(kafka_run: KafkaRun) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """``wakewatch ingest`` that listens, and a connection to it."""
    port = free_port()
    call = [sys.executable, "-c", "from streams.cli import main; main()", "ingest", f"live=tcp-listen://{HOST}:{port}"]
    environ = kafka_run.environ()
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(call, env=environ, stdout=nowhere, stderr=nowhere)
    try:
        found: list[socket.socket] = []
        kafka_run.until(lambda: _connected(port, found))
        with found[0]:
            yield process, found[0]
    finally:
        process.terminate()
        process.wait()


def _connected(port: int, found: list[socket.socket]) -> bool:
    try:
        found.append(socket.create_connection((HOST, port), timeout=_AWAIT_S))
    except OSError:
        return False
    return True
