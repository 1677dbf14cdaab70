"""A vessel that is suddenly where it cannot have sailed is one alert; wild fixes and shared numbers are none."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.testing import Story, beside, run, voyage, written
from detectors.core.units import HOUR_MS, unix_ms

HOUR = 3600.0
SHIP, LISTED = 205_000_002, 667_001_001
HERE, THERE = (38.0, 130.0), (39.3, 131.7)


def background(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 60.0), (30.0, 120.0))


def displaced(
    mmsi: int, fixes: int, *, place: tuple[float, float] = THERE, hours: float = 6.0, every_s: float = 60.0
) -> Story:
    """A ship that sails, and for ``fixes`` reports appears at another place."""
    times = np.arange(5, hours * HOUR, every_s)
    story, begin = voyage(mmsi, times, HERE, 12.0), len(times) // 3
    story[begin : begin + fixes] = voyage(mmsi, times[begin : begin + fixes], place, 12.0)
    return story


WORLD = displaced(205_000_041, 40)
"""What makes the detector speak."""


def said(story: Story, hours: float = 6.0) -> list[Alert]:
    return [alert for alert in run(beside(background(hours), story)) if alert.detector == "position_jump"]


@pytest.mark.parametrize("fixes", [40, 60])
@pytest.mark.parametrize(("mmsi", "severity"), [(SHIP, "log"), (LISTED, "ticket")])
def test_a_ship_that_appears_elsewhere_for_a_while_is_one_alert(mmsi: int, severity: str, fixes: int) -> None:
    opened, closed = said(displaced(mmsi, fixes))
    assert (opened.status, opened.severity, closed.status) == ("opened", severity, "closed")
    assert opened.id == closed.id
    assert 70 < opened.details["jump_nm"] < 130  # type: ignore[operator]
    assert "appears displaced by" in opened.headline


def test_one_that_stays_there_is_one_alert_until_a_day_has_passed() -> None:
    assert [alert.status for alert in said(displaced(SHIP, 240))] == ["opened"]
    opened, closed = said(displaced(SHIP, 480, hours=48.0, every_s=240.0), 48.0)
    assert (opened.status, closed.status) == ("opened", "closed")
    assert 23 < (unix_ms(closed.time) - unix_ms(opened.time)) / HOUR_MS < 24


def test_the_way_back_to_where_it_was_is_no_jump() -> None:
    """After a silence it appears where it cannot have sailed, but at no impossible jump; the way back would be one."""
    story = displaced(SHIP, 60, place=(HERE[0] + 1.1, HERE[1]))
    assert said([report for report in story if not 3600 < report.at_s < 7200]) == []


def test_a_number_heard_elsewhere_after_a_silence_may_be_another_ship() -> None:
    """263 nm and 67 min away, as under a number that several ships use, heard by satellites."""
    times = np.arange(5, 3 * HOUR, 600.0)
    story = voyage(SHIP, times, HERE) + voyage(SHIP, times + 4 * HOUR, (HERE[0] + 4.4, HERE[1]), 5.0)
    assert said(story, 7.0) == []


@pytest.mark.parametrize("fixes", [1, 2, 3, 20])
def test_positions_that_are_right_again_within_half_an_hour_are_none(fixes: int) -> None:
    assert said(displaced(SHIP, fixes)) == []


@pytest.mark.parametrize("bit", [17, 20, 23])
def test_one_wrong_bit_is_none(bit: int) -> None:
    assert said(displaced(SHIP, 20, place=(HERE[0], HERE[1] + 2**bit / 600_000))) == []


def test_a_number_that_two_ships_use_is_not_a_jump_as_well() -> None:
    times = np.arange(5, 8 * HOUR, 60.0)
    story = beside(voyage(SHIP, times[::2], HERE, 10.0), voyage(SHIP, times[1::2], THERE, 10.0))
    assert said(story, 8) == []


def test_a_ship_that_was_silent_for_long_may_be_elsewhere() -> None:
    story = beside(
        voyage(SHIP, np.arange(5, 2 * HOUR, 60.0), HERE, 12.0),
        voyage(SHIP, np.arange(8 * HOUR, 10 * HOUR, 60.0), THERE, 12.0),
    )
    assert said(story, 10) == []


def test_any_batch_size_and_restart_gives_the_same_alerts() -> None:
    story = beside(background(5), displaced(SHIP, 9), displaced(LISTED, 50))
    expected = written(run(story))
    assert expected
    for batch, snapshot_every in ((1, 0), (7, 20), (100, 3)):
        assert written(run(story, batch=batch, snapshot_every=snapshot_every)) == expected
