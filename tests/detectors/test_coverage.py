"""Coverage: places, stations, ships, and the chance of a silence, slot by slot."""

import numpy as np
import pytest

from detectors.core.coverage.cell_statistics import CellStatistics
from detectors.core.coverage.cells import COARSE, FINE, Cells, fine_keys, keys_around, spots_of
from detectors.core.coverage.coverage import Coverage
from detectors.core.coverage.rare_silences import OpenSilences, SilenceRules, limits, rare
from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.silence_statistics import (
    MARKS,
    STRATA,
    Budget,
    Silences,
    level_of,
    share_of_budget,
    stratum,
    well_heard,
)
from detectors.core.coverage.slot_blocks import AT_REST, BASE, UNDER_WAY, SlotBlock
from detectors.core.coverage.vessel_statistics import VESSEL


def slot(number: int, rows: list[int], lat: float = 38.0, stations: int = 1, kind: int = UNDER_WAY) -> SlotBlock:
    size = len(rows)
    place = np.full(size, lat) + np.array(rows) / 100
    return SlotBlock(
        number,
        number,
        np.array(rows, np.intp),
        np.full(size, number),
        place,
        np.full(size, 130.0),
        np.full(size, 1.0),
        np.zeros(size),
        np.full(size, kind, np.uint8),
        np.full(size, stations, np.uint64),
        np.full(size, 8),
        np.full(size, 0b1001001001001001001001, np.uint32),
    )


def listen(slots: list[SlotBlock], ships: int) -> ReceptionColumns:
    vessel_columns = ReceptionColumns(VESSEL, ships)
    coverage = Coverage(vessel_columns)
    for one in slots:
        if len(one.rows):
            coverage.close(one, ships)
        else:
            coverage.no_vessel_heard(1, ships)
    return vessel_columns


def test_cells_are_about_as_wide_everywhere_and_join_at_the_date_line() -> None:
    lat = np.array([0.1, 60.1, 60.1, 10.0, 10.0])
    lon = np.array([10.3, 10.3, 10.5, -179.999, 180.001])
    keys = fine_keys(lat, lon)
    assert keys[1] == keys[2] and keys[3] == keys[4]
    spots = spots_of(lat, lon)
    assert (spots[FINE] == keys).all() and spots[COARSE, 0] != spots[COARSE, 1] and spots[COARSE, 1] == spots[COARSE, 2]


def test_cells_keep_their_counts_when_others_are_met() -> None:
    cells = Cells(1)
    places = cells.meet(np.array([5000, 9000]))
    cells.values[0, places] = [1, 2]
    cells.meet(np.array([7000, 100]))
    assert cells.values[0, cells.find(np.array([9000, 5000, 7000, 42]))].tolist() == [2, 1, 0, 0]


def test_a_cell_and_its_neighbours_are_counted_once_each() -> None:
    wide = 360 / np.floor(1440 * np.cos(np.radians(38.125)))
    middle = (np.floor(310 / wide) + 0.5) * wide - 180
    lat, lon = np.meshgrid(38.125 + 0.25 * np.arange(-2, 3), middle + wide * np.arange(-2, 3))
    cells = Cells(1)
    places = cells.meet(fine_keys(lat.ravel(), lon.ravel()))
    cells.values[0, places] = 1
    around = keys_around(fine_keys(np.array([38.125]), np.array([middle])))
    assert cells.values[0, cells.find(around)].sum() == 9


def test_a_silence_may_begin_where_nobody_has_been_counted() -> None:
    water = CellStatistics()
    spots = spots_of(np.linspace(30.1, 60.1, 120), np.full(120, 10.1))
    water.began(spots, np.zeros(120, np.intp))
    assert (water.silence_ratio(spots, np.zeros(120, np.intp), np.zeros(120)) > 1).all()


def test_a_silence_grows_rarer_with_every_opportunity_lost() -> None:
    vessel_columns = listen([slot(n, list(range(6))) for n in range(1, 60)], 6)
    chances = []
    coverage = Coverage(vessel_columns)
    coverage.close(slot(60, list(range(6))), 6)
    for n in range(61, 80):
        coverage.close(slot(n, list(range(5))), 6)
        chances.append(float(vessel_columns.chance[5]))
    assert chances[-1] < 0.01 < chances[4] < chances[0]
    assert vessel_columns.missed[5] == 19 and vessel_columns.chance[0] == 1


