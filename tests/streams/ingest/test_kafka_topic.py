"""Topics of another Kafka as sources: the documented command against real brokers."""

import math
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from kafka import TopicPartition
from kafka.admin import NewTopic

from detectors.core.reports import RE_ENCODED
from streams.broker import clients, embedded
from streams.broker.acl import Grant
from streams.decode.batch import decode
from streams.nmea import encoder
from streams.nmea.checksum import checksum, tag_block
from streams.nmea.encoder import EncodedFix, Particulars
from streams.settings.model import KafkaSettings, Settings
from tests.streams.broker.secure import Authority, SecureKafka
from tests.streams.ingest.kafka_rig import PATIENCE_S, command, topic

pytestmark = pytest.mark.broker
LOG_PARTITIONS, PARTITIONS = 3, 2
BEGAN_MS = int(time.time() * 1000) - 3_600_000  # a broker forgets what is older than a week


@pytest.fixture
def settings(kafka_settings: KafkaSettings) -> Settings:
    admin, prefix = clients.admin(kafka_settings), kafka_settings.topic_prefix
    admin.create_topics(
        [
            NewTopic(f"{prefix}ais.sentences.v1", LOG_PARTITIONS, 1),
            NewTopic(f"{prefix}ais.dead.v1", 1, 1),
            NewTopic(f"{prefix}foreign", PARTITIONS, 1),
        ]
    )
    admin.close()
    return Settings(kafka=kafka_settings)


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "wakewatch.toml"
    kafka = settings.kafka
    path.write_text(
        f'[kafka]\nbootstrap_servers = "{kafka.bootstrap_servers}"\ntopic_prefix = "{kafka.topic_prefix}"\n'
        '[topic_feed]\nmmsi = "ship.id"\ntime_unit = "ms"\nsog_unit = "m/s"\n'
    )
    return path


def url(settings: Settings, options: str = "") -> str:
    return f"feed=kafka://{settings.kafka.bootstrap_servers}/{settings.kafka.topic_prefix}foreign{options}"


def publish(settings: Settings, records: dict[int, list[bytes]]) -> None:
    producer = clients.producer(settings.kafka)
    for partition, values in records.items():
        for number, value in enumerate(values):
            producer.send(
                f"{settings.kafka.topic_prefix}foreign", value, partition=partition, timestamp_ms=BEGAN_MS + number
            )
    producer.flush()
    producer.close()


def sentences(settings: Settings) -> Counter[bytes]:
    return Counter(
        line
        for record in topic(settings, "ais.sentences.v1")
        if (b"ww_kind", b"sentences") in [(k.encode(), v) for k, v in record.headers]
        for line in record.value.split(b"\n")
    )


