"""Options shared by many commands, and the settings that they give."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from streams.errors import ConfigError
from streams.ingest.stamps import StampRules
from streams.ingest.table_columns import ColumnMap, column_map
from streams.settings import loading
from streams.settings.model import Settings

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML).", metavar="FILE")]
Servers = Annotated[
    str | None,
    typer.Option("--bootstrap-servers", help="Kafka to use instead of the embedded broker.", metavar="HOST:PORT"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]
Dates = Annotated[
    Literal["dmy", "mdy"] | None,
    typer.Option("--dates", help="Files: order of dates such as 3/10/2024; required for such dates."),
]
TimeZone = Annotated[
    str | None,
    typer.Option(
        "--time-zone",
        help="Files: zone of times without one; UTC where a format is published so.",
        metavar="NAME",
        show_default=False,
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", help="Tables: your own headings: time=stamp:ms,mmsi=ship,lat=y,lon=x,sog=v:km/h.", metavar="MAP"
    ),
]
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def settings_of(path: Path | None, servers: str | None = None, **overrides: object) -> Settings:
    """Effective settings. Raises ConfigError."""
    flags = {key.replace("__", "."): value for key, value in overrides.items() if value is not None}
    if servers:
        flags["kafka.bootstrap_servers"] = servers
    return loading.load(path, flags)


def stamps_of(dates: Literal["dmy", "mdy"] | None, time_zone: str | None, start_ms: int | None) -> StampRules:
    """How ambiguous times in files are read. Raises ConfigError."""
    return StampRules(dates=dates or "", zone=time_zone or "UTC", zone_given=time_zone is not None, near_ms=start_ms)


def columns_of(text: str | None) -> ColumnMap:
    """The user's own headings of tables. Raises ConfigError."""
    return column_map(text) if text else ColumnMap()


def alert_id_of(text: str) -> str:
    """An alert id, or its first digits. Raises ConfigError for anything else."""
    if not re.fullmatch(r"[0-9a-f]{4,32}", text):
        raise ConfigError(
            f"{text!r} is not an alert id: give at least 4 hex digits, as `wakewatch alerts --json` prints"
        )
    return text


def ago_ms(text: str) -> int:
    """The time ``2h`` before now, Unix ms of the wall clock. Raises ConfigError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not match:
        raise ConfigError(f"--since {text!r}: write a number and s, m, h or d, such as 2h")
    return int((time.time() - float(match[1]) * _UNITS[match[2]]) * 1000)


def time_ms(option: str, text: str) -> int:
    """The event time that ``option`` gives, Unix ms; UTC if it has no offset. Raises ConfigError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text!r} is not a time: write it as 2024-02-04T04:12:00Z") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
