"""blip: heard briefly between two dark silences."""

import numpy as np
import pytest
from msgspec.structs import replace

from detectors.blip import _dark, _situation
from detectors.core.alert import Alert
from detectors.core.testing import Report, Story, beside, engine, run, voyage
from detectors.core.testing_world import REFERENCE
from detectors.core.vessels import past
from detectors.core.vessels.ship import read_ship

HOUR = 3600.0
SHIP, LISTED = 205_000_002, 667_001_001
LEARNED_H, DARK_H = 8.0, 13.0


def heard(mmsi: int, *spans_h: tuple[float, float], every_s: float = 120.0) -> Story:
    times = [
        t
        for t in np.arange(5, spans_h[-1][1] * HOUR, every_s).tolist()
        if any(a * HOUR <= t < b * HOUR for a, b in spans_h)
    ]
    return voyage(mmsi, times, (38.2, 130.1))


def peers(hours: float) -> Story:
    """Ships around it, heard all the time."""
    return beside(
        *(
            voyage(205_001_001 + n, np.arange(50.0 * n, hours * HOUR, 250.0), (38.0 + n / 10, 130.0), 9.0)
            for n in range(5)
        )
    )


def blips(story: Story, hours: float = 48.0) -> list[Alert]:
    return [a for a in run(beside(peers(hours), story), tick_s=600.0) if a.detector == "blip"]


BLIP = (LEARNED_H + DARK_H, LEARNED_H + DARK_H + 0.4)
WORLD = beside(
    heard(205_000_031, (0, 6.0), (18.5, 18.9), every_s=45.0),
    heard(273_000_031, (0, 6.0), (18.6, 19.1), (38.5, 39.0), every_s=45.0),
)


def test_a_short_transmission_between_two_dark_silences_is_a_blip() -> None:
    named = Report(at_s=BLIP[0] * HOUR + 30, mmsi=SHIP, type=5, destination="ZHOUSHAN")
    (alert,) = blips(beside(heard(SHIP, (0, LEARNED_H), BLIP), [named]))
    assert (alert.status, alert.severity) == ("opened", "log")
    assert alert.details["silence_before"]["verdict"] == alert.details["silence_after"]["verdict"] == "dark"
    assert alert.details["heard"]["for_s"] == pytest.approx(0.4 * HOUR, abs=120)
    assert (alert.details["destination"], alert.details["flag"]) == ("ZHOUSHAN", "BE")


def test_a_listed_ship_s_is_a_ticket_and_may_last_longer_and_closes_when_she_is_heard() -> None:
    long = (LEARNED_H + DARK_H, LEARNED_H + DARK_H + 5)
    story = heard(LISTED, (0, LEARNED_H), long, (long[1] + 14, long[1] + 15))
    alerts = blips(story)
    assert [(a.status, a.severity) for a in alerts] == [("opened", "ticket"), ("closed", "ticket")]
    assert alerts[-1].details["silence_after"]["for_s"] == pytest.approx(14 * HOUR, abs=120)
    assert blips(heard(SHIP, (0, LEARNED_H), long)) == []


@pytest.mark.parametrize(
    "spans",
    [
        [(0, LEARNED_H), (LEARNED_H + 11, LEARNED_H + 11.4)],  # the first silence is too short
        [(0, LEARNED_H), BLIP, (BLIP[1] + 11, BLIP[1] + 20)],  # the second is
        [(0, LEARNED_H), (BLIP[0], BLIP[0] + 2.5)],  # heard for too long
    ],
)
def test_what_is_nearly_one_is_none(spans: list[tuple[float, float]]) -> None:
    assert blips(heard(SHIP, *spans)) == []


def test_a_silence_in_which_nobody_could_be_heard_makes_no_blip() -> None:
    ship = heard(SHIP, (0, LEARNED_H), BLIP)
    dead = (LEARNED_H - 0.1) * HOUR, (BLIP[0] - 0.5) * HOUR
    story = [s for s in beside(peers(48), ship) if not dead[0] < s.at_s < dead[1]]
    assert [a for a in run(story, tick_s=600.0) if a.detector == "blip"] == []


def test_of_a_listed_ship_one_silence_may_be_untold_but_not_both() -> None:
    table = [(a, b) for a in range(4) for b in range(4) if _dark(a, b, listed=True)]
    assert (past.DARK, past.CANNOT_TELL) in table and (past.CANNOT_TELL, past.CANNOT_TELL) not in table
    assert (past.UNSURE, past.CANNOT_TELL) in table
    assert [(a, b) for a in range(4) for b in range(4) if _dark(a, b, listed=False)] == [(past.DARK, past.DARK)]


def test_a_listed_ship_s_between_silences_that_nobody_could_judge_is_for_the_record() -> None:
    fleet = engine().fleet
    (row,) = fleet.admit(np.array([LISTED], np.uint32)).tolist()
    listed = replace(read_ship(fleet.core, row, REFERENCE), listed=REFERENCE.ships[1])
    assert _situation(listed, past.UNSURE, past.CANNOT_TELL) == "blip.listed_possible"
    assert _situation(listed, past.CANNOT_TELL, past.DARK) == "blip.listed"
    assert _situation(listed, past.UNSURE, past.UNSURE) == "blip.listed"
