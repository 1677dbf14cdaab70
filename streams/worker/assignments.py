"""The partitions that a process owns: assigned, loaded, and released.

Rules (each from a real failure):
1. The state gives the next offset to read, never the consumer group.
2. A snapshot commits only when every alert at or below its offset is delivered.
3. Fenced or any other error while working: the process ends, its supervisor starts another, and no snapshot is written
   after the error. Fenced while taking over or releasing: the partition is dropped, and the process stays.

What a process leaves that is killed: on the state's topic whole snapshots, and perhaps records of an open transaction;
on the other topics (written without transactions, ``publish``) all output up to the last snapshot, and any part of what
came after it. How the next one takes over:
1. ``app._assigned`` notes the partitions; ``take_over`` runs after the rebalance.
2. ``StateLog.claim`` fences the dead producer, which aborts its transaction.
3. ``state_log.load`` reads committed records up to the claim: the last whole snapshot. ``make_engine`` restores it.
4. ``_place`` looks whether the log still has the record that follows; ``ExactConsumer`` seeks to it.
5. ``Service.run`` processes it and all that follow, and writes the same revisions again, with the same ids: the engine
   has no clock but the log. Readers drop what they have (id and revision).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Final, Protocol

import msgspec
import structlog
from faust.types import TP

from detectors.core.engine.snapshot import SnapshotError
from streams.broker.security import refusal_of
from streams.errors import SinkError, StateError, WakewatchError
from streams.reference.library import Library
from streams.worker.crashes import SET_ASIDE_AFTER
from streams.worker.freeze_guard import FreezeGuard
from streams.worker.health import recreated
from streams.worker.in_flight import Death
from streams.worker.observer import Observer, PartitionStanding
from streams.worker.offset_gaps import OffsetGaps
from streams.worker.partition import Partition, SnapshotSchedule
from streams.worker.state_log import Link, StateLog, StoredSnapshot, load, unusable

_REVOKE_S, _STOP_S, _COMMIT_S = 5.0, 10.0, 5.0
_PHASES: Final = 8
_SNAPSHOTS_AT_ONCE: Final = 2
_LOG_ID_S, _LOOK_S = 60.0, 0.1
log = structlog.get_logger("wakewatch.worker")

MakeEngine = Callable[[int, StoredSnapshot | None], Any]
"""What holds a partition's state: see ``partition.Stateful``."""


class LogIds(Protocol):
    """Kafka's ids of topics; a recreated topic has another id. Empty if not known."""

    def newest_id(self, topic: str) -> str:
        """From the last answer, which may have been damaged in transmission."""

    def agreed_id(self, topic: str) -> str:
        """From two consecutive answers."""


