"""``wakewatch alerts``: what the alert topic says."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Console

from detectors.core.alert import Alert
from streams.cli.options import Json, Servers, SettingsFile, ago_ms, settings_of
from streams.console.lines import line, parse
from streams.console.reading import Read, read

ALERTS, STATE = "ais.alerts.v1", "ais.alerts.state.v1"
_out = Console(highlight=False, soft_wrap=True)
_talk = Console(stderr=True, highlight=False)


def command(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as alerts are written.")] = False,
    since: Annotated[str | None, typer.Option(help="Only those written since, such as 2h.", metavar="2h")] = None,
    detector: Annotated[str | None, typer.Option(help="Only this detector's.")] = None,
    mmsi: Annotated[int | None, typer.Option(help="Only about this MMSI.")] = None,
    severity: Annotated[str | None, typer.Option(help="Only page, ticket or log.")] = None,
    state: Annotated[bool, typer.Option("--state", help="The newest revision of each alert.")] = False,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Print alerts from the topic, one line each (or one JSON object each).

    Example: wakewatch alerts --follow --severity page
    """
    kafka = settings_of(settings, bootstrap_servers).kafka
    since_ms = ago_ms(since) if since else None
    seen: set[tuple[str, int]] = set()
    for record in read(kafka, STATE if state else ALERTS, since_ms=since_ms, follow=follow):
        alert = _alert(record)
        if alert is None or (alert.id, alert.revision) in seen:
            continue  # written twice after a crash: the same id and revision
        seen.add((alert.id, alert.revision))
        wanted = (detector or alert.detector, mmsi or alert.mmsi, severity or alert.severity)
        if wanted == (alert.detector, alert.mmsi, alert.severity):
            _print(alert, record, json=json)


def _alert(record: Read) -> Alert | None:
    try:
        return parse(record.value) if record.value else None
    except msgspec.MsgspecError as error:
        _talk.print(f"skipped a record that is no alert: {record.partition}/{record.offset}: {error}", markup=False)
        return None


def _print(alert: Alert, record: Read, *, json: bool) -> None:
    if json:
        typer.echo((record.value or b"").decode())
    else:
        _out.print(line(alert))
