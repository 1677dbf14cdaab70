"""What the truth asks for and forbids, held against alerts."""

from typing import Any

import pytest

from detectors.core.alert import Alert
from detectors.core.units import rfc3339
from streams.scenario.model import Expected, ScenarioTruth
from streams.scenario.verdict import excesses, verdicts

LISTED, ANOTHER = 273_999_001, 205_000_001
GAP = Expected(detector="gap", severity="page", after_ms=1000, before_ms=5000)
DARK = ScenarioTruth(kind="dark", note="goes dark", mmsi=LISTED, from_ms=0, to_ms=9000, expected=(GAP,))
HONEST = ScenarioTruth(kind="honest", note="all others", from_ms=0, to_ms=9000, at_most="log")


def alert(at_ms: int = 2000, mmsi: int | None = LISTED, **changed: Any) -> Alert:
    plain: dict[str, Any] = {
        "id": "0" * 32,
        "revision": 1,
        "status": "opened",
        "detector": "gap",
        "rule_version": 1,
        "severity": "page",
        "subject": f"mmsi/{mmsi}",
        "case_id": f"mmsi/{mmsi}",
        "mmsi": mmsi,
        "episode_start": rfc3339(0),
        "time": rfc3339(at_ms),
        "headline": "dark",
    }
    return Alert(**{**plain, **changed})


def test_an_alert_that_fits_meets_the_expectation() -> None:
    assert [v.alert for v in verdicts([DARK], [alert()])] == [alert()]


@pytest.mark.parametrize(
    "wrong",
    [
        alert(at_ms=999),
        alert(at_ms=5001),
        alert(mmsi=ANOTHER),
        alert(detector="watchlist"),
        alert(severity="log"),
        alert(status="closed"),
    ],
)
def test_one_that_differs_in_anything_does_not(wrong: Alert) -> None:
    assert [v.alert for v in verdicts([DARK], [wrong])] == [None]


def test_the_reason_and_the_zone_count_where_they_are_asked_for() -> None:
    inside = Expected(detector="gap", severity="page", after_ms=0, before_ms=9000, reason="inside", zone="Rajin")
    truth = ScenarioTruth(kind="call", note="", mmsi=LISTED, from_ms=0, to_ms=9000, expected=(inside,))
    met = alert(details={"reason": "inside", "zone": "Rajin"})
    assert verdicts([truth], [met])[0].alert == met
    assert verdicts([truth], [alert(details={"reason": "inside", "zone": "Dunai"})])[0].alert is None


def test_the_earliest_of_several_is_named() -> None:
    assert verdicts([DARK], [alert(4000), alert(3000)])[0].alert == alert(3000)


def test_an_honest_ship_is_allowed_the_record_and_no_more() -> None:
    assert not excesses([DARK, HONEST], [alert(mmsi=ANOTHER, severity="log")])
    (wrong,) = excesses([DARK, HONEST], [alert(mmsi=ANOTHER, severity="ticket")])
    assert wrong.truth == HONEST


def test_what_is_said_of_a_named_ship_a_feed_or_another_time_is_no_excess() -> None:
    said = [alert(), alert(mmsi=None, severity="ticket"), alert(at_ms=9001, mmsi=HONEST)]
    assert not excesses([DARK, HONEST], said)


def asked(**more: Any) -> ScenarioTruth:
    expected = Expected(detector="gap", severity="page", after_ms=0, before_ms=5000, **more)
    return ScenarioTruth(kind="call", note="", mmsi=LISTED, from_ms=0, to_ms=9000, expected=(expected,))


def test_what_must_be_mentioned_is_looked_for_at_any_depth() -> None:
    said = alert(details={"ports": [{"zone": "Rajin", "stay_s": 3}], "near": "12 nm E of Dunai"})
    assert verdicts([asked(mentions=("Rajin",))], [said])[0].alert == said
    assert verdicts([asked(mentions=("Rajin", "Dunai"))], [said])[0].alert is None


@pytest.mark.parametrize(("ended_ms", "met"), [(None, True), (8000, True), (7999, False)])
def test_what_must_stay_open_is_not_met_by_an_alert_that_ended_before(ended_ms: int | None, met: bool) -> None:
    said = [alert()] if ended_ms is None else [alert(), alert(ended_ms, status="closed", revision=2)]
    assert (verdicts([asked(until_ms=8000)], said)[0].alert is not None) == met


def test_all_that_is_said_of_one_ship_is_one_case() -> None:
    assert verdicts([asked(case_id=f"mmsi/{LISTED}")], [alert()])[0].alert is not None
    assert verdicts([asked(case_id="imo/9179842")], [alert()])[0].alert is None


QUIET = ScenarioTruth(kind="drift", note="", mmsi=LISTED, from_ms=0, to_ms=9000, only=())
SHARED = ScenarioTruth(kind="shared", note="", mmsi=LISTED, from_ms=0, to_ms=9000, only=("shared_mmsi",))
AREA = ScenarioTruth(kind="honest", note="", from_ms=0, to_ms=9000, only=("interference",))


def test_where_nothing_may_be_reported_even_a_record_is_an_excess() -> None:
    assert [e.alert for e in excesses([QUIET], [alert(severity="log")])] == [alert(severity="log")]
    assert not excesses([QUIET], [alert(at_ms=9001), alert(mmsi=ANOTHER)])


def test_one_alert_of_a_named_detector_is_allowed_with_all_its_revisions() -> None:
    shared = alert(detector="shared_mmsi", severity="log")
    closed = alert(3000, detector="shared_mmsi", severity="log", status="closed", revision=2)
    second = alert(4000, detector="shared_mmsi", severity="log", id="1" * 32)
    other = alert(detector="position_jump", severity="log")
    assert [e.alert for e in excesses([SHARED], [shared, closed, second, other])] == [second, other]


def test_without_an_mmsi_alerts_about_areas_and_sources_are_limited_too() -> None:
    area, source = (alert(mmsi=None, detector=name, severity="ticket") for name in ("interference", "feed_outage"))
    second = alert(mmsi=None, detector="interference", severity="ticket", id="1" * 32)
    about_ship = alert(mmsi=ANOTHER, severity="log")
    found = [e.alert for e in excesses([AREA, SHARED], [area, source, second, about_ship])]
    assert found == [source, second, about_ship]
