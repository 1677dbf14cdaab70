"""The worker's work: partitions come and go, records are taken in exactly once in state, alerts go out.

Rules (each was paid for):
1. Where to read next is said by the state, never by the consumer group.
2. A snapshot commits only when every alert at or below its cut is delivered.
3. Input is acknowledged only when a committed snapshot covers it.
4. A record that does not follow on: an old one is dropped; one ahead is sought back for, three times, then crash;
   one ahead because the log was cut off by retention is accepted, loudly.
5. Fenced, or any error: crash. The supervisor starts again; no snapshot is written after an error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from faust.types import TP

from detectors.core.engine import Engine
from detectors.core.snapshot import SnapshotError
from streams.errors import StateError
from streams.worker.codec import handle
from streams.worker.fleetlog import FleetLog, Stored, load
from streams.worker.partition import Partition
from streams.worker.publish import Publisher

_TRIES_MOST: Final = 3
_SAME_BATCH_S: Final = 2.0
_REVOKE_S, _STOP_S, _COMMIT_S = 5.0, 10.0, 5.0
log = structlog.get_logger("wakewatch.worker")

MakeEngine = Callable[[int, Stored | None], Engine]


class Service:
    """Holds the partitions that this process owns."""

    def __init__(self, app: Any, *, servers: str, source: str, fleet: str, app_id: str, every_s: float) -> None:
        self.app = app
        self.parts: dict[int, Partition] = {}
        self._servers, self._source, self._fleet, self._app_id = servers, source, fleet, app_id
        self._every_s = every_s
        self._assigned: list[int] = []
        self._epoch = 0
        self._broken: BaseException | None = None
        self._snapshots = asyncio.Semaphore(2)

    def positions(self) -> Mapping[TP, int]:
        """The next input offset of each partition owned."""
        return {TP(self._source, number): part.offset + 1 for number, part in self.parts.items()}

    # -- partitions come and go -----------------------------------------------------------------------------------

    def assigned(self, parts: set[TP]) -> None:
        """Inside the group's callback: note it only, heartbeats stop while we are here."""
        self._epoch += 1
        self._assigned = sorted(part.partition for part in parts if part.topic == self._source)

    async def take_over(self, make_engine: MakeEngine) -> None:
        """After the rebalance, before reading goes on: claim, load, rebuild what is new to us."""
        epoch, began_s = self._epoch, time.monotonic()
        wanted = [number for number in self._assigned if number not in self.parts]
        if not wanted:
            return
        logs = [FleetLog(self._servers, self._fleet, number, self._app_id) for number in wanted]
        await asyncio.gather(*(fleet.claim() for fleet in logs))
        stored = await load(self._servers, self._fleet, logs)
        lows = await self.app.consumer.earliest_offsets(*(TP(self._source, number) for number in wanted))
        highs = await self.app.consumer.highwaters(*(TP(self._source, number) for number in wanted))
        if self._epoch != epoch:
            await asyncio.gather(*(fleet.close() for fleet in logs))
            return
        for fleet in logs:
            part = TP(self._source, fleet.partition)
            self.parts[fleet.partition] = self._own(fleet, stored[fleet.partition], make_engine)
            self._check_ends(self.parts[fleet.partition], lows.get(part) or 0, highs.get(part) or 0)
        log.info("partitions taken over", partitions=wanted, recovery_s=round(time.monotonic() - began_s, 3))

    def _own(self, fleet: FleetLog, stored: Stored | None, make_engine: MakeEngine) -> Partition:
        try:
            engine = make_engine(fleet.partition, stored)
        except SnapshotError as error:
            raise StateError(f"{self._fleet}/{fleet.partition}: {error}") from error
        phase = fleet.partition % 8 / 8  # staggered: not all partitions at once
        return Partition(fleet, engine, stored, self._every_s, phase)

    def _check_ends(self, part: Partition, low: int, high: int) -> None:
        if part.offset >= high:
            raise StateError(
                f"{self._source}/{part.log.partition} ends at {high}, but the state has read to {part.offset}: "
                f"the topic was made anew; delete {self._fleet}, or set another worker.app_id to start afresh"
            )
        if low > part.offset + 1:
            if part.offset >= 0:
                log.error("records lost by retention", partition=part.log.partition, first=part.offset + 1, next=low)
            part.offset = low - 1

    async def let_go(self, *, stopping: bool) -> None:
        """On revoke and shutdown: last snapshots, then the partitions are dropped."""
        self._epoch += 1
        mine = list(self.parts.values())
        if mine and self._broken is None:
            limit_s = _STOP_S if stopping else _REVOKE_S
            done = await asyncio.gather(
                *(asyncio.wait_for(part.finish(), limit_s) for part in mine), return_exceptions=True
            )
            failed = [repr(error) for error in done if error is not None]
            if failed:
                log.warning("last snapshots failed", failed=failed[:2])
            try:
                await asyncio.wait_for(self.app.consumer.commit(), _COMMIT_S)  # only for displays of lag
            except Exception as error:  # noqa: BLE001 - nothing rests on it
                log.warning("offsets not committed", error=repr(error))
        self.parts.clear()
        await asyncio.gather(*(part.log.close() for part in mine))

    # -- records --------------------------------------------------------------------------------------------------

    async def run(self, stream: Any, publisher: Publisher) -> None:
        """The agent's loop. An error ends the process."""
        try:
            async for event in stream.noack().events():
                await self._event(event, publisher)
        except Exception as error:
            self._broken = error
            log.error("worker stops", error=repr(error))
            raise

    async def _event(self, event: Any, publisher: Publisher) -> None:
        message = event.message
        part = self.parts.get(message.partition)
        if part is None:
            return  # not ours any more: the new owner reads it
        async with part.lock:
            if self.parts.get(message.partition) is not part:
                return
            if message.offset <= part.offset:
                if message.offset <= part.covered:
                    event.ack()
                return
            if message.offset > part.offset + 1:
                await self._ahead(part, message)
                if message.offset != part.offset + 1:
                    return
            part.took(event, await self._take(part, message, publisher))
            part.poll()

    async def _take(self, part: Partition, message: Any, publisher: Publisher) -> list[Awaitable[Any]]:
        headers = message.headers or {}
        headers = dict(headers.items() if hasattr(headers, "items") else headers)
        outcome = handle(part.engine, message.value or b"", headers, int(message.timestamp * 1000))
        deliveries: list[Awaitable[Any]] = []
        for emitted in outcome.alerts:
            deliveries += await publisher.alert(emitted.alert, message.partition)
        for letter in outcome.letters:
            deliveries.append(await publisher.letter(letter, message.partition, message.offset))
        return deliveries

    async def _ahead(self, part: Partition, message: Any) -> None:
        """Rule 4."""
        offset, tries, when_s = part.sought
        if offset == part.offset and time.monotonic() - when_s < _SAME_BATCH_S:
            return  # the rest of the batch that it came with
        where = TP(self._source, message.partition)
        low = (await self.app.consumer.earliest_offsets(where)).get(where)
        if low is not None and low > part.offset + 1:
            log.error("records lost by retention", partition=message.partition, first=part.offset + 1, next=low)
            part.offset = low - 1
        tries = tries + 1 if offset == part.offset else 1
        part.sought = (part.offset, tries, time.monotonic())
        if tries > _TRIES_MOST:
            raise RuntimeError(f"records after {part.offset} of {where} do not come: restart from the snapshot")
        await self.app.consumer.seek_all({where: part.offset + 1})
