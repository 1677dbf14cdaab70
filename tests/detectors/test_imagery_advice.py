"""Alerts about silent listed ships state which satellites pass next; renewed while it lasts, withdrawn when heard."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.engine import advice_switch
from detectors.core.orbits.choice import NextPasses, OrbitRecord
from detectors.core.orbits.sensors import SENSORS
from detectors.core.testing import START_MS, Report, Story, beside, run, voyage, written
from detectors.core.units import HOUR_MS, MINUTE_MS, rfc3339, unix_ms
from tests.detectors.orbits.published import ELEMENTS
from tests.detectors.test_gap import peers

HOUR = 3600.0
LISTED, UNLISTED = 667_001_001, 205_000_009
NOW = OrbitRecord(
    elements=tuple(
        msgspec.structs.replace(one, epoch_ms=float(START_MS + number * HOUR_MS))
        for number, one in enumerate(ELEMENTS.values())
    ),
    sensors=SENSORS,
)
WORLD = [Report(at_s=2.0, mmsi=205_000_183, lat_deg=10.0, lon_deg=60.5, told=NOW)]
"""With it, every listed ship that falls silent in the worlds has passes."""


def given(at_h: float, record: OrbitRecord = NOW) -> Report:
    told = msgspec.structs.replace(record, given_ms=START_MS + int(at_h * HOUR_MS))
    return Report(at_s=at_h * HOUR, mmsi=205_000_183, lat_deg=10.0, lon_deg=60.5, told=told)


def dark(mmsi: int = LISTED, to_h: float = 60.0, all_h: float = 70.0, speed_kn: float = 4.0) -> Story:
    """A ship that is silent from 5 h on among others that are heard."""
    times = np.arange(0.0, all_h * HOUR, 300.0)
    silent = (times > 5.0 * HOUR) & (times < to_h * HOUR)
    return beside(peers(all_h), voyage(mmsi, times[~silent], (41.0, 130.5), speed_kn))


def gaps(story: Story, **how: Any) -> list[Alert]:
    return [a for a in run(story, **{"batch": 500, **how}) if a.detector == "gap" and a.mmsi in {LISTED, UNLISTED}]


def passes(alert: Alert) -> list[dict[str, Any]]:
    return alert.details["imagery"]["passes"]  # type: ignore[no-any-return]


def test_a_gap_states_the_next_passes_until_the_reach_is_too_wide_or_the_ship_is_heard() -> None:
    opened, next_day, too_wide, closed = gaps(beside(dark(), [given(0.5)]))
    assert [alert.status for alert in (opened, next_day, too_wide, closed)] == [
        "opened",
        "updated",
        "updated",
        "closed",
    ]
    for alert in (opened, next_day):
        assert 1 <= len(passes(alert)) <= 3
        assert passes(alert)[0]["begin"] >= alert.time[:19]
        assert {one["satellite"] for one in passes(alert)} <= {*ELEMENTS} - {"HST"}
        assert all(one["covers"] > 0 and len(one["area"]) > 3 for one in passes(alert))
    assert (opened.same_as, next_day.same_as, too_wide.same_as, closed.same_as) == (None, 1, 1, None)
    assert too_wide.severity == opened.severity and passes(too_wide) == []
    assert unix_ms(next_day.time) >= unix_ms(opened.time) + 24 * HOUR_MS
    silent_h = (unix_ms(too_wide.time) - unix_ms(too_wide.details["last_heard"])) / HOUR_MS
    assert silent_h * too_wide.details["v_max_kn"] > 300 >= (silent_h - 24) * too_wide.details["v_max_kn"]
    assert closed.details["imagery"] == {"as_of": closed.time, "passes": []}


def test_of_a_ship_at_rest_the_passes_are_stated_daily_in_the_first_week_and_weekly_then() -> None:
    lying = dark(to_h=24.0 * 25, all_h=24.0 * 26, speed_kn=0.0)
    later = [given(24.0 * day, _of_day(day)) for day in (9, 18)]
    opened, *renewed, closed = gaps(beside(lying, [given(0.5), *later]), tick_s=3600.0)
    ages_d = [(unix_ms(alert.time) - unix_ms(opened.time)) / HOUR_MS / 24 for alert in renewed if passes(alert)]
    assert 3 <= sum(age <= 8 for age in ages_d) <= 8 and 2 <= sum(age > 8 for age in ages_d) <= 4, ages_d
    for before, after in zip([opened, *renewed], renewed, strict=False):
        if passes(before):
            assert after.time[:19] >= passes(before)[-1]["end"][:19]  # not before the last of them is over
    assert closed.details["imagery"]["passes"] == []


def _of_day(day: int) -> OrbitRecord:
    moved = (msgspec.structs.replace(one, epoch_ms=one.epoch_ms + day * 24 * HOUR_MS) for one in NOW.elements)
    return msgspec.structs.replace(NOW, elements=tuple(moved))


def test_without_elements_and_for_ships_that_are_not_listed_nothing_is_stated() -> None:
    assert all("imagery" not in alert.details for alert in gaps(dark(to_h=20, all_h=22)))
    found = gaps(beside(dark(UNLISTED, to_h=20, all_h=22), [given(0.5)]))
    assert found and all("imagery" not in alert.details for alert in found)


def test_elements_that_come_later_are_stated_at_once() -> None:
    opened, updated, *_ = gaps(beside(dark(to_h=20, all_h=22), [given(9.0)]))
    assert "imagery" not in opened.details
    assert updated.time == rfc3339(START_MS + 9 * HOUR_MS)
    assert passes(updated)[0]["begin"] >= updated.time[:19]


@pytest.mark.parametrize("how", [{}, {"tick_s": 61.7}, {"batch": 7}, {"snapshot_every": 1}])
def test_many_alerts_are_revised_in_turn_and_none_is_forgotten(
    how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most so many at once that a record does not stop the worker for long."""
    monkeypatch.setattr(advice_switch, "SEARCHES_AT_ONCE", 2 * len(NOW.elements))
    ships = [LISTED, 667_001_003, 667_001_004, 667_001_005, 667_001_006]
    story = beside(dark(to_h=20, all_h=22), *(dark(mmsi, to_h=20, all_h=22) for mmsi in ships[1:]), [given(12.0)])
    found = [alert for alert in run(story, **{"batch": 500, **how}) if alert.detector == "gap"]
    revised = {alert.mmsi: alert.time for alert in found if alert.revision == 2 and passes(alert)}
    assert sorted(revised) == ships
    at = [rfc3339(START_MS + 12 * HOUR_MS + minute * MINUTE_MS) for minute in (0, 0, 1, 1, 2)]
    assert sorted(time[:16] for time in revised.values()) == [time[:16] for time in at]


