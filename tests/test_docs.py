"""The documents: links lead somewhere, decisions and the changelog have their form, nothing is too long to read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from detectors.core.alert import Alert
from detectors.core.registry import detectors
from tests.alert_examples import EXAMPLE, with_examples

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md"), ROOT / "detectors/README.md"]
)
ADRS = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:detectors|streams|deploy|tests|docs)/[\w./-]*\w)`")
CITED = re.compile(r"\b((?:deploy|docs)/[\w./-]+\.(?:md|svg|png))\b")
IN_MODULE = re.compile(r"`([A-Za-z_.]+)` (?:in |\()`((?:detectors|streams)/[\w/]+\.py)`")
LINE_MOST = 400
README_WORDS_MOST = 900
ADR_LINES_MOST = 15
PICTURE_BYTES_MOST = 300_000
KINDS_OF_CHANGE = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""The headings of Keep a Changelog, in its order."""


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def missing(page: Path, names: Iterable[str], base: Path) -> list[str]:
    return [f"{named(page)}: {name}" for name in names if not (base / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_a_page_links_to_and_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not missing(page, LINK.findall(text), page.parent)
    assert not missing(page, (name for name in NAMED.findall(text) if "NAME" not in name), ROOT)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_line_of_a_page_is_too_long(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    assert [(number, len(line)) for number, line in enumerate(lines, 1) if len(line) > LINE_MOST] == []


def test_code_cites_pages_that_are_there() -> None:
    sources = [path for folder in ("detectors", "streams", "tests", "deploy") for path in (ROOT / folder).rglob("*.py")]
    assert [lost for path in sources for lost in missing(path, CITED.findall(path.read_text("utf-8")), ROOT)] == []


def test_what_the_architecture_says_to_be_in_a_module_is_there() -> None:
    text = (ROOT / "docs/ARCHITECTURE.md").read_text("utf-8")
    said = IN_MODULE.findall(text)
    assert len(said) > 10
    for name, path in said:
        code = (ROOT / path).read_text("utf-8")
        lost = [part for part in name.split(".") if not re.search(rf"\b(?:class|def) {part}\b|^{part}\b", code, re.M)]
        assert not lost, f"{name} in {path}"


def test_every_detector_has_its_place_among_the_alerts() -> None:
    titles = {line.lstrip("# ") for line in (ROOT / "docs/ALERTS.md").read_text("utf-8").splitlines() if "## " in line}
    lost = set(detectors()) - {name for title in titles for name in title.split(" and ")}
    assert not lost, f"docs/ALERTS.md needs a section '## NAME' for {sorted(lost)}"


def test_examples_are_of_what_they_stand_under() -> None:
    sections = re.split(r"^## ", (ROOT / "docs/ALERTS.md").read_text("utf-8"), flags=re.M)[1:]
    found = [(section.partition("\n")[0], example) for section in sections for example in EXAMPLE.finditer(section)]
    assert len(found) > 10
    for title, example in found:
        head, detector, status, time, _ = example.groups()
        printed = example.group().removeprefix(head)
        assert detector in title or title == "How to read one"
        mark = {"opened": r"\+", "updated": "~", "closed": "-", "retracted": "x"}[status]
        assert re.match(rf"{time.replace('T', ' ')}Z {mark} (page  |ticket|log   ) {detector} +\w", printed), printed


def test_examples_are_put_in_from_alerts() -> None:
    alert = Alert(
        id="a" * 32,
        revision=1,
        status="opened",
        detector="gap",
        rule_version=1,
        severity="page",
        subject="mmsi/1",
        case_id="mmsi/1",
        headline="ANGARA silent 1 h",
        episode_start="2024-02-04T04:12:00.000Z",
        time="2024-02-04T05:12:00.000Z",
    )
    page = "a\n<!-- example: gap opened 2024-02-04T05:12 -->\n```\nold\n```\nb\n"
    made = with_examples(page, [alert])
    assert made == page.replace("old", "2024-02-04 05:12Z + page   gap            ANGARA silent 1 h")
    with pytest.raises(LookupError, match="no opened gap"):
        with_examples(page.replace("2024", "2025"), [alert])


def test_the_readme_can_be_read_in_five_minutes() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.split()) <= README_WORDS_MOST
    assert "```mermaid" in text
    assert text.index("**Gap**") < text.index("make demo"), "definitions come before usage"


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs/images").iterdir())
    assert {path.suffix for path in pictures} <= {".png", ".svg"} and pictures
    assert [named(path) for path in pictures if path.stat().st_size >= PICTURE_BYTES_MOST] == []


@pytest.mark.parametrize("page", ADRS, ids=lambda page: page.name)
def test_a_decision_is_short_dated_and_has_a_status(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    number = page.name[:4]
    assert len(lines) <= ADR_LINES_MOST
    assert lines[0].startswith(f"# {number}: ")
    (dated,) = (line.removeprefix("Date: ") for line in lines if line.startswith("Date: "))
    assert date.fromisoformat(dated)
    (status,) = (line.removeprefix("Status: ") for line in lines if line.startswith("Status: "))
    assert status == "accepted" or re.fullmatch(r"superseded by \[(\d{4})\]\(\1-[\w-]+\.md\)", status)
    assert any(line.startswith("Decision: ") for line in lines)


def test_every_decision_stands_in_the_index_with_its_title_and_status() -> None:
    index = (DECISIONS / "README.md").read_text("utf-8").splitlines()
    assert [page.name[:4] for page in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]
    for page in ADRS:
        title, _, dated, status = page.read_text("utf-8").splitlines()[:4]
        row = (
            f"| [{page.name[:4]}]({page.name}) | {title.partition(': ')[2]} "
            f"| {status.removeprefix('Status: ')} | {dated.removeprefix('Date: ')} |"
        )
        assert row in index


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.findall(r"^## (.+)$", text, re.M)
    assert releases[0] == "Unreleased"
    assert all(re.fullmatch(r"\[?\d+\.\d+\.\d+\]? - \d{4}-\d{2}-\d{2}", one) for one in releases[1:])
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        kinds = re.findall(r"^### (.+)$", section, re.M)
        assert kinds == [kind for kind in KINDS_OF_CHANGE if kind in kinds], "Keep a Changelog's headings, in order"
        assert all(line.startswith(("- ", "  ", "#")) for line in section.splitlines()[1:] if line)


def test_a_released_version_stands_in_the_changelog() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version, released = project["version"], re.findall(r"^## \[?(\d+\.\d+\.\d+)", text, re.M)
    assert version in released or not released, f"{version} has no section, and other versions have"
