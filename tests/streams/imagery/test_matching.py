from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.core.vessels.sightings import Sighting
from streams.imagery.generated.scene import SceneSpec, scene_of
from streams.imagery.generated.scoring import SCENES, WRONG, Score, score_of
from streams.imagery.images import Contact, Fixes, Image, LikelyPlace, Silence
from streams.imagery.matching.matching import Outcomes, match
from streams.imagery.matching.radar_shift import shift_of

pytest.importorskip("scipy", reason="needs scipy, the extra wakewatch[imagery]")

AT_MS = 1_770_000_000_000
KM_DEG = 1 / 111.19
"""Degrees of latitude in a km."""
LAT, LON = 35.0, 129.0
EAST_DEG = KM_DEG / math.cos(math.radians(LAT))
BOX = ((128.0, 34.2), (130.0, 34.2), (130.0, 35.8), (128.0, 35.8), (128.0, 34.2))


def image(*contacts: Contact, **given: object) -> Image:
    fields: dict[str, object] = {
        "id": "scene",
        "sensor": "Sentinel-1",
        "kind": "radar",
        "time_ms": AT_MS,
        "footprint": BOX,
        "track_deg": 190.0,
        "looks": "right",
        "contacts": contacts,
    }
    return Image(**(fields | given))  # type: ignore[arg-type]


def contact(north_km: float = 0.0, east_km: float = 0.0, name: str = "c1", **given: float) -> Contact:
    return Contact(id=name, lat_deg=LAT + north_km * KM_DEG, lon_deg=LON + east_km * EAST_DEG, **given)  # type: ignore[arg-type]


def fix(
    at_s: float,
    north_km: float = 0.0,
    east_km: float = 0.0,
    sog: float = 0.0,
    cog: float = math.nan,
    mmsi: int = 230_000_001,
) -> tuple[float, ...]:
    return mmsi, AT_MS + at_s * 1000, LAT + north_km * KM_DEG, LON + east_km * EAST_DEG, sog, cog


def fixes(*rows: tuple[float, ...]) -> Fixes:
    columns = np.array(rows, np.float64).reshape(-1, 6).T
    return Fixes(columns[0].astype(np.int64), columns[1].astype(np.int64), *columns[2:])


def silence(
    alert: str = "gap-1", mmsi: int = 310_000_001, hours: float = 1.0, v_max: float = 15.0, **given: object
) -> Silence:
    fields: dict[str, object] = {
        "alert": alert,
        "mmsi": mmsi,
        "from_ms": AT_MS - int(hours * 3_600_000),
        "lat_deg": LAT,
        "lon_deg": LON,
        "v_max_kn": v_max,
        "length_m": None,
    }
    return Silence(**(fields | given))  # type: ignore[arg-type]


def told(outcomes: Outcomes) -> list[tuple[int, str, str | None]]:
    return [(each.mmsi, each.sighting.outcome, each.sighting.contact) for each in outcomes.found]


SEEN = [(230_000_001, "seen", "c1")]
ABSENT = [(230_000_001, "absent", None)]
POSSIBLE = [(310_000_001, "possible", "c1")]
LENGTHS = {230_000_001: 150.0, 230_000_002: 60.0}


# -- where a vessel is expected --------------------


def test_between_two_fixes() -> None:
    """Halfway in time is halfway on the line."""
    found = match(
        image(contact(3.0), kind="optical"), fixes(fix(-600, 0.0, sog=10, cog=0), fix(600, 6.2, sog=10, cog=0)), []
    )
    assert told(found) == SEEN
    assert found.found[0].sighting.distance_nm == pytest.approx(0.1 / 1.852, abs=0.02)


def test_a_turn_between_two_fixes() -> None:
    """At 10 kn first north and then east, the vessel is on the curve and not on the line, 0.5 km away."""
    track = fixes(fix(-300, -1.54, sog=10, cog=0), fix(300, 0.0, 1.54, sog=10, cog=90))
    (seen,) = match(image(contact(-0.35, 0.35), kind="optical"), track, []).found
    assert seen.sighting.outcome == "seen"
    assert (seen.sighting.distance_nm or 0) * 1.852 < 0.1


def test_a_fix_with_a_wrong_time() -> None:
    """A receiver has stamped a report 90 s late: the ship, 20 kn fast, is in the image and not where fixes put it."""
    track = fixes(fix(-60, -1.55, sog=20, cog=0), fix(60, 0.62, sog=20, cog=0))  # the first was at -150 s
    assert told(match(image(contact(0.0), kind="optical"), track, [], lengths=LENGTHS)) == SEEN
    assert told(match(image(contact(2.5), kind="optical"), track, [], lengths=LENGTHS)) != ABSENT


