"""``wakewatch detect``: the Faust worker."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.options import Servers, SettingsFile, settings_of
from streams.errors import ConfigError
from streams.settings.model import Settings


def command(
    metrics: Annotated[
        int | None, typer.Option("--metrics", help="Serve /metrics on this port.", min=0, max=65_535)
    ] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Folder for the files of Faust.")] = None,
    supervise: Annotated[
        bool, typer.Option(help="Restart the worker when it crashes; container platforms do this themselves.")
    ] = True,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Run the worker, which reads sentences and writes alerts, until SIGTERM or Ctrl-C.

    Start several workers to share the load: they divide the partitions.

    Example: wakewatch detect --bootstrap-servers kafka:9092
    """
    from streams.worker.supervisor import Supervisor, worker_call

    effective = settings_of(settings, bootstrap_servers, worker__metrics_port=metrics, worker__data_dir=_text(data_dir))
    _prepare(effective)
    environ = {**os.environ, **_environment(effective, settings)}
    if supervise:
        raise typer.Exit(Supervisor(environ, worker_call()).run())
    os.execve(sys.executable, [sys.executable, "-m", "streams.worker"], environ)


def _text(path: Path | None) -> str | None:
    return str(path.absolute()) if path else None


def _prepare(effective: Settings) -> None:
    """Checks that the topics exist, with the number of partitions in the settings. Raises ConfigError."""
    from streams.broker.acl import RIGHTS, refuse_unless_allowed
    from streams.cli.topics import administering
    from streams.messages.topics import create_missing, partition_differences

    needed = RIGHTS["detect"].needed()
    with administering(effective.kafka) as client:
        create_missing(client, effective.kafka, needed)
        for wrong in partition_differences(client, effective.kafka, needed):
            raise ConfigError(
                f"topic {wrong.topic} has {wrong.is_} partitions, kafka.partitions is {wrong.wanted}: "
                f"set kafka.partitions to {wrong.is_}; to change the topic see deploy/RUNBOOK.md, Scaling"
            )
        refuse_unless_allowed(client, "detect", effective)


def _environment(effective: Settings, settings: Path | None) -> dict[str, str]:
    """Environment variables that pass our flags to the worker."""
    from streams.broker.clients import servers_of

    worker = effective.worker
    given = {
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": ",".join(servers_of(effective.kafka)),
        "WAKEWATCH_WORKER_DATA_DIR": worker.data_dir,
        "WAKEWATCH_WORKER_METRICS_PORT": str(worker.metrics_port),
    }
    if settings:
        given["WAKEWATCH_SETTINGS"] = str(settings.absolute())
    return given
