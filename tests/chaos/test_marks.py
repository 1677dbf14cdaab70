"""What the harness reads from the marks of a worker."""

from pathlib import Path

import pytest

from tests.chaos import marks
from tests.chaos.marks import CUT_AMID_ALERTS, SAVED_AMID_ALERTS


def of(text: str, where: str = "fleet/0") -> marks.Marks:
    return [(letter, where) for letter in text]


@pytest.mark.parametrize(
    ("text", "saved", "cut"),
    [
        ("SBC", False, False),
        ("SBAC", True, False),  # cut before the record began
        ("SBACD", False, False),
        ("ASB", False, False),
        ("ASBC", True, True),
        ("SABCSBC", True, True),
        ("ASBCD", False, False),
        ("ADSBC", False, False),
        ("ADASBC", True, True),
    ],
)
def test_a_snapshot_amid_alerts(text: str, saved: bool, cut: bool) -> None:
    assert marks.amid_alerts(of(text), SAVED_AMID_ALERTS) == saved
    assert marks.amid_alerts(of(text), CUT_AMID_ALERTS) == cut
    assert marks.amid_alerts([*of("A"), *of("SBC", "fleet/1")], CUT_AMID_ALERTS) is False
    assert marks.amid_alerts([*of(text), *of("ASBC", "fleet/1")], CUT_AMID_ALERTS) is True


@pytest.mark.parametrize(("text", "works"), [("", False), ("R", True), ("RBC", False), ("BRC", False), ("RBCR", True)])
@pytest.mark.parametrize("kind", ["histories", "areas", "meetings"])
def test_a_later_stage_at_work(text: str, works: bool, kind: str) -> None:
    assert marks.later_at_work([*of("RAD"), *of(text, f"{kind}/0")]) == works
    assert marks.later_at_work([*of("RAD"), *of(text, f"{kind}/0"), *of("RBC", "histories/0")]) == (
        works and kind != "histories"
    )


def test_marks_are_read_as_they_were_written_and_a_line_that_is_not_whole_is_none(tmp_path: Path) -> None:
    assert marks.read(tmp_path / "1") == []
    (tmp_path / "1").write_text("B fleet/0\nR histories/0\nC fle")
    assert marks.read(tmp_path / "1") == [("B", "fleet/0"), ("R", "histories/0")]
    assert marks.in_transaction(marks.read(tmp_path / "1"))