def test_dead_reckoning_ends_after_twenty_minutes() -> None:
    there = image(contact(10 * 1.852 / 3))
    assert told(match(there, fixes(fix(-1190, sog=10, cog=0)), [])) == SEEN
    assert told(match(there, fixes(fix(-1210, sog=10, cog=0)), [])) == []


def test_a_fix_after_the_image_is_reckoned_back() -> None:
    assert told(match(image(contact(-3.09)), fixes(fix(600, sog=10, cog=0)), [])) == SEEN


def test_a_fix_without_speed() -> None:
    """It could be anywhere within a few km: seen only where nothing else is."""
    assert told(match(image(contact(1.0)), fixes(fix(-120, sog=math.nan)), [])) == SEEN


def test_a_fix_without_speed_at_the_time_of_the_image() -> None:
    """A fast ship would be shown some hundred metres away: nothing nearer says that it is absent."""
    track = fixes(fix(0, sog=math.nan), fix(0.5, sog=math.nan))
    assert told(match(image(contact(0.6)), fixes(fix(-1, sog=math.nan)), [])) == SEEN
    assert told(match(image(contact(0.6)), track, [], lengths=LENGTHS)) != ABSENT


def test_positions_that_contradict_each_other_make_no_vessel_absent() -> None:
    """Two ships under one number, 300 km apart in 20 minutes."""
    track = fixes(fix(-600), fix(600, 300.0))
    assert told(match(image(), track, [], lengths=LENGTHS)) == []


def test_fixes_without_a_position_are_left_out() -> None:
    bad = (230_000_001, AT_MS, math.nan, LON, 0.0, 0.0)
    assert told(match(image(contact()), fixes(bad, fix(-60), fix(60)), [])) == SEEN
    assert told(match(image(contact()), fixes(bad), [])) == []


# -- the radar's shift --------------------


def test_the_example_of_the_radar_shift() -> None:
    """10 kn away from a radar that flies 190 and looks right: 354 m to the north."""
    kn = 1.852 / 3600
    way = math.radians(280)
    shift = shift_of(image(), np.array([10 * kn * math.sin(way)]), np.array([10 * kn * math.cos(way)]))
    assert math.hypot(shift.north_km[0], shift.east_km[0]) == pytest.approx(0.354, abs=0.002)
    assert math.degrees(math.atan2(shift.east_km[0], shift.north_km[0])) == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize("cog", [10, 190])
def test_a_ship_along_the_track_is_not_shifted(cog: float) -> None:
    way = math.radians(cog)
    shift = shift_of(image(), np.array([0.01 * math.sin(way)]), np.array([0.01 * math.cos(way)]))
    assert math.hypot(shift.north_km[0], shift.east_km[0]) < 1e-9


def test_looking_left_shifts_the_other_way() -> None:
    east, north = np.array([0.005]), np.array([0.001])
    right, left = (shift_of(image(looks=side), east, north) for side in ("right", "left"))
    assert (right.east_km[0], right.north_km[0]) == pytest.approx((-left.east_km[0], -left.north_km[0]))


@pytest.mark.parametrize("stated", [{}, {"looks": None}, {"track_deg": None, "looks": None}])
def test_a_fast_ship_is_seen_where_the_radar_shows_it(stated: dict[str, object]) -> None:
    """20 kn across the track: 0.7 km from where it is, also when track or look are not known."""
    shown = contact(0.70 * math.cos(math.radians(10)), 0.70 * math.sin(math.radians(10)))
    track = fixes(fix(-20, -0.036, 0.203, sog=20, cog=280), fix(20, 0.036, -0.203, sog=20, cog=280))
    assert told(match(image(shown, **stated), track, [])) == SEEN


def test_a_shift_is_no_distance() -> None:
    shown = contact(0.70 * math.cos(math.radians(10)), 0.70 * math.sin(math.radians(10)))
    track = fixes(fix(-20, -0.036, 0.203, sog=20, cog=280), fix(20, 0.036, -0.203, sog=20, cog=280))
    radar, optical = (match(image(shown, kind=kind), track, []).found for kind in ("radar", "optical"))
    assert (radar[0].sighting.distance_nm or 0) < 0.03
    assert (optical[0].sighting.distance_nm or 0) > 0.35
    assert radar[0].sighting.score > optical[0].sighting.score


