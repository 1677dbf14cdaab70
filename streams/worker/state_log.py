"""Durable state of one partition: snapshots that are Kafka transactions in a compacted topic.

- ``claim`` fences the former owner (InitProducerId), aborts its open transaction, and writes a claim record.
- ``write`` is one transaction: shards, then the head record. A snapshot is visible completely or not at all.
- Each record has a checksum, and a shard can be several records (``record_pieces``).
- ``load`` reads committed records up to our own claim: a well-defined end.
- Offsets in Kafka's answers have no checksum. So written records must rise, the claim is recognised by its
  contents, and a shard that is not at its offset is searched for from the beginning.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.broker.record_pieces import (
    RecordPiece,
    StoredRecord,
    checked,
    headers_of,
    joined_shard,
    pieces_of,
    verified,
)
from streams.errors import SinkError, StateError
from streams.worker.crashes import Crash

HEAD: Final = b"cut"
CLAIM: Final = b"claim"
CRASHES: Final = b"crashes"
_TAIL: Final = 8
_SILENT_MOST_S: Final = 120.0
"""A load waits this long without a record: its total time depends on the amount of data."""
_BYTES_MOST: Final = 4 << 20


Link = Mapping[str, Any]
"""The connection to Kafka in aiokafka's terms (``streams.broker.clients.link_of``)."""


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True):
    """The record that makes shards a snapshot."""

    app: str
    offset: int
    """Input offset up to which the state is whole."""
    shards: int
    versions: list[int]
    """For each shard the input offset at which it was cut; the shard has it too."""
    at: list[int]
    """For each shard its offset in the fleet log: a load must begin there."""
    manifest: bytes
    crashes: list[Crash] = []
    """Crashes at records after ``offset``."""
    log_id: str = ""
    """Kafka's id of the topic that ``offset`` counts in: a recreated topic has another. Empty: not known."""


class StoredSnapshot(NamedTuple):
    """A snapshot, read back and checked."""

    head: SnapshotHead
    shards: list[bytes]


