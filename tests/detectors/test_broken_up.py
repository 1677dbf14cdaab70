"""broken_up: the IMO number of a ship that was broken up is heard again."""

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.identities.listing import register_of
from detectors.core.identities.matching import StatedIdentity
from detectors.core.listing_reasons import listed_for
from detectors.core.reference import ListedShip, Reference
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, Story, beside, engine, log, run, voyage, written
from detectors.core.testing_world import REFERENCE
from detectors.core.ticks import Tick
from detectors.core.units import DAY_MS, rfc3339

HOUR = 3600.0
SHIP, LISTED, IMO = 620_000_002, 667_001_001, 9074729
SEA, BEACH = (31.0, 121.0), (21.42, 72.21)
HULK = next(ship for ship in REFERENCE.ships if ship.broken_up_on)
UNPLACED = msgspec.structs.replace(HULK, yard_lat_deg=None, yard_lon_deg=None)


def feed(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 55.0), (30.0, 120.0))


def heard(
    from_h: float,
    to_h: float,
    place: tuple[float, float] = SEA,
    *,
    mmsi: int = SHIP,
    imo: int = IMO,
    fixes: bool = True,
) -> Story:
    """A vessel that states an IMO number every hour, and its position every five minutes."""
    times = np.arange(from_h * HOUR, to_h * HOUR, 300.0).tolist()
    lat, lon = place if fixes else (float("nan"), float("nan"))
    moves = [Report(at_s=t, mmsi=mmsi, lat_deg=lat, lon_deg=lon + (t - from_h * HOUR) / 1e6) for t in times]
    states = [Report(at_s=t - 1, mmsi=mmsi, type=5, imo=imo, name="SECOND LIFE", ship_type=70) for t in times[::12]]
    return beside(moves if fixes else [], states)


def dated(days: float, *entries: ListedShip, ship: ListedShip = HULK) -> Reference:
    """The ship came to the yard this many days before the start of the story."""
    day = rfc3339(START_MS - int(days * DAY_MS))[:10]
    others = tuple(each for each in REFERENCE.ships if each is not HULK)
    ships = (*others, *entries, msgspec.structs.replace(ship, broken_up_on=day))
    return msgspec.structs.replace(REFERENCE, ships=ships, version=f"{days} days")


def made(reference: Reference, **thresholds: float) -> Engine:
    given = {"broken_up": thresholds} if thresholds else {}
    return Engine.build(partition=0, reference=reference, feed=engine().sources.rules, thresholds=given, severities={})


def play(
    playing: Engine, story: Story, changes: dict[float, Reference] | None = None, *, batch: int = 100
) -> list[Alert]:
    """Alerts of the detector; each of ``changes`` comes into force before the first record at or after its hour."""
    left, found = sorted((changes or {}).items()), list[Alert]()
    for number, item in enumerate(log(story, batch=batch, tick_s=600.0)):
        begins_ms = int(item.reports["time_ms"][0]) if isinstance(item, Batch) else item.from_ms
        while left and begins_ms >= START_MS + left[0][0] * HOUR * 1000:
            found += [e.alert for e in playing.adopt(left.pop(0)[1], number)]
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, number)
        found += [e.alert for e in emitted]
        assert not playing.drain_faults()
        playing.drain_bindings()
    return [a for a in found if a.detector == "broken_up"]


def found(*stories: Story, hours: float = 6.0) -> list[Alert]:
    return [a for a in run(beside(feed(hours), *stories), tick_s=900.0) if a.detector == "broken_up"]


WORLD = heard(0.5, 3, mmsi=620_000_033)


def test_it_is_one_ticket_that_says_list_and_date() -> None:
    (alert,) = found(heard(0.5, 5))
    assert (alert.status, alert.severity, alert.verification) == ("opened", "ticket", "corroborated")
    assert alert.headline == "SECOND LIFE (IMO 9074729) heard, broken up on 2023-07-01 according to BREAKERS 2023"
    assert alert.why[0].value == 136 and alert.why[0].threshold == 90.0
    facts = {fact.fact: (fact.value, fact.threshold) for fact in alert.why}
    assert facts["name reported, and name in the list"] == ("SECOND LIFE", "EXAMPLE HULK")
    assert facts["distance from the yard, Alang, India"] == (pytest.approx(2670, abs=1), 30.0)
    assert alert.details["broken_up_on"] == "2023-07-01" and alert.details["at_yard"] is False


