"""The lines of the keys in a TOML file, for error messages."""

from __future__ import annotations

import re
from typing import Final

_TABLE: Final = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY: Final = re.compile(r"""\s*([A-Za-z0-9_."' -]+?)\s*=""")


def lines_of(text: str) -> dict[str, int]:
    """The line of each key or table, first line 1. Approximate in multi-line strings; it is used only in messages."""
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
