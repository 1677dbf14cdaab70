"""Output of commands: data on stdout, messages on stderr."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PIPED_WIDTH: Final = 240  # nothing is cut off in a pipe


def show_table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Prints a table on stdout; None is a dash, and text is never read as markup."""
    table = Table(*columns, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(escape("-" if cell is None else str(cell)) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH).print(table)


def talk(line: str) -> None:
    """One line on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)


def tell_unreadable(topic: str, partition: int, offset: int, why: str, held_back: int) -> None:
    """For ``UnreadableRecords``: one line on stderr, at most one in ten seconds."""
    more = f" ({held_back} more since the last message)" if held_back else ""
    talk(f"skipped: {topic}, partition {partition}, offset {offset}: {why}{more}")


def tell_nothing(*_: object) -> None:
    """For ``UnreadableRecords`` in a command that ends: it prints the total at its end."""
