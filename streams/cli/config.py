"""wakewatch config: the settings in force, what is wrong with them, and their schema."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from streams.cli.options import Json, SettingsFile
from streams.cli.terminal import show_table, talk
from streams.errors import ConfigError
from streams.settings import loading
from streams.settings.catalogue import example as example_text
from streams.settings.detectors_page import catalogue as catalogue_text

app = typer.Typer(
    help="Effective settings, their origin, and errors in them.",
    no_args_is_help=True,
    epilog="Example: wakewatch config show --changed",
)

Sets = Annotated[list[str] | None, typer.Option("--set", help="Set one setting: KEY=VALUE.", metavar="KEY=VALUE")]


@app.command(epilog="Example: wakewatch config show --settings deploy/settings.example.toml --changed")
def show(
    settings: SettingsFile = None,
    sets: Sets = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only settings that differ from their default.")] = False,
    json: Json = False,
) -> None:
    """Show every effective setting and its origin."""
    rows = [e for e in loading.explain(settings, flags(sets)) if not changed or e.origin != "default"]
    if json:
        typer.echo(msgspec.json.encode(rows))
        return
    show_table(("setting", "value", "from"), [(e.key, _words(e.value), e.origin) for e in rows])


@app.command(epilog="Example: wakewatch config check --settings /etc/wakewatch.toml")
def check(settings: SettingsFile = None, sets: Sets = None, json: Json = False) -> None:
    """Report errors in the settings, one per line; exit code 2 if there are any."""
    try:
        wrong = loading.mistakes(settings, flags(sets))
    except ConfigError as error:
        wrong = (str(error),)
    if json:
        typer.echo(msgspec.json.encode({"ok": not wrong, "mistakes": wrong}))
    else:
        for line in wrong:
            typer.echo(line)
        talk(f"{len(wrong)} errors to fix" if wrong else "settings are valid")
    if wrong:
        raise typer.Exit(2)


@app.command(epilog="Example: wakewatch config schema > settings.schema.json")
def schema(json: Json = False) -> None:
    """Print the JSON Schema of the settings file, detectors included."""
    typer.echo(msgspec.json.format(msgspec.json.encode(loading.schema()), indent=2))


@app.command(epilog="Example: wakewatch config example > wakewatch.toml")
def example() -> None:
    """Print a settings file with every setting at its default, with description and bounds."""
    typer.echo(example_text(), nl=False)


@app.command(epilog="Example: wakewatch config catalogue > detectors/README.md")
def catalogue() -> None:
    """Print what each detector claims, how it decides and when it is wrong, from the docstring of its module."""
    typer.echo(catalogue_text(), nl=False)


def flags(sets: list[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` texts by key. Raises ConfigError on a text without ``=``."""
    found: dict[str, str] = {}
    for each in sets or ():
        key, equals, value = each.partition("=")
        if not equals:
            raise ConfigError(f"--set {each!r}: no value; write --set kafka.partitions=4")
        found[key.strip()] = value
    return found


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
