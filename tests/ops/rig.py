"""The operations room in small: real Kafka, ingest, worker, notifier, rows, Prometheus, Alertmanager, a receiver."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from streams.broker import embedded
from streams.broker.clients import admin, producer
from streams.broker.node import free_port
from streams.messages.topics import SENTENCES, create_missing
from streams.settings.model import KafkaSettings
from tests.ops import feed
from tests.ops.programs import PATIENCE_S, Alertmanager, Prometheus, Receiver, until

WAKEWATCH = (sys.executable, "-c", "from streams.cli import main; main()")
_STOP_S = 40.0
_BEGINS_S = 300.0
_BEAT_S = 0.25


class Ours:
    """One wakewatch process; it must end with 0 when asked to."""

    def __init__(
        self, name: str, call: list[str], environ: Mapping[str, str], home: Path, program: Sequence[str] = WAKEWATCH
    ) -> None:
        self.name, self._log = name, home / f"{name}.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen([*program, *call], env=dict(environ), stdout=log, stderr=log)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise

    def words(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]

    def events(self, event: str) -> list[dict[str, Any]]:
        """The lines of its log that tell of this, parsed."""
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.startswith("{")]
        return [found for found in map(json.loads, lines) if found.get("event") == event]


class Rig:
    """See the module. A context manager: whatever happens, nothing stays behind."""

    scraped: tuple[str, ...] = ("ingest", "detect", "notify", "match", "traffic")
    """Processes that Prometheus asks."""

    def __init__(self, home: Path, prometheus: str, alertmanager: str) -> None:
        self.home, self._stack = home, ExitStack()
        self._programs = (prometheus, alertmanager)
        self.ours: dict[str, Ours] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        self._start_kafka()
        self.receiver = Receiver()
        self._stack.callback(self.receiver.close)
        self.alertmanager = Alertmanager(self.home, self.receiver, self._programs[1])
        self._stack.callback(self.alertmanager.close)
        self.ports = {name: free_port() for name in (*self.scraped, "rows")}
        self._start_ours()
        self.began_s = time.time()
        jobs = {f"wakewatch-{name}": [self.ports[name]] for name in self.scraped}
        self.prometheus = Prometheus(self.home, jobs, self.alertmanager.port, self._programs[0])
        self._stack.callback(self.prometheus.close)
        up = 'up{job=~"wakewatch-.*"} == 1'
        until(lambda: len(self.prometheus.query(up)) == len(self.scraped), _BEGINS_S, "all processes")
        until(lambda: self.prometheus.query("wakewatch_lag_records"), _BEGINS_S, "partitions taken over")

    def _start_kafka(self) -> None:
        broker = embedded.start(self.home / "kafka", port=0, die_with_parent=True)
        self._stack.callback(embedded.stop, self.home / "kafka")
        self.kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic_prefix=f"o{uuid.uuid4().hex[:6]}.")
        client = admin(self.kafka)
        create_missing(client, self.kafka)
        client.close()

    def _start_ours(self) -> None:
        self._air = socket.create_server(("127.0.0.1", 0))
        self._air.settimeout(PATIENCE_S)
        self._stack.callback(self._air.close)
        self.begin("detect", ["detect"])
        self.begin("notify", ["notify"])
        if "match" in self.scraped:
            self.begin("match", ["imagery", "match", "--metrics", str(self.ports["match"])])
        if "traffic" in self.scraped:
            self.begin("traffic", ["traffic", "--port", str(self.ports["traffic"])])
        self.begin("rows", ["grafana-datasource", "--port", str(self.ports["rows"])])
        self.begin("ingest", ["ingest", f"pier=tcp://127.0.0.1:{self._air.getsockname()[1]}"])
        self._line, _ = self._air.accept()
        self._stack.callback(self._line.close)
        # At once: the first tick says that all up to now has been heard, and coverage takes in nothing older.
        self.say(feed.past(int(time.time())))

    def begin(self, name: str, call: list[str], program: Sequence[str] = WAKEWATCH) -> Ours:
        """Starts one of ours; it is ended with the rig."""
        ours = self.ours[name] = Ours(name, call, self.environ(), self.home, program)
        self._stack.callback(ours.close)
        return ours

    @property
    def rows_port(self) -> int:
        """Where alert rows are asked for."""
        return self.ports["rows"]

    def environ(self) -> dict[str, str]:
        """What all of ours are told."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("WAKEWATCH_")},
            "PYTHONUNBUFFERED": "1",
            "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "WAKEWATCH_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "WAKEWATCH_WORKER_APP_ID": f"{self.kafka.topic_prefix}app",
            "WAKEWATCH_WORKER_DATA_DIR": str(self.home / "worker"),
            "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": "1",
            "WAKEWATCH_WORKER_SESSION_TIMEOUT_S": "6",
            "WAKEWATCH_WORKER_INSTANCE_ID": "room",
            "WAKEWATCH_WORKER_METRICS_PORT": str(self.ports["detect"]),
            "WAKEWATCH_INGEST_METRICS_PORT": str(self.ports["ingest"]),
            "WAKEWATCH_NOTIFY_METRICS_PORT": str(self.ports["notify"]),
            "WAKEWATCH_NOTIFY_ALERTMANAGER_URL": self.alertmanager.url,
            "WAKEWATCH_NOTIFY_RESEND_EVERY_S": "2",
        }

    def say(self, piece: bytes) -> None:
        """Sends what was heard."""
        self._line.sendall(piece)

    def live(self, seconds: float, *, angara: bool) -> None:
        """Lets the ships send, four times a second."""
        until_s = time.time() + seconds
        while time.time() < until_s:
            self.say(feed.now(time.time(), angara=angara))
            time.sleep(_BEAT_S)

    def say_of(self, alert_id: str, *words: str) -> None:
        """What a person says of an alert: ``wakewatch alerts WORDS ID``."""
        verb, *more = words
        call = [*WAKEWATCH, "alerts", verb, alert_id, *more]
        subprocess.run(call, env=self.environ(), check=True, timeout=PATIENCE_S, capture_output=True)

    def stranger(self) -> None:
        """Somebody else writes a sentence to our log, in a transaction: its end takes an offset that has no record."""
        sender = producer(self.kafka, transactional_id=f"{self.kafka.topic_prefix}stranger")
        sender.init_transactions()
        sender.begin_transaction()
        first = feed.now(time.time(), angara=False).partition(b"\n")[0]
        sender.send(self.kafka.topic_prefix + SENTENCES, value=first, partition=0)
        sender.commit_transaction()
        sender.close()

    def kill_worker(self) -> None:
        """With -9: its supervisor, which is what `wakewatch detect` is, must start it again."""
        detect = self.ours["detect"].process.pid
        (worker,) = Path(f"/proc/{detect}/task/{detect}/children").read_text().split()
        os.kill(int(worker), signal.SIGKILL)

    def pages(self) -> list[dict[str, Any]]:
        """What the people on call were sent, oldest first."""
        return [body for path, _, body in self.receiver.got if path == "/page"]
