"""Rows for a terminal and for a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.states.model import COLUMNS, MINUTE_S, Cell, Row

_BEGIN: Final = "<!-- states: begin -->"
_END: Final = "<!-- states: end -->"
_LONGEST: Final = 150


def shown(row: Row, out: Console) -> None:
    """A row on a terminal: a line a cell."""
    out.print(f"{'ok' if row.right else 'WRONG':<6}{row.state.name}: {row.state.how}", markup=False)
    if row.wrong:
        out.print(row.wrong, markup=False)
    for name, cell in zip(COLUMNS, row.cells, strict=False):
        out.print(f"  {name:<17}{_verdict(cell):<8}{_plain(cell.said)}", markup=False)


def _verdict(cell: Cell) -> str:
    if not cell.right:
        return "WRONG"
    return cell.when or f"{cell.after_s:.0f} s" + (" LATE" if cell.after_s > MINUTE_S else "")


def markdown(row: Row) -> str:
    """A line of a page's table, as it was seen."""
    cells = [f"{_plain(cell.said)[:_LONGEST]} *({_verdict(cell)})*".replace("|", "\\|") for cell in row.cells]
    return f"{_head(row.state.name)}: {row.state.how} | " + " | ".join(cells) + " |"


def _head(name: str) -> str:
    return f"| **{name}**"


def _plain(said: str) -> str:
    """Without what is another at each run: ports, names of topics, of groups."""
    said = re.sub(r"127\.0\.0\.1:\d+", "HOST:PORT", said)
    return re.sub(r"\bo[0-9a-f]{6}\.", "", said)


def written_into(page: Path, rows: Sequence[Row], names: Sequence[str]) -> None:
    """Puts what was right between the marks of a page, in the order of ``names``; rows of other runs stay.

    Raises ValueError where the page has no marks.
    """
    before, began, rest = page.read_text().partition(_BEGIN)
    former, ended, after = rest.partition(_END)
    if not began or not ended:
        raise ValueError(f"{page} has no {_BEGIN} ... {_END}")
    held = {name: line for line in former.splitlines() for name in names if line.startswith(_head(name))}
    held |= {row.state.name: markdown(row) for row in rows if row.right}
    lines = ["| state, and how it is produced | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [held[name] for name in names if name in held]
    page.write_text("\n".join([before + _BEGIN, *lines, _END + after]))
