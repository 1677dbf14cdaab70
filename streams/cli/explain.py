"""``wakewatch explain``: everything behind one alert."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console

from detectors.core.alert import Alert
from streams.cli.alerts import ALERTS
from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.console.lines import parse
from streams.console.reading import read
from streams.console.story import geojson, tell
from streams.errors import ConfigError, WakewatchError
from streams.settings import KafkaSettings

SENTENCES: Final = "ais.sentences.v1"
_LEAST_ID: Final = 4


def command(
    alert_id: Annotated[str, typer.Argument(help="The alert's id, or its beginning.")],
    as_geojson: Annotated[bool, typer.Option("--geojson", help="Its fixes as GeoJSON.")] = False,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Show an alert's revisions, the numbers against their thresholds, and the raw sentences.

    Example: wakewatch explain 3f9a12
    """
    if not re.fullmatch(r"[0-9a-f]{4,32}", alert_id):
        raise ConfigError(
            f"{alert_id!r} is no alert id: give at least {_LEAST_ID} hex digits, as `wakewatch alerts --json` prints"
        )
    kafka = settings_of(settings, bootstrap_servers).kafka
    revisions = _revisions(kafka, alert_id)
    if json:
        typer.echo(msgspec.json.encode(revisions).decode())
    elif as_geojson:
        typer.echo(msgspec.json.encode(geojson(revisions)).decode())
    else:
        Console(highlight=False).print(tell(revisions, _kept(kafka, revisions)))


def _revisions(kafka: KafkaSettings, alert_id: str) -> list[Alert]:
    found: dict[tuple[str, int], Alert] = {}
    for record in read(kafka, ALERTS):
        if record.value and f'"id":"{alert_id}'.encode() in record.value[:64]:
            alert = parse(record.value)
            found[alert.id, alert.revision] = alert
    ids = {key[0] for key in found}
    if not ids:
        raise WakewatchError(f"no alert {alert_id} in the topic: it may be older than what is kept")
    if len(ids) > 1:
        raise ConfigError(f"{alert_id} begins {len(ids)} ids: give more digits")
    return [found[key] for key in sorted(found)]


def _kept(kafka: KafkaSettings, revisions: list[Alert]) -> set[str]:
    """Which of the evidence is still in the raw log."""
    wanted = {e.sentence for alert in revisions for e in alert.evidence}
    kept: set[str] = set()
    for record in read(kafka, SENTENCES):
        text = (record.value or b"").decode("ascii", "replace")
        kept |= {sentence for sentence in wanted - kept if sentence in text}
        if kept == wanted:
            break
    return kept or {""}
