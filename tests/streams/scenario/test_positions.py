"""The scenarios of untrue positions contain what their truth states, and their numbers are those of the seed."""

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyais
import pytest

from detectors.core.sphere import distance_nm
from streams.scenario import SCENARIOS, Options, ScenarioTruth, scenario
from streams.scenario.model import HOUR_MS, MINUTE_MS
from streams.scenario.positions import displaced, false_track, reception
from streams.scenario.positions.scene import Scene, offset

NAMES = sorted(SCENARIOS.keys() - {"angara", "strait", "outage", "hole", "meetings"})
PER_DEG = 600_000
BASE_MMSI_MOST = 99_999_999


class Heard(NamedTuple):
    """A received position."""

    time_ms: int
    station: str
    payload: bytes
    lat_deg: float
    lon_deg: float
    sog_kn: float

    def nm_from(self, place: tuple[float, float]) -> float:
        return distance_nm(self.lat_deg, self.lon_deg, *place)


class Feed(NamedTuple):
    truths: tuple[ScenarioTruth, ...]
    ships: dict[int, list[Heard]]
    names: dict[int, set[str]]

    def kind(self, kind: str) -> list[ScenarioTruth]:
        return [truth for truth in self.truths if truth.kind == kind]

    def of(self, kind: str) -> list[list[Heard]]:
        """The positions of each ship with a truth of this kind."""
        return [self.ships[truth.mmsi] for truth in self.kind(kind) if truth.mmsi is not None]

    def others(self) -> list[list[Heard]]:
        """... and of each ship without a truth."""
        named = {truth.mmsi for truth in self.truths}
        return [heard for mmsi, heard in self.ships.items() if mmsi not in named]


@cache
def feed(name: str, seed: int = 3) -> Feed:
    made = scenario(name, Options(seed=seed))
    ships: dict[int, list[Heard]] = {}
    names: dict[int, set[str]] = {}
    parts: list[bytes] = []
    for line in made.lines:
        tag, sentence = line.split(b"\\")[1:]
        parts.append(sentence)
        if b"VDM,2,1" in sentence:
            continue
        read = pyais.decode(*parts, error_if_checksum_invalid=True)
        parts = []
        if read.msg_type == 5:
            names.setdefault(read.mmsi, set()).add(read.shipname)
        elif read.mmsi > BASE_MMSI_MOST:
            station, time_ms = tag.split(b"*")[0].split(b",")
            payload = sentence.split(b",")[5]
            heard = Heard(int(time_ms[2:]), station[2:].decode(), payload, read.lat, read.lon, read.speed)
            ships.setdefault(read.mmsi, []).append(heard)
    return Feed(made.truths, ships, names)


def steps_nm(heard: list[Heard]) -> list[float]:
    return [one.nm_from((other.lat_deg, other.lon_deg)) for one, other in pairwise(heard)]


def is_possible(heard: list[Heard]) -> bool:
    """Whether one ship of at most 25 kn has been at all of these places."""
    hours = np.diff([one.time_ms for one in heard]) / HOUR_MS
    return bool((np.array(steps_nm(heard)) <= 25 * hours + 0.2).all())


def middle(heard: Iterable[Heard]) -> tuple[float, float]:
    places = [(one.lat_deg, one.lon_deg) for one in heard]
    lat_deg, lon_deg = np.median(np.array(places), axis=0).tolist()
    return lat_deg, lon_deg


@pytest.mark.parametrize("name", NAMES)
def test_no_number_is_used_with_two_seeds(name: str) -> None:
    one, other = feed(name), feed(name, 4)
    assert len(one.ships) == len(other.ships) > 8
    assert not one.ships.keys() & other.ships.keys()
    assert not {truth.mmsi for truth in one.truths} & {truth.mmsi for truth in other.truths if truth.mmsi}


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_ships_are_where_one_ship_can_be_and_at_ordinary_intervals(name: str) -> None:
    others = feed(name).others()
    assert len(others) >= 9
    for heard in others:
        assert is_possible(heard)
        intervals_s = np.diff([one.time_ms for one in heard]) / 1000
        assert intervals_s.max() < 220 and 50 < np.median(intervals_s) < 200


