"""State as large as it can become goes through a real Kafka: snapshot, kill -9 in the next one, recovery."""

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from streams.bench.world import heard_everywhere, held_by_many
from streams.broker.clients import link_of
from streams.messages.topics import FLEET, HISTORIES
from streams.pipeline.engines import histories_for, restored
from streams.reference import load_reference
from streams.settings.model import KafkaSettings, Settings
from streams.worker.state_log import SnapshotHead, StateLog, StoredSnapshot, load
from tests.streams.worker.conftest import make_topics

pytestmark = [pytest.mark.broker, pytest.mark.slow]
KINDS = {FLEET: "fleet", HISTORIES: "histories"}
WRITES = """
import sys
from tests.streams.worker.test_large_state import write_and_be_killed
write_and_be_killed(*sys.argv[1:])
"""


def state(topic: str) -> Any:
    return heard_everywhere() if topic == FLEET else held_by_many()


def write_and_be_killed(bootstrap_servers: str, prefix: str, topic: str) -> None:
    """A snapshot that is committed, and one in whose transaction the process is killed."""
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers, topic_prefix=prefix, partitions=1)
    asyncio.run(_write(kafka, topic))


async def _write(kafka: KafkaSettings, topic: str) -> None:
    engine = state(topic)
    log = StateLog(link_of(kafka), kafka.topic_prefix + topic, 0, "app", KINDS[topic])
    await log.claim()
    shards = [(number, engine.shard(number)) for number in range(engine.shard_count())]

    def head(offset: int, at: list[int]) -> bytes:
        versions = [offset] * len(shards)
        cut = SnapshotHead(
            app="app", offset=offset, shards=len(at), versions=versions, at=at, manifest=engine.manifest()
        )
        return msgspec.json.encode(cut)

    def killed(_: list[int]) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("killed before")

    await log.write(shards, 41, lambda at: head(41, at))
    await log.write(shards, 42, killed)


async def recovered(kafka: KafkaSettings, topic: str) -> StoredSnapshot:
    log = StateLog(link_of(kafka), kafka.topic_prefix + topic, 0, "app", KINDS[topic])
    await log.claim()
    stored = (await load(link_of(kafka), kafka.topic_prefix + topic, [log]))[0]
    await log.close()
    assert stored is not None
    return stored


def written(kafka: KafkaSettings, topic: str) -> StoredSnapshot:
    """What is read back after the writer was killed."""
    make_topics(kafka)
    call = [sys.executable, "-c", WRITES, kafka.bootstrap_servers, kafka.topic_prefix, topic]
    assert subprocess.run(call, check=False, timeout=3600).returncode == -signal.SIGKILL
    stored = asyncio.run(recovered(kafka, topic))
    assert stored.head.offset == 41
    return stored


@pytest.fixture
def kafka(kafka_settings: KafkaSettings) -> KafkaSettings:
    return msgspec.structs.replace(kafka_settings, partitions=1)


def test_every_cell_of_the_earth(kafka: KafkaSettings) -> None:
    stored, engine = written(kafka, FLEET), heard_everywhere()
    settings = Settings()
    again = restored(settings, load_reference(settings.reference), 0, stored.shards, stored.head.manifest)
    mine, other = engine.reception.coverage.cell_statistics.cells, again.reception.coverage.cell_statistics.cells
    assert len(mine.keys) > 700_000  # there are no more
    assert mine.keys.tobytes() == other.keys.tobytes() and mine.values.tobytes() == other.values.tobytes()
    assert again.dirty() == []


def test_a_million_holders_of_imo_numbers(kafka: KafkaSettings) -> None:
    stored = written(kafka, HISTORIES)
    again = histories_for(Settings(), 1).restore(stored.shards, stored.head.manifest)
    assert again.ships == 500_000 and sum(map(len, stored.shards)) > 200_000_000
    assert [again.shard(number) for number in range(again.shard_count())] == stored.shards