def test_a_vessel_on_a_watchlist_is_a_page_once_two_reports_agree() -> None:
    assert [(a.status, a.severity) for a in found(heard(0.5, 5, mmsi=LISTED))] == [("opened", "page")]
    once = [Report(at_s=HOUR, mmsi=LISTED, type=5, imo=IMO, name="SECOND LIFE")]
    assert [(a.status, a.severity, a.verification) for a in found(once, heard(4, 5, mmsi=LISTED))] == [
        ("opened", "ticket", "unverified"),
        ("updated", "page", "corroborated"),
    ]


@pytest.mark.parametrize(("topics", "severity"), [(None, "page"), (("mare.detained",), "ticket")])
def test_a_listed_number_pages_where_its_list_may(topics: tuple[str, ...] | None, severity: str) -> None:
    entry = ListedShip(list="OFAC", entry_id="7", name="EXAMPLE HULK", imo=IMO, topics=topics)
    alerts = play(made(dated(200, entry)), beside(feed(3), heard(0.5, 2)))
    assert [(a.severity, a.headline.endswith(", listed: OFAC")) for a in alerts] == [(severity, True)]


def test_a_vessel_on_the_beach_is_for_the_record_until_it_is_heard_elsewhere() -> None:
    alerts = found(heard(0.5, 3, BEACH), heard(100, 103, SEA), hours=104)
    assert [(a.status, a.severity, a.details["at_yard"]) for a in alerts] == [
        ("opened", "log", True),
        ("updated", "ticket", False),
    ]
    assert alerts[0].headline.endswith("according to BREAKERS 2023, near that yard")
    assert len({a.id for a in alerts}) == 1


def test_where_the_yard_is_unknown_its_distance_is_not_a_reason() -> None:
    alerts = play(made(dated(200, ship=UNPLACED)), beside(feed(3), heard(0.5, 2, BEACH)))
    assert {a.severity for a in alerts} == {"ticket"}
    assert "yard; the distance from it is unknown" in {fact.fact for fact in alerts[-1].why}


@pytest.mark.parametrize(("days", "opens"), [(120, True), (91, True), (88, False), (0, False), (-30, False)])
def test_only_a_ship_that_came_to_the_yard_long_before_the_report(days: float, opens: bool) -> None:
    """Neither the voyage to the yard, nor weeks on the beach, nor a list newer than the recording."""
    alerts = play(made(dated(days)), beside(feed(3), heard(0.5, 2)))
    assert bool(alerts) == opens


def test_the_time_is_that_of_the_report_and_it_opens_when_the_days_are_over() -> None:
    alerts = play(made(dated(89)), beside(feed(60), heard(0.5, 59)))
    assert [a.status for a in alerts] == ["opened"], "two reports agree by then"
    assert alerts[0].time >= rfc3339(START_MS + DAY_MS)[:10]
    assert play(made(dated(89), after_d=30.0), beside(feed(3), heard(0.5, 2)))


def test_a_vessel_without_a_position_is_judged_after_an_hour() -> None:
    alerts = found(heard(0.5, 5, fixes=False))
    assert [(a.status, a.severity, a.position) for a in alerts][:1] == [("opened", "ticket", None)]
    assert alerts[0].time >= rfc3339(START_MS + int(1.5 * HOUR * 1000))[:16]
    (beached,) = found(heard(0.5, 0.6, fixes=False), heard(1, 3, BEACH))
    assert beached.severity == "log", "its position came within the hour"


def test_silence_leaves_it_open_and_a_return_is_the_same_alert() -> None:
    alerts = found(heard(0.5, 2), heard(30, 32), hours=33)
    assert [a.status for a in alerts] == ["opened"]


def test_another_number_closes_it_and_the_number_again_is_another_alert() -> None:
    alerts = found(heard(0.5, 2), heard(3, 10, imo=9161003), heard(12, 13), hours=14)
    assert [a.status for a in alerts] == ["opened", "closed", "opened", "updated"]
    assert alerts[1].headline.startswith("SECOND LIFE: reports IMO 9161003 now")
    assert (alerts[1].details["ended"], alerts[1].time[11:16]) == ("identity changed", "07:13")
    assert len({a.id for a in alerts}) == 2