def until(true: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "waited in vain"
        assert process is None or process.poll() is None, "it has ended"
        time.sleep(0.05)


def written(settings: Settings) -> int:
    consumer = clients.consumer(settings.kafka, group_id=None)
    places = [TopicPartition(f"{settings.kafka.topic_prefix}ais.sentences.v1", p) for p in range(LOG_PARTITIONS)]
    try:
        return sum(consumer.end_offsets(places).values())
    finally:
        consumer.close()


def ships(count: int) -> tuple[dict[int, list[bytes]], Counter[bytes]]:
    """Records of a topic, and the lines that the log must hold: bare and tagged, whole messages and parts apart."""
    records: dict[int, list[bytes]] = {p: [] for p in range(PARTITIONS)}
    wanted: Counter[bytes] = Counter()
    for number in range(count):
        mmsi, values = 200_000_000 + number, records[number % PARTITIONS]
        bits = encoder.position(mmsi, EncodedFix(10.0, 20.0))
        if number % 3 == 0:
            bits = encoder.static(mmsi, Particulars(name=f"S{number}"))
        lines = encoder.sentences(bits, sequence=number)
        stamped = encoder.tagged(lines, BEGAN_MS + len(values), "feed")
        values += stamped if number % 2 else lines
        wanted.update(line.partition(b"\\!")[2] for line in stamped)
    return records, wanted


def bare(found: Counter[bytes]) -> Counter[bytes]:
    """Without tag blocks: the time of a part in a record of its own is that of its record."""
    counted: Counter[bytes] = Counter()
    for line, count in found.items():
        counted[line.partition(b"\\!")[2]] += count
    return counted


@contextmanager
def ingesting(config: Path, *urls: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, killed at the end if it still runs; its stderr is in the file ``log`` beside ``config``."""
    with (config.parent / "log").open("ab") as log:
        process = subprocess.Popen(command(config, *urls), stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def log_of(config: Path) -> str:
    return (config.parent / "log").read_text()


def test_after_kill_9_nothing_is_lost_and_nothing_comes_twice(settings: Settings, config: Path) -> None:
    records, wanted = ships(20_000)
    publish(settings, records)
    killed = 0
    for more in (4, 12, 20):
        wanted_now = written(settings) + more
        with ingesting(config, url(settings, "?from=oldest")) as process:
            until(lambda least=wanted_now: written(settings) >= least, process)  # type: ignore[misc]
        killed += bare(sentences(settings)) != wanted
    assert killed  # it was in the middle
    late = encoder.sentences(encoder.position(999, EncodedFix(1.0, 2.0)))
    with ingesting(config, url(settings, "?from=oldest")) as process:
        until(lambda: sentences(settings).total() >= wanted.total(), process)
        publish(settings, {0: late})
        until(lambda: bare(sentences(settings))[late[0][1:]] == 1, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert "ingest failed" not in log_of(config)
    assert bare(sentences(settings)) == wanted + Counter([late[0][1:]])
    assert not topic(settings, "ais.dead.v1")


def test_json_by_the_field_map_and_what_is_refused_is_kept_once(settings: Settings, config: Path) -> None:
    """The command begins at the newest record, and restarts where it was, refused records included."""
    good = {"ship": {"id": "257111000"}, "time": BEGAN_MS + 60_000, "lat": 59.5, "lon": 10.5, "sog": 5.0, "cog": 360}
    untimed = {"ship": {"id": 257111001}, "lat": 59.5, "lon": 10.5}
    publish(settings, {0: [b"!AIVDM,before it begins"]})
    for attempt in range(2):
        with ingesting(config, url(settings)) as process:
            until(lambda attempt=attempt: log_of(config).count("is read from") > attempt, process)  # type: ignore[misc]
            if not attempt:
                publish(settings, {0: [msgspec.json.encode(one) for one in (good, untimed)]})
            until(lambda: bool(topic(settings, "ais.dead.v1") and sentences(settings)), process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
    (line,), (letter,) = sentences(settings), topic(settings, "ais.dead.v1")
    report = decode(line, "feed").batch.reports[0]
    assert (report["mmsi"], report["time_ms"], round(float(report["sog_kn"]), 1)) == (257111000, BEGAN_MS + 60_000, 9.7)
    assert f"feed{RE_ENCODED}".encode() in line and math.isnan(report["cog_deg"])
    assert dict(letter.headers)["detail"] == b"no time" and letter.value == msgspec.json.encode(untimed)


def at_times() -> tuple[list[bytes], dict[int, int]]:
    """Records with and without times of their own, and the time that each MMSI's message must have; None: no matter."""
    records: list[bytes] = []
    expected: dict[int, int] = {}
    stated_ms = BEGAN_MS - 600_000

    def add(before: bytes, after: bytes, time_ms: int | None) -> None:
        mmsi = 257_222_000 + len(records)
        (sentence,) = encoder.sentences(encoder.position(mmsi, EncodedFix(59.5, 10.5)))
        expected[mmsi] = BEGAN_MS + len(records) if time_ms is None else time_ms
        records.append(before + sentence + after)

    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stated_ms / 1000)).encode()
    on_the_second_ms = stated_ms // 1000 * 1000
    tag = tag_block(b"s:pier,c:%d" % stated_ms)
    add(b"", b"", None)
    add(tag_block(b"s:pier"), b"", None)
    add(b'{"nmea": ["', b'"]}', None)
    add(b'[{"station": "pier", "nmea": ["', b'"]}]', None)
    add(b'{\n  "nmea": [\n    "', b'"\n  ]\n}', None)
    add(b"a logger ", b"", None)
    add(tag, b"", stated_ms)
    add(b'{"rxuxtime": %d.5, "nmea": ["' % (on_the_second_ms // 1000), b'"]}', on_the_second_ms + 500)
    add(
        b'{\n  "rxuxtime": %d.5,\n  "nmea": [\n    "' % (on_the_second_ms // 1000), b'"\n  ]\n}', on_the_second_ms + 500
    )
    add(stamp + b" ", b"", on_the_second_ms)
    add(b"", b" " + stamp, on_the_second_ms)
    add(b"", b",%d" % (on_the_second_ms // 1000), on_the_second_ms)
    moment = time.strftime("PGHP,1,%Y,%m,%d,%H,%M,%S,0,219,0,2190047,1,00", time.gmtime(stated_ms / 1000)).encode()
    add(b"$%b*%02X\r\n" % (moment, checksum(moment)), b"", on_the_second_ms)
    return records, expected


def test_the_time_of_a_record_counts_where_no_time_is_stated_and_only_there(settings: Settings, config: Path) -> None:
    records, expected = at_times()
    publish(settings, {0: records})
    with ingesting(config, url(settings, "?from=oldest")) as process:
        until(lambda: sentences(settings).total() >= len(records), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    reports = [report for line in sentences(settings) for report in decode(line, "feed").batch.reports]
    found = {int(report["mmsi"]): int(report["time_ms"]) for report in reports}
    assert found == expected and not topic(settings, "ais.dead.v1")


def test_a_topic_that_is_not_there_is_a_wrong_setting(settings: Settings, config: Path) -> None:
    run = subprocess.run(command(config, url(settings) + "x"), capture_output=True, timeout=PATIENCE_S, check=False)
    assert run.returncode == 2 and b"there is no such topic" in run.stderr and b"Traceback" not in run.stderr


def test_our_own_log_is_no_source_and_that_of_another_wakewatch_is(settings: Settings, config: Path) -> None:
    own = url(settings).replace("foreign", "ais.sentences.v1")
    run = subprocess.run(command(config, own), capture_output=True, timeout=PATIENCE_S, check=False)
    assert run.returncode == 2 and b"our own log" in run.stderr
    producer = clients.producer(settings.kafka)
    line = encoder.tagged(encoder.sentences(encoder.position(200_000_000, EncodedFix(1.0, 2.0))), BEGAN_MS, "pier")[0]
    for kind, value in ((b"tick", b'{"source": "x"}'), (b"sentences", line)):
        producer.send(f"{settings.kafka.topic_prefix}foreign", value, headers=[("ww_kind", kind)], partition=0)
    producer.close()
    with ingesting(config, url(settings, "?from=oldest")) as process:
        until(lambda: sentences(settings)[line] == 1, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert not topic(settings, "ais.dead.v1")


def test_a_topic_that_is_deleted_ends_its_source_only(settings: Settings, config: Path) -> None:
    with ingesting(config, url(settings), "other=udp://127.0.0.1:0") as process:
        until(lambda: "is read from" in log_of(config), process)
        admin = clients.admin(settings.kafka)
        admin.delete_topics([f"{settings.kafka.topic_prefix}foreign"])
        admin.close()
        until(lambda: "the topic is gone" in log_of(config), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 1


def test_a_broker_that_is_away_is_waited_for_and_one_that_returns_is_read_on(
    settings: Settings, config: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    foreign = KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}")
    line = [encoder.sentences(encoder.position(200_000_000 + n, EncodedFix(1.0, 2.0)))[0] for n in range(2)]
    with ingesting(config, f"feed=kafka://127.0.0.1:{port}/foreign?from=oldest") as process:
        until(lambda: "connection lost" in log_of(config), process)
        for attempt in range(2):
            embedded.start(tmp_path / "foreign", port=port, die_with_parent=True)
            try:
                if not attempt:
                    admin = clients.admin(foreign)
                    admin.create_topics([NewTopic("foreign", 1, 1)])
                    admin.close()
                producer = clients.producer(foreign)
                producer.send("foreign", line[attempt], partition=0)
                producer.close()
                until(lambda n=attempt: bare(sentences(settings))[line[n][1:]] == 1, process)  # type: ignore[misc]
            finally:
                embedded.stop(tmp_path / "foreign")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert bare(sentences(settings)).total() == 2
    assert "ingest failed" not in log_of(config)


def test_a_cluster_with_passwords_and_rights_of_its_own(settings: Settings, config: Path, tmp_path: Path) -> None:
    """Who may not read as the group, or has a wrong password, is told so before anything is written."""
    home = tmp_path / "foreign"
    home.mkdir()
    foreign = SecureKafka(home, Authority(home, "authority"))
    try:
        foreign.admin.create_topics([NewTopic("foreign", 1, 1)])
        reads = Grant(operation="Read", kind="topic", name="foreign")
        reader = foreign.user("reader", [reads, Grant(operation="Read", kind="group", name="wakewatch.feed")])
        producer = clients.producer(KafkaSettings(bootstrap_servers=foreign.plain))
        line = encoder.sentences(encoder.position(200_000_000, EncodedFix(1.0, 2.0)))[0]
        producer.send("foreign", line, partition=0)
        producer.close()
        for who, wrong in (
            (msgspec.structs.replace(reader, sasl_password="sesame"), "topic_feed.sasl_password"),
            (foreign.user("stranger", [reads]), "may not read as this group"),
        ):
            secure(config, who)
            run = subprocess.run(
                command(config, feed_of(foreign)), capture_output=True, timeout=PATIENCE_S, check=False
            )
            assert run.returncode == 2 and wrong in run.stderr.decode(), run.stderr
            assert b"Traceback" not in run.stderr and who.sasl_password.encode() not in run.stderr
        secure(config, reader)
        with ingesting(config, feed_of(foreign)) as process:
            until(lambda: bare(sentences(settings))[line[1:]] == 1, process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
    finally:
        foreign.close()


def feed_of(foreign: SecureKafka) -> str:
    return f"feed=kafka://{foreign.password}/foreign?from=oldest"


def secure(config: Path, who: KafkaSettings) -> None:
    """The settings with this user of the foreign cluster."""
    head = config.read_text().partition("[topic_feed]")[0]
    names = ("security_protocol", "sasl_username", "sasl_password", "tls_ca_file")
    lines = [f'{name} = "{getattr(who, name)}"' for name in names]
    config.write_text("\n".join([f"{head}[topic_feed]", *lines, ""]))