# -- one to one --------------------


def test_lengths_decide_between_neighbours() -> None:
    """Two ships 400 m apart, and a radar that is 150 m off: the long contact is the long ship."""
    both = fixes(fix(-30), fix(30), fix(-30, 0.4, mmsi=230_000_002), fix(30, 0.4, mmsi=230_000_002))
    shown = image(contact(0.15, name="long", length_m=160.0), contact(0.52, name="short", length_m=50.0))
    assert told(match(shown, both, [], lengths=LENGTHS)) == [
        (230_000_001, "seen", "long"),
        (230_000_002, "seen", "short"),
    ]


def test_one_contact_is_one_vessel() -> None:
    """Two vessels 30 m apart and one contact: it is one of them, and neither is told."""
    both = fixes(fix(-30), fix(30), fix(-30, 0.03, mmsi=230_000_002), fix(30, 0.03, mmsi=230_000_002))
    assert told(match(image(contact(0.015)), both, [])) == []


def test_a_heading_has_no_bow() -> None:
    track = fixes(fix(-60, -0.3, sog=10, cog=0), fix(60, 0.3, sog=10, cog=0))
    along, against, across = (
        match(image(contact(heading_deg=heading), contact(2.0, name="other")), track, []).found[0].sighting.score
        for heading in (2.0, 182.0, 92.0)
    )
    assert along == against > across


# -- absent --------------------

STILL = (fix(-60), fix(60))


def test_a_ship_that_is_not_there_is_absent() -> None:
    (absent,) = match(image(contact(30.0)), fixes(*STILL), [], lengths=LENGTHS).found
    assert (absent.sighting.outcome, absent.sighting.contact) == ("absent", None)
    assert absent.sighting.score == pytest.approx(0.95)
    assert (absent.sighting.lat_deg, absent.sighting.lon_deg) == (LAT, LON)


def test_a_contact_in_the_gate_keeps_a_ship_from_being_absent() -> None:
    """Also when it is another vessel: the detection may have merged two ships beside each other."""
    both = fixes(*STILL, fix(-60, 0.3, mmsi=230_000_002), fix(60, 0.3, mmsi=230_000_002))
    assert told(match(image(contact(0.3)), both, [], lengths=LENGTHS)) == [(230_000_002, "seen", "c1")]


@pytest.mark.parametrize(
    ("changed", "lengths"),
    [
        ({"outlined": False}, LENGTHS),
        ({"clouds": (((128.9, 34.9), (129.1, 34.9), (129.1, 35.1), (128.9, 35.1), (128.9, 34.9)),)}, LENGTHS),
        ({"footprint": ((128.0, 34.2), (129.02, 34.2), (129.02, 35.8), (128.0, 35.8), (128.0, 34.2))}, LENGTHS),
        ({"sensor": "VIIRS", "kind": "optical"}, LENGTHS),
        ({"length_least_m": 160.0}, LENGTHS),
        ({}, {}),
        ({}, {230_000_001: 12.0}),
    ],
    ids=["no outline", "clouds", "near the edge", "lights at night", "too short", "length unknown", "boat"],
)
def test_what_cannot_be_absent(changed: dict[str, object], lengths: dict[int, float]) -> None:
    assert told(match(image(**changed), fixes(*STILL), [], lengths=lengths)) == []
    assert told(match(image(), fixes(*STILL), [], lengths=LENGTHS)) == ABSENT


def test_a_ship_that_was_not_heard_after_the_image_is_absent_for_five_minutes() -> None:
    """It may have turned."""
    late, early = (fixes(fix(-seconds, sog=8, cog=0)) for seconds in (310, 290))
    assert told(match(image(), late, [], lengths=LENGTHS)) == []
    assert told(match(image(), early, [], lengths=LENGTHS)) == ABSENT


def test_lights_at_night_are_placed_to_a_pixel() -> None:
    """A pixel of VIIRS is 750 m wide: a boat 1.2 km away is seen, in an image with small pixels it would not be."""
    lights = image(contact(1.2), contact(3.5, name="other"), sensor="VIIRS", kind="optical")
    assert told(match(lights, fixes(*STILL), [])) == SEEN
    small = image(contact(1.2), contact(3.5, name="other"), sensor="Sentinel-2", kind="optical")
    assert told(match(small, fixes(*STILL), [])) == []


