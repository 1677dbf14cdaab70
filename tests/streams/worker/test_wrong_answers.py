"""Answers of Kafka that no checksum covers are asked for twice, or held against what they must agree with."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from faust.types import TP

from streams.broker.clients import link_of
from streams.errors import SinkError, StateError
from streams.messages.topics import FLEET
from streams.settings.model import KafkaSettings
from streams.worker import offset_gaps
from streams.worker.offset_gaps import OffsetGaps
from streams.worker.state_log import SnapshotHead, StateLog, load
from tests.streams.worker.conftest import make_topics

FAR = 1 << 40


class Answers:
    """A broker's, one after the other; the last one again and again."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self._left = list(answers)

    async def __call__(self, *_: object) -> Any:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


def of(low: Sequence[int], app: dict[str, Any] | None = None) -> OffsetGaps:
    lows = Answers([{TP("log", 0): each} for each in low])
    consumer = SimpleNamespace(earliest_offsets=lows, seek_all=Answers([None]))
    observer = SimpleNamespace(skipped=lambda *_: None)
    return OffsetGaps({}, "log", SimpleNamespace(consumer=consumer, **(app or {})), observer)  # type: ignore[arg-type]


@pytest.mark.parametrize("answers", [[0], [FAR, 0], [0, FAR, 0], [FAR, 7, FAR - 1, 0]])
def test_where_a_partition_begins_is_what_kafka_says_twice_in_a_row(answers: list[int]) -> None:
    assert asyncio.run(of(answers).log_starts([0])) == {0: 0}


def test_records_are_passed_over_only_where_two_reads_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    part = SimpleNamespace(offset=10, log=SimpleNamespace(partition=0))
    for reads, accepted in (([FAR, 11], False), ([FAR, None], False), ([15, 16], False), ([15], True)):
        part.offset = 10
        monkeypatch.setattr(offset_gaps, "first_at", Answers(reads))
        assert asyncio.run(of([0])._accept(part)) == accepted  # type: ignore[arg-type]
        assert part.offset == (14 if accepted else 10)


async def snapshots(kafka: KafkaSettings, places: Sequence[int]) -> StateLog:
    """One snapshot for each of ``places``: how far off in the log its shard is said to stand."""
    log = StateLog(link_of(kafka), kafka.topic_prefix + FLEET, 0, "app")
    await log.claim()
    for number, off in enumerate(places):
        await _write(log, 41 + number, off)
    return log


async def _write(log: StateLog, offset: int, off: int = 0) -> None:
    def head(at: list[int]) -> bytes:
        said = [place + off for place in at]
        return msgspec.json.encode(
            SnapshotHead(app="app", offset=offset, shards=1, versions=[offset], at=said, manifest=b"{}")
        )

    await log.write([(0, b"rows at %d" % offset)], offset, head)


async def loaded(kafka: KafkaSettings, log: StateLog | None = None) -> tuple[int, bytes]:
    log = log or await snapshots(kafka, [])
    try:
        stored = (await load(link_of(kafka), kafka.topic_prefix + FLEET, [log]))[0]
    finally:
        await log.close()
    assert stored is not None
    return stored.head.offset, stored.shards[0]


@pytest.fixture
def kafka(kafka_settings: KafkaSettings) -> KafkaSettings:
    made = msgspec.structs.replace(kafka_settings, partitions=1)
    make_topics(made)
    return made


@pytest.mark.broker
@pytest.mark.parametrize("off", [-FAR, 1, FAR])
def test_a_snapshot_that_says_wrongly_where_its_shard_stands_is_whole(kafka: KafkaSettings, off: int) -> None:
    async def scene() -> tuple[int, bytes]:
        log = await snapshots(kafka, [0, 0, off])
        for _ in range(20):  # beyond the tail that is read first
            await log.note([])
        await log.close()
        return await loaded(kafka)

    assert asyncio.run(scene()) == (43, b"rows at 43")


@pytest.mark.broker
@pytest.mark.parametrize("off", [-FAR, -4, -1, 1, FAR])
def test_what_was_written_before_our_claim_is_loaded_wherever_kafka_says_that_it_stands(
    kafka: KafkaSettings, off: int
) -> None:
    async def scene() -> tuple[int, bytes]:
        await (await snapshots(kafka, [0, 0])).close()
        log = await snapshots(kafka, [])
        log.claimed += off
        return await loaded(kafka, log)

    assert asyncio.run(scene()) == (42, b"rows at 42")


@pytest.mark.broker
@pytest.mark.parametrize("off", [-2, -FAR, FAR])
def test_a_place_that_does_not_follow_on_is_never_committed(kafka: KafkaSettings, off: int) -> None:
    async def scene() -> None:
        log = await snapshots(kafka, [0])
        send, left = log._send, [1]

        async def lies(piece: Any) -> Any:
            sent = await send(piece)
            if not left:
                return sent
            left.pop()
            wrong = asyncio.get_running_loop().create_future()
            wrong.set_result((await sent)._replace(offset=(await sent).offset + off))
            return wrong

        log._send = lies  # type: ignore[method-assign]
        with pytest.raises(SinkError, match="follow"):
            await _write(log, 42)
        await log.close()

    asyncio.run(scene())
    assert asyncio.run(loaded(kafka)) == (41, b"rows at 41")


@pytest.mark.broker
def test_a_shard_that_is_nowhere_is_torn(kafka: KafkaSettings) -> None:
    async def scene() -> None:
        log = await snapshots(kafka, [0])
        await log.write(
            [],
            42,
            lambda _: msgspec.json.encode(
                SnapshotHead(app="app", offset=42, shards=1, versions=[42], at=[0], manifest=b"{}")
            ),
        )
        await log.close()
        with pytest.raises(StateError, match="shard 0 is torn"):
            await loaded(kafka)

    asyncio.run(scene())
