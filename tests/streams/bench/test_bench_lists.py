"""wakewatch bench lists: its rows, on a short list."""

from __future__ import annotations

from streams.bench import lists


def test_a_short_list_is_measured_in_every_row() -> None:
    measured = lists.run(entries=50, lines=500, rounds=1)
    assert [row.name.split(" ")[0] for row in measured.rows] == [
        "read",
        "index",
        "index",
        "hold",
        "bring",
        "replay",
        "replay",
    ]
    assert all(figure.value == figure.value for row in measured.rows for figure in row.figures)
