"""``wakewatch imagery``: one file per sub-command in this folder, each with ``command``."""

from __future__ import annotations

import importlib
import pkgutil

import typer

app = typer.Typer(
    help="Satellites and their images: who could have seen a vessel, and what is in an image.",
    no_args_is_help=True,
    epilog="Example: wakewatch imagery passes 3f9a12 --elements resource.json",
)


@app.callback()
def imagery() -> None:
    """Keep it a group while it has one sub-command."""


for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    _offered = importlib.import_module(_module.name)
    if hasattr(_offered, "command"):
        _name = _module.name.rpartition(".")[2].strip("_").replace("_", "-")
        app.command(_name)(_offered.command)
