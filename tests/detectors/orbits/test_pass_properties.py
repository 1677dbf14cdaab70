from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from detectors.core.orbits.ground_tracks import Satellites
from detectors.core.orbits.model import Pass, Sensor, Target
from detectors.core.orbits.propagation import EQUATOR_KM
from detectors.core.orbits.search import find_passes
from detectors.core.orbits.sensors import SENSORS
from detectors.core.sphere import distance_nm
from detectors.core.units import DAY_MS, MINUTE_MS, unix_ms
from tests.detectors.orbits.published import ELEMENTS

RADAR = ELEMENTS["SENTINEL-1A"]
START = int(RADAR.epoch_ms)
LOOKS = ("right", "left", "either", "nadir")
MINUTES = st.integers(0, 3 * 1440)


def seen_at(sats: Satellites, minute: int, across_km: float) -> tuple[float, float, int]:
    """Latitude and longitude of the place that far to the right of the track, and when."""
    time_ms = START // MINUTE_MS * MINUTE_MS + minute * MINUTE_MS
    block = next(iter(sats.blocks(time_ms, time_ms)))
    here = block.directions(np.zeros(1, np.intp), np.asarray([float(time_ms)]))
    sine = float(here.up[0, 2])
    across = 1 - 0.00669438 * sine * sine
    east = (here.right[0, 1] * here.up[0, 0] - here.right[0, 0] * here.up[0, 1]) / math.hypot(*here.up[0, :2])
    prime = EQUATOR_KM / math.sqrt(across)
    radius = 1 / (east**2 / prime + (1 - east**2) / (prime * (1 - 0.00669438) / across))
    place = math.cos(across_km / radius) * here.up[0] + math.sin(across_km / radius) * here.right[0]
    return math.degrees(math.asin(place[2])), math.degrees(math.atan2(place[1], place[0])), time_ms


def radar(look: str, near_km: float = 200.0, far_km: float = 450.0) -> Satellites:
    sensor = Sensor(name=look, kind="radar", look=look, near_km=near_km, far_km=far_km)  # type: ignore[arg-type]
    return Satellites([(RADAR, sensor)])


SATS = {look: radar(look) for look in LOOKS}


def around(sats: Satellites, targets: Sequence[Target], time_ms: int) -> list[Pass]:
    return find_passes(sats, targets, time_ms - 20 * MINUTE_MS, time_ms + 20 * MINUTE_MS)


@settings(max_examples=150, deadline=None)
@given(MINUTES, st.sampled_from(LOOKS), st.floats(-600, 600))
def test_a_place_is_found_if_and_only_if_the_strip_passes_over_it(minute: int, look: str, across_km: float) -> None:
    sats = SATS[look]
    lat, lon, time_ms = seen_at(sats, minute, across_km)
    here = Target(name="p", lat_deg=lat, lon_deg=lon, radius_nm=0, since_ms=0)
    close = [
        one for one in around(sats, [here], time_ms) if abs(unix_ms(one.begin) - time_ms) <= 1500 and one.covers == 1
    ]
    size = {"right": across_km, "left": -across_km}.get(look, abs(across_km))
    inside = size < 450 if look == "nadir" else 200 < size < 450
    if min(abs(size - 200) if look != "nadir" else 999, abs(size - 450)) > 0.1:
        assert bool(close) == inside


@settings(max_examples=60, deadline=None)
@given(MINUTES, st.floats(3, 300), st.floats(0, 200))
def test_a_circle_is_found_if_its_edge_is_in_the_swath_and_not_50_km_beyond(
    minute: int, radius_nm: float, beyond_km: float
) -> None:
    sats = SATS["right"]
    reach_km = radius_nm * 1.852
    for distance_km, expected in ((450 + reach_km - 3, True), (450 + reach_km + 50 + beyond_km, False)):
        lat, lon, time_ms = seen_at(sats, minute, distance_km)
        circle = Target(name="c", lat_deg=lat, lon_deg=lon, radius_nm=radius_nm, since_ms=0)
        found = [one for one in around(sats, [circle], time_ms) if abs(middle_ms(one) - time_ms) < 5_000]
        assert bool(found) == expected
        assert all(one.covers < 0.6 for one in found)


