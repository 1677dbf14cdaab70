"""wakewatch bench identities: its rows, on a short feed."""

from __future__ import annotations

from streams.bench import identities


def test_a_short_feed_is_measured_in_every_row() -> None:
    measured = identities.run(vessels=100, laps=2, rounds=1)
    without, stated, stage = ({f.name: f.value for f in row.figures} for row in measured.rows)
    assert without["us a sentence"] > 0 and stated["us a sentence"] > 0
    assert stage["bindings"] == 200  # each ship's first statement and the one that supports it
    assert stage["us each"] > 0