def test_a_ship_at_anchor_scatters_by_metres() -> None:
    spread_m = [
        float(np.std([one.lat_deg for one in heard])) * 111_120
        for heard in feed("stray").others()
        if max(one.sog_kn for one in heard) < 1
    ]
    assert len(spread_m) == 3
    assert all(10 < metres < 40 for metres in spread_m)


def test_two_ships_300_nm_apart_share_one_number_for_hours() -> None:
    made = feed("shared-two")
    (heard,), ((named),) = made.of("shared"), [made.names[t.mmsi] for t in made.kind("shared") if t.mmsi]
    by_station = [[one for one in heard if one.station == name] for name in ("hook", "thyboron")]
    assert len(named) == 2
    assert all(is_possible(part) for part in by_station)
    assert all(part[-1].time_ms - part[0].time_ms > 5 * HOUR_MS for part in by_station)
    assert middle(by_station[0]) != middle(by_station[1])
    assert distance_nm(*middle(by_station[0]), *middle(by_station[1])) == pytest.approx(300, abs=25)


def test_seven_ships_share_one_number() -> None:
    made = feed("shared-seven")
    (truth,) = made.kind("shared")
    assert truth.mmsi is not None
    assert len(made.names[truth.mmsi]) == 7
    assert len({one.station for one in made.ships[truth.mmsi]}) == 3


def test_strays_are_single() -> None:
    """Without its wrong fixes a ship sails on; none of them continues another."""
    counts = []
    for heard in feed("stray").of("stray"):
        far = [n for n, one in enumerate(heard) if distance_nm(*middle(heard[max(0, n - 3) : n + 4]), *one[3:5]) > 2]
        assert is_possible([one for n, one in enumerate(heard) if n not in far])
        assert all(later - earlier > 1 for earlier, later in pairwise(far))
        counts.append(len(far))
    assert sorted(set(counts)) == [3, 6]


def test_each_wrong_position_has_one_wrong_bit() -> None:
    resting = [heard for heard in feed("bit-error").of("bit_error") if max(one.sog_kn for one in heard) < 1]
    wrong_by_ship = []
    for heard in resting:
        place = middle([one for one in heard if one.time_ms < heard[0].time_ms + HOUR_MS])
        wrong = [one for one in heard if one.nm_from(place) > 1]
        wrong_by_ship.append(len(wrong))
        for one in wrong:
            off = sorted(abs(axis) for axis in (one.lat_deg - place[0], one.lon_deg - place[1]))
            assert off[0] * PER_DEG < 1000
            assert 2 ** round(np.log2(off[1] * PER_DEG)) == pytest.approx(off[1] * PER_DEG, abs=1000)
    assert len(resting) == 4
    assert max(wrong_by_ship) >= 20 and min(wrong_by_ship) >= 2


def test_a_drift_is_slow_goes_2_nm_off_and_comes_back() -> None:
    resting = [heard for heard in feed("drift").of("drift") if max(one.sog_kn for one in heard) < 1]
    assert len(resting) == 4
    for heard in resting:
        off_nm = [one.nm_from(middle(heard[:10])) for one in heard]
        assert max(off_nm) == pytest.approx(2, abs=0.1)
        assert max(off_nm[-10:]) < 0.1
        assert max(steps_nm(heard)) < 0.25


def test_a_station_repeats_the_same_bits_5_to_40_minutes_later() -> None:
    for heard in feed("retransmission").of("repeated"):
        first: dict[bytes, int] = {}
        delays = []
        for one in heard:
            if one.payload in first:
                delays.append(one.time_ms - first[one.payload])
            first.setdefault(one.payload, one.time_ms)
        assert len(delays) > 20
        assert min(delays) >= 5 * MINUTE_MS and max(delays) <= 40 * MINUTE_MS
        assert is_possible([one for one in heard if first[one.payload] == one.time_ms])
    assert {one.station for ship in feed("retransmission").of("repeated") for one in ship} == {"finisterre"}


