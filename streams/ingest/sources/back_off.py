"""How long to wait before the next try: full jitter up to a bound that doubles with each failure."""

from __future__ import annotations

import random
from typing import Final

_FIRST_S: Final = 0.5
_LEAST_S: Final = 0.05


class BackOff:
    """The waits of one client. ``most_s`` bounds them; ``seed`` makes them repeat, for tests."""

    def __init__(self, most_s: float, seed: int | None = None) -> None:
        self._most_s = most_s
        self._failures = 0
        self._random = random.Random(seed)  # noqa: S311  # spreads clients; nothing secret

    def next_s(self) -> float:
        """Seconds to wait now."""
        bound_s = min(self._most_s, _FIRST_S * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return max(_LEAST_S, self._random.uniform(0, bound_s))

    def reset(self) -> None:
        """The last try succeeded."""
        self._failures = 0
