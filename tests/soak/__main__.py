"""``python -m tests.soak --minutes N``: nothing grows. Exit code 1 when something does, or when a process ends.

A real Kafka, ingest, a worker, the notifier, the console, rows and ``alerts --follow`` run on traffic in which all
ships are new every 30 s, recordings under fresh MMSIs among it, with another watchlist imported every minute, while
the console's page and stream, Grafana's tables and all metrics are asked for. Every two seconds the memory,
descriptors and threads of each process are sampled, and the bytes of the topics. Printed are means and slopes with
their errors.
"""

from __future__ import annotations

import argparse
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from streams.broker import embedded
from streams.broker.clients import admin
from streams.broker.node import free_port
from streams.settings import KafkaSettings
from streams.topics import create_missing
from tests.ops.programs import Receiver, until
from tests.soak import growth, recorded, traffic
from tests.soak.readers import Readers

_WAKEWATCH: Final = [sys.executable, "-c", "from streams.cli import main; main()"]
_SAMPLE_S: Final = 2.0
_IMPORT_S: Final = 60.0
_STOP_S: Final = 45.0
_WORDS: Final = 2000
_MB: Final = 1e6


class _Source(NamedTuple):
    """What a source sends: its laps, of so many lines each."""

    lap: Callable[[int], Iterable[bytes]]
    lines: int


_SOURCES: Final = {"pier": _Source(traffic.lines, traffic.LINES)} | (
    {"quay": _Source(recorded.lap, len(recorded.sentences()))} if recorded.sentences() else {}
)
_SETTINGS: Final = """
[fleet]
vessels_most = 4000
dropped_most = 4000
[detectors.identity_change]
ships_most = 2000
[kafka]
sentences_kept_h = 0.05
"""


class Soak:
    """The processes and what is sampled of them. A context manager: nothing stays behind."""

    def __init__(self, home: Path) -> None:
        self.home, self._stack = home, ExitStack()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.samples: dict[str, list[growth.Sample]] = defaultdict(list)
        self.topics: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.imports = self.failed_imports = 0
        self.sent: dict[str, int] = {}
        self.import_said = ""
        self._stop = Event()

    def __enter__(self) -> Soak:
        broker = embedded.start(self.home / "kafka", port=0, die_with_parent=True)
        self._stack.callback(embedded.stop, self.home / "kafka")
        self._broker_pid = broker.pid
        self.kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic_prefix="soak.", partitions=2)
        client = admin(self.kafka)
        create_missing(client, self.kafka)
        client.close()
        self.receiver = Receiver()
        self._stack.callback(self.receiver.close)
        self._air = {name: socket.create_server(("127.0.0.1", 0)) for name in _SOURCES}
        for air in self._air.values():
            self._stack.callback(air.close)
        (self.home / "wakewatch.toml").write_text(_SETTINGS)
        self._begin()
        self._lines = {name: air.accept()[0] for name, air in self._air.items()}
        for line in self._lines.values():
            self._stack.callback(line.close)
        return self

    def _begin(self) -> None:
        ports = {name: free_port() for name in ("rows", "console", "ingest", "detect", "notify")}
        own = {f"WAKEWATCH_{n.upper()}_METRICS_PORT": str(ports[n]) for n in ("ingest", "notify")}
        own["WAKEWATCH_WORKER_METRICS_PORT"] = str(ports["detect"])
        self.readers = Readers(ports["console"], ports["rows"], {n: ports[n] for n in ("ingest", "detect", "notify")})
        for name, call in {
            "detect": ["detect", "--no-supervise"],
            "notify": ["notify", "--webhook-url", f"{self.receiver.url}/hook"],
            "rows": ["rows", "--port", str(ports["rows"])],
            "console": ["console", "--port", str(ports["console"])],
            "alerts --follow": ["alerts", "--follow"],
            "ingest": ["ingest", *(f"{n}=tcp://127.0.0.1:{a.getsockname()[1]}" for n, a in self._air.items())],
        }.items():
            with self.log_of(name).open("wb") as log:
                self.processes[name] = subprocess.Popen(
                    [*_WAKEWATCH, *call], env={**self._environ(), **own}, stdout=log, stderr=log
                )
            self._stack.callback(self._end, name)

    def log_of(self, name: str) -> Path:
        """What a process printed."""
        return self.home / f"{name.split(maxsplit=1)[0]}.log"

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAKEWATCH_")}
        return {
            **kept,
            "WAKEWATCH_SETTINGS": str(self.home / "wakewatch.toml"),
            "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "WAKEWATCH_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "WAKEWATCH_KAFKA_PARTITIONS": str(self.kafka.partitions),
            "WAKEWATCH_WORKER_DATA_DIR": str(self.home / "worker"),
            "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": "5",
        }

    def run(self, seconds: float) -> None:
        """Traffic, imports and samples for so long."""
        works = [partial(self._talk, name) for name in _SOURCES]
        works += [self._import, partial(self.readers.run, self._stop)]
        threads = [Thread(target=work, daemon=True) for work in works]
        for thread in threads:
            thread.start()
        began_s = time.monotonic()
        while (passed_s := time.monotonic() - began_s) < seconds:
            self._look(passed_s)
            time.sleep(_SAMPLE_S)
        self._stop.set()
        for thread in threads:
            thread.join(_STOP_S)

    def _talk(self, name: str) -> None:
        began_s, sent, source = time.monotonic(), 0, _SOURCES[name]
        for lap in itertools.count():
            for line in source.lap(lap):
                if self._stop.is_set():
                    return
                self._lines[name].sendall(line)
                sent += 1
                self.sent[name] = sent
                traffic.pace(began_s, sent, source.lines)

    def _import(self) -> None:
        path = self.home / "soak.csv"
        while not self._stop.wait(_IMPORT_S / 3):
            traffic.watchlist(int(self.imports * _IMPORT_S / traffic.LAP_S), path)
            call = [*_WAKEWATCH, "watchlist", "import", "--yes", str(path)]
            done = subprocess.run(call, env=self._environ(), capture_output=True, check=False)
            self.imports += 1
            if done.returncode != 0:
                self.failed_imports += 1
                self.import_said = (done.stdout + done.stderr).decode(errors="replace")[-_WORDS:]
            self._stop.wait(_IMPORT_S * 2 / 3)

    def _look(self, at_s: float) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                words = self.log_of(name).read_text(errors="replace")[-_WORDS:]
                raise SystemExit(f"{name} ended with {process.returncode}: {words}")
            self._note(name, process.pid, at_s)
        self._note("kafka", self._broker_pid, at_s)
        for topic, size in growth.topic_bytes(self.home / "kafka", self.kafka.topic_prefix).items():
            self.topics[topic].append((at_s, size / _MB))

    def _note(self, name: str, pid: int, at_s: float) -> None:
        found = growth.sample(pid, at_s)
        if found:
            self.samples[name].append(found)

    def _end(self, name: str) -> None:
        process = self.processes[name]
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._stack.close()


