"""One number at two places: said once, and not said of what only looks like it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.testing import START_MS, Story, beside, run, voyage, written
from detectors.core.units import unix_ms

HOUR = 3600.0
SHIP, LISTED = 205_000_002, 667_001_001
HERE, THERE, ELSEWHERE = (38.0, 130.0), (38.0, 134.0), (34.0, 128.0)


def background(hours: float, every_s: float = 30.0) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, every_s), (30.0, 120.0))


def shared(mmsi: int, hours: float, *places: tuple[float, float], every_s: float = 60.0, knots: float = 10.0) -> Story:
    """Ships that use one number, and sail, each from its place; they are heard by turns."""
    times = np.arange(5, hours * HOUR, every_s)
    return beside(*(voyage(mmsi, times[n :: len(places)], place, knots) for n, place in enumerate(places)))


WORLD = shared(205_000_031, 3.0, HERE, THERE)
"""What makes the detector speak."""


def said(story: Story, hours: float, detector: str = "shared_mmsi") -> list[Alert]:
    return [alert for alert in run(beside(background(hours), story)) if alert.detector == detector]


@pytest.mark.parametrize("every_s", [10.0, 60.0, 300.0])
@pytest.mark.parametrize(("mmsi", "severity"), [(SHIP, "log"), (LISTED, "ticket")])
def test_two_ships_under_one_number_are_one_alert(mmsi: int, severity: str, every_s: float) -> None:
    (alert,) = said(shared(mmsi, 6, HERE, THERE, every_s=every_s), 6)
    assert (alert.status, alert.severity) == ("opened", severity)
    assert alert.details["apart_nm"] == pytest.approx(189, abs=5)
    assert "heard in two places" in alert.headline


def test_three_ships_under_one_number_are_one_alert() -> None:
    assert len(said(shared(SHIP, 6, HERE, THERE, ELSEWHERE), 6)) == 1


@pytest.mark.parametrize("order", ["in turn", "at random"])
def test_seven_ships_under_one_number_are_one_alert(order: str) -> None:
    times = np.arange(5, 12 * HOUR, 60.0)
    turns = np.arange(len(times)) % 7 if order == "in turn" else np.random.default_rng(5).integers(0, 7, len(times))
    ships = [voyage(SHIP, times[turns == n], (30.0 + 2 * n, 125.0 + 2 * n), 10.0) for n in range(7)]
    assert len(said(beside(*ships), 12)) == 1


@pytest.mark.parametrize("late_min", [5.0, 20.0, 40.0])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_own_positions_that_a_station_sends_again_are_no_second_ship(late_min: float, share: float) -> None:
    own = sailing()
    again = [
        msgspec.structs.replace(report, at_s=report.at_s + late_min * 60 + 20.0)
        for report, draw in zip(own, np.random.default_rng(3).random(len(own)), strict=True)
        if draw < share
    ]
    alerts = [alert for alert in run(beside(background(6), own, again)) if alert.mmsi == SHIP]
    assert alerts == []


def test_a_second_ship_astern_for_a_time_is_found_when_it_is_not() -> None:
    own = voyage(SHIP, np.arange(5, 6 * HOUR, 60.0), HERE, 12.0)
    other = voyage(SHIP, np.arange(35, 6 * HOUR, 60.0), (HERE[0] - 0.1, HERE[1]), 2.0)
    assert len(said(beside(own, other), 6)) == 1


def test_it_closes_a_week_after_the_other_was_heard_last() -> None:
    there = (HERE[0] + 0.5, HERE[1])  # where it has sailed in three hours
    story = beside(shared(SHIP, 3, HERE, THERE), voyage(SHIP, np.arange(3 * HOUR, 175 * HOUR, 1800.0), there, 0.1))
    alerts = run(beside(background(175, 300.0), story))
    opened, closed = (alert for alert in alerts if alert.detector == "shared_mmsi")
    assert (opened.status, closed.status) == ("opened", "closed")
    assert closed.id == opened.id
    assert (unix_ms(closed.time) - START_MS) / 1000 / HOUR == pytest.approx(3 + 168, abs=0.1)


def sailing(mmsi: int = SHIP, hours: float = 6.0, every_s: float = 60.0) -> Story:
    return voyage(mmsi, np.arange(5, hours * HOUR, every_s), HERE, 12.0)


def with_fixes(story: Story, places: dict[int, tuple[float, float]]) -> Story:
    """Some fixes moved to other places."""
    moved = list(story)
    for number, place in places.items():
        moved[number : number + 1] = voyage(SHIP, np.asarray([story[number].at_s]), place, 0.1)
    return moved


@pytest.mark.parametrize(
    "places",
    [
        {100: THERE},
        {100: THERE, 101: THERE},
        dict.fromkeys(range(20, 300, 90), THERE),
        {number: (38.0, 132.0 + number / 50) for number in range(20, 300, 40)},
        dict.fromkeys(range(100, 130), THERE),
    ],
    ids=["one stray", "two strays", "a stray every 90 min", "bit errors", "displaced for half an hour"],
)
def test_strays_and_one_displacement_are_no_second_ship(places: dict[int, tuple[float, float]]) -> None:
    assert said(with_fixes(sailing(), places), 6) == []


@pytest.mark.parametrize("bit", [15, 20, 24])
@pytest.mark.parametrize("every", [2, 3])
def test_one_wrong_bit_in_some_fixes_is_no_second_ship(bit: int, every: int) -> None:
    off_deg = 2**bit / 600_000
    places = {n: (HERE[0] + 12 * n / 3600, HERE[1] + off_deg) for n in range(10, 350, every)}
    assert said(with_fixes(sailing(), places), 6) == []


def test_a_ship_that_sails_on_after_a_long_silence_is_one_ship() -> None:
    story = beside(sailing(hours=2), voyage(SHIP, np.arange(20 * HOUR, 26 * HOUR, 60.0), THERE, 12.0))
    assert said(story, 26) == []


def test_two_ships_that_sail_together_look_like_one() -> None:
    assert said(shared(SHIP, 6, HERE, (38.005, 130.0)), 6) == []


def test_other_detectors_see_the_track_that_goes_on() -> None:
    """The other ship is inside a zone, the number's own track is not: no alert about the zone is opened for it."""
    zone = (42.0, 131.0)
    own = voyage(SHIP, np.arange(5, 6 * HOUR, 60.0), (40.0, 131.5), 0.1)
    other = voyage(SHIP, np.arange(HOUR + 35, 6 * HOUR, 60.0), zone, 0.1)
    alerts = run(beside(background(6), own, other))
    assert [alert.detector for alert in alerts if alert.mmsi == SHIP] == ["shared_mmsi"]


def test_any_batch_size_and_restart_gives_the_same_alerts() -> None:
    story = beside(background(3), shared(SHIP, 3, HERE, THERE), shared(LISTED, 3, HERE, THERE, ELSEWHERE))
    expected = written(run(story))
    assert expected
    for batch, snapshot_every in ((1, 0), (7, 20), (100, 3)):
        assert written(run(story, batch=batch, snapshot_every=snapshot_every)) == expected
