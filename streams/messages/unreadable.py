"""Records that no reader can use: counted by topic, named in the log at most once in ten seconds, and skipped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

REPEAT_S: Final = 10.0
_log = structlog.get_logger("wakewatch.topics")

Count = Callable[[str], None]
"""Called with the topic's name, without its prefix, once per record."""
Tell = Callable[[str, int, int, str, int], None]
"""Topic, partition, offset, what is wrong, and how many records of the topic were skipped unreported since the last."""


def warn(topic: str, partition: int, offset: int, why: str, held_back: int) -> None:
    """Writes a line to the log."""
    more = {"held_back": held_back} if held_back else {}
    _log.warning("record cannot be read, skipped", topic=topic, partition=partition, offset=offset, error=why, **more)


class UnreadableRecords:
    """The skipped records of one process, for one thread or under a lock of its owner."""

    def __init__(
        self, count: Count | None = None, tell: Tell = warn, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._count, self._tell, self._clock_s = count, tell, clock_s
        self._told_s: dict[str, float] = {}
        self._held_back: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        """By topic."""
        self.first: dict[str, str] = {}
        """The first record of each topic: where it is, and what is wrong with it."""

    def __call__(self, topic: str, partition: int, offset: int, why: object) -> None:
        """Counts one more record of ``topic`` (without prefix)."""
        self.counts[topic] += 1
        self.first.setdefault(topic, f"partition {partition}, offset {offset}: {why}")
        if self._count is not None:
            self._count(topic)
        now_s = self._clock_s()
        if now_s - self._told_s.get(topic, -REPEAT_S) < REPEAT_S:
            self._held_back[topic] += 1
            return
        self._told_s[topic] = now_s
        self._tell(topic, partition, offset, str(why), self._held_back.pop(topic, 0))

    def summary(self) -> str:
        """``ais.alerts.v1: 2 records cannot be read (the first: partition 0, offset 7: ...)``; empty when none."""
        return "; ".join(
            f"{topic}: {count} {'record' if count == 1 else 'records'} cannot be read (the first: {self.first[topic]})"
            for topic, count in sorted(self.counts.items())
        )
