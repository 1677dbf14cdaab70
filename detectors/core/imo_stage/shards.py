"""In which shard of a snapshot an IMO number is, and which shards changed.

A snapshot copies whole shards while the stream waits, so that a shard must stay small however many numbers there are:
for each SHIPS_A_SHARD numbers there is one shard more, and only one shard is split at a time (linear hashing: Litwin
1980). Where a number is follows from the count of shards alone, which a snapshot has. Alerts do not depend on it.
"""

from __future__ import annotations

from typing import Final

from detectors.core.imo_stage.events import StageEvent

FIRST: Final = 64
"""Shards of histories that know no one."""
SHIPS_A_SHARD: Final = 256
"""With two MMSIs each and an open alert about half a megabyte, of which a copy takes 2 ms."""


class Shards:
    """``numbers`` and ``waits`` have, for each shard, the IMO numbers known and the events about them that wait."""

    def __init__(self, count: int = FIRST) -> None:
        self.numbers: list[set[int]] = [set() for _ in range(count)]
        self.waits: list[set[StageEvent]] = [set() for _ in range(count)]
        self._changed = [False] * count
        self._known = 0
        self._whole = FIRST
        while 2 * self._whole <= count:
            self._whole *= 2

    def __len__(self) -> int:
        return len(self.numbers)

    def of(self, imo: int) -> int:
        """The shard of an IMO number."""
        place = imo % (2 * self._whole)
        return place if place < len(self.numbers) else place - self._whole

    def add(self, imo: int) -> None:
        """A number is known from now on, which was not."""
        self.numbers[self.of(imo)].add(imo)
        self._known += 1
        while self._known > SHIPS_A_SHARD * len(self.numbers):
            self._split()

    def remove(self, imo: int) -> None:
        """A number is no longer known. There are not fewer shards for that."""
        self.numbers[self.of(imo)].remove(imo)
        self._known -= 1

    def touch(self, imo: int) -> None:
        """Something about a number changed."""
        self._changed[self.of(imo)] = True

    def changed(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        return [number for number, changed in enumerate(self._changed) if changed]

    def mark_clean(self) -> None:
        """Everything so far is in a snapshot."""
        self._changed = [False] * len(self.numbers)

    def _split(self) -> None:
        """One shard more: half of the shard whose turn it is."""
        new = len(self.numbers)
        former = new - self._whole
        numbers, waits = self.numbers[former], self.waits[former]
        self.numbers.append(set())
        self.waits.append(set())
        self._changed.append(True)
        self._changed[former] = True
        self.numbers[new] = {imo for imo in numbers if self.of(imo) == new}
        self.waits[new] = {event for event in waits if self.of(event.imo) == new}
        numbers -= self.numbers[new]
        waits -= self.waits[new]
        if len(self.numbers) == 2 * self._whole:
            self._whole *= 2
