"""Areas with unreliable positions in the log: read by the stage of vessels, and of no form a dead letter."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from detectors.core.reference import Reference
from detectors.core.vessels.affected_areas import AffectedArea
from streams.errors import Reason
from streams.messages.log_records import H_FORMAT, H_KIND, H_SOURCE, KIND_AREA, LOG_FORMAT
from streams.pipeline.engines import engine_for
from streams.settings.model import Settings
from streams.worker.area_records import AreaRecords
from streams.worker.codec import LogEntry, entry
from streams.worker.joined_records import length, processed
from streams.worker.timelines import Timelines

AREA = AffectedArea(
    alert="a" * 32, revision=1, time_ms=9, since_ms=5, south_deg=1, north_deg=2, west_deg=3, east_deg=4, vessels=3
)
HEADERS = [(H_FORMAT, LOG_FORMAT), (H_KIND, KIND_AREA), (H_SOURCE, b"places")]


def record(value: bytes, offset: int = 3) -> LogEntry:
    return entry(offset, value, HEADERS, 0)


def timelines() -> Timelines:
    def fresh(reference: Reference) -> Any:
        return engine_for(Settings(), reference, 0)

    return Timelines(fresh(Reference()), fresh)


class Log:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, **record: Any) -> None:
        self.sent.append(record)


def test_an_area_is_written_to_every_partition_and_read_again() -> None:
    log, lines = Log(), timelines()
    asyncio.run(AreaRecords(log, 3).send(AREA))
    assert [one["partition"] for one in log.sent] == [0, 1, 2]
    (outcome,) = processed(lines, [entry(3, log.sent[0]["value"], log.sent[0]["headers"], 0)])
    assert not outcome.letters and not outcome.alerts
    assert lines.live.fleet.areas.kept().waiting == [AREA]


def test_an_area_is_never_joined_with_sentences() -> None:
    sentences = entry(4, b"!AIVDM", [(H_FORMAT, LOG_FORMAT), (H_SOURCE, b"places")], 0)
    area = record(msgspec.json.encode(AREA))
    assert length([area, sentences]) == length([sentences, area]) == length([area, area]) == 1


@pytest.mark.parametrize(
    "value",
    [
        b"\xff",
        b"{}",
        b"[" * 100_000,
        msgspec.json.encode({**msgspec.to_builtins(AREA), "south_deg": 91}),
        msgspec.json.encode({**msgspec.to_builtins(AREA), "time_ms": 2**62}),
        msgspec.json.encode({**msgspec.to_builtins(AREA), "alert": "a" * 1000}),
        msgspec.json.encode({**msgspec.to_builtins(AREA), "appear_within_nm": 1e300}),
    ],
    ids=["no JSON", "nothing in it", "brackets", "no latitude", "no time", "a long id", "no distance"],
)
def test_an_area_of_no_form_is_a_dead_letter_and_changes_nothing(value: bytes) -> None:
    lines = timelines()
    (outcome,) = processed(lines, [record(value)])
    assert [(letter.reason, letter.offset) for letter in outcome.letters] == [(Reason.RECORD_UNREADABLE, 3)]
    assert not lines.live.fleet.areas.kept().waiting
