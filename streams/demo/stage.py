"""The demonstration's processes: its own Kafka, a supervised worker, the notifier's dry run, ingest.

Everything is in a folder that is removed at the end; every process is tied to ours and dies with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from streams.broker import embedded, kill_with_parent
from streams.broker.clients import admin
from streams.broker.node import free_port
from streams.errors import WakewatchError
from streams.messages.topics import create_missing
from streams.settings.model import KafkaSettings

_STOP_S: Final = 15.0
_LOOK_S: Final = 0.1
_READY_S: Final = 180.0  # a busy machine starts Java slowly
_SNAPSHOT_S: Final = "10"
_WORDS_BYTES: Final = 2000


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """The port of each process: /metrics of the worker and of ingest, the page, and the vessels of its map."""

    worker: int
    ingest: int
    console: int
    traffic: int


class Stage:
    """Processes by name. Call from the main thread: they live no longer than the thread that started them."""

    def __init__(self, home: Path, settings: Path | None, servers: str | None) -> None:
        self.home = home
        self._own_broker = servers is None
        self._environ = {**os.environ, **({"WAKEWATCH_SETTINGS": str(settings.absolute())} if settings else {})}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []
        self.ports = Ports(worker=free_port(), ingest=free_port(), console=free_port(), traffic=free_port())
        self.servers = servers or ""

    def open(self, kafka: KafkaSettings) -> KafkaSettings:
        """Starts Kafka, unless servers were given; creates the topics. Returns its address. Raises WakewatchError."""
        if self._own_broker:
            broker = embedded.start(self.home / "kafka", port=0, die_with_parent=True)
            self.servers = broker.bootstrap_servers
        there = msgspec.structs.replace(kafka, bootstrap_servers=self.servers)
        client = admin(there)
        try:
            create_missing(client, there)
        finally:
            client.close()
        return there

    def detect(self) -> None:
        """The worker under its supervisor."""
        extra = {"WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": _SNAPSHOT_S} if self._own_broker else {}
        self._start("detect", ["--metrics", str(self.ports.worker), "--data-dir", str(self.home / "worker")], extra)

    def notify(self) -> IO[bytes]:
        """The notifier's dry run; returns the notices that it prints, JSON lines."""
        self._start("notify", ["--dry-run", "--include-replayed", "--json"], pipe=True)
        notices = self._processes["notify"].stdout
        assert notices is not None  # requested above
        return notices

    def ingest(self, feeds: Sequence[str], *words: str) -> None:
        """Reads feeds into the log."""
        self._start("ingest", [*feeds, *words, "--metrics", str(self.ports.ingest)])

    def console(self) -> None:
        """The map page, and the process that knows all vessels."""
        self._start("traffic", ["--port", str(self.ports.traffic)])
        where = {"WAKEWATCH_CONSOLE_TRAFFIC_URL": f"http://127.0.0.1:{self.ports.traffic}"}
        self._start("console", ["--port", str(self.ports.console)], where)

    def until(self, done: Callable[[], bool], what: str, wait_s: float = _READY_S) -> None:
        """Waits for ``done``. Raises WakewatchError if it does not come or a process has ended with an error."""
        deadline = time.monotonic() + wait_s
        while not done():
            self.check()
            if time.monotonic() > deadline:
                raise WakewatchError(f"{what}: not within {wait_s:.0f} s; {self.words('detect')}")
            time.sleep(_LOOK_S)

    def check(self) -> None:
        """Raises WakewatchError if a process has failed."""
        for name, process in self._processes.items():
            if process.poll() not in (None, 0):
                raise WakewatchError(f"{name} ended with exit code {process.returncode}: {self.words(name)}")

    def has(self, name: str) -> bool:
        """Whether there is such a process."""
        return name in self._processes

    def ended(self, name: str) -> bool:
        """Whether a process has ended."""
        return self._processes[name].poll() is not None

    def words(self, name: str) -> str:
        """The last output of a process."""
        try:
            said = (self.home / f"{name}.log").read_bytes()[-_WORDS_BYTES:].decode(errors="replace").strip()
        except OSError:
            said = ""
        return said.splitlines()[-1] if said else "it wrote no message"

    def close(self) -> None:
        """Ends all: readers first, Kafka last."""
        for name in reversed(list(self._processes)):
            self._end(self._processes.pop(name))
        for log in self._logs:
            log.close()
        if self._own_broker:
            embedded.stop(self.home / "kafka")

    def _start(self, name: str, words: list[str], extra: Mapping[str, str] = {}, *, pipe: bool = False) -> None:
        log = (self.home / f"{name}.log").open("ab")
        self._logs.append(log)
        tied = [sys.executable, str(kill_with_parent.__file__), str(os.getpid())]
        call = [*tied, sys.executable, "-m", "streams", name, *words, "--bootstrap-servers", self.servers]
        self._processes[name] = subprocess.Popen(
            call,
            env={**self._environ, **extra},
            stdin=subprocess.DEVNULL,
            stderr=log,
            stdout=subprocess.PIPE if pipe else log,
            start_new_session=True,  # Ctrl-C is ours to pass on, in order
        )

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
