"""The doctor's questions: at once, in order, within a time."""

from collections.abc import Iterator
from threading import Barrier, Event

import pytest

from streams.doctor.concurrent import QuestionGroup, at_once
from streams.doctor.findings import DoctorFinding, ok


def test_questions_do_not_wait_for_each_other_and_answers_keep_their_order() -> None:
    meet = Barrier(2, timeout=60)  # broken, and raised, where one waits for the other to end

    def ask(name: str) -> Iterator[DoctorFinding]:
        meet.wait()
        yield ok(name, "first")
        meet.wait()
        yield ok(name, "second")

    found = [
        (one.name, one.said)
        for one in at_once([QuestionGroup("a", lambda: ask("a")), QuestionGroup("b", lambda: ask("b"))])
    ]
    assert found == [("a", "first"), ("a", "second"), ("b", "first"), ("b", "second")]


def test_what_is_not_answered_in_time_is_unknown_and_the_others_are_told() -> None:
    never = Event()

    def slow() -> Iterator[DoctorFinding]:
        yield ok("kafka", "answers")
        never.wait()

    found = list(at_once([QuestionGroup("Kafka", slow), QuestionGroup("b", lambda: [ok("b", "well")])], limit_s=2.0))
    never.set()
    assert [(one.name, one.verdict) for one in found] == [("kafka", "ok"), ("unknown", "wrong"), ("b", "ok")]
    assert "Kafka" in found[1].said and found[1].remedy


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    def fails() -> Iterator[DoctorFinding]:
        yield ok("a", "well")
        raise LookupError("a bug")

    answers = at_once([QuestionGroup("a", fails)])
    assert next(answers).name == "a"
    with pytest.raises(LookupError, match="a bug"):
        next(answers)
