"""wakewatch bench console: its rows, with few ships and pages."""

import pytest

from streams.bench import console

pytestmark = pytest.mark.broker


@pytest.mark.full
def test_pages_are_served_and_viewers_that_do_not_read_cost_them_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "chromium", lambda: None)
    measured = console.run(ships=300, cases=5, viewers=4, seconds=6)
    assert [row.name for row in measured.rows] == ["4 pages", "4 pages, 40 connections that are not read"]
    for row in measured.rows:
        figures = {figure.name: figure.value for figure in row.figures}
        assert 0 < figures["vessels p50 ms"] <= figures["vessels p95 ms"] < 10_000
        assert figures["console % of a core"] > 0 and figures["MB/s sent"] > 0
    assert all(note.startswith("0 questions failed") for note in measured.notes[:2])
    assert "no Chromium" in measured.notes[2]
