"""Faust's consumer with four fixes: where to read next, the cost per record, a silent loss of the group, and shutdown.

Our state gives the next offset, not Faust and not the group. Faust 0.15.3 drops records after a rebalance that it
believes it has read: ``_read_offset`` also counts records that were discarded. And ``seek`` called from an agent runs
in the wrong thread: aiokafka is not thread-safe.

Faust starts two tasks to wait for each record, and passes it to the stream before it gets the next one: records never
waited together, and each was a step of its own (see ``runs``).

aiokafka joins the group in a task of its own. An unreadable answer (damaged in transmission) ends that task, or makes
it wait until its error is fetched along with records. Faust fetches none before it has partitions: the worker stayed
without any for ever, alive but inactive. So the task is checked.

A worker that left just after joining could hang: aiokafka's consumer closes when that task has ended, the task waits
for Faust's callback in the main loop, and the callback for a service that has already stopped (the subscription of
topics, the queue of calls). So closing has a time limit; after that the consumer is abandoned, because nothing depends
on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP
from mode import Service

from streams.errors import SinkError

_FETCH_S: Final = 1.0
_LOOK_S: Final = 1.0
CLOSE_S: Final = 10.0
"""Leaving a group takes one request."""
_TURN: Final = 256
"""Records after which other tasks get their turn."""


class _Forgetful(dict[Any, Any]):
    """Stores nothing: our state knows what was read."""

    def __getitem__(self, key: Any) -> None:
        return None

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def update(self, *args: Any, **kwargs: Any) -> None:
        return None


class _ConsumerThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's thread, with an end."""

    async def on_thread_stop(self) -> None:
        """Closes the consumer, or cancels the closing when it takes too long."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await super().on_thread_stop()
        except TimeoutError:
            self.log.warning("the group's client did not close within %.0f s", CLOSE_S)


class ExactConsumer(FaustConsumer):  # type: ignore[misc]  # faust ships no types
    """Asks ``positions`` for the next offset of each partition when Faust is about to resume."""

    positions: Callable[[], Mapping[TP, int]] = staticmethod(dict)

    refuse: Callable[[Exception], Awaitable[None]]
    """Ends the process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _Forgetful()

    @Service.task  # type: ignore[untyped-decorator]  # mode ships no types
    async def _look_at_group(self) -> None:
        while not self.should_stop:
            fault = fault_of(self._thread._consumer)
            if fault is not None and not self.app.should_stop:
                error = SinkError(f"this worker is no longer in its group: {fault!r}", retriable=True)
                error.__cause__ = fault
                self.log.error("%s", error)
                await type(self).refuse(error)
                return
            await self.sleep(_LOOK_S)

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Called by Faust before every resume."""
        await self.seek_all(type(self).positions())

    async def seek_all(self, wanted: Mapping[TP, int]) -> None:
        """Seeks in the consumer's own thread."""
        client = self._thread._ensure_consumer()

        async def go() -> None:
            for part, offset in wanted.items():
                if part in client.assignment():
                    client.seek(part, offset)

        await self._thread.call_thread(go)
        # Faust commits nothing below what it takes for committed, so the group never falls behind the state.
        self._committed_offset.update({part: offset or None for part, offset in wanted.items()})

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's loop; while the flow is on, the records of a fetch go to the stream's buffer one after another."""
        ended = self._stopped.is_set, fetcher._stopped.is_set
        try:
            while not any(is_set() for is_set in ended):
                await self.sleep(0)
                number = 0
                async for _, message in self.getmany(timeout=_FETCH_S):
                    number += 1
                    await self._hand_over(message)
                    if number % _TURN == 0:
                        await asyncio.sleep(0)
        except (*self.consumer_stopped_errors, asyncio.CancelledError):
            if not self.transport.app.should_stop:
                raise

    async def _hand_over(self, message: Any) -> None:
        if self.app.flow_control.is_active():
            await self.callback(message)  # nothing in it waits then
        else:
            await self.wait_first(self.callback(message), self.suspend_flow.wait())


def fault_of(client: Any) -> BaseException | None:
    """The error at which aiokafka's consumer stopped taking part in its group; None while it takes part."""
    coordinator = getattr(client, "_coordinator", None)
    task = getattr(coordinator, "_coordination_task", None)
    if coordinator is None or task is None or coordinator._closing.done():
        return None
    if not task.done():
        return coordinator._pending_exception  # type: ignore[no-any-return]  # aiokafka's internals have no types
    return RuntimeError("cancelled") if task.cancelled() else task.exception() or RuntimeError("ended")


def install(positions: Callable[[], Mapping[TP, int]], refuse: Callable[[Exception], Awaitable[None]]) -> None:
    """Makes Faust use this consumer.

    ``positions`` gives the next offset of each partition owned, ``refuse`` ends the process for a reason.
    """
    ExactConsumer.positions = staticmethod(positions)
    ExactConsumer.refuse = staticmethod(refuse)
    Transport.Consumer = ExactConsumer
