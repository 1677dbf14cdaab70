"""The worker's work: partitions come and go, records are taken in exactly once in state, alerts go out.

Rules (each was paid for):
1. Where to read next is said by the state, never by the consumer group.
2. A snapshot commits only when every alert at or below its cut is delivered.
3. Input is acknowledged only when a committed snapshot covers it.
4. A record that does not follow on: an old one is dropped; for one ahead see ``gaps``.
5. Fenced, or any error: crash. The supervisor starts again; no snapshot is written after an error.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Final

import structlog
from faust.types import TP

from detectors.core.identities.binding import Heard
from detectors.core.snapshot import SnapshotError
from streams.broker.security import refusal_of
from streams.errors import ConfigError, StateError
from streams.reference.library import Library
from streams.worker import runs
from streams.worker.codec import Entry, entry_of
from streams.worker.fleetlog import FleetLog, Link, Stored, load
from streams.worker.gaps import Gaps
from streams.worker.observe import Observer, Standing, Taken, tallies_of
from streams.worker.partition import Partition, Rhythm
from streams.worker.publish import Publisher

_REVOKE_S, _STOP_S, _COMMIT_S = 5.0, 10.0, 5.0
_PHASES: Final = 8
_SNAPSHOTS_AT_ONCE: Final = 2
_EVENTS_MOST: Final = 512
log = structlog.get_logger("wakewatch.worker")

MakeEngine = Callable[[int, Stored | None], Any]
"""What holds a partition's state: see ``partition.Stateful``."""


