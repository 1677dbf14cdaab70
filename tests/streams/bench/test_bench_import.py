"""wakewatch bench import: a list comes into force under load, and nothing is lost by it."""

from __future__ import annotations

import pytest

from streams.bench import import_
from streams.bench.frame import Figure


def named(figures: tuple[Figure, ...]) -> dict[str, float]:
    return {figure.name: figure.value for figure in figures}


@pytest.mark.broker
def test_an_import_under_load_is_whole_and_the_same_when_the_log_is_read_again() -> None:
    """5,000 sentences/s, two workers; the first import is killed half way, and the list of before stays in force.

    How quick it is depends on the machine: the command measures that.
    """
    measured = import_.run(rate=5000, seconds=4, entries=2000)
    rows = {row.name: named(row.figures) for row in measured.rows}
    hit, back = rows["first hit by a new entry"], rows["retroactive hits, the last"]
    assert hit["ships"] > 0 and hit["s after the mark"] >= 0
    assert back["ships"] > import_._SILENT_SHIPS and back["before the mark"] == 0
    assert rows["reflagged ship"]["alerts"] == 1 and rows["reflagged ship"]["s after sending"] > 0
    assert rows["import"]["marks"] == import_._PARTITIONS and rows["import"]["records when killed"] > 0
    sentences = rows["sentences"]
    assert sentences["sent"] >= 20_000
    assert (sentences["not in the log"], sentences["not processed"], sentences["dead letters"]) == (0, 0, 0)
    assert rows["alerts"]["in both runs"] >= hit["ships"] + back["ships"] + 1
    assert rows["alerts"]["in one run alone"] == 0
