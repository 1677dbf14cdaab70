"""A watchlist, or zones, brought into force while workers run: at a place in the log, over kill -9, or not at all."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from kafka import TopicPartition
from typer.testing import CliRunner

from detectors.core.alert import Alert, encode
from detectors.core.engine.engine import Engine
from detectors.core.reference import ListedShip, Reference
from detectors.core.shared_cache import KEPT
from streams.broker.clients import admin, producer
from streams.broker.reading import read
from streams.cli import zones
from streams.errors import Reason
from streams.messages import reference_records
from streams.messages.log_records import H_FORMAT, H_KIND, KIND_REFERENCE, LOG_FORMAT, partition_of
from streams.pipeline.engines import engine_for
from streams.reference import load_reference
from streams.reference.importing import Importer
from streams.reference.library import Library, newest, read_versions
from streams.reference.loading import with_lists
from streams.settings.model import KafkaSettings, Settings
from streams.worker import joined_records
from streams.worker.codec import LogEntry, entry
from streams.worker.timelines import Timelines
from tests.streams.worker.conftest import Key, StartWorker, key_of, make_topics, send, written

OWN = load_reference(Settings().reference)
SEEN, LATER, SILENT = 205_000_007, 205_000_008, 205_000_005
LIST = (
    ListedShip(list="NEW", entry_id="1", name="SEEN BEFORE", mmsi=SEEN),
    ListedShip(list="NEW", entry_id="2", name="SEEN LATER", mmsi=LATER),
)


def bring(kafka: KafkaSettings, ships: Sequence[ListedShip]) -> str:
    held = read_versions(kafka)
    now = with_lists(newest(held, OWN), ships)
    Importer(kafka, lambda _: None).bring(held, now)
    return now.version


def from_the_log(kafka: KafkaSettings, but: Sequence[tuple[int, int]] = ()) -> list[Alert]:
    """What the log holds, save the (partition, offset) of ``but``, taken in one by one in this process."""
    library = Library(kafka, OWN)
    engines = [engine_for(Settings(), OWN, number) for number in range(kafka.partitions)]
    alerts: list[Alert] = []
    for record in read(kafka, "ais.sentences.v1"):
        if (record.partition, record.offset) in but:
            continue
        one = entry(record.offset, record.value, record.headers, record.timestamp_ms)
        engine = engines[record.partition]
        outcomes = [_switch(engine, one, library)] if one.marker else joined_records.take(engine, [one])
        alerts += [emitted.alert for outcome in outcomes for emitted in outcome.alerts]
    return alerts


def all_alerts(kafka: KafkaSettings) -> bytes:
    return b"\n".join([record.value or b"" for record in read(kafka, "ais.alerts.v1")])


def _switch(engine: Engine, one: LogEntry, library: Library) -> joined_records.RunOutcome:
    return joined_records.switch(Timelines(engine, lambda _: engine), one, library.get(joined_records.version_of(one)))


def markers(kafka: KafkaSettings) -> list[tuple[int, int]]:
    """Partition and offset of each."""
    records = read(kafka, "ais.sentences.v1")
    return [(each.partition, each.offset) for each in records if each.headers.get(H_KIND) == KIND_REFERENCE]


def environment(kafka: KafkaSettings) -> dict[str, str]:
    return {
        **os.environ,
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
    }


def halves(feed: bytes) -> tuple[bytes, bytes]:
    at = feed.index(b"\n", len(feed) // 2) + 1
    return feed[:at], feed[at:]


@pytest.mark.broker
def test_a_list_comes_into_force_between_two_records_and_survives_kill_9(
    feed: bytes, kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    first, second = halves(feed)
    send(kafka_settings, first, tmp_path, pack=50)
    worker = start_worker(kafka_settings)
    worker.until(lambda: len(written(kafka_settings)) > 0)
    version = bring(kafka_settings, LIST)
    again = tmp_path / "again"
    again.mkdir()
    send(kafka_settings, second, again, pack=50)
    expected = from_the_log(kafka_settings)
    hits = {a.mmsi: a for a in expected if a.detector == "watchlist" and a.mmsi in {SEEN, LATER} and a.revision == 1}
    assert hits[SEEN].details["reason"] == "listed_now" and hits[SEEN].details["list_version"] == version
    wanted: set[Key] = {key_of(encode(alert)) for alert in expected}
    worker.until(lambda: b"listed_now" in all_alerts(kafka_settings))
    worker.stop(signal.SIGKILL)
    worker = start_worker(kafka_settings)
    worker.until(lambda: "taken over" in worker.said() and wanted <= set(written(kafka_settings)))
    assert worker.stop() == 0
    assert set(written(kafka_settings)) == wanted
    assert {letter.headers["reason"] for letter in read(kafka_settings, "ais.dead.v1")} <= {Reason.CHECKSUM.encode()}


@pytest.mark.broker
def test_zones_imported_while_a_worker_runs_find_who_is_silent_in_one_and_close_what_they_replace(
    feed: bytes,
    kafka_settings: KafkaSettings,
    start_worker: StartWorker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS", kafka_settings.bootstrap_servers)
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka_settings.topic_prefix)  # and not how many partitions
    send(kafka_settings, halves(feed)[0], tmp_path, pack=500)
    worker = start_worker(kafka_settings)
    worker.until(lambda: b'"zone":"Rajin"' in all_alerts(kafka_settings))
    for number, lat_deg in enumerate((38.75, 80.0)):  # where a ship fell silent an hour and a half ago; nowhere
        properties = {"name": f"Zone {number}", "kind": "sanctioned", "radius_nm": 3}
        point = {"type": "Point", "coordinates": [132.0, lat_deg]}
        feature = {"type": "Feature", "geometry": point, "properties": properties}
        file = tmp_path / f"{number}.geojson"
        file.write_bytes(msgspec.json.encode({"type": "FeatureCollection", "features": [feature]}))
        assert CliRunner().invoke(zones.app, ["import", str(file), "--yes"]).exit_code == 0
    expected = [alert for alert in from_the_log(kafka_settings) if alert.detector == "port_proximity"]
    silent = [alert for alert in expected if alert.mmsi == SILENT]
    assert [(a.status, a.details["zone"], a.details.get("ended")) for a in silent] == [
        ("opened", "Zone 0", None),
        ("closed", "Zone 0", "withdrawn"),
    ]
    assert {(a.details["zone"], a.details.get("ended")) for a in expected} >= {("Rajin", "withdrawn")}
    wanted = {key_of(encode(alert)) for alert in expected}
    worker.until(lambda: wanted <= set(written(kafka_settings)))
    assert worker.stop() == 0


@pytest.mark.broker
def test_an_import_killed_half_way_leaves_the_old_list_and_is_completed_by_another(
    kafka_settings: KafkaSettings,
) -> None:
    make_topics(kafka_settings)
    now = with_lists(OWN, LIST)
    sender = producer(kafka_settings)
    for key, value in list(reference_records.content(now.version, now.ships))[:-1]:
        sender.send(kafka_settings.topic_prefix + "ais.reference.v1", key=key, value=value, partition=0)
    sender.close()
    assert newest(read_versions(kafka_settings), OWN) is OWN
    assert Library(kafka_settings, OWN).get(now.version) is None
    assert list(read(kafka_settings, "ais.sentences.v1")) == []
    assert bring(kafka_settings, LIST) == now.version
    held = read_versions(kafka_settings)
    assert held.is_marked(now.version) and held.ships(now.version) == now.ships
    marks = [record.value for record in read(kafka_settings, "ais.sentences.v1")]
    assert (
        marks == [msgspec.json.encode(reference_records.VersionMarker(version=now.version))] * kafka_settings.partitions
    )


DIES_AFTER_THE_FIRST_MARKER = """
import os, signal, sys
from kafka import KafkaProducer
send = KafkaProducer.send
def sent(self, topic, **given):
    future = send(self, topic, **given)
    if topic.endswith("ais.sentences.v1"):
        future.get(30)
        os.kill(os.getpid(), signal.SIGKILL)
    return future
