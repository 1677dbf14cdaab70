from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detectors.core.alert import Alert, Position
from detectors.core.reference import Zone
from detectors.core.units import DAY_MS, HOUR_MS, rfc3339, unix_ms
from streams.errors import ConfigError
from streams.imagery.targets import REACH, REACH_BACK, Asked, Window, box_target, of_alert, window_of

LAST = unix_ms("2025-05-09T02:07:00+00:00")
NOWHERE: dict[str, Zone] = {}


def gap(status: str = "opened", hours: float = 3.0, at: tuple[float, float] = (42.6, 132.2), **details: Any) -> Alert:
    """A gap alert ``hours`` after the last report, which is the position of those that are open."""
    now = LAST + round(hours * HOUR_MS)
    heard = now if status == "closed" else LAST
    return Alert(
        id="9ea41057" * 4, revision=1, status=status, detector="gap", rule_version=1, severity="page",  # type: ignore[arg-type]
        subject="mmsi/273999001", case_id="c", mmsi=273999001, episode_start=rfc3339(LAST), time=rfc3339(now),
        position=Position(lat_deg=at[0], lon_deg=at[1], time=rfc3339(heard)), headline="ANGARA silent",
        details={"v_max_kn": 12.0} | details,
    )  # fmt: skip


def zone(name: str) -> Zone:
    return Zone(name=name, kind="sanctioned", country="KP", lat_deg=42.2, lon_deg=130.3, radius_nm=5.0)


USUAL = Window()


def asked(*revisions: Alert, zones: dict[str, Zone] = NOWHERE, window: Window = USUAL) -> list[Asked]:
    return of_alert(list(revisions), zones, window, 15.0).asked


def test_the_reach_of_a_silent_ship_grows_from_its_last_report_until_it_is_too_wide() -> None:
    (reach,) = asked(gap(hours=3))
    assert (reach.target.name, reach.from_ms, reach.to_ms) == (REACH, LAST, LAST + 25 * HOUR_MS)
    assert [round(reach.target.radius_at(LAST + h * HOUR_MS)) for h in (0, 1, 10)] == [0, 12, 120]
    said = of_alert([gap(hours=3)], NOWHERE, Window(), 15.0).said
    span = "from 2025-05-10T03:07:00.000Z to 2025-05-12T05:07:00.000Z"
    assert said == [f"{span} the reach is wider than 300 nm: only zones are listed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"v_max_kn": 1e-300},
        {"v_max_kn": 1e300},
        {"feasible_ports": [{"zone": "Rajin", "arrive_by": "soon"}]},
        {"feasible_ports": [{"zone": "Rajin", "longest_stay_s": 1e308}]},
        {"feasible_ports": [{"zone": "Rajin", "longest_stay_s": -1e308}]},
        {"feasible_ports": "Rajin"},
    ],
)
def test_details_that_no_detector_writes_are_passed_over(wrong: dict[str, Any]) -> None:
    found = of_alert([gap(**wrong)], {"Rajin": zone("Rajin")}, USUAL, 15.0)
    assert found.asked[0].target.growth_kn in {12.0, 15.0}
    assert all(one.from_ms < one.to_ms for one in found.asked)


def test_a_window_is_cut_to_the_silence_and_to_what_can_be_looked_for() -> None:
    (reach,) = asked(gap(), window=Window(LAST - DAY_MS, LAST + HOUR_MS))
    assert (reach.from_ms, reach.to_ms) == (LAST, LAST + HOUR_MS)
    assert asked(gap(), window=Window(LAST + 2 * DAY_MS, None)) == []
    with pytest.raises(ConfigError, match="--to is not after the last report"):
        asked(gap(), window=Window(None, LAST))
    long = of_alert([gap(), gap("closed", hours=200 * 24)], NOWHERE, Window(), 15.0)
    assert "only the first 60 days" in long.said[0]
    assert max(one.to_ms for one in long.asked) <= LAST + 60 * DAY_MS


