"""Output of commands: data on stdout, messages on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

from streams.messages.inert import inert, inert_json

_PIPED_WIDTH: Final = 240  # nothing is cut off in a pipe


class InertConsole(Console):
    """Prints text in which every character shows itself: a terminal would obey an escape sequence in a name."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of ``renderable``; those that are not control codes of our own are made inert."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(_inert_lines(segment.text), segment.style)


def _inert_lines(text: str) -> str:
    return text if text.isprintable() else "\n".join(map(inert, text.split("\n")))


def echo_json(body: bytes) -> None:
    """A line of JSON on stdout: the same value, with hidden characters as escapes."""
    typer.echo(inert_json(body))


def show_table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Prints a table on stdout; None is a dash, and text is never read as markup."""
    table = Table(*columns, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(escape("-" if cell is None else str(cell)) for cell in row))
    InertConsole(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH).print(table)


def talk(line: str) -> None:
    """One line on stderr."""
    InertConsole(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)


def tell_unreadable(topic: str, partition: int, offset: int, why: str, held_back: int) -> None:
    """For ``UnreadableRecords``: one line on stderr, at most one in ten seconds."""
    more = f" ({held_back} more since the last message)" if held_back else ""
    talk(f"skipped: {topic}, partition {partition}, offset {offset}: {why}{more}")


def tell_nothing(*_: object) -> None:
    """For ``UnreadableRecords`` in a command that ends: it prints the total at its end."""
