"""In which shard of a snapshot an IMO number is, and which shards changed.

A snapshot copies whole shards while the stream waits, so a shard must stay small for any count of numbers. There is one
shard more for each SHIPS_A_SHARD numbers, and only one shard is split at a time (linear hashing: Litwin 1980). The
shard of a number follows from the count of shards alone, which is in the snapshot. Alerts do not depend on it.
"""

from __future__ import annotations

from typing import Final

from detectors.core.imo_stage.events import StageEvent

FIRST: Final = 64
"""Number of shards of empty histories."""
SHIPS_A_SHARD: Final = 256
"""Such a shard, with two MMSIs and an open alert per number, has half a megabyte; a copy takes 2 ms."""


class Shards:
    """``numbers`` and ``waits`` have, for each shard, the known IMO numbers and the waiting events about them."""

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
        """Adds a new number."""
        self.numbers[self.of(imo)].add(imo)
        self._known += 1
        while self._known > SHIPS_A_SHARD * len(self.numbers):
            self._split()

    def remove(self, imo: int) -> None:
        """Removes a number. The count of shards stays."""
        self.numbers[self.of(imo)].remove(imo)
        self._known -= 1

    def touch(self, imo: int) -> None:
        """Marks the shard of a changed number."""
        self._changed[self.of(imo)] = True

    def changed(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        return [number for number, changed in enumerate(self._changed) if changed]

    def mark_clean(self) -> None:
        """Everything so far is in a snapshot."""
        self._changed = [False] * len(self.numbers)

    def _split(self) -> None:
        """Adds one shard: half of the shard whose turn it is."""
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
