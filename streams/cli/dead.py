"""``wakewatch dead``: what was refused, and why."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.console.reading import Read, read

DEAD: Final = "ais.dead.v1"
app = typer.Typer(
    help="Dead letters: input that was refused, by reason.", no_args_is_help=True, epilog="Example: wakewatch dead list"
)


def _reason(record: Read) -> str:
    return record.headers.get("reason", b"unknown").decode("ascii", "replace")


@app.command("list")
def list_(settings: SettingsFile = None, bootstrap_servers: Servers = None, json: Json = False) -> None:
    """Count dead letters by reason. Example: wakewatch dead list"""
    kafka = settings_of(settings, bootstrap_servers).kafka
    counted = Counter(_reason(record) for record in read(kafka, DEAD))
    if json:
        typer.echo(msgspec.json.encode(dict(sorted(counted.items()))).decode())
        return
    table = Table("reason", "letters", box=None)
    for reason, number in counted.most_common():
        table.add_row(reason, f"{number:,}")
    Console(highlight=False).print(table if counted else "no dead letters")


@app.command()
def show(
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    most: Annotated[int, typer.Option(help="How many, the newest last.", min=1)] = 20,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Print dead letters, one JSON object each. Example: wakewatch dead show --reason checksum"""
    kafka = settings_of(settings, bootstrap_servers).kafka
    wanted = [r for r in read(kafka, DEAD) if reason in {None, _reason(r)}]
    for record in wanted[-most:]:
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers.items()}
        raw = (record.value or b"").decode("ascii", "backslashreplace")
        letter = {"partition": record.partition, "offset": record.offset, **headers, "raw": raw}
        typer.echo(msgspec.json.encode(letter).decode())