class Assignments:
    """The partitions that this process owns."""

    kind: ClassVar[str] = "fleet"
    """Kind of the snapshots, for the transactional ids."""

    def __init__(
        self,
        app: Any,
        *,
        link: Link,
        source: str,
        fleet: str,
        app_id: str,
        every_s: float,
        observer: Observer,
        library: Library | None = None,
        vessels: Any = None,
        set_aside_after: int = SET_ASIDE_AFTER,
        guard: FreezeGuard | None = None,
    ) -> None:
        self.app = app
        self._vessels = vessels
        self.guard = guard or FreezeGuard(math.inf)
        self._library = library
        self.parts: dict[int, Partition] = {}
        self.broken: BaseException | None = None
        """Why this process must end; the exit code is derived from it."""
        self.give_up: Callable[[], None] | None = None
        """Stops the process cleanly; set by the code that checks ``broken`` afterwards."""
        self.elsewhere: Callable[[], tuple[list[PartitionStanding], dict[str, int]]] = lambda: ([], {})
        """The state of the other stages, to be shown together with ours."""
        self.deaths: list[Death] = []
        """How the previous process died, if that is still to be noted."""
        self.log_ids: LogIds | None = None
        """Returns the ids of the log; None: not checked."""
        self._link, self._source, self._fleet, self._app_id = link, source, fleet, app_id
        self._set_aside_after = set_aside_after
        self._every_s, self._turns = every_s, asyncio.Semaphore(_SNAPSHOTS_AT_ONCE)
        self._observer = observer
        self._gaps = OffsetGaps(link, source, app, observer)
        self._assigned: list[int] = []
        self._epoch = 0

    def positions(self) -> Mapping[TP, int]:
        """The next input offset of each partition owned."""
        return {TP(self._source, number): part.offset + 1 for number, part in self.parts.items()}

    @property
    def source(self) -> str:
        """The topic that is read, with its prefix."""
        return self._source

    def places(self) -> dict[tuple[str, int], int]:
        """Like ``positions``, for code that does not know Faust; can be called from any thread."""
        return {(self._source, number): part.offset + 1 for number, part in list(self.parts.items())}

    # -- partitions come and go -----------------------------------------------------------------------------------

    def assigned(self, parts: set[TP]) -> None:
        """Called inside the group's callback: only notes it, because heartbeats stop during the callback."""
        self._epoch += 1
        self._assigned = sorted(part.partition for part in parts if part.topic == self._source)

    async def take_over(self, make_engine: MakeEngine) -> None:
        """After the rebalance, before reading continues: claims, loads and rebuilds new partitions."""
        epoch, began_s = self._epoch, time.monotonic()
        wanted = [number for number in self._assigned if number not in self.parts]
        if not wanted:
            return
        logs = [StateLog(self._link, self._fleet, number, self._app_id, self.kind) for number in wanted]
        async with AsyncExitStack() as unless_ours:
            for fleet in logs:
                unless_ours.push_async_callback(
                    fleet.close
                )  # also when cancelled: asyncio complains of an open producer at exit
            parts = await self._loaded(logs, make_engine)
            if parts is None or self._epoch != epoch:
                return
            unless_ours.pop_all()
        if not self.parts:
            self.guard.restart()  # of partitions that were kept, a pause before counts
        self.parts.update({part.log.partition: part for part in parts})
        took_s = time.monotonic() - began_s
        log.info("partitions taken over", topic=self._source, partitions=wanted, recovery_s=round(took_s, 3))
        self._observer.recovered(wanted, took_s)

    async def _loaded(self, logs: Sequence[StateLog], make_engine: MakeEngine) -> list[Partition] | None:
        """None if the partitions were revoked in the meantime (fenced, which is not a fault) or the process ends."""
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
        """Ends the process: by a crash, or cleanly if a person must fix the cause and is waiting for the exit code."""
        error = refusal_of(error) or error
        self.broken = self.broken or error
        if self.give_up is None or not isinstance(error, WakewatchError):
            raise error
        self.give_up()

    async def _load(self, logs: Sequence[StateLog], make_engine: MakeEngine) -> list[Partition]:
        await asyncio.gather(*(fleet.claim() for fleet in logs))
        stored = await load(self._link, self._fleet, logs)
        lows = await self._gaps.log_starts([fleet.partition for fleet in logs])
        parts = []
        for fleet in logs:
            found = stored.pop(fleet.partition)
            await self._require_same_log(found.head.log_id if found else "")
            part = self._own(fleet, found, make_engine)
            await self._place(part, lows[fleet.partition])
            await self._note_deaths(part)
            parts.append(part)
        return parts

    def _own(self, fleet: StateLog, stored: StoredSnapshot | None, make_engine: MakeEngine) -> Partition:
        try:
            engine = make_engine(fleet.partition, stored)
        except SnapshotError as error:
            raise unusable(fleet, error) from error
        schedule = SnapshotSchedule(self._every_s, fleet.partition % _PHASES / _PHASES, self._turns)
        return Partition(
            fleet,
            engine,
            stored,
            schedule,
            self._observer,
            set_aside_after=self._set_aside_after,
            log_ids=self._log_ids_now,
        )

    def _log_ids_now(self) -> tuple[str, str]:
        """Agreed and newest ids."""
        ids = self.log_ids
        return (ids.agreed_id(self._source), ids.newest_id(self._source)) if ids is not None else ("", "")

    async def _require_same_log(self, stored_id: str) -> None:
        """The log must be the one that the snapshot was made of: another one may be longer and have other contents.

        Waits for Kafka's answer. Raises StateError for another log, SinkError if Kafka does not answer in time.
        """
        until_s, ids = time.monotonic() + _LOG_ID_S, self.log_ids
        while ids is not None:
            newest, agreed = ids.newest_id(self._source), ids.agreed_id(self._source)
            if newest and stored_id in {"", newest}:
                return
            if stored_id and agreed not in {"", stored_id}:
                raise recreated(self._source, "was deleted and created again while no worker was running")
            if time.monotonic() > until_s:
                raise SinkError(f"Kafka gives no topic id for {self._source}", retriable=True)
            await asyncio.sleep(_LOOK_S)

    async def _place(self, part: Partition, low: int) -> None:
        """The state must fit the log. Raises StateError when it is of another log."""
        number = part.log.partition
        if part.offset >= 0 and await self._gaps.ends_before(number, part.offset):
            raise StateError(
                f"{self._source}/{number} ends before offset {part.offset}, which is in the state: the topic was "
                "created "
                f"again; delete the state with: wakewatch topics forget {self.kind} (RUNBOOK.md, Restore)"
            )
        if low > part.offset + 1:
            if part.offset >= 0:
                self._gaps.skip(part, low, "retention")
            part.offset = low - 1

    async def _note_deaths(self, part: Partition) -> None:
        """Records where the previous process died, if it was in a record that is not processed yet."""
        mine = [one for one in self.deaths if (one.kind, one.partition) == (self.kind, part.log.partition)]
        for death in mine:
            self.deaths.remove(death)
            log.warning("the previous worker died at a record", topic=self._source, **msgspec.structs.asdict(death))
            part.crashes.died(death)
        if mine:
            await part.log.note(part.crashes.after(part.offset))

    async def let_go(self, *, stopping: bool) -> None:
        """On revoke and shutdown: last snapshots, then the partitions are released."""
        self._epoch += 1
        mine = list(self.parts.values())
        if mine and self.broken is None:
            await self._finish(mine, _STOP_S if stopping else _REVOKE_S)
        self.parts.clear()
        self._observer.released()
        await asyncio.gather(*(part.log.close() for part in mine))

    async def _finish(self, mine: Sequence[Partition], limit_s: float) -> None:
        for part in mine:
            async with part.lock:
                part.owes(await part.summaries.tell(part.engine, self._vessels, last=True))
        done = await asyncio.gather(
            *(asyncio.wait_for(part.finish(), limit_s) for part in mine), return_exceptions=True
        )
        failed = [repr(error) for error in done if error is not None]
        if failed:
            log.warning("last snapshots failed", failed=failed[:2])
        try:
            await asyncio.wait_for(self.app.consumer.commit(), _COMMIT_S)  # only for displays of lag
        except Exception as error:  # noqa: BLE001 - nothing depends on it
            log.warning("offsets not committed", error=repr(error))
