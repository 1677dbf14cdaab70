"""``wakewatch broker``: the embedded Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.cli.options import Json

app = typer.Typer(help="The embedded single-node Kafka (real Apache Kafka).", no_args_is_help=True)
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where its data lies; the cache folder by default.")]


@app.command()
def start(
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for a free one.", min=0, max=65_535)] = 29092,
    json: Json = False,
) -> None:
    """Start it and wait until it accepts. Example: wakewatch broker start"""
    from streams.broker import embedded

    broker = embedded.start(data_dir, port)
    typer.echo(
        msgspec.json.encode(broker).decode() if json else f"Kafka runs at {broker.bootstrap_servers} (pid {broker.pid})"
    )


@app.command()
def stop(data_dir: DataDir = None) -> None:
    """Stop it. Example: wakewatch broker stop"""
    from streams.broker import embedded

    typer.echo("stopped" if embedded.stop(data_dir) else "it was not running")


@app.command("status")
def status_(data_dir: DataDir = None, json: Json = False) -> None:
    """Say whether it runs; exit code 1 when it does not. Example: wakewatch broker status"""
    from streams.broker import embedded

    broker = embedded.status(data_dir)
    if json:
        typer.echo(msgspec.json.encode(broker).decode())
    else:
        typer.echo(f"runs at {broker.bootstrap_servers} (pid {broker.pid})" if broker else "not running")
    raise typer.Exit(0 if broker else 1)
