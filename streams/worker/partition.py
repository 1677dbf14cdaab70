"""One owned partition: its engine, its offset, and its snapshots.

The contents of a snapshot are copied between two records, never while a record is being processed. The snapshot commits
only when every alert and dead letter up to its offset is delivered. Input is acknowledged, in order, only when a
committed snapshot covers it. After an error there is no snapshot: the process crashes and is restarted from the last
complete one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import structlog

from streams.broker.record_pieces import count_of
from streams.worker.crashes import SET_ASIDE_AFTER, Crashes, RecordError
from streams.worker.observer import Observer
from streams.worker.state_log import SnapshotHead, StateLog, StoredSnapshot
from streams.worker.vessel_summaries import SummaryWriter

HELD_MOST: Final = 20_000
_DELIVERED_LOOK: Final = 500
_NOTE_S: Final = 10.0
_log: Final = structlog.get_logger("wakewatch.worker")


class SnapshotSchedule(NamedTuple):
    """When snapshots of a partition are taken, and how many at once."""

    every_s: float
    phase: float
    """0..1: partitions take turns."""
    turns: asyncio.Semaphore


class _Copy(NamedTuple):
    """A partition's state at one moment."""

    offset: int
    shards: list[tuple[int, bytes]]
    versions: list[int]
    manifest: bytes
    deliveries: list[Awaitable[Any]]


class Stateful(Protocol):
    """A partition's state, in shards and a manifest."""

    def shard_count(self) -> int:
        """Shards in use."""

    def dirty(self) -> list[int]:
        """Shards changed since ``mark_clean``."""

    def shard(self, number: int) -> bytes:
        """A copy of one shard."""

    def manifest(self) -> bytes:
        """All that is not in shards, and how to read them; JSON."""

    def mark_clean(self) -> None:
        """Everything so far is in the copy that is being made. Called before that is durable: if the commit fails, this
        process is no longer the owner, and the next one loads the snapshot before."""


