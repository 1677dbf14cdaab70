"""The table: what is right is written, what an earlier run saw stays, and a page without marks is refused."""

from pathlib import Path

import pytest

from tests.states.__main__ import STATES
from tests.states.model import COLUMNS, MINUTE_S, Cell, Row
from tests.states.table import written_into

NAMES = [state.name for state in STATES]
PAGE = Path(__file__).parents[2] / "docs" / "STATES.md"


def row(number: int, said: str, *, right: bool = True, after_s: float = 5.0) -> Row:
    return Row(STATES[number], tuple(Cell(said, right, after_s) for _ in COLUMNS))


def test_states_have_names_of_their_own_and_some_are_in_the_short_form() -> None:
    assert len(set(NAMES)) == len(NAMES) == 17
    assert sum(state.short for state in STATES) == 4


def test_a_run_replaces_its_rows_and_leaves_the_others(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- states: begin -->\n<!-- states: end -->\nafter\n")
    written_into(page, [row(2, "third"), row(0, "first | 127.0.0.1:1234"), row(1, "late", after_s=MINUTE_S + 1)], NAMES)
    written_into(page, [row(2, "third again"), row(0, "wrong", right=False)], NAMES)
    lines = page.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    assert [line.removeprefix("### ") for line in lines if line.startswith("### ")] == [NAMES[0], NAMES[2]]
    assert "first | HOST:PORT *(5 s)*" in page.read_text() and "third again" in page.read_text()
    assert "- readyz: third *(5 s)*" not in lines and max(map(len, lines)) <= 400


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="has no"):
        written_into(page, [], NAMES)


def test_the_page_names_every_state() -> None:
    said = PAGE.read_text()
    assert [name for name in NAMES if name not in said] == []
