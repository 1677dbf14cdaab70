"""Workers as processes of their own, on topics of their own; waited for by what they do, never by the clock."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Event
from urllib.request import urlopen

import msgspec
import pytest

from detectors.core.alert import Alert, encode
from detectors.core.engine.alert_writer import Emitted
from streams.broker.clients import admin
from streams.broker.reading import read
from streams.ingest.model import SourceKind
from streams.ingest.run import IngestPlan
from streams.ingest.run import run as ingest
from streams.messages.topics import create_missing
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference import load_reference
from streams.settings.model import KafkaSettings, Settings

Key = tuple[str, int, str]
PATIENCE_S = 120.0  # far more than it takes; a machine that has other work takes ten times as long
MODULE = ("-m", "streams.worker")


def key_of(value: bytes) -> Key:
    """What must be the same: id, revision, and every byte."""
    alert = msgspec.json.decode(value, type=Alert)
    return alert.id, alert.revision, hashlib.sha256(value).hexdigest()


class Worker:
    """One process; ``call`` is what follows the interpreter."""

    def __init__(self, kafka: KafkaSettings, home: Path, call: Sequence[str] = MODULE, **more: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._log = home / f"worker-{uuid.uuid4().hex[:8]}.log"
        environ = {
            **os.environ,
            "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
            "WAKEWATCH_KAFKA_PARTITIONS": str(kafka.partitions),
            "WAKEWATCH_WORKER_APP_ID": f"{kafka.topic_prefix}app",
            "WAKEWATCH_WORKER_INSTANCE_ID": "one",
            "WAKEWATCH_WORKER_DATA_DIR": str(home / "data"),
            "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": "0.4",
            "WAKEWATCH_WORKER_SESSION_TIMEOUT_S": "30",
            **more,
        }
        with self._log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, *call], env=environ, stdout=log, stderr=log)

    def said(self) -> str:
        """Everything on its outputs."""
        return self._log.read_text(errors="replace")

    def until(self, done: Callable[[], bool]) -> None:
        """Waits; a worker that ended meanwhile, or patience that ends, fails the test with its last words."""
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.said()[-3000:]}"
            assert time.monotonic() < deadline, f"waited in vain: {self.said()[-3000:]}"
            time.sleep(0.05)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and returns the exit code. One that is to end in good order must have begun."""
        if sign != signal.SIGKILL:
            self.until(lambda: "partitions taken over" in self.said())
        self.process.send_signal(sign)
        return self.process.wait(PATIENCE_S)

    def ends(self) -> int:
        """The exit code, once it ends by itself."""
        return self.process.wait(PATIENCE_S)


StartWorker = Callable[..., Worker]


def shown_by(port: int) -> str:
    """What a worker serves as metrics."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Starts workers; none outlives the test."""
    started: list[Worker] = []

    def start(kafka: KafkaSettings, call: Sequence[str] = MODULE, **more: str) -> Worker:
        worker = Worker(kafka, tmp_path / kafka.topic_prefix, call, **more)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.wait()


def written(kafka: KafkaSettings) -> list[Key]:
    """The alert topic, as it stands."""
    return [key_of(record.value) for record in read(kafka, "ais.alerts.v1") if record.value]


def make_topics(kafka: KafkaSettings) -> None:
    client = admin(kafka)
    create_missing(client, kafka)
    client.close()


def send(kafka: KafkaSettings, feed: bytes, home: Path, pack: int = 1000) -> None:
    """Makes the topics and ingests ``feed`` as a file."""
    make_topics(kafka)
    path = home / "feed.nmea"
    path.write_bytes(feed)
    settings = Settings(kafka=kafka)
    settings = msgspec.structs.replace(settings, ingest=msgspec.structs.replace(settings.ingest, pack_sentences=pack))
    ingest(IngestPlan(urls=(f"file:{path}",)), settings, Event())


def alerts_in_process(feed: bytes, partitions: int) -> list[Alert]:
    """What ``replay`` gives, in order."""
    pipeline = InProcessPipeline(Settings(), load_reference(Settings().reference), partitions)
    plan = ReplayPlan(source="feed", partitions=partitions, source_kind=SourceKind(replayed=True))
    items = play([io.BytesIO(feed)], plan, pipeline, Settings())
    return [item.alert for item in items if isinstance(item, Emitted)]


Wanted = Callable[[int], frozenset[Key]]


@pytest.fixture(scope="session")
def wanted_at(feed: bytes) -> Wanted:
    """The keys of what ``replay`` gives for ``feed`` at so many partitions: of each silence its own ships judge."""

    @cache
    def wanted_at(partitions: int) -> frozenset[Key]:
        alerts = alerts_in_process(feed, partitions)
        spoken = {"feed_outage", "port_proximity", "watchlist"}
        assert {alert.detector for alert in alerts} - {"gap"} == spoken
        assert partitions > 1 or any(alert.detector == "gap" for alert in alerts)
        assert all(alert.replayed for alert in alerts)
        return frozenset(key_of(encode(alert)) for alert in alerts)

    return wanted_at
