"""The wakewatch command, assembled here from one file per command."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Callable
from importlib import metadata
from inspect import cleandoc
from typing import Annotated

import structlog
import typer
from typer.exceptions import TyperException

from streams.broker.security import refusal_of
from streams.cli.terminal import InertConsole
from streams.errors import ConfigError, WakewatchError

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130
_talk = InertConsole(stderr=True, highlight=False, soft_wrap=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wakewatch {metadata.version('wakewatch')}")
        raise typer.Exit


def build() -> typer.Typer:
    """The command with all modules of this folder: a module has ``app`` (a group) or ``command``."""
    app = typer.Typer(
        name="wakewatch",
        help="Streaming AIS anomaly detector: dark gaps, sanctioned-port proximity and watchlist hits.",
        epilog="Example: wakewatch replay recording.nmea.gz --alerts alerts.jsonl",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    app.callback()(_whole)
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        offered = importlib.import_module(module.name)
        name = module.name.rsplit(".", 1)[-1].replace("_", "-")
        if hasattr(offered, "app"):
            for one in offered.app.registered_commands:
                _unwrap(one.callback)
            app.add_typer(offered.app, name=name)
        elif hasattr(offered, "command"):
            _unwrap(offered.command)
            app.command(name)(offered.command)
            for former in getattr(offered, "FORMER_NAMES", ()):
                app.command(former, hidden=True)(offered.command)
    return app


def _whole(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options of the whole command. Logs go to stderr, also where a command does not configure them."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def _unwrap(command: Callable[..., object]) -> None:
    """Makes one line of each paragraph of its help: typer would break lines where the source does, and at the edge."""
    paragraphs = cleandoc(command.__doc__ or "").split("\n\n")
    command.__doc__ = "\n\n".join(" ".join(one.split()) for one in paragraphs)


def main() -> None:
    """Runs the command. Exit codes: 0 done, 1 the work failed, 2 wrong use or settings, 130 Ctrl-C."""
    try:
        status = typer.main.get_command(build())(standalone_mode=False)
    except ConfigError as error:
        status = _say(str(error), WRONG_USE)
    except TyperException as error:
        status = _say(error.format_message(), WRONG_USE)
    except WakewatchError as error:
        refused = refusal_of(error)
        status = _say(str(refused or error), WRONG_USE if refused else FAILED)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        status = 0
    except Exception as error:  # noqa: BLE001 - reported with its traceback, except a rejection by Kafka
        refused = refusal_of(error)
        if refused is None:
            traceback.print_exc()
            # Frames keep their objects: a Kafka client that a reader left open would keep the process alive.
            traceback.clear_frames(error.__traceback__)
            status = FAILED
        else:
            status = _say(str(refused), WRONG_USE)
    sys.exit(status if isinstance(status, int) else 0)


def _say(line: str, status: int) -> int:
    _talk.print(f"wakewatch: {line}", markup=False)
    return status
