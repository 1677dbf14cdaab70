"""One bad record is passed over, counted and told, and every reader of every topic goes on: on a real Kafka."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.broker.clients import admin, producer
from streams.broker.node import free_port
from streams.messages.topics import ALERT_STATE, ALERTS, DEAD, FEEDBACK, VESSELS, create_missing
from streams.reference.library import read_versions
from streams.settings.model import KafkaSettings
from tests.ops.programs import Receiver

from .poison import ALERT, SHIP, WORD, Poison, changed, poison

pytestmark = pytest.mark.broker
PATIENCE_S = 120.0
FIRST, LAST = "1" * 32, "2" * 32
LIST = "list,name,imo\nMine,GOOD SHIP,9179842\n"
Run = Callable[..., "subprocess.Popen[str]"]


def until(holds: Callable[[], Any], what: str = "it") -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.1)
    return found


@pytest.fixture
def wakewatch(kafka_settings: KafkaSettings, tmp_path: Path) -> Iterator[Run]:
    """Starts a command as a process of its own; none outlives the test."""
    environ = {
        **os.environ,
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka_settings.bootstrap_servers,
        "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka_settings.topic_prefix,
        "WAKEWATCH_KAFKA_PARTITIONS": str(kafka_settings.partitions),
        "WAKEWATCH_WORKER_APP_ID": f"{kafka_settings.topic_prefix}app",
    }
    started = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        log = (tmp_path / f"{arguments[0]}-{len(started)}.log").open("w+")
        process = subprocess.Popen(
            [sys.executable, "-m", "streams", *arguments], env=environ, stdout=subprocess.PIPE, stderr=log, text=True
        )
        started.append((process, log))
        return process

    yield run
    for process, log in started:
        process.kill()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()
        log.seek(0)
        said = log.read()
        log.close()
        assert "Traceback" not in said, said[-3000:]


@pytest.fixture
def written(kafka_settings: KafkaSettings, wakewatch: Run, tmp_path: Path) -> list[Poison]:
    """A good alert, all that is poison, a good alert."""
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    lists = tmp_path / "list.csv"
    lists.write_text(LIST)
    assert wakewatch("watchlist", "import", "--yes", str(lists)).wait(PATIENCE_S) == 0
    version = read_versions(kafka_settings).newest()
    assert version is not None
    bad = poison(version)
    send(kafka_settings, [*good(FIRST), *bad])
    return bad


def good(alert_id: str) -> list[Poison]:
    alert = changed(ALERT, id=alert_id, headline=f"GOOD {alert_id[0]}", case_id=f"mmsi/{alert_id[0]}")
    return [
        Poison(ALERTS, alert),
        Poison(ALERT_STATE, alert, alert_id.encode()),
        Poison(FEEDBACK, changed(WORD, alert_id="d" * 32), b"d" * 32),
        Poison(VESSELS, changed(SHIP, listed_name=f"GOOD {alert_id[0]}"), b"27399900" + alert_id[:1].encode()),
        Poison(DEAD, f"good {alert_id[0]}".encode(), None, (("reason", b"checksum"), ("detail", b"why"))),
    ]


def send(kafka: KafkaSettings, records: list[Poison]) -> None:
    sender = producer(kafka, max_request_size=8 << 20)
    sent = [
        sender.send(
            kafka.topic_prefix + one.topic,
            value=one.value,
            key=one.key,
            headers=list(one.headers),
            partition=0,
            timestamp_ms=one.timestamp_ms,
        )
        for one in records
    ]
    for each in sent:
        each.get(60)
    sender.close()


def unreadable(port: int) -> dict[str, float]:
    """By topic, what a process counted."""
    text = get(port, "/metrics").decode()
    return {
        sample.labels["topic"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "wakewatch_unreadable_records_total"
    }


def get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    except OSError:
        return b""
    finally:
        connection.close()


def count_of(bad: list[Poison], topic: str) -> int:
    return sum(one.topic == topic and one.value is not None and b"ODD" not in one.value for one in bad)


def test_a_hundred_of_each_kind_and_more() -> None:
    assert len(poison("v")) > 100


def test_the_services_go_on(kafka_settings: KafkaSettings, wakewatch: Run, written: list[Poison]) -> None:
    receiver, ports = Receiver(), {name: free_port() for name in ("notify", "rows", "console")}
    notify = wakewatch("notify", "--webhook-url", receiver.url, "--metrics", str(ports["notify"]))
    rows = wakewatch("grafana-datasource", "--port", str(ports["rows"]))
    console = wakewatch("console", "--port", str(ports["console"]))
    until(lambda: b"delivering" in get(ports["notify"], "/readyz"), "notifier")
    send(kafka_settings, [*written, *good(LAST)])
    try:
        until(lambda: {call["id"] for _, _, call in receiver.got} >= {LAST}, "page")
    finally:
        receiver.close()

    def headlines() -> set[str]:
        said = json.loads(get(ports["rows"], "/api/v1/query?query=alerts") or b'{"data":{"result":[]}}')
        return {row["metric"]["headline"] for row in said["data"]["result"]}

    until(lambda: headlines() >= {"GOOD 1", "GOOD 2"}, "rows")
    until(lambda: b"GOOD 2" in get(ports["rows"], "/api/v1/query?query=listed"), "listed")
    shown = until(lambda: (got := get(ports["console"], "/api/alerts")) and b"GOOD 2" in got and got, "console")
    assert b"GOOD 1" in shown and b"POISON" not in shown and json.loads(shown)["unreadable"] > 0
    # Each topic has a reader of its own, and none waits for another.
    for name, topic, least in (
        ("notify", ALERT_STATE, count_of(written, ALERT_STATE)),
        ("notify", FEEDBACK, count_of(written, FEEDBACK)),
        ("rows", ALERT_STATE, 2 * count_of(written, ALERT_STATE)),
        ("rows", VESSELS, 2 * count_of(written, VESSELS)),
        ("console", ALERTS, 2 * count_of(written, ALERTS)),
    ):
        until(lambda: unreadable(ports[name]).get(topic, 0) >= least, f"{name} counts {topic}")  # noqa: B023
    counted = {name: unreadable(ports[name]) for name in ("rows", "console")}
    assert counted["rows"][ALERT_STATE] == 2 * count_of(written, ALERT_STATE)
    assert counted["rows"][VESSELS] == 2 * count_of(written, VESSELS)
    assert counted["console"][ALERTS] == 2 * count_of(written, ALERTS)
    for process in (notify, rows, console):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


COMMANDS = (
    (("alerts",), "GOOD 2"),
    (("alerts", "--state"), "GOOD 2"),
    (("alerts", "ack", LAST[:8], "--by", "Kim", "--json"), LAST),
    (("explain", LAST), "GOOD 2"),
    (("explain", LAST, "--geojson"), "FeatureCollection"),
    (("dead", "list"), "checksum"),
    (("dead", "show", "--most", "200"), "good 2"),
    (("dead", "replay", "--alerts", "-"), ""),
    (("zones", "list"), "Rajin"),
    (("watchlist", "list"), "GOOD SHIP"),
    (("watchlist", "match", "--imo", "9179842"), "GOOD SHIP"),
    (("doctor",), "kafka"),
    (("notify", "--dry-run", "--once"), "GOOD 2"),
)


def test_the_commands_say_what_is_good(kafka_settings: KafkaSettings, wakewatch: Run, written: list[Poison]) -> None:
    send(kafka_settings, good(LAST))
    for arguments, wanted in COMMANDS:
        process = wakewatch(*arguments)
        out, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == (1 if arguments == ("doctor",) else 0), arguments
        assert wanted in out, (arguments, out[-2000:])


def test_following_goes_on(kafka_settings: KafkaSettings, wakewatch: Run, written: list[Poison]) -> None:
    process = wakewatch("alerts", "--follow")
    assert process.stdout is not None
    while "GOOD 1" not in process.stdout.readline():
        pass
    send(kafka_settings, [*written, *good(LAST)])
    while "GOOD 2" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