class StateLog:
    """One partition's transactional writer."""

    def __init__(self, link: Link, topic: str, partition: int, app_id: str, kind: str = "fleet") -> None:
        self.topic, self.partition, self.app_id, self.kind = topic, partition, app_id, kind
        self.claimed = -1
        """The offset of our claim, as Kafka states it."""
        self.note_of_claim = b""
        self._end = -1
        """The offset of the last written record."""
        self.crashes: list[Crash] = []
        """Notes of former owners; known after ``load``."""
        self._producer = AIOKafkaProducer(
            **link,
            transactional_id=f"{app_id}-{kind}-{partition}",
            transaction_timeout_ms=60_000,
            acks="all",
            linger_ms=0,
            max_batch_size=1 << 20,
            max_request_size=_BYTES_MOST,
            request_timeout_ms=30_000,
        )

    async def claim(self) -> None:
        """Makes this process the owner; a former owner fails at its next write."""
        await self._producer.start()
        self.note_of_claim = msgspec.json.encode({"app": self.app_id, "pid": os.getpid(), "at": time.time()})
        self.claimed = await self._transaction([], CLAIM, lambda _: self.note_of_claim)

    async def write(
        self, shards: Sequence[tuple[int, bytes]], version: int, make_head: Callable[[list[int]], bytes]
    ) -> None:
        """One snapshot, of shards cut at the input offset ``version``.

        ``make_head`` is given the offsets at which ``shards`` begin in this log, and returns the head record. A commit
        whose answer was not seen counts if Kafka has it: the next owner loads this snapshot or the one before, and
        both are right.
        """
        await self._transaction([pieces_of(number, version, shard) for number, shard in shards], HEAD, make_head)

    async def note(self, crashes: Sequence[Crash]) -> None:
        """Records a crash for the next process, without a snapshot."""
        await self._transaction([], CRASHES, lambda _: msgspec.json.encode(crashes))

    async def _transaction(
        self, shards: Sequence[Iterable[RecordPiece]], key: bytes, last: Callable[[list[int]], bytes]
    ) -> int:
        await self._producer.begin_transaction()
        sent = []
        for shard in shards:
            sent.append([await self._send(piece) for piece in shard])
            await asyncio.sleep(0)  # a shard at a time: the stream continues
        # a failed batch raises here: never commit past it
        places = [[int((await piece).offset) for piece in pieces] for pieces in sent]
        value = last([pieces[0] for pieces in places])
        end = int((await (await self._send(RecordPiece(key, value, checked(value))))).offset)
        self._follow_on([*(place for pieces in places for place in pieces), end])
        await self._producer.commit_transaction()
        return end

    def _follow_on(self, places: Sequence[int]) -> None:
        """Checks that offsets rise, as those of a single writer must. Raises SinkError.

        An answer that was damaged in transmission may give other offsets, and a reader would search for shards in wrong
        places.
        """
        if any(place <= before for before, place in zip([self._end, *places], places, strict=False)):
            raise SinkError(
                f"{self.topic}/{self.partition}: offsets {places} do not follow {self._end}", retriable=True
            )
        self._end = places[-1]

    async def _send(self, piece: RecordPiece) -> Any:
        return await self._producer.send(
            self.topic, value=piece.value, key=piece.key, partition=self.partition, headers=piece.headers
        )

    async def close(self) -> None:
        """Closes the connection; nothing is written."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._producer.stop(), 3)


class _SnapshotFinder:
    """Finds the newest complete snapshot of a partition: reads forward to our claim, from further back if need be."""

    def __init__(self, log: StateLog, consumer: AIOKafkaConsumer) -> None:
        self.log, self._consumer = log, consumer
        self.part = TopicPartition(log.topic, log.partition)
        self.values: dict[bytes, StoredRecord] = {}
        self.stored: StoredSnapshot | None = None
        self.done = False
        self._start = 0

    def begin(self, offset: int) -> None:
        self._start, self.values = max(0, offset), {}
        self._consumer.seek(self.part, self._start)

    def take(self, key: bytes, held: StoredRecord | None, offset: int) -> bool:
        """Processes a record; True if our claim is reached and reading stops or restarts."""
        if held is None:
            self.values.pop(key, None)
        else:
            self.values[key] = held
        if key == HEAD:  # it contains what was noted before it
            self.values.pop(CRASHES, None)
        if key != CLAIM or held is None or held.value != self.log.note_of_claim:
            return False  # recognised by its contents, not by the offset that Kafka states
        self._at_claim(offset)
        return True

    def _at_claim(self, claimed: int) -> None:
        record = self.values.get(HEAD)
        if record is None and self._start > 0:
            self.begin(claimed - 8 * max(1, claimed - self._start))  # no head in this tail: a longer one
            return
        oldest = min(read_head(record, self.log).at, default=0) if record else 0
        if self._start > max(0, oldest):
            self.begin(oldest)
            return
        try:
            self.stored = _checked_snapshot(self)
        except StateError:
            if self._start == 0:
                raise
            self.begin(0)  # the place of a shard may have been reported wrongly
            return
        self.done = True
        self._consumer.pause(self.part)


def read_head(held: StoredRecord, log: StateLog) -> SnapshotHead:
    """A head record. Raises StateError if it is not one, or is damaged."""
    try:
        return msgspec.json.decode(verified(held, "it"), type=SnapshotHead)
    except (msgspec.MsgspecError, StateError) as error:
        raise unusable(log, f"the newest snapshot's head cannot be read: {error}") from error


def unusable(log: StateLog, why: object) -> StateError:
    """The error for a stored state that cannot be used."""
    return StateError(
        f"{log.topic}/{log.partition}: {why}; delete it with: wakewatch topics forget {log.kind} (RUNBOOK.md, Restore)"
    )


async def load(link: Link, topic: str, logs: Sequence[StateLog]) -> dict[int, StoredSnapshot | None]:
    """The newest snapshot of each claimed partition; None if there is none.

    Raises StateError if stored data cannot be used, SinkError if the broker does not answer in time.
    """
    consumer = AIOKafkaConsumer(
        **link,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=_BYTES_MOST,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    readers = {log.partition: _SnapshotFinder(log, consumer) for log in logs}
    deadline_s, at = time.monotonic() + _SILENT_MOST_S, list[int]()
    try:
        consumer.assign([reader.part for reader in readers.values()])
        for reader in readers.values():
            reader.begin(reader.log.claimed - _TAIL)
        while not all(reader.done for reader in readers.values()):
            for part, messages in (await consumer.getmany(timeout_ms=500)).items():
                for message in messages:
                    held = None if message.value is None else StoredRecord(message.value, headers_of(message.headers))
                    if readers[part.partition].take(message.key, held, message.offset):
                        break
            now_at = [await consumer.position(reader.part) for reader in readers.values()]
            if now_at != at:  # also past aborted records, which are not returned
                at, deadline_s = now_at, time.monotonic() + _SILENT_MOST_S
            elif time.monotonic() > deadline_s:
                raise SinkError(f"{topic}: no record came for {_SILENT_MOST_S:.0f} s", retriable=True)
    finally:
        await consumer.stop()
    for reader in readers.values():
        reader.log.crashes = _crashes(reader, reader.stored)
    return {number: reader.stored for number, reader in readers.items()}


def _crashes(reader: _SnapshotFinder, stored: StoredSnapshot | None) -> list[Crash]:
    held = reader.values.get(CRASHES)
    if held is None:
        return stored.head.crashes if stored else []
    try:
        return msgspec.json.decode(held.value, type=list[Crash])
    except msgspec.MsgspecError:
        return []  # only the waiting time depends on it


def _checked_snapshot(reader: _SnapshotFinder) -> StoredSnapshot | None:
    record = reader.values.get(HEAD)
    if record is None:
        return None
    log = reader.log
    head = read_head(record, log)
    if head.app != log.app_id:
        raise StateError(
            f"{log.topic}/{log.partition} belongs to {head.app!r}, not to {log.app_id!r}: set worker.app_id"
        )
    try:
        return StoredSnapshot(
            head, [joined_shard(reader.values, number, version) for number, version in enumerate(head.versions)]
        )
    except StateError as error:
        raise unusable(log, f"{error}, in the snapshot at {head.offset}") from error
