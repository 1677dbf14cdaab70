"""flood: more MMSIs than the fleet holds, and who is held all the same."""

import numpy as np

from detectors.core.alert import Alert
from detectors.core.crowding import FleetRules, make_room
from detectors.core.reports import Batch
from detectors.core.testing import Said, Story, beside, engine, log, run, voyage

HOUR = 3600.0
RULES = FleetRules(vessels_most=40, long_known_h=1.0)
KNOWN, LISTED = 205_000_002, 667_001_001


def invented(count: int, begin_s: float = 4 * HOUR, end_s: float = 5 * HOUR) -> Story:
    times = np.linspace(begin_s, end_s, count)
    return [Said(at_s=float(t), mmsi=300_000_000 + n, lat_deg=50, lon_deg=-20) for n, t in enumerate(times)]


def honest(hours: float) -> Story:
    fleet = [voyage(KNOWN + n, np.arange(5 + n, hours * HOUR, 60.0), (30.0 + n, 120.0)) for n in range(10)]
    return beside(*fleet, voyage(LISTED, [10.0, 40.0]))


def floods(story: Story) -> list[Alert]:
    return [a for a in run(story, fleet=RULES) if a.detector == "flood"]


def test_invented_ships_are_one_alert_that_closes_when_they_end() -> None:
    opened, closed = floods(beside(honest(8), invented(500)))
    assert (opened.status, closed.status, opened.id) == ("opened", "closed", closed.id)
    assert (opened.severity, opened.subject) == ("ticket", "source/station")
    assert closed.details["dropped_unproven"] > 400 and closed.details["dropped_known"] == 0
    assert len(closed.headline) <= 100


def test_a_second_flood_is_a_second_alert() -> None:
    again = [Said(at_s=s.at_s + 6 * HOUR, mmsi=s.mmsi + 1000, lat_deg=50, lon_deg=-20) for s in invented(500)]
    assert [a.status for a in floods(beside(honest(14), invented(500), again))] == ["opened", "closed"] * 2


def test_a_fleet_that_fits_is_no_flood() -> None:
    assert floods(beside(honest(8), invented(25))) == []


def test_listed_and_long_known_vessels_are_still_held_and_the_cap_holds() -> None:
    playing = engine(fleet=RULES)
    for item in log(beside(honest(8), invented(2000)), batch=100, tick_s=60.0):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        assert playing.vessels <= RULES.vessels_most
        assert playing.fleet.size <= RULES.vessels_most
    wanted = np.array([LISTED, *range(KNOWN, KNOWN + 10)], np.uint32)
    rows = playing.fleet.index.find(wanted)
    assert (rows >= 0).all() and (playing.fleet.core.mmsi[rows] == wanted).all()
    assert (playing.fleet.core.reports[rows[1:]] == 480).all()
    assert playing.dropped["unproven"] > 1900


def test_a_vessel_with_an_open_alert_stays_and_the_cap_gives_way() -> None:
    inside = [Said(at_s=5.0 + n, mmsi=300_000_000 + n, lat_deg=42.0, lon_deg=131.0) for n in range(50)]
    playing = engine(fleet=RULES)
    for item in log(inside, batch=7, tick_s=60.0):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    assert playing.vessels == 50
    assert playing.open_alerts() == {"port_proximity": 50, "flood": 1}


def test_of_equals_the_choice_does_not_depend_on_rows() -> None:
    kept = []
    for order in (1, -1):
        playing = engine(fleet=RULES)
        story = [Said(at_s=5, mmsi=300_000_000 + n, lat_deg=50, lon_deg=-20) for n in range(40)][::order]
        for item in log(story, batch=1, tick_s=60.0):
            playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        make_room(playing.fleet, RULES)
        kept.append(sorted(playing.fleet.core.mmsi[: playing.fleet.size].tolist()))
    assert kept[0] == kept[1] and kept[0].count(0) == 5
