"""Whether this process has run all the time since it took its partitions over.

A process that is frozen (SIGSTOP, a suspended machine, a paused container) for longer than its session loses them:
another worker continues from the last snapshot. When it thaws it would continue, too, with records that it has already
fetched, until Kafka rejects it. Each revision that it writes is one that the other worker writes as well, so the alert
topic only repeats some. But in the state topic, compaction keeps the last record of each alert::

    other worker   revision 2 (updated), revision 3 (closed)
    this process                                              revision 2  <- the alert would look open for ever

So nothing is written after such a pause: the process ends, and its supervisor starts another. A step of the engine
that takes long is not a pause: the clock is read by a thread of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from streams.errors import SinkError

_BEATS: Final = 10
"""Readings of the clock in the longest pause that is allowed."""


class FreezeGuard:
    """``limit_s``: the longest pause that is allowed, s. Does nothing before ``start``."""

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s, self._clock = limit_s, clock
        self._last_s: float | None = None
        self._longest_s = 0.0

    def start(self) -> None:
        """Reads the clock from now on, in a thread that ends with the process. Does nothing when it runs already."""
        if self._last_s is not None:
            return
        self.restart()
        Thread(target=self._run, name="freeze guard", daemon=True).start()

    def _run(self) -> None:
        never = Event()
        while not never.wait(self._limit_s / _BEATS):
            self.beat()

    def beat(self) -> None:
        """Reads the clock."""
        self._note()
        self._last_s = self._clock()

    def restart(self) -> None:
        """Partitions were just taken over: earlier pauses do not count."""
        self._last_s, self._longest_s = self._clock(), 0.0

    def check(self) -> None:
        """Raises SinkError after a pause that was too long. Must be called before each write."""
        self._note()
        if self._longest_s > self._limit_s:
            raise SinkError(
                f"this process did not run for {self._longest_s:.0f} s, longer than its session of {self._limit_s:g} s:"
                " another worker may have its partitions",
                retriable=True,
            )

    def _note(self) -> None:
        if self._last_s is not None:
            self._longest_s = max(self._longest_s, self._clock() - self._last_s)
