"""``wakewatch notify``: sends alerts to people."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from functools import partial
from types import FrameType
from typing import Annotated, Final

import msgspec
import typer
from prometheus_client import CollectorRegistry
from rich.text import Text

from detectors.core.units import MS, unix_ms
from streams.broker.acl import refuse_unless_allowed
from streams.broker.clients import admin
from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.cli.terminal import InertConsole
from streams.errors import ConfigError
from streams.notify import run as notifier
from streams.notify.apprise_messages import Apprise
from streams.notify.clearing import sweep_until
from streams.notify.core import NoticeRules, Outgoing
from streams.notify.cot import cot_of
from streams.notify.dead_letters import DeadLetterWriter
from streams.notify.delivery import Delivery, Targets
from streams.notify.http import Endpoint, endpoint
from streams.notify.links import address_of
from streams.notify.notices import Notice
from streams.notify.rate_cap import GateRules, quiet_of
from streams.notify.targets import Target, plans_of, readiness, run_all
from streams.observability import logs
from streams.observability.metrics import Metrics
from streams.observability.metrics_server import serve
from streams.settings.model import NotifySettings, Settings

_out = InertConsole(highlight=False, soft_wrap=True)
_STYLE: Final = {"page": "bold red", "ticket": "yellow"}
_INTERRUPTED: Final = 130
_NEVER_S: Final = 1e9  # a dry run repeats nothing


def command(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the notifications from the start of the topic; send nothing.")
    ] = False,
    include_replayed: Annotated[
        bool, typer.Option("--include-replayed", help="With --dry-run: include alerts from recordings.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop at the present end of the topic.")] = False,
    alertmanager_url: Annotated[str | None, typer.Option(help="Base URL of Alertmanager.", metavar="URL")] = None,
    webhook_url: Annotated[str | None, typer.Option(help="URL that receives each alert.", metavar="URL")] = None,
    metrics: Annotated[int | None, typer.Option("--metrics", help="Port of /metrics.", min=0, max=65_535)] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> int:
    """Send alerts to Alertmanager, a webhook, apprise and TAK, until Ctrl-C. Not sent: severity `log`, and recordings.

    Example: wakewatch notify --alertmanager-url http://127.0.0.1:9093
    """
    effective = settings_of(
        settings,
        bootstrap_servers,
        notify__alertmanager_url=alertmanager_url,
        notify__webhook_url=webhook_url,
        notify__metrics_port=metrics,
    )
    if include_replayed and not dry_run:
        raise ConfigError("--include-replayed needs --dry-run: recordings never notify")
    logs.configure(effective.log)
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.ask)
    if dry_run:
        _dry_run(effective, stop, once=once, include_replayed=include_replayed, json=json)
    else:
        _send(effective, stop, once=once)
    return _INTERRUPTED if stop.interrupted else 0


class _Stop(threading.Event):
    """Set by SIGTERM and Ctrl-C."""

    interrupted = False

    def ask(self, number: int, _frame: FrameType | None) -> None:
        self.interrupted = self.interrupted or number == signal.SIGINT
        self.set()


def _send(settings: Settings, stop: _Stop, *, once: bool) -> None:
    rules = settings.notify
    targets, plan = _targets(rules), _plan(settings, once=once)
    if not targets.names():
        raise ConfigError(
            "no target: set notify.alertmanager_url, notify.webhook_url, notify.apprise_urls or notify.cot.url, or use "
            "--dry-run"
        )
    with contextlib.closing(admin(settings.kafka)) as client:
        refuse_unless_allowed(client, "notify", settings)
    metrics, dead_letters = Metrics(CollectorRegistry()), DeadLetterWriter(settings.kafka)
    deliveries = {name: Delivery(one, metrics, stop.is_set, dead_letters) for name, one in targets.each()}
    told = [Target(name, deliveries[name], its_plan) for name, its_plan in plans_of(plan, deliveries)]
    with contextlib.ExitStack() as stack:
        stack.callback(dead_letters.close)
        if rules.metrics_port:
            ready = partial(readiness, told)
            metrics.ready.set_function(lambda: ready()[0])
            for target in told:
                metrics.notify_failing.labels(target.name).set_function(partial(_failing_s, target))
            stack.enter_context(serve(rules.metrics_host, rules.metrics_port, metrics.registry, ready))
        if not once:
            threading.Thread(target=sweep_until, args=(settings.kafka, stop), name="clearing", daemon=True).start()
        run_all(told, stop, metrics)


def _failing_s(target: Target) -> float:
    return target.failing_s


def _targets(rules: NotifySettings) -> Targets:
    """The targets of notifications. Raises ConfigError."""

    def at(setting: str, url: str) -> Endpoint | None:
        return endpoint(f"notify.{setting}", url, rules.timeout_s) if url else None

    return Targets(
        alertmanager=at("alertmanager_url", rules.alertmanager_url),
        webhook=at("webhook_url", rules.webhook_url),
        apprise=Apprise(rules.apprise_urls) if rules.apprise_urls else None,
        cot=cot_of(rules),
        secret=rules.webhook_secret,
        console=address_of(rules.console_url),
        alertmanager_severities=rules.alertmanager_severities,
        webhook_severities=rules.webhook_severities,
        apprise_severities=rules.apprise_severities,
        cot_severities=rules.cot.severities,
    )


def _plan(settings: Settings, *, once: bool) -> notifier.NotifierPlan:
    """How the topic is read. Raises ConfigError."""
    rules = settings.notify
    try:
        quiet = quiet_of(rules.quiet_hours, rules.quiet_zone)
    except (ValueError, KeyError):
        raise ConfigError(
            f"notify.quiet_hours {rules.quiet_hours!r} in {rules.quiet_zone!r}: write 22:00-06:00 and a zone such as "
            "Europe/Oslo"
        ) from None
    rate_cap = GateRules(groups_most=rules.groups_most, window_s=rules.groups_window_s, quiet=quiet)
    return notifier.NotifierPlan(
        kafka=settings.kafka,
        rules=NoticeRules(resend_every_s=rules.resend_every_s, digest_after_s=rules.digest_after_s, rate_cap=rate_cap),
        group=f"{settings.worker.app_id}-notify",
        once=once,
    )


def _dry_run(settings: Settings, stop: _Stop, *, once: bool, include_replayed: bool, json: bool) -> None:
    rules = NoticeRules(
        resend_every_s=_NEVER_S,
        settle_s=0,
        include_replayed=include_replayed,
        digest_after_s=_NEVER_S,
        rate_cap=GateRules(groups_most=0),
    )

    def show(outgoing: Outgoing) -> bool:
        for notice in outgoing.notices:
            if json:
                typer.echo(msgspec.json.encode(notice))
            else:
                _out.print(_line(notice))
        return True

    plan = notifier.NotifierPlan(kafka=settings.kafka, rules=rules, once=once)
    notifier.run(plan, show, stop, Metrics(CollectorRegistry()))


def _line(notice: Notice) -> Text:
    """``2024-02-04 04:12Z page   FIRING   watchlist  ANGARA ...``."""
    labels, said = notice.labels, notice.annotations
    ended = unix_ms(notice.ends_at) <= time.time() * MS
    text = Text(no_wrap=True, overflow="ignore")
    text.append(f"{said['time'][:10]} {said['time'][11:16]}Z ", "dim")
    text.append(f"{labels['severity']:<6} {'RESOLVED' if ended else 'FIRING':<8} ", _STYLE[labels["severity"]])
    text.append(f"{labels['alertname']:<14} ", "cyan")
    text.append(said["summary"])
    text.append(f"  {labels['case_id']}", "dim")
    return text
