"""A tanker or a listed ship that is slow for hours outside stop places is one alert; others are none."""

from __future__ import annotations

import pytest

from detectors.core.alert import Alert
from detectors.core.later_stages import LaterStages
from detectors.core.testing import START_MS, Story, beside, engine, played, run, whole_log, written
from detectors.core.units import HOUR_MS, unix_ms
from tests.detectors.slow_scenes import HOUR, Path, at, calling, drifting, ids, of, ship
from tests.wording import faults_of

TANKER, LISTED, CARGO = 205_000_093, 667_001_008, 205_000_094
THERE = (-8.0, 61.0)


def loiterings(story: Story, **more: object) -> list[Alert]:
    return of(run(story, **more), "loitering")  # type: ignore[arg-type]


WORLD = ship(LISTED, calling(drifting(0, 0, 0.8), 0.5, 6.5), (0, 8.5), place=THERE, name="WAITER")


def test_a_listed_ship_is_a_ticket_after_four_hours_until_it_sails() -> None:
    opened, closed = loiterings(WORLD)
    assert (opened.status, opened.severity, opened.subject) == ("opened", "ticket", f"mmsi/{LISTED}")
    slow_ms = unix_ms(opened.episode_start) - START_MS
    assert 0.3 * HOUR_MS < slow_ms < 0.8 * HOUR_MS
    assert 4 * HOUR_MS <= unix_ms(opened.time) - unix_ms(opened.episode_start) <= 4.5 * HOUR_MS
    assert opened.headline.startswith("WAITER loitering 4 h, 0"), opened.headline
    assert (closed.status, closed.id, closed.details["ended"]) == ("closed", opened.id, "not_seen")
    assert unix_ms(closed.time) - START_MS < 8.3 * HOUR_MS


def test_a_tanker_is_for_the_record_and_updated_when_the_time_has_doubled() -> None:
    found = loiterings(ship(TANKER, drifting(0, 0), (0, 10), place=THERE))
    assert [(a.status, a.severity) for a in found] == [("opened", "log"), ("updated", "log")]
    assert len(ids(found)) == 1


SIMILAR: dict[str, Story] = {
    "a cargo ship": ship(CARGO, drifting(0, 0), ship_type=70),
    "a tanker that states that it is at anchor": ship(TANKER, at(0, 0), status=1),
    "three and a half hours": ship(LISTED, calling(at(0, 0), 1, 4.5), (0, 7)),
    "under way at three knots": ship(LISTED, drifting(0, 0, 3.0)),
    "a circle of three knots that takes an hour and a half": ship(LISTED, drifting(0, 0, 2.6)),
    "half of it in another place": ship(LISTED, lambda t: (0.0, 0.0) if t < 3 * HOUR else (9000.0, 0.0), (0, 6)),
}


@pytest.mark.parametrize("name", SIMILAR)
def test_what_is_similar_is_none(name: str) -> None:
    assert loiterings(SIMILAR[name]) == []


def test_a_ship_that_sails_on_slowly_is_under_way() -> None:
    found = loiterings(ship(LISTED, calling(at(0, 0), 0, 5, 4.0), (0, 7)))
    assert [a.details.get("ended") for a in found] == [None, "under_way"]


def test_silence_closes_it_without_a_claim() -> None:
    still = ship(CARGO, at(20_000, 0), (0, 8), ship_type=70)
    found = loiterings(beside(ship(LISTED, at(0, 0), (0, 5)), still))
    assert [a.status for a in found] == ["opened", "closed"] and found[1].details["ended"] == "not_seen"


def test_a_gap_of_forty_minutes_changes_nothing() -> None:
    found = loiterings(ship(LISTED, drifting(0, 0), (0, 6), silent_h=(2.1, 2.75)))
    assert [a.status for a in found] == ["opened"]


def roadstead() -> Story:
    """Six ships lie in one place a day before a listed one comes there."""
    paths: list[Path] = [at(60.0 * n, 90.0 * n) for n in range(6)]
    others = [
        ship(205_000_300 + n, path, (0, 20), status=1, every_s=180.0, place=THERE) for n, path in enumerate(paths)
    ]
    return beside(*others, ship(LISTED, calling(at(100, 300), 5, 15), (0, 20), status=1, place=THERE))


def test_a_place_where_others_stop_does_not_count() -> None:
    assert loiterings(roadstead()) == []


@pytest.mark.parametrize(("far_nm", "count"), [(0.0, 0), (3.0, 0), (4.5, 0), (6.0, 1)])
def test_the_zone_of_an_ordinary_port_has_alerts_of_its_own(far_nm: float, count: int) -> None:
    place = (35.0 + far_nm / 60, 129.0)
    story = ship(LISTED, at(0, 0), (0, 6), place=place, status=5)
    assert len(ids(loiterings(story))) == count
    assert count or {a.detector for a in run(story)} >= {"port_call", "port_proximity"}


def test_in_a_sanctioned_zone_it_counts() -> None:
    assert len(ids(loiterings(ship(LISTED, at(0, 0), (0, 6), place=(42.03, 131.0))))) == 1


def test_an_area_of_transfers_always_counts() -> None:
    thresholds = {"encounter": {"transfer_areas": ["-8.0 61.0 3"]}}
    playing, stages = engine(thresholds=thresholds), LaterStages.build(1, thresholds, {})
    found: list[Alert] = []
    for item in whole_log(roadstead(), batch=1000, tick_s=300.0):
        played(playing, item)
        stages.gather(playing)
        found += [each.alert for each in stages.promise(playing)]
    assert {a.mmsi for a in of(found, "loitering")} == {LISTED}


def test_all_types_are_reported_if_asked_for() -> None:
    thresholds = {"loitering": {"all_types": True}}
    playing, stages = engine(thresholds=thresholds), LaterStages.build(1, thresholds, {})
    found: list[Alert] = []
    for item in whole_log(SIMILAR["a cargo ship"], batch=1000, tick_s=300.0):
        played(playing, item)
        stages.gather(playing)
        found += [each.alert for each in stages.promise(playing)]
    assert [a.severity for a in of(found, "loitering")] == ["log"]


def test_snapshots_change_nothing() -> None:
    assert written(run(WORLD, batch=40, snapshot_every=2, tick_s=300.0)) == written(run(WORLD, tick_s=300.0))


def test_alerts_are_worded_as_the_others() -> None:
    assert not [fault for alert in loiterings(WORLD) for fault in faults_of(alert)]
