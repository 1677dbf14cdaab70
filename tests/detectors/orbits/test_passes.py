from __future__ import annotations

import math
import random
from datetime import datetime

import msgspec
import numpy as np
import pytest
from skyfield.api import EarthSatellite, load, wgs84

from detectors.core.orbits.ground_tracks import Satellites
from detectors.core.orbits.model import Pass, Sensor, Target
from detectors.core.orbits.search import find_passes, outdated
from detectors.core.orbits.sensors import SENSORS, ground_range_km, sensor_of, with_own
from detectors.core.sphere import bearing_deg, distance_nm
from detectors.core.units import DAY_MS, HOUR_MS, MINUTE_MS, unix_ms
from tests.detectors.orbits.published import CORNERS, ELEMENTS, TLE, Corner, elements_of

NAMED = {sensor.name: sensor for sensor in SENSORS}
IW = NAMED["Sentinel-1 IW"]
WIDE = Sensor(name="wide", kind="radar", look="nadir", far_km=700.0)
START = int(ELEMENTS["SENTINEL-1A"].epoch_ms)
CONSTELLATION = Satellites([(one, sensor) for one in ELEMENTS.values() if (sensor := sensor_of(one))])


def place(lat_deg: float, lon_deg: float, radius_nm: float = 0.0, name: str = "there") -> Target:
    return Target(name=name, lat_deg=lat_deg, lon_deg=lon_deg, radius_nm=radius_nm, since_ms=START)


def seconds(one: Pass) -> tuple[float, float]:
    return unix_ms(one.begin) / 1000, unix_ms(one.end) / 1000


@pytest.mark.parametrize("name", TLE)
def test_passes_are_when_skyfield_sees_the_satellite_highest(name: str) -> None:
    """All of ten days, within two seconds, and none but those within a kilometre of the swath."""
    timescale = load.timescale(builtin=True)
    satellite = EarthSatellite(*TLE[name], name, timescale)
    sats = Satellites([(ELEMENTS[name], WIDE)])
    start = int(ELEMENTS[name].epoch_ms)
    chosen = random.Random(name)
    for _ in range(3):
        lat, lon = chosen.uniform(-25, 25) if name == "HST" else chosen.uniform(-75, 75), chosen.uniform(-180, 180)
        passes = find_passes(sats, [place(lat, lon)], start, start + 10 * DAY_MS)
        ours = [seconds(one)[0] for one in passes]
        site = wgs84.latlon(lat, lon)
        window = (timescale.ut1_jd(start / DAY_MS + 2440587.5), timescale.ut1_jd(start / DAY_MS + 2440597.5))
        times, events = satellite.find_events(site, *window, altitude_degrees=20.0)
        culminations = [t for t, event in zip(times, events, strict=True) if event == 1]
        below = [wgs84.subpoint_of(satellite.at(t)) for t in culminations]
        away = [apart_km(lat, lon, at.latitude.degrees, at.longitude.degrees) for at in below]
        theirs = [t.utc_datetime().timestamp() for t in culminations]
        missed = [km for at, km in zip(theirs, away, strict=True) if min(abs(at - x) for x in ours) > 2]
        found = [km for at, km in zip(theirs, away, strict=True) if min(abs(at - x) for x in ours) <= 2]
        assert len(found) == len(ours) >= 5
        assert all(km > 699 for km in missed) and all(km < 701 for km in found)