class Service:
    """Holds the partitions that this process owns."""

    kind: ClassVar[str] = "fleet"
    """Of the snapshots, for the transactional ids."""

    def __init__(
        self, app: Any, *, link: Link, source: str, fleet: str, app_id: str, every_s: float, observer: Observer,
        library: Library | None = None, vessels: Any = None,
    ) -> None:  # fmt: skip
        self.app = app
        self._vessels = vessels
        self._library = library
        self.parts: dict[int, Partition] = {}
        self.broken: BaseException | None = None
        """Why this process must end; whoever started it reads the exit code from it."""
        self.give_up: Callable[[], None] | None = None
        """Stops the process in good order; set by who looks at ``broken`` afterwards."""
        self.elsewhere: Callable[[], tuple[list[Standing], dict[str, int]]] = lambda: ([], {})
        """How another stage stands, to be shown with ours."""
        self._link, self._source, self._fleet, self._app_id = link, source, fleet, app_id
        self._every_s, self._turns = every_s, asyncio.Semaphore(_SNAPSHOTS_AT_ONCE)
        self._observer = observer
        self._gaps = Gaps(link, source, app, observer)
        self._assigned: list[int] = []
        self._epoch = 0

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
        logs = [FleetLog(self._link, self._fleet, number, self._app_id, self.kind) for number in wanted]
        async with AsyncExitStack() as unless_ours:
            for fleet in logs:
                unless_ours.push_async_callback(fleet.close)  # also when cancelled: it would be said at the exit
            parts = await self._loaded(logs, make_engine)
            if parts is None or self._epoch != epoch:
                return
            unless_ours.pop_all()
        self.parts.update({part.log.partition: part for part in parts})
        took_s = time.monotonic() - began_s
        log.info("partitions taken over", topic=self._source, partitions=wanted, recovery_s=round(took_s, 3))
        self._observer.recovered(wanted, took_s)

    async def _loaded(self, logs: Sequence[FleetLog], make_engine: MakeEngine) -> list[Partition] | None:
        """None when they were taken from us meanwhile, which fences us and is no fault, or when we are to end."""
        epoch = self._epoch
        try:
            return await self._load(logs, make_engine)
        except Exception as error:  # noqa: BLE001 - raised again by refuse, or not ours any more
            if self._epoch == epoch:
                partitions = [fleet.partition for fleet in logs]
                said = str(error) or repr(error)
                log.error("partitions cannot be taken over", topic=self._source, partitions=partitions, error=said)
                await self.refuse(error)
            return None

    async def refuse(self, error: Exception) -> None:
        """Ends the process: by a crash, or in good order when it is for a person to mend and somebody waits for us."""
        error = refusal_of(error) or error
        self.broken = self.broken or error
        if self.give_up is None or not isinstance(error, (ConfigError, StateError)):
            raise error
        self.give_up()

    async def _load(self, logs: Sequence[FleetLog], make_engine: MakeEngine) -> list[Partition]:
        await asyncio.gather(*(fleet.claim() for fleet in logs))
        stored = await load(self._link, self._fleet, logs)
        lows = await self.app.consumer.earliest_offsets(*(TP(self._source, fleet.partition) for fleet in logs))
        parts = []
        for fleet in logs:
            part = self._own(fleet, stored.pop(fleet.partition), make_engine)
            await self._place(part, lows.get(TP(self._source, fleet.partition)) or 0)
            parts.append(part)
        return parts

    def _own(self, fleet: FleetLog, stored: Stored | None, make_engine: MakeEngine) -> Partition:
        try:
            engine = make_engine(fleet.partition, stored)
        except SnapshotError as error:
            mend = f"start it afresh with: wakewatch topics forget {self.kind} (RUNBOOK.md, Restore)"
            raise StateError(f"{self._fleet}/{fleet.partition}: {error}; {mend}") from error
        rhythm = Rhythm(self._every_s, fleet.partition % _PHASES / _PHASES, self._turns)
        return Partition(fleet, engine, stored, rhythm, self._observer)

    async def _place(self, part: Partition, low: int) -> None:
        """The state must fit the log. Raises StateError when it is of another log."""
        number = part.log.partition
        if part.offset >= 0 and await self._gaps.ends_before(number, part.offset):
            raise StateError(
                f"{self._source}/{number} ends before offset {part.offset}, which the state has read: the topic was "
                f"made anew; delete {self._fleet}, or set another worker.app_id to start afresh"
            )
        if low > part.offset + 1:
            if part.offset >= 0:
                self._gaps.skip(part, low, "retention")
            part.offset = low - 1

    async def let_go(self, *, stopping: bool) -> None:
        """On revoke and shutdown: last snapshots, then the partitions are dropped."""
        self._epoch += 1
        mine = list(self.parts.values())
        if mine and self.broken is None:
            await self._finish(mine, _STOP_S if stopping else _REVOKE_S)
        self.parts.clear()
        self._observer.released()
        await asyncio.gather(*(part.log.close() for part in mine))

    async def _finish(self, mine: Sequence[Partition], limit_s: float) -> None:
        for part in mine:
            part.owes(await part.watch.tell(part.engine, self._vessels, last=True))
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

    # -- records --------------------------------------------------------------------------------------------------

    async def run(self, stream: Any, publisher: Publisher) -> None:
        """The agent's loop: what waits is taken in together. An error ends the process."""
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
        """Once a second: snapshots that are due also when nothing comes, and how things stand. An error crashes."""
        try:
            for part in list(self.parts.values()):
                if not part.lock.locked():
                    part.owes(await part.watch.tell(part.engine, self._vessels))
                    part.poll()
        except Exception as error:  # noqa: BLE001 - handed to the app, which ends
            self._ends(error)
            await self.app.crash(error)
        self._observer.standing(*self.standing())

    def standing(self) -> tuple[list[Standing], dict[str, int]]:
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
        """Takes in those of ``events`` that follow on; call with the partition's lock held."""
        entries = [entry_of(event.message) for event in events]
        at = 0
        while at < len(events) and self.parts.get(part.log.partition) is part:
            if not await self._follows(part, events[at]):
                at += 1
                continue
            end = next((n for n in range(at + 1, len(events)) if entries[n].offset != entries[n - 1].offset + 1), None)
            run = entries[at:end]
            run = run[: runs.length(run)]
            part.took(events[at : at + len(run)], await self._take(part, run, publisher))
            part.poll()
            at += len(run)
            await asyncio.sleep(0)  # deliveries and snapshots have their turn

    async def _follows(self, part: Partition, event: Any) -> bool:
        """Is this the next record? An old one is acknowledged when it may be; for one ahead see ``gaps``."""
        offset = event.message.offset
        if offset > part.offset + 1:
            await self._gaps.close(part, offset)
        elif offset <= part.covered:
            event.ack()
        return bool(offset == part.offset + 1)

    async def _take(self, part: Partition, run: Sequence[Entry], publisher: Publisher) -> list[Awaitable[Any]]:
        began_s = time.monotonic()
        outcomes = [await self._switch(part, run[0])] if run[0].marker else runs.take(part.engine, run)
        step_s = (time.monotonic() - began_s) / len(outcomes)
        deliveries: list[Awaitable[Any]] = []
        for outcome in outcomes:
            for emitted in outcome.alerts:
                deliveries += await publisher.alert(emitted.alert, part.log.partition)
            deliveries += await publisher.bindings(outcome.bindings, part.log.partition)
            if outcome.heard_ms is not None:
                deliveries.append(publisher.heard(Heard(partition=part.log.partition, heard_ms=outcome.heard_ms)))
            for letter in outcome.letters:
                deliveries.append(await publisher.letter(letter, self._source, part.log.partition))
            self._observer.taken(_taken(part.log.partition, outcome, step_s))
        return deliveries

    async def _switch(self, part: Partition, entry: Entry) -> runs.Outcome:
        """Another watchlist: read in a thread, so that heartbeats go on; in force between two records."""
        version = runs.version_of(entry)
        reference = await asyncio.to_thread(self._library.get, version) if version and self._library else None
        log.info("watchlist", partition=part.log.partition, version=version, known=reference is not None)
        if reference is not None:
            self._observer.lists(reference.ships, entry.written_ms)
        return runs.switch(part.engine, entry, reference)

    def _standing(self, part: Partition) -> Standing:
        engine = part.engine
        return Standing(part.log.partition, self._lag(part), engine.clock_ms, engine.vessels, tallies_of(engine))

    def _lag(self, part: Partition) -> int:
        high = self.app.consumer.highwater(TP(self._source, part.log.partition))
        return max(0, (high or 0) - part.offset - 1)

    def _open_alerts(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for part in self.parts.values():
            total.update(part.engine.open_alerts())
        return dict(total)


def _taken(partition: int, outcome: runs.Outcome, step_s: float) -> Taken:
    return Taken(
        partition, outcome.source, outcome.tick, outcome.sentences, outcome.reports,
        [emitted.alert for emitted in outcome.alerts], [letter.reason for letter in outcome.letters],
        step_s, outcome.read_at_ms,
    )  # fmt: skip
