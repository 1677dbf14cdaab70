"""port_proximity: in, closing on, bound for."""

import numpy as np

from detectors.core.alert import Alert
from detectors.core.testing import Said, Story, beside, run, voyage

HOUR = 3600.0
SHIP = 205_000_002


def near(*stories: Story) -> list[Alert]:
    background = voyage(205_000_001, np.arange(0, max(s[-1].at_s for s in stories) + 60, 30.0), (30.0, 120.0))
    return [a for a in run(beside(background, *stories)) if a.detector == "port_proximity"]


def test_a_ship_that_enters_and_leaves_a_sanctioned_zone_is_one_alert() -> None:
    through = voyage(SHIP, np.arange(5, 3 * HOUR, 60.0), (41.75, 131.0))
    alerts = near(through)
    assert [a.status for a in alerts] == ["opened", "closed"]
    assert (alerts[0].severity, alerts[0].details["zone"], alerts[0].details["reason"]) == (
        "ticket",
        "Forbidden",
        "inside",
    )


def test_passing_a_mile_outside_on_a_steady_course_is_nothing() -> None:
    assert near(voyage(SHIP, np.arange(5, 3 * HOUR, 60.0), (41.75, 131.14))) == []


def test_an_associated_port_matters_for_listed_ships_only() -> None:
    call = [
        Said(at_s=5 + 30 * n, mmsi=m, lat_deg=35.0, lon_deg=129.0, sog_kn=0)
        for n in range(4)
        for m in (SHIP, 667_001_001)
    ]
    assert {a.mmsi for a in near(call)} == {667_001_001}
    assert near(call)[-1].severity == "page"


def test_a_destination_names_a_zone_by_locode_and_only_as_whole_words() -> None:
    named = [*voyage(SHIP, [5.0, 35.0], (20.0, 110.0)), Said(at_s=40, mmsi=SHIP, type=5, destination="CNSHA>XXFBD")]
    innocent = [
        *voyage(SHIP + 1, [5.0, 35.0], (20.0, 110.0)),
        Said(at_s=41, mmsi=SHIP + 1, type=5, destination="FORBIDDENX"),
    ]
    assert [(a.mmsi, a.details["reason"], a.severity) for a in near(named, innocent)] == [(SHIP, "destination", "log")]


def test_bound_for_it_and_on_course_is_closing_with_an_arrival_time() -> None:
    story = [
        Said(at_s=1, mmsi=SHIP, type=5, destination="FORBIDDEN"),
        *voyage(SHIP, np.arange(5, HOUR, 60.0), (41.5, 131.0)),
    ]
    reasons = [(a.details["reason"], "eta" in a.details) for a in near(story)]
    assert reasons == [("destination", False), ("closing", True)]


def test_a_ship_that_goes_silent_inside_leaves_the_alert_open_and_says_so() -> None:
    inside = voyage(SHIP, np.arange(5, 600, 30.0), (42.0, 131.0), 0.1)
    alerts = near(inside, voyage(SHIP + 1, [20 * HOUR], (10.0, 110.0)))
    assert [a.status for a in alerts] == ["opened", "updated", "updated"]
    assert "last known inside FORBIDDEN, silent" in alerts[-1].headline
