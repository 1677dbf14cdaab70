"""``python -m tests.soak --minutes N``: nothing grows. Exit code 1 when something does, or when a process ends.

A real Kafka, ingest, a worker, the notifier, the console, rows and ``alerts --follow`` run on traffic in which all
ships are new every 30 s, with another watchlist imported every minute. Every two seconds the memory, descriptors and
threads of each process are sampled, and the bytes of the topics. Printed are means and slopes with their errors.
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
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Final

from rich.console import Console
from rich.table import Table

from streams.broker import embedded
from streams.broker.clients import admin
from streams.broker.node import free_port
from streams.settings import KafkaSettings
from streams.topics import create_missing
from tests.ops.programs import Receiver, until
from tests.soak import growth, traffic

_WAKEWATCH: Final = [sys.executable, "-c", "from streams.cli import main; main()"]
_SAMPLE_S: Final = 2.0
_IMPORT_S: Final = 60.0
_STOP_S: Final = 45.0
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
        self.topic_bytes: list[tuple[float, float]] = []
        self.imports = self.failed_imports = self.sent = 0
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
        self._air = socket.create_server(("127.0.0.1", 0))
        self._stack.callback(self._air.close)
        (self.home / "wakewatch.toml").write_text(_SETTINGS)
        self._begin()
        self._line, _ = self._air.accept()
        self._stack.callback(self._line.close)
        return self

    def _begin(self) -> None:
        rows, console = free_port(), free_port()
        for name, call in {
            "detect": ["detect", "--no-supervise"],
            "notify": ["notify", "--webhook-url", f"{self.receiver.url}/hook"],
            "rows": ["rows", "--port", str(rows)],
            "console": ["console", "--port", str(console)],
            "alerts --follow": ["alerts", "--follow"],
            "ingest": ["ingest", f"pier=tcp://127.0.0.1:{self._air.getsockname()[1]}"],
        }.items():
            with (self.home / f"{name.split()[0]}.log").open("wb") as log:
                self.processes[name] = subprocess.Popen(
                    [*_WAKEWATCH, *call], env=self._environ(), stdout=log, stderr=log
                )
            self._stack.callback(self._end, name)

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
        threads = [Thread(target=work, daemon=True) for work in (self._talk, self._import)]
        for thread in threads:
            thread.start()
        began_s = time.monotonic()
        while (passed_s := time.monotonic() - began_s) < seconds:
            self._look(passed_s)
            time.sleep(_SAMPLE_S)
        self._stop.set()
        for thread in threads:
            thread.join(_STOP_S)

    def _talk(self) -> None:
        began_s = time.monotonic()
        for lap in itertools.count():
            for line in traffic.lines(lap):
                if self._stop.is_set():
                    return
                self._line.sendall(line)
                self.sent += 1
                traffic.pace(began_s, self.sent)

    def _import(self) -> None:
        path = self.home / "soak.csv"
        while not self._stop.wait(_IMPORT_S / 3):
            traffic.watchlist(int(self.imports * _IMPORT_S / traffic.LAP_S), path)
            call = [*_WAKEWATCH, "watchlist", "import", "--yes", str(path)]
            done = subprocess.run(call, env=self._environ(), capture_output=True, check=False)
            self.imports += 1
            self.failed_imports += done.returncode != 0
            self._stop.wait(_IMPORT_S * 2 / 3)

    def _look(self, at_s: float) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise SystemExit(
                    f"{name} ended with {process.returncode}; its log is {self.home}/{name.split()[0]}.log"
                )
            self._note(name, process.pid, at_s)
        self._note("kafka", self._broker_pid, at_s)
        written = sum(file.stat().st_size for file in (self.home / "kafka").rglob("*.log") if file.exists())
        self.topic_bytes.append((at_s, written / 1e6))

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
    topics = growth.trend(soak.topic_bytes)
    table.add_row("topics", "MB on disk", f"{topics.mean:,.1f}", f"{topics.slope_per_hour:+,.1f}",
                  f"{topics.error_per_hour:,.1f}", "")  # fmt: skip
    out.print(table)
    out.print(f"{soak.sent:,} lines sent, {soak.imports} imports ({soak.failed_imports} failed), "
              f"{len(soak.receiver.got)} posts to the webhook")  # fmt: skip
    return growing


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
    if soak.failed_imports or not soak.receiver.got:
        out.print("an import failed, or no alert ever reached the webhook")
        return 1
    if growing:
        out.print("grows: " + "; ".join(growing))
        return 1
    out.print("nothing grows")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