KafkaProducer.send = sent
from streams.cli import main
main()
"""


@pytest.mark.broker
def test_an_import_killed_between_the_markers_of_two_partitions_is_completed_by_doing_it_again(
    feed: bytes, kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("list,name,mmsi\n" + "".join(f"NEW,{ship.name},{ship.mmsi}\n" for ship in LIST))
    command, environ = ["watchlist", "import", str(mine), "--yes"], environment(kafka_settings)

    def imports(program: str) -> int:
        call = [sys.executable, "-c", program, *command]
        return subprocess.run(call, env=environ, capture_output=True, check=False).returncode

    first, second = halves(feed)
    send(kafka_settings, first, tmp_path, pack=500)
    worker = start_worker(kafka_settings)
    worker.until(lambda: len(written(kafka_settings)) > 0)
    assert imports(DIES_AFTER_THE_FIRST_MARKER) == -signal.SIGKILL
    (mark,) = markers(kafka_settings)
    version = str(read_versions(kafka_settings).newest())
    assert not read_versions(kafka_settings).is_marked(version)
    halfway = {
        a.mmsi: partition_of(a.mmsi or 0, 4) for a in from_the_log(kafka_settings) if a.details.get("list") == "NEW"
    }
    assert set(halfway.values()) <= {mark[0]}, "elsewhere the old list is in force"
    assert imports("from streams.cli import main; main()") == 0
    assert read_versions(kafka_settings).is_marked(version)
    assert sorted(partition for partition, _ in markers(kafka_settings)) == sorted([mark[0], 0, 1, 2, 3])
    again = tmp_path / "again"
    again.mkdir()
    send(kafka_settings, second, again, pack=500)
    undisturbed = {key_of(encode(alert)) for alert in from_the_log(kafka_settings, [mark])}
    worker.until(lambda: undisturbed <= set(written(kafka_settings)))
    assert worker.stop() == 0
    assert set(written(kafka_settings)) == undisturbed


@pytest.mark.broker
def test_where_the_marker_has_expired_its_list_is_in_force_from_the_start(kafka_settings: KafkaSettings) -> None:
    make_topics(kafka_settings)
    version = bring(kafka_settings, LIST)
    place = TopicPartition(kafka_settings.topic_prefix + "ais.sentences.v1", 1)
    client = admin(kafka_settings)
    client.delete_records({place: -1})
    client.close()
    library = Library(kafka_settings, OWN)
    assert library.at_start(0) is OWN
    assert library.at_start(1).version == version


@pytest.mark.broker
def test_a_worker_that_saw_many_imports_holds_the_last_ones_alone(kafka_settings: KafkaSettings) -> None:
    make_topics(kafka_settings)
    library = Library(kafka_settings, OWN)
    brought = []
    for number in range(6):
        more = tuple(msgspec.structs.replace(ship, name=f"{ship.name} {number}") for ship in LIST)
        brought.append(bring(kafka_settings, more))
        found = library.get(brought[-1])
        assert found is not None
        assert {ship.name for ship in more} <= {ship.name for ship in found.ships}
    assert len(set(brought)) == 6
    del found
    gc.collect()
    held = [one for one in gc.get_objects() if type(one) is Reference and one.version in brought]
    assert {one.version for one in held} <= set(brought[-KEPT:])
    again = library.get(brought[0])  # a partition that lags behind finds its list all the same
    assert again is not None
    assert "SEEN LATER 0" in {ship.name for ship in again.ships}


def marker(value: bytes) -> LogEntry:
    return entry(7, value, [(H_FORMAT, LOG_FORMAT), (H_KIND, KIND_REFERENCE)], 0)


def test_a_marker_of_an_unknown_version_is_a_dead_letter_and_changes_nothing() -> None:
    engine = engine_for(Settings(), OWN, 0)
    for value in (b'{"version":"nowhere"}', b"{}", b"\xff"):
        one = marker(value)
        assert one.marker
        outcome = joined_records.switch(Timelines(engine, lambda _: engine), one, None)
        assert [letter.offset for letter in outcome.letters] == [7]
    assert engine.reference is OWN


def test_a_marker_said_twice_is_said_once() -> None:
    engine = engine_for(Settings(), OWN, 0)
    now = with_lists(OWN, LIST)
    one = marker(msgspec.json.encode(reference_records.VersionMarker(version=now.version)))
    assert joined_records.version_of(one) == now.version
    assert joined_records.switch(Timelines(engine, lambda _: engine), one, now).letters == []
    assert engine.reference is now
    assert joined_records.switch(Timelines(engine, lambda _: engine), one, with_lists(OWN, LIST)).alerts == []
    assert engine.reference is now


def test_a_marker_is_a_run_of_its_own() -> None:
    assert joined_records.length([marker(b"{}"), marker(b"{}")]) == 1
