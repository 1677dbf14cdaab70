"""Ships and areas of one's own: commands of ``wakewatch watchlist`` and ``wakewatch zones``, registered there."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.options import Servers, SettingsFile, settings_of
from streams.cli.terminal import talk
from streams.messages.reference_records import ChangeMade
from streams.reference.loading import load_reference, read_features
from streams.reference.own import AddFeatures, AddShip, OwnChange, RemoveShip, RemoveZone
from streams.reference.own_changes import bring_change
from streams.settings.model import Settings

Imo = Annotated[int | None, typer.Option(help="IMO number.")]
Mmsi = Annotated[int | None, typer.Option(help="MMSI.")]
By = Annotated[str, typer.Option(help="Your name, which is recorded.", metavar="NAME")]
Note = Annotated[str, typer.Option(help="Why, for the next watch.", metavar="TEXT")]


def add_ship(
    *,
    imo: Imo = None,
    mmsi: Mmsi = None,
    name: Annotated[str, typer.Option(help="Name, for alerts; default: the number.")] = "",
    note: Note = "",
    by: By,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Add a ship to your own list, OWN, in running workers; other lists stay, and imports of them keep it.

    All partitions switch between two records. Two people may add at the same time: neither is lost.
    """
    given = {"--imo": imo, "--mmsi": mmsi, "--name": name, "--note": note}
    change = AddShip(imo=imo, mmsi=mmsi, name=name, note=note, by=by)
    _bring(settings_of(settings, bootstrap_servers), change, _command("watchlist add", given, by))


def remove_ship(
    *, imo: Imo = None, mmsi: Mmsi = None, by: By, settings: SettingsFile = None, bootstrap_servers: Servers = None
) -> None:
    """Remove a ship from your own list. Alerts that rest on it alone are closed."""
    change = RemoveShip(imo=imo, mmsi=mmsi, by=by)
    command = _command("watchlist remove", {"--imo": imo, "--mmsi": mmsi}, by)
    _bring(settings_of(settings, bootstrap_servers), change, command)


def add_zone(
    file: Annotated[Path, typer.Argument(help="Zones file (GeoJSON); kind is watched if a feature has none.")],
    *,
    by: By,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Add areas of your own in running workers; other zones stay, and an import of zones keeps them.

    In an area of kind watched every vessel is reported inside; of kind associated, listed vessels only.
    """
    change = AddFeatures(features=tuple(read_features(file)), by=by)
    command = _command(f"zones add {shlex.quote(str(file.resolve()))}", {}, by)
    _bring(settings_of(settings, bootstrap_servers), change, command)


def remove_zone(
    name: Annotated[str, typer.Argument(help="Name of the area.")],
    *,
    by: By,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Remove an area of your own. Alerts about it are closed."""
    command = _command(f"zones remove {shlex.quote(name)}", {}, by)
    _bring(settings_of(settings, bootstrap_servers), RemoveZone(name=name, by=by), command)


def tell_changes(changes: Iterable[ChangeMade], most: int = 10) -> None:
    """Prints the newest changes of own ships and areas on stderr."""
    for change in list(changes)[:most]:
        talk(f"{change.at} by {change.by}: {change.said}")


def _bring(settings: Settings, change: OwnChange, command: str) -> None:
    made = bring_change(settings.kafka, load_reference(settings.reference), change, told=talk, command=command)
    typer.echo(made.said)


def _command(words: str, options: Mapping[str, object], by: str) -> str:
    given = [text for name, value in options.items() if value for text in (name, str(value))]
    return f"wakewatch {words} {shlex.join([*given, '--by', by])}"
