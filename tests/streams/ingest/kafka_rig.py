"""The whole command against a real Kafka: how it is called, and what is in the topics."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kafka import TopicPartition

from streams.broker import clients
from streams.settings.model import Settings

PARTITIONS = 3
PACK = 20
PATIENCE_S = 180  # far more than it takes; a machine that has other work takes ten times as long


def command(config: Path, *urls: str) -> list[str]:
    return [sys.executable, "-c", "from streams.cli import main; main()", "ingest", "--settings", str(config), *urls]


def topic(settings: Settings, name: str) -> list[Any]:
    """All records of a topic, by partition and offset."""
    consumer = clients.consumer(settings.kafka, group_id=None)
    full = settings.kafka.topic_prefix + name
    places = [TopicPartition(full, p) for p in sorted(consumer.partitions_for_topic(full))]
    consumer.assign(places)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(places)
    found: list[Any] = []
    while any(consumer.position(place) < ends[place] for place in places):
        for polled in consumer.poll(200).values():
            found += polled
    consumer.close()
    return sorted(found, key=lambda record: (record.partition, record.offset))


def until(true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.05)