def test_two_vessels_that_share_an_mmsi_and_take_turns_are_one_alert() -> None:
    turns = [heard(0.5 + n / 4, 0.6 + n / 4, imo=IMO if n % 2 else 9161003) for n in range(60)]
    assert [a.status for a in found(*turns, hours=17)] == ["opened"]


def test_a_number_that_was_stated_once_by_mistake_does_not_end_it() -> None:
    alerts = found(heard(0.5, 9), [Report(at_s=2.2 * HOUR, mmsi=SHIP, type=5, imo=9161003)], hours=10)
    assert [a.status for a in alerts] == ["opened"]


def test_a_restart_with_another_list_judges_vessels_in_state() -> None:
    without = msgspec.structs.replace(REFERENCE, ships=REFERENCE.ships[:-1], version="without")
    playing = made(without)
    assert play(playing, beside(feed(3), heard(0.5, 2))) == []
    shards = [playing.shard(n) for n in range(playing.shard_count())]
    again = made(REFERENCE).restore(shards, playing.manifest())
    found = [e.alert for e in again.tick(Tick(source="station", from_ms=START_MS, to_ms=START_MS, heard_ms=START_MS))]
    assert [(a.detector, a.mmsi, a.severity) for a in found] == [("broken_up", SHIP, "ticket")]


def test_two_vessels_with_one_number_are_two_alerts() -> None:
    assert {a.mmsi for a in found(heard(0.5, 2), heard(0.6, 2, BEACH, mmsi=419_000_009))} == {SHIP, 419_000_009}


@pytest.mark.parametrize("imo", [9161003, 9179842, 9074728, 0])
def test_any_other_number_is_nothing(imo: int) -> None:
    assert found(heard(0.5, 3, imo=imo)) == []


def test_a_list_that_comes_later_opens_also_about_a_vessel_that_is_silent_by_then() -> None:
    without = msgspec.structs.replace(REFERENCE, ships=REFERENCE.ships[:-1], version="without")
    (alert,) = play(made(without), beside(feed(8), heard(0.5, 2)), {6: REFERENCE})
    assert (alert.status, alert.severity, alert.verification) == ("opened", "ticket", "corroborated")
    assert "last heard 0008Z, broken up" in alert.headline
    assert alert.time >= rfc3339(START_MS + int(5.9 * HOUR * 1000))[:16]


def test_a_list_without_the_ship_closes_it_and_the_same_list_again_changes_nothing() -> None:
    without = msgspec.structs.replace(REFERENCE, ships=REFERENCE.ships[:-1], version="without")
    same = msgspec.structs.replace(REFERENCE, version="again")
    alerts = play(made(REFERENCE), beside(feed(8), heard(0.5, 7)), {3: same, 5: without})
    assert [a.status for a in alerts] == ["opened", "closed"]
    assert alerts[-1].details["ended"] == "list changed"
    assert "no longer among broken-up ships" in alerts[-1].headline


def test_a_later_date_counts_where_two_lists_have_the_ship() -> None:
    newer = msgspec.structs.replace(HULK, list="BREAKERS 2024", broken_up_on="2023-11-01")
    assert play(made(dated(200, newer)), beside(feed(3), heard(0.5, 2))) == []


def test_an_entry_of_a_broken_up_ship_lists_nobody() -> None:
    """It is on no watchlist: neither its number nor its name is a match, and it raises no severity."""
    register = register_of(REFERENCE)
    assert register.find(StatedIdentity(imo=IMO, mmsi=SHIP)) is None
    assert register.resembling(StatedIdentity(name="EXAMPLE HULK", ship_type=70, length_m=180)) is None
    detained = ListedShip(list="X", entry_id="1", name="HULK", imo=IMO, topics=("mare.detained",))
    assert listed_for(Reference(ships=(detained, HULK)))[0] == ("list.mare_detained",)
    alerts = run(beside(feed(6), heard(0.5, 5)))
    assert {a.detector for a in alerts if a.mmsi == SHIP} <= {"broken_up", "gap"}


def test_neither_a_cut_nor_a_restart_changes_it() -> None:
    story = beside(feed(12), heard(0.5, 2, BEACH), heard(0.7, 3, mmsi=LISTED), heard(4, 11, imo=9161003))
    plain = written(run(story))
    assert any(b'"broken_up"' in alert for alert in plain)
    assert written(run(story, batch=7, snapshot_every=3)) == plain
    assert written(run(story, batch=1)) == plain
