"""When one source's ticks are written, and what they contain (the promise is in detectors.core.ticks).

Rules:
- A silence long enough for the source to count as down is a tick of its own, between a tick up to the last sentence
  before it and a tick up to the first sentence after it.
- Otherwise a tick is due after a minimum of event time and of sentences since the last one. By time alone a thinned
  recording of nine months had 418,359 ticks, which cut its records down to 1.2 sentences each.
- A live source's ticks also follow the wall clock (``wall``).
- A source consists of one vessel if no other MMSI was heard in the hour up to its last sentence.
- If every partition must be notified of a sentence now, a tick with the note follows it (``now``).
- The allowed lateness is learned from the order in which sentences arrive (``arrival_order``).
- The spacing is the mean of the last hundred pauses between sentences, in whole ms, so it is the same whether sentences
  are processed one by one or many at once (``run``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import HOUR_MS, MS
from streams.ingest.arrival_order import ArrivalOrder
from streams.ingest.model import SourceKind
from streams.settings.model import IngestSettings

Ints = npt.NDArray[np.int64]
_MEAN_OVER: Final = 100
_PRIOR_SPACING_S: Final = 15.0
"""The spacing assumed until two sentences have come: a quiet receiver is not down a minute after its first."""


class Ticker:
    """Ticks of one source in order. Event times are in Unix ms; it reads no clock."""

    def __init__(
        self, source: str, every_ms: int, rules: FeedRules, *, replayed: bool, every_sentences: int = 0
    ) -> None:
        self.to_ms: int | None = None
        """How far the ticks written so far go; None before the source's time began."""
        self.heard_ms: int | None = None
        self._source = source
        self._every_ms = every_ms
        self._every_sentences = every_sentences
        self._due_ms = 0
        """A tick is written before the first sentence later than this, once enough have come since the last one."""
        self._sentences = 0
        self._replayed = replayed
        self._rules = rules
        self._pauses: deque[int] = deque(maxlen=_MEAN_OVER)
        self._pauses_ms = 0
        self.order = ArrivalOrder(rules)
        self._mmsi: int | None = None
        """The MMSI of the last sentence."""
        self._other_ms: int | None = None
        """Time of the last sentence of another vessel; None: never."""

    def begin(self, at_ms: int) -> None:
        """The source's time begins: its first tick covers the time after ``at_ms``."""
        self.to_ms = at_ms

    def before(self, time_ms: int, mmsi: int = 0) -> list[Tick]:
        """Ticks before a sentence of ``mmsi`` that moves the clock to ``time_ms``; notes that time."""
        if self.to_ms is None or (self.heard_ms is None and time_ms < self.to_ms):  # a feed that is hours late
            self.begin(time_ms - 1)
        if self.heard_ms is not None and time_ms - self.heard_ms > self.silent_limit_ms():
            before = [*self._upto(self._front_ms()), *self._upto(time_ms - 1)]
            self._take(time_ms, mmsi)
            self._next_due(time_ms)
            return [*before, *self._upto(time_ms)]
        due = time_ms > self._due_ms and self._sentences >= self._every_sentences
        ticks = self._upto(self._front_ms()) if due else []
        if due or not self._due_ms:
            self._next_due(time_ms)
        self._take(time_ms, mmsi)
        return ticks

    def heard_another(self, mmsi: int = 0, lag_ms: int = 0) -> None:
        """Notes a sentence that did not move the clock: its time is ``lag_ms`` before the clock's."""
        self._hear(mmsi)
        self.order.note(lag_ms)
        self._sentences += 1
        self._pause(0)

    def now(self) -> Tick:
        """A tick directly after the newest sentence, even if it covers no time: it has a note that cannot wait."""
        assert self.to_ms is not None  # callers make sure of it
        from_ms, self.to_ms, self._sentences = self.to_ms, self._front_ms(), 0
        return self._tick(from_ms, "live")

    def run(self, times_ms: Ints, mmsis: Ints, urgent: Iterable[int] = ()) -> list[tuple[int, list[Tick]]]:
        """Processes many sentences, not the source's first one. Returns the ticks, each with the sentences before it.

        After each of the sentences at the places ``urgent``, rising, there is a ``now`` tick.
        """
        found, begin = list[tuple[int, list[Tick]]](), 0
        for place in urgent:
            upto = slice(begin, place + 1)
            found += [(begin + before, ticks) for before, ticks in self._run(times_ms[upto], mmsis[upto])]
            found.append((place + 1, [self.now()]))
            begin = place + 1
        return found + [(begin + before, ticks) for before, ticks in self._run(times_ms[begin:], mmsis[begin:])]

    def _run(self, times_ms: Ints, mmsis: Ints) -> list[tuple[int, list[Tick]]]:
        assert self.heard_ms is not None  # callers make sure of it
        tops = np.maximum.accumulate(np.append(self.heard_ms, times_ms))
        pauses, lags = np.diff(tops), tops[1:] - times_ms
        found, done = [], 0
        while (ahead := self._next_stop(pauses[done:], tops[done + 1 :])) is not None:
            place = done + ahead
            self.order.note_many(lags[done:place])
            self._take_many(pauses[done:place], tops[done : place + 1], mmsis[done:place])
            ticks = self.before(int(tops[place + 1]), int(mmsis[place]))
            found += [(place, ticks)] if ticks else []
            done = place + 1
        self.order.note_many(lags[done:])
        self._take_many(pauses[done:], tops[done:], mmsis[done:])
        return found

    def wall(self, to_ms: int) -> list[Tick]:
        """The tick, if any, when a live source's time has reached ``to_ms``, heard or not."""
        return self._upto(max(to_ms, self._front_ms())) if self.to_ms is not None else []

    def end(self, until_ms: int | None) -> list[Tick]:
        """The last ticks: the source is silent until ``until_ms``, if given, and has ended."""
        if self.to_ms is None:
            return []
        ticks = []
        if until_ms is not None and until_ms > self._front_ms():
            ticks = [*self._upto(self._front_ms()), *self._upto(until_ms)]
        from_ms, self.to_ms = self.to_ms, self._front_ms()
        return [*ticks, self._tick(from_ms, "ended")]

    def _front_ms(self) -> int:
        assert self.to_ms is not None  # callers make sure of it
        return max(self.to_ms, self.heard_ms or self.to_ms)

    def _next_due(self, time_ms: int) -> None:
        self._due_ms = -(-time_ms // self._every_ms) * self._every_ms

    def _upto(self, to_ms: int) -> list[Tick]:
        assert self.to_ms is not None  # callers make sure of it
        if to_ms <= self.to_ms:
            return []
        from_ms, self.to_ms = self.to_ms, to_ms
        self._sentences = 0
        return [self._tick(from_ms, "live")]

    def _tick(self, from_ms: int, state: str) -> Tick:
        assert self.to_ms is not None  # callers make sure of it
        lateness_ms = self.order.tick(self.to_ms)
        return Tick(
            source=self._source,
            from_ms=from_ms,
            to_ms=self.to_ms,
            heard_ms=self.heard_ms,
            spacing_s=self._spacing(),
            one_vessel=self._one_vessel(),
            state="ended" if state == "ended" else "live",
            replayed=self._replayed,
            lateness_s=lateness_ms / MS if lateness_ms != int(self._rules.allowed_lateness_s * MS) else None,
        )

    def silent_limit_ms(self) -> int:
        """The silence after which the source is down, by the spacing in its next tick."""
        return self._rules.silent_limit_ms(self._spacing(), self.order.lateness_ms)

    def _spacing(self) -> float:
        return round(self._pauses_ms / len(self._pauses) / MS, 3) if self._pauses else _PRIOR_SPACING_S

    def _pause(self, pause_ms: int) -> None:
        if len(self._pauses) == _MEAN_OVER:
            self._pauses_ms -= self._pauses[0]
        self._pauses.append(pause_ms)
        self._pauses_ms += pause_ms

    def _one_vessel(self) -> bool:
        if self._mmsi is None or self.heard_ms is None:
            return False
        return self._other_ms is None or self.heard_ms - self._other_ms > HOUR_MS

    def _hear(self, mmsi: int) -> None:
        if mmsi != self._mmsi:
            self._other_ms = None if self._mmsi is None else self.heard_ms
            self._mmsi = mmsi

    def _take(self, time_ms: int, mmsi: int) -> None:
        self._hear(mmsi)
        if self.heard_ms is not None:
            # An outage shows how long the source was absent, not how often it sends: it counts as the longest usual
            # pause.
            self._pause(min(time_ms - self.heard_ms, self.silent_limit_ms()))
        self.heard_ms = time_ms
        self.order.note(0)
        self._sentences += 1

    def _take_many(self, pauses: Ints, tops: Ints, mmsis: Ints) -> None:
        """``tops`` has the latest time before each sentence, and after the last one."""
        if not len(mmsis):
            return
        self._hear(int(mmsis[0]))
        others = np.flatnonzero(mmsis[1:] != mmsis[:-1])
        if len(others):
            self._other_ms = int(tops[others[-1] + 1])
        self._mmsi = int(mmsis[-1])
        self._pauses.extend(pauses[-_MEAN_OVER:].tolist())
        self._pauses_ms = sum(self._pauses)
        self._sentences += len(pauses)
        self.heard_ms = int(tops[-1])

    def _next_stop(self, pauses: Ints, tops: Ints) -> int | None:
        """The first sentence that may need a tick before it; ``before`` decides. None: there is none."""
        moves = pauses > 0
        due = moves & (tops > self._due_ms)
        due[: max(0, self._every_sentences - self._sentences)] = False
        stops = np.append(np.flatnonzero(due)[:1], self._long(pauses)[:1])
        return int(stops.min()) if len(stops) else None

    def _long(self, pauses: Ints) -> Ints:
        """Pauses that may be longer than the limit at their place: no longer one is missing."""
        long = np.flatnonzero(pauses > self._rules.silent_limit_ms(0, self.order.lateness_ms))
        if not len(long):
            return long
        sums = np.append(0, np.cumsum(np.append(np.array(self._pauses, np.int64), pauses)))
        last = len(self._pauses) + long
        first = np.maximum(last - _MEAN_OVER, 0)
        mean_ms = (sums[last] - sums[first]) / np.maximum(last - first, 1)
        mean_ms[last == 0] = _PRIOR_SPACING_S * MS
        # A little less: the spacing is rounded, and the limit is cut to whole ms.
        over: Ints = long[pauses[long] > self._rules.feed_silent_spacings * (mean_ms - 1) - 1]
        return over


def ticker_for(source: str, settings: IngestSettings, rules: FeedRules, source_kind: SourceKind) -> Ticker:
    """By time alone if ticks follow the wall clock: a live source, or one at a given pace."""
    full_speed = not source_kind.live and source_kind.tick_ms is None
    return Ticker(
        source,
        source_kind.tick_ms or int(settings.tick_file_s * MS),
        rules,
        replayed=source_kind.replayed,
        every_sentences=settings.tick_file_sentences if full_speed else 0,
    )
