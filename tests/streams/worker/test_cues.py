"""Cues beside alerts: one with each revision that has passes, in the alert's partition, and none without."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event

from detectors.core.alert import Alert, encode
from detectors.core.orbits.choice import OrbitRecord
from detectors.core.orbits.sensors import SENSORS
from detectors.core.testing import beside
from streams.broker.clients import producer
from streams.broker.reading import read
from streams.imagery.cues import cue_of
from streams.messages.cue import Cue
from streams.messages.cue import encode as encode_cue
from streams.messages.log_records import H_FORMAT, H_KIND, H_SOURCE, KIND_ELEMENTS, LOG_FORMAT
from streams.messages.topics import ALERTS, CUES, SENTENCES
from streams.messages.values import decoded
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.settings.model import KafkaSettings
from streams.worker.publish import Publisher
from tests.detectors.orbits.published import ELEMENTS
from tests.detectors.test_imagery_advice import dark, gaps, given
from tests.streams.imagery.cue_alerts import alert_of, passes_over
from tests.streams.worker.conftest import StartWorker, make_topics, send

FEED_BEGINS_MS = 1_700_000_000_000


class Sink:
    """A topic that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, **record: Any) -> None:
        self.sent.append(record)


def published(alerts: list[Alert]) -> tuple[Sink, Sink]:
    """The records of alerts and of cues."""
    topic, cues, other = Sink(), Sink(), Sink()
    nothing: Any = None
    publisher = Publisher(topic, other, cues, other, identities=nothing, places=nothing, areas=nothing, slow=nothing)

    async def publish() -> None:
        for alert in alerts:
            await publisher.alert(alert, partition=3)

    asyncio.run(publish())
    return topic, cues


def test_each_revision_with_passes_has_a_cue_and_the_last_withdraws_it() -> None:
    alerts = gaps(beside(dark(), [given(0.5)]))
    topic, cues = published(alerts)
    assert [one["value"] for one in topic.sent] == [encode(alert) for alert in alerts]
    said = [json.loads(one["value"]) for one in cues.sent]
    assert [one["properties"]["revision"] for one in said] == [alert.revision for alert in alerts]
    statuses = [one["properties"]["status"] for one in said]
    assert statuses == ["wanted", "wanted", "withdrawn", "withdrawn"]  # its reach is too wide, then it is heard
    assert {one["key"] for one in cues.sent} == {alerts[0].id.encode()}
    assert {one["partition"] for one in cues.sent} == {3}


def test_a_silence_without_passes_has_no_cue() -> None:
    topic, cues = published(gaps(dark(to_h=20, all_h=22)))
    assert len(topic.sent) >= 2 and not cues.sent


def test_the_headers_of_a_cue_are_a_cloud_event() -> None:
    (sent,) = published([alert_of(passes_over(42.4, 131.5, 60.0))])[1].sent
    event = from_kafka_event(KafkaMessage(headers=sent["headers"], key=sent["key"], value=sent["value"]))
    assert (event.get_type(), event.get_id(), event.get_source()) == ("wakewatch.cue.v1", f"{'ab' * 16}/2", "wakewatch")
    assert event.get_subject() == "mmsi/273999001" and event.get_data() == json.loads(sent["value"])


def test_an_alert_whose_passes_cannot_be_read_is_written_without_a_cue() -> None:
    topic, cues = published([alert_of([], details={"imagery": {"passes": 3}}), alert_of([])])
    assert len(topic.sent) == 2 and len(cues.sent) == 1


def listed_gap() -> bytes:
    """Ten hours of 25 ships; the listed one is silent for four of them."""
    lines = []
    for second in range(0, 10 * 3600, 60):
        for number in range(25):
            listed, at_ms = number == 0, FEED_BEGINS_MS + second * 1000 + number * 100
            if listed and 4 * 3600 < second < 8 * 3600:
                continue
            mmsi = 273_999_001 if listed else 205_000_000 + number
            fix = EncodedFix(41.0 + number / 100 + second / 21_600, 130.5, 10.0, 0.0, second=second % 60)
            lines += tagged(sentences(position(mmsi, fix, status=0)), at_ms, "pier")
            if listed and second % 360 == 0:
                says = Particulars(
                    imo=9_179_842, call_sign="UX999", name="ANGARA", ship_type=79, length_m=128, beam_m=18
                )
                lines += tagged(sentences(static(mmsi, says)), at_ms + 50, "pier")
    return b"\n".join(lines) + b"\n"


def tell_elements(kafka: KafkaSettings) -> None:
    """Element sets of the time of the feed, as they come into the log."""
    record = OrbitRecord(
        given_ms=FEED_BEGINS_MS,
        elements=tuple(
            msgspec.structs.replace(one, epoch_ms=float(FEED_BEGINS_MS + number * 3_600_000))
            for number, one in enumerate(ELEMENTS.values())
        ),
        sensors=SENSORS,
    )
    headers = [(H_FORMAT, LOG_FORMAT), (H_KIND, KIND_ELEMENTS), (H_SOURCE, b"imagery")]
    sender = producer(kafka)
    sender.send(kafka.topic_prefix + SENTENCES, value=msgspec.json.encode(record), headers=headers, partition=0)
    sender.close(timeout=60)


@pytest.mark.broker
def test_the_worker_writes_the_cues_of_its_alerts(
    kafka_settings: KafkaSettings, tmp_path: Path, start_worker: StartWorker
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    make_topics(kafka)
    tell_elements(kafka)
    send(kafka, listed_gap(), tmp_path)
    worker = start_worker(kafka)
    worker.until(lambda: any(cue.properties.status == "withdrawn" for cue in cues_in(kafka).values()))
    assert worker.stop() == 0
    alerts = {(a.id, a.revision): a for a in (decoded(r.value, Alert) for r in read(kafka, ALERTS) if r.value)}
    wanted = {key: cue_of(alert) for key, alert in alerts.items() if "imagery" in alert.details}
    assert cues_in(kafka) == wanted
    assert "gap" in {alert.detector for alert in alerts.values() if "imagery" in alert.details}
    for record in read(kafka, CUES):
        assert record.value is not None and record.key == decoded(record.value, Cue).id.encode()
        assert record.value == encode_cue(msgspec.json.decode(record.value, type=Cue))


def cues_in(kafka: KafkaSettings) -> dict[tuple[str, int], Cue]:
    found = [msgspec.json.decode(record.value, type=Cue) for record in read(kafka, CUES) if record.value]
    return {(cue.id, cue.properties.revision): cue for cue in found}
