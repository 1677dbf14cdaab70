"""The whole road on a real Kafka: the same alerts as in process, however it is started, also when it is killed."""

import signal
from pathlib import Path

import msgspec
import pytest

from streams.console.reading import read
from streams.errors import Reason
from streams.settings import KafkaSettings
from tests.streams.worker.conftest import MODULE, Key, StartWorker, send, written

pytestmark = pytest.mark.broker
FAUST = ("-m", "faust", "-A", "streams.worker.app", "worker", "--without-web")
DETECT = ("-c", "from streams.cli import main; main()", "detect")


@pytest.mark.parametrize(("partitions", "call"), [(1, MODULE), (4, DETECT), (12, FAUST)], ids=["1", "4", "12"])
def test_kafka_gives_what_replay_gives(
    feed: bytes,
    wanted: frozenset[Key],
    kafka_settings: KafkaSettings,
    start_worker: StartWorker,
    tmp_path: Path,
    partitions: int,
    call: tuple[str, ...],
) -> None:
    """At every partition count, each alert once, and by each of the three ways to start a worker."""
    kafka = msgspec.structs.replace(kafka_settings, partitions=partitions)
    send(kafka, feed, tmp_path)
    worker = start_worker(kafka, call)
    worker.until(lambda: wanted <= set(written(kafka)))
    assert worker.stop() == 0
    assert sorted(written(kafka)) == sorted(wanted)
    assert [letter.headers["reason"] for letter in read(kafka, "ais.dead.v1")] == [Reason.CHECKSUM.encode()]


def test_nothing_is_lost_or_invented_under_kill_9(
    feed: bytes, wanted: frozenset[Key], kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    send(kafka_settings, feed, tmp_path, pack=20)
    for share in (0.1, 0.4):
        worker = start_worker(kafka_settings)
        worker.until(lambda share=share: len(set(written(kafka_settings))) > share * len(wanted))  # type: ignore[misc]
        worker.stop(signal.SIGKILL)
    worker = start_worker(kafka_settings)
    worker.until(lambda: wanted <= set(written(kafka_settings)))
    assert worker.stop() == 0
    assert set(written(kafka_settings)) == wanted
