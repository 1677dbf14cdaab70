"""bench accuracy: worlds, faults, positives and scores are what they say."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from detectors.core.coverage.cells import fine_keys
from streams.bench.accuracy import RECORDING, REPORTED, TUNING, run
from streams.bench.copies import copied, heard_a_day
from streams.bench.faults import EXITS, FAULTS, HOUR, exits, played
from streams.bench.page import put, rates_table, table
from streams.bench.rates import rates_of
from streams.bench.recorded import both_ways, read_table
from streams.bench.scoring import Score, score
from streams.bench.silences import listen, rules
from streams.errors import ConfigError
from streams.scenario.worlds import Station, World, WorldShape, generate

SMALL = WorldShape("small", (Station(0, 0, 50), Station(30, 30, 40)), 40, 10, days=2)


@pytest.fixture(scope="module")
def world() -> World:
    return generate(SMALL, 3)


def test_a_seed_makes_one_world(world: World) -> None:
    again, other = generate(SMALL, 3), generate(SMALL, 4)
    assert again.received.tobytes() == world.received.tobytes() != other.received.tobytes()


def test_ships_are_heard_the_less_the_farther_they_are(world: World) -> None:
    way = (world.sog_kn > 1) & ~world.class_b
    near, far = world.heard[way & world.well].mean(), world.heard[way & ~world.well].mean()
    assert near > 0.95 and far < 0.5


def test_what_is_reported_was_not_tuned_on() -> None:
    assert not {shape.name for shape, _ in TUNING} & {shape.name for shape, _ in REPORTED}
    assert not {seed for _, seed in TUNING} & {seed for _, seed in REPORTED}


@pytest.mark.parametrize("scenario", FAULTS)
def test_every_scenario_carries_positives_that_are_silent(world: World, scenario: str) -> None:
    there, received, dark = played(world, scenario, 1)
    assert dark and len({d.ship for d in dark}) == len(dark)
    for d in dark:
        assert world.warm_slots < d.first < d.last and not received[:, d.first : d.last, d.ship].any()
        assert there.heard[d.first - 1, d.ship] and world.sog_kn[d.first - 1, d.ship] >= 1
    assert (received.sum(axis=0) <= world.received.sum(axis=0)).all()


def test_copies_are_one_feed_of_the_asked_size_in_water_of_their_own(world: World) -> None:
    a_day = heard_a_day(world)
    there = copied([world, world], 5 * a_day)
    ships = world.lat_deg.shape[1]
    assert there.lat_deg.shape[1] == 6 * ships and heard_a_day(there) == 6 * a_day
    assert len(there.received) == 2 * len(world.received)
    assert (there.heard.reshape(len(world.heard), 6, ships) == world.heard[:, None]).all()
    met = ~np.isnan(there.lat_deg)
    keys = [
        set(fine_keys(there.lat_deg[:, s][met[:, s]], there.lon_deg[:, s][met[:, s]]).tolist()) for s in parts(6, ships)
    ]
    assert not any(one & other for one, other in combinations(keys, 2))
    sailed = np.diff(there.lon_deg, axis=0) * np.cos(np.radians(there.lat_deg[1:]))
    before = np.diff(world.lon_deg, axis=0) * np.cos(np.radians(world.lat_deg[1:]))
    for s in parts(6, ships):
        assert np.nanmedian(np.abs(sailed[:, s] - before)) < 0.003
    assert played(there, "5,000 ships a day", 1).dark


def parts(count: int, size: int) -> list[slice]:
    return [slice(at * size, (at + 1) * size) for at in range(count)]


def test_rates_tell_a_thinned_feed_from_a_raw_one(world: World) -> None:
    raw, thin = (
        rates_of(listen(*played(world, name, 1)[:2], rules)[1], name, "small")
        for name in ("untouched", "thinned to one in 180 s")
    )
    assert 2 * raw.least_s < 180 < thin.least_s and raw.spacing_s < thin.spacing_s
    assert raw.rest_s > 180 and thin.rest_s > 180 and raw.row().figures[0].value == raw.vessels > 2
    text = rates_table([raw, thin])
    assert text.count("\n") == 4 and "thinned to one in 180 s | small" in text


def test_one_dead_station_leaves_the_others(world: World) -> None:
    _, received, _ = played(world, "one station dead 4 h", 1)
    lost = (world.received.sum(axis=2) > 0) & (received.sum(axis=2) == 0)
    assert lost.any(axis=1).any() and not lost.all(axis=0).any()


def test_hits_delays_and_false_gaps_are_counted(world: World) -> None:
    _, received, dark = played(world, "untouched", 1, (4,))
    told, _ = listen(world, received, rules)
    heard = np.asarray((received > 0).any(axis=0))
    hour = score(world, heard, told["fixed 1 h"], dark)
    assert hour.recall == 1 and set(hour.delays_h) == {1.0}
    ours = score(world, heard, told["coverage"], dark)
    assert ours.false_all.sum() < hour.false_all.sum() / 5
    none = score(world, heard, told["fixed 1 h"].take(np.zeros(0, np.intp)), dark)
    assert none.recall == 0 and none.f_half == 0
    assert ours.latest_h <= 12 and score(world, heard, told["fixed 12 h"], dark).latest_h >= 12
    longest = {d.last - d.first for d in dark}
    assert max(longest) <= 4 * HOUR


def test_who_sails_out_of_reach_is_an_exit_and_who_falls_silent_is_none(world: World) -> None:
    there, received, _ = played(world, EXITS, 1)
    heard = np.asarray((received > 0).any(axis=0))
    assert exits(there, heard) > 0 and exits(world, world.heard) > 0
    still = heard.copy()
    still[:, ~there.class_b] = True
    assert exits(there, still) == 0


def test_a_scenario_that_is_none_is_said_to_be_none() -> None:
    with pytest.raises(ConfigError, match="untouched"):
        run(scenario=["nonsense"])


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match=r"no\.csv"):
        read_table(tmp_path / "no.csv")


@pytest.mark.skipif(not RECORDING.exists(), reason="needs ../shared/data, which is not there")
def test_the_recording_becomes_a_world() -> None:
    world = read_table(RECORDING)
    assert world.heard.shape == (1152, 654) and world.warm_slots == 576
    assert 0.1 < world.heard[:, ~world.class_b].sum() / world.heard.sum() <= 1


def test_a_half_played_there_and_back_has_no_jump(world: World) -> None:
    there, back = both_ways(world)
    slots = len(world.lat_deg) // 2
    assert there.warm_slots == back.warm_slots == slots and there.received.shape == world.received.shape
    assert (there.heard[slots - 1] == there.heard[slots]).all()
    assert (back.received[:, slots:] == world.received[:, :slots]).all()
    turned = (there.cog_deg[-1] - world.cog_deg[0]) % 360
    assert set(turned[~np.isnan(turned)].tolist()) == {180.0}


def test_a_table_takes_the_place_of_the_last_and_nothing_else(tmp_path: Path) -> None:
    one = Score(*(np.array([n]) for n in (1, 1, 1, 1)), 1234, 0, np.array([1.0, 2.0]), 10.0, 50, 11.7)
    page = tmp_path / "page.md"
    page.write_text("# Head\n\ntext\n")
    put(page, table({("a", "b"): one}))
    first = page.read_text()
    put(page, table({("c", "d"): one, ("e", "f"): one}))
    assert first.startswith("# Head\n\ntext\n\n| scenario | rule |") and first.endswith(
        "| 1,234 / 0 | 1.5 / 1.9 | 11.7 |\n"
    )
    assert page.read_text().count("\n| ") == 3 and "| a |" not in page.read_text()
    page.write_text(first + "\n## Foot\n")
    put(page, table({("a", "b"): one}))
    assert page.read_text() == first + "\n## Foot\n"
