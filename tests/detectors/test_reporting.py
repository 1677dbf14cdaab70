"""Reporting rates: what is heard of a vessel at rest follows from how its reports under way are spaced."""

import numpy as np
import pytest

from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.rest_rates import RestRates, rest_rate
from detectors.core.coverage.vessel_statistics import VESSEL
from detectors.core.testing import Story, beside, run, voyage

HOUR = 3600.0
SHIP, PEER = 205_000_002, 205_000_100


def others(every_s: float, hours: float, first: int = PEER) -> Story:
    """Eight slow vessels under way close to each other, each heard so often."""
    ships = (voyage(first + n, np.arange(7 * n, hours * HOUR, every_s), (38.0 + n / 100, 130.0), 1.0) for n in range(8))
    return beside(*ships)


def dark(every_s: float, mmsi: int = SHIP, from_h: float = 6) -> Story:
    """A vessel slow enough to have moored, silent from then on."""
    return voyage(mmsi, np.arange(5, from_h * HOUR, every_s), (38.03, 130.0), 1.0)


def test_a_raw_receiver_hears_eighteen_times_less_at_rest() -> None:
    assert rest_rate(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == pytest.approx([30 / 18, 30 / 54])


def test_a_thinned_feed_passes_on_as_much_at_rest_and_one_that_loses_much_does_not() -> None:
    thinned, lossy = rest_rate(np.array([18.5, 18.5]), np.array([18.0, 4.0]))
    assert thinned > 0.8 and lossy < 0.12


@pytest.mark.parametrize("every_s", [10.0, 60.0, 180.0, 300.0])
def test_a_gap_is_told_by_the_second_look_however_the_feed_is_thinned(every_s: float) -> None:
    (alert,) = [a for a in run(beside(others(every_s, 9), dark(every_s))) if a.detector == "gap"]
    assert alert.mmsi == SHIP and HOUR <= alert.details["silent_for_s"] <= 2 * HOUR


def test_a_thinned_and_a_raw_source_of_one_deployment_are_told_apart() -> None:
    story = beside(others(10.0, 9), others(180.0, 9, PEER + 50), dark(10.0), dark(180.0, SHIP + 1))
    gaps = {a.mmsi: a.details["silent_for_s"] for a in run(story) if a.detector == "gap"}
    assert set(gaps) == {SHIP, SHIP + 1} and max(gaps.values()) <= 2 * HOUR


def test_a_silence_that_has_ended_is_no_spacing_and_the_next_one_is_told() -> None:
    back = voyage(SHIP, np.arange(19 * HOUR, 19.5 * HOUR, 120.0), (38.03, 130.0), 1.0)
    story = beside(others(120.0, 26), dark(120.0), back)
    opened = [a.episode_start for a in run(story) if a.detector == "gap" and a.status == "opened"]
    assert len(opened) == 2


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_what_is_learned_does_not_depend_on_how_the_log_is_cut(batch: int) -> None:
    story = beside(others(180.0, 8), dark(180.0))
    said = [(a.id, a.details["silent_for_s"]) for a in run(story, batch=batch) if a.detector == "gap"]
    assert said == [(a.id, a.details["silent_for_s"]) for a in run(story) if a.detector == "gap"] and said


def test_what_was_learned_is_kept_and_an_old_snapshot_has_learned_nothing() -> None:
    rates, again = RestRates(), RestRates()
    rates.counts[:, 3] = 40.0, 200.0
    again.restore(rates.tobytes())
    assert (again.counts == rates.counts).all()
    again.restore(b"")
    assert not again.counts.any()


def test_berths_that_are_hardly_heard_lower_what_is_expected_there() -> None:
    columns, rates, rows = ReceptionColumns(VESSEL, 2), RestRates(), np.arange(2)
    columns.gap[:], columns.least[:], columns.rate[:] = 3, 1, 10
    columns.by[:] = 1 << 3, 1 << 5
    rates.counts[:, 3] = 100.0, 1000.0
    rates.counts[:, 5] = 1000.0, 1000.0
    badly, well = rates.expected(columns, rows)
    assert badly < well / 2 and well <= 10 / 18
