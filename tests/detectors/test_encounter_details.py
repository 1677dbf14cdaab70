"""What an encounter tells: draughts before and after, destinations, where ships came from, and how hulls lie."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.hulls import bits_of, hull_of
from detectors.core.later_stages import LaterStages
from detectors.core.meeting_stage.draughts import Stated, change_in, stated
from detectors.core.testing import Story, beside, engine, played, run, whole_log, written
from tests.detectors.slow_scenes import HOUR, at, calling, drifting, ids, of, ship
from tests.wording import faults_of

ONE, OTHER, LISTED, SECOND = 205_000_191, 205_000_192, 667_001_007, 667_001_008
LADEN = ((0.0, 11.0), (3.0, 6.5))
"""It states 11 m, and from the third hour on 6.5 m."""
HULL = bits_of(120, 60, 16, 16)


def pair(
    one: int = ONE, other: int = OTHER, *, draughts: tuple[tuple[float, float], ...] = LADEN, **more: object
) -> Story:
    """Two tankers side by side from 1 h to 4.5 h; the other one states its draught."""
    return beside(
        ship(one, drifting(0, 0), (0, 8), name="FIRST", static_every=4),
        ship(
            other,
            calling(drifting(20, 45), 1.0, 4.5),
            (0, 8),
            phase_s=55,
            name="SECOND",
            static_every=4,
            draughts=draughts,
            **more,  # type: ignore[arg-type]
        ),
    )


def encounters(story: Story, **more: object) -> list[Alert]:
    return of(run(story, **more), "encounter")  # type: ignore[arg-type]


def test_a_changed_draught_is_a_fact_and_raises_the_alert_by_one_step() -> None:
    opened, changed, *_ = encounters(pair())
    assert (opened.severity, changed.status, changed.severity) == ("log", "updated", "ticket")
    assert changed.id == opened.id and "draught 11 to 6.5 m" in changed.headline
    assert changed.details["draught_changes"] == [{"mmsi": OTHER, "before_m": 11.0, "after_m": 6.5}]
    (fact,) = [fact for fact in changed.why if fact.fact.startswith("draught")]
    assert (fact.value, fact.threshold, fact.source) == (4.5, 1.1, "SECOND")
    assert "across the encounter" in fact.fact


def test_with_a_listed_ship_it_becomes_a_page() -> None:
    found = encounters(pair(ONE, LISTED))
    assert [a.severity for a in found if a.status == "updated" and "draught_changes" in a.details][:1] == ["page"]


def test_the_severity_stays_when_the_encounter_has_ended() -> None:
    story = beside(pair(), ship(ONE + 5, at(90_000, 0), (0, 10)))
    *_, closed = encounters(story)
    assert (closed.status, closed.severity) == ("closed", "ticket") and closed.details["draught_changes"]


def test_a_draught_that_is_stated_after_parting_counts() -> None:
    *_, changed = [a for a in encounters(pair(draughts=((0.0, 11.0), (5.5, 6.5)))) if a.status == "updated"]
    assert changed.details["draught_changes"] and changed.severity == "ticket"


NO_CHANGES = {
    "0.9 m": ((0.0, 9.0), (3.0, 8.1)),
    "less than a tenth": ((0.0, 14.0), (3.0, 12.8)),
    "a mistake that is corrected after 10 minutes": ((0.0, 11.0), (3.0, 1.1), (3.17, 11.0)),
    "stated only after": ((3.0, 6.5),),
    "changed before they met": ((0.0, 11.0), (0.5, 6.5)),
    "none": (),
}


@pytest.mark.parametrize("name", NO_CHANGES)
def test_what_is_no_change_is_no_fact(name: str) -> None:
    found = encounters(pair(draughts=NO_CHANGES[name]))
    assert found and not any("draught_changes" in a.details for a in found)
    assert {a.severity for a in found} == {"log"}


def test_a_draught_alone_is_no_alert() -> None:
    assert encounters(ship(ONE, drifting(0, 0), (0, 8), draughts=LADEN, static_every=4)) == []


def test_beside_a_service_vessel_it_stays_for_the_record() -> None:
    story = beside(
        ship(LISTED, at(0, 0), (0, 8), draughts=LADEN, static_every=4),
        ship(ONE, at(10, 50), (0, 8), ship_type=52, length_m=30),
    )
    assert {a.severity for a in encounters(story)} == {"log"}


@pytest.mark.parametrize("cut", [{"batch": 7}, {"batch": 150, "snapshot_every": 3}, {"batch": 1, "tick_s": 300.0}])
def test_batches_and_snapshots_change_nothing(cut: dict[str, int]) -> None:
    assert written(encounters(pair(), **cut)) == written(encounters(pair()))


def test_facts_in_any_order_and_twice_give_the_same() -> None:
    playing, facts = engine(), []
    for item in whole_log(pair(draughts=((0.0, 11.0), (5.5, 6.5))), batch=50, tick_s=60.0):
        played(playing, item)
        facts += playing.drain_facts().slow
    assert any(type(fact).__name__ == "DraughtChanged" for fact in facts)
    found, draw = [], np.random.default_rng(5)
    for told in (facts, facts[::-1], [facts[n] for n in draw.permutation(len(facts))], [*facts, *facts]):
        stages = LaterStages.build(1, {}, {})
        for fact in told:
            stages.meetings.take(fact)
        found.append(written([each.alert for each in stages.promise(playing)]))
    assert found[0] and found[0] == found[1] == found[2] == found[3]


# -- headings, hulls, where they came from ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading_deg", "wanted"),
    [(40.0, "parallel"), (20.0, "parallel"), (355.0, "at an angle"), (220.0, "opposite"), (float("nan"), None)],
)
def test_headings_are_compared_and_not_courses(heading_deg: float, wanted: str | None) -> None:
    story = beside(ship(ONE, at(0, 0)), ship(OTHER, at(20, 45), heading_deg=heading_deg, phase_s=30))
    assert encounters(story)[0].details.get("headings") == wanted


def beside_each_other(east_m: float, *, hulls: tuple[int, int], heading_deg: float = 0.0) -> bool | None:
    """Whether two ships of 180 m that head north, with their antennas so far apart, are alongside."""
    story = beside(
        ship(ONE, at(0, 0), hull=hulls[0], heading_deg=0.0, noise_m=0.5),
        ship(OTHER, at(0, east_m), hull=hulls[1], heading_deg=heading_deg, noise_m=0.5, phase_s=30),
    )
    found: bool | None = encounters(story)[0].details.get("alongside")
    return found


def test_beams_and_the_places_of_antennas_decide_where_both_are_stated() -> None:
    port, starboard = bits_of(120, 60, 2, 30), bits_of(120, 60, 30, 2)
    assert beside_each_other(70.0, hulls=(port, starboard)), (
        "both antennas are on the far sides: 10 m between the hulls"
    )
    assert not beside_each_other(70.0, hulls=(starboard, port)), "on the near sides: 66 m"
    assert not beside_each_other(70.0, hulls=(HULL, HULL)), "in the middle: 38 m"
    assert beside_each_other(70.0, hulls=(port, port), heading_deg=180.0), "the other one heads the other way"


def test_without_them_beams_follow_from_lengths() -> None:
    assert beside_each_other(45.0, hulls=(0, 0)) and beside_each_other(45.0, hulls=(HULL, 0))
    assert not beside_each_other(90.0, hulls=(0, 0))


def test_an_antenna_of_unknown_place_is_in_the_middle() -> None:
    assert hull_of(bits_of(0, 180, 0, 32)) == (180, 32, 0.0, 0.0, False)
    assert hull_of(bits_of(120, 60, 10, 22)) == (180, 32, 30.0, 6.0, True)
    assert hull_of(0) is None and hull_of(bits_of(120, 60, 0, 0)) is None


def called(mmsi: int) -> Story:
    """It lies a day and a half in the ordinary port, and sails to the other one."""
    stay_h, sails_h = 36.0, 6.0
    there, knots = (35.0, 129.0), 10.0

    def path(t: float) -> tuple[float, float]:
        north_nm = min(max(0.0, (t - stay_h * HOUR) / HOUR * knots), sails_h * knots)
        return 1852.0 * north_nm, 0.0

    return ship(mmsi, path, (0, stay_h + sails_h + 4), place=there, every_s=300.0, static_every=6)


def test_where_it_came_from_is_told() -> None:
    other = ship(ONE, at(60 * 1852.0, 50.0), (38, 46), place=(35.0, 129.0))
    found = encounters(beside(called(LISTED), other))
    (told,) = [one for one in found[0].details["vessels"] if one["mmsi"] == LISTED]
    assert told["came_from"] == "ORDINARY" and told["left"] > "2023-11-16"
    assert all("came_from" not in one for one in found[0].details["vessels"] if one["mmsi"] == ONE)


def test_alerts_are_worded_as_the_others() -> None:
    for story in (pair(), pair(ONE, LISTED), pair(SECOND, LISTED)):
        assert not [fault for alert in encounters(story) for fault in faults_of(alert)]
    assert len(ids(encounters(pair()))) == 1


# -- runs of draughts -------------------------------------------------------------------------------------------------


def test_reports_in_any_order_make_the_same_runs() -> None:
    reports = [(10, 9.0), (11, 9.0), (15, 6.0), (16, 6.0), (25, 9.0)]
    runs = [Stated(10, 9.0), Stated(15, 6.0), Stated(25, 9.0)]
    made: list[Stated] = []
    for step, draught_m in reports:
        made = stated(made, step, draught_m)
    assert made == runs
    assert change_in(made, 24) == (9.0, 6.0) and change_in(made, 29) is None
    for step, draught_m in [reports[n] for n in (4, 0, 3, 1, 2)]:
        made = stated(made, step, draught_m)
    assert made == runs
    assert change_in(runs[:1], 40) is None and change_in(runs[:2], 12) is None


def test_runs_are_bounded() -> None:
    made: list[Stated] = []
    for step in range(100):
        made = stated(made, step, float(step % 2))
    assert len(made) == 24 and made[0] == (0, 0.0) and made[-1].step == 99
