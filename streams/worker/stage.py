"""A stage that gathers facts from all partitions, and writes alerts; as durable as the first (``service``).

Its topic has one partition, because facts are few, and one place must see the promises of all partitions to decide.
``Identities`` and ``Places`` differ in what they read and in the engine that ``app`` gives them.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import msgspec

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted
from detectors.core.promises import PartitionWatermark
from streams.errors import Reason
from streams.worker.codec import LAST_MS, UNREADABLE, LogEntry
from streams.worker.crashes import work_on
from streams.worker.dead_letters import LostInput
from streams.worker.observer import Observer, PartitionStanding, RecordsTaken, Tallies, Unobserved
from streams.worker.partition import Partition
from streams.worker.publish import Publisher
from streams.worker.service import Service


class Gathering(Protocol):
    """The engine of a stage."""

    def take(self, told: Any) -> list[Emitted]:
        """Adds a fact or a promise."""


class Refusal(NamedTuple):
    """Why a record cannot be used."""

    detail: str
    reason: Reason = Reason.RECORD_UNREADABLE


class StageInput(NamedTuple):
    """How the records of a stage's topic are read."""

    topic: str
    """Without prefix."""
    fact: str
    """What one is, in words."""
    decoder: msgspec.json.Decoder[Any]
    refusal_of: Callable[[Any, Any], Refusal | None]
    """Why a fact, decoded, cannot be given to the engine; promises are checked here."""

    def learn(self, engine: Gathering, entry: LogEntry) -> tuple[list[Emitted], list[LostInput]]:
        """Gives a record to the engine. Never raises on bad input."""
        try:
            told = self.decoder.decode(entry.value)
        except UNREADABLE as error:
            return [], [self._lost(entry, Refusal(str(error)))]
        refusal = _refusal_of(told) if isinstance(told, PartitionWatermark) else self.refusal_of(told, engine)
        return ([], [self._lost(entry, refusal)]) if refusal is not None else (engine.take(told), [])

    def _lost(self, entry: LogEntry, refusal: Refusal) -> LostInput:
        return LostInput(refusal.reason, entry.value, f"{self.fact}: {refusal.detail}", self.topic, entry.offset)


def _refusal_of(heard: PartitionWatermark) -> Refusal | None:
    return None if 0 <= heard.heard_ms < LAST_MS else Refusal("a progress record without time")


class StageService(Service):
    """Holds the one partition of the stage's topic while this process owns it."""

    name: ClassVar[str]
    """The stage's name, used instead of a partition's number."""
    reads: ClassVar[StageInput]

    async def _work(self, part: Partition, run: Sequence[LogEntry], publisher: Publisher) -> list[Awaitable[Any]]:
        began_s = time.monotonic()
        with work_on(run, part.log.kind, part.log.partition):
            alerts, letters = self.reads.learn(part.engine, run[0])
        step_s = time.monotonic() - began_s
        deliveries: list[Awaitable[Any]] = []
        for emitted in alerts:
            self.guard.check()
            deliveries += await publisher.alert(emitted.alert, part.log.partition)
            deliveries += await self._passed_on(emitted.alert, publisher)
        for letter in letters:
            deliveries.append(await publisher.letter(letter, self._source, part.log.partition))
        if alerts or letters:
            said = [emitted.alert for emitted in alerts], [letter.reason for letter in letters]
            self._observer.taken(RecordsTaken(part.log.partition, self.reads.topic, False, 0, 0, *said, step_s))
        return deliveries

    async def _passed_on(self, alert: Alert, publisher: Publisher) -> list[Awaitable[Any]]:
        """What else is written about an alert."""
        return []

    def tallies(self, engine: Any) -> Tallies:
        """What its engine has counted."""
        del engine
        return Tallies()

    def standing(self) -> tuple[list[PartitionStanding], dict[str, int]]:
        """Its partition under its own name, without vessels; and the open alerts."""
        owned = [
            PartitionStanding(self.name, (self._source, number), part.engine.clock_ms, 0, self.tallies(part.engine))
            for number, part in self.parts.items()
        ]
        return owned, self._open_alerts()


class StageObserver(Unobserved):
    """Shows alerts, letters, losses and lag of a stage: its partition has no vessels."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.stands: tuple[list[PartitionStanding], dict[str, int]] = [], {}

    def taken(self, record: RecordsTaken) -> None:
        """Passed on."""
        self._observer.taken(record)

    def skipped(self, partition: int, records: int, cause: str) -> None:
        """Passed on."""
        self._observer.skipped(partition, records, cause)

    def standing(self, standings: Sequence[PartitionStanding], open_alerts: dict[str, int]) -> None:
        """Kept, for the code that shows all stages."""
        self.stands = list(standings), open_alerts

    def released(self) -> None:
        """Another process owns it now."""
        self.stands = [], {}


def together(observers: Sequence[StageObserver]) -> tuple[list[PartitionStanding], dict[str, int]]:
    """What several stages show."""
    owned = [standing for observer in observers for standing in observer.stands[0]]
    return owned, {name: count for observer in observers for name, count in observer.stands[1].items()}
