"""flood: more MMSIs than the fleet holds, and who is held all the same."""

import numpy as np

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.reference import Reference
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, revive, run, voyage, written
from detectors.core.testing_world import REFERENCE
from detectors.core.ticks import FeedRules
from detectors.core.units import HOUR_MS
from detectors.core.vessels.capacity import FleetRules, make_room
from detectors.core.vessels.dropped import DroppedRules, DroppedVessels
from detectors.core.vessels.index import ABSENT

HOUR = 3600.0
RULES = FleetRules(vessels_most=40, long_known_h=1.0)
KNOWN, LISTED = 205_000_002, 667_001_001


def invented(count: int, begin_s: float = 4 * HOUR, end_s: float = 5 * HOUR) -> Story:
    times = np.linspace(begin_s, end_s, count)
    return [Report(at_s=float(t), mmsi=300_000_000 + n, lat_deg=50, lon_deg=-20) for n, t in enumerate(times)]


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
    again = [Report(at_s=s.at_s + 6 * HOUR, mmsi=s.mmsi + 1000, lat_deg=50, lon_deg=-20) for s in invented(500)]
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


def inside(count: int) -> Story:
    """Invented ships in a sanctioned zone, each with an alert at its first report."""
    return [Report(at_s=5.0 + n, mmsi=300_000_000 + n, lat_deg=42.0, lon_deg=131.0) for n in range(count)]


def test_vessels_with_open_alerts_go_last_and_their_alerts_close() -> None:
    alerts = run(beside(voyage(LISTED, [1.0, 2.0]), inside(300)), fleet=RULES)
    told = [a for a in alerts if a.detector == "port_proximity" and a.mmsi != LISTED]
    closed = [a for a in told if a.status == "closed"]
    assert len({a.id for a in told}) == 300
    assert 260 <= len({a.id for a in closed}) == len(closed) < 300
    assert {a.details["ended"] for a in closed} == {"forgotten"}
    assert "no longer tracked" in closed[0].headline and max(len(a.headline) for a in closed) <= 100
    assert closed[0].why and closed[0].severity == told[0].severity


def test_a_flood_of_alerts_stays_within_the_cap_and_the_listed_are_held() -> None:
    playing = engine(fleet=RULES)
    for item in log(beside(voyage(LISTED, [1.0, 2.0]), inside(300)), batch=7, tick_s=60.0):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        assert playing.vessels <= RULES.vessels_most
    assert playing.fleet.index.find(np.array([LISTED], np.uint32))[0] != ABSENT
    assert playing.open_alerts()["port_proximity"] <= RULES.vessels_most
    assert playing.dropped["alerted"] > 250


def test_who_goes_with_an_open_alert_does_not_depend_on_batches_or_restarts() -> None:
    story = beside(voyage(LISTED, [1.0, 2.0]), inside(300), honest(1))
    wanted = written(run(story, fleet=RULES))
    assert written(run(story, batch=1, fleet=RULES)) == wanted
    assert written(run(story, batch=7, tick_s=13.0, snapshot_every=3, fleet=RULES)) == wanted


def test_where_all_are_listed_the_cap_gives_way() -> None:
    stated = [
        Report(at_s=5.0 + n, mmsi=300_000_000 + n, type=5, imo=9_179_842, name="EXAMPLE", ship_type=70)
        for n in range(60)
    ]
    playing = played(engine(fleet=RULES), stated)
    assert playing.vessels == 60


def test_of_equals_the_choice_does_not_depend_on_rows() -> None:
    kept = []
    for order in (1, -1):
        playing = engine(fleet=RULES)
        story = [Report(at_s=5, mmsi=300_000_000 + n, lat_deg=50, lon_deg=-20) for n in range(40)][::order]
        for item in log(story, batch=1, tick_s=60.0):
            playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        make_room(playing.fleet, RULES, lambda _: None)
        kept.append(sorted(playing.fleet.core.mmsi[: playing.fleet.size].tolist()))
    assert kept[0] == kept[1] and kept[0].count(0) == 5


def test_a_ship_that_was_dropped_is_known_at_her_first_position_a_month_later() -> None:
    """An unlisted ship's binding outlives its row, a restart and a list: a position alone identifies it."""
    stated = Report(at_s=20, mmsi=KNOWN + 90, type=5, imo=9_179_842, name="EXAMPLE", ship_type=70)
    before = beside(voyage(KNOWN + 90, [5.0], (30.0, 120.0)), [stated], invented(400))
    unlisted = Reference(zones=REFERENCE.zones, version="none yet")
    playing = played(
        Engine.build(partition=0, reference=unlisted, feed=FeedRules(), thresholds={}, severities={}, fleet=RULES),
        before,
    )
    assert playing.fleet.index.find(np.array([KNOWN + 90], np.uint32))[0] == ABSENT
    playing.adopt(REFERENCE)
    playing = revive(playing, RULES)
    later = [Report(at_s=31 * 24 * HOUR + t, mmsi=KNOWN + 90, lat_deg=34.6, lon_deg=129.5) for t in (0.0, 10.0)]
    hits = [a for a in heard(playing, later) if a.detector == "watchlist"]
    assert [(a.status, a.severity, a.details["reason"]) for a in hits] == [
        ("opened", "ticket", "reappeared"),
        ("updated", "page", "reappeared"),
    ]
    (age,) = [fact for fact in hits[0].why if fact.fact.startswith("age of the report")]
    assert (age.value, age.source) == (31 * 24 * 3600 - 20, "AIS message 5 from station")


def heard(playing: Engine, story: Story) -> list[Alert]:
    """What an engine says to a story."""
    found: list[Alert] = []
    for item in log(story, batch=100, tick_s=60.0):
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        found += [e.alert for e in emitted]
    return found


def played(playing: Engine, story: Story) -> Engine:
    heard(playing, story)
    return playing


def test_of_many_dropped_ships_those_listed_and_long_known_are_remembered() -> None:
    fleet = engine().fleet
    rows = fleet.admit(300_000_000 + np.arange(300, dtype=np.uint32))
    core = fleet.core
    core.imo[rows], core.last_ms[rows] = 9_000_000 + rows, rows + 10 * HOUR_MS
    core.first_ms[rows] = np.where(rows == 7, 0, core.last_ms[rows])
    core.imo[rows[200:210]], core.reports[rows] = 0, np.where(rows == 290, 2, 3)
    dropped = DroppedVessels()
    dropped.keep(core, rows[:150], DroppedRules(200, 3, HOUR_MS))
    dropped.mark(np.array([300_000_003], np.uint32), np.zeros(0, np.uint32))
    dropped.keep(core, rows[100:], DroppedRules(200, 3, HOUR_MS))
    kept = set((dropped.column("mmsi") - 300_000_000).tolist())
    assert len(dropped) == 200 and {3, 7} < kept and not kept & {*range(200, 210), 290}
    assert sorted(kept - {3, 7})[0] == 91  # the rest by when they were heard
    assert dropped.recall(core, rows[:5]).tolist() == [3]
