"""``wakewatch alerts``: prints alerts from the alert topic; its sub-commands record what people do about them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal

import msgspec
import typer

from detectors.core.alert import Alert, encode
from detectors.core.units import MS
from streams.broker.reading import read
from streams.cli.alert_topic import feedback_of, newest, parsed, table
from streams.cli.alert_work import COMMANDS
from streams.cli.options import Json, Servers, SettingsFile, ago_ms, settings_of
from streams.cli.terminal import InertConsole, echo_json, talk, tell_nothing, tell_unreadable
from streams.errors import ConfigError
from streams.export.alert_rows import FORMS
from streams.messages.alert_line import line, visible
from streams.messages.feedback import Feedback, in_words
from streams.messages.topics import ALERT_STATE, ALERTS
from streams.messages.unreadable import UnreadableRecords
from streams.notify.notices import ENDED
from streams.settings.model import KafkaSettings

_OVERLAP_MS: Final = 10_000
"""Following begins this long before the end of the first reading, as clocks differ; duplicates are dropped."""
_TOLD_MOST: Final = 100_000
"""Ids and revisions remembered while following, 20 MB: a worker that crashed repeats some hundred."""
_out = InertConsole(highlight=False, soft_wrap=True)
_talk = InertConsole(stderr=True, highlight=False, soft_wrap=True)
app = typer.Typer()
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The requested alerts; None: any."""

    detector: str | None
    mmsi: int | None
    severity: str | None
    open: bool = False
    """Only those that are not closed or retracted."""
    form: Literal["csv", "geojson"] | None = None
    """All of them as one document; None: one line for each."""

    def holds(self, alert: Alert) -> bool:
        wanted = (self.detector or alert.detector, self.mmsi or alert.mmsi, self.severity or alert.severity)
        is_open = alert.status not in ENDED
        return wanted == (alert.detector, alert.mmsi, alert.severity) and (is_open or not self.open)


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
    form: Annotated[
        Literal["csv", "geojson"] | None, typer.Option("--format", help="Print all of them as CSV or GeoJSON.")
    ] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Print alerts, one per line (or one JSON object per line); acknowledge, assign or note one.

    + opened, ~ updated, - closed, x retracted. The eight digits at the end of a line are the id for `explain` and
    `ack`.

    Example: wakewatch alerts --follow --severity page
    """
    if context.invoked_subcommand is not None:
        return
    if follow and (state or is_open):
        raise ConfigError("--state and --open show the present, --follow shows new alerts: use only one of them")
    if form and (follow or json):
        raise ConfigError("--format prints all alerts as one document: use it without --follow and --json")
    if severity not in {None, "page", "ticket", "log"}:
        raise ConfigError(f"--severity {severity}: use page, ticket or log")
    kafka, unreadable = settings_of(settings, bootstrap_servers).kafka, UnreadableRecords(tell=tell_nothing)
    wanted = _Wanted(detector=detector, mmsi=mmsi, severity=severity, open=is_open, form=form)
    since_ms = ago_ms(since) if since else None
    if state or is_open:
        alerts = newest(parsed(table(kafka, since_ms), ALERT_STATE, Alert, unreadable))
        decided = {said.alert_id: said for said in feedback_of(kafka, unreadable) if said.decides}
        shown = _print_all(alerts, wanted, decided, json=json)
    else:
        shown = _log_of(kafka, since_ms, wanted, unreadable, follow=follow, json=json)
    if unreadable.counts:
        talk(unreadable.summary())
    if not shown and not json and not form:
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
    told = {(alert.id, alert.revision): alert for alert in parsed(found, ALERTS, Alert, unreadable)}
    shown = _print_all(told.values(), wanted, {}, json=json)
    if follow:
        if not shown and not json:
            _talk.print("no alerts yet; waiting", markup=False)
        coming = read(kafka, ALERTS, since_ms=now_ms - _OVERLAP_MS, follow=True)
        once = _Once(told)
        del told
        for alert in parsed(coming, ALERTS, Alert, UnreadableRecords(tell=tell_unreadable)):
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
    if wanted.form:
        typer.echo(FORMS[wanted.form](chosen), nl=False)
        return len(chosen)
    for alert in chosen:
        _print(alert, said.get(alert.id), json=json)
    return len(chosen)


def _print(alert: Alert, said: Feedback | None, *, json: bool) -> None:
    if json:
        echo_json(encode(alert))
        return
    text = line(alert)
    if said is not None and said.kind != "withdrawn" and said.revision >= alert.news:
        note = f": {said.note}" if said.note else ""
        text.append(visible(f"  [{in_words(said)}{note}]"), "green")
    text.append(f"  {alert.id[:8]}", "dim")
    _out.print(text)
