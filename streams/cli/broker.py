"""``wakewatch broker``: the embedded Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.cli.options import Json

app = typer.Typer(
    help="The embedded single-node Kafka (real Apache Kafka).",
    no_args_is_help=True,
    epilog="Example: wakewatch broker start",
)
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Data folder; default $XDG_STATE_HOME/wakewatch/broker.")
]


@app.command()
def start(
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0: any free port.", min=0, max=65_535)] = 29092,
    json: Json = False,
) -> None:
    """Start the broker and wait until it accepts connections; a running broker is left as it is.

    The first start downloads Apache Kafka (43 MB). The broker runs until `wakewatch broker stop`.

    Example: wakewatch broker start
    """
    from streams.broker import embedded

    broker = embedded.start(data_dir, port)
    if json:
        typer.echo(_as_json(broker))
        return
    typer.echo(f"Kafka is running at {broker.bootstrap_servers} (pid {broker.pid})")
    if data_dir is not None:
        typer.echo(f"other commands find it with --bootstrap-servers {broker.bootstrap_servers}", err=True)


@app.command()
def stop(data_dir: DataDir = None, json: Json = False) -> None:
    """Stop the broker; its data is kept. Example: wakewatch broker stop"""
    from streams.broker import embedded

    stopped = embedded.stop(data_dir)
    typer.echo(msgspec.json.encode({"stopped": stopped}).decode() if json else _outcome(stopped=stopped))


def _outcome(*, stopped: bool) -> str:
    return "stopped" if stopped else "it was not running"


@app.command("status")
def status_(data_dir: DataDir = None, json: Json = False) -> None:
    """Show if the broker is running; exit code 1 if it is not. Example: wakewatch broker status"""
    from streams.broker import embedded

    broker = embedded.status(data_dir)
    if json:
        typer.echo(_as_json(broker))
    else:
        typer.echo(f"running at {broker.bootstrap_servers} (pid {broker.pid})" if broker else "not running")
    raise typer.Exit(0 if broker else 1)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="File to write, such as backup.tar.zst; it must not exist.")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Copy all data of the broker into one file. A running broker is stopped and restarted; clients wait.

    Example: wakewatch broker backup /backup/wakewatch-2026-11-29.tar.zst
    """
    from streams.broker.backup import backup as make

    done = make(target, data_dir)
    if json:
        typer.echo(msgspec.json.encode(done.summary).decode())
        return
    paused = "; the broker was stopped during the backup and is running again" if done.was_running else ""
    size_mb = target.expanduser().stat().st_size / 1e6
    typer.echo(f"{done.summary.files} files, {done.summary.bytes / 1e6:.1f} MB, in {size_mb:.1f} MB: {target}{paused}")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="Backup file of `wakewatch broker backup`.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Restore over existing data, which is kept under another name.")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Restore the data of a backup; not possible while the broker runs. Data written after the backup is lost.

    Example: wakewatch broker restore /backup/wakewatch-2026-11-29.tar.zst
    """
    from streams.broker.backup import restore as bring_back

    done = bring_back(source, data_dir, replace=replace)
    if json:
        typer.echo(msgspec.json.encode({**msgspec.structs.asdict(done.summary), "kept": str(done.kept or "")}).decode())
        return
    typer.echo(f"restored {done.summary.files} files as of {done.summary.made_at}; start it: wakewatch broker start")
    if done.kept is not None:
        typer.echo(f"the previous data is in {done.kept}", err=True)


def _as_json(broker: object) -> str:
    """The broker with its address; ``{"running": false}`` for none."""
    from streams.broker.embedded import Broker

    if not isinstance(broker, Broker):
        return '{"running":false}'
    fields = {"running": True, "bootstrap_servers": broker.bootstrap_servers, **msgspec.structs.asdict(broker)}
    return msgspec.json.encode(fields).decode()
