"""``wakewatch detect``: the Faust worker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.options import Servers, SettingsFile, settings_of


def command(
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Where Faust keeps its few files.")] = None,
    supervise: Annotated[bool, typer.Option(help="Start the worker again when it crashes.")] = True,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Run the worker: sentences in, alerts out, until SIGTERM or Ctrl-C.

    Example: wakewatch detect --bootstrap-servers kafka:9092
    """
    from streams.broker.clients import admin, servers_of
    from streams.topics import create_missing
    from streams.worker.supervisor import Supervisor

    effective = settings_of(settings, bootstrap_servers)
    client = admin(effective.kafka)
    create_missing(client, effective.kafka)
    client.close()
    environ = {**os.environ, "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": ",".join(servers_of(effective.kafka))}
    if settings:
        environ["WAKEWATCH_SETTINGS"] = str(settings)
    if data_dir:
        environ["WAKEWATCH_WORKER_DATA_DIR"] = str(data_dir)
    if supervise:
        raise typer.Exit(Supervisor(environ).run())
    os.execve(_python(), [_python(), "-m", "streams.worker"], environ)


def _python() -> str:
    import sys

    return sys.executable
