"""The embedded broker starts, is found, survives being killed, and leaves nothing behind."""

import gc
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from kafka import TopicPartition
from typer.testing import CliRunner

from streams.broker import clients, embedded, node
from streams.broker.process import await_gone, started
from streams.cli.broker import app
from streams.errors import ConfigError, WakewatchError
from streams.settings.model import KafkaSettings

SENT = 300


@pytest.fixture
def own(broker: embedded.Broker, tmp_path: Path) -> Iterator[embedded.Broker]:
    """A broker for one test, that may be killed. (With ``broker`` we skip where Kafka cannot be had.)"""
    yield embedded.start(tmp_path / "with blank and ø", port=0, die_with_parent=True)
    embedded.stop(tmp_path / "with blank and ø")


def gone(pid: int) -> bool:
    return await_gone(pid, started(pid) or "?", 10)


def test_where_none_runs_status_says_so(tmp_path: Path) -> None:
    assert embedded.status(tmp_path) is None
    assert not embedded.stop(tmp_path)
    with pytest.raises(WakewatchError, match="no broker is running"):
        embedded.kill(tmp_path)
    answer = CliRunner().invoke(app, ["status", "--json", "--data-dir", str(tmp_path)])
    assert (answer.exit_code, json.loads(answer.stdout)) == (1, {"running": False})


def test_a_pid_that_is_another_process_by_now_is_not_taken_for_the_broker(tmp_path: Path) -> None:
    for start in ("1", started(os.getpid())):  # another start time; the right one, but it is no broker
        state = embedded.Broker(pid=os.getpid(), started=start, port=1, data_dir=str(tmp_path))
        (tmp_path / "broker.json").write_bytes(msgspec.json.encode(state))
        assert embedded.status(tmp_path) is None
    (tmp_path / "broker.json").write_bytes(b'{"pid": 1')
    assert embedded.status(tmp_path) is None


def test_a_properties_file_says_to_java_what_we_meant(tmp_path: Path) -> None:
    home = tmp_path / "bø\\x 😀"
    home.mkdir()
    node.configure(home, 1, 2)
    text = (home / "server.properties").read_text()
    assert text.isascii()
    assert f"log.dirs={tmp_path}/b\\u00f8\\u005c\\u005cx \\ud83d\\ude00/data\n" in text.replace(
        "\\\\", "\\u005c\\u005c"
    )
    with pytest.raises(ConfigError, match="comma"):
        node.configure(tmp_path / "a,b", 1, 2)


@pytest.mark.broker
def test_a_port_or_a_folder_that_cannot_be_had_is_one_line(broker: embedded.Broker, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="port"):
            embedded.start(tmp_path / "a", port=other.getsockname()[1])
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigError, match="--data-dir"):
        embedded.start(tmp_path / "file", port=0)


@pytest.mark.broker
def test_a_start_that_fails_says_why_and_leaves_no_process(broker: embedded.Broker, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\nnode.id=7\n")
    with pytest.raises(WakewatchError, match=r"stopped at once: .*meta\.properties") as caught:
        embedded.start(tmp_path, port=0)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "broker.json").exists()


@pytest.mark.broker
def test_a_second_start_finds_the_first(broker: embedded.Broker) -> None:
    home = Path(broker.data_dir)
    assert embedded.start(home, port=0) == broker
    answer = CliRunner().invoke(app, ["start", "--json", "--data-dir", str(home)])
    assert json.loads(answer.stdout)["bootstrap_servers"] == broker.bootstrap_servers


@pytest.mark.broker
def test_only_the_loopback_is_listened_on(broker: embedded.Broker) -> None:
    text = (Path(broker.data_dir) / "server.properties").read_text()
    listeners = next(line for line in text.splitlines() if line.startswith("listeners="))
    assert all("://127.0.0.1:" in listener for listener in listeners.removeprefix("listeners=").split(","))


@pytest.mark.broker
# kafka-python leaves sockets that could not connect to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_producer_carries_every_record_once_over_a_kill_and_a_restart(
    own: embedded.Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="kafka")  # pytest would keep its errors, and with them their sockets
    kafka = KafkaSettings(bootstrap_servers=own.bootstrap_servers)
    with clients.admin(kafka) as client:
        client.create_topics({"t": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    producer = clients.producer(kafka)
    sent = []
    for number in range(SENT):
        sent.append(producer.send("t", value=b"%d" % number))
        if number == SENT // 3:
            embedded.kill(Path(own.data_dir), signal.SIGKILL)
            assert embedded.status(Path(own.data_dir)) is None
    again = embedded.restart(own)
    assert (again.port, again.die_with_parent) == (own.port, True)
    for each in sent:
        each.get(timeout=30)
    producer.close()
    assert read_all(kafka) == [b"%d" % number for number in range(SENT)]
    del producer, sent, each
    gc.collect()


def read_all(kafka: KafkaSettings) -> list[bytes]:
    consumer, part = clients.consumer(kafka), TopicPartition("t", 0)
    consumer.assign([part])
    (end,) = consumer.end_offsets([part]).values()
    values: list[bytes] = []
    while consumer.position(part) < end:
        values += [record.value for records in consumer.poll(timeout_ms=200).values() for record in records]
    consumer.close()
    return values


@pytest.mark.broker
def test_a_stopped_broker_is_gone_also_when_it_was_frozen(
    own: embedded.Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_STOP_S", 0.5)
    embedded.kill(Path(own.data_dir), signal.SIGSTOP)
    answer = CliRunner().invoke(app, ["stop", "--data-dir", own.data_dir])
    assert answer.stdout == "stopped\n"
    assert started(own.pid) == ""
    assert not (Path(own.data_dir) / "broker.json").exists()


@pytest.mark.broker
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
def test_the_broker_dies_with_a_parent_that_is_killed(broker: embedded.Broker, tmp_path: Path) -> None:
    program = (
        "import pathlib, signal, sys; from streams.broker import embedded;"
        "embedded.start(pathlib.Path(sys.argv[1]), port=0, die_with_parent=True); signal.pause()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    deadline = time.monotonic() + 60
    while not (tmp_path / "broker.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    orphan = msgspec.json.decode((tmp_path / "broker.json").read_bytes(), type=embedded.Broker)
    parent.kill()
    parent.wait()
    assert gone(orphan.pid)
    assert embedded.status(tmp_path) is None
