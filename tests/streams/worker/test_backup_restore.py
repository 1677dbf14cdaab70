"""The watch goes on from a backup of its broker, as if nothing had happened since."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import msgspec
import pytest

from streams.broker import backup, embedded
from streams.doctor.log import kafka_findings
from streams.ingest.run import IngestPlan, run
from streams.settings.model import KafkaSettings, Settings
from tests.streams.worker.conftest import StartWorker, Wanted, make_topics, written

DETECT = ("-m", "streams", "detect")
"""As people start a worker: it is started again when its broker was away for long."""


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture
def home(broker: embedded.Broker, tmp_path: Path) -> Iterator[Path]:
    """The folder of a broker that runs by itself. (With ``broker`` we skip where Kafka cannot be had.)"""
    folder = tmp_path / "broker"
    embedded.start(folder, port=0)
    yield folder
    embedded.stop(folder)


def settings_at(broker: embedded.Broker) -> Settings:
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic_prefix="watch.", partitions=2)
    worker = msgspec.structs.replace(Settings().worker, app_id="watch.app")
    return Settings(kafka=kafka, worker=worker)


def saved(settings: Settings) -> bool:
    found = {finding.name: finding.said for finding in kafka_findings(settings, now_ms())}
    return found.get("state") == "the whole log is processed and saved"


@pytest.mark.broker
def test_the_watch_goes_on_from_a_backup_made_while_it_ran(
    home: Path, start_worker: StartWorker, wanted_at: Wanted, feed: bytes, tmp_path: Path
) -> None:
    lines = feed.splitlines(keepends=True)
    recording, file = tmp_path / "feed.nmea", tmp_path / "backup.tar.zst"
    recording.write_bytes(b"".join(lines[: len(lines) // 2]))
    first = embedded.status(home)
    assert first is not None
    settings = settings_at(first)
    make_topics(settings.kafka)
    run(IngestPlan(urls=(f"file:{recording}",)), settings, Event())
    worker = start_worker(settings.kafka, DETECT)
    worker.until(lambda: saved(settings))

    assert backup.backup(file, home).was_running
    again = embedded.status(home)
    assert again is not None
    assert (again.port, again.pid != first.pid) == (first.port, True)
    assert worker.stop() == 0, worker.said()[-6000:]  # it is still there and found its broker
    before = set(written(settings.kafka))
    embedded.stop(home)  # ... and all of it is lost

    backup.restore(file, tmp_path / "other machine")
    try:
        new = settings_at(embedded.start(tmp_path / "other machine", port=0))
        assert set(written(new.kafka)) == before
        recording.write_bytes(feed)
        run(IngestPlan(urls=(f"file:{recording}",)), new, Event())
        worker = start_worker(new.kafka)
        worker.until(lambda: saved(new))
        assert worker.stop() == 0
        assert set(written(new.kafka)) == wanted_at(2)
    finally:
        embedded.stop(tmp_path / "other machine")
