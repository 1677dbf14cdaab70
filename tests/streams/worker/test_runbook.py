"""The procedures of deploy/RUNBOOK.md, step by step on a real Kafka: other partitions, lost state, an upgrade."""

import asyncio
import json
from pathlib import Path
from threading import Event

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from detectors.core.testing import engine
from streams.broker.clients import link_of
from streams.broker.reading import read
from streams.cli import build
from streams.errors import ConfigError
from streams.ingest.run import IngestPlan, run
from streams.messages.topics import FLEET
from streams.settings.model import KafkaSettings, Settings
from streams.worker.state_log import StateLog, load
from tests.detectors.golden_snapshot import FOLDER, Golden
from tests.streams.worker.conftest import StartWorker, Wanted, Worker, written
from tests.streams.worker.former_format import as_format_3, columns_of

pytestmark = pytest.mark.broker
LEAVES = {"WAKEWATCH_WORKER_INSTANCE_ID": ""}
"""The group at once when it stops, as by default; one with a name of its own is waited for."""


def say(kafka: KafkaSettings, *words: str) -> Result:
    """A command under these settings; what it raises is raised."""
    environ = {
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
        "WAKEWATCH_KAFKA_PARTITIONS": str(kafka.partitions),
        "WAKEWATCH_WORKER_APP_ID": f"{kafka.topic_prefix}app",
    }
    done = CliRunner().invoke(build(), list(words), env=environ)
    if isinstance(done.exception, ConfigError):
        raise done.exception
    return done


def ingest(kafka: KafkaSettings, path: Path) -> None:
    run(IngestPlan(urls=(f"file:{path}",)), Settings(kafka=kafka), Event())


def all_is_saved(kafka: KafkaSettings) -> bool:
    """What `wakewatch doctor` says of it."""
    found = {one["name"]: one for one in json.loads(say(kafka, "doctor", "--json").stdout)}
    return found["state"]["said"] == "the whole log is processed and saved"


def worked(worker: Worker, kafka: KafkaSettings) -> None:
    """Until the log is taken in and saved; then it is stopped in good order."""
    worker.until(lambda: all_is_saved(kafka))
    assert worker.stop() == 0


@pytest.fixture
def recording(feed: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "feed.nmea"
    path.write_bytes(feed)
    return path


def test_partitions_are_changed_under_another_prefix_and_the_old_alerts_stay(
    kafka_settings: KafkaSettings, start_worker: StartWorker, wanted_at: Wanted, recording: Path
) -> None:
    old = msgspec.structs.replace(kafka_settings, partitions=1)
    assert say(old, "topics", "create").exit_code == 0
    ingest(old, recording)
    worked(start_worker(old), old)

    refused = msgspec.structs.replace(old, partitions=4)
    assert say(refused, "topics", "check").exit_code == 1
    with pytest.raises(ConfigError, match=r"has 1 partitions, kafka\.partitions is 4"):
        say(refused, "detect")

    new = msgspec.structs.replace(refused, topic_prefix=f"{old.topic_prefix}four.")
    assert say(new, "topics", "create").exit_code == 0
    ingest(new, recording)
    worked(start_worker(new), new)
    assert set(written(new)) == wanted_at(4)
    assert set(written(old)) == wanted_at(1)  # still there to be read
    assert "ANGARA" in say(old, "alerts", "--state").stdout


def test_lost_state_is_rebuilt_from_the_log_and_the_alerts_keep_their_ids(
    kafka_settings: KafkaSettings, start_worker: StartWorker, wanted_at: Wanted, recording: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    assert say(kafka, "topics", "create").exit_code == 0
    ingest(kafka, recording)
    worker = start_worker(kafka, **LEAVES)
    worker.until(lambda: all_is_saved(kafka))
    with pytest.raises(ConfigError, match="stop them first"):
        say(kafka, "topics", "forget", "fleet", "--yes")
    assert worker.stop() == 0

    assert say(kafka, "topics", "forget", "histories", "--yes").exit_code == 0
    assert say(kafka, "topics", "forget", "areas", "--yes").exit_code == 0
    assert say(kafka, "topics", "forget", "meetings", "--yes").exit_code == 0
    assert say(kafka, "topics", "forget", "fleet", "--yes").exit_code == 0
    assert list(read(kafka, FLEET)) == []
    before = len(written(kafka))
    worked(start_worker(kafka, **LEAVES), kafka)
    assert len(written(kafka)) > before  # told again ...
    assert set(written(kafka)) == wanted_at(1)  # ... with the same ids, revisions and bytes


def test_an_upgrade_goes_on_from_the_state_of_the_version_before(
    kafka_settings: KafkaSettings, start_worker: StartWorker, wanted_at: Wanted, recording: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    whole = recording.read_bytes()
    recording.write_bytes(whole[: whole.index(b"\n", len(whole) // 2) + 1])
    assert say(kafka, "topics", "create").exit_code == 0
    ingest(kafka, recording)
    worked(start_worker(kafka, **LEAVES), kafka)
    before = len(written(kafka))
    assert 0 < before < len(wanted_at(1))
    asyncio.run(stored_by_the_version_before(kafka))

    recording.write_bytes(whole)  # "Files resume where the topic ends"
    ingest(kafka, recording)
    worked(start_worker(kafka, **LEAVES), kafka)
    assert set(written(kafka)) == wanted_at(1)
    assert len(written(kafka)) == len(wanted_at(1))  # nothing was worked out again from the beginning of the log


async def stored_by_the_version_before(kafka: KafkaSettings) -> None:
    """Puts the newest snapshot there once more, as format 3."""
    topic = kafka.topic_prefix + FLEET
    log = StateLog(link_of(kafka), topic, 0, f"{kafka.topic_prefix}app")
    await log.claim()
    stored = (await load(link_of(kafka), topic, [log]))[0]
    assert stored is not None
    head = msgspec.structs.replace(stored.head, manifest=as_format_3(stored.head.manifest))
    shards, version = list(enumerate(stored.shards)), stored.head.offset
    versions = [version] * len(shards)
    await log.write(
        shards, version, lambda at: msgspec.json.encode(msgspec.structs.replace(head, versions=versions, at=at))
    )
    await log.close()


def test_the_former_format_has_the_columns_that_it_had() -> None:
    golden = msgspec.msgpack.decode((FOLDER / "snapshot_v3.msgpack").read_bytes(), type=Golden)
    now = engine().restore(golden.shards, golden.manifest)
    lost = {("core", "trusted_ms")}  # in seconds now: a migration forgets it
    assert columns_of(as_format_3(now.manifest())) >= columns_of(golden.manifest) - lost
    again = engine().restore([now.shard(n) for n in range(now.shard_count())], as_format_3(now.manifest()))
    assert again.open_alerts() == now.open_alerts()
