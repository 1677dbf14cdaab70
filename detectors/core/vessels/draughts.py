"""Draughts as crews report them, on either side of a silence, of a stay or of an encounter.

The draught is set by hand, in type 5: it may be forgotten, and a wrong one is corrected at any time. So one report
counts for nothing: the median of the last few on each side is compared. A change is a fact about a vessel, and never
an alert by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

from detectors.core.alert import Fact
from detectors.core.units import rfc3339

LEAST_M: Final = 1.0
LEAST_SHARE: Final = 0.1
"""A change is at least this, and at least this share of the larger draught: ballast and trim change less."""
STATED_LEAST: Final = 2
STATED_MOST: Final = 5
"""Reports on one side: fewer show nothing, and of more only the ones next to now, or next to the silence, count."""

DRAUGHT_CHANGE: Final = "draught_change"
"""Key of ``details``."""
SILENCE: Final = "silence"
ENCOUNTER: Final = "encounter"
ACROSS: Final = {
    SILENCE: "the silence",
    ENCOUNTER: "the encounter",
    "port call": "the port call",
    "long stay": "the stay",
}
"""What a draught can change across, in words; the stays are those of ``past.KINDS``."""


class DraughtChange(NamedTuple):
    """The draught before and after, m."""

    before_m: float
    after_m: float

    def fact(self, across: str) -> Fact:
        """For ``why``; ``across`` is a key of ACROSS."""
        return Fact(
            fact=f"draught changed from {self.before_m:g} m to {self.after_m:g} m across {ACROSS[across]}, "
            "as reported by the crew",
            value=round(abs(self.after_m - self.before_m), 1),
            threshold=least_change_m(self.before_m, self.after_m),
            unit="m",
        )

    def details(self, across: str, from_ms: int, to_ms: int, *, raised: bool = False) -> dict[str, object]:
        """For ``details``, as DRAUGHT_CHANGE; ``raised``: whether it raises the severity."""
        return {
            "before_m": self.before_m,
            "after_m": self.after_m,
            "across": across,
            "from": rfc3339(from_ms),
            "to": rfc3339(to_ms),
            "raised": raised,
        }


def least_change_m(one_m: float, other_m: float) -> float:
    """The least difference between two draughts that is a change."""
    return round(max(LEAST_M, LEAST_SHARE * max(one_m, other_m)), 2)


def differ(one_m: float, other_m: float) -> bool:
    """Whether two draughts are that far apart."""
    return round(abs(one_m - other_m), 2) >= least_change_m(one_m, other_m)


def median_draught(stated_m: Sequence[float]) -> float | None:
    """The median of reported draughts, oldest first; None if they are too few, or half of them state another one.

    Of an even number whose middle values differ, the oldest does not count.
    """
    middle = sorted(stated_m)[(len(stated_m) - 1) // 2 : len(stated_m) // 2 + 1]
    if len(set(middle)) > 1:
        return median_draught(stated_m[1:])
    return round(median(stated_m), 1) if len(stated_m) >= STATED_LEAST else None


def change_of(before_m: Sequence[float], after_m: Sequence[float]) -> DraughtChange | None:
    """The change between reported draughts before and after, each oldest first, m; None if there is none, or unknown.

    Of those before the last five count, and of those after the newest five.
    """
    before, after = median_draught(before_m[-STATED_MOST:]), median_draught(after_m[-STATED_MOST:])
    if before is None or after is None or not differ(before, after):
        return None
    return DraughtChange(before, after)
