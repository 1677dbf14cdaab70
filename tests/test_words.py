"""The project's own words: what plain English has another word for does not come back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("detectors", "streams", "deploy", "tests", "docs")
KINDS = {".py", ".md", ".js", ".html", ".toml", ".yml", ".yaml", ".json"}
BANNED = {
    "she": "it, the vessel",
    "her": "its, the vessel's",
    "herself": "itself",
    "mend": "fix",
    "whyever": "for any reason",
    "amiss": "wrong",
    "made anew": "recreated",
    "put up with": "tolerate",
}
"""What not to write, and what to write."""
ALLOWED = {"constrained by her draught": "the name of a navigational status, ITU-R M.1371-5"}
LISTS = {Path(__file__), ROOT / "tests/wording.py", ROOT / "tests/test_wording.py"}
"""What lists the words."""


def texts() -> Iterable[Path]:
    yield from ROOT.glob("*.md")
    for folder in FOLDERS:
        yield from (
            path
            for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in KINDS and path not in LISTS and "vendor" not in path.parts
        )


@pytest.mark.parametrize("word", BANNED)
def test_a_banned_word_stands_nowhere(word: str) -> None:
    wanted = re.compile(rf"\b{word}\b", re.IGNORECASE)
    found = []
    for path in texts():
        text = path.read_text("utf-8")
        for allowed in ALLOWED:
            text = text.replace(allowed, "")
        for number, line in enumerate(text.splitlines(), 1):
            if wanted.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, f"write {BANNED[word]!r} for {word!r}:\n" + "\n".join(found)
