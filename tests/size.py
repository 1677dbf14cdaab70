"""``python -m tests.size``: lines by area, and whether a module or a function has outgrown what one reads at a sitting.

Ends with 1 where a module has more than 300 lines or the body of a function more than 40 (its signature and docstring
are not counted: a command's options are its parameters).
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
AREAS = ("detectors", "streams", "tests")
CODE = ("detectors", "streams")
MODULE_MOST, BODY_MOST = 300, 40
NEAR = 275


class Size(NamedTuple):
    """Of a module, in lines."""

    path: Path
    lines: int
    code: int
    comments: int
    """Lines of comments and docstrings."""
    unformatted: int
    """Places that the formatter must leave alone."""
    long_functions: tuple[str, ...]


def size_of(path: Path, text: str) -> Size:
    """Counts lines by their kind."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    comments = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code = {n for token in tokens if token.type not in skipped for n in range(token.start[0], token.end[0] + 1)}
    tree = ast.parse(text)
    prose = {n for node in ast.walk(tree) if is_prose(node) for n in range(node.lineno, (node.end_lineno or 0) + 1)}
    long = tuple(f"{path.name}: {name} has {lines} lines" for name, lines in bodies(tree) if lines > BODY_MOST)
    unformatted = text.count("# fmt: skip") + text.count("# fmt: off")
    return Size(path, text.count("\n"), len(code - prose), len(comments | prose), unformatted, long)


def is_prose(node: ast.AST) -> bool:
    """A docstring, of whatever."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def bodies(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions, and the lines of their bodies without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if is_prose(node.body[0]) and len(node.body) > 1 else node.body[0]
            yield node.name, (node.end_lineno or 0) - first.lineno + 1


def sizes(area: str) -> list[Size]:
    """Of all modules of an area."""
    return [size_of(path, path.read_text("utf-8")) for path in sorted((ROOT / area).rglob("*.py"))]


def main() -> int:
    """Writes the table and what is too long. Returns the exit code."""
    wrong = []
    table = [f"{'':10} {'modules':>8} {'lines':>8} {'code':>8} {'comments':>9} {'a code line':>12} {'275 to 300':>11}"]
    for area in AREAS:
        found = sizes(area)
        lines, code, comments = (sum(getattr(size, name) for size in found) for name in ("lines", "code", "comments"))
        near = sum(NEAR <= size.lines <= MODULE_MOST for size in found)
        table.append(
            f"{area:10} {len(found):8,} {lines:8,} {code:8,} {comments:9,} {comments / max(code, 1):12.2f} {near:11,}"
        )
        if area in CODE:
            wrong += [f"{s.path.relative_to(ROOT)} has {s.lines} lines" for s in found if s.lines > MODULE_MOST]
            wrong += [long for size in found for long in size.long_functions]
    unformatted = sum(size.unformatted for area in CODE for size in sizes(area))
    table.append(f"places that the formatter leaves alone: {unformatted}")
    sys.stdout.write("\n".join(table) + "\n")
    for line in wrong:
        sys.stderr.write(f"too long to read at a sitting: {line}; split it by what it is about\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
