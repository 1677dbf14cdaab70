"""The whole command against a real Kafka."""

import gzip
import re
import signal
import socket
import subprocess
import threading
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import TopicPartition

from streams.broker import clients
from streams.errors import ConfigError, Reason
from streams.ingest.core import Ingest
from streams.ingest.line_times import OrderRules
from streams.ingest.run import IngestPlan, run
from streams.ingest.supervision import supervised
from streams.ingest.time_order import in_time_order
from streams.messages import log_records
from streams.messages.log_records import Sentences, TickRecord
from streams.settings.model import KafkaSettings, Settings
from tests.streams.ingest.kafka_rig import PARTITIONS, PATIENCE_S, command, topic, until

pytestmark = pytest.mark.broker
BARE = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
BROKEN = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*24"


def sequence(settings: Settings) -> dict[int, list[bytes]]:
    parts: dict[int, list[bytes]] = defaultdict(list)
    for record in topic(settings, "ais.sentences.v1"):
        parts[record.partition] += record.value.split(b"\n")
    return parts


def expected(data: bytes, source: str) -> dict[int, list[bytes]]:
    ingest = Ingest(source, PARTITIONS)
    parts: dict[int, list[bytes]] = defaultdict(list)
    for record in ingest.feed(data) + ingest.end():
        if isinstance(record, TickRecord):
            for partition in range(PARTITIONS):
                parts[partition].append(log_records.encode_tick(record.tick))
        else:
            assert isinstance(record, Sentences)
            parts[record.partition] += record.value.split(b"\n")
    return parts


def recording(path: Path, feed: bytes, times: int) -> bytes:
    """A feed several times over, a day apart, so that it takes a while."""
    again = [
        re.sub(rb"c:(\d+)", lambda found, day=day: b"c:%d" % (int(found[1]) + day * 86_400), feed)
        for day in range(times)
    ]
    data = b"".join(again)
    path.write_bytes(data)
    return data


def has_written(consumer: Any, places: list[Any], process: subprocess.Popen[bytes], records: int) -> bool:
    return process.poll() is not None or sum(consumer.end_offsets(places).values()) >= records


def test_after_kill_9_a_file_goes_on_where_the_log_ends(
    settings: Settings, config: Path, tmp_path: Path, feed: bytes
) -> None:
    """Nothing is lost and nothing comes twice, sentences, ticks and dead letters alike."""
    path = tmp_path / "days.nmea"
    killed_and_resumed(settings, config, path, recording(path, feed, 4))


def test_after_kill_9_a_table_that_is_sorted_first_goes_on_where_the_log_ends(
    settings: Settings, config: Path, tmp_path: Path
) -> None:
    pytest.importorskip("polars", reason="needs polars, the extra wakewatch[tables]")
    from streams.bench.table_rows import as_noaa, invented

    path = tmp_path / "days.csv"
    as_noaa(invented(60_000, 40)).sort("mmsi", maintain_order=True).write_csv(path)
    rows = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*rows[:30_000], b"no,row", *rows[30_000:], b""]))
    (recording,) = in_time_order([path], OrderRules())
    assert recording.name.endswith("sorted")
    killed_and_resumed(settings, config, path, recording.file.read())


def killed_and_resumed(settings: Settings, config: Path, path: Path, data: bytes) -> None:
    """Ingests a file whose lines in order are ``data``, with two kills."""
    killed = 0
    consumer = clients.consumer(settings.kafka, group_id=None)
    places = [TopicPartition(f"{settings.kafka.topic_prefix}ais.sentences.v1", number) for number in range(PARTITIONS)]
    for records_before_kill in (30, 600):
        process = subprocess.Popen(command(config, f"file:{path}"), stderr=subprocess.DEVNULL)
        until(partial(has_written, consumer, places, process, records_before_kill))
        killed += process.poll() is None
        process.kill()
        process.wait()
    consumer.close()
    done = subprocess.run(command(config, f"file:{path}"), capture_output=True, timeout=PATIENCE_S, check=True)
    assert killed
    assert sequence(settings) == expected(data, "days")
    refused = [line for letter in topic(settings, "ais.dead.v1") for line in letter.value.split(b"\n")]
    core = Ingest("days", PARTITIONS)
    core.feed(data)
    core.end()
    assert refused and sorted(refused) == sorted(line.raw for line in core.refused)
    again = subprocess.run(command(config, f"file:{path}"), capture_output=True, timeout=PATIENCE_S, check=True)
    assert b"already in the log" in done.stderr + again.stderr
    assert sequence(settings) == expected(data, "days")


