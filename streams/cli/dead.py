"""``wakewatch dead``: what was refused, and why."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streams.broker.reading import Read, read
from streams.cli.options import Json, Servers, SettingsFile, settings_of
from streams.records import H_COUNT

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
    counted: Counter[str] = Counter()
    for record in read(kafka, DEAD):
        counted[_reason(record)] += _count(record)
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
    wanted = (letter for r in read(kafka, DEAD) if reason in {None, _reason(r)} for letter in _letters(r))
    shown = deque(wanted, most)
    for letter in shown:
        typer.echo(msgspec.json.encode(letter).decode())
    if not shown:
        typer.echo("no dead letters" if reason is None else f"no dead letters of reason {reason}", err=True)


def _count(record: Read) -> int:
    """How many refused pieces of input are in a record: ingest puts many in one."""
    return int(record.headers.get(H_COUNT, b"1"))


def _letters(record: Read) -> Iterator[dict[str, str | int]]:
    """One a refused piece of input."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers.items() if name != H_COUNT}
    value, detail = record.value or b"", headers.pop("detail", "")
    many = _count(record) > 1
    pieces = zip(value.split(b"\n"), detail.split("\n"), strict=True) if many else [(value, detail)]
    for raw, why in pieces:
        said = raw.decode("ascii", "backslashreplace")
        yield {"partition": record.partition, "offset": record.offset, **headers, "detail": why, "raw": said}
