"""Faust's consumer with one repair: where to read next is said by our state, not by Faust and not by the group.

Faust 0.15.3 drops records after a rebalance that it believes it has read: ``_read_offset`` also counts what it
threw away. And ``seek`` called from an agent runs in the wrong thread: aiokafka is not thread safe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Transport
from faust.types import TP


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


def install(positions: Callable[[], Mapping[TP, int]]) -> None:
    """Makes Faust use this consumer, with ``positions`` saying the next offset of each partition owned."""
    Consumer.positions = staticmethod(positions)
    Transport.Consumer = Consumer
