"""Independent checks: started together, answered in order, with a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, NamedTuple

from streams.doctor.findings import DoctorFinding, wrong

LIMIT_S: Final = 40.0
"""The user needs an answer within a minute, also if Kafka needs seconds for each of thirty requests."""


class QuestionGroup(NamedTuple):
    """Checks that run one after the other."""

    of: str
    """The checked system, for display."""
    findings: Callable[[], Iterable[DoctorFinding]]


def at_once(asks: Sequence[QuestionGroup], limit_s: float = LIMIT_S) -> Iterator[DoctorFinding]:
    """The findings of all groups, in order; each as soon as it is there and all earlier groups have ended.

    A check without an answer within ``limit_s`` is reported as unknown, which is wrong. Raises what a check raises.
    """
    until_s = time.monotonic() + limit_s
    answers = [_begun(ask) for ask in asks]
    for ask, answered in zip(asks, answers, strict=True):
        yield from _until(ask, answered, until_s)


_Answers = SimpleQueue[DoctorFinding | BaseException | None]


def _begun(ask: QuestionGroup) -> _Answers:
    answered: _Answers = SimpleQueue()

    def run() -> None:
        try:
            for finding in ask.findings():
                answered.put(finding)
            answered.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is awaited
            answered.put(error)

    Thread(target=run, name=f"doctor: {ask.of}", daemon=True).start()
    return answered


def _until(ask: QuestionGroup, answered: _Answers, until_s: float) -> Iterator[DoctorFinding]:
    while True:
        try:
            answer = answered.get(timeout=max(0.0, until_s - time.monotonic()))
        except Empty:
            said = f"{ask.of} did not answer all questions in time: checks that are missing above are unknown"
            yield wrong("unknown", said, "check the load of it and of this machine; run doctor again")
            return
        if answer is None:
            return
        if isinstance(answer, BaseException):
            raise answer
        yield answer
