"""What is no ship, no second ship, or not where it says: none of it is an encounter, and each reason is counted."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from detectors.core.hulls import bits_of
from detectors.core.later_stages import LaterStages
from detectors.core.meeting_stage.kinds import excluded
from detectors.core.slow_ships import SlowShip
from detectors.core.testing import START_MS, Report, Story, beside, engine, played, run, whole_log
from detectors.core.vessels.affected_areas import AffectedArea
from tests.detectors.slow_scenes import HERE, at, drifting, ids, of, ship

ONE, OTHER, LISTED = 205_000_191, 205_000_192, 667_001_007


def left_out(story: Story) -> tuple[dict[str, int], dict[str, int]]:
    """The reasons of the engine and of the stage; asserts that there is no encounter."""
    playing, stages = engine(), LaterStages.build(1, {}, {})
    found = []
    for item in whole_log(story, batch=1000, tick_s=300.0):
        found += [each.alert for each in played(playing, item)]
        stages.gather(playing)
        decided = stages.promise(playing)
        stages.tell([playing], decided)
        found += [each.alert for each in decided]
    assert of(found, "encounter") == []
    return dict(playing._facts.slow.left_out), dict(stages.meetings.left_out)


# -- senders that are no ships ---------------------------------------------------------------------------------------

SENDERS = {
    "a buoy": 992_051_234,
    "a virtual aid": 992_056_234,
    "a base station": 2_050_191,
    "a rescue aircraft": 111_205_001,
    "a beacon of a man overboard": 972_051_234,
    "a transmitter of a search and rescue": 970_051_234,
    "a tender of the ship": 982_050_191,
    "a number of no form": 123,
    "a beacon with a number of no form": 900_000_191,
}


@pytest.mark.parametrize("kind", [1, 18])
@pytest.mark.parametrize("name", SENDERS)
def test_senders_that_are_no_ships_meet_none(name: str, kind: int) -> None:
    other = [
        Report(**{**{f: getattr(s, f) for f in s.__struct_fields__}, "mmsi": SENDERS[name], "type": kind})
        for s in ship(OTHER, at(10, 50), phase_s=30)
        if s.type == 1
    ]
    left_out(beside(ship(LISTED, at(0, 0)), other))


@pytest.mark.parametrize("kind", [4, 9, 21])
def test_neither_do_messages_of_stations(kind: int) -> None:
    lat_deg, lon_deg = HERE
    story = [
        Report(at_s=float(t), mmsi=OTHER, type=kind, lat_deg=lat_deg + 0.0003, lon_deg=lon_deg, sog_kn=0.0)
        for t in range(0, 6 * 3600, 180)
    ]
    left_out(beside(ship(LISTED, at(0, 0)), story))


# -- beacons on nets -------------------------------------------------------------------------------------------------

GEAR = ("NET 7-85%", "12.4V", "GUANGYU 11V", "BUOY 12", "FISHNET-03", "84%", "NET MARK 5", "A-12 93 %", "GEAR 4")
SHIPS = ("HENRY V", "BUOYANT STAR", "JUPITER 5", "NETTIE", "VIKING 12", "LOUIS XIV", "NETANYA", "V 12", "GEARBULK")


def named(mmsi: int, name: str) -> SlowShip:
    return SlowShip(mmsi=mmsi, at_ms=0, time_ms=0, stamp_ms=0, lat_deg=0.0, lon_deg=0.0, name=name)


@pytest.mark.parametrize("name", GEAR)
def test_names_of_beacons_on_nets(name: str) -> None:
    assert excluded(named(ONE, "FIRST"), named(OTHER, name)) == "fishing_gear"


@pytest.mark.parametrize("name", SHIPS)
def test_names_of_ships_are_none(name: str) -> None:
    assert excluded(named(ONE, "FIRST"), named(OTHER, name)) == ""


# -- one ship that is heard as two ------------------------------------------------------------------------------------


def two_transponders(apart_m: float, *, hulls: tuple[int, int], noise_m: float = 5.0) -> Story:
    """On one hull that heads 040, so far from each other along it."""
    north, east = apart_m * np.cos(np.radians(40)), apart_m * np.sin(np.radians(40))
    return beside(
        ship(ONE, drifting(0, 0), hull=hulls[0], noise_m=noise_m),
        ship(OTHER, drifting(float(north), float(east)), hull=hulls[1], phase_s=50, noise_m=noise_m),
    )


@pytest.mark.parametrize("apart_m", [20.0, 60.0, 100.0])
def test_an_antenna_within_the_other_hull_is_on_that_ship(apart_m: float) -> None:
    astern, ahead = bits_of(150, 30, 15, 17), bits_of(150 - int(apart_m), 30 + int(apart_m), 16, 16)
    assert left_out(two_transponders(apart_m, hulls=(astern, ahead)))[1]["one_ship"] > 6


def test_two_ships_in_a_line_are_two() -> None:
    hulls = bits_of(150, 30, 15, 17), bits_of(150, 30, 15, 17)
    assert len(ids(of(run(two_transponders(190.0, hulls=hulls)), "encounter"))) == 1


def test_two_ships_side_by_side_with_antennas_at_the_rail_are_two() -> None:
    """9 m from antenna to antenna, as seen by receivers that are each wrong by 5 m."""
    starboard, port = bits_of(120, 60, 30, 2), bits_of(120, 60, 2, 30)
    story = beside(
        ship(ONE, at(0, 0), hull=starboard, heading_deg=0.0), ship(OTHER, at(0, 30), hull=port, heading_deg=0.0)
    )
    assert len(ids(of(run(story), "encounter"))) == 1


# -- not where they say -----------------------------------------------------------------------------------------------


AREA = AffectedArea(
    alert="a" * 32,
    revision=1,
    time_ms=START_MS,
    south_deg=HERE[0] - 0.1,
    north_deg=HERE[0] + 0.1,
    west_deg=HERE[1] - 0.1,
    east_deg=HERE[1] + 0.1,
    vessels=5,
)


@pytest.mark.parametrize("far_deg", [0.0, 5.0])
def test_ships_in_an_area_of_interference_do_not_count(far_deg: float) -> None:
    """In an area elsewhere nothing is left out."""
    area = msgspec.structs.replace(AREA, south_deg=AREA.south_deg + far_deg, north_deg=AREA.north_deg + far_deg)
    far_away = Report(at_s=1.0, mmsi=205_000_799, lat_deg=30.0, lon_deg=30.0, told=area)
    story = beside([far_away], ship(ONE, at(0, 0)), ship(OTHER, at(10, 50), phase_s=30))
    if far_deg:
        assert len(ids(of(run(story), "encounter"))) == 1
    else:
        assert left_out(story)[0]["interference"] > 50


def test_a_shared_number_does_not_count() -> None:
    elsewhere = ship(OTHER, drifting(200_000, 0, 9.0), every_s=60.0, phase_s=20)
    reasons, _ = left_out(beside(ship(LISTED, at(0, 0)), ship(OTHER, at(10, 50), every_s=60.0), elsewhere))
    assert reasons.keys() & {"shared_mmsi", "position_unsure"}, reasons
