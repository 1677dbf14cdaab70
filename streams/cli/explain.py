"""``wakewatch explain``: everything behind one alert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from streams.broker.stop_places import features, near, stop_places
from streams.cli.options import Json, Servers, SettingsFile, alert_id_of, settings_of
from streams.cli.terminal import InertConsole, echo_json
from streams.errors import ConfigError
from streams.explain.geojson import geojson
from streams.explain.hindsight import Hindsight
from streams.explain.log_records import logged, recorded
from streams.explain.raw_log import Chance, RawLogFindings, RawLogReader, window_of
from streams.explain.revisions import Gathered, from_file, from_topic, gather
from streams.explain.shapes import Feature, Point
from streams.explain.timeline import render
from streams.files.recordings import expanded, refuse_unreadable
from streams.messages.log_records import partition_of
from streams.settings.model import Settings

_OF_MEETINGS: Final = frozenset({"encounter", "loitering", "rendezvous"})


def command(
    alert_id: Annotated[str, typer.Argument(help="Alert id, or its first digits.", metavar="ID")],
    as_geojson: Annotated[
        bool,
        typer.Option(
            "--geojson",
            help="Print tracks, jumps, last position, reach, ports, areas, images and stop places as GeoJSON.",
        ),
    ] = False,
    alerts: Annotated[
        Path | None, typer.Option(help="Read alerts from a file of `replay --alerts` instead of Kafka.", metavar="FILE")
    ] = None,
    log: Annotated[
        list[Path] | None,
        typer.Option(help="Recordings of these alerts, for the raw sentences (with --alerts).", metavar="FILE"),
    ] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Show everything behind an alert: when the vessel was heard and on which tracks, numbers, raw sentences.

    Reads the alert topic and the raw log, or files: --alerts OUT.jsonl of `wakewatch replay`, --log its recording.

    Example: wakewatch explain 3f9a12 --geojson
    """
    wanted = alert_id_of(alert_id)
    if log and alerts is None:
        raise ConfigError("--log needs --alerts: without a file of alerts both come from Kafka")
    files = expanded(log or [])
    refuse_unreadable(files)
    effective = settings_of(settings, bootstrap_servers)
    gathered = gather(from_file(alerts) if alerts else from_topic(effective.kafka), wanted)
    if json:
        echo_json(msgspec.json.encode(gathered.revisions))
        return
    heard, chances, no_log = _heard(gathered, effective, alerts, files)
    if as_geojson:
        drawn = geojson(gathered.revisions, heard, _zones(effective, asks=alerts is None))
        if alerts is None:
            drawn["features"] += _stop_places(effective, gathered)
        echo_json(msgspec.json.encode(drawn))
    else:
        InertConsole(highlight=False, soft_wrap=True).print(render(gathered, heard, no_log, chances))


def _heard(
    gathered: Gathered, effective: Settings, alerts: Path | None, log: list[Path]
) -> tuple[RawLogFindings | None, list[Chance], str]:
    """The contents of the raw log, and the chance of the silence; None, and the reason, if there is no log."""
    if alerts is not None and not log:
        return None, [], "no raw log: give --log RECORDING to see when this vessel and others were heard"
    records = recorded(log, effective) if alerts is not None else logged(effective.kafka)
    wanted = frozenset(e.sentence for alert in gathered.revisions for e in alert.evidence)
    window = window_of(gathered.revisions)
    listener = RawLogReader(window, wanted, effective.fleet, partition_of(window.mmsi, effective.kafka.partitions))
    hindsight = Hindsight(window, effective)
    for record in records:
        listener.take(record)
        hindsight.take(record)
    return listener.heard(), [] if hindsight.too_long else hindsight.chances, ""


def _stop_places(effective: Settings, gathered: Gathered) -> list[Feature]:
    """The learned stop places near a meeting or a ship that lingers; none for other alerts."""
    newest = gathered.revisions[-1]
    if newest.detector not in _OF_MEETINGS or newest.position is None:
        return []
    here = newest.position
    return features(near(stop_places(effective), here.lat_deg, here.lon_deg))


def _zones(effective: Settings, *, asks: bool) -> dict[str, Point]:
    """The zones in force; those of the settings without ``asks``, when Kafka is not queried."""
    from streams.cli.importing import in_force

    found = in_force(effective, files_only=not asks).reference
    return {zone.name: (zone.lon_deg, zone.lat_deg) for zone in found.zones}
