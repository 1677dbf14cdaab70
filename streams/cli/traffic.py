"""``wakewatch traffic``: where all vessels are, and where they were."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Annotated, Final

import typer

from streams.cli.options import Servers, SettingsFile, settings_of
from streams.cli.terminal import talk

_INTERRUPTED: Final = 130
_LOOK_S: Final = 0.3


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: this machine only.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0: any free port.", min=0, max=65_535)] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> int:
    """Serve all vessels that the feed hears and their tracks to the console's map, until Ctrl-C.

    Reads the log of sentences from two days ago on (traffic.start_h) and keeps what it needs in memory. The console
    asks it at console.traffic_url. The address is printed to stdout.

    Example: wakewatch traffic --port 8471
    """
    from streams.observability import logs
    from streams.observability.hosts import is_loopback
    from streams.traffic.serving import traffic_server

    effective = settings_of(settings, bootstrap_servers, traffic__host=host, traffic__port=port)
    logs.configure(effective.log)
    stop, interrupted = threading.Event(), threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            interrupted.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    if not is_loopback(effective.traffic.host):
        talk(f"anyone who can reach {effective.traffic.host} can ask where vessels are: let only the console reach it")
    with traffic_server(effective) as running:
        typer.echo(running.url)
        while not stop.wait(_LOOK_S) and not running.ended.is_set():
            pass
    if running.failed:
        raise running.failed
    return _INTERRUPTED if interrupted.is_set() else 0
