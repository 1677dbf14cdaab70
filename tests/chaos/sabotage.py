"""Proof that the harness can fail: workers that break one rule each. A run against such a one must find it."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from faust.types import TP

from streams.worker.fact_topic import FactTopic
from streams.worker.partition import Partition
from streams.worker.publish import Publisher
from streams.worker.service import Service

_LATE_S = 2.0
_ERROR_RATE = 0.01


def offsets_of_the_group() -> None:
    """Input is acknowledged at once, and the group's offsets say where to read on: records are missing in the state."""
    took, place = Partition.took, Service._place

    def acknowledges(self: Partition, events: Any, deliveries: Any) -> None:
        took(self, events, deliveries)
        for event in events:
            event.ack()
        self._unacknowledged.clear()

    async def believes(self: Service, part: Partition, low: int) -> None:
        await place(self, part, low)
        threaded = self.app.consumer._thread
        where = TP(self._source, part.log.partition)
        committed = await threaded.call_thread(threaded._ensure_consumer().committed, where)
        part.offset = max(part.offset, (committed or 0) - 1)

    Partition.took, Service._place = acknowledges, believes  # type: ignore[method-assign]


def snapshots_before_delivery() -> None:
    """Alerts are sent later, and snapshots do not wait for them: a kill between loses them."""
    alert = Publisher.alert
    late = set[Any]()

    async def sends_later(self: Publisher, one: Any, partition: int) -> list[Any]:
        async def send() -> None:
            await asyncio.sleep(_LATE_S)
            await alert(self, one, partition)

        task = asyncio.ensure_future(send())
        late.add(task)
        task.add_done_callback(late.discard)
        return []

    Publisher.alert = sends_later  # type: ignore[method-assign]


def facts_before_delivery() -> None:
    """Facts for the later stages are sent later, and snapshots do not wait for them: some never arrive."""
    original = FactTopic.send
    late = set[Any]()

    async def sends_later(self: FactTopic, facts: Any, partition: int) -> list[Any]:
        async def send() -> None:
            await asyncio.sleep(_LATE_S)
            await original(self, facts, partition)

        if facts:
            task = asyncio.ensure_future(send())
            late.add(task)
            task.add_done_callback(late.discard)
        return []

    FactTopic.send = sends_later  # type: ignore[method-assign]


def snapshots_after_an_error() -> None:
    """A record that raises is passed over, as Faust's agents do, and snapshots go on: what it held is lost."""
    take = Service._take

    async def passes_over(self: Service, part: Any, run: Any, publisher: Any) -> Any:
        if random.random() < _ERROR_RATE:
            return []
        return await take(self, part, run, publisher)

    Service._take = passes_over  # type: ignore[method-assign]


def snapshots_in_the_middle_of_a_record() -> None:
    """The beat looks whether a record is being taken in, waits for Kafka, and then begins a snapshot all the same."""
    begins = Partition.start_work

    def forgets(self: Partition) -> None:
        begins(self)
        self.between_records = True

    async def looks_and_waits(self: Service) -> None:
        for part in list(self.parts.values()):
            if not part.lock.locked():
                part.owes(await part.summaries.tell(part.engine, self._vessels))
                part.poll()
        self._observer.standing(*self.standing())

    Partition.start_work, Service.beat = forgets, looks_and_waits  # type: ignore[method-assign]


RULES: dict[str, Callable[[], None]] = {
    "group": offsets_of_the_group,
    "delivery": snapshots_before_delivery,
    "facts": facts_before_delivery,
    "error": snapshots_after_an_error,
    "torn": snapshots_in_the_middle_of_a_record,
}