@pytest.mark.parametrize("heard", [[], [6]])
def test_when_everybody_falls_silent_nobody_loses_anything(heard: list[int]) -> None:
    """Whether the station hears nobody at all, or only somebody of another station does."""
    before = [slot(n, list(range(6))) for n in range(1, 60)]
    after = [slot(n, heard, 30.0, stations=2, kind=BASE) for n in range(60, 100)]
    vessel_columns = listen(before + after, 7)
    assert (
        vessel_columns.lost[:6].max() == 0 and vessel_columns.missed[:6].max() == 0 and vessel_columns.unsure[:6].all()
    )


def test_an_area_that_dies_around_a_ship_is_no_silence_of_hers() -> None:
    before = [slot(n, list(range(12))) for n in range(1, 60)]
    elsewhere = [slot(n, [10, 11], lat=30.0) for n in range(60, 80)]
    vessel_columns = listen(before + elsewhere, 12)
    assert vessel_columns.gain[:10].max() == 0 and vessel_columns.chance[:10].min() > 0.2


def test_the_fringe_is_measured_by_the_better_quarter_of_the_water() -> None:
    lat = np.array([38.5, 39.5, 40.5])
    spots = spots_of(lat, np.full(3, 130.0))
    present, heard = np.array([100.0, 100.0, 100.0]), np.array([90.0, 60.0, 10.0])
    bests = []
    for order in ([0, 1, 2], [2, 1, 0]):  # as cells are met in one run, and as a snapshot gives them back in another
        water = CellStatistics()
        places = water.cells.meet(spots[COARSE, order])
        water.cells.values[2, places], water.cells.values[4, places] = present[order], heard[order]
        bests.append(water.best())
    assert bests[0] == bests[1] == pytest.approx(90.3 / 103)
    assert CellStatistics().best() == pytest.approx(0.1)


def test_a_vessel_alone_is_not_on_the_fringe_by_its_own_silence() -> None:
    together = [slot(n, [0, 1, 2, 3]) for n in range(1, 40)]
    alone = [slot(n, [0, 1, 2]) for n in range(40, 70)]
    far = [one._replace(lat_deg=np.where(one.rows == 3, 60.0, one.lat_deg)) for one in together]
    assert listen(far + alone, 4).usual[3] > 0.9


def test_counts_say_how_far_silences_go() -> None:
    silences = Silences()
    strata = np.zeros(3, np.intp)
    silences.grew(strata, np.array([-1, -1, 0]), np.array([0, 2, 2]))
    silences.ended(strata, np.array([0, 2, 2]))
    reached, went_on, ended = silences.counts[0, 1], silences.counts[0, 2:4], silences.counts[0, 9:12]
    assert reached == 2 and went_on.tolist() == [2, 2] and ended.tolist() == [1, 0, 2]


def test_chances_fall_with_length_and_rise_with_the_place() -> None:
    silences = Silences()
    strata = np.repeat(np.arange(STRATA), 30)
    lost = np.tile(np.geomspace(1, 500, 30), STRATA)
    chances = silences.chance(strata, lost, np.ones(len(lost))).reshape(STRATA, 30)
    assert (np.diff(chances, axis=1) <= 0).all() and chances.min() > 0
    assert (silences.chance(strata, lost, np.full(len(lost), 3.0)) >= chances.ravel()).all()
    assert level_of(np.append(0.5, MARKS)).tolist() == list(range(-1, len(MARKS)))


def test_a_silence_is_left_out_of_what_its_stratum_shows() -> None:
    once, twice, none = Silences(), Silences(), Silences()
    strata, lost = np.zeros(1, np.intp), np.array([9.0])
    once.grew(strata, np.array([-1]), np.array([3]))
    twice.grew(np.zeros(2, np.intp), np.array([-1, -1]), np.array([3, 3]))
    for silences in (once, twice, none):
        silences.settle()
    own = np.ones(1, bool)
    assert once.chance(strata, lost, np.ones(1), own) == pytest.approx(none.chance(strata, lost, np.ones(1)))
    assert twice.chance(strata, lost, np.ones(1), own) == pytest.approx(once.chance(strata, lost, np.ones(1)))
    assert once.chance(strata, lost, np.ones(1)) > none.chance(strata, lost, np.ones(1))