def middle_ms(one: Pass) -> float:
    return (unix_ms(one.begin) + unix_ms(one.end)) / 2


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 200), st.floats(0, 20), st.floats(0.1, 20),
    st.sampled_from(LOOKS),
)  # fmt: skip
def test_growth_only_adds_passes(
    lat: float, lon: float, radius_nm: float, growth_kn: float, more_kn: float, look: str
) -> None:
    slow = Target(name="t", lat_deg=lat, lon_deg=lon, radius_nm=radius_nm, since_ms=START, growth_kn=growth_kn)
    fast = msgspec.structs.replace(slow, growth_kn=growth_kn + more_kn)
    fewer, more = (find_passes(SATS[look], [one], START, START + 2 * DAY_MS) for one in (slow, fast))
    middles = [middle_ms(one) for one in more]
    assert all(min(abs(middle_ms(one) - at) for at in middles) < 60_000 for one in fewer)


@settings(max_examples=200, deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 300) | st.floats(0, 1200))
def test_passes_of_any_circle_are_whole(lat: float, lon: float, radius_nm: float) -> None:
    """Across the antimeridian, around the poles, and wider than any that is asked for."""
    circle = Target(name="t", lat_deg=lat, lon_deg=lon, radius_nm=radius_nm, since_ms=START)
    sats = Satellites([(RADAR, SENSORS[0]), (ELEMENTS["SENTINEL-2A"], SENSORS[1])])
    found = find_passes(sats, [circle], START, START + DAY_MS)
    assert [one.begin for one in found] == sorted(one.begin for one in found)
    for one in found:
        assert one.begin <= one.end and 0 <= one.covers <= 1 and 0 <= one.track_deg < 360
        assert one.area == () or (one.area[0] == one.area[-1] and 4 <= len(one.area) <= 24)
        assert is_simple(one)
        for lon_deg, lat_deg in one.area:
            assert -180 <= lon_deg <= 180 and -90 <= lat_deg <= 90
            assert distance_nm(lat, lon, lat_deg, lon_deg) < radius_nm + 12


def is_simple(one: Pass) -> bool:
    """Whether the outline, on a plane around its first corner, does not cross itself."""
    if not one.area:
        return True
    lon, lat = np.radians(np.asarray(one.area)).T
    places = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    middle = places.mean(axis=0) / np.linalg.norm(places.mean(axis=0))
    east = np.cross([0.3, 0.5, 0.8], middle)
    return bool(Polygon(places @ np.stack([east, np.cross(middle, east)], axis=1)).is_valid)


def test_a_circle_around_a_pole_is_passed_on_every_revolution() -> None:
    sats = Satellites([(ELEMENTS["SENTINEL-2A"], SENSORS[1])])
    for lat in (90.0, -90.0):
        circle = Target(name="pole", lat_deg=lat, lon_deg=0, radius_nm=600, since_ms=START)
        found = find_passes(sats, [circle], START, START + DAY_MS)
        assert len(found) in {14, 15}
        assert all(abs(corner[1]) > 79.9 for one in found for corner in one.area)


def test_an_outline_across_the_antimeridian_changes_sign_there() -> None:
    sats = Satellites([(ELEMENTS["SENTINEL-2A"], SENSORS[1])])
    circle = Target(name="180", lat_deg=10, lon_deg=180, radius_nm=200, since_ms=START)
    crossing = [
        one.area
        for one in find_passes(sats, [circle], START, START + 10 * DAY_MS)
        if len({lon > 0 for lon, _ in one.area}) == 2
    ]
    assert crossing
    for area in crossing:
        assert all(abs(lon) > 176 for lon, _ in area)