def test_far_ships_are_heard_for_a_day_only_and_truly_there() -> None:
    here = (reception.GOA.lat_deg, reception.GOA.lon_deg)
    made = feed("ducting")
    far = made.of("ducting")
    assert len(far) == 14
    assert np.median([one.nm_from(here) for heard in far for one in heard]) == pytest.approx(300, abs=40)
    assert all(is_possible(heard) and min(one.nm_from(here) for one in heard) > 200 for heard in far)
    (honest,) = made.kind("honest")
    times = [one.time_ms for heard in far for one in heard]
    assert honest.from_ms + 2.9 * HOUR_MS < min(times) and max(times) < honest.from_ms + 27 * HOUR_MS
    assert all(max(one.nm_from(here) for one in heard) < 50 for heard in made.others())


def test_a_third_of_the_roadstead_appears_inland_for_two_hours() -> None:
    made = feed("roadstead")
    inland, from_ms = offset(displaced.ROADSTEAD, 0, -30), made.kind("interference")[0].from_ms
    victims = made.of("displaced")
    anchored = [heard for heard in made.ships.values() if max(one.nm_from(displaced.ROADSTEAD) for one in heard) < 5.2]
    assert len(victims) == 13
    assert len(anchored) >= 27
    for heard in victims:
        there = [one for one in heard if one.nm_from(inland) < 0.2]
        assert all(one in there or one.nm_from(displaced.ROADSTEAD) < 5.2 for one in heard)
        assert from_ms <= there[0].time_ms < from_ms + 7 * MINUTE_MS
        assert there[-1].time_ms - there[0].time_ms == pytest.approx(2 * HOUR_MS, abs=7 * MINUTE_MS)
        assert heard.index(there[-1]) - heard.index(there[0]) + 1 == len(there)


def test_twelve_ships_are_on_a_circle_for_90_minutes() -> None:
    made = feed("circle")
    victims, from_ms = made.of("displaced"), made.kind("interference")[0].from_ms
    assert len(victims) == 12
    for heard in victims:
        there = [one for one in heard if one.nm_from(displaced.AIRPORT) < 10]
        assert all(one.nm_from(displaced.AIRPORT) == pytest.approx(2, abs=0.05) for one in there)
        assert there[-1].time_ms - there[0].time_ms == pytest.approx(90 * MINUTE_MS, abs=7 * MINUTE_MS)
        assert from_ms <= there[0].time_ms < from_ms + 7 * MINUTE_MS
        assert is_possible([one for one in heard if one not in there])
        assert max(steps_nm(there)) > 0.3


def test_the_false_track_is_plausible_and_heard_where_the_tanker_loads() -> None:
    made = feed("false-track")
    (truth,), (heard,) = made.kind("false_track"), made.of("false_track")
    false = [one for one in heard if one.nm_from(false_track.LOADS_AT) > 100]
    assert {one.station for one in heard} == {"johor"}
    assert truth.from_ms <= false[0].time_ms and false[-1].time_ms < truth.to_ms
    assert truth.to_ms - truth.from_ms == 20 * HOUR_MS
    assert false[0].nm_from(false_track.LOADS_AT) == pytest.approx(400, abs=10)
    assert is_possible(false)
    assert 6 < np.median([one.sog_kn for one in false]) < 8
    assert is_possible([one for one in heard if one not in false])


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_ordinary_ships_can_be_chosen(name: str) -> None:
    few, more = (scenario(name, Options(vessels=vessels)) for vessels in (0, 4))
    numbers = [
        {pyais.decode(line.split(b"\\")[2]).mmsi for line in made.lines if b"VDM,1" in line} for made in (few, more)
    ]
    assert len(numbers[1]) == len(numbers[0]) + 4


def test_as_many_ships_as_can_be_chosen_have_numbers_of_their_own() -> None:
    scene = Scene(Options(vessels=0), (displaced.HAIFA,), 0.1)
    ships = [scene.ship() for _ in range(20_100)]
    assert len({ship.mmsi for ship in ships}) == len({ship.says.imo for ship in ships}) == len(ships)
