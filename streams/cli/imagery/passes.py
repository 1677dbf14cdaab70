"""``wakewatch imagery passes``: which satellites pass over a silent vessel, a zone or a box, and when."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from detectors.core.orbits.model import Pass
from detectors.core.reference import Zone
from streams.cli.options import Json, Servers, SettingsFile, settings_of, time_ms
from streams.cli.terminal import show_table, talk
from streams.errors import ConfigError
from streams.imagery.passes import Files, Imagery
from streams.imagery.targets import AHEAD_MS, AlertTargets, Asked, Window, box_target, of_alert, window_of, zone_target
from streams.settings.model import Settings

_LEAST_ID: Final = 4
_USUAL_KN: Final = 15.0
_COLUMNS: Final = ("satellite", "sensor", "target", "from", "to (UTC)", "side", "covers", "light", "tier", "elements")


def command(
    alert_id: Annotated[
        str | None, typer.Argument(help="Alert id, or its first digits.", metavar="ID", show_default=False)
    ] = None,
    *,
    box: Annotated[
        str | None, typer.Option(help="Instead of an alert: the circle around a box, degrees.", metavar="S,W,N,E")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Instead of an alert: a zone by its name.", metavar="NAME")] = None,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from", help="First time, UTC. Default: the vessel's last report; otherwise now.", metavar="TIME"
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", help="Last time. Default: its next report, or three days ahead.", metavar="TIME"),
    ] = None,
    elements: Annotated[
        list[Path] | None,
        typer.Option(help="Element sets: TLE, or OMM as JSON, CSV, XML or KVN. Default: those set.", metavar="FILE"),
    ] = None,
    plan: Annotated[
        list[Path] | None, typer.Option(help="Acquisition plans of the Sentinels (KML).", metavar="FILE")
    ] = None,
    catalogue: Annotated[
        list[Path] | None, typer.Option(help="Images that exist: STAC items (JSON, NDJSON).", metavar="FILE")
    ] = None,
    forced: Annotated[bool, typer.Option("--forced", help="Use elements of any age.")] = False,
    most: Annotated[int | None, typer.Option(help="Print at most this number of passes.", min=1, metavar="N")] = None,
    alerts: Annotated[
        Path | None, typer.Option(help="Read alerts from a file of `replay --alerts` instead of Kafka.", metavar="FILE")
    ] = None,
    as_geojson: Annotated[bool, typer.Option("--geojson", help="Print what each pass covers as GeoJSON.")] = False,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Show when imaging satellites can cover the reach of a silent vessel, a zone or a box.

    The reach grows from the vessel's last report at its greatest speed; zones that it could have reached are listed
    too. `possible`: by geometry; `if ordered`: an agile satellite, which images nothing there unless it is ordered;
    `planned`: in the plan given; `catalogued`: the image exists. Nothing is fetched, except from imagery.stac_url.

    Example: wakewatch imagery passes 3f9a12 --elements resource.json
    """
    if sum(given is not None for given in (alert_id, box, zone)) != 1:
        raise ConfigError("imagery passes: give one of an alert id, --box S,W,N,E and --zone NAME")
    window = window_of(_time("--from", begin), _time("--to", end))
    effective = settings_of(
        settings, bootstrap_servers, imagery__elements_files=tuple(map(str, elements or ())) or None
    )
    files = Files(
        elements=tuple(map(Path, effective.imagery.elements_files)),
        plans=tuple(plan or ()),
        catalogues=tuple(catalogue or ()),
    )
    known = Imagery(files, effective.imagery, talk, forced=forced)
    wanted = _wanted(alert_id, box, zone, window, effective, alerts)
    for line in wanted.said:
        talk(line)
    _show(known.passes(wanted.asked, most), wanted.asked, json=json, as_geojson=as_geojson)
    if known.failed:
        raise typer.Exit(1)


def _time(option: str, text: str | None) -> int | None:
    return None if text is None else time_ms(option, text)


def _wanted(
    alert_id: str | None, box: str | None, zone: str | None, window: Window, effective: Settings, alerts: Path | None
) -> AlertTargets:
    if alert_id is not None:
        return _of_alert(alert_id, window, effective, alerts)
    target = box_target(box) if box is not None else zone_target(_zone(zone or "", effective))
    from_ms = int(time.time() * 1000) if window.from_ms is None else window.from_ms
    to_ms = from_ms + AHEAD_MS if window.to_ms is None else window.to_ms
    return AlertTargets([Asked(target, from_ms, to_ms)], [])


def _of_alert(alert_id: str, window: Window, effective: Settings, alerts: Path | None) -> AlertTargets:
    from streams.broker.reading import read
    from streams.explain.revisions import from_file, gather
    from streams.messages.topics import ALERTS

    if not re.fullmatch(r"[0-9a-f]{4,32}", alert_id):
        raise ConfigError(
            f"{alert_id!r} is not an alert id: give at least {_LEAST_ID} hex digits, as `wakewatch alerts --json` "
            "prints"
        )
    source = from_file(alerts) if alerts else lambda: (r.value for r in read(effective.kafka, ALERTS) if r.value)
    revisions = gather(source, alert_id).revisions
    speed_kn = effective.console.reach_kn or _USUAL_KN
    return of_alert(revisions, _zones(effective, files_only=alerts is not None), window, speed_kn)


def _zones(effective: Settings, *, files_only: bool) -> dict[str, Zone]:
    from streams.cli.importing import in_force

    return {zone.name: zone for zone in in_force(effective, files_only=files_only).reference.zones}


def _zone(name: str, effective: Settings) -> Zone:
    zones = _zones(effective, files_only=False)
    named = {alias.casefold(): zone for zone in zones.values() for alias in (*zone.aliases, zone.name)}
    found = named.get(name.casefold())
    if found is None:
        near = difflib.get_close_matches(name.casefold(), named, 1)
        hint = f"did you mean {named[near[0]].name}?" if near else "`wakewatch zones list` names them"
        raise ConfigError(f"--zone {name!r}: no such zone; {hint}")
    return found


def _show(passes: Sequence[Pass], asked: Sequence[Asked], *, json: bool, as_geojson: bool) -> None:
    if as_geojson:
        typer.echo(msgspec.json.encode(_geojson(passes, asked)).decode())
    elif json:
        typer.echo(msgspec.json.encode(passes).decode())
    elif passes:
        show_table(_COLUMNS, [_row(one) for one in passes])
    talk(f"{len(passes)} pass{'es' * (len(passes) != 1)}")


def _row(one: Pass) -> tuple[object, ...]:
    light = None if one.daylight is None else "day" if one.daylight else "night"
    tier = "if ordered" if one.pointable and one.tier == "possible" else f"{one.tier} {one.item or ''}".rstrip()
    times = (one.begin.replace("T", " ").rstrip("Z"), one.end[11:19])
    age = f"{one.elements_age_h / 24:.1f} d"
    return one.satellite, one.sensor, one.target, *times, one.side, f"{one.covers:.0%}", light, tier, age


def _geojson(passes: Sequence[Pass], asked: Sequence[Asked]) -> dict[str, Any]:
    from streams.explain.shapes import area, point, rings_of

    places = {one.target.name: (one.target.lon_deg, one.target.lat_deg) for one in asked}
    features = []
    for one in passes:
        said = {key: value for key, value in msgspec.to_builtins(one).items() if key != "area"}
        features.append(area(rings_of(one.area), said) or point(places[one.target], said))
    return {"type": "FeatureCollection", "features": features}
