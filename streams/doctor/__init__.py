"""Checks a running system: reachable, current, permitted, keeping up? One finding per check, with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial

from streams.doctor.concurrent import LIMIT_S, QuestionGroup, at_once
from streams.doctor.findings import DoctorFinding
from streams.doctor.imagery import elements_finding
from streams.doctor.local import local_findings
from streams.doctor.log import kafka_findings
from streams.doctor.reference import reference_findings
from streams.doctor.services import service_findings
from streams.settings.model import Settings

__all__ = ["DoctorFinding", "examine"]


def examine(settings: Settings, now_ms: int, limit_s: float = LIMIT_S) -> Iterator[DoctorFinding]:
    """All findings, in the order in which a person would check; ``now_ms``: wall clock, Unix ms."""
    loaded = yield from local_findings(settings)
    elements = elements_finding(settings.imagery, now_ms)
    if elements is not None:
        yield elements
    answers: Future[bool] = Future()

    def of_kafka() -> Iterator[DoctorFinding]:
        try:
            for finding in kafka_findings(settings, now_ms):
                if finding.name == "kafka" and not answers.done():
                    answers.set_result(finding.verdict != "wrong")
                yield finding
        finally:
            if not answers.done():
                answers.set_result(False)

    def of_reference() -> Iterator[DoctorFinding]:
        if loaded is not None:
            yield from reference_findings(settings, loaded, now_ms, asks=answers.result())

    services = partial(service_findings, settings)
    yield from at_once(
        (
            QuestionGroup("Kafka", of_kafka),
            QuestionGroup("Kafka", of_reference),
            QuestionGroup("wakewatch processes", services),
        ),
        limit_s,
    )