def test_of_a_ship_that_came_back_the_later_half_is_bounded_by_where_it_did() -> None:
    there, back = asked(gap(), gap("closed", hours=20, at=(41.0, 133.0)))
    assert (there.target.name, back.target.name) == (REACH, REACH_BACK)
    assert (there.from_ms, there.to_ms, back.from_ms, back.to_ms) == (
        LAST, LAST + 10 * HOUR_MS, LAST + 10 * HOUR_MS, LAST + 20 * HOUR_MS,
    )  # fmt: skip
    assert (back.target.lat_deg, back.target.lon_deg) == (41.0, 133.0)
    assert [back.target.radius_at(LAST + h * HOUR_MS) for h in (10, 19, 20, 30)] == pytest.approx([120, 12, 0, 0])
    assert of_alert([gap(), gap("closed", hours=20)], NOWHERE, Window(), 15.0).said == []
    ends = of_alert([gap(), gap("closed", hours=60)], NOWHERE, Window(), 15.0)
    assert [(one.from_ms - LAST, one.to_ms - LAST) for one in ends.asked] == [
        (0, 25 * HOUR_MS),
        (35 * HOUR_MS, 60 * HOUR_MS),
    ]
    assert "to 2025-05-10T13:07:00.000Z the reach is wider" in ends.said[0]


def test_zones_are_asked_for_from_the_earliest_arrival_to_the_latest_departure() -> None:
    ports = [
        {"zone": "Rajin", "distance_nm": 88.0, "arrive_by": "2025-05-09T09:31:00.000Z"},
        {"zone": "Wonsan", "arrive_by": "2025-05-09T12:07:00.000Z", "longest_stay_s": 7200},
        {"zone": "Gone", "arrive_by": "2025-05-09T12:07:00.000Z"},
        "nonsense",
    ]
    found = asked(gap(feasible_ports=ports), zones={name: zone(name) for name in ("Rajin", "Wonsan")})
    assert [(one.target.name, rfc3339(one.from_ms), rfc3339(one.to_ms)) for one in found[1:]] == [
        ("Rajin", "2025-05-09T09:31:00.000Z", "2025-05-12T05:07:00.000Z"),
        ("Wonsan", "2025-05-09T12:07:00.000Z", "2025-05-09T14:07:00.000Z"),
    ]


@pytest.mark.parametrize("speed", [None, 0, "fast"])
def test_without_a_speed_one_is_assumed_and_said(speed: object) -> None:
    found = of_alert([gap(v_max_kn=speed)], NOWHERE, Window(), 15.0)
    assert found.asked[0].target.growth_kn == 15.0
    assert found.said[0] == "the alert states no greatest speed; 15 kn is assumed"


def test_an_alert_without_a_position() -> None:
    with pytest.raises(ConfigError, match="states no position; give --box or --zone"):
        asked(msgspec.structs.replace(gap(), position=None))


def test_a_box_is_the_circle_around_it_also_across_the_antimeridian() -> None:
    box = box_target("10,179,12,-179")
    assert (box.lat_deg, box.lon_deg, round(box.radius_nm)) == (11.0, -180.0, 84)
    cap = box_target("88,-180,90,180")
    assert (cap.lat_deg, round(cap.radius_nm)) == (89.0, 180)
    for wrong in (
        "1,2,3",
        "1,2,3,x",
        "12,0,10,1",
        "0,0,1,200",
        "nan,0,1,1",
        "0,0,89,1",
        "-5,0,5,20",
        "0,5,1,5",
        "86,-180,89,180",
    ):
        with pytest.raises(ConfigError, match="--box"):
            box_target(wrong)


def test_a_window_must_be_one() -> None:
    assert window_of(None, 5) == Window(None, 5)
    for end in (LAST, LAST - 1, LAST + 61 * DAY_MS):
        with pytest.raises(ConfigError, match="at most 60 days"):
            window_of(LAST, end)
