"""Images through a real broker: imported, matched with the log, told to the worker, whatever is killed meanwhile."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from detectors.core.alert import Alert
from detectors.core.vessels.sightings import Sighting, sightings_in
from streams.broker import clients
from streams.broker.acl import refuse_unless_allowed
from streams.broker.reading import read
from streams.errors import ConfigError, SinkError
from streams.imagery.images import Contact, Image
from streams.imagery.importing import write_images
from streams.matcher import run, sending
from streams.matcher.run import Matcher
from streams.matcher.sending import MATCH_BYTES_MOST
from streams.messages.log_records import H_KIND, KIND_SIGHTING
from streams.messages.matched import ImageMatch
from streams.messages.topics import ALERTS, DEAD, DETECTIONS, IMAGES, SENTENCES, create_missing
from streams.messages.values import decoded
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.observability.metrics import Metrics
from streams.reference.loading import load_reference
from streams.settings.model import KafkaSettings, Settings
from tests.streams.worker.conftest import StartWorker, send

pytestmark = pytest.mark.broker
BEGIN_MS = 1_700_000_000_000
HOUR_S = 3600
BACK, GONE = 273_999_001, 273_999_777
"""The first is heard again, the second is not."""
PARTITIONS = 3


def feed() -> bytes:
    """Ten hours of 24 ships at two places; at each place a listed ship falls silent after four hours."""
    lines = []
    for second in range(0, 10 * HOUR_S, 60):
        for number in range(26):
            mmsi = {0: BACK, 1: GONE}.get(number, 205_000_000 + number)
            silent = second > 4 * HOUR_S and (number == 1 or (number == 0 and second < 8 * HOUR_S))
            if silent:
                continue
            at_ms = BEGIN_MS + second * 1000 + number * 100
            lat_deg = (41.0 if number % 2 else 36.0) + number / 100
            fix = EncodedFix(lat_deg + second / 21_600, 130.5, 10.0, 0.0, second=second % 60)
            lines += tagged(sentences(position(mmsi, fix, status=0)), at_ms, "pier")
            if number < 2 and second % 360 == 0:
                imo, name = ((9_179_842, "ANGARA"), (9_161_003, "LADY R"))[number]
                says = Particulars(imo=imo, call_sign="UX999", name=name, ship_type=79, length_m=128, beam_m=18)
                lines += tagged(sentences(static(mmsi, says)), at_ms + 50, "pier")
    return b"\n".join(lines) + b"\n"


def image(name: str, hour: float, *places: tuple[float, float]) -> Image:
    box = ((129.0, 35.0), (132.0, 35.0), (132.0, 43.5), (129.0, 43.5), (129.0, 35.0))
    return Image(
        id=name,
        sensor="Sentinel-1",
        kind="radar",
        time_ms=BEGIN_MS + int(hour * HOUR_S * 1000),
        footprint=box,
        outlined=False,
        contacts=tuple(
            Contact(id=f"{name} {n}", lat_deg=lat, lon_deg=lon, length_m=127.0) for n, (lat, lon) in enumerate(places)
        ),
        track_deg=192.0,
        looks="right",
    )


FIRST = image("S1A-FIRST", 4.6, (36.68, 130.55), (41.7, 130.52))
"""A contact 36 min after each fell silent, a mile and a half from there."""
LATER = image("S1A-LATER", 5.0, (42.0, 131.9))
"""Out of reach of both."""


def matched(kafka: KafkaSettings) -> None:
    """One run of the matching over what is there."""
    settings = Settings(kafka=kafka)
    Matcher(kafka, load_reference(settings.reference), Metrics(CollectorRegistry()), threading.Event()).run(once=True)


def newest_gaps(kafka: KafkaSettings) -> dict[int, Alert]:
    found: dict[int, Alert] = {}
    for record in read(kafka, ALERTS):
        alert = decoded(record.value or b"", Alert)
        if alert.detector == "gap" and alert.mmsi in {BACK, GONE}:
            former = found.get(alert.mmsi)
            if former is None or alert.revision >= former.revision:
                found[alert.mmsi] = alert
    return found


def told(kafka: KafkaSettings) -> int:
    return sum(record.headers.get(H_KIND) == KIND_SIGHTING for record in read(kafka, SENTENCES))


def shown(kafka: KafkaSettings) -> dict[int, tuple[Sighting, ...]]:
    return {mmsi: sightings_in(alert) for mmsi, alert in newest_gaps(kafka).items()}


def test_an_image_revises_an_open_gap_and_one_that_has_ended_once_whatever_dies(
    kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=PARTITIONS)
    send(kafka, feed(), tmp_path)
    worker = start_worker(kafka)
    worker.until(lambda: {m: a.status for m, a in newest_gaps(kafka).items()} == {BACK: "closed", GONE: "opened"})
    before = newest_gaps(kafka)
    write_images(kafka, [LATER, FIRST])
    matched(kafka)
    assert told(kafka) == 2
    worker.stop(signal.SIGKILL)  # before or after it has read them
    worker = start_worker(kafka)
    worker.until(lambda: all(shown(kafka).values()))
    for mmsi, contact in ((BACK, "S1A-FIRST 0"), (GONE, "S1A-FIRST 1")):
        alert = newest_gaps(kafka)[mmsi]
        assert [(one.image, one.outcome, one.contact) for one in sightings_in(alert)] == [
            ("S1A-FIRST", "possible", contact)
        ]
        assert (alert.id, alert.revision) == (before[mmsi].id, before[mmsi].revision + 1)
    assert {m: a.status for m, a in newest_gaps(kafka).items()} == {BACK: "closed", GONE: "updated"}
    matched(kafka)  # everything is stated already
    write_images(kafka, [FIRST])
    matched(kafka)
    assert told(kafka) == 2
    assert worker.stop() == 0
    ids = [
        (decoded(record.value or b"", Alert).id, decoded(record.value or b"", Alert).revision, record.value)
        for record in read(kafka, ALERTS)
    ]
    assert len({(key, revision) for key, revision, _ in ids}) == len(set(ids))  # repeated ones are the same bytes
    assert list(read(kafka, DEAD)) == []


def test_an_image_of_a_time_that_the_log_does_not_hold_is_not_matched(
    kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    send(kafka, feed()[:200_000], tmp_path)
    write_images(kafka, [image("S1A-OLD", -72.0, (36.7, 130.5))])
    matched(kafka)
    (match,) = [decoded(record.value or b"", ImageMatch) for record in read(kafka, IMAGES)]
    assert match.why_not == "the log holds nothing of its time" and not told(kafka)


def test_records_that_no_program_of_ours_writes_are_counted_and_images_are_matched(
    kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    send(kafka, feed(), tmp_path)
    worker = start_worker(kafka)
    worker.until(lambda: {m: a.status for m, a in newest_gaps(kafka).items()} == {BACK: "closed", GONE: "opened"})
    assert worker.stop() == 0
    write_images(kafka, [FIRST])
    wrong = msgspec.to_builtins(FIRST)
    (alert, *_) = newest_gaps(kafka).values()
    client = clients.producer(kafka)
    for topic, values in {
        DETECTIONS: [
            b"\xff",
            b"[" * 100_000,
            msgspec.json.encode({**wrong, "id": "x", "footprint": []}),
            msgspec.json.encode({**wrong, "id": "x", "footprint": [[1, 1], [2, 2]]}),
            msgspec.json.encode({**wrong, "id": "x", "clouds": [[]]}),
            msgspec.json.encode({**wrong, "id": "another"}),
        ],
        IMAGES: [b"{}", b'{"image":"S1A-FIRST","version":"","matched_ms":-1}'],
        ALERTS: [
            b"{}",
            msgspec.json.encode(msgspec.structs.replace(alert, revision=99, details={"sightings": "x"})),
            msgspec.json.encode(msgspec.structs.replace(alert, revision=99, time="soon")),
        ],
    }.items():
        for value in values:
            client.send(kafka.topic_prefix + topic, key=b"x", value=value, partition=0)
    client.flush()
    client.close()
    registry, settings = CollectorRegistry(), Settings(kafka=kafka)
    Matcher(kafka, load_reference(settings.reference), Metrics(registry), threading.Event()).run(once=True)
    counted = {
        topic: registry.get_sample_value("wakewatch_unreadable_records_total", {"topic": topic})
        for topic in (DETECTIONS, IMAGES, ALERTS)
    }
    assert counted == {DETECTIONS: 6, IMAGES: 2, ALERTS: 3}
    assert registry.get_sample_value("wakewatch_images_matched_total", {"outcome": "matched"}) == 1
    assert registry.get_sample_value("wakewatch_sightings_reported_total") == 2
    assert registry.get_sample_value("wakewatch_image_wait_seconds") == 0
    assert told(kafka) == 2


def test_an_image_with_more_vessels_than_a_record_holds_is_matched_with_fewer_fixes_of_each(
    monkeypatch: pytest.MonkeyPatch, kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    send(kafka, feed(), tmp_path)
    for rest, fixes in ((MATCH_BYTES_MOST - 4_000, 2), (MATCH_BYTES_MOST, 0)):
        monkeypatch.setattr(run, "_REST_BYTES", rest)
        write_images(kafka, [image(f"S1A-{fixes}", 4.6, (36.68, 130.55))])
        matched(kafka)
        *_, match = [decoded(record.value or b"", ImageMatch) for record in read(kafka, IMAGES)]
        most = max(match.fixes.mmsi.count(mmsi) for mmsi in match.fixes.mmsi) if match.fixes.mmsi else 0
        assert (match.image, most) == (f"S1A-{fixes}", fixes)
        assert match.why_not == ("" if fixes else "too many vessels are around it")


def test_what_kafka_rejects_ends_the_matching_with_an_error(
    monkeypatch: pytest.MonkeyPatch, kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    send(kafka, feed(), tmp_path)
    write_images(kafka, [FIRST])
    made = sending.producer
    monkeypatch.setattr(sending, "producer", lambda kafka, **how: made(kafka, **how, max_request_size=500))
    with pytest.raises(SinkError, match="MessageSizeTooLarge"):
        matched(kafka)


def test_a_kafka_without_the_topics_of_images_is_told_how_to_add_them(kafka_settings: KafkaSettings) -> None:
    settings, client = Settings(kafka=kafka_settings), clients.admin(kafka_settings)
    with pytest.raises(ConfigError, match=r"ais\.images\.v1.*create them with `wakewatch topics create`"):
        refuse_unless_allowed(client, "imagery match", settings)
    create_missing(client, kafka_settings)
    refuse_unless_allowed(client, "imagery match", settings)
    client.close()
