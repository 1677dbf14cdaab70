"""Records that do not follow on. Rule: seek back; if they do not come, ask the log itself; then accept or crash.

A gap is real if a direct read from the place of the next record starts later, and a second read confirms this:
retention cut the log off, or the offsets are transaction markers of another program. Everything else is a loss in the
framework, and a restart from the snapshot fixes it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from streams.worker.observer import Observer
from streams.worker.partition import Partition
from streams.worker.state_log import Link

_TRIES_MOST: Final = 3
_WAIT_S: Final = 10.0
_READ_S: Final = 10.0
_LOOKS, _LOOK_S = 8, 1.0
log = structlog.get_logger("wakewatch.worker")


class SoughtBack(NamedTuple):
    """A partition that was sought back."""

    offset: int = -1
    """The last record that was processed then."""
    tries: int = 0
    seen: int = -1
    """The highest offset since the seek, without effect."""
    when_s: float = 0.0


class OffsetGaps:
    """Handles gaps for one input topic."""

    def __init__(self, link: Link, topic: str, app: Any, observer: Observer) -> None:
        self._link, self._topic, self._app, self._observer = link, topic, app, observer
        self._sought: dict[int, SoughtBack] = {}

    async def resolve(self, part: Partition, offset: int) -> None:
        """``offset`` came, and is not the next of ``part``.

        On return either ``part.offset`` is ``offset - 1`` and the record may be processed, or it is to be dropped and
        will come again. Raises RuntimeError if the records in between do not come.
        """
        number = part.log.partition
        sought = self._sought.get(number, SoughtBack())
        same, now_s = sought.offset == part.offset, time.monotonic()
        if same and offset > sought.seen and now_s - sought.when_s < _WAIT_S:
            self._sought[number] = sought._replace(seen=offset)  # the rest of the records in transit before the seek
            return
        tries = sought.tries + 1 if same else 1
        if tries > 1 and await self._accept(part):
            return
        if tries > _TRIES_MOST:
            raise RuntimeError(f"records after {part.offset} of {self._topic}/{number} do not arrive: restart")
        self._sought[number] = SoughtBack(part.offset, tries, offset, now_s)
        log.warning("moved back", partition=number, next=part.offset + 1, came=offset, tries=tries)
        await self._app.consumer.seek_all({TP(self._topic, number): part.offset + 1})

    async def _accept(self, part: Partition) -> bool:
        """Asks the log. True if it really continues later; ``part.offset`` is then just before its next record."""
        number, wanted = part.log.partition, part.offset + 1
        found = await first_at(self._link, self._topic, number, wanted)
        if found is None or found <= wanted or found != await first_at(self._link, self._topic, number, wanted):
            return False
        where, low = TP(self._topic, number), (await self.log_starts([number]))[number]
        self.skip(part, found, "retention" if low > wanted else "no_record")
        await self._app.consumer.seek_all({where: found})
        return True

    async def log_starts(self, numbers: Sequence[int]) -> dict[int, int]:
        """Where partitions begin, as Kafka reports twice in a row: one answer may have been damaged on its way, and
        what it skipped would be lost."""
        parts = {number: TP(self._topic, number) for number in numbers}
        before: dict[int, int] | None = None
        while True:
            lows = await self._app.consumer.earliest_offsets(*parts.values())
            now = {number: int(lows.get(part) or 0) for number, part in parts.items()}
            if now == before:
                return now
            before = now

    def skip(self, part: Partition, next_offset: int, cause: str) -> None:
        """Continues at ``next_offset`` and reports it: the records in between are lost to us."""
        number, wanted = part.log.partition, part.offset + 1
        log.error("records skipped", partition=number, first=wanted, next=next_offset, cause=cause)
        self._observer.skipped(number, next_offset - wanted, cause)
        part.offset = next_offset - 1

    async def ends_before(self, number: int, offset: int) -> bool:
        """True if the log ends at or before ``offset`` in repeated answers.

        A broker that has just come back knows less for a moment, so a first answer is not believed.
        """
        where = TP(self._topic, number)
        for _ in range(_LOOKS):
            high = (await self._app.consumer.highwaters(where)).get(where)
            if high is not None and offset < high:
                return False
            await asyncio.sleep(_LOOK_S)
        return True


async def first_at(link: Link, topic: str, partition: int, offset: int) -> int | None:
    """The offset of the first record at or after ``offset``, read directly; None if none comes in time."""
    client = AIOKafkaConsumer(**link, enable_auto_commit=False, auto_offset_reset="earliest")
    part = TopicPartition(topic, partition)
    await client.start()
    try:
        client.assign([part])
        client.seek(part, offset)
        found = await asyncio.wait_for(client.getone(part), _READ_S)
        return int(found.offset)
    except TimeoutError:
        return None
    finally:
        await client.stop()
