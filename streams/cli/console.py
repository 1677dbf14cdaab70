"""``wakewatch console``: the map page."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Annotated, Final

import typer

from streams.cli.options import Servers, SettingsFile, settings_of
from streams.cli.terminal import talk
from streams.settings.console import ConsoleSettings

_INTERRUPTED: Final = 130
_LOOK_S: Final = 0.3


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: this machine only.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0: any free port.", min=0, max=65_535)] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> int:
    """Serve the map page for a control room: open cases, last positions, and reasons. Runs until Ctrl-C.

    The address is printed to stdout. The page needs no other network access. A link can select a case, a map position
    and alerts for the record: http://127.0.0.1:8470/#case=imo/9179842&at=34.6,129.5,7&log=1

    Example: wakewatch console --port 8470
    """
    from streams.console.serving import console
    from streams.reference import load_reference

    effective = settings_of(settings, bootstrap_servers, console__host=host, console__port=port)
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.ask)
    _say_who_may(effective.console)
    with console(effective, load_reference(effective.reference).zones) as running:
        typer.echo(running.url)
        while not stop.wait(_LOOK_S) and not running.ended.is_set():
            pass
    if running.failed:
        raise running.failed
    return _INTERRUPTED if stop.interrupted else 0


def _say_who_may(settings: ConsoleSettings) -> None:
    from streams.observability.hosts import is_loopback

    if is_loopback(settings.host):
        return
    if not settings.identity_header:
        talk(f"anyone who can reach {settings.host} can read this console: put an authenticating proxy in front of it")
    elif not settings.trusted_proxies:
        talk("user names are believed from the loopback address only: name your proxy in console.trusted_proxies")


class _Stop(threading.Event):
    """Set by SIGTERM and Ctrl-C."""

    interrupted = False

    def ask(self, number: int, _frame: FrameType | None) -> None:
        self.interrupted = self.interrupted or number == signal.SIGINT
        self.set()
