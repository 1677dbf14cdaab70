"""A vessel that satellite images do not show where AIS says: once for the record, twice to look at."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.testing import START_MS, Report, Story, beside, run, voyage
from detectors.core.units import HOUR_MS
from detectors.core.vessels.sightings import Sighting, SightingRecord, sightings_in

HOUR = 3600.0
SHIP, LISTED = 205_000_181, 667_001_001
HERE = (12.0, 61.0)


def image(at_h: float, outcome: str = "absent", name: str = "") -> Sighting:
    return Sighting(
        image=name or f"S1A-{at_h:g}",
        sensor="Sentinel-1",
        time_ms=START_MS + int(at_h * HOUR_MS),
        outcome=outcome,  # type: ignore[arg-type]  # the values of Sighting
        score=0.9,
        lat_deg=12.1,
        lon_deg=61.0,
    )


def told(at_h: float, *sightings: Sighting, mmsi: int = SHIP) -> Report:
    """A report of another ship, after which images tell of this one."""
    record = SightingRecord(mmsi=mmsi, told_ms=START_MS + int(at_h * HOUR_MS), sightings=sightings)
    return Report(at_s=at_h * HOUR + 1, mmsi=205_000_182, lat_deg=10.0, lon_deg=60.0, told=record)


def sailing(hours: float = 8.5) -> Story:
    return voyage(SHIP, np.arange(5.0, hours * HOUR, 300.0), HERE)


WORLD = beside(
    sailing(),
    [
        told(2.0, image(1.0)),
        told(5.0, image(1.0), image(4.0)),
        told(5.9, image(1.0), image(4.0), image(5.2)),
        told(6.0, image(1.0), image(4.0), image(5.2), image(5.5, "seen")),
        told(7.0, image(6.5), mmsi=205_000_182),
        told(7.5, mmsi=205_000_182),
    ],
)


def alerts(*records: Report, hours: float = 8.5) -> list[Alert]:
    return [alert for alert in run(beside(sailing(hours), list(records))) if alert.detector == "not_in_image"]


def summary(found: list[Alert]) -> list[tuple[str, str, int]]:
    return [(alert.status, alert.severity, len(sightings_in(alert))) for alert in found]


def test_twice_is_for_the_record_three_times_is_a_ticket_and_seen_again_closes_it() -> None:
    found = [alert for alert in run(WORLD) if alert.detector == "not_in_image" and alert.mmsi == SHIP]
    assert summary(found) == [
        ("opened", "log", 1),
        ("updated", "log", 2),
        ("updated", "ticket", 3),
        ("closed", "ticket", 3),
    ]
    assert len({alert.id for alert in found}) == 1
    assert "not in 3 satellite images at its reported position, 12-06.0N 061-00.0E" in found[2].headline
    assert found[2].why[0].source == "Sentinel-1 S1A-1"


def test_another_version_of_the_image_retracts_it() -> None:
    found = alerts(told(2.0, image(1.0)), told(3.0))
    assert summary(found) == [("opened", "log", 1), ("retracted", "log", 1)]


@pytest.mark.parametrize("apart_h", [0.02, 0.9])
def test_two_images_of_one_pass_count_once(apart_h: float) -> None:
    found = alerts(told(4.0, image(0.1), image(1.2), image(1.2 + apart_h)))
    assert summary(found) == [("opened", "log", 3)]


def test_a_listed_vessel_that_is_missing_twice_is_a_ticket() -> None:
    story = beside(
        voyage(LISTED, np.arange(5.0, 4 * HOUR, 300.0), HERE), [told(3.0, image(1.0), image(2.5), mmsi=LISTED)]
    )
    (opened,) = [alert for alert in run(story) if alert.detector == "not_in_image"]
    assert summary([opened]) == [("opened", "ticket", 2)]


def test_the_same_record_again_changes_nothing() -> None:
    once = told(2.0, image(1.0))
    again = msgspec.structs.replace(once, at_s=once.at_s + 600)
    assert summary(alerts(once, again, again)) == [("opened", "log", 1)]


def test_it_closes_two_weeks_after_the_last_image() -> None:
    (opened, closed) = alerts(told(2.0, image(1.0)), hours=24 * 15)
    assert (opened.status, closed.status) == ("opened", "closed")
    assert closed.details["ended"] == "no later image without it"


def test_an_image_from_weeks_ago_is_not_news() -> None:
    assert not alerts(told(24 * 15 - 1, image(1.0)), hours=24 * 15)


def test_a_vessel_that_is_not_known_has_no_alert() -> None:
    assert not [a for a in run([told(1.0, image(0.5), mmsi=205_000_999)]) if a.detector == "not_in_image"]


def test_records_in_any_order_come_to_the_same_open_alert() -> None:
    """The matching tells at each image what it knows by then: absent at 1 h and 4 h, seen at 2 h."""
    images = (image(1.0), image(2.0, "seen"), image(4.0))
    open_now = set()
    for order in itertools.permutations(images):
        known = [tuple(sorted(order[: n + 1], key=lambda one: one.time_ms)) for n in range(3)]
        found = alerts(*(told(5.0 + n / 2, *sightings) for n, sightings in enumerate(known)))
        open_now.add(_open(found))
    assert open_now == {(image(4.0),)}


def _open(found: Sequence[Alert]) -> tuple[Sighting, ...]:
    newest = {alert.id: alert for alert in found}
    (present,) = [alert for alert in newest.values() if alert.status in {"opened", "updated"}]
    return sightings_in(present)


def test_the_time_of_a_revision_is_not_before_the_image() -> None:
    (opened,) = alerts(told(2.0, image(3.0)))
    assert opened.time >= opened.details["sightings"][0]["time"]
