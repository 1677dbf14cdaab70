"""A list, or zones, that come while a ship lies in port: the stay counts from its beginning."""

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.reference import ListedShip, Reference, Zone
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, Story, beside, engine, log, voyage
from detectors.core.testing_world import REFERENCE
from detectors.core.units import unix_ms

HOUR = 3600.0
SHIP = 205_000_002
PORT, KM_DEG = (35.0, 129.0), 1 / 111.2
ENTRY = ListedShip(list="NEW", entry_id="9", name="EXAMPLE NINE", mmsi=SHIP)
STAYS = {"long_stay", "port_call"}


def at(from_h: float, to_h: float, place: tuple[float, float] = PORT, sog_kn: float = 0.1) -> Story:
    times = np.arange(from_h * HOUR, to_h * HOUR, 600.0).tolist()
    return [Report(at_s=t, mmsi=SHIP, lat_deg=place[0], lon_deg=place[1], sog_kn=sog_kn) for t in times]


def with_list(*entries: ListedShip, zones: tuple[Zone, ...] = REFERENCE.zones, version: str = "later") -> Reference:
    return Reference(ships=(*REFERENCE.ships, *entries), zones=zones, version=version)


def play(
    story: Story, hours: float, changes: dict[float, Reference], *, batch: int = 100, snapshot_every: int = 0
) -> list[Alert]:
    """Alerts about stays; each of ``changes`` comes into force before the first record at or after its hour."""
    playing: Engine = engine()
    background = voyage(205_000_001, np.arange(0, hours * HOUR, 60.0), (30.0, 120.0))
    left, found, reference = sorted(changes.items()), list[Alert](), REFERENCE
    for number, item in enumerate(log(beside(background, story), batch=batch, tick_s=600.0)):
        begins_ms = int(item.reports["time_ms"][0]) if isinstance(item, Batch) else item.from_ms
        while left and begins_ms >= START_MS + left[0][0] * HOUR * 1000:
            reference = left.pop(0)[1]
            found += [e.alert for e in playing.adopt(reference, number)]
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, number)
        found += [e.alert for e in emitted]
        assert not playing.drain_faults()
        playing.drain_bindings()
        if snapshot_every and number % snapshot_every == 0:
            playing = revive_with(playing, reference)
    return [a for a in found if a.detector in STAYS]


def revive_with(playing: Engine, reference: Reference) -> Engine:
    made = Engine.build(partition=0, reference=reference, feed=playing.sources.rules, thresholds={}, severities={})
    return made.restore([playing.shard(n) for n in range(playing.shard_count())], playing.manifest())


def hours(text: str) -> float:
    return (unix_ms(text) - START_MS) / 1000 / HOUR


def told(alerts: list[Alert], detector: str) -> list[Alert]:
    return [a for a in alerts if a.detector == detector]


def test_a_stay_that_began_before_the_listing_counts_from_its_beginning() -> None:
    alerts = play(beside(at(2, 40), at(40, 41, (35.2, 129.0), 15.0)), 42, {30.0: with_list(ENTRY)})
    for detector in sorted(STAYS):
        opened, *_, closed = told(alerts, detector)
        assert (opened.status, closed.status) == ("opened", "closed")
        assert hours(str(opened.details["stopped_at"])) == pytest.approx(2, abs=0.01)
        assert hours(opened.time) == pytest.approx(30, abs=0.3)
        assert closed.details.get("for_s", 0) or "after 37 h" in closed.headline
    assert told(alerts, "long_stay")[0].details["for_s"] == pytest.approx(28 * HOUR, abs=HOUR / 2)


def test_listed_before_the_stay_is_long_it_opens_when_it_is() -> None:
    (opened,) = told(play(at(2, 40), 40, {10.0: with_list(ENTRY)}), "long_stay")
    assert hours(opened.time) == pytest.approx(26, abs=0.2)


