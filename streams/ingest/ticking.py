"""When one source's ticks are written, and what they say (the promise is in detectors.core.ticks).

Rules:
- A silence that can have made the source down is a tick of its own, between one up to the last sentence before it
  and one up to the first after it.
- Else a tick is due once so much event time has passed and so many sentences have gone since the last one. By time
  alone a thinned recording of nine months had 418,359 ticks, which cut its records down to 1.2 sentences each.
- A live source's ticks follow the wall clock besides (``wall``).
"""

from __future__ import annotations

from typing import Final

from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import MS

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
        self._spacing_s = _PRIOR_SPACING_S
        self._spacings = 0

    def begin(self, at_ms: int) -> None:
        """The source's time begins: its first tick covers what comes after ``at_ms``."""
        self.to_ms = at_ms

    def before(self, time_ms: int) -> list[Tick]:
        """Ticks that go before a sentence which moves the clock to ``time_ms``, and takes that time in."""
        if self.to_ms is None:
            self.begin(time_ms - 1)
        if self.heard_ms is not None and time_ms - self.heard_ms > self._limit_ms():
            before = [*self._upto(self._front_ms()), *self._upto(time_ms - 1)]
            self._take(time_ms)
            self._next_due(time_ms)
            return [*before, *self._upto(time_ms)]
        due = time_ms > self._due_ms and self._sentences >= self._every_sentences
        ticks = self._upto(self._front_ms()) if due else []
        if due or not self._due_ms:
            self._next_due(time_ms)
        self._take(time_ms)
        return ticks

    def heard_another(self, count: int = 1) -> None:
        """So many sentences came that did not move the clock."""
        self._sentences += count
        self._spacings = min(self._spacings + count, _MEAN_OVER)
        self._spacing_s -= self._spacing_s * min(count, self._spacings) / self._spacings

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
            state="ended" if state == "ended" else "live",
            replayed=self._replayed,
        )

    def _limit_ms(self) -> int:
        """The silence that makes the source down, by the spacing that its next tick carries."""
        return self._rules.silent_limit_ms(self._spacing())

    def _spacing(self) -> float:
        return round(self._spacing_s, 3)

    def _take(self, time_ms: int) -> None:
        if self.heard_ms is not None:
            usual_s = max(self._rules.feed_silent_after_s, self._rules.feed_silent_spacings * self._spacing_s)
            # A hole says how long the source was away, not how often it speaks: it counts as an ordinary pause.
            self._spacings = min(self._spacings + 1, _MEAN_OVER)
            since_s = min((time_ms - self.heard_ms) / MS, usual_s)
            self._spacing_s += (since_s - self._spacing_s) / self._spacings
        self.heard_ms = time_ms
        self._sentences += 1
