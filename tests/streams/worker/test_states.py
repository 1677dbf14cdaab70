"""States in which a worker once said that all was well: told within a minute, by a real worker on a real Kafka."""

import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from streams.broker import embedded
from streams.broker.clients import admin
from streams.broker.node import free_port
from streams.broker.reading import read
from streams.messages.topics import FLEET, SENTENCES
from streams.settings.model import KafkaSettings
from streams.worker.state_log import HEAD, SnapshotHead
from tests.ops.programs import until
from tests.streams.worker.conftest import MODULE, StartWorker, Worker, make_topics, send

pytestmark = [pytest.mark.broker, pytest.mark.slow]
STALLS = """
import sys, time
from streams.worker import __main__ as worker, joined_records
take = joined_records.take
def stalls(engine, run):
    time.sleep(3600)
joined_records.take = stalls
sys.exit(worker.main())
"""
SUPERVISED = """
import os, sys
from streams.worker.supervisor import Supervisor, worker_call
sys.exit(Supervisor(os.environ, worker_call()).run())
"""
FEW_LINES = 500


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[embedded.Broker]:
    """A Kafka of its own: it is killed and loses its data here."""
    yield embedded.start(tmp_path / "kafka", port=0, die_with_parent=True)
    embedded.stop(tmp_path / "kafka")


@pytest.fixture
def kafka(broker: embedded.Broker) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic_prefix="s.", partitions=1)


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError as error:
        return 0, str(error)


def series(port: int, name: str) -> str:
    """The value of the first series of that name, as it is scraped."""
    lines = [line for line in ask(port, "metrics")[1].splitlines() if line.startswith(f"wakewatch_{name}")]
    return lines[0].rpartition(" ")[2] if lines else "absent"


def within_a_minute(done: Callable[[], bool], said: Callable[[], object]) -> None:
    try:
        until(done, 60)
    except AssertionError:
        raise AssertionError(said()) from None


def at_work(
    kafka: KafkaSettings, start_worker: StartWorker, feed: bytes, home: Path, call: Sequence[str] = MODULE
) -> tuple[Worker, int]:
    """A worker that has taken in a feed and says that it is ready."""
    send(kafka, feed, home)
    port = free_port()
    worker = start_worker(kafka, call, WAKEWATCH_WORKER_METRICS_PORT=str(port))
    worker.until(lambda: ask(port, "readyz") == (200, f"{kafka.partitions} partition, 0 records behind\n"))
    worker.until(lambda: series(port, "lag_records") == "0.0")
    assert (series(port, "broker_up"), series(port, "ready"), series(port, "log_partitions")) == ("1.0", "1.0", "1.0")
    return worker, port


def test_kafka_away_is_told_and_so_is_its_return(
    broker: embedded.Broker, kafka: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path
) -> None:
    _, port = at_work(kafka, start_worker, feed, tmp_path)
    gone = embedded.kill(tmp_path / "kafka", signal.SIGKILL)
    within_a_minute(lambda: ask(port, "readyz")[0] == 503, lambda: ask(port, "readyz"))
    assert "Kafka has not answered" in ask(port, "readyz")[1]
    assert (series(port, "lag_records"), series(port, "broker_up"), series(port, "ready")) == ("NaN", "0.0", "0.0")
    embedded.restart(gone)
    within_a_minute(lambda: ask(port, "readyz")[0] == 200, lambda: ask(port, "readyz"))
    assert (series(port, "lag_records"), series(port, "broker_up")) == ("0.0", "1.0")


def test_a_worker_that_stalls_in_a_record_is_told(
    kafka: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path
) -> None:
    """Its event loop hangs; who asks is answered all the same."""
    send(kafka, feed, tmp_path)
    port = free_port()
    worker = start_worker(kafka, ("-c", STALLS), WAKEWATCH_WORKER_METRICS_PORT=str(port))
    worker.until(lambda: "partitions taken over" in worker.said())
    within_a_minute(lambda: "no record processed for" in ask(port, "readyz")[1], lambda: ask(port, "readyz"))
    assert ask(port, "readyz")[0] == 503 and series(port, "ready") == "0.0"


def test_partitions_that_were_added_end_it_with_the_remedy(
    kafka: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path
) -> None:
    from kafka.admin import NewPartitions

    worker, _ = at_work(kafka, start_worker, feed, tmp_path)
    client = admin(kafka)
    client.create_partitions({kafka.topic_prefix + SENTENCES: NewPartitions(4)})
    client.close()
    within_a_minute(lambda: worker.process.poll() is not None, worker.said)
    assert worker.process.returncode == 2
    assert "has 4 partitions, kafka.partitions is 1" in worker.said().strip().splitlines()[-1]


def test_a_log_that_was_created_again_ends_it_with_the_remedy(
    kafka: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path
) -> None:
    worker, port = at_work(kafka, start_worker, feed, tmp_path)
    client = admin(kafka)
    client.delete_topics([kafka.topic_prefix + SENTENCES])
    within_a_minute(lambda: ask(port, "readyz")[0] != 200, lambda: ask(port, "readyz"))
    client.close()
    if worker.process.poll() is None:
        make_topics(msgspec.structs.replace(kafka))
    within_a_minute(lambda: worker.process.poll() is not None, worker.said)
    assert worker.process.returncode == 2, worker.said()[-2000:]
    assert "wakewatch topics forget fleet" in worker.said().strip().splitlines()[-1]


def test_a_log_that_was_created_again_while_no_worker_ran_ends_the_next_one_with_the_remedy(
    kafka: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path
) -> None:
    """Also when the new one is longer: nothing in its offsets tells it from the old one."""
    send(kafka, feed, tmp_path)
    worker = start_worker(kafka)
    worker.until(lambda: any(log_ids(kafka)))
    assert worker.stop() == 0
    client = admin(kafka)
    client.delete_topics([kafka.topic_prefix + SENTENCES])
    until(lambda: kafka.topic_prefix + SENTENCES not in client.list_topics(), 60)
    client.close()
    send(kafka, feed, tmp_path, pack=100)
    again = start_worker(kafka)
    assert again.ends() == 2, again.said()[-2000:]
    last = again.said().strip().splitlines()[-1]
    assert "created again while no worker was running" in last and "wakewatch topics forget fleet" in last
    assert "Traceback" not in again.said()


def log_ids(kafka: KafkaSettings) -> list[str]:
    """Of the log that the snapshots say they were made of."""
    cuts = [one.value for one in read(kafka, FLEET) if one.key == HEAD and one.value]
    return [msgspec.json.decode(value, type=SnapshotHead).log_id for value in cuts[-1:]]


def test_a_broker_that_lost_its_data_is_worked_with_again(
    broker: embedded.Broker, kafka: KafkaSettings, start_worker: StartWorker, feed: bytes, tmp_path: Path
) -> None:
    """Nothing is left that could contradict the new log: the worker starts again by itself, from nothing."""
    worker, port = at_work(kafka, start_worker, feed, tmp_path, call=("-c", SUPERVISED))
    gone = embedded.kill(tmp_path / "kafka", signal.SIGKILL)
    shutil.rmtree(tmp_path / "kafka")
    embedded.start(tmp_path / "kafka", port=gone.port, die_with_parent=True)
    make_topics(kafka)
    within_a_minute(lambda: "worker ended, restarting" in worker.said(), worker.said)
    send(kafka, feed, tmp_path)
    worker.until(lambda: ask(port, "readyz") == (200, "1 partition, 0 records behind\n"))
    assert worker.said().count("\n") < FEW_LINES, worker.said()[-3000:]
