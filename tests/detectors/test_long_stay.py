"""long_stay: a ship that lies in one place for longer than others do."""

import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, run, voyage

HOUR = 3600.0
SHIP, LISTED = 205_000_002, 667_001_001
KM_DEG = 1 / 111.2


def lies(from_h: float, to_h: float, north_km: float = 0.0, mmsi: int = LISTED, sog_kn: float = 0.1) -> Story:
    times = np.arange(from_h * HOUR, to_h * HOUR, 1800.0).tolist()
    return [Report(at_s=t, mmsi=mmsi, lat_deg=35.1 + north_km * KM_DEG, lon_deg=129.0, sog_kn=sog_kn) for t in times]


def feed(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 55.0), (30.0, 120.0))


def stays(*stories: Story, hours: float = 34.0) -> list[Alert]:
    return [a for a in run(beside(feed(hours), *stories), tick_s=900.0) if a.detector == "long_stay"]


NAMED = Report(at_s=0.29 * HOUR, mmsi=273_000_032, type=5, imo=9179842, name="ONE")
WORLD = [NAMED, *lies(0.3, 26, mmsi=NAMED.mmsi)]


def test_a_listed_ship_that_lies_for_a_day_is_a_ticket_until_she_is_seen_elsewhere() -> None:
    opened, closed = stays(lies(1, 28), lies(28, 29, 6.0, sog_kn=5.0))
    assert (opened.status, opened.severity, opened.details["for_s"]) == ("opened", "ticket", 24 * HOUR)
    assert (opened.details["port"], opened.details["port_distance_nm"]) == ("Ordinary", 6.0)
    assert (closed.status, closed.details["ended"], closed.details["seen_leaving"]) == (
        "closed",
        "seen elsewhere",
        True,
    )


def test_it_opens_also_when_she_fell_silent_there_and_says_so() -> None:
    opened, *rest = stays(lies(1, 4))
    assert (opened.status, rest) == ("opened", [])
    assert "last known stationary" in opened.headline and "silent_since" in opened.details
    told = stays(lies(1, 26))
    assert [(a.status, "silent_since" in a.details) for a in told] == [("opened", False), ("updated", True)]


def test_swinging_within_a_kilometre_is_one_stay_and_leaving_it_begins_anew() -> None:
    assert len(stays(*(lies(1 + n, 2 + n, 0.4 * (n % 3), sog_kn=0.1 + n % 2) for n in range(26)), hours=27)) == 1
    assert stays(lies(1, 13), lies(13, 27, 3.0)) == []


@pytest.mark.parametrize("story", [lies(1, 20), lies(1, 30, mmsi=SHIP), lies(1, 30, sog_kn=0.4)])
def test_what_is_nearly_one_is_none(story: Story) -> None:
    assert stays(beside(story, lies(20.5, 20.6, 9.0, sog_kn=4.0) if story[-1].at_s < 20 * HOUR else [])) == []


def test_other_ships_are_judged_when_asked_for() -> None:
    playing = engine(thresholds={"long_stay": {"others": True, "others_d": 1.0}})
    found: list[Alert] = []
    for item in log(beside(feed(30), lies(1, 30, mmsi=SHIP)), batch=500, tick_s=900.0):
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        found += [e.alert for e in emitted if e.alert.detector == "long_stay"]
    assert [(a.mmsi, a.status, a.severity) for a in found] == [(SHIP, "opened", "log")]


def test_a_ship_of_unknown_speed_lies_when_she_says_so() -> None:
    said = [
        Report(at_s=s.at_s, mmsi=LISTED, lat_deg=s.lat_deg, lon_deg=s.lon_deg, sog_kn=float("nan"), status=5)
        for s in lies(1, 27)
    ]
    assert [a.status for a in stays(said, hours=28)] == ["opened"]


def test_a_missing_position_or_speed_neither_begins_nor_ends_a_stay() -> None:
    gaps = [Report(at_s=h * HOUR + 7, mmsi=LISTED, sog_kn=0.0) for h in (5, 6)]
    dumb = [Report(at_s=h * HOUR + 9, mmsi=LISTED, lat_deg=35.1, lon_deg=129.0, sog_kn=float("nan")) for h in (7, 8)]
    assert [a.status for a in stays(beside(lies(1, 26), gaps, dumb), hours=27)] == ["opened"]
