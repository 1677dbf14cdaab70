"""A topic between the stages: the facts of all partitions, and what each partition promises about them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec

from detectors.core.displacements import Displacement
from detectors.core.half_degrees import cell_of, label
from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.promises import PartitionWatermark
from detectors.core.slow_ships import DraughtChanged, ListedSilence, SlowShips

Fact = Binding | SeenUnder | Displacement | SlowShips | DraughtChanged | ListedSilence


class FactTopic:
    """Its one partition, written through Faust's producer; what is returned must be awaited before a snapshot."""

    def __init__(self, topic: Any) -> None:
        self._topic = topic
        self._sent: dict[int, list[asyncio.Future[Any]]] = {}
        """By partition, those that may not have been delivered yet."""

    async def send(self, facts: Sequence[Fact], partition: int) -> list[asyncio.Future[Any]]:
        """Sends what a partition has found."""
        sent = [await self._topic.send(key=key_of(one), value=msgspec.json.encode(one), partition=0) for one in facts]
        self._sent.setdefault(partition, []).extend(sent)
        return sent

    def promise(self, heard: PartitionWatermark) -> Awaitable[Any]:
        """A promise is sent when every fact before it is delivered, not earlier."""
        waits = [d for d in self._sent.get(heard.partition, ()) if not d.done() or d.cancelled() or d.exception()]
        self._sent[heard.partition] = waits
        return asyncio.ensure_future(self._promise(list(waits), heard))

    async def _promise(self, waits: Sequence[Awaitable[Any]], heard: PartitionWatermark) -> None:
        for delivery in waits:
            await delivery
        key = b"heard/%d" % heard.partition
        await (await self._topic.send(key=key, value=msgspec.json.encode(heard), partition=0))


def key_of(fact: Fact) -> bytes:
    """The record's key. Compaction of bindings keeps the newest of each; other facts are deleted by age."""
    if isinstance(fact, SlowShips | DraughtChanged | ListedSilence):
        return b"%d" % (fact.ships[0].mmsi if isinstance(fact, SlowShips) else fact.mmsi)
    if isinstance(fact, Displacement):
        return label(cell_of(fact.origin_lat_deg, fact.origin_lon_deg)).encode()
    kind = "" if isinstance(fact, Binding) else "/seen"
    return f"{fact.imo}/{fact.mmsi}{kind}".encode()
