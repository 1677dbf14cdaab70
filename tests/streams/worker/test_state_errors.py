"""State that does not fit: said in one line with the remedy, exit code 2, nothing written over it."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from faust.types import TP

from streams.broker.record_pieces import RecordPiece, pieces_of
from streams.messages.topics import AREAS, FLEET, HISTORIES, MEETINGS
from streams.pipeline.engines import areas_for, engine_for, histories_for, meetings_for
from streams.reference import load_reference
from streams.settings.model import KafkaSettings, Settings
from streams.worker.identities import Identities
from streams.worker.meetings import Meetings
from streams.worker.observer import Unobserved
from streams.worker.partition import Stateful
from streams.worker.places import Places
from streams.worker.service import Service
from streams.worker.state_log import SnapshotHead, StateLog
from tests.streams.worker.conftest import StartWorker, make_topics

pytestmark = pytest.mark.broker


class Written(NamedTuple):
    """What stands in a topic of snapshots, in partition 0."""

    shards: list[bytes]
    head: SnapshotHead
    topic: str = FLEET
    later: tuple[RecordPiece, ...] = ()
    """Records that come after it."""


def a_snapshot(app_id: str) -> Written:
    """Of an engine without vessels, at the log's beginning."""
    engine = engine_for(Settings(), load_reference(Settings().reference), 0)
    return written_of(engine, app_id)


def written_of(state: Stateful, app_id: str, topic: str = FLEET) -> Written:
    shards = [state.shard(number) for number in range(state.shard_count())]
    count, manifest = len(shards), state.manifest()
    head = SnapshotHead(app=app_id, offset=-1, shards=count, versions=[6] * count, at=[0] * count, manifest=manifest)
    return Written(shards, head, topic)


def of_a_log_made_anew(written: Written) -> Written:
    return written._replace(head=msgspec.structs.replace(written.head, offset=1000))


def of_a_log_deleted_since(written: Written) -> Written:
    """The log that is there is as long as the one of the snapshot; it is another one."""
    return written._replace(head=msgspec.structs.replace(written.head, log_id="another"))


def of_another_app(written: Written) -> Written:
    return written._replace(head=msgspec.structs.replace(written.head, app="somebody"))


def torn(written: Written) -> Written:
    """The head says that shard 0 was written at 7; what is there was written at 6."""
    return Written([b"rows"], msgspec.structs.replace(written.head, shards=1, versions=[7], at=[0]))


def damaged(written: Written) -> Written:
    """One bit of shard 0 is another one than was written."""
    (piece,) = pieces_of(0, 6, b"rows")
    spoilt = piece._replace(value=piece.value[:-1] + bytes([piece.value[-1] ^ 1]))
    head = msgspec.structs.replace(written.head, shards=1, versions=[6], at=[0])
    return Written([b"rows"], head, later=(spoilt,))


def with_an_unknown_column(written: Written) -> Written:
    manifest = msgspec.json.decode(written.head.manifest)
    tomorrow = {"owner": "gap", "name": "of_tomorrow", "dtype": "<i4", "version": 1, "offset": 0}
    manifest["tables"][0]["columns"].append(tomorrow)
    return written._replace(head=msgspec.structs.replace(written.head, manifest=msgspec.json.encode(manifest)))


def with_a_changed_column(written: Written) -> Written:
    manifest = msgspec.json.decode(written.head.manifest)
    columns = [column for table in manifest["tables"] for column in table["columns"]]
    next(column for column in columns if column["name"] == "lat_deg")["version"] = 99
    return written._replace(head=msgspec.structs.replace(written.head, manifest=msgspec.json.encode(manifest)))


def unreadable(written: Written) -> Written:
    return written._replace(head=msgspec.structs.replace(written.head, manifest=b"\xff"))


def histories_of_other_partitions(written: Written) -> Written:
    """The second stage's own state refuses too."""
    return written_of(histories_for(Settings(), 7), written.head.app, HISTORIES)


