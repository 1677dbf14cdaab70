"""What satellite images show of a silent ship is added to its gap, open or ended, once and for good."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.alert import Alert
from detectors.core.testing import START_MS, Report, Story, beside, engine, played, run, voyage, whole_log
from detectors.core.units import HOUR_MS, rfc3339, unix_ms
from detectors.core.vessels.sightings import SIGHTINGS, Sighting, SightingRecord, sightings_in, with_sightings
from tests.detectors.test_gap import peers
from tests.detectors.test_imagery_advice import NOW

HOUR = 3600.0
LISTED = 667_001_001
DARK_H, BACK_H, ALL_H = 5.0, 14.0, 18.0


def image(at_h: float, score: float = 0.7, name: str = "") -> Sighting:
    return Sighting(
        image=name or f"S1A-{at_h:g}",
        sensor="Sentinel-1",
        time_ms=START_MS + int(at_h * HOUR_MS),
        outcome="possible",
        score=score,
        lat_deg=41.5,
        lon_deg=131.2,
        contact="7",
        length_m=120.0,
        footprint=((130.0, 41.0), (132.0, 41.0), (132.0, 42.0), (130.0, 41.0)),
    )


def story() -> Story:
    """A listed ship is dark for nine hours among others."""
    times = np.arange(0.0, ALL_H * HOUR, 120.0)
    dark = (times > DARK_H * HOUR) & (times < BACK_H * HOUR)
    return beside(peers(ALL_H), voyage(LISTED, times[~dark], (41.0, 130.5), 4.0))


def told(at_h: float, alert: Alert, *sightings: Sighting) -> Report:
    record = SightingRecord(
        mmsi=LISTED, told_ms=START_MS + int(at_h * HOUR_MS), sightings=tuple(sightings), alert=alert
    )
    return Report(at_s=at_h * HOUR, mmsi=205_000_391, lat_deg=30.0, lon_deg=120.0, told=record)


def gaps(*records: Report, every: int = 0) -> list[Alert]:
    found = run(beside(story(), list(records)), batch=100, snapshot_every=every)
    return [alert for alert in found if alert.detector == "gap" and alert.mmsi == LISTED]


OPENED, CLOSED = gaps()
"""The gap without any image: two revisions."""


@pytest.mark.parametrize("every", [0, 5])
def test_an_open_gap_is_revised_and_keeps_what_was_seen_when_it_closes(every: int) -> None:
    found = gaps(told(9.0, OPENED, image(7.0)), told(11.0, OPENED, image(7.0), image(10.0)), every=every)
    assert [(alert.revision, alert.status) for alert in found] == [
        (1, "opened"),
        (2, "updated"),
        (3, "updated"),
        (4, "closed"),
    ]
    assert [len(sightings_in(alert)) for alert in found] == [0, 1, 2, 2]
    assert sightings_in(found[-1]) == (image(7.0), image(10.0))
    assert len({alert.id for alert in found}) == 1
    assert {alert.severity for alert in found[:3]} == {OPENED.severity}
    assert [fact.source for fact in found[-1].why[-2:]] == ["Sentinel-1 S1A-7", "Sentinel-1 S1A-10"]
    assert found[1].time == "2023-11-15T07:13:20.000Z"  # when it was told
    assert with_sightings(found[-1], ()).why == CLOSED.why
    assert {n: v for n, v in found[-1].details.items() if n != SIGHTINGS} == CLOSED.details


@pytest.mark.parametrize("every", [0, 5])
def test_a_gap_that_has_ended_is_revised_as_well(every: int) -> None:
    found = gaps(told(15.0, CLOSED, image(7.0)), told(16.0, CLOSED, image(7.0)), every=every)
    assert [(alert.revision, alert.status) for alert in found] == [(1, "opened"), (2, "closed"), (3, "closed")]
    assert sightings_in(found[-1]) == (image(7.0),)
    again = told(16.0, found[-1], image(7.0), image(10.0))
    more = gaps(told(15.0, CLOSED, image(7.0)), again, every=every)
    assert [alert.revision for alert in more] == [1, 2, 3, 4]


def test_a_record_that_knows_an_old_revision_changes_nothing() -> None:
    assert gaps(told(15.0, OPENED, image(7.0))) == [OPENED, CLOSED]
    revised = gaps(told(15.0, CLOSED, image(7.0)))
    assert gaps(told(15.0, CLOSED, image(7.0)), told(16.0, CLOSED, image(10.0))) == revised


def test_a_match_that_another_image_has_changed_is_taken_back() -> None:
    found = gaps(told(9.0, OPENED, image(7.0)), told(10.0, OPENED))
    assert [len(sightings_in(alert)) for alert in found] == [0, 1, 0, 0]
    assert found[2].why == OPENED.why


@pytest.mark.parametrize("kind", ["sighting", "elements"])
def test_a_ship_that_is_heard_on_a_slow_feed_after_it_was_told_closes_its_gap(kind: str) -> None:
    """What is told bears the time of the clock on the wall, and the feed is hours behind it."""
    record = msgspec.structs.replace(told(9.0, OPENED, image(7.0)).told, told_ms=START_MS + 20 * HOUR_MS)
    if kind == "elements":
        record = msgspec.structs.replace(NOW, given_ms=START_MS + 20 * HOUR_MS)
    found = gaps(msgspec.structs.replace(told(9.0, OPENED), told=record))
    assert [alert.status for alert in found] == ["opened", "updated", "closed"]
    assert found[1].time == rfc3339(START_MS + 20 * HOUR_MS)
    assert found[2].details["reappeared_at"] == CLOSED.details["reappeared_at"]


def test_that_it_is_where_it_reports_is_no_news_and_a_possible_match_is() -> None:
    seen = msgspec.structs.replace(image(7.0), outcome="seen")
    found = gaps(told(9.0, OPENED, seen), told(10.0, OPENED, seen, image(8.0)), told(11.0, OPENED, image(8.0)))
    assert [alert.same_as for alert in found] == [None, 1, None, None, None]
    assert [alert.news for alert in found] == [1, 1, 3, 4, 5]


def test_nothing_else_is_revised() -> None:
    plain, with_image = (
        [alert for alert in run(beside(story(), records), batch=100) if alert.detector != "gap"]
        for records in ([msgspec.structs.replace(told(9.0, OPENED), told=None)], [told(9.0, OPENED, image(7.0))])
    )
    assert [a for a in plain if a.mmsi != 205_000_391] == [a for a in with_image if a.mmsi != 205_000_391]


@given(st.permutations([0, 1, 2, 3]), st.lists(st.integers(0, 3), max_size=4))
def test_the_last_word_is_the_same_in_any_order_and_twice(order: list[int], again: list[int]) -> None:
    """The matching always tells all that it knows by then: images come late, twice and in any order."""
    playing = engine().restore(*_at_nine())
    images, known, newest = [image(5.5), image(6.0), image(7.0), image(8.0)], list[Sighting](), OPENED
    for number in [*order, *again]:
        if images[number] not in known:
            known.append(images[number])
        record = SightingRecord(
            mmsi=LISTED,
            told_ms=START_MS + 9 * HOUR_MS,
            sightings=tuple(sorted(known, key=lambda one: one.time_ms)),
            alert=newest,
        )
        for emitted in playing.tell(record):
            newest = emitted.alert
    assert sightings_in(newest) == tuple(images)
    assert newest.revision == OPENED.revision + len(images)


@cache
def _at_nine() -> tuple[list[bytes], bytes]:
    """A snapshot of the engine at 9 h."""
    playing = engine()
    for item in whole_log([s for s in story() if s.at_s < 9 * HOUR], batch=1000, tick_s=600.0):
        played(playing, item)
    return [playing.shard(number) for number in range(playing.shard_count())], playing.manifest()


def test_an_alert_without_a_time_is_not_a_record() -> None:
    bad = msgspec.structs.replace(OPENED, time="soon")
    sent = msgspec.json.encode({"mmsi": LISTED, "told_ms": 5, "sightings": [], "alert": bad})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(sent, type=SightingRecord)
    assert unix_ms(OPENED.time)
