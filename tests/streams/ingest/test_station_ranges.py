"""How far stations hear: learned from a sample in the order of messages, not counted while propagation is unusual."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from detectors.core.sphere import bearing_deg, distance_nm, octant
from detectors.core.station_ranges import hearing
from detectors.core.ticks import StationPlace
from detectors.core.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.station_ranges import Ranges, RangeSample, StationRanges
from streams.messages.log_records import Record, TickRecord
from streams.nmea.encoder import EncodedFix, position, sentences, tagged
from streams.settings.model import IngestSettings

START_MS = 19_785 * DAY_MS
PIER = StationPlace(station="PIER", lat_deg=51.0, lon_deg=1.0, origin="settings")
UNKNOWN = (None,) * 8


def at(nm: float, bearing: float, place: StationPlace = PIER) -> tuple[float, float]:
    """The point at a distance and bearing of a station."""
    arc, course, lat = math.radians(nm / 60.04), math.radians(bearing), math.radians(place.lat_deg)
    north = math.asin(math.sin(lat) * math.cos(arc) + math.cos(lat) * math.sin(arc) * math.cos(course))
    east = math.atan2(math.sin(course) * math.sin(arc) * math.cos(lat), math.cos(arc) - math.sin(lat) * math.sin(north))
    return math.degrees(north), (place.lon_deg + math.degrees(east) + 180) % 360 - 180


def sender(number: int) -> bytes:
    return b"%06d" % number


class Source:
    """A source whose station has heard what is added, a tick after each position."""

    def __init__(self) -> None:
        self.ranges, self.ordinal = StationRanges(), 0

    def hear(self, nm: float, bearing: float, time_ms: int, who: int = 0, place: StationPlace = PIER) -> bool:
        self.ordinal += 1
        self.ranges.hear(RangeSample(self.ordinal, place, sender(who), *at(nm, bearing), time_ms))
        return self.ranges.settle(self.ordinal, time_ms)

    def around(self, nm: float, time_ms: int, count: int = 1000, place: StationPlace = PIER) -> None:
        """Ships up to a distance on all sides."""
        for number in range(count):
            self.hear(nm * (number % 97 + 1) / 97, number * 360 / 8 + number % 20, time_ms, number % 50, place)
        self.ranges.of(place, time_ms)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 140.0), st.floats(0, 359.9)), min_size=90, max_size=600), st.randoms())
def test_the_range_of_an_octant_is_its_99th_percentile(heard: list[tuple[float, float]], random: object) -> None:
    """Within a bin, a tenth; the order does not matter, and fewer than a hundred samples give none."""
    source = Source()
    for nm, bearing in heard:
        source.hear(nm, bearing, START_MS)
    found = source.ranges.of(PIER, START_MS)
    assert found is not None
    points = [at(*each) for each in heard]
    towards = [octant(bearing_deg(PIER.lat_deg, PIER.lon_deg, *point)) for point in points]
    distances = [distance_nm(PIER.lat_deg, PIER.lon_deg, *point) for point in points]
    for direction, range_nm in enumerate(found):
        mine = sorted(nm for nm, where in zip(distances, towards, strict=True) if where == direction)
        assert (range_nm is None) == (len(mine) < 100)
        if range_nm is not None:
            exact = mine[math.ceil(0.99 * len(mine)) - 1]
            assert min(exact, 4.0) - 0.1 <= range_nm <= max(exact * 1.1, 4.0) + 0.1
            assert range_nm >= exact - 0.1
    other = Source()
    for nm, bearing in reversed(heard):
        other.hear(nm, bearing, START_MS)
    assert other.ranges.of(PIER, START_MS) == found


def test_a_week_counts() -> None:
    source = Source()
    source.around(120.0, START_MS)
    for day in range(1, 7):
        source.around(30.0, START_MS + day * DAY_MS, 100)
    assert min(known(source.ranges.of(PIER, START_MS + 6 * DAY_MS))) > 100
    source.around(30.0, START_MS + 7 * DAY_MS, 1000)
    assert max(known(source.ranges.of(PIER, START_MS + 7 * DAY_MS))) < 36


def known(ranges: Ranges | None) -> list[float]:
    return [each for each in ranges or () if each is not None]


def test_what_hears_the_whole_world_has_no_range() -> None:
    source = Source()
    source.around(40.0, START_MS)
    assert known(source.ranges.of(PIER, START_MS))
    source.around(2500.0, START_MS)
    assert source.ranges.of(PIER, START_MS) is None


def test_a_station_that_is_moved_is_learned_again_and_one_whose_estimate_changes_is_not() -> None:
    source = Source()
    source.around(40.0, START_MS)
    near = StationPlace(station="PIER", lat_deg=51.1, lon_deg=1.0, origin="learned")
    assert source.ranges.of(near, START_MS) == source.ranges.of(PIER, START_MS) != UNKNOWN
    moved = StationPlace(station="PIER", lat_deg=53.0, lon_deg=1.0, origin="learned")
    assert source.ranges.of(moved, START_MS) == UNKNOWN
    source.hear(10.0, 0.0, START_MS, place=moved)
    assert source.ranges.of(moved, START_MS) == source.ranges.of(PIER, START_MS) == UNKNOWN


def test_one_false_position_in_a_hundred_does_not_change_the_range() -> None:
    source = Source()
    for number in range(4000):
        source.hear(400.0 if number % 101 == 0 else 40.0, 90.0, START_MS, number % 50)
    assert known(source.ranges.of(PIER, START_MS)) == [pytest.approx(42, abs=3)]


def far_ships(source: Source, time_ms: int, vessels: int, first: int = 1000, every_min: float = 5.0) -> list[bool]:
    return [
        source.hear(300.0, 225.0, time_ms + int(number * every_min * MINUTE_MS), first + number)
        for number in range(vessels)
    ]


def test_five_ships_from_afar_in_half_an_hour_are_ducting_and_the_ranges_do_not_count_for_six_hours() -> None:
    source = Source()
    source.around(40.0, START_MS)
    assert far_ships(source, START_MS, 5) == [False, False, False, False, True]
    begun_ms = START_MS + 20 * MINUTE_MS
    assert source.ranges.of(PIER, begun_ms) is None
    assert source.ranges.of(PIER, begun_ms + 6 * HOUR_MS - 1) is None
    assert source.ranges.of(PIER, begun_ms + 6 * HOUR_MS) not in {None, UNKNOWN}


def test_it_lasts_while_ships_are_heard_from_afar_and_is_news_once() -> None:
    source = Source()
    source.around(40.0, START_MS)
    news = far_ships(source, START_MS, 60)
    assert news.count(True) == 1
    assert source.ranges.of(PIER, START_MS + 10 * HOUR_MS) is None


@pytest.mark.parametrize(("vessels", "every_min"), [(4, 5.0), (30, 8.0)])
def test_fewer_or_further_apart_are_not(vessels: int, every_min: float) -> None:
    source = Source()
    source.around(40.0, START_MS)
    assert not any(far_ships(source, START_MS, vessels, every_min=every_min))
    assert source.ranges.of(PIER, START_MS + HOUR_MS) is not None


def test_one_ship_many_times_is_not() -> None:
    source = Source()
    source.around(40.0, START_MS)
    assert not any(source.hear(300.0, 225.0, START_MS, 7) for _ in range(100))


def test_displaced_ships_are_no_ducting_until_they_are_within_range_again() -> None:
    source = Source()
    source.around(40.0, START_MS)
    source.around(30.0, START_MS)
    assert not any(far_ships(source, START_MS, 50, first=0, every_min=1.0))
    assert not any(far_ships(source, START_MS + 9 * HOUR_MS, 50, first=0, every_min=1.0))
    source.around(30.0, START_MS + 10 * HOUR_MS)
    assert any(far_ships(source, START_MS + 30 * HOUR_MS, 50, first=0, every_min=1.0))


def test_a_displaced_ship_does_not_make_the_range_larger_though_little_else_is_heard_there() -> None:
    source = Source()
    source.around(40.0, START_MS)
    source.around(30.0, START_MS)
    before = source.ranges.of(PIER, START_MS)
    for minute in range(200):
        source.hear(400.0, 90.0, START_MS + minute * MINUTE_MS, who=0)
    assert source.ranges.of(PIER, START_MS + 4 * HOUR_MS) == before
    for minute in range(200):
        source.hear(120.0, 90.0, START_MS + minute * MINUTE_MS, who=2000 + minute % 4)
    assert source.ranges.of(PIER, START_MS + 4 * HOUR_MS) != before


def test_without_ranges_nothing_is_ducting() -> None:
    source = Source()
    assert not any(far_ships(source, START_MS, 30, every_min=0.5))


def test_a_tick_after_hours_uses_the_samples_of_hours_with_their_times() -> None:
    """As in a recording at full speed: five ships in three hours are no ducting, though one tick covers them."""

    def begins(every_min: float) -> bool:
        source = Source()
        source.around(40.0, START_MS)
        for number in range(5):
            time_ms = START_MS + int(number * every_min * MINUTE_MS)
            source.ranges.hear(RangeSample(source.ordinal + 1, PIER, sender(1000 + number), *at(300.0, 225.0), time_ms))
        return source.ranges.settle(source.ordinal + 1, START_MS + 3 * HOUR_MS)

    assert begins(5.0)
    assert not begins(40.0)


def test_a_wrong_clock_of_a_station_does_not_empty_its_week() -> None:
    source = Source()
    source.around(40.0, START_MS)
    for time_ms in (0, START_MS + 400 * DAY_MS):
        source.ranges.hear(RangeSample(source.ordinal + 1, PIER, sender(1), *at(20.0, 90.0), time_ms))
        source.ranges.settle(source.ordinal + 1, START_MS + 1000)
    assert len(known(source.ranges.of(PIER, START_MS + 1000))) == 8


def test_of_the_samples_of_a_station_one_in_20_seconds_is_wanted_also_after_its_clock_was_put_back() -> None:
    ranges = StationRanges()
    times_ms = [START_MS + 2_000 * number for number in range(30)] + [START_MS - DAY_MS, START_MS - DAY_MS + 1]
    wanted = [time_ms for time_ms in times_ms if ranges.wants("PIER", time_ms)]
    assert wanted == [START_MS, START_MS + 20_000, START_MS + 40_000, START_MS - DAY_MS]
    assert ranges.wants("ISLE", START_MS)


def test_the_samples_that_wait_for_a_tick_are_bounded() -> None:
    ranges = StationRanges()
    for number in range(20_000):
        ranges.hear(RangeSample(number, PIER, sender(number), *at(20.0, 90.0 if number < 3000 else 0.0), START_MS))
    ranges.settle(20_000, START_MS)
    assert ranges.of(PIER, START_MS) == (pytest.approx(20, abs=2), *(None,) * 7)


# -- in ticks ----------------------------------------------------------------------------------------------------------


def lines(hours: float, places: Sequence[tuple[str, float, float]] = (("PIER", 51.0, 1.0),)) -> Iterator[bytes]:
    """A position every ten seconds within 40 nm of each of the stations in turn."""
    draw = np.random.default_rng(1)
    for number in range(int(hours * 360)):
        name, lat_deg, lon_deg = places[number % len(places)]
        place = StationPlace(station=name, lat_deg=lat_deg, lon_deg=lon_deg, origin="settings")
        lat_deg, lon_deg = at(40 * math.sqrt(draw.random()), draw.uniform(0, 360), place)
        fix = EncodedFix(lat_deg=lat_deg, lon_deg=lon_deg, second=number * 10 % 60)
        bits = position(257_000_000 + int(draw.integers(30)), fix)
        yield tagged(sentences(bits), START_MS + number * 10_000, name)[0]


def played(told: Sequence[bytes], at_once: int = 0, given: tuple[str, ...] = ()) -> list[Record]:
    ingest = Ingest("coast", 1, IngestSettings(stations=given), source_kind=SourceKind(replayed=True, tick_ms=10_000))
    records: list[Record] = []
    size = at_once or len(told)
    for begin in range(0, len(told), size):
        records += ingest.feed(b"\n".join(told[begin : begin + size]) + b"\n")
    return records + ingest.end()


def stated(records: Sequence[Record]) -> list[StationPlace]:
    ticks = [record.tick for record in records if isinstance(record, TickRecord)]
    return [place for tick in ticks for place in tick.stations or ()]


@pytest.mark.parametrize("given", [(), ("PIER 51.0 1.0",)])
def test_ticks_state_ranges_with_the_place_after_an_hour_or_so(given: tuple[str, ...]) -> None:
    first, *_, last = stated(played(list(lines(9.0)), given=given))
    assert first.range_nm == UNKNOWN
    assert last.range_nm is not None
    assert all(each is not None and 36 <= each <= 60 for each in last.range_nm)
    assert hearing(last, 56.0, 1.0).beyond
    assert not hearing(last, 51.5, 1.0).beyond


@pytest.mark.parametrize("at_once", [1, 7, 300, 0])
def test_ranges_do_not_depend_on_how_lines_were_cut(at_once: int) -> None:
    told = list(lines(14.0, (("PIER", 51.0, 1.0), ("ISLE", 53.0, 3.0))))
    whole = stated(played(told))
    assert any(known(place.range_nm) for place in whole)
    assert stated(played(told, at_once=at_once)) == whole


def test_after_a_restart_ingest_states_what_it_knows_until_then() -> None:
    told = list(lines(9.0))
    again = stated(played(told[: 3 * 360], given=("PIER 51.0 1.0",)))
    assert again[0].range_nm == UNKNOWN
    assert len(known(again[-1].range_nm)) < 8
