"""The second agent: bindings in, alerts about IMO numbers out; durable in the same way as the first (``service``).

Its topic has one partition, because bindings are few (an MMSI states its own once an hour), and one place must see the
promises of all partitions to decide.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from detectors.core.engine.alert_writer import Emitted
from detectors.core.identities.binding import IMO, Binding, SeenUnder, Told
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.promises import PartitionWatermark
from streams.errors import Reason
from streams.messages.topics import IDENTITIES
from streams.worker.codec import LAST_MS, UNREADABLE, LogEntry
from streams.worker.crashes import work_on
from streams.worker.dead_letters import LostInput
from streams.worker.observer import Observer, PartitionStanding, RecordsTaken, Unobserved
from streams.worker.partition import Partition
from streams.worker.publish import Publisher
from streams.worker.service import Service

NAME: Final = "identities"
"""The stage's name, used instead of a partition's number."""
_MMSI_END: Final = 1 << 30  # thirty bits, as they are sent
_TEXT_MOST: Final = 65_536
_told: Final = msgspec.json.Decoder(Told)


def learn(histories: ImoHistories, entry: LogEntry) -> tuple[list[Emitted], list[LostInput]]:
    """Gives a record to the histories. Never raises on bad input."""
    try:
        told = _told.decode(entry.value)
    except UNREADABLE as error:
        return [], [_lost(entry, str(error))]
    wrong = refusal_of(told)
    return ([], [_lost(entry, wrong)]) if wrong else (histories.take(told), [])


def refusal_of(told: Told) -> str:
    """Why a record of another program cannot be used; empty if it can."""
    if isinstance(told, PartitionWatermark):
        return "" if 0 <= told.heard_ms < LAST_MS else "a progress record without time"
    times = told.stamp_ms, *_times_of(told)
    if not all(0 <= time_ms < LAST_MS for time_ms in times):
        return "no time"
    if told.imo not in IMO or not 0 <= told.mmsi < _MMSI_END:
        return f"not a vessel: IMO {told.imo}, MMSI {told.mmsi}"
    if isinstance(told, SeenUnder):
        return ""
    texts = (told.source, told.name, told.call_sign, told.listed, told.sentence, *told.alerts)
    return "a text too long" if sum(len(text or "") for text in texts) > _TEXT_MOST else ""


def _times_of(told: Binding | SeenUnder) -> tuple[int, ...]:
    if isinstance(told, SeenUnder):
        return told.heard_ms, told.noted_ms
    return told.first_ms, told.last_ms, told.fix_ms, told.appeared_ms


def _lost(entry: LogEntry, detail: str) -> LostInput:
    return LostInput(Reason.RECORD_UNREADABLE, entry.value, f"binding: {detail}", IDENTITIES, entry.offset)


class Identities(Service):
    """Holds the one partition of ``ais.identities.v1`` while this process owns it."""

    kind: ClassVar[str] = "histories"

    async def _work(self, part: Partition, run: Sequence[LogEntry], publisher: Publisher) -> list[Awaitable[Any]]:
        began_s = time.monotonic()
        with work_on(run, part.log.kind, part.log.partition):
            alerts, letters = learn(part.engine, run[0])
        step_s = time.monotonic() - began_s
        deliveries: list[Awaitable[Any]] = []
        for emitted in alerts:
            deliveries += await publisher.alert(emitted.alert, part.log.partition)
        for letter in letters:
            deliveries.append(await publisher.letter(letter, self._source, part.log.partition))
        if alerts or letters:
            said = [emitted.alert for emitted in alerts], [letter.reason for letter in letters]
            self._observer.taken(RecordsTaken(part.log.partition, IDENTITIES, False, 0, 0, *said, step_s))
        return deliveries

    def standing(self) -> tuple[list[PartitionStanding], dict[str, int]]:
        """Its partition under its own name, without vessels; and the open alerts."""
        owned = [
            PartitionStanding(NAME, (self._source, number), part.engine.clock_ms, 0)
            for number, part in self.parts.items()
        ]
        return owned, self._open_alerts()


class StageObserver(Unobserved):
    """Shows alerts, letters, losses and lag of this stage: its partition has no vessels."""

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
        """Kept, for the code that shows both stages."""
        self.stands = list(standings), open_alerts

    def released(self) -> None:
        """Another process owns it now."""
        self.stands = [], {}
