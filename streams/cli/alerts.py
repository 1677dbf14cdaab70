"""``wakewatch alerts``: prints alerts from the alert topic, and writes people's feedback on them."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console

from detectors.core.alert import Alert, encode
from detectors.core.units import MS, rfc3339
from streams.broker.feedback_writing import write_feedback
from streams.broker.reading import TopicRecord, read
from streams.cli.options import Json, Servers, SettingsFile, ago_ms, settings_of
from streams.cli.terminal import talk, tell_nothing, tell_unreadable
from streams.errors import ConfigError, InputError, WakewatchError
from streams.messages import feedback
from streams.messages.alert_line import line
from streams.messages.feedback import Feedback, Kind
from streams.messages.topics import ALERT_STATE, ALERTS, FEEDBACK
from streams.messages.unreadable import UnreadableRecords
from streams.messages.values import T, decoded
from streams.notify.notices import ENDED
from streams.settings.model import KafkaSettings

_LEAST_ID: Final = 4
_OVERLAP_MS: Final = 10_000
"""Following begins this long before the end of the first reading, as clocks differ; duplicates are dropped."""
_TOLD_MOST: Final = 100_000
"""Ids and revisions remembered while following, 20 MB: a worker that crashed repeats some hundred."""
_out = Console(highlight=False, soft_wrap=True)
_talk = Console(stderr=True, highlight=False, soft_wrap=True)
app = typer.Typer()


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The requested alerts; None: any."""

    detector: str | None
    mmsi: int | None
    severity: str | None
    open: bool = False
    """Only those that are not closed or retracted."""

    def holds(self, alert: Alert) -> bool:
        wanted = (self.detector or alert.detector, self.mmsi or alert.mmsi, self.severity or alert.severity)
        is_open = alert.status not in ENDED
        return wanted == (alert.detector, alert.mmsi, alert.severity) and (is_open or not self.open)


AlertId = Annotated[str, typer.Argument(help="Alert id, or its first digits.", metavar="ID")]
By = Annotated[str, typer.Option("--by", help="Your name.")]
Note = Annotated[str, typer.Option("--note", help="Reason, for the next watch.")]


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep running and print new alerts.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Only those written in this time, such as 2h.", metavar="2h")
    ] = None,
    detector: Annotated[str | None, typer.Option(help="Only alerts of this detector.")] = None,
    mmsi: Annotated[int | None, typer.Option(help="Only alerts about this MMSI.")] = None,
    severity: Annotated[str | None, typer.Option(help="Only alerts of this severity: page, ticket or log.")] = None,
    state: Annotated[
        bool, typer.Option("--state", help="Newest revision of each alert, and who acknowledged it.")
    ] = False,
    is_open: Annotated[bool, typer.Option("--open", help="Open alerts only, as --state shows them.")] = False,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Print alerts, one per line (or one JSON object per line); acknowledge one or mark one as false.

    + opened, ~ updated, - closed, x retracted. The eight digits at the end of a line are the id for `explain` and
    `ack`.

    Example: wakewatch alerts --follow --severity page
    """
    if context.invoked_subcommand is not None:
        return
    if follow and (state or is_open):
        raise ConfigError("--state and --open show the present, --follow shows new alerts: use only one of them")
    if severity not in {None, "page", "ticket", "log"}:
        raise ConfigError(f"--severity {severity}: use page, ticket or log")
    kafka, unreadable = settings_of(settings, bootstrap_servers).kafka, UnreadableRecords(tell=tell_nothing)
    wanted = _Wanted(detector=detector, mmsi=mmsi, severity=severity, open=is_open)
    since_ms = ago_ms(since) if since else None
    if state or is_open:
        newest = _newest(_parsed(_table(kafka, since_ms), ALERT_STATE, unreadable))
        shown = _print_all(newest, wanted, _feedback(kafka, unreadable), json=json)
    else:
        shown = _log_of(kafka, since_ms, wanted, unreadable, follow=follow, json=json)
    if unreadable.counts:
        talk(unreadable.summary())
    if not shown and not json:
        _talk.print("no such alerts; `wakewatch doctor` shows if something is wrong", markup=False)


def _log_of(
    kafka: KafkaSettings,
    since_ms: int | None,
    wanted: _Wanted,
    unreadable: UnreadableRecords,
    *,
    follow: bool,
    json: bool,
) -> int:
    """The existing alerts, in order of event time; with ``follow`` then new ones, as they are written."""
    now_ms = int(time.time() * MS)
    found = read(kafka, ALERTS, since_ms=since_ms)
    told = {(alert.id, alert.revision): alert for alert in _parsed(found, ALERTS, unreadable)}
    shown = _print_all(told.values(), wanted, {}, json=json)
    if follow:
        if not shown and not json:
            _talk.print("no alerts yet; waiting", markup=False)
        coming = read(kafka, ALERTS, since_ms=now_ms - _OVERLAP_MS, follow=True)
        once = _Once(told)
        del told
        for alert in _parsed(coming, ALERTS, UnreadableRecords(tell=tell_unreadable)):
            if once.is_new((alert.id, alert.revision)):
                shown += _print_all([alert], wanted, {}, json=json)
    return shown


class _Once:
    """Detects duplicates, as after a worker's crash, by the newest ids and revisions, not all that ever came."""

    def __init__(self, told: Iterable[tuple[str, int]]) -> None:
        self._told = dict.fromkeys(deque(told, _TOLD_MOST))

    def is_new(self, key: tuple[str, int]) -> bool:
        """Whether ``key`` is not among the last _TOLD_MOST ones."""
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > _TOLD_MOST:
            del self._told[next(iter(self._told))]
        return True


