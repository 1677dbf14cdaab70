"""The command sends what the topic has to a TAK server, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from detectors.core.alert import Alert, Position, encode
from streams.broker.clients import admin, producer
from streams.broker.feedback_writing import write_feedback
from streams.cli import main
from streams.messages.feedback import about
from streams.messages.topics import ALERT_STATE, ALERTS, create_missing
from streams.settings.model import KafkaSettings
from tests.ops.programs import until

from .tak import TakServer

pytestmark = pytest.mark.broker
Make = Callable[..., Alert]
FIX = Position(lat_deg=34.6, lon_deg=129.5, time="2024-02-04T04:12:00.000Z")


def write(kafka: KafkaSettings, *alerts: Alert) -> None:
    sender = producer(kafka)
    for alert in alerts:
        for topic, key in ((ALERTS, alert.subject), (ALERT_STATE, alert.id)):
            sender.send(kafka.topic_prefix + topic, key=key.encode(), value=encode(alert)).get(20)
    sender.close()


def notify(kafka: KafkaSettings, server: TakServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka.topic_prefix)
    monkeypatch.setenv("WAKEWATCH_WORKER_APP_ID", f"{kafka.topic_prefix}app")
    monkeypatch.setenv("WAKEWATCH_NOTIFY_COT_URL", f"tcp://127.0.0.1:{server.port}")
    monkeypatch.setattr("sys.argv", ["wakewatch", "notify", "--once", "--bootstrap-servers", kafka.bootstrap_servers])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


def test_a_map_follows_the_topic_across_restarts(
    kafka_settings: KafkaSettings, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    server = TakServer()
    try:
        write(kafka_settings, make(position=FIX), make(id="1" * 32, case_id="mmsi/1", position=FIX))
        notify(kafka_settings, server, monkeypatch)  # what is open already is shown
        until(lambda: {event.uid[0] for event in server.events} == {"0", "1"}, 30, "both alerts")
        seen = len(server.events)
        write(kafka_settings, make(revision=2, status="closed", position=FIX), make(id="2" * 32))
        said = about(make(id="1" * 32, case_id="mmsi/1"), "acknowledged", "Kim", "", "2024-02-04T06:00:00.000Z")
        notify(kafka_settings, server, monkeypatch)
        until(lambda: any(event.remarks.startswith("closed") for event in server.events[seen:]), 30, "the end")
        closed = next(event for event in server.events if event.remarks.startswith("closed"))
        assert closed.uid[0] == "0" and closed.stale_ms == closed.time_ms
        seen = len(server.events)
        write_feedback(kafka_settings, said)
        notify(kafka_settings, server, monkeypatch)
        assert all(event.uid[0] != "1" for event in server.events[seen:])  # silenced, so not repeated
        assert all(event.uid[0] != "2" for event in server.events)  # without a place
    finally:
        server.close()
