"""station_clock: one alert about a station whose clock is wrong."""

from __future__ import annotations

from detectors.core.alert import Alert
from detectors.core.testing import engine
from detectors.core.ticks import StationClock, Tick

START_MS = 1_709_510_400_000


def tick(minute: int, *clocks: StationClock, compared: bool = True) -> Tick:
    return Tick(
        source="coast",
        from_ms=START_MS + (minute - 1) * 60_000,
        to_ms=START_MS + minute * 60_000,
        heard_ms=START_MS + minute * 60_000,
        spacing_s=1.0,
        wrong_clocks=clocks,
        clocks_compared=compared,
    )


def clock(ahead_s: float, station: str = "ISLE", *, corrected: bool = True) -> StationClock:
    return StationClock(station=station, ahead_s=ahead_s, corrected=corrected)


def alerts(*ticks: Tick) -> list[Alert]:
    made = engine()
    return [emitted.alert for each in ticks for emitted in made.tick(each)]


def test_a_wrong_clock_is_one_alert_until_it_is_right() -> None:
    found = alerts(tick(1), tick(2, clock(3600.0)), tick(3, clock(3600.0)), tick(9, clock(7200.0)), tick(20))
    assert [(alert.detector, alert.status, alert.severity) for alert in found] == [
        ("station_clock", "opened", "ticket"),
        ("station_clock", "updated", "ticket"),
        ("station_clock", "closed", "ticket"),
    ]
    assert len({alert.id for alert in found}) == 1
    assert found[0].headline == "clock of station ISLE in feed coast is 60 min ahead, its times are corrected"
    assert found[-1].headline == "clock of station ISLE in feed coast is right again"
    assert found[0].subject == "source/coast"


def test_clocks_that_have_not_been_compared_since_a_restart_stay_as_they_are() -> None:
    found = alerts(tick(2, clock(3600.0)), tick(3, clock(60.0, "HILL"), compared=False), tick(4, compared=False))
    assert [(alert.status, alert.details["station"]) for alert in found] == [("opened", "ISLE"), ("opened", "HILL")]


def test_a_clock_that_was_never_wrong_is_no_alert() -> None:
    assert alerts(tick(1)) == []