def test_a_mark_cannot_be_absent() -> None:
    mark = fixes(fix(-60, mmsi=992_351_000), fix(60, mmsi=992_351_000))
    assert told(match(image(), mark, [], lengths={992_351_000: 200.0})) == []


def test_an_image_that_misses_many_makes_none_absent() -> None:
    """Six of ten ships are found: that the others are not says nothing about them."""
    rows = [fix(s, 5.0 * n, mmsi=230_000_001 + n) for n in range(10) for s in (-60, 60)]
    shown = image(*(contact(5.0 * n, name=f"c{n}") for n in range(6)))
    outcomes = match(shown, fixes(*rows), [], lengths={230_000_001 + n: 200.0 for n in range(10)})
    assert {each.sighting.outcome for each in outcomes.found} == {"seen"}


def test_an_image_of_another_time_tells_nothing() -> None:
    """All moving ships are elsewhere: it is the image that is wrong. Ships at anchor are found in any case."""
    rows = [fix(s, 6.0 * n, 0.3 * s / 60, sog=10, cog=90, mmsi=230_000_001 + n) for n in range(6) for s in (-60, 60)]
    rows += [fix(s, 6.0 * n, -40.0, mmsi=230_000_101 + n) for n in range(6) for s in (-60, 60)]
    shown = [contact(6.0 * n, 18.0, name=f"moved{n}") for n in range(6)]
    shown += [contact(6.0 * n, -40.0, name=f"lies{n}") for n in range(6)]
    lengths = dict.fromkeys((*range(230_000_001, 230_000_007), *range(230_000_101, 230_000_107)), 200.0)
    outcomes = match(image(*shown), fixes(*rows), [silence()], lengths=lengths)
    assert (outcomes.agrees, outcomes.found, outcomes.expected) == (False, (), 12)


# -- silent vessels --------------------


def test_a_small_reach_with_one_contact() -> None:
    (found,) = match(image(contact(5.0)), fixes(), [silence(hours=0.5)]).found
    assert (found.mmsi, found.alert, found.sighting.outcome) == (310_000_001, "gap-1", "possible")
    assert found.sighting.score > 0.6
    assert found.sighting.others == 0


def test_a_large_reach_with_many_contacts_is_nothing() -> None:
    """100,000 km2 and 30 contacts."""
    draw = np.random.default_rng(1)
    shown = [contact(*draw.uniform(-70, 70, 2), name=f"c{n}") for n in range(30)]
    assert told(match(image(*shown), fixes(), [silence(hours=6.5)])) == []


def test_scores_fall_as_the_reach_grows() -> None:
    scores = [
        match(image(contact(5.0)), fixes(), [silence(hours=hours)]).found[0].sighting.score
        for hours in (0.3, 0.5, 1, 2)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]


def test_out_of_reach_is_not_possible() -> None:
    assert told(match(image(contact(30.0)), fixes(), [silence(hours=1.0)])) == []


def test_a_contact_with_ais_is_no_silent_vessel() -> None:
    assert told(match(image(contact()), fixes(*STILL), [silence()])) == SEEN


def test_two_silent_vessels_share_a_contact() -> None:
    two = [silence(), silence("gap-2", 310_000_002)]
    alone, both = match(image(contact(5.0)), fixes(), two[:1]), match(image(contact(5.0)), fixes(), two)
    assert [each.sighting.others for each in alone.found] == [0]
    assert len(both.found) <= 1  # a contact is one vessel
    assert all(each.sighting.others == 1 for each in both.found)
    assert all(each.sighting.score < alone.found[0].sighting.score for each in both.found)


def test_a_vessel_of_another_length_is_less_likely() -> None:
    shown = image(contact(5.0, length_m=210.0))
    likely, unlikely = (match(shown, fixes(), [silence(length_m=length)]).found for length in (200.0, 25.0))
    assert likely[0].sighting.score > 0.5
    assert not unlikely or unlikely[0].sighting.score < likely[0].sighting.score


def test_what_was_heard_again_narrows_the_reach() -> None:
    """Heard an hour later and 20 nm to the east, it cannot have been 20 km to the west."""
    again = silence(to_ms=AT_MS + 3_600_000, to_lat_deg=LAT, to_lon_deg=LON + 37 * EAST_DEG)
    assert told(match(image(contact(0.0, 20.0)), fixes(), [again])) == POSSIBLE
    assert told(match(image(contact(0.0, -20.0)), fixes(), [again])) == []
    assert told(match(image(contact(0.0, -20.0)), fixes(), [silence()])) == POSSIBLE


