"""States as a terminal and a page show them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.states.model import COLUMNS, MINUTE_S, Cell, Row

_BEGIN: Final = "<!-- states: begin -->"
_END: Final = "<!-- states: end -->"
_HEAD: Final = "### "
_LONGEST: Final = 150
"""Of what a cell says, the beginning is shown."""


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
    """A section of a page: how the state is produced, and a line a cell, as it was seen."""
    cells = (
        f"- {name}: {_plain(cell.said)[:_LONGEST]} *({_verdict(cell)})*"
        for name, cell in zip(COLUMNS, row.cells, strict=True)
    )
    return "\n".join([f"{_HEAD}{row.state.name}", "", f"How: {row.state.how}.", "", *cells, ""])


def _plain(said: str) -> str:
    """Without what is another at each run: ports, names of topics, of groups."""
    said = re.sub(r"127\.0\.0\.1:\d+", "HOST:PORT", said)
    return re.sub(r"\bo[0-9a-f]{6}\.", "", said)


def takes_rows(page: Path) -> bool:
    """Whether a page is there and has the marks between which rows go: asked before half an hour of runs."""
    return page.is_file() and all(page.read_text().count(mark) == 1 for mark in (_BEGIN, _END))


def written_into(page: Path, rows: Sequence[Row], names: Sequence[str]) -> None:
    """Puts what was right between the marks of a page, in the order of ``names``; rows of other runs stay.

    Raises ValueError where the page has no marks.
    """
    before, began, rest = page.read_text().partition(_BEGIN)
    former, ended, after = rest.partition(_END)
    if not began or not ended:
        raise ValueError(f"{page} has no {_BEGIN} ... {_END}")
    sections = (f"{_HEAD}{section}" for section in re.split(rf"^{_HEAD}", former, flags=re.M)[1:])
    held = {section.partition("\n")[0].removeprefix(_HEAD): section.rstrip() + "\n" for section in sections}
    held |= {row.state.name: markdown(row) for row in rows if row.right}
    page.write_text("\n".join([before + _BEGIN, "", *(held[name] for name in names if name in held), _END + after]))
