"""The documents: what they link to and name is there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from detectors.core.registry import detectors

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md"), ROOT / "detectors/README.md"]
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:detectors|streams|deploy|tests|docs)/[\w./-]*\w)`")


def missing(page: Path, names: Iterable[str], base: Path) -> list[str]:
    return [f"{page.relative_to(ROOT)}: {name}" for name in names if not (base / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_and_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not missing(page, LINK.findall(text), page.parent)
    assert not missing(page, (name for name in NAMED.findall(text) if "NAME" not in name), ROOT)


def test_every_detector_has_its_place_among_the_alerts() -> None:
    titles = {line.lstrip("# ") for line in (ROOT / "docs/ALERTS.md").read_text("utf-8").splitlines() if "## " in line}
    named = {name for title in titles for name in title.split(" and ")}
    assert set(detectors()) <= named
