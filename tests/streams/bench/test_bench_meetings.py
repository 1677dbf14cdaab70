"""wakewatch bench meetings: its rows, on a small roadstead."""

from streams.bench import meetings


def test_a_roadstead_is_learned_and_opens_nothing() -> None:
    measured = meetings.run(ships=40, hours=3)
    figures = [{figure.name: figure.value for figure in row.figures} for row in measured.rows]
    assert [row.name for row in measured.rows] == [
        "the place is not known, 40 ships",
        "it is known, 40 ships",
        "a whole snapshot",
    ]
    assert all(each["us a fact"] > 0 and 250 < each["bytes a fact"] < 450 for each in figures[:2])
    assert figures[1]["alerts"] == 0 and figures[2]["MB"] > 0
