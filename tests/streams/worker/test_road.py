"""The whole road on a real Kafka: the same alerts as in process, also when the worker is killed."""

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import msgspec
import pytest

from detectors.core.alert import Alert, encode
from streams.broker.clients import admin
from streams.console.reading import read
from streams.errors import Reason
from streams.ingest.model import Nature
from streams.ingest.run import Plan as IngestPlan
from streams.ingest.run import run as ingest
from streams.reference import load_reference
from streams.replay import Place, Plan, Road, play
from streams.settings import KafkaSettings, Settings
from streams.topics import create_missing

pytestmark = [pytest.mark.broker, pytest.mark.slow]
Key = tuple[str, int, str]
PATIENCE_S = 90.0


def key_of(value: bytes) -> Key:
    alert = msgspec.json.decode(value, type=Alert)
    return alert.id, alert.revision, hashlib.sha256(value).hexdigest()


def in_process(feed: bytes, partitions: int) -> set[Key]:
    road = Road(Settings(), load_reference(Settings().reference), partitions)
    plan = Plan(source="feed", partitions=partitions, nature=Nature(replayed=True))
    items = play([io.BytesIO(feed)], plan, road, Settings())
    return {key_of(encode(i.alert)) for i in items if not isinstance(i, (int, Place))}


def worker(kafka: KafkaSettings, home: Path) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
        "WAKEWATCH_KAFKA_PARTITIONS": str(kafka.partitions),
        "WAKEWATCH_WORKER_APP_ID": f"{kafka.topic_prefix}app",
        "WAKEWATCH_WORKER_INSTANCE_ID": "one",
        "WAKEWATCH_WORKER_DATA_DIR": str(home),
        "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": "0.4",
        "WAKEWATCH_WORKER_SESSION_TIMEOUT_S": "6",
    }
    return subprocess.Popen([sys.executable, "-m", "streams.worker"], env=environ, stderr=subprocess.DEVNULL)


def written(kafka: KafkaSettings) -> list[Key]:
    return [key_of(record.value) for record in read(kafka, "ais.alerts.v1") if record.value]


def until_complete(kafka: KafkaSettings, wanted: set[Key]) -> list[Key]:
    deadline = time.monotonic() + PATIENCE_S
    found: list[Key] = []
    while time.monotonic() < deadline and not wanted <= set(found):
        time.sleep(0.2)
        found = written(kafka)
    return found


def send(kafka: KafkaSettings, feed: bytes, home: Path, pack: int = 1000) -> None:
    client = admin(kafka)
    create_missing(client, kafka)
    client.close()
    path = home / "feed.nmea"
    path.write_bytes(feed)
    settings = Settings(kafka=kafka)
    settings = msgspec.structs.replace(settings, ingest=msgspec.structs.replace(settings.ingest, pack_sentences=pack))
    ingest(IngestPlan(urls=(f"file:{path}",)), settings, Event())


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_kafka_gives_what_replay_gives(
    feed: bytes, kafka_settings: KafkaSettings, tmp_path: Path, partitions: int
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=partitions)
    wanted = in_process(feed, partitions)
    send(kafka, feed, tmp_path)
    process = worker(kafka, tmp_path / "worker")
    try:
        found = until_complete(kafka, wanted)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    assert set(found) == wanted
    assert len(found) == len(wanted)
    assert code == 0
    letters = list(read(kafka, "ais.dead.v1"))
    assert [r.headers["reason"] for r in letters] == [Reason.CHECKSUM.encode()]


def test_nothing_is_lost_or_invented_under_kill_9(feed: bytes, kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    wanted = in_process(feed, kafka_settings.partitions)
    send(kafka_settings, feed, tmp_path, pack=20)
    draw = random.Random(1)
    for _ in range(4):
        process = worker(kafka_settings, tmp_path / "worker")
        time.sleep(0.2)
        deadline = time.monotonic() + PATIENCE_S
        seen = len(written(kafka_settings))
        while len(written(kafka_settings)) <= seen and time.monotonic() < deadline and seen < len(wanted):
            time.sleep(draw.uniform(0.01, 0.1))
        process.kill()
        process.wait(10)
    process = worker(kafka_settings, tmp_path / "worker")
    try:
        found = until_complete(kafka_settings, wanted)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert set(found) == wanted


def test_the_feed_makes_every_detector_speak(feed: bytes) -> None:
    road = Road(Settings(), load_reference(Settings().reference), 4)
    plan = Plan(source="feed", partitions=4, nature=Nature(replayed=True))
    items = [i for i in play([io.BytesIO(feed)], plan, road, Settings()) if not isinstance(i, (int, Place))]
    assert {i.alert.detector for i in items} == {"gap", "feed_outage", "port_proximity", "watchlist"}
    assert all(json.loads(encode(i.alert))["replayed"] for i in items)