def test_a_ship_that_fell_silent_in_port_before_it_was_listed_was_last_known_there() -> None:
    alerts = play(at(2, 20), 42, {40.0: with_list(ENTRY)})
    for detector in sorted(STAYS):
        (opened,) = told(alerts, detector)
        assert "last known" in opened.headline and "silent_since" in opened.details
        assert hours(str(opened.details["stopped_at"])) == pytest.approx(2, abs=0.01)


def test_a_call_that_ended_before_the_listing_opens_nothing() -> None:
    assert play(beside(at(2, 30), at(30, 35, (35.1, 129.0), 15.0)), 36, {33.0: with_list(ENTRY)}) == []


def test_a_ship_delisted_that_left_and_came_back_counts_from_its_return() -> None:
    story = beside(at(2, 10), at(10, 15, (35.1, 129.0), 15.0), at(15, 60))
    alerts = play(story, 60, {3.0: with_list(ENTRY), 8.0: with_list(version="w"), 50.0: with_list(ENTRY, version="x")})
    (stay,) = told(alerts, "long_stay")
    assert hours(str(stay.details["stopped_at"])) == pytest.approx(15, abs=0.01)


def test_the_same_stay_told_again_after_it_was_delisted_has_another_id() -> None:
    versions = {28.0: with_list(ENTRY), 30.0: with_list(version="w"), 34.0: with_list(ENTRY, version="x")}
    alerts = play(at(2, 40), 40, versions)
    for detector in sorted(STAYS):
        mine = told(alerts, detector)
        assert [a.status for a in mine] == ["opened", "closed", "opened"]
        assert mine[0].id != mine[2].id
        assert mine[0].details["stopped_at"] == mine[2].details["stopped_at"]


def test_relisted_under_another_id_it_stays_one_alert() -> None:
    other = msgspec.structs.replace(ENTRY, entry_id="10", list="OTHER")
    alerts = play(at(2, 40), 40, {28.0: with_list(ENTRY), 33.0: with_list(other, version="x")})
    for detector in sorted(STAYS):
        assert [a.status for a in told(alerts, detector)] == ["opened"]


def test_a_zone_that_comes_later_opens_the_call_from_the_stop() -> None:
    far = (20.0, 160.0)
    zone = Zone(name="Late", kind="associated", lat_deg=20.0, lon_deg=160.02, radius_nm=5)
    versions = {1.0: with_list(ENTRY), 30.0: with_list(ENTRY, zones=(*REFERENCE.zones, zone), version="z")}
    alerts = play(at(2, 40, far), 40, versions)
    (call,) = told(alerts, "port_call")
    assert (call.details["port"], hours(str(call.details["stopped_at"]))) == ("Late", pytest.approx(2, abs=0.01))
    assert hours(call.time) == pytest.approx(30, abs=0.3)


def flapping(from_h: float, to_h: float) -> Story:
    return beside(
        at(from_h, to_h), [msgspec.structs.replace(s, at_s=s.at_s + 60, lat_deg=37.0) for s in at(from_h, to_h)]
    )


def test_flapping_positions_neither_end_nor_begin_stays() -> None:
    alerts = play(beside(at(2, 28), flapping(28, 34), at(34, 40)), 40, {1.0: with_list(ENTRY)})
    for detector in sorted(STAYS):
        assert {a.status for a in told(alerts, detector)} <= {"opened", "updated"}
        assert len({a.id for a in told(alerts, detector)}) == 1


@pytest.mark.parametrize("change", [30.0, pytest.param(10.0, marks=pytest.mark.full)])
def test_any_batch_size_and_restart_gives_the_same(change: float) -> None:
    story = beside(at(2, 28), flapping(28, 30), at(30, 36), at(36, 38, (35.2, 129.0), 15.0), at(38, 40, (35.2, 129.0)))

    def sums(**how: int) -> list[tuple[str, int, str, object]]:
        alerts = play(story, 40, {change: with_list(ENTRY)}, **how)
        return [(a.id, a.revision, a.status, a.details["stopped_at"]) for a in alerts]  # a record ends when it is full

    expected = sums()
    assert len(expected) >= 4
    assert sums(batch=1) == sums(batch=7, snapshot_every=50) == expected