@pytest.mark.parametrize("moved_ms", [{"from_ms": AT_MS + 1000}, {"to_ms": AT_MS - 1000}, {"v_max_kn": 0.0}])
def test_silences_of_another_time(moved_ms: dict[str, object]) -> None:
    assert told(match(image(contact()), fixes(), [silence(**moved_ms)])) == []  # type: ignore[arg-type]


def test_a_silent_vessel_is_not_placed_by_its_fixes() -> None:
    """An hour between two fixes is a gap here: it is not absent in the middle of it."""
    track = fixes(fix(-1800, mmsi=310_000_001), fix(1800, 1.0, mmsi=310_000_001))
    outcomes = match(
        image(contact(4.0)), track, [silence(hours=0.5, to_ms=AT_MS + 1_800_000)], lengths={310_000_001: 200.0}
    )
    assert told(outcomes) == POSSIBLE


def test_each_alert_of_a_vessel_is_told() -> None:
    outcomes = match(image(contact(5.0)), fixes(), [silence("gap-1"), silence("gap-2")])
    assert [(each.alert, each.sighting.others) for each in outcomes.found] == [("gap-1", 0), ("gap-2", 0)]


def test_a_vessel_heard_too_long_ago_to_be_placed_may_be_it_too() -> None:
    """A third ship that was heard 40 minutes before the image, and never after."""
    alone = match(image(contact(5.0)), fixes(), [silence(hours=0.7)]).found[0].sighting.score
    with_it = match(image(contact(5.0)), fixes(fix(-2400, sog=5, cog=0)), [silence(hours=0.7)]).found
    assert not with_it or with_it[0].sighting.score < alone


# -- everywhere, and in any order --------------------


@pytest.mark.parametrize(
    ("lat", "lon"), [(-17.0, 180.0), (-17.0, -179.999), (89.95, 10.0), (-89.99, 120.0), (0.0, 0.0)]
)
def test_anywhere(lat: float, lon: float) -> None:
    """A drifting ship and a contact, at the antimeridian and at the poles."""
    around = [
        (lat + 1.5 * math.sin(a), lon + 1.5 / max(math.cos(math.radians(lat)), 0.05) * math.cos(a))
        for a in (0, 1.6, 3.1, 4.7, 6.28318)
    ]
    ring = tuple(((x + 180) % 360 - 180, min(max(y, -89.99), 89.99)) for y, x in around)
    other = (lon + 0.002 + 180) % 360 - 180
    shown = image(Contact(id="c1", lat_deg=lat, lon_deg=other), footprint=ring)
    rows = fixes((230_000_001, AT_MS - 60_000, lat, lon, 0.0, 0.0), (230_000_001, AT_MS + 60_000, lat, lon, 0.0, 0.0))
    assert told(match(shown, rows, [])) == SEEN


def test_a_footprint_has_few_corners() -> None:
    ring = tuple((129 + math.cos(a / 30) * 1.2, 35 + math.sin(a / 30)) for a in range(189))
    (seen,) = match(image(contact(), footprint=(*ring, ring[0])), fixes(*STILL), []).found
    assert 4 <= len(seen.sighting.footprint) <= 12
    assert seen.sighting.footprint[0] == seen.sighting.footprint[-1]


def test_nothing_in_nothing() -> None:
    assert match(image(footprint=()), fixes(), []) == Outcomes((), (), 0, agrees=True)
    assert match(image(contact(), footprint=()), fixes(), [silence()]).unmatched == ("c1",)


SMALL = SceneSpec("small", heard=25, silent=3, elsewhere=3, dark=5, decoys=5, crowded=0.5)


def shuffled(rows: Sequence[object], seed: int) -> list[object]:
    return [rows[at] for at in np.random.default_rng(seed).permutation(len(rows))]


@given(seed=st.integers(0, 50), order=st.integers(0, 1000))
def test_order_changes_nothing(seed: int, order: int) -> None:
    scene = scene_of(SMALL, seed)
    mixed = replace(scene.image, contacts=tuple(shuffled(scene.image.contacts, order)))
    fixes_mixed = scene.fixes.rows(np.random.default_rng(order).permutation(len(scene.fixes.mmsi)))
    expected = match(scene.image, scene.fixes, scene.silences, lengths=scene.lengths)
    assert match(mixed, fixes_mixed, shuffled(scene.silences, order), lengths=scene.lengths) == expected  # type: ignore[arg-type]
    assert match(scene.image, scene.fixes, scene.silences, lengths=scene.lengths) == expected