@pytest.mark.parametrize(
    ("kind", "missed", "chance", "rate", "speed_kn", "place", "said"),
    [
        (UNDER_WAY, 12, 0.04, 9.0, 14.0, "", True),
        (UNDER_WAY, 12, 0.06, 9.0, 14.0, "", False),  # likelier than a quarter of alpha: looked at again
        (UNDER_WAY, 21, 0.06, 9.0, 14.0, "", True),
        (UNDER_WAY, 21, 0.06, 9.0, 14.0, "fringe", False),  # but where it may have sailed out of range
        (UNDER_WAY, 21, 0.04, 9.0, 14.0, "fringe", True),
        (UNDER_WAY, 22, 0.06, 2.4, 14.0, "", False),  # moored, three of its reports would have been heard by now
        (UNDER_WAY, 23, 0.06, 2.4, 14.0, "", True),
        (UNDER_WAY, 12, 0.04, 0.2, 14.0, "", True),  # very rare and fast, far from berths
        (UNDER_WAY, 22, 0.04, 4.0, 8.0, "", False),  # slow: five of them, however rare
        (UNDER_WAY, 23, 0.04, 4.0, 8.0, "", True),
        (UNDER_WAY, 72, 0.04, 9.0, 14.0, "", True),
        (UNDER_WAY, 73, 0.04, 9.0, 14.0, "", False),  # it may be anywhere by now
        (UNDER_WAY, 14, 0.04, 9.0, 14.0, "harbour", False),  # near berths, where less is heard: half as many again
        (UNDER_WAY, 15, 0.04, 9.0, 14.0, "harbour", True),
        (UNDER_WAY, 21, 0.06, 8.4, 14.0, "harbour", False),  # at the second look twice as many
        (UNDER_WAY, 22, 0.06, 8.4, 14.0, "harbour", True),
        (UNDER_WAY, 19, 0.04, 9.0, 4.0, "harbour", False),  # and slow: twice as many
        (UNDER_WAY, 20, 0.04, 9.0, 4.0, "harbour", True),
        (UNDER_WAY, 14, 0.04, 6.0, 14.0, "harbour thinned", False),  # a thinned feed passes on as much at rest
        (UNDER_WAY, 15, 0.04, 6.0, 14.0, "harbour thinned", True),
        (UNDER_WAY, 14, 0.04, 3.6, 8.0, "thinned", False),
        (UNDER_WAY, 15, 0.04, 3.6, 8.0, "thinned", True),
        (AT_REST, 48, 0.06, 1.0, 0.0, "", False),
        (AT_REST, 48, 0.04, 1.0, 0.0, "", True),
    ],
)
def test_a_silence_is_looked_at_twice_and_its_other_reasons_are_given_time(
    kind: int, missed: int, chance: float, rate: float, speed_kn: float, place: str, said: bool
) -> None:
    places = ["harbour" in place, "fringe" in place, "thinned" in place]
    one = OpenSilences(
        *(np.array([value]) for value in (kind, missed + 3, missed, chance, rate / 18, speed_kn, *places))
    )
    rules = SilenceRules(second_look=21, moored_reports=5, slow_kn=8, most=72, within=144)
    assert rare(one, 0.2, rules).tolist() == [said]
    assert limits(one, 0.2, rules)[0] in (0.05, 0.2)
    assert not rare(one._replace(age=np.array([145])), 0.2, rules).any()


def test_the_budget_of_false_gaps_sets_how_rare_a_silence_must_be() -> None:
    assert share_of_budget(np.array([0.01, 0.02]), 5, 0.2) == 0.2
    sure, vague = np.full(100, 0.001), np.full(50, 0.9)
    alpha = share_of_budget(np.append(sure, vague), 5, 0.2)
    assert np.minimum(np.append(sure, vague), alpha).sum() == pytest.approx(5)
    assert share_of_budget(np.full(1000, 0.5), 5, 0.2) == pytest.approx(0.005)


def test_the_budget_grows_with_the_feed_and_counts_well_heard_water() -> None:
    least, well = np.append(np.full(90, 0.15), np.full(10, 0.9)), np.arange(100) < 90
    by_feed = [Budget(100, 1e9, 0.2).alpha(np.tile(least, n), np.tile(well, n)) for n in (1, 50)]
    assert by_feed == [pytest.approx(0.1)] * 2
    assert Budget(200, 1e9, 0.2).alpha(least, well) == 0.2
    capped = [Budget(100, 5, 0.2).alpha(np.tile(least, n), np.tile(well, n)) for n in (1, 50)]
    assert capped == [pytest.approx(0.05), pytest.approx(0.001)]
    assert Budget(100, 5, 0.2).alpha(least, np.zeros(100, bool)) == pytest.approx(0.05)  # nobody there: the cap alone
    levels = stratum(np.zeros(4, np.intp), np.array([0.1, 0.3, 0.6, 0.9]), np.array([0.1, 9.0, 2.0, 4.0]))
    assert well_heard(levels).tolist() == [False, False, True, True]
