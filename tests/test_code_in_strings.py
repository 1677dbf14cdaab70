"""Code that tests hand to another Python as text: what it imports and changes of ours is there, under that name."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = ("streams", "detectors", "tests")
MODULES = sorted(path for folder in OURS for path in (ROOT / folder).rglob("*.py"))


def snippets(path: Path) -> Iterator[tuple[int, ast.Module]]:
    """Texts in a module that are Python and import something of ours."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
            try:
                yield node.lineno, ast.parse(node.value.replace("%d", "0"))
            except SyntaxError:
                continue


def lost(code: ast.Module) -> list[str]:
    """Names of ours that it imports or asks for, and that are not there."""
    found, known = [], dict[str, object]()
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS and not node.level:
            module = importlib.import_module(str(node.module))
            for name in node.names:
                if not hasattr(module, name.name):
                    try:
                        importlib.import_module(f"{node.module}.{name.name}")
                    except ImportError:
                        found.append(f"{node.module}.{name.name}")
                        continue
                known[name.asname or name.name] = getattr(module, name.name)
    asked = [node for node in ast.walk(code) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    for node in asked:
        owner = node.value.id
        if owner in known and not hasattr(known[owner], node.attr):
            found.append(f"{owner}.{node.attr}")
    return found


def test_a_name_that_is_gone_is_found() -> None:
    code = "from detectors.gap import Gap, Gone\nfrom streams.cli import main\nGap.screen = Gap.screen_reports\n"
    assert lost(ast.parse(code)) == ["detectors.gap.Gone", "Gap.screen"]


def test_code_in_texts_names_what_is_there() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in MODULES
        if path != Path(__file__)
        for line, code in snippets(path)
        for name in lost(code)
    ]
    assert found == []
