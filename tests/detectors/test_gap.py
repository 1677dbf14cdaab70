"""gap: silence that means something, and silence that does not."""

import numpy as np

from detectors.core.alert import Alert
from detectors.core.testing import Said, Story, beside, run, voyage

HOUR = 3600.0
OTHER, SHIP = 205_000_001, 205_000_002


def background(hours: float) -> Story:
    return voyage(OTHER, np.arange(0, hours * HOUR, 10.0), (30.0, 120.0))


def gaps(story: Story) -> list[Alert]:
    return [a for a in run(story) if a.detector == "gap"]


def test_a_ship_that_falls_silent_is_reported_while_still_silent() -> None:
    dark = voyage(SHIP, np.arange(5, 0.5 * HOUR, 30.0))
    (alert,) = gaps(beside(background(3), dark))
    assert (alert.status, alert.mmsi, alert.severity) == ("opened", SHIP, "log")
    assert alert.details["silent_for_s"] == 3605 and alert.details["category"] == "under_way"
    assert alert.evidence[0].sentence.startswith("!AIVDM")


def test_the_gap_closes_when_she_is_heard_with_distance_and_speed() -> None:
    dark = voyage(SHIP, np.append(np.arange(5, 0.5 * HOUR, 30.0), [4 * HOUR]))
    opened, closed = gaps(beside(background(5), dark))
    assert (closed.id, closed.revision, closed.status) == (opened.id, 2, "closed")
    assert closed.details["distance_nm"] == 35.09 and closed.details["implied_speed_kn"] == 10.0


def test_fifty_nine_minutes_are_no_gap() -> None:
    times = np.append(np.arange(5, 0.5 * HOUR, 30.0), np.arange(1.47 * HOUR, 2 * HOUR, 30.0))
    assert gaps(beside(background(2.5), voyage(SHIP, times))) == []


def test_a_dead_source_makes_no_ship_dark() -> None:
    ships = [voyage(SHIP + n, np.arange(5, 10 * HOUR, 30.0)) for n in range(5)]
    story = [s for s in beside(*ships) if not 2 * HOUR < s.at_s < 8 * HOUR]
    assert [(a.detector, a.status) for a in run(story)] == [("feed_outage", "opened"), ("feed_outage", "closed")]


def test_silence_before_an_outage_still_counts_after_it() -> None:
    dark = voyage(SHIP, np.arange(5, 1 * HOUR, 30.0))
    story = [s for s in beside(background(10), dark) if not 1.5 * HOUR < s.at_s < 8 * HOUR]
    (alert,) = gaps(story)
    assert alert.time == "2023-11-15T06:43:00.000Z"  # half an hour before the outage, half an hour after it


def test_a_moored_ship_is_given_four_hours() -> None:
    moored = [
        Said(at_s=s.at_s, mmsi=SHIP, lat_deg=38, lon_deg=130, sog_kn=0.0, status=5)
        for s in voyage(SHIP, np.arange(5, HOUR, 180.0))
    ]
    alerts = gaps(beside(background(8), moored))
    assert [a.details["category"] for a in alerts] == ["at_rest"]
    assert alerts[0].details["silent_for_s"] >= 4 * HOUR


def test_class_b_aids_and_ships_heard_twice_are_not_judged() -> None:
    craft = [Said(at_s=5 + 30 * n, mmsi=SHIP, type=18, lat_deg=38, lon_deg=130) for n in range(20)]
    aid = [Said(at_s=5 + 180 * n, mmsi=992_111_111, type=21, lat_deg=38, lon_deg=130) for n in range(20)]
    twice = voyage(SHIP + 1, [5.0, 15.0])
    assert gaps(beside(background(6), craft, aid, twice)) == []


def test_a_listed_ship_is_paged_after_twenty_minutes() -> None:
    listed = voyage(667_001_001, np.arange(5, 0.5 * HOUR, 30.0))
    (alert,) = gaps(beside(background(2), listed))
    assert alert.severity == "page" and alert.details["silent_for_s"] < 1300


def test_an_outage_of_years_beginning_just_before_a_gap_is_due_costs_nothing() -> None:
    years = 800 * 24 * HOUR
    before, after = background(1.5), voyage(OTHER, np.arange(years, years + HOUR, 10.0), (30.0, 120.0), 0.0)
    dark = voyage(SHIP, np.arange(5, 1810, 30.0))  # seconds short of an hour when the source falls silent
    (alert,) = gaps(beside(before, after, dark))
    assert alert.mmsi == SHIP
    assert alert.details["silent_for_s"] > 700 * 24 * HOUR
