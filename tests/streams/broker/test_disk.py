"""How full the broker's disk is: asked of a real Kafka, carried on into the future, never zero for unknown."""

import time
from pathlib import Path
from threading import Event

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from streams.broker import disk
from streams.broker.clients import admin, consumer, producer
from streams.broker.disk_metrics import show, watching
from streams.broker.embedded import Broker
from streams.doctor.disk import disk_findings
from streams.messages.topics import SENTENCES, create_missing
from streams.observability.metrics import Metrics
from streams.settings.model import KafkaSettings

GB = 10**9
HOUR_MS = 3_600_000


def held(free_gb: float, held_gb: float) -> disk.Disk:
    return disk.Disk("1", "/data", 1000 * GB, int(free_gb * GB), int(held_gb * GB))


@pytest.mark.parametrize(
    ("free_gb", "held_gb", "held_h", "a_day_gb", "full_in_h"),
    [
        (100, 10, 10, 24, None),  # until 72 h it grows by 62 GB, which are there
        (50, 10, 10, 24, 50),
        (1, 72, 72, 24, None),  # what comes replaces what is deleted
        (1, 80, 80, 24, None),
        (50, 10, 0.9, None, None),  # a recording read in minutes says nothing of growth
    ],
)
def test_the_log_grows_until_its_retention(
    free_gb: float, held_gb: float, held_h: float, a_day_gb: float | None, full_in_h: float | None
) -> None:
    found = disk.growth(held(free_gb, held_gb), held_h, 72.0)
    if a_day_gb is None:
        assert found is None
    else:
        assert found is not None
        assert found.bytes_a_day == pytest.approx(a_day_gb * GB)
        assert found.full_in_h == (None if full_in_h is None else pytest.approx(full_in_h))


class Cluster:
    """What an admin client says of disks."""

    def __init__(self, *folders: dict[str, object]) -> None:
        self.folders = folders

    def describe_log_dirs(self) -> list[dict[str, object]]:
        return [{"broker": 1, "log_dirs": list(self.folders)}]


def folder(free_gb: float, held_gb: float, **more: object) -> dict[str, object]:
    partitions = [{"partition_size": int(held_gb * GB / 2)}] * 2
    topics = [{"name": SENTENCES, "partitions": partitions}, {"name": "other", "partitions": partitions}]
    sizes = {"total_bytes": 1000 * GB, "usable_bytes": int(free_gb * GB)}
    return {"error_code": 0, "log_dir": "/data", "topics": topics, **sizes, **more}


@pytest.mark.parametrize(
    ("free_gb", "held_gb", "verdict", "said"),
    [
        (500, 10, "ok", "500.0 of 1000.0 GB free, the log holds 10.00 GB and grows by 24.00 GB per day"),
        (60, 20, "warn", "grows by 48.00 GB per day: full in 30 h"),
        (60, 40, "wrong", "full in 15 h"),
        (40, 1, "wrong", "40.0 of 1000.0 GB free"),
    ],
)
def test_the_doctor_says_when_a_disk_will_be_full(free_gb: float, held_gb: float, verdict: str, said: str) -> None:
    now_ms = 1_700_000_000_000
    (finding,) = disk_findings(Cluster(folder(free_gb, held_gb)), KafkaSettings(), now_ms - 10 * HOUR_MS, now_ms)
    assert (finding.verdict, bool(finding.remedy)) == (verdict, verdict != "ok")
    assert said in finding.said


def test_a_broker_that_does_not_say_is_unknown() -> None:
    old = Cluster(folder(1, 1, total_bytes=-1, usable_bytes=-1), folder(1, 1, error_code=56))
    assert disk.disks(old, {SENTENCES}) == []
    (finding,) = disk_findings(old, KafkaSettings(), None, 0)
    assert (finding.verdict, finding.said) == ("warn", "Kafka gives no disk usage")
    metrics = Metrics(CollectorRegistry())
    show(metrics, [held(1, 1)])
    show(metrics, [])
    assert (
        metrics.registry.get_sample_value("wakewatch_kafka_disk_free_bytes", {"broker": "1", "folder": "/data"}) is None
    )


@pytest.mark.broker
def test_a_real_kafka_says_how_full_it_is_and_holds_what_is_packed(
    broker: Broker, kafka_settings: KafkaSettings
) -> None:
    text = b"\n".join(rb"\s:pier,c:%d*00\!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24" % n for n in range(1000))
    sizes, client = {}, admin(kafka_settings)
    for compression in ("none", "zstd"):
        kafka = msgspec.structs.replace(
            kafka_settings,
            compression=compression,
            topic_prefix=f"{kafka_settings.topic_prefix}{compression}.",
            partitions=1,
        )
        create_missing(client, kafka)
        sender = producer(kafka)
        for _ in range(20):
            sender.send(kafka.topic_prefix + SENTENCES, text, partition=0)
        sender.close()
        (found,) = disk.disks(client, {kafka.topic_prefix + SENTENCES})
        sizes[compression] = found.held_bytes
        assert 0 < found.free_bytes < found.total_bytes
        reader = consumer(kafka, kafka.topic_prefix + SENTENCES, group_id=None)
        (first, *_), *_ = reader.poll(timeout_ms=30_000).values()
        reader.close()
        assert first.value == text
    client.close()
    assert sizes["none"] > 20 * len(text)
    assert sizes["zstd"] < sizes["none"] / 2

    metrics = Metrics(CollectorRegistry())
    labels = {"broker": found.broker, "folder": str(Path(broker.data_dir) / "data")}
    with watching(kafka, metrics, every_s=0.1):
        deadline = time.monotonic() + 60
        while metrics.registry.get_sample_value("wakewatch_kafka_log_bytes", labels) != sizes["zstd"]:
            assert time.monotonic() < deadline
            Event().wait(0.05)
