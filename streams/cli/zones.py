"""wakewatch zones: the places that matter, and what is wrong with a zones file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from detectors.core.reference import Zone
from streams import config
from streams.cli.options import Json, SettingsFile
from streams.cli.terminal import show_table, talk
from streams.reference.loading import read_reference, read_zones_file, shipped_or_named

app = typer.Typer(
    help="Sanctioned ports and the ordinary ones of the same routes.",
    no_args_is_help=True,
    epilog="Example: wakewatch zones list",
)

Files = Annotated[list[str] | None, typer.Option("--zones", help="A zones file instead.", metavar="FILE")]


@app.command("list", epilog="Example: wakewatch zones list --json")
def list_(settings: SettingsFile = None, zones: Files = None, json: Json = False) -> None:
    """Show the zones in force."""
    loaded = read_reference(config.load(settings, {"reference.zones": zones or None}).reference)
    for each in loaded.refused:
        talk(f"refused: {each}")
    if json:
        typer.echo(msgspec.json.encode(loaded.reference.zones))
        return
    columns = ("zone", "kind", "country", "locode", "lat", "lon", "nm", "from", "to", "programme")
    show_table(columns, [_row(zone) for zone in loaded.reference.zones])
    names = ", ".join(shipped_or_named(loaded.settings).zones)
    talk(f"{len(loaded.reference.zones)} zones from {names}; version {loaded.reference.version}")


@app.command(epilog="Example: wakewatch zones check my-zones.geojson")
def check(file: Path, json: Json = False) -> None:
    """Say what a zones file holds, and which features are refused and why; exit code 1 when any is."""
    found = read_zones_file(file)
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        for each in found.refused:
            typer.echo(f"{file}:{each.line}: {each.reason}" if each.line else f"{file}: {each.reason}")
        talk(f"{len(found.zones)} zones, {len(found.refused)} features refused")
    if found.refused or not found.zones:
        raise typer.Exit(1)


def _row(zone: Zone) -> tuple[object, ...]:
    place = (f"{zone.lat_deg:.3f}", f"{zone.lon_deg:.3f}", f"{zone.radius_nm:g}")
    return zone.name, zone.kind, zone.country, zone.locode, *place, zone.from_date, zone.to_date, zone.programme