def _print_all(alerts: Iterable[Alert], wanted: _Wanted, said: Mapping[str, Feedback], *, json: bool) -> int:
    chosen = sorted(filter(wanted.holds, alerts), key=lambda alert: (alert.time, alert.id, alert.revision))
    for alert in chosen:
        _print(alert, said.get(alert.id), json=json)
    return len(chosen)


def _newest(alerts: Iterable[Alert]) -> Iterable[Alert]:
    """The highest revision of each alert: the topic has older ones until it is compacted."""
    found: dict[str, Alert] = {}
    for alert in alerts:
        if alert.id not in found or alert.revision > found[alert.id].revision:
            found[alert.id] = alert
    return found.values()


@app.command()
def ack(
    alert_id: AlertId,
    by: By,
    note: Note = "",
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Acknowledge an alert: no further notification for its case until it changes.

    Example: wakewatch alerts ack 3f9a12 --by Kim --note "coast guard informed"
    """
    _say(settings_of(settings, bootstrap_servers).kafka, alert_id, "acknowledged", by, note, json=json)


@app.command("false-alarm")
def false_alarm(
    alert_id: AlertId,
    by: By,
    note: Note = "",
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Mark an alert as false: no further notification until it changes; it counts against its detector.

    Example: wakewatch alerts false-alarm 3f9a12 --by Kim --note "receiver was being repaired"
    """
    _say(settings_of(settings, bootstrap_servers).kafka, alert_id, "false_alarm", by, note, json=json)


@app.command()
def unack(
    alert_id: AlertId,
    by: By,
    note: Note = "",
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Withdraw an acknowledgement or a false-alarm mark: an alert that is still open is notified again.

    Example: wakewatch alerts unack 3f9a12 --by Kim --note "the wrong vessel"
    """
    _say(settings_of(settings, bootstrap_servers).kafka, alert_id, "withdrawn", by, note, json=json)


def _say(kafka: KafkaSettings, alert_id: str, kind: Kind, by: str, note: str, *, json: bool) -> None:
    alert = find(kafka, alert_id)
    said = feedback.about(alert, kind, by, note, rfc3339(int(time.time() * MS)))
    write_feedback(kafka, said)
    if json:
        typer.echo(msgspec.json.encode(said))
    else:
        _talk.print(f"{kind.replace('_', ' ')} by {said.by}: {alert.headline}", markup=False)


def find(kafka: KafkaSettings, alert_id: str) -> Alert:
    """The newest revision of the alert with this id prefix. Raises ConfigError, WakewatchError if there is none."""
    if not re.fullmatch(r"[0-9a-f]{4,32}", alert_id):
        raise ConfigError(
            f"{alert_id!r} is not an alert id: give at least {_LEAST_ID} hex digits, as `wakewatch alerts` prints"
        )
    begins = alert_id.encode()
    records = (record for record in _table(kafka) if record.value and begins in record.value)
    newest = _newest(_parsed(records, ALERT_STATE, UnreadableRecords(tell=tell_unreadable)))
    found = {alert.id: alert for alert in newest if alert.id.startswith(alert_id)}
    if not found:
        raise WakewatchError(f"no alert {alert_id} in the topic")
    if len(found) > 1:
        raise ConfigError(f"{alert_id} matches {len(found)} ids: give more digits")
    return next(iter(found.values()))


def _table(kafka: KafkaSettings, since_ms: int | None = None) -> list[TopicRecord]:
    """The table of alerts without deleted ones: Kafka returns the records before a deletion for a while."""
    held: dict[bytes, list[TopicRecord]] = {}
    for record in read(kafka, ALERT_STATE, since_ms=since_ms):
        if record.value is None:
            held.pop(record.key or b"", None)
        else:
            held.setdefault(record.key or b"", []).append(record)
    return [record for records in held.values() for record in records]


def _feedback(kafka: KafkaSettings, unreadable: UnreadableRecords) -> dict[str, Feedback]:
    """The newest feedback on each alert; none if the topic does not exist."""
    try:
        return {said.alert_id: said for said in _decoded(read(kafka, FEEDBACK), FEEDBACK, Feedback, unreadable)}
    except ConfigError as error:
        talk(f"feedback cannot be shown: {error}")
        return {}


def _parsed(records: Iterable[TopicRecord], topic: str, unreadable: UnreadableRecords) -> Iterator[Alert]:
    return _decoded(records, topic, Alert, unreadable)


def _decoded(records: Iterable[TopicRecord], topic: str, kind: type[T], unreadable: UnreadableRecords) -> Iterator[T]:
    for record in records:
        try:
            if record.value:
                yield decoded(record.value, kind)
        except InputError as error:
            unreadable(topic, record.partition, record.offset, error)


def _print(alert: Alert, said: Feedback | None, *, json: bool) -> None:
    if json:
        typer.echo(encode(alert).decode())
        return
    text = line(alert)
    if said is not None and said.kind != "withdrawn" and said.revision >= alert.news:
        text.append(f"  [{said.kind.replace('_', ' ')} by {said.by}{': ' if said.note else ''}{said.note}]", "green")
    text.append(f"  {alert.id[:8]}", "dim")
    _out.print(text)
