"""What is known of the clock of one station: by how much it differs from others, and whether it keeps the second."""

from __future__ import annotations

from collections import deque
from statistics import median_low
from typing import Final

from detectors.core.units import MS

WRONG_FROM_MS: Final = 60_000
"""Smaller differences are within the allowed lateness, and do no harm."""
_SPREAD_MS: Final = 5_000
_MINUTE_S: Final = 60
_NEEDED: Final = 5
"""Comparisons in a row that must agree with each other, of at least two senders: one may be wrong or forged."""
_FIX_AGE_S: Final = 15
"""A position is received within this time of the UTC second that it states."""
_KEEPS: Final = 0.7
"""Of a station's positions this share is received within that time, if its clock keeps the second: chance gives .27."""
_KEEPS_LEAST: Final = 16
_KEEPS_OVER: Final = 32
"""Positions by which this is judged: at least, and about the last."""


class Differences:
    """The last differences of a station's times from others, ms, and the senders of the messages compared."""

    def __init__(self) -> None:
        self._found: deque[tuple[int, bytes]] = deque(maxlen=_NEEDED)

    def add(self, difference_ms: int, sender: bytes) -> None:
        """Adds one difference, found with a message of ``sender``."""
        self._found.append((difference_ms, sender))

    def shift(self, by_ms: int) -> None:
        """A correction has changed: the differences are as they would have been with it."""
        self._found = deque(((difference + by_ms, sender) for difference, sender in self._found), _NEEDED)

    @property
    def steady_ms(self) -> int | None:
        """The difference, if the last ones agree with each other and are of several senders."""
        times_ms, senders = [d for d, _ in self._found], {sender for _, sender in self._found}
        if len(times_ms) < _NEEDED or len(senders) < 2 or max(times_ms) - min(times_ms) > _SPREAD_MS:  # noqa: PLR2004
            return None
        return median_low(times_ms)


class Station:
    """What is known of one station's clock, after correction."""

    def __init__(self) -> None:
        self.messages = 0
        self.utc = Differences()
        """From the UTC time in messages of base stations."""
        self.wall = Differences()
        """From the wall clock."""
        self.last_ms = self.confirmed_ms = 0
        """Its time now, and when another clock last agreed with it."""
        self._positions = 0
        self._kept = 0.0

    @property
    def keeps_second(self) -> bool:
        """Its times fit the UTC seconds that positions state, by whatever minute."""
        return self._positions >= _KEEPS_LEAST and self._kept >= _KEEPS

    def hold(self, time_ms: int, second: int) -> None:
        """Holds the time of a position against the UTC second that it states."""
        fits = (time_ms // MS - second) % _MINUTE_S <= _FIX_AGE_S
        self._positions = min(self._positions + 1, _KEEPS_OVER)
        self._kept += (fits - self._kept) / self._positions

    def shift(self, by_ms: int) -> None:
        """A correction has changed by so much."""
        for differences in (self.utc, self.wall):
            differences.shift(by_ms)


def is_nearer(mine_ms: int | None, its_ms: int | None) -> bool:
    """Whether a clock differs less by this measure, a minute or more: the whole feed may be late."""
    return mine_ms is not None and its_ms is not None and abs(mine_ms) + WRONG_FROM_MS <= abs(its_ms)


def agrees(difference_ms: int | None) -> bool:
    """Whether two clocks agree within what lateness allows."""
    return difference_ms is not None and abs(difference_ms) < WRONG_FROM_MS
