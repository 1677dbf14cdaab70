"""Areas whose positions are unreliable limit the alerts that rest on positions, while they are in force."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Story, beside, engine, log, voyage
from detectors.core.units import HOUR_MS
from detectors.core.vessels.affected_areas import AREA, DELAY_MS, OTHERWISE, AffectedArea, OpenAreas

HOUR = 3600.0
SHIP, LISTED = 205_000_002, 667_001_001
ZONE, AT_SEA = (42.0, 131.0), (40.0, 131.5)
AROUND = AffectedArea(
    alert="a" * 32,
    revision=1,
    time_ms=START_MS + HOUR_MS,
    south_deg=41.9,
    north_deg=42.1,
    west_deg=130.9,
    east_deg=131.1,
    vessels=5,
)
ENDED = msgspec.structs.replace(AROUND, revision=2, time_ms=START_MS + 3 * HOUR_MS, ended=True)
ELSEWHERE = msgspec.structs.replace(AROUND, alert="b" * 32, south_deg=10.0, north_deg=10.5)
SEEN_THERE = msgspec.structs.replace(
    ELSEWHERE, alert="c" * 32, appear_lat_deg=42.01, appear_lon_deg=131.01, appear_within_nm=0.5
)


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "held"),
    [
        (42.0, 131.0, True),
        (42.15, 131.0, True),  # 3 nm beyond the last vessel
        (42.2, 131.0, False),
        (42.0, 131.2, True),
        (42.0, 131.25, False),
        (42.0, -131.0, False),
    ],
)
def test_an_area_is_where_the_vessels_were_and_a_little_more(lat_deg: float, lon_deg: float, *, held: bool) -> None:
    assert AROUND.holds(lat_deg, lon_deg) is held


def test_an_area_across_180_degrees_holds_both_sides() -> None:
    area = msgspec.structs.replace(AROUND, west_deg=179.8, east_deg=-179.8)
    found = [area.holds(42.0, lon_deg) for lon_deg in (179.7, 179.9, -179.9, -179.7, 179.0, -179.0, 0.0)]
    assert found == [True, True, True, True, False, False, False]


def played(story: Story, areas: dict[float, AffectedArea], *, snapshot_every: int = 0) -> list[Alert]:
    """The alerts of a story; each area comes before the first record at or after its hour."""
    playing, found, left = engine(), list[Alert](), sorted(areas.items())
    background = voyage(205_000_001, np.arange(0, 5 * HOUR, 60.0), (30.0, 120.0))
    for number, item in enumerate(log(beside(background, story), batch=100, tick_s=600.0)):
        begins_ms = int(item.reports["time_ms"][0]) if isinstance(item, Batch) else item.from_ms
        while left and begins_ms >= START_MS + left[0][0] * HOUR_MS:
            playing.tell(left.pop(0)[1])
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, number)
        found += [each.alert for each in emitted]
        assert not playing.drain_faults()
        if snapshot_every and number % snapshot_every == 0:
            shards = [playing.shard(n) for n in range(playing.shard_count())]
            playing = engine().restore(shards, playing.manifest())
    return found


def lying(mmsi: int, from_h: float, to_h: float, place: tuple[float, float] = ZONE) -> Story:
    return voyage(mmsi, np.arange(from_h * HOUR + 5, to_h * HOUR, 120.0), place, 0.1)


def near_zones(alerts: list[Alert]) -> list[tuple[str, str, bool]]:
    return [(a.status, a.severity, AREA in a.details) for a in alerts if a.detector == "port_proximity"]


@pytest.mark.parametrize("mmsi", [SHIP, LISTED])
@pytest.mark.parametrize("snapshot_every", [0, 3])
def test_an_alert_is_for_the_record_while_its_area_is_in_force(mmsi: int, snapshot_every: int) -> None:
    before = near_zones(played(lying(mmsi, 0, 5), {}))
    alerts = played(
        lying(mmsi, 0, 5), {1.0: AROUND, 1.5: AROUND, 3.0: ENDED, 3.5: AROUND}, snapshot_every=snapshot_every
    )
    severity = before[-1][1]
    assert severity in {"ticket", "page"}
    assert near_zones(alerts) == [*before, ("updated", "log", True), ("updated", severity, False)]
    limited, lifted = [a for a in alerts if a.detector == "port_proximity"][-2:]
    assert limited.why[-1].value == 5 and limited.why[-1].source == AROUND.alert
    assert limited.details[OTHERWISE] == severity
    assert limited.revision + 1 == lifted.revision
    assert lifted.why == limited.why[:-1]


@pytest.mark.parametrize("area", [AROUND, SEEN_THERE], ids=["where they were", "where they appear"])
def test_an_alert_that_opens_in_an_area_is_for_the_record(area: AffectedArea) -> None:
    alerts = near_zones(played(lying(SHIP, 2, 5), {1.0: area}))
    assert alerts and all(severity == "log" and in_area for _, severity, in_area in alerts)
    ended = msgspec.structs.replace(area, revision=2, ended=True, time_ms=START_MS + 4 * HOUR_MS)
    assert near_zones(played(lying(SHIP, 2, 5), {1.0: area, 4.0: ended}))[-1] == ("updated", "ticket", False)


def test_a_vessel_that_was_not_heard_since_stays_for_the_record_after_the_end() -> None:
    alerts = near_zones(played(lying(SHIP, 0, 2.5), {1.0: AROUND, 3.0: ENDED}))
    assert alerts[-1][1:] == ("log", True)
    heard_again = near_zones(played(lying(SHIP, 0, 2.5) + lying(SHIP, 4, 5), {1.0: AROUND, 3.0: ENDED}))
    assert heard_again[-1][1:] == ("ticket", False)


def test_a_vessel_that_fell_silent_before_the_area_began_is_not_affected() -> None:
    later = msgspec.structs.replace(AROUND, since_ms=START_MS + 2 * HOUR_MS, time_ms=START_MS + 2 * HOUR_MS)
    assert played(lying(SHIP, 0, 1.5), {2.2: later}) == played(lying(SHIP, 0, 1.5), {})


def test_an_area_elsewhere_changes_nothing() -> None:
    assert played(lying(SHIP, 0, 5), {1.0: ELSEWHERE}) == played(lying(SHIP, 0, 5), {})


def test_a_listed_vessel_that_falls_silent_in_an_area_is_a_gap_as_before() -> None:
    story = voyage(LISTED, np.arange(0, 2 * HOUR, 60.0), AT_SEA, 8.0)
    area = msgspec.structs.replace(AROUND, south_deg=39.0, north_deg=41.0, west_deg=131.0, east_deg=132.0)
    elsewhere, inside = (
        [(a.id, a.severity) for a in played(story, areas) if a.detector == "gap"] for areas in ({}, {1.0: area})
    )
    assert elsewhere and inside == elsewhere


def test_ended_areas_are_remembered_for_a_time_only() -> None:
    areas = OpenAreas()
    for number in range(1500):
        ended = msgspec.structs.replace(ENDED, alert=f"{number:032d}")
        areas.take(ended)
        assert areas.due(ended.time_ms) == []
        assert areas.due(ended.time_ms + DELAY_MS) == [ended]
        areas.take(ended)
        assert areas.due(ended.time_ms + DELAY_MS) == []
    assert len(areas.kept().known) == 200
