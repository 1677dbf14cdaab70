"""The rows of the tables of a foreign page (HTML), as cells of plain text. No I/O here.

Pages are untrusted and often malformed. Python's own parser needs minutes for 100 kB of unclosed tags and raises on
some declarations; this reads the tags that matter, in one pass, and never raises.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

Cells = tuple[int, list[str]]
"""The line of a row, from 1, and its cells."""

_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)\b[^<>]*>", re.I)
_BEGIN, _END = "<!--", "-->"
_ENDING: Final = frozenset({"tr", "td", "th", "table"})
_CELLS_MOST: Final = 200_000


def table_rows(page: str) -> list[Cells]:
    """Rows of all tables in their order; nested tables are not told apart. At most 200,000 cells."""
    text = _without_comments(page)
    rows: list[Cells] = []
    cell: list[str] | None = None
    at = cells = 0
    line = 1
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        between = text[at : tag.start()]
        line += between.count("\n")
        if cell is not None:
            cell += (between, " ")
        if name in _ENDING and cell is not None and rows:
            rows[-1][1].append(_plain("".join(cell)))
            cells, cell = cells + 1, None
        if not tag[1] and name == "tr":
            rows.append((line, []))
        elif not tag[1] and name in {"td", "th"}:
            cell = []
        line += tag[0].count("\n")
        at = tag.end()
        if cells >= _CELLS_MOST:
            break
    if cell is not None and rows:
        rows[-1][1].append(_plain("".join(cell) + text[at:]))
    return [row for row in rows if row[1]]


def _plain(text: str) -> str:
    return " ".join(unescape(text).split())


def _without_comments(page: str) -> str:
    """The page without comments; an unclosed one is text. Lines stay lines."""
    parts: list[str] = []
    at = 0
    while (begin := page.find(_BEGIN, at)) >= 0 and (end := page.find(_END, begin)) >= 0:
        parts += (page[at:begin], "\n" * page.count("\n", begin, end))
        at = end + len(_END)
    return "".join((*parts, page[at:]))
