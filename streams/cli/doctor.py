"""``wakewatch doctor``: checks whether everything works, and what to do if not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.text import Text

from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.cli.terminal import InertConsole
from streams.doctor import DoctorFinding, examine
from streams.doctor.concurrent import LIMIT_S
from streams.doctor.findings import ok, wrong
from streams.errors import ConfigError
from streams.settings import loading

_out = InertConsole(highlight=False, soft_wrap=True)
_STYLE: Final = {"ok": "green", "warn": "yellow", "wrong": "bold red"}
_MS: Final = 1000


def command(
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
    within: Annotated[
        float, typer.Option(metavar="SECONDS", help="Time limit, s; a check without an answer by then fails.", min=1)
    ] = LIMIT_S,
) -> None:
    """Check everything that a running system needs, one line per check, with a remedy; exit code 1 on a fault.

    Settings, lists and zones, Kafka, topics, rights, age of the last record from ingest, workers, saved state and lag,
    images that wait to be matched, age of element sets, /readyz of the processes that have a metrics port, Alertmanager
    and webhook if configured. Nothing is changed.

    Example: wakewatch doctor --settings /etc/wakewatch.toml
    """
    found = []
    for finding in _findings(settings, bootstrap_servers, within):
        found.append(finding)
        if not json:
            _out.print(_line(finding))
    if json:
        typer.echo(msgspec.json.encode(found))
    if any(finding.verdict == "wrong" for finding in found):
        raise typer.Exit(1)


def _findings(path: Path | None, servers: str | None, within_s: float) -> Iterator[DoctorFinding]:
    """Settings first: nothing else can be checked while they are wrong."""
    try:
        mistakes = loading.mistakes(path, {"kafka.bootstrap_servers": servers} if servers else None)
    except ConfigError as error:
        mistakes = (str(error),)
    if mistakes:
        for mistake in mistakes:
            said, _, remedy = mistake.rpartition("; ")
            yield wrong(
                "settings", said or mistake, remedy if said else "fix it; `wakewatch config show` shows the settings"
            )
        return
    yield ok("settings", f"valid, from {path}" if path else "sound")
    yield from examine(settings_of(path, servers), int(time.time() * _MS), within_s)


def _line(finding: DoctorFinding) -> Text:
    """``wrong  kafka            127.0.0.1:9092 does not answer -> start it ...``."""
    text = Text(no_wrap=True, overflow="ignore")
    text.append(f"{finding.verdict:<6} ", _STYLE[finding.verdict])
    text.append(f"{finding.name:<16} ", "cyan")
    text.append(finding.said)
    if finding.remedy:
        text.append(" -> ", "dim")
        text.append(finding.remedy, "bold")
    return text
