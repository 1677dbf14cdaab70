"""``wakewatch scenario``: generated feeds with known truth."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.scenario import SCENARIOS, Options


def command(
    name: Annotated[str | None, typer.Argument(help="Which one; see --list.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the feed here (.gz is packed); the truth beside it.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Say which there are.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, other ships around.", min=0)] = 1,
    vessels: Annotated[int, typer.Option(help="Ships around the scene.", min=0, max=2000)] = 200,
    mmsi: Annotated[int, typer.Option(help="Whom it is about.")] = 273_999_001,
    imo: Annotated[int, typer.Option(help="Her IMO number.")] = 9_179_842,
    ship: Annotated[str, typer.Option("--ship", help="Her name.")] = "ANGARA",
    destination: Annotated[str, typer.Option(help="What she says where she is bound.")] = "ZHOUSHAN",
) -> None:
    """Write a generated feed as NMEA with tag blocks, and the truth as JSON lines.

    Example: wakewatch scenario angara --out angara.nmea.gz
    """
    from streams.errors import ConfigError
    from streams.scenario import scenario

    if list_:
        for known, title in SCENARIOS.items():
            typer.echo(f"{known}  {title}")
        return
    if name is None or out is None:
        raise ConfigError("say which scenario and where to: wakewatch scenario angara --out angara.nmea.gz")
    made = scenario(name, Options(seed=seed, vessels=vessels, mmsi=mmsi, imo=imo, name=ship, destination=destination))
    written = 0
    with gzip.open(out, "wb", compresslevel=1) if out.suffix == ".gz" else out.open("wb") as file:
        for line in made.lines:
            file.write(line + b"\n")
            written += 1
    truth = out.with_name(out.name + ".truth.jsonl")
    truth.write_bytes(b"".join(msgspec.json.encode(t) + b"\n" for t in made.truths))
    typer.echo(f"{made.title}\n{written:,} sentences in {out}, the truth in {truth}", err=True)
