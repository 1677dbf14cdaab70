"""``wakewatch demo``: runs the whole system on this machine, with a story whose end is checked."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer
from rich.console import Console

from streams.cli.options import Servers, SettingsFile, settings_of
from streams.cli.terminal import InertConsole

_PIPED_WIDTH: Final = 160  # headlines are not broken in a pipe


def command(
    feed: Annotated[
        list[str] | None,
        typer.Option(
            "--feed", help="Your own feed instead of the scenario: file:PATH, tcp://HOST:PORT, udp://...", metavar="URL"
        ),
    ] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Keep everything running until Ctrl-C.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also show alerts of severity log.")] = False,
    seconds: Annotated[float, typer.Option(help="Shortest duration of the scenario, s.", min=1, max=3600)] = 40.0,
    seed: Annotated[int, typer.Option(help="Random seed of the other vessels.", min=0)] = 1,
    mmsi: Annotated[int | None, typer.Option(help="MMSI of the vessel.")] = None,
    imo: Annotated[int | None, typer.Option(help="IMO number of the vessel; it must be on the watchlist.")] = None,
    ship: Annotated[str | None, typer.Option("--name", help="Name of the vessel.")] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> int:
    """Start Kafka, a worker and a notifier (dry run), and play the ANGARA reconstruction through them.

    Exit code 0 only if every expected alert was raised. All processes and files are removed at the end.

    Example: wakewatch demo --feed tcp://153.44.253.27:5631
    """
    from streams.cli.scenario import options_of
    from streams.demo.play import DemoPlan, run

    chosen = {"seed": seed, "mmsi": mmsi, "imo": imo, "name": ship}
    plan = DemoPlan(
        feeds=tuple(feed or ()),
        stay=stay,
        every=every,
        seconds=seconds,
        settings=settings,
        servers=bootstrap_servers,
        options=options_of({key: value for key, value in chosen.items() if value is not None}),
    )
    return run(plan, settings_of(settings, bootstrap_servers), _console())


def _console() -> Console:
    return InertConsole(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
