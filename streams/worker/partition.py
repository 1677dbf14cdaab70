"""One owned partition: its engine, how far it has come, and its snapshots.

Rules. A snapshot commits only when every alert and letter up to its cut is delivered. Input is acknowledged, in
order, only when a committed snapshot covers it. After an error nothing is snapshotted: the process crashes and is
started again from the last whole snapshot.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable
from typing import Any, Final

import msgspec

from detectors.core.engine import Engine
from streams.worker.fleetlog import Cut, FleetLog, Stored, stamp

HELD_MOST: Final = 20_000
_DELIVERED_LOOK: Final = 500


class Partition:
    """Owned from load to revoke. ``offset`` is the last input record that the engine has taken in."""

    def __init__(self, log: FleetLog, engine: Engine, stored: Stored | None, every_s: float, phase: float) -> None:
        self.log, self.engine = log, engine
        self.offset = self.covered = stored.cut.offset if stored else -1
        self.lock = asyncio.Lock()
        self.sought = (-1, 0, 0.0)
        """(offset, tries, when) of seeking back for a record that did not come."""
        self._versions = list(stored.cut.versions) if stored else []
        self._at = list(stored.cut.at) if stored else []
        self._every_s, self._last_s = every_s, time.monotonic() - every_s * (1 - phase)
        self._held: deque[Any] = deque()
        self._deliveries: list[Awaitable[Any]] = []
        self._task: asyncio.Task[None] | None = None

    def took(self, event: Any, deliveries: list[Awaitable[Any]]) -> None:
        """The engine has taken in ``event``'s record; what it caused is on its way."""
        self.offset = event.message.offset
        self._held.append(event)
        self._deliveries += deliveries
        if len(self._deliveries) > _DELIVERED_LOOK:
            self._deliveries = [d for d in self._deliveries if not (d.done() and not d.exception())]  # type: ignore[attr-defined]

    def poll(self) -> None:
        """Starts a snapshot when one is due; raises when the last one failed. Never waits."""
        if self._task is not None:
            if not self._task.done():
                return
            task, self._task = self._task, None
            task.result()
        due = time.monotonic() - self._last_s >= self._every_s or len(self._held) >= HELD_MOST
        if due and self.offset > self.covered:
            self._last_s = time.monotonic()
            self._task = asyncio.ensure_future(self._snapshot())

    async def finish(self) -> None:
        """A last snapshot, on revoke and shutdown."""
        async with self.lock:
            if self._task is not None:
                task, self._task = self._task, None
                await task
            if self.offset > self.covered:
                await self._snapshot()

    async def _snapshot(self) -> None:
        offset, deliveries = self.offset, self._deliveries
        self._deliveries = []
        shards, manifest = self._copy(offset), self.engine.manifest()
        for delivery in deliveries:
            await delivery

        def cut(at: list[int]) -> bytes:
            for (number, _), place in zip(shards, at, strict=True):
                self._at[number] = place
            return msgspec.json.encode(
                Cut(
                    app=self.log.app_id, offset=offset, shards=len(self._at), versions=list(self._versions),
                    at=list(self._at), manifest=manifest,
                )
            )  # fmt: skip

        await self.log.write(shards, cut)
        self.covered = offset
        while self._held and self._held[0].message.offset <= offset:
            self._held.popleft().ack()

    def _copy(self, offset: int) -> list[tuple[int, bytes]]:
        """The shards to write: the dirty ones, and those that stand so far back that a load would read for long."""
        count = self.engine.shard_count()
        self._versions += [-1] * (count - len(self._versions))
        self._at += [-1] * (count - len(self._at))
        newest = max(self._at, default=-1)
        old = {number for number, at in enumerate(self._at) if at < newest - 2 * count}
        numbers = sorted(set(self.engine.dirty()) | old | {n for n, at in enumerate(self._at) if at < 0})
        self.engine.mark_clean()
        for number in numbers:
            self._versions[number] = offset
        return [(number, stamp(offset, self.engine.shard(number))) for number in numbers]
