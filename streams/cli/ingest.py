"""wakewatch ingest: feeds and files into the log."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Annotated, Final

import msgspec
import typer
from prometheus_client import CollectorRegistry
from rich.markup import escape

from streams.broker.disk_metrics import watching
from streams.cli.options import (
    Columns,
    Dates,
    Json,
    Servers,
    SettingsFile,
    TimeZone,
    columns_of,
    settings_of,
    stamps_of,
    time_ms,
)
from streams.cli.terminal import InertConsole
from streams.errors import ConfigError
from streams.ingest.meter import IngestMeter
from streams.ingest.run import IngestOutcome, IngestPlan, run
from streams.ingest.source_runner import Observer, RunnerState
from streams.ingest.supervision import supervised
from streams.ingest.urls import CONNECTORS
from streams.observability import logs
from streams.observability.metrics import Metrics
from streams.observability.metrics_server import serve
from streams.settings.model import Settings

_talk = InertConsole(stderr=True, highlight=False, soft_wrap=True)
_INTERRUPTED: Final = 130
_KINDS: Final = "\n\n".join(
    f"{escape(f'{kind.sentence} ({kind.form})')}:\n\nwakewatch ingest {kind.example}" for kind in CONNECTORS.values()
)
_EXAMPLES: Final = f"""Examples:

wakewatch ingest file:day.nmea.gz --speed 60

wakewatch ingest harbour=tcp://192.0.2.7:5631 udp://:10110

rtl_ais -n | wakewatch ingest -

Kinds of source:

{_KINDS}"""


class SourceSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Totals of one source: lines = sentences + other; sentences = messages + rejected + merged + pending."""

    source: str
    lines: int
    sentences: int
    other: int
    messages: int
    merged: int
    pending: int
    rejected: dict[str, int]
    tag_block_checksum_errors: int


Urls = Annotated[
    list[str],
    typer.Argument(
        metavar="[NAME=]URL...",
        help="Sources, as listed above. NAME= gives one a name. Where it listens: without HOST on this machine only; "
        "0.0.0.0: on all interfaces.",
        show_default=False,
    ),
]
Speed = Annotated[str, typer.Option("--speed", help="Speed of files: 1 as recorded, 60 a minute per second, or max.")]
Start = Annotated[
    str | None, typer.Option("--start", help="Time of the first sentence, for files without times.", metavar="ISO")
]
Rate = Annotated[float | None, typer.Option("--rate", help="Sentences per second, for files without times.", min=0.001)]
Until = Annotated[
    str | None, typer.Option("--until", help="Continue the clock after the last sentence of a file.", metavar="ISO")
]
MetricsPort = Annotated[int | None, typer.Option("--metrics", help="Serve /metrics on this port.", min=0, max=65_535)]


def command(
    urls: Urls,
    *,
    speed: Speed = "max",
    start: Start = None,
    rate: Rate = None,
    until: Until = None,
    dates: Dates = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    again: Annotated[bool, typer.Option("--again", help="Ingest files again that are already in the log.")] = False,
    metrics: MetricsPort = None,
    settings: SettingsFile = None,
    servers: Servers = None,
    json: Json = False,
) -> int:
    """Write feeds and files to the log, until all files have ended or Ctrl-C."""
    start_ms, until_ms = time_ms("--start", start) if start else None, time_ms("--until", until) if until else None
    plan = IngestPlan(
        urls=tuple(urls),
        speed=_speed(speed),
        start_ms=start_ms,
        rate_hz=rate,
        until_ms=until_ms,
        stamps=stamps_of(dates, time_zone, start_ms),
        columns=columns_of(columns),
        again=again,
    )
    stop = threading.Event()
    signals: list[int] = []
    before = {number: _on(number, stop, signals) for number in (signal.SIGTERM, signal.SIGINT)}
    effective = settings_of(settings, servers, ingest__metrics_port=metrics)
    logs.configure(effective.log)
    try:
        with _measured(effective) as observer:
            outcome = supervised(partial(run, plan, effective, stop, observer, carried=[]), stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    _report(outcome, json=json)
    failed = any(state.failed or (state.nothing and not stop.is_set()) for state in outcome.states)
    if outcome.undelivered or failed:
        return 1
    return _INTERRUPTED if signal.SIGINT in signals else 0


command.__doc__ = f"{command.__doc__}\n\n{_EXAMPLES}"


@contextmanager
def _measured(settings: Settings) -> Iterator[Observer | None]:
    """Serves /metrics if a port is set. Raises ConfigError."""
    if not settings.ingest.metrics_port:
        yield None
        return
    metrics = Metrics(CollectorRegistry())
    meter = IngestMeter(metrics, settings.feed)
    served = serve(settings.ingest.metrics_host, settings.ingest.metrics_port, meter.registry, meter.ready)
    with served, watching(settings.kafka, metrics):
        yield meter


def _on(number: signal.Signals, stop: threading.Event, signals: list[int]) -> signal._HANDLER:
    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        stop.set()

    return signal.signal(number, ask_to_stop)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ConfigError(f"--speed {text}: give a number above 0, such as 1 or 60, or max")
    return speed


def _report(outcome: IngestOutcome, *, json: bool) -> None:
    for source in outcome.already:
        _talk.print(f"{source}: already in the log; use --again to ingest it again", markup=False)
    for state in outcome.states:
        if state.failed:
            _talk.print(f"wakewatch: {state.source}: {state.failed}", markup=False)
        elif state.nothing:
            _talk.print(f"wakewatch: {state.source}: no AIS: {state.nothing}", markup=False)
        elif state.untimed:
            _talk.print(f"{state.source}: no readable times; times are generated (--start)", markup=False)
    summaries = [_summary(state) for state in outcome.states]
    if json:
        typer.echo(msgspec.json.encode(summaries))
        return
    for one in summaries:
        refused = ", ".join(f"{count} {reason}" for reason, count in sorted(one.rejected.items())) or "none"
        _talk.print(
            f"{one.source}: {one.lines} lines, {one.sentences} sentences, {one.messages} messages, "
            f"{one.merged} merged, {one.pending} pending; rejected: {refused}",
            markup=False,
        )
    if outcome.undelivered:
        _talk.print(f"{outcome.undelivered} sentences were not delivered: Kafka does not answer", markup=False)


def _summary(state: RunnerState) -> SourceSummary:
    counts = state.counts
    return SourceSummary(
        source=state.source,
        lines=counts.lines,
        sentences=counts.sentences,
        other=counts.other,
        messages=counts.messages,
        merged=counts.merged,
        pending=state.pending,
        rejected={reason.value: count for reason, count in counts.rejected.items()},
        tag_block_checksum_errors=counts.tag_block_checksum_errors,
    )
