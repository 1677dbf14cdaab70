"""How far out of time order the messages of one source arrive, learned from the messages themselves.

A message's *lag* is how far its time is behind the newest time before it. A receiver that is read directly has lags of
seconds; an aggregator that collects from many stations has lags of minutes. The allowed lateness of a source follows
the lags that it shows: 95 of 100 messages arrive within it. It is never below ``allowed_lateness_s``, and lags above
``lateness_most_s`` do not count, because no waiting within the bound would bring these messages in time.

Example: of the last hour's 10,000 messages 9,300 have lags of up to 30 s, 500 of up to 4 min, and 200 are copies that
come an hour late. The copies do not count; 9,310 of 9,800 are 95 %, and the 9,310th has a lag of up to 60 s.

The result changes at ticks only, which state it, and depends on the sequence of messages and ticks alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.ticks import FeedRules
from detectors.core.units import HOUR_MS, MS

Ints = npt.NDArray[np.int64]
_STEPS_S: Final = (45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200)
_IN_TIME: Final = 0.95
"""Share of the messages that arrive within the lateness. A feed with 2 % of late copies keeps a lateness of 30 s."""
_LEAST: Final = 20
"""Fewer messages, or fewer late ones, show nothing about a feed."""


class ArrivalOrder:
    """The lags of one source, and the lateness that follows from them. Lags are in ms, from 0."""

    def __init__(self, rules: FeedRules) -> None:
        least_ms, most_ms = int(rules.allowed_lateness_s * MS), int(rules.lateness_most_s * MS)
        between = [step_s * MS for step_s in _STEPS_S if least_ms < step_s * MS < most_ms]
        self._leap_ms = int(rules.jump_ahead_s * MS)
        self._edges = [least_ms, *between, *([most_ms] if most_ms > least_ms else [])]
        self._counts = [0] * (len(self._edges) + 1)
        self._halved_ms: int | None = None
        self.lateness_ms = least_ms
        """The allowed lateness since the last tick."""

    def note(self, lag_ms: int) -> None:
        """Adds one message."""
        self._counts[bisect_left(self._edges, lag_ms)] += 1

    def note_many(self, lags_ms: Ints) -> None:
        """Adds many messages."""
        if not len(lags_ms):
            return
        if int(lags_ms.max()) <= self._edges[0]:
            self._counts[0] += len(lags_ms)
            return
        places = np.searchsorted(self._edges, lags_ms)
        added = np.bincount(places, minlength=len(self._counts)).tolist()
        self._counts = [before + more for before, more in zip(self._counts, added, strict=True)]

    def prime(self, times_ms: Iterable[int]) -> None:
        """Learns from the first messages of a recording, given in their order, before any of them is processed."""
        front_ms: int | None = None
        lags_ms = []
        for time_ms in times_ms:
            if front_ms is not None and time_ms - front_ms > self._leap_ms:
                continue  # the clock may refuse it
            front_ms = time_ms if front_ms is None else max(front_ms, time_ms)
            lags_ms.append(front_ms - time_ms)
        self.note_many(np.array(lags_ms, np.int64))
        self._settle()
        self._counts = [0] * len(self._counts)  # they come again

    def tick(self, to_ms: int) -> int:
        """A tick up to ``to_ms`` is written: returns the lateness from now on, ms. Half is forgotten every hour."""
        self._settle()
        if self._halved_ms is None:
            self._halved_ms = to_ms
        elif abs(to_ms - self._halved_ms) >= HOUR_MS:  # a late feed's time may go back at its first message
            self._halved_ms = to_ms
            self._counts = [count // 2 for count in self._counts]
        return self.lateness_ms

    def _settle(self) -> None:
        within = self._counts[:-1]
        total, seen = sum(within), 0
        if total < _LEAST or (self.lateness_ms == self._edges[0] and total - within[0] < _LEAST):
            return
        for edge_ms, count in zip(self._edges, within, strict=True):
            seen += count
            if seen >= _IN_TIME * total:
                self.lateness_ms = edge_ms
                return
