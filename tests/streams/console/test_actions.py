"""What people did about a case: the whole log, who works on it, and that notes decide nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.alert import Alert
from streams.console.actions import ActionLog
from streams.console.alert_table import AlertTable
from streams.messages.feedback import Feedback, Kind, about, in_words, key_of, lacks

Make = Callable[..., Alert]


def did(alert: Alert, kind: Kind, minute: int = 0, **more: Any) -> Feedback:
    note = more.pop("note", "seen" if kind == "note" else "")
    return about(alert, kind, more.pop("by", "Kim"), note, f"2024-02-04T05:{minute:02d}:00.000Z", **more)


def test_a_note_or_an_assignment_ends_no_acknowledgement(make: Make) -> None:
    table = AlertTable()
    table.take(make(), b"1")
    for minute, kind in enumerate(("acknowledged", "note", "assigned")):
        table.hear(did(make(), kind, minute, to="Lee" if kind == "assigned" else ""))  # type: ignore[arg-type]
    (case,) = table.overview("following", log=False).cases
    assert case.word is not None and case.word.kind == "acknowledged"
    assert (case.assigned, case.notes) == ("Lee", 1)
    story = table.story(case.case_id)
    assert story is not None
    assert [one.kind for one in story.actions] == ["assigned", "note", "acknowledged"]


def test_an_assignment_is_that_of_the_case_and_outlives_a_new_revision(make: Make) -> None:
    table, one, other = AlertTable(), make(), make("b")
    for alert in (one, other):
        table.take(alert, b"1")
    table.hear(did(one, "assigned", 1, to="Lee"))
    table.hear(did(other, "assigned", 2, to="Kim"))
    table.take(make(revision=2, status="updated"), b"2")
    assert table.overview("following", log=False).cases[0].assigned == "Kim"
    table.hear(did(one, "assigned", 3))
    assert table.overview("following", log=False).cases[0].assigned == ""


def test_an_assignment_on_an_alert_that_is_no_longer_held_still_counts(make: Make) -> None:
    log = ActionLog()
    log.add(did(make(), "assigned", to="Lee"))
    assert log.assigned(make().case_id, ["b" * 32]) == "Lee"
    assert log.assigned("mmsi/1", [make().id]) == "Lee", "the alert moved to another case"
    assert log.assigned("mmsi/1", ["b" * 32]) == ""


def test_a_second_reading_of_the_topic_adds_nothing_and_ends_alike(make: Make) -> None:
    log = ActionLog()
    said = [did(make(), "acknowledged", 1), did(make(), "note", 2), did(make(), "withdrawn", 3)]
    for one in (*said, *said):
        log.add(one)
    decision = log.decision(make().id)
    assert len(log) == 3 and decision is not None and decision.kind == "withdrawn"


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["note", "acknowledged"]), st.integers(0, 59))))
def test_the_log_is_bounded(actions: list[tuple[int, Kind, int]]) -> None:
    log = ActionLog(alerts_most=5, total_most=12)
    for number, kind, minute in actions:
        log.add(
            Feedback(
                alert_id=f"{number:032x}",
                revision=1,
                kind=kind,
                case_id=f"mmsi/{number % 7}",
                detector="gap",
                by="Kim",
                time=f"2024-02-04T05:{minute:02d}:00.000Z",
            )
        )
        assert len(log._threads) <= 5 and len(log) <= 12
        assert len(log) == sum(len(thread.log) for thread in log._threads.values())
        assert set().union(*log._cases.values()) == set(log._threads)


def test_two_notes_have_two_keys_and_one_written_twice_has_one(make: Make) -> None:
    first, second = did(make(), "note", note="one"), did(make(), "note", note="two")
    assert key_of(first) != key_of(second) and key_of(first) == key_of(did(make(), "note", note="one"))
    assert key_of(first).startswith(make().id.encode())


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (("note", " ", None, ""), "write a note"),
        (("acknowledged", "", "reception", ""), "reason only with a false alarm"),
        (("note", "x", None, "Lee"), "person only with an assignment"),
        (("assigned", "", None, "\x1b[2J"), "cannot be shown"),
        (("assigned", "", None, ""), ""),
        (("false_alarm", "", "reception", ""), ""),
        (("false_alarm", "", None, ""), ""),
    ],
)
def test_what_an_action_lacks(given: tuple[Any, ...], wrong: str) -> None:
    assert lacks(*given) == wrong if not wrong else wrong in lacks(*given)


def test_in_words(make: Make) -> None:
    assert in_words(did(make(), "false_alarm", reason="reception")) == "false alarm by Kim (receiver or its range)"
    assert in_words(did(make(), "assigned", to="Lee")) == "assigned to Lee by Kim"
    assert in_words(did(make(), "assigned")) == "unassigned by Kim"
