"""Ended alerts leave the table after the setting; open ones and those that ended lately stay, and readers follow."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from detectors.core.alert import Alert, encode
from streams.broker.clients import admin, producer
from streams.broker.reading import read
from streams.cli import build
from streams.cli.grafana_datasource import take
from streams.grafana.table import AlertRows
from streams.messages.topics import ALERT_STATE, create_missing
from streams.notify.clearing import sweep, sweep_until
from streams.settings.model import KafkaSettings
from tests.ops.programs import until

pytestmark = pytest.mark.broker
Make = Callable[..., Alert]
HOUR_S = 3600.0


@pytest.fixture
def write(kafka_settings: KafkaSettings) -> Callable[[float, Alert | bytes], None]:
    """Writes a record of the table as old as is said, in hours."""
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()

    def write(ago_h: float, *alerts: Alert | bytes) -> None:
        sender = producer(kafka_settings, linger_ms=20)
        for one in alerts:
            key, value = (b"odd", one) if isinstance(one, bytes) else (one.id.encode(), encode(one))
            at_ms = int((time.time() - ago_h * HOUR_S) * 1000)
            sender.send(kafka_settings.topic_prefix + ALERT_STATE, key=key, value=value, timestamp_ms=at_ms)
        sender.flush(60)
        sender.close()

    return write


def one(make: Make, letter: str, **changes: Any) -> Alert:
    return make(id=letter * 32, **changes)


def held(kafka: KafkaSettings) -> AlertRows:
    table = AlertRows()
    for record in read(kafka, ALERT_STATE):
        if record.key != b"odd":
            take(table, record)
    return table


def ids(kafka: KafkaSettings) -> set[str]:
    return {row.columns["alert_id"][0] for row in held(kafka).alerts(0)}


def now_ms() -> int:
    return int(time.time() * 1000)


def test_what_ended_long_ago_leaves_and_nothing_else(
    write: Any, make: Make, kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, ended_alerts_kept_h=24.0)
    write(
        48, one(make, "1", revision=2, status="closed"), one(make, "2", revision=2, status="retracted"), one(make, "3")
    )
    write(48, one(make, "4", revision=1), one(make, "5", revision=2, status="closed"), b"no alert")
    write(2, one(make, "4", revision=2, status="closed"))
    write(2, one(make, "5", revision=3, status="updated"))
    assert ids(kafka) == set("12345")
    assert sweep(kafka, now_ms()) == 2
    assert ids(kafka) == set("345")
    assert sweep(kafka, now_ms()) == 0, "what is gone is not deleted again"
    assert sweep(kafka, now_ms() + int(23 * HOUR_S * 1000)) == 1
    assert ids(kafka) == set("35")
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka.topic_prefix)
    call = ["alerts", "--state", "--json", "--bootstrap-servers", kafka.bootstrap_servers]
    shown = [msgspec.json.decode(line) for line in CliRunner().invoke(build(), call).stdout.splitlines()]
    assert {one["id"][0] for one in shown} == set("35")


def test_twenty_thousand_ended_alerts_go_at_once_and_readers_begin_in_little_time(
    write: Any, make: Make, kafka_settings: KafkaSettings
) -> None:
    many = [
        make(id=f"{n:032x}", revision=2, status="closed", severity="log", details={"text": "x" * 1500})
        for n in range(20_000)
    ]
    write(24 * 8, *many, one(make, "a"))
    began_s = time.process_time()
    assert len(held(kafka_settings)) == 20_001
    assert time.process_time() - began_s < 10, "CPU seconds; 0.8 on an idle core"
    stop = Event()
    cleared = Thread(target=sweep_until, args=(kafka_settings, stop), daemon=True)
    cleared.start()
    until(lambda: ids(kafka_settings) == {"a"}, 120, "the clearing")
    stop.set()
    cleared.join(30)
    assert not cleared.is_alive()