def report(soak: Soak, out: Console) -> list[str]:
    """Prints the table; returns what grows."""
    table = Table("process", "figure", "mean", "slope an hour", "+/-", "verdict")
    growing = []
    for name, samples in soak.samples.items():
        for at, (figure, least) in enumerate(growth.LEAST.items(), 1):
            found = growth.trend([(one.at_s, float(one[at])) for one in samples])
            grows = found.grows(least) and name != "kafka"  # the JVM's heap is its own affair
            growing += [f"{name}: {figure}"] if grows else []
            table.add_row(name, figure, f"{found.mean:,.1f}", f"{found.slope_per_hour:+,.1f}",
                          f"{found.error_per_hour:,.1f}", "GROWS" if grows else "")  # fmt: skip
    for topic, sizes in sorted(soak.topics.items()):
        found = growth.trend(sizes)
        table.add_row(topic, "MB on disk", f"{found.mean:,.1f}", f"{found.slope_per_hour:+,.1f}",
                      f"{found.error_per_hour:,.1f}", "")  # fmt: skip
    out.print(table)
    lines, asked = sum(soak.sent.values()), soak.readers.asked.total()
    out.print(
        f"{lines:,} lines sent by {len(soak.sent)} sources, {soak.imports} imports ({soak.failed_imports} failed), "
        f"{len(soak.receiver.got)} posts to the webhook, {asked:,} questions asked ({soak.readers.failed()} failed)"
    )
    for query, most in soak.readers.most.items():
        out.print(f"at most {most:,} rows of {query}")
    return growing


def shortcomings(soak: Soak) -> list[str]:
    """What did not run as it should have: a soak of idle processes shows nothing."""
    found = {
        f"{soak.failed_imports} of {soak.imports} imports failed: {soak.import_said}": soak.failed_imports > 0,
        "nothing was imported": soak.imports == 0,
        "no alert reached the webhook": not soak.receiver.got,
        f"questions failed: {dict(soak.readers.asked)}": soak.readers.failed() > 0,
        "no table showed a row": not any(soak.readers.most.values()),
    }
    return [words for words, true in found.items() if true]


def main() -> int:
    """See the module."""
    asked = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    asked.add_argument("--minutes", type=float, default=20.0)
    minutes = asked.parse_args().minutes
    out = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="wakewatch-soak-") as home, Soak(Path(home)) as soak:
        until(lambda: all(one.poll() is None for one in soak.processes.values()), what="all processes")
        soak.run(minutes * 60)
        growing = report(soak, out)
    wrong = shortcomings(soak)
    if wrong:
        out.print("did not do its work: " + "; ".join(wrong))
        return 1
    if growing:
        out.print("grows: " + "; ".join(growing))
        return 1
    out.print("nothing grows")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
