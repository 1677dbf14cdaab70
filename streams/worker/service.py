"""The main loop of a worker: each record changes the state exactly once, and alerts go out at least once.

Rules (each from a real failure): 1. Input is acknowledged only when a committed snapshot covers it. 2. A record out of
sequence: an old one is dropped; for one ahead see ``offset_gaps``. 3. The partition's lock is held from the start of a
record to its last alert, so a snapshot is taken between two records. 4. Any error: crash. See ``assignments`` for who
owns a partition, and where reading begins.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import Any, Final

import structlog

from streams.errors import Reason
from streams.worker import joined_records
from streams.worker.assignments import Assignments
from streams.worker.codec import LogEntry, entry_of
from streams.worker.crashes import Crash, RecordError, work_on
from streams.worker.dead_letters import LostInput
from streams.worker.observer import PartitionStanding, RecordsTaken
from streams.worker.partition import Partition
from streams.worker.publish import Publisher

_EVENTS_MOST: Final = 512
log = structlog.get_logger("wakewatch.worker")


class Service(Assignments):
    """Processes the records of the partitions that this process owns."""

    # -- records --------------------------------------------------------------------------------------------------

    async def run(self, stream: Any, publisher: Publisher) -> None:
        """The loop of the Faust agent: waiting records are processed together. An error ends the process."""
        records = stream.noack()
        waiting, events = records.channel.queue, list[Any]()
        try:
            async for event in records.events():
                events.append(event)
                if waiting.empty() or len(events) >= _EVENTS_MOST:
                    await self._take_in(events, publisher)
                    events = []
        except Exception as error:
            self._ends(error)
            raise

    async def beat(self) -> None:
        """Once a second: snapshots that are due, also without new records, and the observer. An error crashes."""
        try:
            for part in list(self.parts.values()):
                if part.lock.locked():
                    continue  # it polls after each of its records
                async with part.lock:  # writing them waits for Kafka: no record begins in the meantime
                    part.owes(await part.summaries.tell(part.engine, self._vessels))
                    part.poll()
        except Exception as error:  # noqa: BLE001 - handed to the app, which ends
            self._ends(error)
            await self.app.crash(error)
        self._observer.standing(*self.standing())

    def standing(self) -> tuple[list[PartitionStanding], dict[str, int]]:
        """The partitions owned, and their open alerts by detector."""
        others, open_alerts = self.elsewhere()
        return [*map(self._standing, self.parts.values()), *others], {**open_alerts, **self._open_alerts()}

    def _ends(self, error: Exception) -> None:
        self.broken = self.broken or error
        log.error("worker stops", error=repr(error))

    async def _take_in(self, events: Sequence[Any], publisher: Publisher) -> None:
        by_partition: dict[int, list[Any]] = {}
        for event in events:
            by_partition.setdefault(event.message.partition, []).append(event)
        for number, mine in by_partition.items():
            part = self.parts.get(number)
            if part is None or self.broken is not None:
                continue  # not ours any more: the new owner reads it
            async with part.lock:
                await self._in_order(part, mine, publisher)

    async def _in_order(self, part: Partition, events: Sequence[Any], publisher: Publisher) -> None:
        """Processes those of ``events`` that follow in sequence; call with the partition's lock held."""
        entries = [entry_of(event.message) for event in events]
        at = 0
        while at < len(events) and self.parts.get(part.log.partition) is part:
            if not await self._admit(part, events[at]):
                at += 1
                continue
            end = next((n for n in range(at + 1, len(events)) if entries[n].offset != entries[n - 1].offset + 1), None)
            run = entries[at:end]
            run = run[: part.crashes.together(run[0].offset, joined_records.length(run))]
            part.start_work()
            try:
                deliveries = await self._take(part, run, publisher)
            except RecordError as error:
                await part.note(error)
                raise
            part.took(events[at : at + len(run)], deliveries)
            part.poll()
            at += len(run)
            await asyncio.sleep(0)  # deliveries and snapshots have their turn

    async def _admit(self, part: Partition, event: Any) -> bool:
        """Whether this is the next record. An old one is acknowledged when possible; for one ahead see
        ``offset_gaps``."""
        offset = event.message.offset
        if offset > part.offset + 1:
            await self._gaps.resolve(part, offset)
        elif offset <= part.covered:
            event.ack()
        return bool(offset == part.offset + 1)

    async def _take(self, part: Partition, run: Sequence[LogEntry], publisher: Publisher) -> list[Awaitable[Any]]:
        crash = part.crashes.final(run[0].offset)
        if crash is not None:
            return [await self._set_aside(part, run[0], crash, publisher)]
        return await self._work(part, run, publisher)

    async def _set_aside(self, part: Partition, entry: LogEntry, crash: Crash, publisher: Publisher) -> Awaitable[Any]:
        """Skips a record that crashed the engine repeatedly, and keeps it as a dead letter."""
        number, why = part.log.partition, f"the worker crashed {crash.times} times at this record: {crash.why}"
        log.error("record set aside", topic=self._source, partition=number, offset=entry.offset, why=why)
        letter = LostInput(Reason.SET_ASIDE, entry.value, why, entry.source, entry.offset)
        self._observer.taken(RecordsTaken(number, entry.source, False, 0, 0, (), [letter.reason], 0.0))
        return await publisher.letter(letter, self._source, number)

    async def _work(self, part: Partition, run: Sequence[LogEntry], publisher: Publisher) -> list[Awaitable[Any]]:
        began_s = time.monotonic()
        if run[0].marker:
            outcomes: Sequence[joined_records.RunOutcome] = [await self._switch(part, run[0])]
        else:
            with work_on(run, part.log.kind, part.log.partition):
                outcomes = joined_records.processed(part.engine, run)
        step_s = (time.monotonic() - began_s) / len(outcomes)
        deliveries: list[Awaitable[Any]] = []
        for outcome in outcomes:
            for emitted in outcome.alerts:
                self.guard.check()
                sent = await publisher.alert(emitted.alert, part.log.partition)
                self._measure(sent[:1], outcome.read_at_ms)
                deliveries += sent
            deliveries += await publisher.facts(outcome, part.log.partition)
            for letter in outcome.letters:
                deliveries.append(await publisher.letter(letter, self._source, part.log.partition))
            self._observer.taken(_taken(part.log.partition, outcome, step_s))
        return deliveries

    def _measure(self, sent: Sequence[Awaitable[Any]], read_at_ms: int | None) -> None:
        """Informs the observer when Kafka has acknowledged an alert: not before can anybody read it."""
        if read_at_ms is None:
            return

        def acknowledged(done: asyncio.Future[Any]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._observer.delivered(read_at_ms)

        for delivery in sent:
            asyncio.ensure_future(delivery).add_done_callback(acknowledged)

    async def _switch(self, part: Partition, entry: LogEntry) -> joined_records.RunOutcome:
        """Another watchlist: read in a thread, so that heartbeats continue; in force between two records."""
        version = joined_records.version_of(entry)
        reference = await asyncio.to_thread(self._library.get, version) if version and self._library else None
        log.info("watchlist", partition=part.log.partition, version=version, known=reference is not None)
        if reference is not None:
            self._observer.lists(reference.ships, entry.written_ms)
        with work_on([entry], part.log.kind, part.log.partition):
            return joined_records.switch(part.engine, entry, reference)

    def _standing(self, part: Partition) -> PartitionStanding:
        engines, number = part.engine, part.log.partition
        clock_ms = engines.live.clock_ms
        return PartitionStanding(number, (self._source, number), clock_ms, engines.vessels, engines.tallies())

    def _open_alerts(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for part in self.parts.values():
            total.update(part.engine.open_alerts())
        return dict(total)


def _taken(partition: int, outcome: joined_records.RunOutcome, step_s: float) -> RecordsTaken:
    return RecordsTaken(
        partition,
        outcome.source,
        outcome.tick,
        outcome.sentences,
        outcome.reports,
        [emitted.alert for emitted in outcome.alerts],
        [letter.reason for letter in outcome.letters],
        step_s,
    )