def apart_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Along the ellipsoid, to some tens of metres over 1,000 km: its chord, bent with its curvature on this course."""
    points = [np.asarray(wgs84.latlon(lat, lon).itrs_xyz.km) for lat, lon in ((lat1, lon1), (lat2, lon2))]
    chord = float(np.linalg.norm(points[0] - points[1]))
    sine, course = math.sin(math.radians((lat1 + lat2) / 2)), math.radians(bearing_deg(lat1, lon1, lat2, lon2))
    across = 1 - 0.00669437999 * sine * sine
    prime = 6378.137 / math.sqrt(across)
    meridian = prime * (1 - 0.00669437999) / across
    radius = 1 / (math.sin(course) ** 2 / prime + math.cos(course) ** 2 / meridian)
    return 2 * radius * math.asin(chord / (2 * radius))


@pytest.mark.parametrize("corner", CORNERS)
def test_edges_and_times_are_those_of_published_images_of_sentinel_1(corner: Corner) -> None:
    """5 km inside the edge of an image the satellite passes as it did then, within two seconds; 5 km outside not."""
    sats = Satellites([(elements_of("S1A", corner.tle), IW)])
    then = datetime.fromisoformat(corner.time).timestamp() + corner.days * 86_400 + corner.seconds
    window = int(then * 1000) - 60_000, int(then * 1000) + 60_000
    outwards = 1 if corner.edge == "near" else -1  # the images look west
    east_deg = outwards * 5 / (111.2 * math.cos(math.radians(corner.lat_deg)))
    inside = find_passes(sats, [place(corner.lat_deg, corner.lon_deg - east_deg)], *window)
    assert [abs(seconds(one)[0] - then) < 2 for one in inside] == [True]
    assert inside[0].side == "right" and inside[0].track_deg == pytest.approx(195, abs=5)
    assert find_passes(sats, [place(corner.lat_deg, corner.lon_deg + east_deg)], *window) == []


def test_the_range_on_the_ground_follows_from_the_angle() -> None:
    """Sentinel-1 IW, nominal: 30.86 to 46 degrees at 693 km."""
    assert ground_range_km(693, 30.86) == pytest.approx(367.3, abs=0.1)
    assert ground_range_km(693, 46.0) == pytest.approx(617.2, abs=0.1)


def test_a_circle_is_covered_in_part_and_its_outline_lies_in_circle_and_swath() -> None:
    target = place(38.0, 130.0, 60.0)
    passes = find_passes(CONSTELLATION, [target], START, START + 3 * DAY_MS)
    assert {one.satellite for one in passes} >= {"SENTINEL-1A", "SENTINEL-1C"}
    assert any(one.covers < 0.9 for one in passes) and any(one.covers == 1 for one in passes)
    for one in passes:
        assert one.area[0] == one.area[-1] and 4 <= len(one.area) <= 24
        away = [distance_nm(38.0, 130.0, lat, lon) for lon, lat in one.area]
        assert max(away) < 61
        assert 0 < share_of(one, 38.0, 60.0) == pytest.approx(one.covers, abs=0.03)
        begin, end = seconds(one)
        assert begin < end < begin + 45


def share_of(one: Pass, lat_deg: float, radius_nm: float) -> float:
    """The outline's area, flat, of the circle's; positive if it runs counterclockwise."""
    x = np.asarray([lon for lon, _ in one.area]) * 60 * math.cos(math.radians(lat_deg))
    y = np.asarray([lat for _, lat in one.area]) * 60
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2 / (math.pi * radius_nm**2))


def test_one_target_at_a_time_or_all_at_once_gives_the_same_passes() -> None:
    chosen = random.Random(5)
    targets = [
        place(chosen.uniform(-80, 80), chosen.uniform(-180, 180), chosen.uniform(0, 250), f"t{number}")
        for number in range(30)
    ]
    at_once = find_passes(CONSTELLATION, targets, START, START + 3 * DAY_MS)
    others = Satellites(CONSTELLATION.pairs)
    alone = [one for target in targets for one in find_passes(others, [target], START, START + 3 * DAY_MS)]
    assert sorted(alone, key=lambda one: (one.begin, one.satellite, one.sensor, one.target)) == at_once
    assert find_passes(CONSTELLATION, targets, START, START + 3 * DAY_MS, most=17) == at_once[:17]


def test_windows_that_follow_each_other_divide_the_passes() -> None:
    target = [place(38.0, 130.0, 200.0)]
    whole = find_passes(CONSTELLATION, target, START, START + 4 * DAY_MS)
    cuts = range(START, START + 4 * DAY_MS, 97 * 60_000)
    parts = [
        one
        for cut in cuts
        for one in find_passes(CONSTELLATION, target, cut, min(cut + 97 * 60_000, START + 4 * DAY_MS))
    ]
    assert sorted(parts, key=lambda one: (one.begin, one.satellite)) == whole


def test_no_pass_is_lost_where_a_block_of_tracks_ends() -> None:
    """Places that satellites are closest to within a minute of such a time."""
    sats = Satellites(CONSTELLATION.pairs)
    blocks = list(sats.blocks(START, START + 20 * DAY_MS))
    for edge_ms in (block.first_minute * MINUTE_MS for block in blocks[1:]):
        for late_ms in range(-55_000, 60_000, 10_000):
            (block,) = sats.blocks(edge_ms + late_ms, edge_ms + late_ms)
            here = block.directions(np.asarray([0]), np.asarray([float(edge_ms + late_ms)]))
            seen = math.cos(0.08) * here.up[0] + math.sin(0.08) * here.right[0]
            below = place(math.degrees(math.asin(seen[2])), math.degrees(math.atan2(seen[1], seen[0])))
            windows = ((edge_ms - 100_000, edge_ms), (edge_ms, edge_ms + 100_000))
            found = [find_passes(sats, [below], *window, age_most_d=None) for window in windows]
            counts = [sum(one.norad_id == sats.pairs[0][0].norad_id for one in each) for each in found]
            assert counts == ([1, 0] if late_ms < 0 else [0, 1])


def test_a_circle_has_grown_by_the_time_of_the_pass() -> None:
    """A swath that misses the place where the ship fell silent, and passes within its reach a day later."""
    silent = msgspec.structs.replace(place(38.0, 130.0), growth_kn=12.0, name="grows")
    both = find_passes(CONSTELLATION, [silent, place(38.0, 130.0)], START, START + 2 * DAY_MS)
    grown = [one for one in both if one.target == "grows"]
    still = [one for one in both if one.target == "there"]
    assert len(grown) > len(still) > 0
    assert all(one.covers == 1 for one in still)
    held = find_passes(CONSTELLATION, [msgspec.structs.replace(silent, most_nm=0.0)], START, START + 2 * DAY_MS)
    assert [one.begin for one in held] == [one.begin for one in still]


def test_old_elements_are_not_used_unless_forced() -> None:
    later = START + 20 * DAY_MS
    target = [place(38.0, 130.0, 100.0)]
    assert find_passes(CONSTELLATION, target, later, later + DAY_MS) == []
    forced = find_passes(CONSTELLATION, target, later, later + DAY_MS, age_most_d=None)
    assert forced
    radar = [one for one in forced if one.satellite == "SENTINEL-1A"]
    assert all(one.elements_age_h == pytest.approx(20 * 24 + 12, abs=12) for one in radar)
    before = find_passes(CONSTELLATION, target, START - DAY_MS, START)
    assert all(one.elements_age_h < 0 for one in before if one.satellite == "SENTINEL-1A")
    assert outdated(CONSTELLATION, START, START + DAY_MS) == ["LANDSAT 9"]


def test_optical_passes_say_whether_there_is_daylight() -> None:
    """Sentinel-2 goes south over Europe at about half past ten of local time, and north in the night."""
    passes = find_passes(CONSTELLATION, [place(45.0, 13.0, 60.0)], START, START + 5 * DAY_MS)
    optical = [one for one in passes if one.kind == "optical"]
    assert {one.daylight for one in optical} == {True, False}
    assert all(one.daylight == (90 < one.track_deg < 270) for one in optical)
    assert all(one.daylight is None for one in passes if one.kind == "radar")


def test_an_agile_satellite_covers_as_much_as_one_image() -> None:
    agile = Sensor(name="agile", kind="radar", look="either", near_km=100, far_km=500, pointable=True, swath_km=50.0)
    sats = Satellites([(ELEMENTS["SENTINEL-1A"], agile)])
    passes = find_passes(sats, [place(38.0, 130.0, 100.0)], START, START + 5 * DAY_MS)
    assert {one.side for one in passes} == {"right", "left"}
    assert all(one.pointable for one in passes)
    middle = [one for one in passes if share_of(one, 38.0, 100.0) > 0.98]
    assert middle and all(one.covers == pytest.approx(50 / 1.852 / 100 * 2 / math.pi, abs=0.01) for one in middle)


def test_a_look_to_the_left_and_a_swath_below() -> None:
    lefty = msgspec.structs.replace(IW, look="left")
    sats = Satellites(
        [(ELEMENTS["SENTINEL-1A"], lefty), (ELEMENTS["SENTINEL-1A"], WIDE), (ELEMENTS["SENTINEL-1A"], IW)]
    )
    passes = find_passes(sats, [place(38.0, 130.0)], START, START + 5 * DAY_MS)
    sides = {(one.begin, one.sensor): one.side for one in passes}
    assert {side for (_, sensor), side in sides.items() if sensor == IW.name} <= {"right", "left"}
    assert sum(sensor == "wide" for _, sensor in sides) >= sum(sensor == IW.name for _, sensor in sides) - 1
    circle = find_passes(sats, [place(38.0, 130.0, 200.0)], START, START + 5 * DAY_MS)
    assert "below" in {one.side for one in circle if one.sensor == "wide"}


def test_sensors_are_found_by_number_then_by_name_and_can_be_replaced() -> None:
    sentinel = ELEMENTS["SENTINEL-1A"]
    assert sensor_of(msgspec.structs.replace(sentinel, name="OBJECT A")) == IW
    assert sensor_of(msgspec.structs.replace(sentinel, norad_id=99_999, name="Iceye-X99")) == NAMED["ICEYE"]
    assert sensor_of(msgspec.structs.replace(sentinel, norad_id=99_999, name="PLEIADES NEO 4")) == NAMED["Pleiades Neo"]
    assert sensor_of(msgspec.structs.replace(sentinel, norad_id=99_999, name="STARLINK-31")) is None
    wider = msgspec.structs.replace(IW, near_km=200.0)
    own = with_own([wider, WIDE])
    assert sensor_of(sentinel, own) == wider and len(own) == len(SENSORS) + 1


def test_nothing_is_asked_for_and_nothing_is_found() -> None:
    assert find_passes(CONSTELLATION, [], START, START + DAY_MS) == []
    assert find_passes(Satellites([]), [place(0, 0)], START, START + DAY_MS) == []
    assert find_passes(CONSTELLATION, [place(0, 0, 100)], START, START) == []
    assert find_passes(CONSTELLATION, [place(0, 0, 100)], START, START + HOUR_MS, most=0) == []
