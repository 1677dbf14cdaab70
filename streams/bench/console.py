"""The console under load: ships, open cases, open pages, viewers that do not read, and a browser's frames."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Final, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import typer

from detectors.core.alert import Alert, Position, Vessel, encode
from detectors.core.units import rfc3339
from streams.bench.frame import Figure, Measured, Process, Row, process_cpu_s
from streams.bench.moving_ships import EVERY_S, FIRST_MMSI, MovingShips
from streams.bench.page_frames import chromium, frames
from streams.bench.viewers import ViewerTimes, watch
from streams.broker import clients, embedded, kill_with_parent
from streams.broker.node import free_port
from streams.errors import WakewatchError
from streams.messages.topics import ALERT_STATE, ALERTS, create_missing
from streams.settings.model import KafkaSettings

_PARTITIONS: Final = 4
_STALLED: Final = 20
_BEGIN_S: Final = 180.0


class _Processes(NamedTuple):
    console: subprocess.Popen[bytes]
    traffic: subprocess.Popen[bytes]
    url: str

    def cpu_s(self) -> tuple[float, float]:
        return process_cpu_s(self.console.pid), process_cpu_s(self.traffic.pid)


def run(
    ships: Annotated[int, typer.Option(help="Ships under way, each heard every 10 s.", min=1)] = 50_000,
    cases: Annotated[int, typer.Option(help="Open cases.", min=1)] = 500,
    viewers: Annotated[int, typer.Option(help="Open pages.", min=1, max=250)] = 200,
    seconds: Annotated[float, typer.Option(help="Duration of each of the two measurements, s.", min=5)] = 20.0,
) -> Measured:
    """Measure console and traffic with many ships, cases and pages, then with viewers beside them that do not read.

    Example: wakewatch bench console --viewers 200 --seconds 30
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wakewatch-bench-")))
        kafka = stack.enter_context(_kafka(home))
        fleet = MovingShips(kafka, ships)
        fleet.state()
        _open_cases(kafka, cases)
        stack.enter_context(_sailing(fleet))
        processes = stack.enter_context(_started(kafka))
        alone = _watched(processes, viewers, seconds, 0)
        beside = _watched(processes, viewers, seconds, _STALLED)
        rows, notes = [alone[0], beside[0]], [*alone[1], *beside[1]]
        row, note = _drawn(processes, home)
        return Measured(
            input=f"{ships:,} ships, each every {EVERY_S:.0f} s, {cases} open cases, {viewers} pages",
            rows=(*rows, *([row] if row else [])),
            processes=(
                Process("console", processes.cpu_s()[0]),
                Process("traffic, with reading the log at its start", processes.cpu_s()[1]),
            ),
            notes=(*notes, note),
        )


@contextmanager
def _kafka(home: Path) -> Iterator[KafkaSettings]:
    broker = embedded.start(home / "kafka", port=0, die_with_parent=True)
    try:
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=_PARTITIONS)
        client = clients.admin(kafka)
        create_missing(client, kafka)
        client.close()
        yield kafka
    finally:
        embedded.stop(home / "kafka")


@contextmanager
def _sailing(fleet: MovingShips) -> Iterator[None]:
    stop = Event()
    thread = Thread(target=fleet.sail, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _started(kafka: KafkaSettings) -> Iterator[_Processes]:
    ports = free_port(), free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WAKEWATCH_")},
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "WAKEWATCH_CONSOLE_TRAFFIC_URL": f"http://127.0.0.1:{ports[1]}",
    }
    made = []
    try:
        for name, port in zip(("console", "traffic"), ports, strict=True):
            tied = [sys.executable, str(kill_with_parent.__file__), str(os.getpid())]
            call = [*tied, sys.executable, "-m", "streams", name, "--port", str(port)]
            made.append(subprocess.Popen(call, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for port in ports:
            _await_ready(f"http://127.0.0.1:{port}/readyz")
        yield _Processes(made[0], made[1], f"http://127.0.0.1:{ports[0]}")
    finally:
        for process in made:
            process.terminate()
            process.wait()


def _await_ready(url: str) -> None:
    deadline = time.monotonic() + _BEGIN_S
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - our own process
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise WakewatchError(f"{url} was not ready within {_BEGIN_S:.0f} s")


def _open_cases(kafka: KafkaSettings, count: int) -> None:
    sender, now = clients.producer(kafka, linger_ms=50), rfc3339(int(time.time() * 1000))
    for number in range(count):
        mmsi = FIRST_MMSI + 97 * number
        alert = Alert(
            id=f"{number:032x}",
            revision=1,
            status="opened",
            detector="gap",
            rule_version=1,
            severity=("page", "ticket")[number % 5 > 0],
            subject=f"mmsi/{mmsi}",
            case_id=f"mmsi/{mmsi}",
            mmsi=mmsi,
            vessel=Vessel(name=f"BENCH {mmsi}"),
            headline=f"BENCH {mmsi} silent 1 h",
            episode_start=now,
            time=now,
            position=Position(lat_deg=number % 100 - 50.0, lon_deg=number * 7 % 350 - 175.0, time=now),
        )
        sender.send(kafka.topic_prefix + ALERTS, key=alert.subject.encode(), value=encode(alert))
        sender.send(kafka.topic_prefix + ALERT_STATE, key=alert.id.encode(), value=encode(alert))
    sender.close()


def _watched(processes: _Processes, viewers: int, seconds: float, stalled: int) -> tuple[Row, list[str]]:
    before, began_s = processes.cpu_s(), time.monotonic()
    times = asyncio.run(watch(processes.url, viewers, seconds, stalled))
    took_s, after = time.monotonic() - began_s, processes.cpu_s()
    name = f"{viewers} pages" + (f", {2 * stalled} connections that are not read" if stalled else "")
    figures = [
        Figure("console % of a core", 100 * (after[0] - before[0]) / took_s),
        Figure("traffic % of a core", 100 * (after[1] - before[1]) / took_s),
        *_quantiles(times, "vessels"),
        *_quantiles(times, "cases"),
        Figure("MB/s sent", times.bytes / took_s / 1e6),
    ]
    return Row(name, tuple(figures)), [f"{times.failed} questions failed with {name}"]


def _quantiles(times: ViewerTimes, what: str) -> Iterator[Figure]:
    took = sorted(times.took_s[what]) or [float("nan")]
    for share in (50, 95):
        yield Figure(f"{what} p{share} ms", 1000 * took[min(len(took) - 1, len(took) * share // 100)])


def _drawn(processes: _Processes, home: Path) -> tuple[Row | None, str]:
    if chromium() is None:
        return None, "no Chromium is installed: no frames were measured"
    made = asyncio.run(frames(f"{processes.url}/#at=35,130,5", home / "profile"))
    took = sorted(made.times_ms)
    shares = [
        *(Figure(f"frame p{share} ms", took[len(took) * share // 100]) for share in (50, 95)),
        Figure("page CPU ms a frame", made.page_cpu_ms),
        Figure("browser CPU ms a frame", made.browser_cpu_ms),
    ]
    said = made.notes.replace("\n", " ") or "nothing"
    return Row("a browser without a graphics card, beside the load", tuple(shares)), f"the page reports: {said}"