def areas_of_other_partitions(written: Written) -> Written:
    """So does that of the third."""
    return written_of(areas_for(Settings(), 7), written.head.app, AREAS)


def meetings_of_other_partitions(written: Written) -> Written:
    """And that of the fourth."""
    return written_of(meetings_for(Settings(), 7), written.head.app, MEETINGS)


SAID: dict[Callable[[Written], Written], str] = {
    of_a_log_made_anew: "the topic was created again",
    of_a_log_deleted_since: "was deleted and created again while no worker was running: the state belongs to another",
    of_another_app: "belongs to 'somebody'",
    torn: "shard 0 is torn, in the snapshot at -1; delete it with: wakewatch topics forget fleet",
    damaged: "shard 0 is damaged: its checksum is wrong, in the snapshot at -1; delete it with: wakewatch topics",
    with_an_unknown_column: "column gap.of_tomorrow",
    with_a_changed_column: "column core.lat_deg",
    unreadable: "snapshot unreadable",
    histories_of_other_partitions: "made of 7 partitions of the log, which has 1 now; delete it with: "
    "wakewatch topics forget histories",
    areas_of_other_partitions: "made of 7 partitions of the log, which has 1 now; delete it with: "
    "wakewatch topics forget areas",
    meetings_of_other_partitions: "made of 7 partitions of the log, which has 1 now; delete it with: "
    "wakewatch topics forget meetings",
}
KINDS = {HISTORIES: Identities.kind, AREAS: Places.kind, MEETINGS: Meetings.kind}


async def write(kafka: KafkaSettings, app_id: str, written: Written) -> None:
    kind = KINDS.get(written.topic, "fleet")
    log = StateLog({"bootstrap_servers": kafka.bootstrap_servers}, kafka.topic_prefix + written.topic, 0, app_id, kind)
    await log.claim()
    await log.write(list(enumerate(written.shards)), 6, lambda _: msgspec.json.encode(written.head))
    await log._transaction([[piece] for piece in written.later], b"later", lambda _: b"")
    await log.close()


def test_state_that_does_not_fit_ends_the_worker_with_code_2(
    kafka_settings: KafkaSettings, start_worker: StartWorker
) -> None:
    """All at once: what takes long is that each worker starts, and that a log's end is asked for several times."""
    workers = {}
    for number, (spoil, said) in enumerate(SAID.items()):
        prefix = f"{kafka_settings.topic_prefix}{number}."
        kafka = msgspec.structs.replace(kafka_settings, topic_prefix=prefix, partitions=1)
        make_topics(kafka)
        asyncio.run(write(kafka, f"{prefix}app", spoil(a_snapshot(f"{prefix}app"))))
        workers[said] = start_worker(kafka)
    for said, worker in workers.items():
        assert worker.ends() == 2, worker.said()
        last = worker.said().strip().splitlines()[-1]
        assert last.startswith("wakewatch: ")
        assert said in last
        assert "Traceback" not in worker.said()


def test_nothing_is_left_open_when_a_take_over_is_cut_short(kafka_settings: KafkaSettings) -> None:
    """A process that must end while it claims would otherwise end with a library's complaint as its last word."""
    complaints: list[dict[str, Any]] = []

    async def cut_short() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        link = {"bootstrap_servers": kafka_settings.bootstrap_servers}
        service = Service(
            None,
            link=link,
            source="in",
            fleet="absent",
            app_id=kafka_settings.topic_prefix,
            every_s=1.0,
            observer=Unobserved(),
        )
        service.assigned({TP("in", 0), TP("in", 1)})
        claiming = asyncio.create_task(service.take_over(lambda *_: None))
        await asyncio.sleep(0.2)
        claiming.cancel()
        await asyncio.wait([claiming])
        assert claiming.cancelled()
        del claiming, service
        gc.collect()

    asyncio.run(cut_short())
    assert not complaints