def test_a_datagram_reaches_the_topic_and_sigterm_drains(settings: Settings, config: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(command(config, f"pier=udp://127.0.0.1:{port}"), stderr=subprocess.PIPE)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

            def sent_and_there() -> bool:
                sender.sendto(BARE, ("127.0.0.1", port))
                return any(BARE in record.value for record in topic(settings, "ais.sentences.v1"))

            until(sent_and_there)
            sender.sendto(BROKEN, ("127.0.0.1", port))
            until(lambda: any(letter.value == BROKEN for letter in topic(settings, "ais.dead.v1")))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        assert process.stderr is not None
        process.stderr.close()
    (headers,) = [dict(letter.headers) for letter in topic(settings, "ais.dead.v1")]
    assert (headers["reason"], headers["source"]) == (b"checksum", b"pier")
    kinds = {dict(record.headers)[log_records.H_KIND] for record in topic(settings, "ais.sentences.v1")}
    assert kinds <= {b"tick", b"sentences"}


def test_several_files_at_once_keep_their_own_order(settings: Settings, tmp_path: Path, feed: bytes) -> None:
    paths = [tmp_path / "one.nmea", tmp_path / "two.nmea"]
    for path in paths:
        path.write_bytes(feed)
    outcome = run(IngestPlan(urls=tuple(f"file:{path}" for path in paths)), settings, threading.Event())
    assert [state.source for state in outcome.states] == ["one", "two"]
    whole = sequence(settings)
    for path in paths:
        for partition, wanted in expected(feed, path.stem).items():
            ours = [line for line in wanted if line.startswith(b"\\")]
            ticks = [line for line in wanted if line.startswith(b"{")]
            assert [line for line in whole[partition] if f'"{path.stem}"'.encode() in line] == ticks
            assert [line for line in whole[partition] if line.startswith(b"\\")].count(ours[0]) == 2


def test_records_say_what_they_are(settings: Settings, tmp_path: Path, feed: bytes) -> None:
    path = tmp_path / "one.nmea"
    path.write_bytes(feed)
    run(IngestPlan(urls=(f"file:{path}",)), settings, threading.Event())
    now_ms = int(time.time() * 1000)
    for record in topic(settings, "ais.sentences.v1"):
        headers = dict(record.headers)
        assert headers[log_records.H_FORMAT] == log_records.LOG_FORMAT
        assert headers[log_records.H_SOURCE] == b"one"
        assert headers[log_records.H_REPLAYED] == b"1"
        assert int(headers[log_records.H_EVENT_FROM]) <= int(headers[log_records.H_EVENT_TO])
        assert abs(now_ms - record.timestamp) < 60_000


def test_a_missing_topic_is_said_before_anything_is_read(kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    path = tmp_path / "one.nmea"
    path.write_bytes(BARE)
    with pytest.raises(ConfigError, match="topics create"):
        run(IngestPlan(urls=(f"file:{path}",)), Settings(kafka=kafka_settings), threading.Event())


def test_a_stop_while_kafka_is_away_ends_in_time(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.nmea"
    path.write_bytes(BARE)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = ["--bootstrap-servers", f"127.0.0.1:{closed.getsockname()[1]}"]
        process = subprocess.Popen(command(config, f"file:{path}", *away), stderr=subprocess.PIPE)
        try:
            assert process.stderr is not None
            assert b"kafka does not answer" in process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
            process.stderr.close()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_damaged_file_ends_alone_and_the_live_sources_beside_it_are_read_on(
    settings: Settings, config: Path, tmp_path: Path, feed: bytes
) -> None:
    damaged, whole, port = tmp_path / "damaged.nmea.gz", tmp_path / "whole.nmea", free_port()
    damaged.write_bytes(gzip.compress(feed)[:-2000])
    whole.write_bytes(feed)
    urls = (f"file:{damaged}", f"file:{whole}", f"pier=udp://127.0.0.1:{port}")
    process = subprocess.Popen(command(config, *urls), stderr=subprocess.PIPE)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

            def all_there() -> bool:
                sender.sendto(BARE, ("127.0.0.1", port))
                read = topic(settings, "ais.sentences.v1")
                ended = {dict(one.headers)[log_records.H_SOURCE] for one in read if b'"ended"' in one.value}
                heard = {dict(one.headers)[log_records.H_SOURCE] for one in read if BARE in one.value}
                return ended >= {b"damaged", b"whole"} and b"pier" in heard

            until(all_there)
            sender.sendto(BROKEN, ("127.0.0.1", port))  # after the file has failed
            until(lambda: any(letter.value == BROKEN for letter in topic(settings, "ais.dead.v1")))
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 1
    assert b"wakewatch: damaged: " in talk and b"Traceback" not in talk


def test_batches_that_are_damaged_on_the_way_are_sent_again(
    settings: Settings, tmp_path: Path, feed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bit flipped in transit: the broker finds the wrong checksum and answers CORRUPT_MESSAGE."""
    from kafka.net.transport import KafkaTCPTransport

    path, harmed, strict = tmp_path / "one.nmea", [0], KafkaTCPTransport._sock_send

    def harmful(transport: Any) -> Any:
        for place, chunk in enumerate(transport._write_buffer):
            data = bytes(chunk)
            if harmed[0] < 5 and b"!AIVD" in data:
                at = data.rindex(b"!AIVD")
                transport._write_buffer[place] = data[:at] + b"?" + data[at + 1 :]
                harmed[0] += 1
        return strict(transport)

    monkeypatch.setattr(KafkaTCPTransport, "_sock_send", harmful)
    path.write_bytes(feed)
    plain = msgspec.structs.replace(settings, kafka=msgspec.structs.replace(settings.kafka, compression="none"))
    outcome = run(IngestPlan(urls=(f"file:{path}",)), plain, threading.Event())
    assert harmed[0] == 5
    assert outcome.undelivered == 0
    assert sequence(settings) == expected(feed, "one")


def test_what_a_run_could_not_deliver_is_sent_by_the_next_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that kafka-python does not try again itself: each datagram is there in the end."""
    from kafka.errors import UnknownError
    from kafka.future import Future
    from kafka.producer import KafkaProducer

    strict, refused, port = KafkaProducer.send, [0], free_port()

    def send(producer: Any, *args: Any, **kwargs: Any) -> Any:
        if refused[0] < 3 and b"!AIVDM" in kwargs["value"]:
            refused[0] += 1
            return Future().failure(UnknownError("a bug of the broker"))
        return strict(producer, *args, **kwargs)

    monkeypatch.setattr(KafkaProducer, "send", send)
    stop, sent = threading.Event(), 0
    plan = IngestPlan(urls=(f"pier=udp://127.0.0.1:{port}",))
    runs = partial(run, plan, settings, stop, carried=[])
    thread = threading.Thread(target=supervised, args=(runs, stop, 0.01))
    thread.start()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while refused[0] < 3 or not topic(settings, "ais.sentences.v1"):
                sender.sendto(BARE, ("127.0.0.1", port))
                sent += 1
                time.sleep(0.2)
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    heard = sum(record.value.count(BARE) for record in topic(settings, "ais.sentences.v1"))
    assert 3 <= heard <= sent


def test_a_stop_while_kafka_has_gone_counts_what_is_lost_and_is_no_crash(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kafka.errors import KafkaConnectionError
    from kafka.net.transport import KafkaTCPTransport

    away, stop, port, strict = threading.Event(), threading.Event(), free_port(), KafkaTCPTransport._sock_send
    monkeypatch.setattr(
        KafkaTCPTransport, "_sock_send", lambda t: (0, KafkaConnectionError("away")) if away.is_set() else strict(t)
    )
    monkeypatch.setattr("streams.ingest.run._DRAIN_S", 2.0)
    outcomes, states = [], []
    plan = IngestPlan(urls=(f"pier=udp://127.0.0.1:{port}",))
    thread = threading.Thread(target=lambda: outcomes.append(run(plan, settings, stop, states.append)))
    thread.start()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

            def sent_and_read() -> bool:
                sender.sendto(BARE, ("127.0.0.1", port))
                return bool(states) and states[-1].counts.messages > 0 and states[-1].held == 0

            until(sent_and_read)
            away.set()
            read = states[-1].counts.sentences
            for _ in range(50):
                sender.sendto(BARE, ("127.0.0.1", port))
            until(lambda: states[-1].counts.sentences >= read + 50)
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    away.clear()
    (outcome,) = outcomes
    counts = outcome.states[0].counts
    heard = sum(record.value.count(BARE) for record in topic(settings, "ais.sentences.v1"))
    assert outcome.undelivered > 0
    assert counts.rejected[Reason.BUFFER_FULL] >= 50
    assert counts.messages == heard == counts.sentences - counts.rejected_all
