"""Ships of several partitions are displaced from one roadstead: one alert, in replay and through Kafka alike."""

from __future__ import annotations

import signal
from pathlib import Path

import msgspec
import pytest

from detectors.core.alert import Alert, encode
from detectors.core.displacements import Displacement
from detectors.core.place_stage.areas import DisplacedAreas
from detectors.core.promises import PartitionWatermark
from streams.broker.clients import consumer
from streams.broker.node import free_port
from streams.broker.reading import read
from streams.doctor.reading import newest, newest_head
from streams.errors import Reason
from streams.messages.log_records import partition_of
from streams.messages.topics import AREAS, FLEET, HISTORIES, IDENTITIES, PLACES, SENTENCES
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.settings.model import KafkaSettings
from streams.worker.codec import entry
from streams.worker.places import INPUT
from tests.streams.worker.conftest import StartWorker, Worker, alerts_in_process, key_of, send, shown_by, written

START_S = 1_700_000_000
HOUR_S = 3600
PARTITIONS = 4
SHIPS = tuple(244_000_301 + n for n in range(6))
DISPLACED = SHIPS[:4]
ROADS, AWAY = (-34.20, 18.10), (-33.95, 18.60)
JUMP_S, BACK_S, END_S = HOUR_S, 2 * HOUR_S, int(3.6 * HOUR_S)


def roadstead() -> bytes:
    """Six ships at anchor, four of which appear 30 nm away for an hour and come back."""
    said = []
    for number, mmsi in enumerate(SHIPS):
        for second in range(number, END_S, 60):
            lat_deg, lon_deg = ROADS[0] + number / 500, ROADS[1] + number / 700
            if mmsi in DISPLACED and JUMP_S <= second < BACK_S:
                lat_deg, lon_deg = AWAY[0] + number / 6000, AWAY[1]
            fix = EncodedFix(lat_deg=lat_deg, lon_deg=lon_deg, sog_kn=0.0, cog_deg=0.0, second=second % 60)
            said.append((second, sentences(position(mmsi, fix))))
        who = Particulars(imo=9_358_010 if number == 1 else 0, name=f"ROADS {number}", ship_type=70, length_m=120)
        said.append((number + 30, sentences(static(mmsi, who), sequence=number)))
    said.sort(key=lambda each: each[0])
    return (
        b"\n".join(line for second, lines in said for line in tagged(lines, (START_S + second) * 1000, "pier")) + b"\n"
    )


