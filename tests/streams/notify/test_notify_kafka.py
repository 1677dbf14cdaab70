"""The notifier on a real Kafka: what was written is posted, a restart loses nothing, a dry run sends nothing."""

import json
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
import typer
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from detectors.core.alert import Alert, Position, encode
from streams.broker.clients import admin, producer
from streams.broker.reading import read
from streams.cli import notify as cli
from streams.messages.topics import ALERT_STATE, ALERTS, create_missing
from streams.notify.core import NoticeRules, Outgoing
from streams.notify.run import NotifierPlan, run
from streams.observability.metrics import Metrics
from streams.settings.model import KafkaSettings

pytestmark = pytest.mark.broker
Make = Callable[..., Alert]
Until = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def write(kafka_settings: KafkaSettings) -> Callable[..., None]:
    """Writes alerts as the worker does."""
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()

    def write(*alerts: Alert | bytes) -> None:
        sender = producer(kafka_settings)
        for alert in alerts:
            value = alert if isinstance(alert, bytes) else encode(alert)
            key = b"mmsi/273999001" if isinstance(alert, bytes) else alert.id.encode()
            sender.send(kafka_settings.topic_prefix + ALERTS, key=b"mmsi/273999001", value=value)
            sender.send(kafka_settings.topic_prefix + ALERT_STATE, key=key, value=value)
        sender.flush(20)
        sender.close()

    return write


class Life:
    """One life of the notifier, in a thread."""

    def __init__(self, kafka: KafkaSettings, until: Until, fails: bool = False) -> None:
        self.notices: list[tuple[str, str]] = []
        self.revisions: list[int] = []
        self.metrics = Metrics(CollectorRegistry())
        self.started, self._stop, self._fails = Event(), Event(), fails
        plan = NotifierPlan(kafka=kafka, rules=NoticeRules(settle_s=1), group="notify")
        self._thread = Thread(target=run, args=(plan, self._carry, self._stop, self.metrics), daemon=True)
        self._thread.start()
        until(self.started.is_set)

    def _carry(self, outgoing: Outgoing) -> bool:
        self.started.set()
        if self._fails and (outgoing.notices or outgoing.revisions):
            return False
        self.notices += [(n.labels["alert_id"][0], n.annotations["status"]) for n in outgoing.notices]
        self.revisions += [alert.revision for alert in outgoing.revisions]
        return True

    def end(self) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def ended(self) -> bool:
        return not self._thread.is_alive()


def test_lives_of_a_notifier(
    kafka_settings: KafkaSettings, write: Callable[..., None], make: Make, until: Until
) -> None:
    write(make(id="a" * 32), make(id="b" * 32), make(id="b" * 32, revision=2, status="closed"))

    first = Life(kafka_settings, until)  # what is over is history; what is open is told
    until(lambda: first.notices == [("a", "opened")])
    write(b"no alert", make(id="c" * 32), make(id="c" * 32))
    until(lambda: ("c", "opened") in first.notices)
    first.end()
    assert first.notices == [("a", "opened"), ("c", "opened")]
    unreadable = {"target": "topic", "outcome": "unreadable"}
    assert (first.metrics.registry.get_sample_value("wakewatch_notifications_total", unreadable) or 0) >= 1

    write(make(id="c" * 32, revision=2, status="closed"), make(id="d" * 32))
    failing = Life(kafka_settings, until, fails=True)  # its sink is away: it commits nothing
    until(failing.ended)

    second = Life(kafka_settings, until)
    until(lambda: {("c", "closed"), ("d", "opened"), ("a", "opened")} <= set(second.notices))
    second.end()
    third = Life(kafka_settings, until)
    until(lambda: {("a", "opened"), ("d", "opened")} <= set(third.notices))
    third.end()
    assert third.revisions == []


def test_alerts_reach_alertmanager_through_the_command(
    kafka_settings: KafkaSettings, write: Callable[..., None], make: Make, alertmanager: Any, until: Until
) -> None:
    write(make(id="a" * 32), make(id="b" * 32, severity="log"), make(id="c" * 32, replayed=True))
    app = typer.Typer()
    app.command()(cli.command)
    environ = {"WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka_settings.topic_prefix}
    where = ["--bootstrap-servers", kafka_settings.bootstrap_servers]
    result = CliRunner().invoke(app, ["--once", "--alertmanager-url", alertmanager.url, *where], env=environ)
    assert result.exit_code == 0, result.output
    assert [held["labels"]["alert_id"] for held in until(alertmanager.alerts)] == ["a" * 32]

    result = CliRunner().invoke(app, ["--dry-run", "--once", "--include-replayed", "--json", *where], env=environ)
    assert result.exit_code == 0, result.output
    said = [json.loads(line)["labels"]["alert_id"][0] for line in result.stdout.splitlines()]
    assert sorted(said) == ["a", "c"]
    result = CliRunner().invoke(app, ["--dry-run", "--once", *where], env=environ)
    assert "FIRING" in result.stdout
    assert make().headline in result.stdout


def test_a_region_that_goes_dark_is_a_handful_of_notifications_and_all_of_it_is_in_the_topic(
    kafka_settings: KafkaSettings,
    write: Callable[..., None],
    make: Make,
    alertmanager: Any,
    receiver: Any,
    until: Until,
) -> None:
    """10,000 gaps over nine area cells, one in ten of a listed ship, from the topic through the command."""

    def gap(n: int) -> Alert:
        place = Position(lat_deg=31.0 + 5 * (n % 3), lon_deg=126.0 + 5 * (n // 3 % 3), time="2024-02-04T04:12:00.000Z")
        severity = "page" if n % 10 == 0 else "ticket"
        return make(id=f"{n:032x}", case_id=f"mmsi/{n}", severity=severity, position=place, headline=f"SHIP{n} silent")

    write(*map(gap, range(10_000)))
    app = typer.Typer()
    app.command()(cli.command)
    call = ["--once", "--alertmanager-url", alertmanager.url, "--bootstrap-servers", kafka_settings.bootstrap_servers]
    environ = {"WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka_settings.topic_prefix}
    assert CliRunner().invoke(app, call, env=environ).exit_code == 0
    held = until(lambda: [a for a in alertmanager.alerts() if a["labels"]["alertname"] == "more"])
    assert {alert["labels"]["severity"] for alert in held} == {"page", "ticket"}
    summaries = sorted(alert["annotations"]["summary"][:22] for alert in held)
    assert summaries == ["and 5000 more tickets ", "and 996 more pages sin"]
    until(lambda: {path for path, _, _ in receiver.got} == {"/page", "/ticket"})
    groups = {(path, call["groupKey"]) for path, _, call in receiver.got}
    for path in ("/page", "/ticket"):
        assert len([group for group in groups if group[0] == path]) <= 5
    assert {json.loads(r.value)["id"] for r in read(kafka_settings, ALERTS) if r.value} == {
        f"{n:032x}" for n in range(10_000)
    }
