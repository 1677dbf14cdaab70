"""A thinned track is within its error of every report that it leaves out, and has few points on a straight way."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.traffic.fleet import STEP_S, Fleet, FleetRules
from streams.traffic.moments import newest_points
from streams.traffic.points import JUMPED, SILENT, STEPS_A_DEGREE, Points, lon_steps
from streams.traffic.thinning import LONGEST_S, METRES_A_DEGREE, ThinningRules

from .reports import T0_S, batch

MMSI = 205_000_001
ROUNDING_M = 0.3
LEGS = st.lists(st.tuples(st.integers(STEP_S, 900), st.floats(-180, 180), st.floats(0, 25)), min_size=2, max_size=80)
"""Seconds to the next report, course, speed in knots."""


def sailed(legs: list[tuple[int, float, float]], lat: float, lon: float) -> list[tuple[float, float, float]]:
    """(seconds, latitude, longitude) at the beginning and after each leg, in whole steps of a position."""
    at_s, found = 0, [(0.0, lat, lon)]
    for passed_s, course, speed_kn in legs:
        at_s += passed_s
        way_deg = speed_kn * passed_s / 3600 / 60
        lat += way_deg * math.cos(math.radians(course))
        lon += way_deg * math.sin(math.radians(course)) / math.cos(math.radians(lat))
        lon = (lon + 180) % 360 - 180
        found.append((float(at_s), lat, lon))
    return [(s, *(round(part * STEPS_A_DEGREE) / STEPS_A_DEGREE for part in place)) for s, *place in found]


def track(fleet: Fleet, mmsi: int = MMSI) -> Points:
    row = fleet.rows.find(mmsi)
    assert row is not None
    return Points.joined([fleet.tracks.track(mmsi, 0, 1 << 32), newest_points(fleet, row)])


def off_m(points: Points, at_s: float, lat: float, lon: float) -> float:
    """How far a fix is from the track at its own time."""
    after = int(np.searchsorted(points.time_s, at_s))
    before = max(0, after - 1) if points.time_s[after] != at_s else after
    span_s = int(points.time_s[after]) - int(points.time_s[before])
    share = (at_s - int(points.time_s[before])) / span_s if span_s else 0.0
    lats, lons = points.lat.astype(np.int64), points.lon.astype(np.int64)
    on_lat = lats[before] + (lats[after] - lats[before]) * share
    on_lon = lons[before] + lon_steps(lons[after] - lons[before]) * share
    north = (lat * STEPS_A_DEGREE - on_lat) / STEPS_A_DEGREE * METRES_A_DEGREE
    east = lon_steps(np.rint(lon * STEPS_A_DEGREE - on_lon)) / STEPS_A_DEGREE * METRES_A_DEGREE
    return float(math.hypot(north, east * math.cos(math.radians(lat))))


@given(LEGS, st.floats(-75, 75), st.floats(-180, 180), st.sampled_from([20.0, 50.0, 400.0]), st.integers(1, 30))
def test_no_report_is_further_from_the_track_than_the_error(
    legs: list[tuple[int, float, float]], lat: float, lon: float, error_m: float, size: int
) -> None:
    fixes = sailed(legs, lat, lon)
    fleet = Fleet(FleetRules(thinning=ThinningRules(error_m=error_m)))
    for begin in range(0, len(fixes), size):  # the size of a batch decides nothing
        fleet.take(batch(*((MMSI, *fix) for fix in fixes[begin : begin + size])))
    points = track(fleet)
    assert (np.diff(points.time_s.astype(np.int64)) > 0).all()
    by_step = {(T0_S + fix[0]) // STEP_S: fix for fix in fixes}  # of each step the last is looked at
    for after_s, *place in by_step.values():
        assert off_m(points, T0_S + after_s, *place) <= error_m + ROUNDING_M


def test_a_straight_way_has_few_points_and_a_turn_has_more() -> None:
    straight = sailed([(10, 90.0, 12.0)] * 720, 30.0, 179.9)  # two hours across 180 degrees
    turning = sailed([(10, 2.0 * step, 12.0) for step in range(720)], 30.0, 179.9)
    counts = []
    for fixes in (straight, turning):
        fleet = Fleet(FleetRules())
        fleet.take(batch(*((MMSI, *fix) for fix in fixes)))
        counts.append(len(track(fleet).time_s))
    assert counts[0] <= 2 + 7200 // LONGEST_S
    assert counts[0] * 10 < counts[1] < len(turning) / 2


def test_a_silence_and_a_jump_are_marked_and_keep_both_ends() -> None:
    fleet = Fleet(FleetRules())
    fleet.take(batch((MMSI, 0, 30.0, 130.0), (MMSI, 60, 30.001, 130.0), (MMSI, 120, 30.002, 130.0)))
    fleet.take(batch((MMSI, 7320, 30.1, 130.0), (MMSI, 7380, 40.0, 130.0), (MMSI, 7440, 40.001, 130.0)))
    points = track(fleet)
    assert (points.time_s - T0_S).tolist() == [0, 120, 7320, 7440]
    assert points.flags.tolist() == [SILENT, 0, SILENT, JUMPED]