def about_areas(alerts: list[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.detector == "interference"]


def test_replay_finds_one_area_at_any_number_of_partitions() -> None:
    assert len({partition_of(mmsi, PARTITIONS) for mmsi in DISPLACED}) > 1
    feed = roadstead()
    found = [about_areas(alerts_in_process(feed, partitions)) for partitions in (1, PARTITIONS, 12)]
    assert [encode(a) for a in found[0]] == [encode(a) for a in found[1]] == [encode(a) for a in found[2]]
    opened, closed = found[0]
    assert (opened.status, opened.severity, opened.subject) == ("opened", "ticket", "place/34.5S018.0E")
    assert opened.mmsi is None and opened.vessel is None and opened.position is not None
    assert {one["mmsi"] for one in opened.details["vessels"]} < set(DISPLACED)
    assert {one["name"] for one in opened.details["vessels"]} <= {f"ROADS {n}" for n in range(4)}
    (listed,) = (fact for fact in opened.why if fact.fact == "listed vessel among them")
    assert (listed.value, listed.source) == (f"ROADS 1 (IMO 9358010) MMSI {SHIPS[1]}", "OFAC")
    assert opened.details["shape"]["kind"] == "point" and opened.time < "2023-11-14T23:20"
    assert closed.status == "closed" and closed.details["ended"] == "quiet"


def facts_in(kafka: KafkaSettings, kind: bytes) -> int:
    return sum(kind in (record.value or b"") for record in read(kafka, "ais.places.v1"))


def is_saved(kafka: KafkaSettings, *states: tuple[str, str]) -> bool:
    """Whether the snapshots of these stages (topic that is read, topic of the state) cover all that they read."""
    client = consumer(kafka)
    try:
        for read_topic, state in states:
            ends = newest(client, kafka.topic_prefix + read_topic).ends
            cuts = newest_head(client, kafka.topic_prefix + state)
            if any(end and (number not in cuts or cuts[number].offset < end - 1) for number, end in ends.items()):
                return False
    finally:
        client.close()
    return True


@pytest.mark.broker
@pytest.mark.parametrize("partitions", [1, PARTITIONS, pytest.param(12, marks=pytest.mark.full)])
def test_kafka_gives_what_replay_gives_also_over_kill_9(
    kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path, partitions: int
) -> None:
    kafka, feed = msgspec.structs.replace(kafka_settings, partitions=partitions), roadstead()
    wanted = {key_of(encode(alert)) for alert in alerts_in_process(feed, partitions)}
    areas = {key_of(encode(alert)) for alert in about_areas(alerts_in_process(feed, partitions))}
    assert len(areas) == 2 and areas < wanted
    send(kafka, feed, tmp_path, pack=20)
    worker = start_worker(kafka)
    worker.until(lambda: facts_in(kafka, b'"displaced"') > 0)
    worker.stop(signal.SIGKILL)
    worker = start_worker(kafka)
    worker.until(lambda: wanted <= set(written(kafka)) and is_saved(kafka, (PLACES, AREAS)))
    worker.stop(signal.SIGKILL)
    worker = start_worker(kafka)
    worker.until(lambda: is_saved(kafka, (SENTENCES, FLEET), (IDENTITIES, HISTORIES), (PLACES, AREAS)))
    assert worker.stop() == 0
    assert set(written(kafka)) == wanted
    assert list(read(kafka, "ais.dead.v1")) == []
    before = len(written(kafka))
    again = start_worker(kafka)  # all states are whole: nothing is written again
    again.until(lambda: again.said().count("partitions taken over") == 4)
    assert again.stop() == 0
    assert len(written(kafka)) == before


@pytest.mark.broker
def test_a_fact_through_a_running_worker_has_its_key_its_metrics_and_its_snapshot(
    kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=PARTITIONS)
    send(kafka, roadstead(), tmp_path)
    port = free_port()
    worker: Worker = start_worker(kafka, WAKEWATCH_WORKER_METRICS_PORT=str(port))
    worker.until(lambda: facts_in(kafka, b'"displaced"') > 0)
    wanted = [f'wakewatch_{name}{{partition="places"}}' for name in ("lag_records", "watermark_timestamp_seconds")]
    worker.until(lambda: all(name in shown_by(port) for name in wanted))
    worker.until(lambda: 'wakewatch_alerts_open{detector="interference"} 0.0' in shown_by(port))
    assert worker.stop() == 0
    facts = [record for record in read(kafka, "ais.places.v1") if b'"displaced"' in (record.value or b"")]
    assert {record.key for record in facts} == {b"34.5S018.0E"} and all(len(one.value or b"") < 600 for one in facts)
    assert facts_in(kafka, b'"heard"') >= PARTITIONS


FACT = {
    "type": "displaced",
    "mmsi": 244_000_301,
    "time_ms": 5,
    "stamp_ms": 5,
    "lat_deg": 1.0,
    "lon_deg": 2.0,
    "origin_lat_deg": 3.0,
    "origin_lon_deg": 4.0,
    "origin_ms": 4,
    "source": "pier",
}
REJECTED = {
    "no JSON": b"\xff",
    "nothing": b"",
    "another type": b'{"type":"binding","imo":9179842}',
    "no time": msgspec.json.encode({**FACT, "stamp_ms": 2**62}),
    "an origin before all time": msgspec.json.encode({**FACT, "origin_ms": -1}),
    "no vessel": msgspec.json.encode({**FACT, "mmsi": 2**40}),
    "no place": msgspec.json.encode({**FACT, "lat_deg": 91.0}),
    "no origin": msgspec.json.encode({**FACT, "origin_lon_deg": 1e300}),
    "a name of 512 kB": msgspec.json.encode({**FACT, "name": "n" * 524_288}),
    "a promise without end": msgspec.json.encode({"type": "heard", "partition": 0, "heard_ms": 2**62}),
    "brackets": b"[" * 100_000,
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_no_displacement_is_a_dead_letter_and_changes_nothing(name: str) -> None:
    areas = DisplacedAreas.build(PARTITIONS, {}, {})
    before = areas.manifest()
    alerts, letters = INPUT.learn(areas, entry(3, REJECTED[name], (), 0))
    assert not alerts and [(one.reason, one.offset) for one in letters] == [(Reason.RECORD_UNREADABLE, 3)]
    assert letters[0].detail.startswith("displacement: ")
    assert areas.manifest() == before and not areas.dirty()


def test_a_displacement_is_added_and_an_unknown_partition_is_ignored() -> None:
    areas = DisplacedAreas.build(PARTITIONS, {}, {})
    strange = msgspec.json.encode(PartitionWatermark(partition=7, heard_ms=9))
    assert INPUT.learn(areas, entry(3, strange, (), 0)) == ([], []) and not areas.dirty()
    assert INPUT.learn(areas, entry(4, msgspec.json.encode(FACT), (), 0)) == ([], []) and areas.dirty()


def test_a_fact_that_cannot_wait_becomes_a_dead_letter_with_its_own_reason() -> None:
    areas = DisplacedAreas.build(1, {"interference": {"waiting_most": 1000}}, {})
    told = msgspec.convert(FACT, Displacement)
    for number in range(1000):
        areas.take(msgspec.structs.replace(told, mmsi=244_000_000 + number))
    late = msgspec.json.encode(msgspec.structs.replace(told, mmsi=245_000_000))
    alerts, letters = INPUT.learn(areas, entry(8, late, (), 0))
    assert not alerts and [(one.reason, one.raw) for one in letters] == [(Reason.STAGE_FULL, late)]
    areas.take(PartitionWatermark(partition=0, heard_ms=100))
    assert INPUT.learn(areas, entry(9, late, (), 0)) == ([], [])
