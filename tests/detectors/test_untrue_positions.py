"""What the scenarios of ``streams/scenario/positions`` have shown to be judged wrongly, each reduced to one cause."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.testing import Report, Story, beside, run, voyage

HOUR, MINUTE = 3600.0, 60.0
SHIP = 205_000_002
HERE, FAR = (38.0, 130.0), (34.0, 128.0)
PER_DEG = 600_000


def said(story: Story, detector: str) -> list[Alert]:
    background = voyage(205_000_001, np.arange(0, 6 * HOUR, 60.0), (30.0, 120.0))
    return [alert for alert in run(beside(background, story)) if alert.detector == detector]


def sailing(every_s: float = 60.0, knots: float = 15.0) -> Story:
    return voyage(SHIP, np.arange(5, 6 * HOUR, every_s), HERE, knots)


def rotation(ships: int) -> Story:
    """Ships that use one number and transmit strictly in turn."""
    times = np.arange(5, 6 * HOUR, 60.0)
    return beside(*(voyage(SHIP, times[n::ships], (30.0 + 2 * n, 125.0 + 2 * n)) for n in range(ships)))


@pytest.mark.parametrize("ships", [2, 3, 4, 5, 7, 8])
def test_ships_that_take_turns_under_one_number_are_one_alert(ships: int) -> None:
    assert len(said(rotation(ships), "shared_mmsi")) == 1


@pytest.mark.parametrize("delay_min", [10, 20, 40])
def test_positions_that_a_station_repeats_later_are_no_second_ship(delay_min: int) -> None:
    story = [msgspec.structs.replace(report, payload=number + 1) for number, report in enumerate(sailing())]
    again = [msgspec.structs.replace(report, at_s=report.at_s + delay_min * MINUTE + 7) for report in story[::3]]
    assert said([report for report in beside(story, again) if report.at_s < 6 * HOUR], "shared_mmsi") == []


@pytest.mark.parametrize("every_s", [60.0, 180.0])
def test_a_wrong_bit_along_its_course_is_no_second_ship(every_s: float) -> None:
    story = sailing(every_s)
    for number in range(10, len(story), 4):
        lat_deg = story[number].lat_deg + 2**16 / PER_DEG
        story[number] = msgspec.structs.replace(story[number], lat_deg=lat_deg)
    assert said(story, "shared_mmsi") == []


def test_a_stray_after_wrong_bits_is_no_second_ship() -> None:
    story = sailing()
    for number in (*range(10, 50, 4), 90):
        place = FAR if number == 90 else (story[number].lat_deg, HERE[1] + 2**20 / PER_DEG)
        story[number] = msgspec.structs.replace(story[number], lat_deg=place[0], lon_deg=place[1])
    assert said(story, "shared_mmsi") == []


def test_the_reported_jump_is_at_least_the_threshold() -> None:
    """It appears 9 nm north and sails south from there: after half an hour it is 4 nm from where it was."""
    before, after = sailing(knots=0.1), np.arange(2 * HOUR, 6 * HOUR, 60.0)
    displaced = voyage(SHIP, after - 2 * HOUR, (HERE[0] + 9 / 60, HERE[1]), -10.0)
    moved = [msgspec.structs.replace(report, at_s=report.at_s + 2 * HOUR, sog_kn=10.0) for report in displaced]
    opened = said([report for report in before if report.at_s < 2 * HOUR] + moved, "position_jump")[0]
    assert float(str(opened.details["jump_nm"])) >= 5


def test_positions_repeated_when_it_has_turned_back_are_no_second_ship() -> None:
    """It sails north for 90 minutes and back on the same way; repetitions are 40 minutes late."""
    sails = {minute: there_and_back(minute) for minute in range(180)}
    late = [
        msgspec.structs.replace(sails[minute - 40], at_s=minute * MINUTE + 30)
        for minute in (75, 82, *range(91, 108, 2))
    ]
    assert said(beside(list(sails.values()), late), "shared_mmsi") == []


def there_and_back(minute: int) -> Report:
    north_nm = 15 * (90 - abs(90 - minute)) / 60
    return Report(
        at_s=minute * MINUTE,
        mmsi=SHIP,
        lat_deg=HERE[0] + north_nm / 60,
        lon_deg=HERE[1],
        sog_kn=15.0,
        cog_deg=0.0 if minute < 90 else 180.0,
        payload=minute + 1,
    )
