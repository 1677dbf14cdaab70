"""``wakewatch bench``: a sub-command for each module in ``streams/bench/``."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from typer.core import TyperGroup

from streams.bench import frame
from streams.cli.options import Json
from streams.cli.terminal import show_table

Against = Annotated[
    Path | None, typer.Option(help="Print the change against this --json result.", metavar="RESULT.json")
]


class _Benches(TyperGroup):
    """The benchmarks that exist; each is imported when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in frame.NAMES if importlib.util.find_spec(_module(name))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        one = typer.Typer(add_completion=False, rich_markup_mode="rich")
        one.command(cmd_name)(_command(cmd_name))
        return typer.main.get_command(one)


app = typer.Typer(cls=_Benches, no_args_is_help=True)


@app.callback()
def benches() -> None:
    """Measure on this machine: CPU seconds, rates per core, and ratios.

    Example: wakewatch bench decode --json > before.json; wakewatch bench decode --against before.json
    """


def _module(name: str) -> str:
    """``import`` cannot be a module's name: that module has an underscore after it."""
    return f"streams.bench.{name}{'_' * iskeyword(name)}"


def _command(name: str) -> Callable[..., None]:
    """``run`` of the module with --json and --against added to its parameters."""
    run = importlib.import_module(_module(name)).run

    def command(*, json: bool, against: Path | None, **given: object) -> None:
        earlier = frame.read_result(against) if against else None
        result = frame.measure(name, lambda: run(**given))
        if json:
            typer.echo(msgspec.json.format(msgspec.json.encode(result)).decode())
        else:
            _show(result, earlier)

    own = [
        inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json),
        inspect.Parameter("against", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Against),
    ]
    signature = inspect.signature(run, eval_str=True)
    parameters = [*signature.parameters.values(), *own]
    command.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = run.__doc__
    return command


def _show(result: frame.Result, earlier: frame.Result | None) -> None:
    heads, rows = frame.table(result, earlier)
    show_table(heads, rows)
    for line in frame.around(result):
        typer.echo(line)
    if earlier:
        typer.echo(f"change     from {earlier.at}, load {earlier.machine.load_before[0]:.2f}: {earlier.measured.input}")
