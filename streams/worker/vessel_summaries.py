"""Writes the listed ships to the topic of vessel summaries: each at most once a minute, and only if it has changed.

Other vessels are not written: a record costs this process 0.2 ms, so 200,000 ships per minute would take two thirds of
a core. Summaries are not guaranteed: one that is lost in a crash is written again when there is news, or when the
partition is taken over.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from detectors.core.engine.engine import Engine
from streams.messages.vessel_summary import VesselSummary, listed_rows, summaries
from streams.worker.timelines import Timelines

EVERY_S: Final = 60.0
LOOK_S: Final = 5.0
"""Between checks of a partition's columns: 0.2 ms for 200,000 vessels."""


class SummaryWriter:
    """Writes those of one partition. A value of None means that a ship is no longer listed, or forgotten."""

    def __init__(self, partition: int, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._partition, self._clock_s = partition, clock_s
        self._written: dict[int, tuple[float, VesselSummary]] = {}
        self._looked_s = -LOOK_S

    def due(self, engine: Engine, *, last: bool = False) -> list[tuple[bytes, bytes | None]]:
        """What is to be written now: (key, value). ``last``: all that is new, however recently reported."""
        now_s = self._clock_s()
        if now_s - self._looked_s < LOOK_S and not last:
            return []
        self._looked_s = now_s
        rows = listed_rows(engine)
        mmsis = engine.fleet.core.mmsi[rows].tolist()
        gone = (set(self._written) | engine.drain_delisted()) - set(mmsis)  # also if a list has changed over a restart
        for mmsi in gone:
            self._written.pop(mmsi, None)
        ripe = [row for row, mmsi in zip(rows, mmsis, strict=True) if last or self._is_ripe(mmsi, now_s)]
        told = [self._told(one, now_s) for one in summaries(engine, ripe) if self._is_news(one)]
        return [*((b"%d" % mmsi, None) for mmsi in sorted(gone)), *told]

    def _is_ripe(self, mmsi: int, now_s: float) -> bool:
        written = self._written.get(mmsi)
        return written is None or now_s - written[0] >= EVERY_S

    def _is_news(self, one: VesselSummary) -> bool:
        written = self._written.get(one.mmsi)
        return written is None or written[1].news != one.news

    def _told(self, one: VesselSummary, now_s: float) -> tuple[bytes, bytes | None]:
        self._written[one.mmsi] = now_s, one
        return b"%d" % one.mmsi, msgspec.json.encode(one)

    async def tell(self, timelines: Timelines, topic: Any, *, last: bool = False) -> list[Awaitable[Any]]:
        """Writes what is ``due``, if there is a topic. Returns what must be delivered before a snapshot counts."""
        if topic is None:
            return []
        told = self.due(timelines.live, last=last)
        return [await topic.send(key=key, value=value, partition=self._partition) for key, value in told]
