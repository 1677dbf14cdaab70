"""Two ships beside each other outside stop places are one alert; what is similar is none."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.later_stages import LaterStages
from detectors.core.meeting_stage.kinds import REASONS
from detectors.core.testing import START_MS, Report, Story, beside, engine, played, run, whole_log, written
from detectors.core.units import HOUR_MS, unix_ms
from tests.detectors.slow_scenes import HERE, HOUR, at, calling, drifting, ids, of, ship
from tests.wording import faults_of

ONE, OTHER, LISTED, SECOND = 205_000_191, 205_000_192, 667_001_007, 667_001_008
PLACES = {
    "open sea": HERE,
    "border of four cells": (12.0, 111.0),
    "180 E": (-17.3, 179.9999),
    "equator and Greenwich": (0.0, 0.0),
    "far north": (79.99, 5.0),
}


def pair(
    one: int = ONE, other: int = OTHER, *, hours: float = 6.0, together: tuple[float, float] = (1.0, 4.5)
) -> Story:
    """Two tankers side by side, one of which comes and sails on."""
    return beside(
        ship(one, drifting(0, 0), (0, hours), name="FIRST"),
        ship(other, calling(drifting(20, 45), *together), (0, hours), phase_s=55, name="SECOND"),
    )


def encounters(story: Story, **more: object) -> list[Alert]:
    return of(run(story, **more), "encounter")  # type: ignore[arg-type]


WORLD = pair(ONE, LISTED, hours=8.0, together=(0.5, 3.0))


def test_two_ships_alongside_are_one_alert_from_two_hours_on() -> None:
    opened, *more = encounters(pair())
    assert ids([opened, *more]) == {opened.id}
    assert (opened.status, opened.severity, opened.subject) == ("opened", "log", f"mmsi/{ONE}")
    assert unix_ms(opened.time) - unix_ms(opened.episode_start) == 2 * HOUR_MS + 15 * 60_000
    assert opened.headline.startswith("FIRST apparently alongside SECOND 2 h, 12-00."), opened.headline
    assert [one["mmsi"] for one in opened.details["vessels"]] == [ONE, OTHER]
    assert opened.details["alongside"] is True and 40 <= opened.details["distance_m"] <= 60
    assert opened.why[0].value == 120 and opened.why[0].threshold == 120
    assert {e.sentence[:6] for e in opened.evidence} == {"!AIVDM"} and len(opened.evidence) >= 2


def test_it_closes_four_hours_after_they_parted() -> None:
    found = encounters(pair(hours=10.0))
    assert [a.status for a in found] == ["opened", "closed"]
    assert 4 * HOUR_MS < unix_ms(found[-1].time) - START_MS - 4.5 * HOUR_MS < 4.6 * HOUR_MS
    assert found[-1].details["ended"] == "apart" and found[-1].details["together_s"] > 3 * HOUR


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_edges_of_cells_do_not_matter(place: tuple[float, float]) -> None:
    story = beside(ship(ONE, at(-20, -25), place=place), ship(OTHER, at(20, 25), place=place, phase_s=60))
    assert len(ids(encounters(story))) == 1


def test_midnight_does_not_matter() -> None:
    midnight_h = (-START_MS // 1000 % 86_400) / HOUR
    story = pair(hours=midnight_h + 4, together=(midnight_h - 1.5, midnight_h + 1.5))
    (opened,) = [a for a in encounters(story) if a.status == "opened"]
    assert opened.episode_start[:10] != opened.time[:10]


def test_a_gap_of_40_minutes_in_one_track_does_not_matter() -> None:
    story = beside(ship(ONE, drifting(0, 0)), ship(OTHER, drifting(20, 45), silent_h=(1.2, 1.87), phase_s=30))
    assert len(ids(encounters(story))) == 1


def test_two_ships_seen_together_too_rarely_are_none() -> None:
    story = beside(ship(ONE, drifting(0, 0)), ship(OTHER, drifting(20, 45), every_s=4 * 1200.0))
    assert encounters(story) == []


def test_a_transfer_under_way_is_one_and_at_nine_knots_it_is_none() -> None:
    def sailing(knots: float) -> list[Alert]:
        return encounters(
            beside(
                ship(ONE, drifting(0, 0, knots, 10.0), (0, 4)),
                ship(OTHER, drifting(5, 60, knots, 10.0), (0, 4), phase_s=70),
            )
        )

    (opened,) = sailing(6.0)
    assert opened.details["under_way"] is True and 5.8 <= opened.details["speed_kn"] <= 6.2
    assert sailing(9.0) == []


def test_one_feed_90_seconds_late_gives_the_same_alert() -> None:
    """Its reports come 90 seconds after their times."""
    first = ship(ONE, drifting(0, 0))
    second = ship(OTHER, drifting(20, 45), source="satellite", phase_s=33)
    late = sorted([(s.at_s, s) for s in first] + [(s.at_s + 90, s) for s in second], key=lambda each: each[0])
    (opened,) = [a for a in encounters([s for _, s in late]) if a.status == "opened"]
    (wanted,) = [a for a in encounters(beside(first, second)) if a.status == "opened"]
    assert (opened.id, opened.time, opened.details["from"]) == (wanted.id, wanted.time, wanted.details["from"])


def test_meetings_less_than_four_hours_apart_are_one() -> None:
    def second(t: float) -> tuple[float, float]:
        return calling(drifting(20, 45), 0.5, 3.0)(t) if t < 4.5 * HOUR else calling(drifting(20, 45), 6.0, 9.0)(t)

    story = beside(ship(ONE, drifting(0, 0), (0, 10)), ship(OTHER, second, (0, 10), phase_s=40))
    assert len(ids(encounters(story))) == 1


# -- severity --------------------------------------------------------------------------------------------------------


def test_a_listed_ship_is_a_ticket_after_an_hour_and_the_subject() -> None:
    (opened,) = [a for a in encounters(pair(ONE, LISTED)) if a.status == "opened"]
    assert (opened.severity, opened.subject) == ("ticket", f"mmsi/{LISTED}")
    assert opened.headline.endswith("listed: TEST") and opened.why[0].value == 60


def test_two_listed_ships_are_a_page() -> None:
    (opened,) = [a for a in encounters(pair(SECOND, LISTED)) if a.status == "opened"]
    assert opened.severity == "page"


def test_a_listed_ship_in_a_sanctioned_zone_is_a_page() -> None:
    zone = (42.03, 131.0)
    story = beside(ship(LISTED, at(0, 0), place=zone), ship(ONE, at(10, 50), place=zone))
    (opened,) = [a for a in encounters(story) if a.status == "opened"]
    assert opened.severity == "page" and opened.why[-1].value == "Forbidden"


def test_a_service_vessel_beside_a_listed_ship_is_for_the_record() -> None:
    story = beside(ship(LISTED, at(0, 0)), ship(ONE, at(10, 50), ship_type=52, length_m=30))
    (opened,) = [a for a in encounters(story) if a.status == "opened"]
    assert opened.severity == "log" and "a tug" in {fact.value for fact in opened.why}


def alongside_at(lat_deg: float) -> list[Alert]:
    """A listed ship beside another one, on the meridian of the ordinary port of the list of zones."""
    place = (lat_deg, 129.0)
    return encounters(beside(ship(LISTED, at(0, 0), place=place), ship(ONE, at(10, 50), place=place)))


def test_a_port_that_only_the_zones_name_is_a_port() -> None:
    assert alongside_at(35.005) == []
    assert [a.severity for a in alongside_at(35.06) if a.status == "opened"] == ["ticket"], "2 nm away it counts"


# -- what is no encounter --------------------------------------------------------------------------------------------


def left_out(story: Story) -> dict[str, int]:
    """The reasons for which the stage left something out; asserts that it reported nothing."""
    playing, stages = engine(), LaterStages.build(1, {}, {})
    found: list[Alert] = []
    for item in whole_log(story, batch=1000, tick_s=300.0):
        played(playing, item)
        stages.gather(playing)
        found += [each.alert for each in stages.promise(playing)]
    assert of(found, "encounter") == []
    reasons = dict(stages.meetings.left_out)
    assert set(reasons) <= set(REASONS)
    return reasons


LOOK_ALIKES: dict[str, tuple[Story, str]] = {
    "tug and tow": (
        beside(
            ship(ONE, drifting(0, 0, 5.0), ship_type=52, length_m=30),
            ship(OTHER, drifting(-60, -150, 5.0), ship_type=0, length_m=90),
        ),
        "tug",
    ),
    "pilot boarding": (beside(ship(ONE, at(0, 0), ship_type=50, length_m=20), ship(OTHER, at(10, 40))), "pilot"),
    "rescue": (beside(ship(ONE, at(0, 0), ship_type=51), ship(OTHER, at(10, 40))), "rescue_vessel"),
    "dredger": (beside(ship(ONE, at(0, 0), ship_type=33), ship(OTHER, at(10, 40))), "dredger"),
    "fishing pair": (
        beside(
            ship(ONE, drifting(0, 0, 3.0), ship_type=30, length_m=30),
            ship(OTHER, drifting(0, 140, 3.0), ship_type=30, length_m=30),
        ),
        "fishing_pair",
    ),
    "beacon on a net": (
        beside(
            ship(ONE, drifting(0, 0), ship_type=30, length_m=30),
            ship(OTHER, drifting(0, 120), ship_type=-1, length_m=-1, name="NET 7-85%"),
        ),
        "fishing_gear",
    ),
    "bunker barge by its name": (
        beside(ship(ONE, at(0, 0), name="BUNKER STAR", length_m=90), ship(OTHER, at(10, 40))),
        "bunker_barge",
    ),
    "two transponders under one name": (
        beside(ship(ONE, at(0, 0), name="EVER WIDE"), ship(OTHER, at(1, 8), name="EVER WIDE")),
        "one_ship",
    ),
    "two transponders under one IMO number": (
        beside(ship(ONE, at(0, 0), imo=9_074_729), ship(OTHER, at(1, 8), imo=9_074_729)),
        "one_ship",
    ),
    "two transponders on one hull": (beside(ship(ONE, at(0, 0)), ship(OTHER, at(1, 6))), "one_ship"),
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_is_similar_is_none_and_counted(name: str) -> None:
    story, reason = LOOK_ALIKES[name]
    assert left_out(story).get(reason, 0) > 6


def anchorage(ships: int = 30) -> Story:
    """Ships at anchor in a roadstead, 250 m from each other, that swing with the tide."""
    draw = np.random.default_rng(3)
    paths = [at(250.0 * (n // 6), 250.0 * (n % 6) + draw.normal(0, 20)) for n in range(ships)]
    return beside(
        *(
            ship(205_000_100 + n, path, (0, 7), status=1, every_s=180.0, phase_s=float(n), length_m=120)
            for n, path in enumerate(paths)
        )
    )


def test_thirty_ships_in_an_anchorage_are_none() -> None:
    assert left_out(anchorage())["stop_place"] > 500


def barge(customers: int = 12) -> Story:
    """A bunker barge without such a name or type, 75 minutes beside each of its customers of a day."""
    stories, mmsi = [], 205_000_200

    def path(t: float) -> tuple[float, float]:
        turn = min(int(t // (2 * HOUR)), customers - 1)
        beside_it = t - turn * 2 * HOUR < 1.25 * HOUR
        return 3000.0 * turn + (30 if beside_it else 1000), 25

    for n in range(customers):
        lies = at(3000.0 * n, 0)
        stories.append(ship(mmsi + 1 + n, lies, (2.0 * n - 1, 2.0 * n + 3) if n else (0, 3), status=1, every_s=180.0))
    return beside(ship(mmsi, path, (0, 2.0 * customers), length_m=70), *stories)


def test_a_bunker_barge_with_twelve_customers_a_day_is_none() -> None:
    left_out(barge())


def test_a_barge_that_stays_longer_is_known_by_its_many_partners() -> None:
    def path(t: float) -> tuple[float, float]:
        turn = int(t // (3 * HOUR))
        return 3000.0 * turn + (30 if t - turn * 3 * HOUR < 2.5 * HOUR else 1000), 25

    customers = [ship(205_000_220 + n, at(3000.0 * n, 0), (0, 24), status=1, every_s=180.0) for n in range(8)]
    found = encounters(beside(ship(205_000_210, path, (0, 24), length_m=70), *customers))
    assert len(ids(found)) == 4, "the first four customers: the fifth shows what it is"
    assert not [a for a in found if a.status == "opened" and unix_ms(a.time) > START_MS + 15 * HOUR_MS]


def test_a_listed_ship_that_drifts_beside_a_buoy_is_none() -> None:
    buoy = [
        Report(at_s=float(t), mmsi=992_051_234, type=21, lat_deg=HERE[0], lon_deg=HERE[1], name="WEST CARDINAL")
        for t in range(0, 6 * 3600, 180)
    ]
    assert encounters(beside(ship(LISTED, drifting(0, 80, 0.05)), buoy)) == []


def test_ships_of_a_shared_number_are_none() -> None:
    far = ship(OTHER, at(30_000, 0), phase_s=60)
    story = beside(ship(ONE, at(0, 0)), ship(OTHER, at(10, 40)), far)
    assert encounters(story) == []


# -- independence of the input ----------------------------------------------------------------------------------------


def test_facts_come_in_any_order_and_twice() -> None:
    playing, facts = engine(), []
    for item in whole_log(pair(ONE, LISTED), batch=50, tick_s=60.0):
        played(playing, item)
        facts += playing.drain_facts().slow
    ends = [msgspec.structs.replace(each) for each in facts]
    found = []
    for told in (facts, facts[::-1], [*ends, *facts]):
        stages = LaterStages.build(1, {}, {})
        for fact in told:
            stages.meetings.take(fact)
        found.append([each.alert for each in stages.promise(playing)])
    assert written(found[0]) == written(found[1]) == written(found[2]) and found[0]


def test_snapshots_change_nothing() -> None:
    story = pair(ONE, LISTED)
    assert written(run(story, batch=40, snapshot_every=2, tick_s=300.0)) == written(run(story, tick_s=300.0))


def test_alerts_are_worded_as_the_others() -> None:
    for story in (pair(), pair(ONE, LISTED, hours=10.0), pair(SECOND, LISTED)):
        assert not [fault for alert in encounters(story) for fault in faults_of(alert)]