def test_the_same_elements_again_change_nothing() -> None:
    once = gaps(beside(dark(to_h=20, all_h=22), [given(0.5)]))
    again = gaps(beside(dark(to_h=20, all_h=22), [given(0.5), given(0.6)]))
    bare = [[msgspec.structs.replace(alert, evidence=()) for alert in alerts] for alerts in (once, again)]
    assert bare[0] == bare[1]


def test_elements_that_are_too_old_are_not_used() -> None:
    old = msgspec.structs.replace(
        NOW,
        elements=tuple(msgspec.structs.replace(e, epoch_ms=float(START_MS - 20 * 24 * HOUR_MS)) for e in NOW.elements),
    )
    (opened, *_) = gaps(beside(dark(to_h=20, all_h=22), [given(0.5, old)]))
    assert opened.details["imagery"]["passes"] == []


@pytest.mark.parametrize("how", [{"tick_s": 61.7}, {"tick_s": 1800.0}, {"batch": 7}, {"snapshot_every": 3}])
def test_the_same_at_any_timing_of_ticks_cut_and_restart(how: dict[str, Any]) -> None:
    story = beside(dark(to_h=40, all_h=42), [given(0.5)])
    assert written(gaps(story, **how)) == written(gaps(story))


def test_the_reach_of_a_later_pass_is_larger() -> None:
    (opened, *_) = gaps(beside(dark(), [given(0.5)]))
    first, *_, last = passes(opened)
    assert first["begin"] < last["begin"] and _width(last) > _width(first)


def _width(one: dict[str, Any]) -> float:
    lats = [lat for _, lat in one["area"]]
    return max(lats) - min(lats)


def test_a_time_of_a_pass_is_a_time() -> None:
    (opened, *_) = gaps(beside(dark(to_h=20, all_h=22), [given(0.5)]))
    assert all(unix_ms(one["begin"]) < unix_ms(one["end"]) for one in passes(opened))


def test_engines_of_one_process_share_the_tracks_of_the_same_elements() -> None:
    one, again = (NextPasses(msgspec.json.decode(msgspec.json.encode(NOW), type=OrbitRecord)) for _ in range(2))
    assert one._kinds is again._kinds
    fewer = msgspec.structs.replace(NOW, elements=NOW.elements[:1])
    assert NextPasses(fewer)._kinds is not one._kinds
    assert not NextPasses()
