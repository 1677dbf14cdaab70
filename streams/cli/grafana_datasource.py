"""``wakewatch grafana-datasource``: alert rows for Grafana's tables and map."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Annotated, Final, NamedTuple

import typer
from prometheus_client import CollectorRegistry

from detectors.core.alert import Alert
from streams.broker.reading import TopicRecord, read
from streams.cli.options import Servers, SettingsFile, settings_of
from streams.cli.terminal import talk
from streams.errors import InputError, WakewatchError
from streams.grafana.answers import Answers
from streams.grafana.table import AlertRows
from streams.messages.topics import ALERT_STATE, VESSELS
from streams.messages.unreadable import UnreadableRecords
from streams.messages.values import decoded, summary_of
from streams.observability.metrics import Metrics
from streams.observability.metrics_server import LOOPBACK, serve
from streams.settings.model import KafkaSettings

FORMER_NAMES: Final = ("rows",)
"""Still accepted, and not shown; until the next release."""
_INTERRUPTED: Final = 130
_FAILED: Final = 1


def command(
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free port.", min=0, max=65_535)] = 9108,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: all interfaces.")] = LOOPBACK,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> int:
    """Serve the newest revision of each alert to Grafana as table rows, until Ctrl-C.

    Use it as a second data source of type Prometheus (see deploy/grafana/provisioning). It answers selectors only, such
    as alerts{open="yes",severity="page"} and listed.

    Example: wakewatch grafana-datasource --port 9108
    """
    effective = settings_of(settings, bootstrap_servers)
    kafka = effective.kafka
    table, stop = AlertRows(), threading.Event()
    signals, failures = _stopping(stop), list[WakewatchError]()
    metrics, loading = Metrics(CollectorRegistry()), {ALERT_STATE, VESSELS}
    for topic, give in ((ALERT_STATE, take), (VESSELS, take_ship)):
        following = _Following(kafka, topic, partial(give, table), partial(loading.discard, topic))
        unreadable = UnreadableRecords(lambda name: metrics.unreadable_records.labels(name).inc())
        threading.Thread(target=_follow, args=(following, unreadable, failures, stop), daemon=True).start()

    def ready() -> tuple[bool, str]:
        return not loading, f"reading {', '.join(sorted(loading))}" if loading else f"{len(table)} alerts"

    metrics.ready.set_function(lambda: not loading)
    with serve(
        host, port, metrics.registry, ready, Answers(table).paths, names=effective.grafana_datasource.hosts
    ) as server:
        talk(f"alert rows of {kafka.topic_prefix}{ALERT_STATE} on http://{host}:{server.port}")
        stop.wait()
    if failures:
        raise failures[0]
    return _INTERRUPTED if signal.SIGINT in signals else 0


def _stopping(stop: threading.Event) -> list[int]:
    """Sets ``stop`` at SIGTERM and SIGINT; returns the list to which they are added as they come."""
    signals: list[int] = []

    def ask(number: int, _frame: object) -> None:
        signals.append(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return signals


class _Following(NamedTuple):
    kafka: KafkaSettings
    topic: str
    give: Callable[[TopicRecord], None]
    caught_up: Callable[[], None]


def _follow(
    following: _Following, unreadable: UnreadableRecords, failures: list[WakewatchError], stop: threading.Event
) -> None:
    topic = following.topic
    try:
        for record in read(following.kafka, topic, follow=True, stop=stop, caught_up=following.caught_up):
            try:
                following.give(record)
            except InputError as error:
                unreadable(topic, record.partition, record.offset, error)
    except WakewatchError as error:
        failures.append(error)
        stop.set()


def take(table: AlertRows, record: TopicRecord) -> None:
    """Adds a record of the table of newest revisions. Raises InputError if it is not an alert."""
    if record.value is None:
        table.drop((record.key or b"").decode("ascii", "replace"))
    else:
        table.take(decoded(record.value, Alert), record.timestamp_ms)


def take_ship(table: AlertRows, record: TopicRecord) -> None:
    """Adds a record of the vessel summaries. Raises InputError likewise."""
    table.take_ship(*summary_of(record.key, record.value))
