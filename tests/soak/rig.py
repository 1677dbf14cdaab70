"""The processes of a soak, what they are given, and what is sampled of them."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Final, NamedTuple

from streams.broker import embedded
from streams.broker.clients import admin
from streams.broker.node import free_port
from streams.messages.topics import create_missing
from streams.settings.model import KafkaSettings
from tests.ops.programs import Receiver, until
from tests.soak import growth, recorded, traffic
from tests.soak.readers import Readers

_WAKEWATCH: Final = [sys.executable, "-c", "from streams.cli import main; main()"]
_SAMPLE_S: Final = 2.0
_IMPORT_S: Final = 60.0
_STOP_S: Final = 45.0
_PATIENCE_S: Final = 600.0
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
vessels_most = {fleet}
dropped_most = {fleet}
[detectors.identity_change]
ships_most = {fleet}
[ingest]
identity_pairs_most = {pairs}
[traffic]
vessels_most = {fleet}
track_points_most = 65536
"""
_PAIRS_LEAST: Final = 1000
FLEET: Final = 4000
"""So many vessels are held: their number is reached after two minutes."""
_KEPT_H: Final = 0.05


class Soak:
    """The processes and what is sampled of them. A context manager: nothing stays behind."""

    def __init__(
        self, home: Path, fleet: int = FLEET, broker: embedded.Broker | None = None, lap_s: float = traffic.LAP_S
    ) -> None:
        self.home, self._fleet, self._stack, self._broker, self._lap_s = home, fleet, ExitStack(), broker, lap_s
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.samples: dict[str, list[growth.Sample]] = defaultdict(list)
        self.topics: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.imports = self.failed_imports = 0
        self.sent: dict[str, int] = {}
        self.import_said = ""
        self._stop = Event()

    def __enter__(self) -> Soak:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self) -> None:
        broker = self._broker
        if broker is None:
            broker = embedded.start(self.home / "kafka", port=0, die_with_parent=True)
            self._stack.callback(embedded.stop, self.home / "kafka")
        self._broker_pid, self._broker_home = broker.pid, Path(broker.data_dir)
        self.kafka = KafkaSettings(
            bootstrap_servers=broker.bootstrap_servers,
            topic_prefix=f"soak{uuid.uuid4().hex[:6]}.",
            partitions=2,
            sentences_kept_h=_KEPT_H,
        )
        client = admin(self.kafka)
        create_missing(client, self.kafka)
        client.close()
        self.receiver = Receiver()
        self._stack.callback(self.receiver.close)
        self._air = {name: socket.create_server(("127.0.0.1", 0)) for name in _SOURCES}
        for air in self._air.values():
            air.settimeout(_PATIENCE_S)
            self._stack.callback(air.close)
        (self.home / "wakewatch.toml").write_text(
            _SETTINGS.format(fleet=self._fleet, pairs=max(_PAIRS_LEAST, self._fleet))
        )
        self._begin()
        self._lines = {name: air.accept()[0] for name, air in self._air.items()}
        for line in self._lines.values():
            self._stack.callback(line.close)
        until(self.readers.ready, _PATIENCE_S, "an answer from every process")

    def _begin(self) -> None:
        ports = {name: free_port() for name in ("rows", "console", "ingest", "detect", "notify", "traffic")}
        own = {f"WAKEWATCH_{n.upper()}_METRICS_PORT": str(ports[n]) for n in ("ingest", "notify")}
        own["WAKEWATCH_WORKER_METRICS_PORT"] = str(ports["detect"])
        own["WAKEWATCH_CONSOLE_TRAFFIC_URL"] = f"http://127.0.0.1:{ports['traffic']}"
        self.readers = Readers(
            ports["console"], ports["rows"], {n: ports[n] for n in ("ingest", "detect", "notify", "traffic")}
        )
        for name, call in {
            "detect": ["detect", "--no-supervise"],
            "notify": ["notify", "--webhook-url", f"{self.receiver.url}/hook"],
            "rows": ["grafana-datasource", "--port", str(ports["rows"])],
            "console": ["console", "--port", str(ports["console"])],
            "traffic": ["traffic", "--port", str(ports["traffic"])],
            "alerts --follow": ["alerts", "--follow"],
            "ingest": ["ingest", *(f"{n}=tcp://127.0.0.1:{a.getsockname()[1]}" for n, a in self._air.items())],
        }.items():
            with self.log_of(name).open("wb") as log:
                environ = {**self._environ(), **own}
                self.watch(name, subprocess.Popen([*_WAKEWATCH, *call], env=environ, stdout=log, stderr=log))

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

    def watch(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Samples another process too; ends it with the others."""
        self.processes[name] = process
        self._stack.callback(self._end, name)

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
                traffic.pace(began_s, sent, source.lines, self._lap_s)

    def _import(self) -> None:
        path = self.home / "soak.csv"
        while not self._stop.wait(_IMPORT_S / 3):
            traffic.watchlist(int(self.imports * _IMPORT_S / self._lap_s), path)
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
                log = self.log_of(name)
                words = log.read_text(errors="replace")[-_WORDS:] if log.exists() else ""
                raise SystemExit(f"{name} ended with {process.returncode}: {words}")
            self._note(name, process.pid, at_s)
        self._note("kafka", self._broker_pid, at_s)
        for topic, size in growth.topic_bytes(self._broker_home, self.kafka.topic_prefix).items():
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
