"""What people say of alerts, on a real Kafka: the notifier goes quiet, the listing shows who, the metric counts."""

import json
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from detectors.core.alert import Alert, encode
from streams.broker.clients import admin, producer
from streams.broker.reading import read
from streams.cli import build
from streams.messages.topics import ALERT_STATE, ALERTS, FEEDBACK, create_missing
from streams.notify.core import NoticeRules, Outgoing
from streams.notify.run import NotifierPlan, run
from streams.observability.metrics import Metrics
from streams.settings.model import KafkaSettings

pytestmark = pytest.mark.broker
Make = Callable[..., Alert]
Until = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def say(kafka_settings: KafkaSettings) -> Callable[..., Any]:
    """The wakewatch command against these topics."""
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    environ = {
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka_settings.bootstrap_servers,
        "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka_settings.topic_prefix,
    }
    return lambda *words: CliRunner().invoke(build(), list(words), env=environ)


def write(kafka: KafkaSettings, *alerts: Alert) -> None:
    sender = producer(kafka)
    for alert in alerts:
        for topic in (ALERTS, ALERT_STATE):
            sender.send(kafka.topic_prefix + topic, key=alert.id.encode(), value=encode(alert))
    sender.flush(20)
    sender.close()


def test_an_acknowledged_alert_goes_quiet_and_shows_who(
    kafka_settings: KafkaSettings, say: Callable[..., Any], make: Make, until: Until
) -> None:
    write(kafka_settings, make(), make(id="f" * 32, case_id="mmsi/1"))
    told: list[tuple[str, str]] = []
    metrics, stop = Metrics(CollectorRegistry()), Event()

    def carry(outgoing: Outgoing) -> bool:
        told.extend((n.labels["alert_id"][0], n.ends_at) for n in outgoing.notices)
        return True

    plan = NotifierPlan(kafka=kafka_settings, rules=NoticeRules(settle_s=0, resend_every_s=1), group="notify")
    notifier = Thread(target=run, args=(plan, carry, stop, metrics), daemon=True)
    notifier.start()
    until(lambda: {id_ for id_, _ in told} == {"0", "f"})

    assert say("alerts", "ack", "0123", "--by", "Kim", "--note", "[b]seen[/b]").exit_code == 0
    until(lambda: told[-1][0] == "f" and told[-2][0] == "f" and "0" not in {id_ for id_, _ in told[-3:]})
    assert say("alerts", "false-alarm", "ffff", "--by", "Kim").exit_code == 0
    counted = lambda: metrics.registry.get_sample_value("wakewatch_false_alarms_total", {"detector": "gap"})  # noqa: E731
    until(lambda: counted() == 1)
    stop.set()
    notifier.join(20)

    shown = say("alerts", "--state").stdout
    assert "[acknowledged by Kim: [b]seen[/b]]" in shown
    assert "[false alarm by Kim]" in shown
    write(kafka_settings, make(revision=2, status="updated"))
    assert (
        "acknowledged"
        not in say("alerts", "--state", "--detector", "gap", "--mmsi", "273999001").stdout.splitlines()[-1]
    )


def test_notes_and_assignments_are_kept_beside_a_decision_and_do_not_undo_it(
    kafka_settings: KafkaSettings, say: Callable[..., Any], make: Make
) -> None:
    write(kafka_settings, make())
    assert say("alerts", "ack", "0123", "--by", "Kim").exit_code == 0
    assert say("alerts", "note", "0123", "one \x1b[2J", "--by", "Kim").exit_code == 0
    assert say("alerts", "note", "0123", "two", "--by", "Kim").exit_code == 0
    assert say("alerts", "assign", "0123", "--to", "Lee", "--by", "Kim").exit_code == 0
    marked = json.loads(say("alerts", "assign", "0123", "--by", "Kim", "--json").stdout)
    assert marked["kind"] == "assigned" and "to" not in marked
    assert "[acknowledged by Kim]" in say("alerts", "--state").stdout
    assert len({record.key for record in read(kafka_settings, FEEDBACK)}) == 5
    false = say("alerts", "false-alarm", "0123", "--by", "Kim", "--reason", "reception", "--note", "\x1b[2J")
    assert false.exit_code == 0 and "\x1b" not in false.stderr
    shown = say("alerts", "--state").stdout
    assert "[false alarm by Kim (receiver or its range): ?[2J]" in shown
    assert say("alerts", "note", "0123", " ", "--by", "Kim").exception is not None
    assert say("alerts", "false-alarm", "0123", "--by", "Kim", "--reason", "boredom").exit_code == 2


def test_what_cannot_be_said_is_one_line(say: Callable[..., Any], kafka_settings: KafkaSettings, make: Make) -> None:
    assert "not an alert id" in str(say("alerts", "ack", "xyz", "--by", "Kim").exception)
    assert "no alert abcd" in str(say("alerts", "ack", "abcd", "--by", "Kim").exception)
    write(kafka_settings, make(), make(id="0123" + "f" * 28))
    assert "give more digits" in str(say("alerts", "ack", "0123", "--by", "Kim").exception)
    assert say("alerts", "ack", "0123").exit_code == 2  # nobody says so
    said = say("alerts", "ack", "01234", "--by", "Kim", "--json")
    assert json.loads(said.stdout)["kind"] == "acknowledged"
    assert json.loads(said.stdout)["revision"] == 1


def test_alerts_are_listed_once_and_in_order_of_time(
    say: Callable[..., Any], kafka_settings: KafkaSettings, make: Make
) -> None:
    late = make(id="f" * 32, time="2024-02-04T06:00:00.000Z", mmsi=205_000_001)
    write(kafka_settings, late, make(), make(), make(revision=2, status="closed", time="2024-02-04T05:30:00.000Z"))
    listed = [line[:17] + line[18:20] for line in say("alerts").stdout.splitlines()]
    assert listed == ["2024-02-04 05:12Z+ ", "2024-02-04 05:30Z- ", "2024-02-04 06:00Z+ "]
    newest = [line[:17] + line[18:20] for line in say("alerts", "--state").stdout.splitlines()]
    assert newest == ["2024-02-04 05:30Z- ", "2024-02-04 06:00Z+ "]
    assert [line[:17] for line in say("alerts", "--open").stdout.splitlines()] == ["2024-02-04 06:00Z"]
    assert say("alerts", "--open", "--follow").exit_code != 0
    assert len(say("alerts", "--state", "--mmsi", "205000001", "--json").stdout.splitlines()) == 1
    nothing = say("alerts", "--severity", "ticket")
    assert nothing.stdout == ""
    assert "no such alerts" in nothing.stderr
    assert say("alerts", "--severity", "high").exit_code != 0
    assert say("alerts", "--state", "--follow").exit_code != 0


def test_a_watch_is_handed_over_as_text_and_json(
    kafka_settings: KafkaSettings, say: Callable[..., Any], make: Make
) -> None:
    write(kafka_settings, make(), make(id="f" * 32, case_id="mmsi/1"))
    assert say("alerts", "ack", "0123", "--by", "Kim", "--note", "called").exit_code == 0
    told = say("alerts", "handover", "--since", "1h").stdout
    assert "WAITING FOR AN ANSWER (1)" in told and "IN HAND (1)" in told and "OPENED (2)" in told
    assert "acknowledged by Kim: " in told and "called" in told
    made = json.loads(say("alerts", "handover", "--json").stdout)
    assert [case["case_id"] for case in made["waiting"]] == ["mmsi/1"]
    assert "such as 2h" in str(say("alerts", "handover", "--since", "soon").exception)
