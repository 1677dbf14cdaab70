"""wakewatch zones: the places that matter, and what is wrong with a zones file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from detectors.core.reference import Reference, Zone
from streams.cli import own_lists
from streams.cli.importing import VANISHING_MOST, FilesOnly, agreed, called, held_by, in_force
from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.cli.terminal import show_table, talk
from streams.errors import ConfigError
from streams.messages.reference_records import version_of
from streams.reference.difference import ZoneDifference, zone_difference
from streams.reference.importing import Importer
from streams.reference.library import newest
from streams.reference.loading import load_reference, make_reference, read_zones_file
from streams.reference.own import with_own_zones

app = typer.Typer(
    help="Zones: sanctioned ports, and ordinary ports on the same routes.",
    no_args_is_help=True,
    epilog="Example: wakewatch zones list",
)

Files = Annotated[list[str] | None, typer.Option("--zones", help="Use this zones file instead.", metavar="FILE")]
ZonesFile = Annotated[Path, typer.Argument(help="Zones file (GeoJSON).")]


@app.command("list", epilog="Example: wakewatch zones list --json")
def list_(
    *,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    zones: Files = None,
    files: FilesOnly = False,
    json: Json = False,
) -> None:
    """Show the zones in force, their version and time: the last import, or those of the settings."""
    effective = settings_of(settings, bootstrap_servers, reference__zones=zones or None)
    found = in_force(effective, files_only=files or bool(zones))
    if json:
        typer.echo(msgspec.json.encode(found.reference.zones))
    else:
        columns = ("zone", "kind", "country", "locode", "lat", "lon", "nm", "from", "to", "programme")
        show_table(columns, [_row(zone) for zone in found.reference.zones])
    talk(f"{len(found.reference.zones)} zones; {found.said}")
    own_lists.tell_changes(found.changes)


app.command("add", epilog="Example: wakewatch zones add anchorage.geojson --by Kim")(own_lists.add_zone)
app.command("remove", epilog="Example: wakewatch zones remove 'Anchorage K' --by Kim")(own_lists.remove_zone)


@app.command(epilog="Example: wakewatch zones check my-zones.geojson")
def check(file: ZonesFile, json: Json = False) -> None:
    """Show the contents of a zones file, and rejected features with the reason; exit code 1 if any is rejected."""
    found = read_zones_file(file)
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        for each in (*found.refused, *found.doubts):
            typer.echo(f"{file}:{each.line}: {each.reason}" if each.line else f"{file}: {each.reason}")
        talk(f"{len(found.zones)} zones, {len(found.refused)} features rejected")
    if found.refused or not found.zones:
        raise typer.Exit(1)


@app.command("import", epilog="Example: wakewatch zones import my-zones.geojson")
def import_(
    file: ZonesFile,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask for confirmation, even if many zones would be removed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes; change nothing.")] = False,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
    json: Json = False,
) -> None:
    """Bring the zones of a file into force in running workers; they replace all zones in force except your own areas.

    All partitions switch between two records: a vessel that was last heard in a new zone is reported, and alerts about
    removed zones are closed. Zones in the settings of a worker are no longer used. To complete an interrupted import,
    run it again. If two imports run at the same time, one is rejected and changes nothing.
    """
    loaded = settings_of(settings, bootstrap_servers)
    found = read_zones_file(file)
    for each in (*found.refused, *found.doubts):
        talk(f"{file}:{each.line}: {each.reason}")
    if not found.zones:
        raise ConfigError("zones import: no zone in this file; nothing was changed")
    own = load_reference(loaded.reference)
    held = held_by(loaded.kafka, needed=not dry_run)
    former = newest(held, own)
    now = make_reference(former.ships, with_own_zones(found.zones, former))
    changes = zone_difference(former.zones, now.zones)
    _show(changes, now, json=json)
    if dry_run:
        return
    if not yes and changes.vanishing > VANISHING_MOST and not agreed(len(changes.removed), changes.vanishing, "zones"):
        raise ConfigError("zones import: nothing was changed; use --yes to remove that many")
    command = called("zones", [file], settings, bootstrap_servers)
    Importer(loaded.kafka, talk, command).bring(held, now, zones=True)


def _show(changes: ZoneDifference, now: Reference, *, json: bool) -> None:
    version = version_of(now, zoned=True)
    if json:
        typer.echo(msgspec.json.encode({"version": version, "difference": changes}))
        return
    for sign, names in (("+", changes.added), ("-", changes.removed), ("~", changes.changed)):
        for name in names:
            typer.echo(f"{sign} {name}")
    added, removed, changed = len(changes.added), len(changes.removed), len(changes.changed)
    talk(f"{added} added, {removed} removed, {changed} changed, {changes.kept} kept")
    talk(f"{len(now.zones)} zones would be in force as version {version}")


def _row(zone: Zone) -> tuple[object, ...]:
    place = (f"{zone.lat_deg:.3f}", f"{zone.lon_deg:.3f}", f"{zone.radius_nm:g}")
    return zone.name, zone.kind, zone.country, zone.locode, *place, zone.from_date, zone.to_date, zone.programme
