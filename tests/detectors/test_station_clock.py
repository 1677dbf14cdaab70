"""station_clock: one alert about a station whose clock is wrong."""

from __future__ import annotations

from detectors.core.testing import engine
from detectors.core.ticks import StationClock, Tick

START_MS = 1_709_510_400_000


def tick(minute: int, *clocks: StationClock) -> Tick:
    return Tick(
        source="coast",
        from_ms=START_MS + (minute - 1) * 60_000,
        to_ms=START_MS + minute * 60_000,
        heard_ms=START_MS + minute * 60_000,
        spacing_s=1.0,
        station_clocks=clocks,
    )


def clock(minute: int, ahead_s: float, *, corrected: bool = True) -> StationClock:
    return StationClock(station="ISLE", ahead_s=ahead_s, corrected=corrected, time_ms=START_MS + minute * 60_000)


def test_a_wrong_clock_is_one_alert_until_it_is_right() -> None:
    made = engine()
    alerts = [
        emitted.alert
        for each in (tick(1), tick(2, clock(2, 3600.0)), tick(3), tick(9, clock(9, 7200.0)), tick(20, clock(20, 0.0)))
        for emitted in made.tick(each)
    ]
    assert [(alert.detector, alert.status, alert.severity) for alert in alerts] == [
        ("station_clock", "opened", "ticket"),
        ("station_clock", "updated", "ticket"),
        ("station_clock", "closed", "ticket"),
    ]
    assert len({alert.id for alert in alerts}) == 1
    assert alerts[0].headline == "clock of station ISLE in feed coast is 60 min ahead, its times are corrected"
    assert alerts[0].subject == "source/coast"


def test_a_clock_that_was_never_wrong_is_no_alert() -> None:
    assert engine().tick(tick(1, clock(1, 0.0))) == []
