"""wakewatch bench lists: its rows, on a short list."""

from __future__ import annotations

from streams.bench import lists


def test_a_short_list_is_measured_in_every_row() -> None:
    measured = lists.run(entries=50, lines=500, rounds=1, streamed_mib=2)
    assert [row.name.split(" ")[0] for row in measured.rows] == [
        "read",
        "stream",
        "stream",
        "index",
        "index",
        "hold",
        "bring",
        "replay",
        "replay",
    ]
    assert [figure.value for figure in measured.rows[2].figures if figure.name == "ships"] == [
        2097152 // 1000 // 200 + 1
    ]
    assert all(figure.value == figure.value for row in measured.rows for figure in row.figures)
