"""Is everything reachable, current, permitted, keeping up? One finding a question, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator

from streams.doctor.findings import Finding
from streams.doctor.local import local_findings
from streams.doctor.log import kafka_findings
from streams.doctor.reference import reference_findings
from streams.doctor.services import service_findings
from streams.settings import Settings

__all__ = ["Finding", "examine"]


def examine(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """All findings, in the order in which a person would look; ``now_ms`` is the wall clock, Unix ms."""
    loaded = yield from local_findings(settings)
    answered = False
    for finding in kafka_findings(settings, now_ms):
        answered = answered or (finding.name == "kafka" and finding.verdict != "wrong")
        yield finding
    if loaded is not None:
        yield from reference_findings(settings, loaded, now_ms, asks=answered)
    yield from service_findings(settings)
