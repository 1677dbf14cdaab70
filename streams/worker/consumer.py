"""Faust's consumer with two repairs: where to read next, and what a record costs.

Where to read next is said by our state, not by Faust and not by the group. Faust 0.15.3 drops records after a
rebalance that it believes it has read: ``_read_offset`` also counts what it threw away. And ``seek`` called from an
agent runs in the wrong thread: aiokafka is not thread safe.

Faust starts two tasks for each record to wait for, and hands it to the stream before it takes the next: no records
ever waited together, and each was a step of its own (see ``runs``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Transport
from faust.types import TP

_FETCH_S: Final = 1.0
_TURN: Final = 256
"""Records after which others have their turn."""


class _Forgetful(dict[Any, Any]):
    """Remembers nothing: what was read is for us to know."""

    def __getitem__(self, key: Any) -> None:
        return None

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def update(self, *args: Any, **kwargs: Any) -> None:
        return None


class Consumer(FaustConsumer):  # type: ignore[misc]  # faust ships no types
    """Asks ``positions`` where each partition goes on, whenever Faust is about to resume."""

    positions: Callable[[], Mapping[TP, int]] = staticmethod(dict)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _Forgetful()

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


def install(positions: Callable[[], Mapping[TP, int]]) -> None:
    """Makes Faust use this consumer, with ``positions`` saying the next offset of each partition owned."""
    Consumer.positions = staticmethod(positions)
    Transport.Consumer = Consumer
