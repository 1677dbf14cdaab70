"""What satellite images show, in the log: read by the stage of vessels, and of no form a dead letter."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detectors.core.alert import Alert
from detectors.core.reference import Reference
from detectors.core.vessels.sightings import Sighting, SightingRecord, sightings_in
from streams.errors import Reason
from streams.messages.log_records import H_FORMAT, H_KIND, H_SOURCE, KIND_SIGHTING, LOG_FORMAT
from streams.pipeline.engines import engine_for
from streams.settings.model import Settings
from streams.worker.codec import LogEntry, entry
from streams.worker.joined_records import length, processed
from streams.worker.timelines import Timelines

HEADERS = [(H_FORMAT, LOG_FORMAT), (H_KIND, KIND_SIGHTING), (H_SOURCE, b"imagery")]
SEEN = Sighting(
    image="S1A", sensor="Sentinel-1", time_ms=5, outcome="possible", score=0.5, lat_deg=1.0, lon_deg=2.0, contact="3"
)
ENDED = Alert(
    id="a" * 32,
    revision=2,
    status="closed",
    detector="gap",
    rule_version=2,
    severity="page",
    subject="mmsi/273999001",
    case_id="mmsi/273999001",
    mmsi=273999001,
    episode_start="2024-01-01T00:00:00.000Z",
    time="2024-01-02T00:00:00.000Z",
    headline="ANGARA heard again",
)
RECORD = SightingRecord(mmsi=273999001, told_ms=1_704_153_700_000, sightings=(SEEN,), alert=ENDED)


def record(value: bytes) -> LogEntry:
    return entry(3, value, HEADERS, 0)


def timelines() -> Timelines:
    def fresh(reference: Reference) -> Any:
        return engine_for(Settings(), reference, 0)

    return Timelines(fresh(Reference()), fresh)


def test_a_sighting_revises_an_alert_that_has_ended_once() -> None:
    lines = timelines()
    (outcome,) = processed(lines, [record(msgspec.json.encode(RECORD))])
    (emitted,) = outcome.alerts
    assert (emitted.alert.revision, emitted.alert.status) == (3, "closed")
    assert emitted.alert.time == "2024-01-02T00:01:40.000Z"
    assert sightings_in(emitted.alert) == (SEEN,)
    (again,) = processed(lines, [record(msgspec.json.encode(RECORD))])
    assert not again.alerts and not again.letters


def test_a_sighting_is_never_joined_with_sentences() -> None:
    sentences = entry(4, b"!AIVDM", [(H_FORMAT, LOG_FORMAT), (H_SOURCE, b"imagery")], 0)
    sighting = record(msgspec.json.encode(RECORD))
    assert length([sighting, sentences]) == length([sentences, sighting]) == length([sighting, sighting]) == 1


def changed(**what: object) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(RECORD), **what})


@pytest.mark.parametrize(
    "value",
    [
        b"\xff",
        b"{}",
        b"[" * 100_000,
        changed(mmsi=-1),
        changed(told_ms=2**62),
        changed(sightings=[{**msgspec.to_builtins(SEEN), "lat_deg": 91}]),
        changed(sightings=[{**msgspec.to_builtins(SEEN), "image": "a" * 1000}]),
        changed(alert={**msgspec.to_builtins(ENDED), "time": "soon"}),
        changed(alert={**msgspec.to_builtins(ENDED), "revision": 2**40}),
        changed(alert={**msgspec.to_builtins(ENDED), "details": 3}),
    ],
)
def test_a_sighting_of_no_form_is_a_dead_letter_and_changes_nothing(value: bytes) -> None:
    (outcome,) = processed(timelines(), [record(value)])
    assert [(letter.reason, letter.offset) for letter in outcome.letters] == [(Reason.RECORD_UNREADABLE, 3)]
    assert not outcome.alerts
