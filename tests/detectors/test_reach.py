"""Reach: what the vectors say is what the definitions say, place by place."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.core.geography import reach
from detectors.core.reports import Batch
from detectors.core.sphere import distance_nm, unit_vectors
from detectors.core.testing import beside, engine, log, revive, voyage
from detectors.core.testing_world import REFERENCE
from detectors.core.vessels.columns import SPEED_BINS
from detectors.core.vessels.ship import read_ship
from detectors.core.vessels.speeds import begins_slot, counted, implied_kn, limits_of, v_max_kn

Spot = tuple[float, float]
SPOTS = st.tuples(st.floats(-80, 80), st.floats(-180, 180))
PLACES = st.lists(SPOTS, min_size=1, max_size=8)
HOURS, KN = st.floats(0, 400), st.floats(1, 40)
NEAR_NM = 0.02  # of a limit the last rounded digit decides: haversine and chord may differ there
RAJIN, DUNAI, VANISHED = (42.2333, 130.3), (42.88, 132.338), (42.66, 132.20)


def vectors(places: list[Spot]) -> np.ndarray:
    lat, lon = np.array(places, np.float64).T
    return unit_vectors(lat, lon)


@settings(max_examples=40, deadline=None)
@given(last=SPOTS, after=SPOTS, places=PLACES, hours=HOURS, kn=KN)
def test_the_feasible_places_are_those_of_the_definition(
    last: Spot, after: Spot, places: list[Spot], hours: float, kn: float
) -> None:
    there = [distance_nm(*last, *p) for p in places]
    way = [d + distance_nm(*p, *after) for d, p in zip(there, places, strict=True)]
    assume(all(abs(d - kn * hours) > NEAR_NM for d in (*there, *way)))
    here, then, sites = reach.fix(*last), reach.fix(*after), vectors(places)
    open_, shut = (
        reach.still_dark(here, sites, hours=hours, v_max_kn=kn),
        reach.closed(here, then, sites, hours=hours, v_max_kn=kn),
    )
    assert set(open_.at.tolist()) == {n for n, d in enumerate(there) if d <= kn * hours}
    assert set(shut.at.tolist()) == {n for n, d in enumerate(way) if d <= kn * hours and hours > 0}
    assert set(shut.at.tolist()) <= set(open_.at.tolist())
    assert (np.diff(open_.distance_nm) >= 0).all() and (np.diff(shut.detour_nm) >= 0).all()
    for number, stay_h, needed_kn, detour_nm in zip(
        shut.at, shut.longest_stay_h, shut.needed_kn, shut.detour_nm, strict=True
    ):
        assert stay_h * kn == pytest.approx(kn * hours - way[number], abs=NEAR_NM)
        assert needed_kn * hours == pytest.approx(way[number], abs=NEAR_NM)
        assert detour_nm == pytest.approx(max(0, way[number] - distance_nm(*last, *after)), abs=2 * NEAR_NM)


@settings(max_examples=30, deadline=None)
@given(last=SPOTS, after=SPOTS, places=PLACES, hours=HOURS, kn=KN)
def test_a_pair_is_feasible_when_one_order_of_both_fits(
    last: Spot, after: Spot, places: list[Spot], hours: float, kn: float
) -> None:
    def way(p: Spot, q: Spot) -> float:
        return distance_nm(*last, *p) + distance_nm(*p, *q) + distance_nm(*q, *after)

    ways = {(i, j): min(way(p, q), way(q, p)) for i, p in enumerate(places) for j, q in enumerate(places) if i < j}
    assume(all(abs(nm - kn * hours) > 2 * NEAR_NM for nm in ways.values()))
    found = reach.pairs(reach.fix(*last), reach.fix(*after), vectors(places), hours=hours, v_max_kn=kn)
    assert set(map(tuple, found.at.tolist())) == {pair for pair, nm in ways.items() if nm <= kn * hours}
    assert (np.diff(found.way_nm) >= 0).all()


@settings(max_examples=30, deadline=None)
@given(last=SPOTS, after=st.none() | SPOTS, pair=st.tuples(SPOTS, SPOTS), hours=HOURS, kn=KN, call=st.floats(0, 48))
def test_as_many_round_trips_as_fit_one_after_another(
    last: Spot, after: Spot | None, pair: tuple[Spot, Spot], hours: float, kn: float, call: float
) -> None:
    between = distance_nm(*pair[0], *pair[1])
    assume(between > 1)
    first_nm = min(distance_nm(*last, *p) + (distance_nm(*p, *after) if after else 0) for p in pair)
    needed = lambda n: first_nm / kn + call + n * 2 * (between / kn + call)  # noqa: E731
    trips = reach.round_trips(
        reach.fix(*last),
        reach.fix(*after) if after else None,
        vectors(list(pair)),
        hours=hours,
        v_max_kn=kn,
        call_h=call,
    )
    slack_h = 1e-6 + (trips + 2) * 0.05 / kn
    assert trips == 0 or needed(trips) <= hours + slack_h
    assert needed(trips + 1) > hours - slack_h


def test_a_dark_week_off_dunai_allows_calls_at_both_ends_and_says_how_long() -> None:
    here, sites = reach.fix(*VANISHED), vectors([RAJIN, DUNAI, (35.1, 129.04)])
    (pair, _), *_ = [*zip(*reach.pairs(here, here, sites, hours=24, v_max_kn=12), strict=True)]
    assert pair.tolist() == [0, 1]
    found = reach.closed(here, here, sites, hours=24, v_max_kn=12)
    assert found.at.tolist() == [1, 0]
    assert found.longest_stay_h.round(1).tolist() == [21.6, 9.3]
    assert reach.round_trips(here, here, sites[:, :2], hours=7 * 24, v_max_kn=12, call_h=6) == 5
    assert reach.apparently_stayed(24, 1.6) and not reach.apparently_stayed(23.9, 1.6)
    assert not reach.apparently_stayed(24, 1.7)


def test_six_tenths_of_a_mile_are_not_lost() -> None:
    assert reach.apart_nm(reach.fix(0, 179.995), vectors([(0, -179.995)]))[0] == pytest.approx(0.6, abs=0.01)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 45), max_size=600), st.sampled_from([None, 70, 80, 30, 60, 40]))
def test_her_top_speed_is_the_95th_percentile_of_what_she_showed_within_her_types_bounds(
    speeds: list[float], kind: int | None
) -> None:
    counts = np.zeros((1, SPEED_BINS), np.uint8)
    for kn in speeds:
        counts = counted(counts, np.array([kn]))
    under_way, limits = [kn for kn in speeds if kn >= 2], limits_of(kind)
    found = v_max_kn(counts[0], kind)
    assert found <= limits.most_kn
    if len(under_way) < 12:
        assert found == limits.usual_kn
    elif len(under_way) < 255 and limits.most_kn > 34 > max(under_way):
        ranked = sorted(under_way)
        exact = ranked[math.ceil(0.95 * len(ranked)) - 1]
        assert abs(found - max(exact, 8)) <= 2.1


def test_one_report_in_ten_minutes_counts_and_its_speed_is_implied_where_none_is_given() -> None:
    minute = 60_000
    times = np.array([10, 19, 20, 50]) * minute
    assert begins_slot(times, np.array([0, 10, 19, 0]) * minute).tolist() == [True, False, True, True]
    assert implied_kn(np.array([6.0, 6.0, 6.0]), np.array([30, 0, 61]) * minute).tolist()[0] == 12.0
    assert np.isnan(implied_kn(np.array([6.0, 6.0]), np.array([0, 61]) * minute)).all()


@pytest.mark.parametrize(("batch", "snapshot_every"), [(1, 0), (7, 3), (1000, 0)])
def test_what_a_ship_has_shown_does_not_depend_on_how_the_log_is_cut(batch: int, snapshot_every: int) -> None:
    times = np.arange(5, 4 * 3600, 40.0)
    ships = [voyage(205_000_001, times, speed_kn=11.0), voyage(205_000_002, times, (30.0, 120.0), 5.0)]
    silent = [msgspec.structs.replace(s, sog_kn=float("nan")) for s in voyage(205_000_003, times, (20.0, 110.0), 17.0)]
    playing = engine()
    for number, item in enumerate(log(beside(*ships, silent), batch=batch, tick_s=600)):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        if snapshot_every and number % snapshot_every == 0:
            playing = revive(playing)
    rows = playing.fleet.index.find(np.array([205_000_001, 205_000_002, 205_000_003], np.uint32))
    shown = [{k: n for k, n in enumerate(row) if n} for row in playing.fleet.core.speeds[rows].tolist()]
    assert shown == [{4: 25}, {1: 25}, {7: 24}]  # the first fix of all implies no speed
    assert [read_ship(playing.fleet.core, int(row), REFERENCE).v_max_kn for row in rows] == [11.9, 8.0, 17.9]
