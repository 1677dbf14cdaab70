"""Where in a TOML file its keys are, so that a mistake can be found."""

from __future__ import annotations

import re
from typing import Final

_TABLE: Final = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY: Final = re.compile(r"""\s*([A-Za-z0-9_."' -]+?)\s*=""")


def lines_of(text: str) -> dict[str, int]:
    """Where each key or table is, first line 1. A guess in multi-line strings; it only helps to find things."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := _TABLE.match(line):
            table = _bare(head[1]) + "."
            found.setdefault(table[:-1], number)
        elif key := _KEY.match(line):
            found.setdefault(table + _bare(key[1]), number)
    return found


def _bare(key: str) -> str:
    return ".".join(part.strip(" \t\"'") for part in key.split("."))