LATS, LONS = st.floats(-90, 90), st.floats(-180, 180)
RINGS = st.lists(st.tuples(LONS, LATS), max_size=6).map(lambda ring: (*ring, *ring[:1]))
FIXES = st.lists(
    st.tuples(
        st.integers(200_000_000, 200_000_003),
        st.integers(AT_MS - 20_000_000, AT_MS + 20_000_000),
        LATS | st.just(math.nan),
        LONS,
        st.floats(0, 102) | st.just(math.nan),
        st.floats(0, 360) | st.just(math.nan),
    ),
    max_size=8,
)
SILENCES = st.lists(
    st.builds(
        Silence,
        alert=st.sampled_from("ab"),
        mmsi=st.integers(200_000_002, 200_000_004),
        from_ms=st.integers(AT_MS - 10**9, AT_MS),
        lat_deg=LATS,
        lon_deg=LONS,
        v_max_kn=st.floats(0, 60),
        length_m=st.none() | st.floats(0, 500),
        to_ms=st.none() | st.integers(AT_MS, AT_MS + 10**9),
        to_lat_deg=LATS,
        to_lon_deg=LONS,
        places=st.lists(st.builds(LikelyPlace, LATS, LONS, st.floats(0, 50), st.floats(0, 10)), max_size=2).map(tuple),
    ),
    max_size=4,
)


@given(
    ring=RINGS,
    cloud=RINGS,
    places=st.lists(st.tuples(LATS, LONS), max_size=6),
    rows=FIXES,
    silences=SILENCES,
    track=st.none() | st.floats(0, 359),
)
def test_anything(
    ring: tuple[tuple[float, float], ...],
    cloud: tuple[tuple[float, float], ...],
    places: list[tuple[float, float]],
    rows: list[tuple[float, ...]],
    silences: list[Silence],
    track: float | None,
) -> None:
    """Outlines that cross themselves, images of half the globe, ships that jump: sightings that readers accept."""
    contacts = [Contact(id=f"c{n}", lat_deg=lat, lon_deg=lon, length_m=n + 1.0) for n, (lat, lon) in enumerate(places)]
    shown = image(*contacts, footprint=ring, clouds=(cloud,), track_deg=track)
    lengths = dict.fromkeys(range(200_000_000, 200_000_004), 100.0)
    for each in match(shown, fixes(*rows), silences, lengths=lengths).found:
        assert msgspec.json.decode(msgspec.json.encode(each.sighting), type=Sighting) == each.sighting
        assert 0 <= each.sighting.score <= 1


@given(seed=st.integers(0, 50))
def test_no_contact_and_no_vessel_is_told_twice(seed: int) -> None:
    scene = scene_of(SMALL, seed)
    found = match(scene.image, scene.fixes, scene.silences, lengths=scene.lengths).found
    contacts = [each.sighting.contact for each in found if each.sighting.contact]
    assert len(contacts) == len(set(contacts))
    assert len({each.mmsi for each in found}) == len(found)


# -- accuracy on generated scenes --------------------


@pytest.mark.parametrize("spec", SCENES, ids=lambda spec: spec.name)
def test_generated_scenes(spec: SceneSpec) -> None:
    """Three of each kind, 36 in all; `wakewatch bench matching` prints the figures."""
    score = Score()
    for seed in range(100, 103):
        scene = scene_of(spec, seed)
        score = score.plus(score_of(scene, match(scene.image, scene.fixes, scene.silences, lengths=scene.lengths)))
    assert score.precision >= 0.95
    assert score.recall >= 0.8
    assert score.displaced == 0 or score.absent_right >= score.displaced / 2


def test_scores_of_possible_ships_are_what_they_promise() -> None:
    score = Score()
    for spec in SCENES:
        for seed in range(200, 203):
            scene = scene_of(spec, seed)
            score = score.plus(score_of(scene, match(scene.image, scene.fixes, scene.silences, lengths=scene.lengths)))
    assert score.possible > 50
    assert score.promised == pytest.approx(score.possible_right, rel=0.25)


@pytest.mark.parametrize("spec", WRONG, ids=lambda spec: spec.name)
def test_generated_scenes_of_a_wrong_time(spec: SceneSpec) -> None:
    for seed in range(3):
        scene = scene_of(spec, seed)
        assert not match(scene.image, scene.fixes, scene.silences, lengths=scene.lengths).agrees
