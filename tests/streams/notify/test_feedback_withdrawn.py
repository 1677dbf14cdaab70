"""A word on an alert that is taken back: what is still open of its case is told again."""

from __future__ import annotations

from collections.abc import Callable

from detectors.core.alert import Alert
from detectors.core.units import unix_ms
from streams.messages.feedback import Feedback, about
from streams.notify.core import NoticeRules, NoticeScheduler, Outgoing
from streams.notify.rate_cap import GateRules

Make = Callable[..., Alert]
NOW = 1_800_000_000_000
SECOND, MINUTE = 1000, 60_000


def said(alert: Alert, kind: str) -> Feedback:
    return about(alert, kind, "Kim", "", "2027-01-15T08:00:00.000Z")  # type: ignore[arg-type]


def notices() -> NoticeScheduler:
    return NoticeScheduler(NoticeRules(rate_cap=GateRules(groups_most=0), settle_s=0))


def firing(out: Outgoing, now_ms: int) -> list[str]:

    return [one.labels["alert_id"][0] for one in out.notices if unix_ms(one.ends_at) > now_ms]


def test_all_of_the_case_that_was_put_out_is_told_again(make: Make) -> None:
    told, one, other = notices(), make(id="1" * 32), make(id="2" * 32)
    for alert in (one, other):
        assert firing(told.take(alert, NOW), NOW) == [alert.id[0]]
    assert firing(told.heard(said(one, "acknowledged"), NOW + SECOND), NOW + SECOND) == []
    assert told.due(NOW + 10 * MINUTE).notices == ()
    again = told.heard(said(one, "withdrawn"), NOW + 11 * MINUTE)
    assert sorted(firing(again, NOW + 11 * MINUTE)) == ["1", "2"]
    assert sorted(firing(told.due(NOW + 13 * MINUTE), NOW + 13 * MINUTE)) == ["1", "2"], "and repeated"


def test_what_ended_or_changed_meanwhile_is_not_told_as_it_was(make: Make) -> None:
    told, one, other = notices(), make(id="1" * 32), make(id="2" * 32)
    for alert in (one, other):
        told.take(alert, NOW)
    told.heard(said(one, "false_alarm"), NOW)
    told.take(make(id="1" * 32, revision=2, status="closed"), NOW + SECOND)
    told.take(make(id="2" * 32, revision=2, status="updated"), NOW + SECOND)
    assert firing(told.heard(said(one, "withdrawn"), NOW + MINUTE), NOW + MINUTE) == []
    assert firing(told.due(NOW + 3 * MINUTE), NOW + 3 * MINUTE) == ["2"]


def test_over_a_restart_too(make: Make) -> None:
    told, one = notices(), make(id="1" * 32)
    told.heard(said(one, "acknowledged"), NOW)
    told.restore(one, NOW)
    assert told.due(NOW + MINUTE).notices == ()
    assert firing(told.heard(said(one, "withdrawn"), NOW + MINUTE), NOW + MINUTE) == ["1"]
    later = notices()
    later.heard(said(one, "acknowledged"), NOW)
    later.heard(said(one, "withdrawn"), NOW)
    later.restore(one, NOW)
    assert firing(later.due(NOW + MINUTE), NOW + MINUTE) == ["1"]


def test_taking_back_what_was_never_said_tells_nothing(make: Make) -> None:
    told = notices()
    told.take(make(), NOW)
    assert told.heard(said(make(), "withdrawn"), NOW).notices == ()


def test_notes_and_assignments_neither_silence_nor_notify(make: Make) -> None:
    told, one = notices(), make(id="1" * 32)
    told.take(one, NOW)
    for kind in ("note", "assigned"):
        assert told.heard(said(one, kind), NOW + SECOND).notices == ()
    assert firing(told.due(NOW + 2 * MINUTE), NOW + 2 * MINUTE) == ["1"], "still repeated"
    told.heard(said(one, "acknowledged"), NOW + 3 * MINUTE)
    for kind in ("note", "assigned"):
        assert told.heard(said(one, kind), NOW + 4 * MINUTE).notices == ()
    assert firing(told.due(NOW + 6 * MINUTE), NOW + 6 * MINUTE) == [], "still acknowledged"
