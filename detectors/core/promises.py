"""The order in which a stage that gathers facts from all partitions decides on them. Pure.

Each fact has a stamp. Facts arrive in any order and more than once. They are decided on in the order of their stamps,
as soon as every partition has promised that no earlier one will come. A fact with a passed stamp has been decided on
before. So decisions depend on the facts alone, and facts on the first stage's logs alone.

Checks at a later time ("is it over?") are in the same order. They are not stored: the stage derives them from its
state.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

import msgspec


class PartitionWatermark(msgspec.Struct, frozen=True, kw_only=True, tag="heard"):
    """A promise: every later fact of this partition has a later stamp."""

    partition: int
    heard_ms: int


class PendingEvent(Protocol):
    """A place in the order: a fact, or a check. Hashable; equal ones are the same fact."""

    @property
    def at_ms(self) -> int:
        """Its stamp; the first field that is compared."""

    def __lt__(self, other: Any, /) -> bool: ...

    def __hash__(self) -> int: ...


EventT = TypeVar("EventT", bound=PendingEvent)
FactT = TypeVar("FactT")


class PromisedOrder(Generic[EventT, FactT]):
    """See the module. ``partitions``: number of partitions of the first stage."""

    def __init__(self, partitions: int) -> None:
        self.heard_ms = [0] * partitions
        """What each partition has promised."""
        self.passed_ms = 0
        """Event time up to which everything is decided."""
        self.waiting: dict[EventT, FactT] = {}
        """The facts that wait for promises."""
        self._events: list[EventT] = []

    def add(self, event: EventT, fact: FactT) -> bool:
        """Adds a fact. False if it has been decided on, or waits already."""
        if event.at_ms <= self.passed_ms or event in self.waiting:
            return False
        self.waiting[event] = fact
        heapq.heappush(self._events, event)
        return True

    def check(self, event: EventT) -> None:
        """Adds a check."""
        heapq.heappush(self._events, event)

    def promised(self, heard: PartitionWatermark) -> Iterator[tuple[EventT, FactT | None]]:
        """The events that can be decided on after a promise, in order; None instead of a fact for a check.

        The caller must go through all of them; it may add checks meanwhile. A promise of an unknown partition is
        ignored.
        """
        if not 0 <= heard.partition < len(self.heard_ms):
            return
        self.heard_ms[heard.partition] = max(self.heard_ms[heard.partition], heard.heard_ms)
        self.passed_ms = max(self.passed_ms, min(self.heard_ms))
        while self._events and self._events[0].at_ms <= self.passed_ms:
            event = heapq.heappop(self._events)
            yield event, self.waiting.pop(event, None)

    @property
    def pending(self) -> int:
        """Number of facts and checks to come, including checks that have become void."""
        return len(self._events)

    def replan(self, checks: Iterable[EventT]) -> None:
        """Replaces all checks."""
        self._events = [*self.waiting, *checks]
        heapq.heapify(self._events)

    def restore(self, heard_ms: Iterable[int], passed_ms: int, waiting: Iterable[tuple[EventT, FactT]]) -> None:
        """Continues from a snapshot. The caller then gives the checks to ``replan``."""
        self.heard_ms, self.passed_ms, self.waiting = list(heard_ms), passed_ms, dict(waiting)