class Partition:
    """Owned from load to revoke. ``offset`` is the last input record that the engine has processed."""

    def __init__(
        self,
        log: StateLog,
        engine: Stateful,
        stored: StoredSnapshot | None,
        schedule: SnapshotSchedule,
        observer: Observer,
        *,
        set_aside_after: int = SET_ASIDE_AFTER,
        log_ids: Callable[[], tuple[str, str]] = lambda: ("", ""),
    ) -> None:
        self.log = log
        self._log_id, self._ask_log_ids = stored.head.log_id if stored else "", log_ids
        self.engine: Any = engine
        self.offset = self.covered = stored.head.offset if stored else -1
        self.lock = asyncio.Lock()
        """Held from the start of a record to its last alert, and while a snapshot is copied."""
        self.between_records = True
        """False while a record is being processed, and permanently if that failed: then there is no snapshot."""
        self._versions = list(stored.head.versions) if stored else []
        self._at = list(stored.head.at) if stored else []
        self._records = [count_of(shard) for shard in stored.shards] if stored else []
        """How many records of the fleet log each shard has."""
        self._schedule, self._observer = schedule, observer
        self.summaries = SummaryWriter(log.partition)
        self._last_s = time.monotonic() - schedule.every_s * (1 - schedule.phase)
        self.crashes = Crashes(log.crashes, set_aside_after)
        self._unacknowledged: deque[Any] = deque()
        self._deliveries: list[Awaitable[Any]] = []
        self._task: asyncio.Task[None] | None = None

    def start_work(self) -> None:
        """Records are about to be processed."""
        self.between_records = False

    def took(self, events: Sequence[Any], deliveries: list[Awaitable[Any]]) -> None:
        """The engine has processed ``events``; their alerts are being sent."""
        self.offset, self.between_records = events[-1].message.offset, True
        self._unacknowledged.extend(events)
        self._deliveries += deliveries
        if len(self._deliveries) > _DELIVERED_LOOK:
            self._deliveries = [d for d in self._deliveries if not (d.done() and not d.exception())]  # type: ignore[attr-defined]

    def owes(self, deliveries: list[Awaitable[Any]]) -> None:
        """Adds a send that must be delivered before the next snapshot."""
        self._deliveries += deliveries

    def poll(self) -> None:
        """Starts a snapshot when one is due; raises if the last one failed. Never waits; call with ``lock`` held."""
        if self._task is not None:
            if not self._task.done():
                return
            task, self._task = self._task, None
            task.result()
        due = time.monotonic() - self._last_s >= self._schedule.every_s or len(self._unacknowledged) >= HELD_MOST
        if due and self.between_records and self.offset > self.covered:
            self._last_s = time.monotonic()
            # The copy is made here and now: a task begins later, in the middle of the next record.
            self._task = asyncio.ensure_future(self._commit(self._copy()))

    async def finish(self) -> None:
        """A last snapshot, on revoke and shutdown."""
        async with self.lock:
            if self._task is not None:
                task, self._task = self._task, None
                await task
            if self.between_records and self.offset > self.covered:
                await self._commit(self._copy())

    async def note(self, error: RecordError) -> None:
        """Records where the engine failed, as the last action before the process ends. Does not raise."""
        self.crashes.add(error)
        try:
            async with asyncio.timeout(_NOTE_S):
                if self._task is not None:
                    await asyncio.wait({self._task})  # a partition has one producer, and one transaction at a time
                await self.log.note(self.crashes.after(self.covered))
        except Exception as failed:  # noqa: BLE001 - the process ends anyway; then the crash is not counted
            _log.warning("crash not recorded", partition=self.log.partition, error=repr(failed))

    def _copy(self) -> _Copy:
        deliveries, self._deliveries = self._deliveries, []
        numbers = self._to_write()
        self.engine.mark_clean()
        for number in numbers:
            self._versions[number] = self.offset
        shards = [(number, self.engine.shard(number)) for number in numbers]
        for number, shard in shards:
            self._records[number] = count_of(shard)
        return _Copy(self.offset, shards, list(self._versions), self.engine.manifest(), deliveries)

    def _to_write(self) -> list[int]:
        """The changed shards, those never written, and those so far back that a load would have to read for long."""
        count = self.engine.shard_count()
        self._versions += [-1] * (count - len(self._versions))
        self._at += [-1] * (count - len(self._at))
        newest = max(self._at, default=-1)
        self._records += [1] * (count - len(self._records))
        oldest = newest - 2 * sum(self._records)
        old = {number for number, at in enumerate(self._at) if at < 0 or at < oldest}
        return sorted(set(self.engine.dirty()) | old)

    async def _commit(self, copy: _Copy) -> None:
        began_s = time.monotonic()
        async with self._schedule.turns:
            for delivery in copy.deliveries:
                await delivery
            await self.log.write(copy.shards, copy.offset, lambda at: self._head(copy, at))
        self.covered = copy.offset
        while self._unacknowledged and self._unacknowledged[0].message.offset <= copy.offset:
            self._unacknowledged.popleft().ack()
        size_bytes = sum(len(shard) for _, shard in copy.shards)
        self._observer.snapshot(self.log.partition, time.monotonic() - began_s, size_bytes)

    def _head(self, copy: _Copy, at: list[int]) -> bytes:
        """The head record, once it is known where the shards are in the log."""
        for (number, _), place in zip(copy.shards, at, strict=True):
            self._at[number] = place
        agreed, newest = self._ask_log_ids()
        self._log_id = self._log_id or agreed
        return msgspec.json.encode(
            SnapshotHead(
                app=self.log.app_id,
                offset=copy.offset,
                shards=len(copy.versions),
                versions=copy.versions,
                at=self._at[: len(copy.versions)],
                manifest=copy.manifest,
                crashes=self.crashes.after(copy.offset),
                log_id=self._log_id or newest,
            )
        )
