"""Vessels displaced from one area: found in any order of facts, told apart from what is similar, and ended."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.alert import Alert, encode
from detectors.core.displacements import Displacement
from detectors.core.half_degrees import are_near, cell_of, cells_near, label
from detectors.core.place_stage.areas import DisplacedAreas
from detectors.core.promises import PartitionWatermark
from detectors.core.sphere import along
from detectors.core.testing import START_MS, Report, Story, beside, run
from detectors.interference.shape import Place, shape_of
from tests.detectors.golden_places import MINUTE_MS, fact, facts
from tests.wording import faults_of

A, B, C, D = 205_000_001, 210_000_001, 215_000_001, 219_000_001
Fact = Displacement | PartitionWatermark
END_MIN = 10_000


def heard(minutes: float, *partitions: int) -> list[PartitionWatermark]:
    return [PartitionWatermark(partition=p, heard_ms=START_MS + round(minutes * MINUTE_MS)) for p in partitions or (0,)]


def areas(partitions: int = 1, **thresholds: object) -> DisplacedAreas:
    return DisplacedAreas.build(partitions, {"interference": thresholds}, {})


def alerts_of(told: Sequence[Fact], stage: DisplacedAreas | None = None, until_min: float = END_MIN) -> list[Alert]:
    stage = stage or areas()
    return [emitted.alert for each in (*told, *heard(until_min)) for emitted in stage.take(each)]


def restored(stage: DisplacedAreas, partitions: int = 1, **thresholds: object) -> DisplacedAreas:
    shards = [stage.shard(number) for number in range(stage.shard_count())]
    return areas(partitions, **thresholds).restore(shards, stage.manifest())


def values(alert: Alert) -> dict[str, object]:
    return {one.fact: one.value for one in alert.why}


# -- what opens an alert, and what does not ------------------------------------------------------------------------


def test_three_vessels_of_one_area_open_one_ticket_about_the_area_and_no_vessel() -> None:
    told = [fact(A, 0), fact(B, 4, (36.7, 27.3)), fact(C, 9, (36.8, 27.6), listed="OFAC", imo=9179842)]
    (opened,) = alerts_of(told, until_min=30)
    assert (opened.status, opened.severity, opened.subject) == ("opened", "ticket", "place/36.5N027.0E")
    assert (opened.case_id, opened.mmsi, opened.vessel) == (opened.subject, None, None)
    assert opened.headline == "3 vessels appear displaced, GNSS interference likely, 36-48.0N 027-26.0E, 2222Z"
    assert opened.position is not None and (opened.position.lat_deg, opened.position.lon_deg) == (36.8, 27.4333)
    first, span, *_, listed = opened.why
    assert (first.fact, first.value, first.threshold) == ("vessels displaced from one area", 3, 3)
    assert (span.value, span.threshold) == (540, 900)
    assert (listed.value, listed.source) == ("SHIP 1 (IMO 9179842) MMSI 215000001", "OFAC")
    shown = opened.details["vessels"]
    assert [one["mmsi"] for one in shown] == [C, A, B], "the listed one first"
    assert shown[0]["from_lat_deg"] == 36.8 and shown[0]["lat_deg"] == 37.4 and shown[0]["list"] == "OFAC"
    assert opened.details["area"] == {
        "south_deg": 36.7,
        "north_deg": 36.9,
        "west_deg": 27.3,
        "east_deg": 27.6,
        "lat_deg": 36.8,
        "lon_deg": 27.4333,
    }


LOOK_ALIKES = {
    "two vessels, again and again": [fact(mmsi, 5.0 * n + n % 2) for n in range(20) for mmsi in (A, B)],
    "three vessels in 16 minutes": [fact(A, 0), fact(B, 8), fact(C, 16)],
    "one vessel ten times": [fact(A, 5.0 * n) for n in range(10)],
    "three far apart": [fact(A, 0), fact(B, 1, (36.9, 29.0)), fact(C, 2, (38.0, 27.4))],
    "two near each other, the third half a degree and a little further": [
        fact(A, 0, (50.0, 0.0)),
        fact(B, 1, (50.1, 0.0)),
        fact(C, 2, (50.601, 0.0)),
    ],
    "the third came back before the first was displaced": [fact(C, 0), fact(A, 20), fact(B, 30)],
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_is_similar_opens_nothing(name: str) -> None:
    assert alerts_of(LOOK_ALIKES[name]) == []


@pytest.mark.parametrize(
    ("origins", "key"),
    [
        ([(36.51, 27.01), (36.49, 27.01), (36.51, 26.99)], "36.0N027.0E"),
        ([(36.49, 26.99), (36.51, 27.01), (36.49, 27.3)], "36.0N026.5E"),
        ([(0.1, 0.1), (-0.1, -0.1), (-0.2, 0.2)], "00.5S000.5W"),
        ([(-17.0, 179.9), (-17.0, -179.9), (-17.1, 179.7)], "17.5S179.5E"),
        ([(70.0, 33.0), (70.0, 34.4), (70.0, 31.6)], "70.0N031.5E"),
        ([(89.9, 10.0), (89.9, -170.0), (89.8, 100.0)], "89.5N170.0W"),
        ([(36.9, 27.4), (36.9, 27.9), (36.9, 28.4)], "36.5N027.0E"),
    ],
    ids=["corner", "two cells", "equator", "180 E", "70 N", "pole", "a row of them"],
)
def test_edges_of_cells_do_not_matter(origins: list[tuple[float, float]], key: str) -> None:
    told = [fact(mmsi, n, origin) for n, (mmsi, origin) in enumerate(zip((A, B, C), origins, strict=True))]
    (opened,) = alerts_of(told, until_min=30)
    assert opened.subject == f"place/{key}"


def test_a_vessel_that_remains_displaced_counts_at_its_newest_fact() -> None:
    (opened,) = alerts_of([fact(A, 0), fact(B, 10), fact(A, 15), fact(C, 20)], until_min=30)
    assert opened.details["vessels_total"] == 3


# -- growth and end --------------------------------------------------------------------------------------------------


def test_an_area_is_reported_again_only_when_its_vessels_have_doubled() -> None:
    told = [fact(A + n, n / 10) for n in range(100)]
    found = alerts_of(told, until_min=20)
    assert [(a.status, a.details["vessels_total"]) for a in found] == [
        ("opened", 3),
        *(("updated", n) for n in (6, 12, 24, 48, 96)),
    ]
    assert len({a.id for a in found}) == 1 and [a.revision for a in found] == [1, 2, 3, 4, 5, 6]
    last = found[-1]
    assert len(last.details["vessels"]) == 50 and values(last)["vessels displaced from one area"] == 96
    assert len(encode(last)) < 20_000


def test_vessels_that_came_back_do_not_count_for_growth() -> None:
    """Every five minutes another vessel passes: twelve at a time, sixty in all."""
    found = alerts_of([fact(A + n, 5.0 * n) for n in range(60)])
    assert [a.details["vessels_total"] for a in found if a.status != "closed"] == [3, 6, 12]


def test_an_area_closes_after_an_hour_without_a_fact_and_opens_again_as_another_alert() -> None:
    told = [fact(A, 0), fact(B, 1), fact(C, 2), fact(A, 30), fact(A, 89.5)]
    opened, closed = alerts_of(told)
    assert (closed.status, closed.id, closed.revision) == ("closed", opened.id, 2)
    assert closed.time == "2023-11-15T00:42:50.000Z" and closed.details["ended"] == "quiet"
    assert closed.headline == "no vessel displaced for 60 min, 36-54.0N 027-24.0E, 0042Z"
    again = [fact(mmsi, 200 + n) for n, mmsi in enumerate((A, B, C))]
    assert [a.status for a in alerts_of([*told, *again])] == ["opened", "closed"] * 2
    assert len({a.id for a in alerts_of([*told, *again])}) == 2


def test_it_closes_only_when_every_partition_has_passed_that_time() -> None:
    stage = areas(2)
    told: list[Fact] = [fact(A, 0), fact(B, 1), fact(C, 2)]
    assert alerts_of(told, stage) == []
    assert [e.alert.status for each in heard(61.9, 1) for e in stage.take(each)] == ["opened"]
    assert [e.alert.status for each in heard(63, 1) for e in stage.take(each)] == ["closed"]


def test_areas_that_grow_together_are_one_alert() -> None:
    west = [fact(A + n, n, (36.9, 27.4)) for n in range(3)]
    east = [fact(B + n, 3 + n, (36.9, 28.2)) for n in range(3)]
    between = [fact(C, 20, (36.9, 27.8))]
    found = alerts_of([*west, *east, *between], until_min=30)
    assert [(a.status, a.subject[6:]) for a in found] == [
        ("opened", "36.5N027.0E"),
        ("opened", "36.5N028.0E"),
        ("closed", "36.5N028.0E"),
        ("updated", "36.5N027.0E"),
    ]
    assert found[2].details["ended"] == "joined" and found[2].related == (found[0].id,)
    assert found[3].details["vessels_total"] == 7
    assert [a.status for a in alerts_of([*west, *east, *between])][4:] == ["closed"]


def test_an_area_that_takes_in_a_smaller_one_is_revised_to_have_its_bounds() -> None:
    west = [fact(A + n, n / 2, (36.9, 27.4)) for n in range(6)]
    east = [fact(B + n, 4 + n, (36.9, 28.2)) for n in range(3)]
    found = alerts_of([*west, *east, fact(C, 20, (36.9, 27.8))], until_min=30)
    assert [a.status for a in found[-2:]] == ["closed", "updated"]
    assert found[-1].details["area"]["east_deg"] >= 28.2


def test_a_source_that_is_hours_behind_opens_an_area_that_stays_open_for_its_hour() -> None:
    told = [fact(mmsi, n, stamp_ms=START_MS + (180 + n) * MINUTE_MS) for n, mmsi in enumerate((A, B, C))]
    opened, closed = alerts_of(told)
    assert opened.time == "2023-11-14T22:15:20.000Z" and closed.time == "2023-11-15T02:15:20.000Z"


def test_recordings_alone_make_a_replayed_alert_and_anything_live_a_live_one() -> None:
    recorded = [fact(A + n, n, replayed=True) for n in range(6)]
    assert [a.replayed for a in alerts_of(recorded)] == [True] * 3
    live = [*recorded[:5], fact(D, 7)]
    assert [a.replayed for a in alerts_of(live)] == [True, False, False]


# -- any order, any restart ------------------------------------------------------------------------------------------

TOLD = [
    msgspec.structs.replace(each, stamp_ms=each.stamp_ms + (3 * MINUTE_MS if n % 5 == 0 else 0))
    for n, each in enumerate(facts())
]
"""The golden story; every fifth report came late."""
STORY = [encode(a) for a in alerts_of(TOLD)]


def test_the_story_has_all_kinds_of_alerts() -> None:
    told = [msgspec.json.decode(each, type=Alert) for each in STORY]
    assert {a.status for a in told} == {"opened", "updated", "closed"}
    assert {a.details.get("ended") for a in told} == {None, "quiet", "joined"}
    assert not [fault for a in told for fault in faults_of(a)]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), partitions=st.sampled_from([1, 2, 4, 12]))
def test_any_order_any_repetition_any_partitions_and_any_restart_give_the_same_alerts(
    data: st.DataObject, partitions: int
) -> None:
    draw = data.draw(st.randoms(use_true_random=False))
    lanes: list[list[Fact]] = [[] for _ in range(partitions)]
    for one in sorted(TOLD, key=lambda each: each.stamp_ms):
        lanes[one.mmsi * 7919 % partitions].append(one)
    for number, lane in enumerate(lanes):  # a promise follows what it promises, at any distance
        for at in sorted(draw.sample(range(len(lane)), min(len(lane), 8)), reverse=True):
            stamp_ms = max(each.stamp_ms for each in lane[: at + 1] if isinstance(each, Displacement))
            lane.insert(at + 1, PartitionWatermark(partition=number, heard_ms=stamp_ms))
        again = draw.randrange(len(lane) + 1)  # a worker was killed, and writes the last of it a second time
        lane[again:again] = lane[max(0, again - 8) : again]
        lane.extend(heard(END_MIN, number))
    stage, out = areas(partitions), list[bytes]()
    while any(lanes):
        lane = draw.choice([lane for lane in lanes if lane])
        out += [encode(emitted.alert) for emitted in stage.take(lane.pop(0))]
        if draw.random() < 0.05:
            stage = restored(stage, partitions)
    assert out == STORY


def test_a_snapshot_at_every_record_changes_nothing() -> None:
    records: list[Fact] = []
    for one in sorted(TOLD, key=lambda each: each.stamp_ms):
        records += [one, PartitionWatermark(partition=0, heard_ms=one.stamp_ms - 1)]
    stage, out = areas(), list[bytes]()
    for each in (*records, *heard(END_MIN)):
        out += [encode(emitted.alert) for emitted in stage.take(each)]
        after = restored(stage)
        assert after.dirty() == [] and after.open_alerts() == stage.open_alerts() and after.vessels == stage.vessels
        assert [after.shard(n) for n in range(64)] == [stage.shard(n) for n in range(64)]
        stage = after
    assert out == STORY


def test_only_changed_shards_are_dirty() -> None:
    stage, written = areas(), dict[int, bytes]()
    for one in facts():
        for each in (one, PartitionWatermark(partition=0, heard_ms=one.stamp_ms)):
            stage.take(each)
            for number in stage.dirty():
                written[number] = stage.shard(number)
            stage.mark_clean()
    stage.take(*heard(END_MIN))
    for number in stage.dirty():
        written[number] = stage.shard(number)
    assert len(written) < 64
    assert all(stage.shard(number) == shard for number, shard in written.items())
    empty = areas().shard(0)
    assert all(stage.shard(number) == empty for number in range(64) if number not in written)


# -- bounds ----------------------------------------------------------------------------------------------------------


def scattered(count: int) -> list[Displacement]:
    """Three vessels at each of many places, a minute between two places."""
    told = []
    for n in range(count):
        origin = (-60.0 + 2 * (n % 60), -180.0 + 2 * (n // 60 % 180))
        told += [fact(200_000_000 + 3 * n + k, n / 100 + k / 1000, origin) for k in range(3)]
    return told


def test_vessels_areas_and_waiting_facts_are_bounded_and_what_is_dropped_is_closed() -> None:
    stage = areas(vessels_most=100, areas_most=20)
    found = []
    for one in scattered(1000):
        found += [e.alert for each in (one, *heard_at(one)) for e in stage.take(each)]
        assert stage.vessels <= 100
    opened, closed = ([a.id for a in found if a.status == status] for status in ("opened", "closed"))
    assert len(opened) == 1000 and set(closed) < set(opened) and len(set(closed)) == len(closed)
    assert stage.open_alerts()["interference"] == len(opened) - len(closed) <= 20
    assert {a.details["ended"] for a in found if a.status == "closed"} == {"forgotten"}
    assert not [fault for a in found[-40:] for fault in faults_of(a)]
    assert stage._order.pending <= 1000 + 20, "one check for each area that was opened in the last hour"
    last = restored(stage, vessels_most=100, areas_most=20)
    ends = [[encode(e.alert) for e in each.take(*heard(END_MIN))] for each in (stage, last)]
    assert ends[0] == ends[1] and stage.open_alerts() == {}


def heard_at(one: Displacement) -> list[PartitionWatermark]:
    return [PartitionWatermark(partition=0, heard_ms=one.stamp_ms)]


def test_facts_wait_for_a_partition_that_makes_no_progress_up_to_a_bound() -> None:
    stage = areas(2, waiting_most=1000)
    for one in scattered(400):
        stage.take(one)
    assert stage.full and len(stage._order.waiting) == 1000
    alerts = [e.alert for each in heard(END_MIN, 0, 1) for e in stage.take(each)]
    assert sum(a.status == "opened" for a in alerts) == 333 and not stage.full


def test_what_was_long_ago_is_forgotten() -> None:
    stage = areas()
    alerts_of([fact(A + n, n) for n in range(60)], stage, until_min=60)
    alerts_of([fact(D, 200)], stage, until_min=201)
    assert stage.vessels == 1 and stage.open_alerts() == {}


# -- cells -----------------------------------------------------------------------------------------------------------

places = st.tuples(st.floats(-90, 90), st.floats(-180, 180, exclude_max=True))


@settings(max_examples=300, deadline=None)
@given(one=places, off=st.tuples(st.floats(-0.6, 0.6), st.floats(-180, 180)))
def test_every_near_place_is_in_a_cell_that_is_searched_and_nearness_is_mutual(
    one: tuple[float, float], off: tuple[float, float]
) -> None:
    other = max(-90.0, min(90.0, one[0] + off[0])), (one[1] + off[1] + 180) % 360 - 180
    assert are_near(*one, *other) == are_near(*other, *one)
    if are_near(*one, *other):
        assert cell_of(*other) in set(cells_near(*one))
    if cell_of(*one) == cell_of(*other):
        assert are_near(*one, *other)


def test_cells_have_names_of_their_south_west_corners() -> None:
    assert [label(cell_of(*each)) for each in ((36.9, 27.4), (-0.1, -0.1), (90.0, 179.9), (-90.0, -180.0))] == [
        "36.5N027.0E",
        "00.5S000.5W",
        "89.5N179.5E",
        "90.0S180.0W",
    ]


# -- the shape of where they appear ----------------------------------------------------------------------------------


def ring(
    count: int, radius_nm: float, degrees: float = 360.0, centre: tuple[float, float] = (37.0, 28.0)
) -> list[Place]:
    found = []
    for n in range(count):
        turn = math.radians(degrees * n / count)
        lon_deg = centre[1] + radius_nm / 60 * math.sin(turn) / math.cos(math.radians(centre[0]))
        found.append(Place(centre[0] + radius_nm / 60 * math.cos(turn), (lon_deg + 180) % 360 - 180))
    return found


def test_a_point_a_circle_and_a_line_are_recognised_and_measured() -> None:
    assert shape_of([Place(37.4, 27.9), Place(37.4005, 27.9), Place(37.4, 27.9005)])["kind"] == "point"
    circle = shape_of(ring(12, 2.0))
    assert (circle["kind"], circle["lat_deg"], circle["lon_deg"], circle["radius_nm"]) == ("circle", 37.0, 28.0, 2.0)
    across = shape_of(ring(8, 3.0, centre=(-17.0, 179.99)))
    assert (across["kind"], across["lon_deg"], across["radius_nm"]) == ("circle", 179.99, 3.0)
    line = shape_of([Place(37.0 + n / 10, 28.0) for n in range(4)])
    assert (line["kind"], line["length_nm"], line["off_nm"]) == ("line", 18.0, 0.0)
    assert line["course_deg"] in {0.0, 180.0}


@pytest.mark.parametrize(
    "positions",
    [
        ring(2, 0.0),
        ring(3, 5.0),
        ring(6, 30.0, degrees=30.0),
        [Place(37.0, 28.0), Place(37.3, 28.1), Place(36.8, 28.4), Place(37.1, 27.7), Place(37.2, 28.2)],
    ],
    ids=["two positions", "a circle through three", "an arc", "scattered"],
)
def test_what_is_no_shape_is_none(positions: list[Place]) -> None:
    assert shape_of(positions) == {"kind": "none"}


@settings(max_examples=100, deadline=None)
@given(places=st.lists(st.tuples(st.floats(-80, 80), st.floats(-180, 179.9)), min_size=3, max_size=8))
def test_a_shape_is_found_or_not_for_any_positions(places: list[tuple[float, float]]) -> None:
    shape = shape_of([Place(*place) for place in places])
    assert shape["kind"] in {"point", "circle", "line", "none"}
    msgspec.json.encode(shape)


# -- from reports of ships ---------------------------------------------------------------------------------------------

HOUR = 3600.0
ROADS, INLAND = (-34.2, 18.1), (-34.0, 18.9)


def anchored(mmsi: int, number: int, away: tuple[float, float], hours: float = 4.0) -> Story:
    """A ship at anchor that reports each minute; ``away``: between these seconds it appears inland."""
    found = []
    for second in range(number, int(hours * HOUR), 60):
        lat_deg, lon_deg = ROADS[0] + number / 500, ROADS[1] + number / 700
        if away[0] <= second < away[1]:
            lat_deg, lon_deg = INLAND[0] + number / 9000, INLAND[1]
        found.append(Report(at_s=float(second), mmsi=mmsi, lat_deg=lat_deg, lon_deg=lon_deg, sog_kn=0.0, status=1))
    return found


def roadstead(displaced: int = 4, ships: int = 6, **more: float) -> Story:
    """Ships at anchor, of which some appear 40 nm inland for an hour, and come back."""
    spells = [(HOUR, 2 * HOUR) if n < displaced else (0.0, 0.0) for n in range(ships)]
    return beside(*(anchored(244_000_201 + n, n, spell, **more) for n, spell in enumerate(spells)))


WORLD = roadstead()
"""For the conformance suite."""


def about_areas(story: Story, **more: int) -> list[Alert]:
    return [a for a in run(story, **more) if a.detector == "interference"]


def test_a_roadstead_from_which_four_of_six_ships_jump_gives_one_alert_that_closes() -> None:
    opened, closed = about_areas(roadstead())
    assert (opened.subject, opened.details["vessels_total"]) == ("place/34.5S018.0E", 3)
    assert {one["mmsi"] for one in opened.details["vessels"]} <= {244_000_201 + n for n in range(4)}
    assert opened.time < "2023-11-14T23:20" and opened.details["shape"]["kind"] == "point"
    assert opened.evidence and opened.details["sources"] == ["station"]
    assert closed.status == "closed" and "2023-11-15T00:50" < closed.time < "2023-11-15T01:30"


def test_ships_of_which_two_are_displaced_give_none() -> None:
    assert about_areas(roadstead(displaced=2)) == []


@pytest.mark.parametrize(
    "mmsis", [[123_456_789, 111_111_111, 234_567_890, 987_654_321], [2, 3, 4, 5], [992_441_001 + n for n in range(4)]]
)
def test_placeholders_and_stations_that_are_not_ships_do_not_count(mmsis: list[int]) -> None:
    story = beside(*(anchored(mmsi, n, (HOUR, 2 * HOUR)) for n, mmsi in enumerate(mmsis)))
    assert about_areas(story) == []


def test_positions_with_one_wrong_bit_do_not_count() -> None:
    off_deg = 2**20 / 600_000
    story = [
        msgspec.structs.replace(s, lat_deg=ROADS[0], lon_deg=ROADS[1] + off_deg) if s.lon_deg == INLAND[1] else s
        for s in roadstead()
    ]
    assert about_areas(story) == []


@pytest.mark.parametrize("axis", ["lat_deg", "lon_deg"])
@pytest.mark.parametrize("course_deg", [0.0, 90.0, 250.0])
def test_nor_do_those_of_ships_under_way_for_an_hour(axis: str, course_deg: float) -> None:
    """By the hour it has sailed 14 nm from where it was last at the right place."""
    story: Story = []
    for n in range(4):
        for second in range(n, int(2.5 * HOUR), 60):
            place = along(ROADS[0] + n / 20, ROADS[1], course_deg, 14.0 * second / HOUR)
            lat_deg, lon_deg = (round(degrees * 600_000) / 600_000 for degrees in place)
            wrong = 2**18 / 600_000 if HOUR <= second < 2 * HOUR else 0.0
            off = {axis: wrong}
            lat_deg, lon_deg = lat_deg + off.get("lat_deg", 0.0), lon_deg + off.get("lon_deg", 0.0)
            said = Report(at_s=float(second), mmsi=244_000_201 + n, lat_deg=lat_deg, lon_deg=lon_deg)
            story.append(msgspec.structs.replace(said, sog_kn=14.0, cog_deg=course_deg))
    assert about_areas(beside(story)) == []


def test_numbers_that_two_ships_use_do_not_count_once_that_is_known() -> None:
    """Each of four numbers is used by a ship in the roads and one inland, for eight hours."""
    story = beside(
        *(anchored(244_000_201 + n, n, (0.0, 0.0), 8.0) for n in range(4)),
        *(anchored(244_000_201 + n, n + 30, (0.0, 8 * HOUR), 8.0) for n in range(4)),
    )
    facts = [a.time for a in about_areas(story)]
    shared = [a for a in run(story) if a.detector == "shared_mmsi"]
    assert len(shared) == 4 and len(facts) <= 2 and all(time < "2023-11-15T00:30" for time in facts)
