"""The whole road on a real Kafka: the same alerts as in process, however it is started, also when it is killed."""

import re
import signal
import socket
import urllib.request
from pathlib import Path

import msgspec
import pytest

from streams.broker.reading import read
from streams.errors import Reason
from streams.settings.model import KafkaSettings
from tests.streams.worker.conftest import MODULE, StartWorker, Wanted, send, written

pytestmark = pytest.mark.broker
FAUST = ("-m", "faust", "-A", "streams.worker.app", "worker", "--without-web")
DETECT = ("-c", "from streams.cli import main; main()", "detect")


@pytest.mark.parametrize(("partitions", "call"), [(1, MODULE), (4, DETECT), (12, FAUST)], ids=["1", "4", "12"])
def test_kafka_gives_what_replay_gives(
    feed: bytes,
    wanted_at: Wanted,
    kafka_settings: KafkaSettings,
    start_worker: StartWorker,
    tmp_path: Path,
    partitions: int,
    call: tuple[str, ...],
) -> None:
    """At every partition count, each alert once, and by each of the three ways to start a worker."""
    kafka, wanted = msgspec.structs.replace(kafka_settings, partitions=partitions), wanted_at(partitions)
    send(kafka, feed, tmp_path)
    worker = start_worker(kafka, call)
    worker.until(lambda: wanted <= set(written(kafka)))
    assert worker.stop() == 0
    assert sorted(written(kafka)) == sorted(wanted)
    assert [letter.headers["reason"] for letter in read(kafka, "ais.dead.v1")] == [Reason.CHECKSUM.encode()]


def steps_of(port: int) -> int:
    """Decoding and engine steps so far, as the worker's metrics count them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        found = re.search(rb"wakewatch_step_duration_seconds_count ([0-9.]+)", answer.read())
    assert found is not None
    return int(float(found[1]))


def test_records_that_wait_are_taken_in_together(
    feed: bytes, wanted_at: Wanted, kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    kafka, wanted = msgspec.structs.replace(kafka_settings, partitions=1), wanted_at(1)
    send(kafka, feed, tmp_path, pack=10)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    worker = start_worker(kafka, WAKEWATCH_WORKER_METRICS_PORT=str(port))
    worker.until(lambda: wanted <= set(written(kafka)))
    assert steps_of(port) < 0.5 * sum(1 for _ in read(kafka, "ais.sentences.v1"))
    assert worker.stop() == 0


def test_nothing_is_lost_or_invented_under_kill_9(
    feed: bytes, wanted_at: Wanted, kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    kafka_settings = msgspec.structs.replace(kafka_settings, partitions=1)
    wanted = wanted_at(1)
    send(kafka_settings, feed, tmp_path, pack=20)
    for share in (0.1, 0.4):
        worker = start_worker(kafka_settings)
        worker.until(lambda share=share: len(set(written(kafka_settings))) > share * len(wanted))  # type: ignore[misc]
        worker.stop(signal.SIGKILL)
    worker = start_worker(kafka_settings)
    worker.until(lambda: wanted <= set(written(kafka_settings)))
    assert worker.stop() == 0
    assert set(written(kafka_settings)) == wanted
