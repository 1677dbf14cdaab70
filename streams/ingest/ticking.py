"""When one source's ticks are written, and what they say (the promise is in detectors.core.ticks).

Rules:
- A silence that can have made the source down is a tick of its own, between one up to the last sentence before it
  and one up to the first after it.
- Else a tick is due once so much event time has passed and so many sentences have gone since the last one. By time
  alone a thinned recording of nine months had 418,359 ticks, which cut its records down to 1.2 sentences each.
- A live source's ticks follow the wall clock besides (``wall``).
- A source is one vessel while no other MMSI was heard in the hour up to its last sentence.
- Behind a sentence that every partition must hear of now stands a tick that carries the note (``now``).
- The spacing is the mean of the last hundred pauses between sentences, in whole ms, so that it is the same whether
  sentences are taken in one by one or many at once (``run``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import HOUR_MS, MS
from streams.ingest.model import SourceKind
from streams.settings.model import IngestSettings

Ints = npt.NDArray[np.int64]
_MEAN_OVER: Final = 100
_PRIOR_SPACING_S: Final = 15.0
"""Taken for usual until two sentences have come: a quiet receiver is not down a minute after its first."""


class Ticker:
    """Ticks of one source in order. Event times in Unix ms; no clock in here."""

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
        """A tick stands before the first sentence later than this, once enough have gone since the last one."""
        self._sentences = 0
        self._replayed = replayed
        self._rules = rules
        self._pauses: deque[int] = deque(maxlen=_MEAN_OVER)
        self._pauses_ms = 0
        self._mmsi: int | None = None
        """Whose sentence was the last."""
        self._other_ms: int | None = None
        """The time when one of another vessel was the last; None: never."""

    def begin(self, at_ms: int) -> None:
        """The source's time begins: its first tick covers what comes after ``at_ms``."""
        self.to_ms = at_ms

    def before(self, time_ms: int, mmsi: int = 0) -> list[Tick]:
        """Ticks that go before a sentence of ``mmsi`` which moves the clock to ``time_ms``, and takes that time in."""
        if self.to_ms is None:
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

    def heard_another(self, mmsi: int = 0) -> None:
        """A sentence came that did not move the clock."""
        self._hear(mmsi)
        self._sentences += 1
        self._pause(0)

    def now(self) -> Tick:
        """A tick right behind the newest sentence, also where it covers no time: it carries what cannot wait."""
        assert self.to_ms is not None  # callers see to it
        from_ms, self.to_ms, self._sentences = self.to_ms, self._front_ms(), 0
        return self._tick(from_ms, "live")

    def run(self, times_ms: Ints, mmsis: Ints, urgent: Iterable[int] = ()) -> list[tuple[int, list[Tick]]]:
        """Takes in many sentences, not the first of all. Returns the ticks, each with how many go before them.

        Behind the sentences at the places ``urgent``, rising, there is one ``now``.
        """
        found, begin = list[tuple[int, list[Tick]]](), 0
        for place in urgent:
            upto = slice(begin, place + 1)
            found += [(begin + before, ticks) for before, ticks in self._run(times_ms[upto], mmsis[upto])]
            found.append((place + 1, [self.now()]))
            begin = place + 1
        return found + [(begin + before, ticks) for before, ticks in self._run(times_ms[begin:], mmsis[begin:])]

    def _run(self, times_ms: Ints, mmsis: Ints) -> list[tuple[int, list[Tick]]]:
        assert self.heard_ms is not None  # callers see to it
        tops = np.maximum.accumulate(np.append(self.heard_ms, times_ms))
        pauses = np.diff(tops)
        found, done = [], 0
        while (ahead := self._next_stop(pauses[done:], tops[done + 1 :])) is not None:
            place = done + ahead
            self._take_many(pauses[done:place], tops[done : place + 1], mmsis[done:place])
            ticks = self.before(int(tops[place + 1]), int(mmsis[place]))
            found += [(place, ticks)] if ticks else []
            done = place + 1
        self._take_many(pauses[done:], tops[done:], mmsis[done:])
        return found

    def wall(self, to_ms: int) -> list[Tick]:
        """The tick, if any, for a live source's time having come to ``to_ms``, heard or not."""
        return self._upto(max(to_ms, self._front_ms())) if self.to_ms is not None else []

    def end(self, until_ms: int | None) -> list[Tick]:
        """The last ticks: the source falls silent until ``until_ms``, if that is given, and has ended."""
        if self.to_ms is None:
            return []
        ticks = []
        if until_ms is not None and until_ms > self._front_ms():
            ticks = [*self._upto(self._front_ms()), *self._upto(until_ms)]
        from_ms, self.to_ms = self.to_ms, self._front_ms()
        return [*ticks, self._tick(from_ms, "ended")]

    def _front_ms(self) -> int:
        assert self.to_ms is not None  # callers see to it
        return max(self.to_ms, self.heard_ms or self.to_ms)

    def _next_due(self, time_ms: int) -> None:
        self._due_ms = -(-time_ms // self._every_ms) * self._every_ms

    def _upto(self, to_ms: int) -> list[Tick]:
        assert self.to_ms is not None  # callers see to it
        if to_ms <= self.to_ms:
            return []
        from_ms, self.to_ms = self.to_ms, to_ms
        self._sentences = 0
        return [self._tick(from_ms, "live")]

    def _tick(self, from_ms: int, state: str) -> Tick:
        assert self.to_ms is not None  # callers see to it
        return Tick(
            source=self._source,
            from_ms=from_ms,
            to_ms=self.to_ms,
            heard_ms=self.heard_ms,
            spacing_s=self._spacing(),
            one_vessel=self._one_vessel(),
            state="ended" if state == "ended" else "live",
            replayed=self._replayed,
        )

    def silent_limit_ms(self) -> int:
        """The silence that makes the source down, by the spacing that its next tick carries."""
        return self._rules.silent_limit_ms(self._spacing())

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
            # A hole says how long the source was away, not how often it speaks: it counts as the longest usual pause.
            self._pause(min(time_ms - self.heard_ms, self.silent_limit_ms()))
        self.heard_ms = time_ms
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
        """The first sentence before which a tick may have to stand; ``before`` decides. None: nowhere."""
        moves = pauses > 0
        due = moves & (tops > self._due_ms)
        due[: max(0, self._every_sentences - self._sentences)] = False
        stops = np.append(np.flatnonzero(due)[:1], self._long(pauses)[:1])
        return int(stops.min()) if len(stops) else None

    def _long(self, pauses: Ints) -> Ints:
        """Pauses that may be longer than the limit at their place: none that is longer is missing."""
        long = np.flatnonzero(pauses > int(self._rules.feed_silent_after_s * MS))
        if not len(long):
            return long
        sums = np.append(0, np.cumsum(np.append(np.array(self._pauses, np.int64), pauses)))
        last = len(self._pauses) + long
        first = np.maximum(last - _MEAN_OVER, 0)
        mean_ms = (sums[last] - sums[first]) / np.maximum(last - first, 1)
        mean_ms[last == 0] = _PRIOR_SPACING_S * MS
        # A little less: the spacing is rounded, the limit cut to whole ms.
        over: Ints = long[pauses[long] > self._rules.feed_silent_spacings * (mean_ms - 1) - 1]
        return over


def ticker_for(source: str, settings: IngestSettings, rules: FeedRules, source_kind: SourceKind) -> Ticker:
    """By time alone where ticks follow the wall clock: live, or at a given pace."""
    full_speed = not source_kind.live and source_kind.tick_ms is None
    return Ticker(
        source,
        source_kind.tick_ms or int(settings.tick_file_s * MS),
        rules,
        replayed=source_kind.replayed,
        every_sentences=settings.tick_file_sentences if full_speed else 0,
    )
