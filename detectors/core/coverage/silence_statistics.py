"""How often honest vessels are silent: counts per stratum, and the chance of a silence from them.

A *silence* is measured in lost opportunities ``u`` (see coverage.py), not in minutes. For each stratum the counts give
how often per vessel-hour a silence reaches u = 1, and what share of those at 1, 2, 4, ... reaches the next mark. The
chance that an honest vessel has a silence of u within a day is ``1 - exp(-24 rate share)``. What has not been observed
yet is taken from an included table (``priors``), which weighs as much as some days of observation.

Example: in a stratum silences reach u = 1 twice per hour, and half of those at each mark reach the next one. Then u =
8, three marks further, is reached 2 / 2^3 = .25 times per hour, 6 times a day: such a silence means nothing.

A silence that can neither grow nor end (nothing can be heard there) is not counted: it is censored.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.priors import REACH, REACH_HOURS, STEPS, STEPS_WEIGHT

MARKS: Final = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
"""Lost opportunities at which silences are counted."""
LEVELS: Final = len(MARKS)
_LEVELS: Final = np.arange(LEVELS)
_ALL_AND_OTHERS: Final = np.array([0.0, 1.0])[:, None, None]
"""Silences left out of the statistics of a stratum: none, and the one that is judged."""
_REACH, _STEPS = REACH_HOURS * REACH, STEPS_WEIGHT * STEPS
KINDS: Final = 3
"""0 class A under way, 1 class A at rest, 2 class B."""
PLACE_EDGES: Final = (0.2, 0.5, 0.8)
"""How well the water ahead is heard: edges of its levels."""
WELL_LEVEL: Final = 2
"""From this level on the water ahead is well heard: in half of the slots or more."""
RATE_EDGES: Final = (1.5, 3.0, 6.0)
"""Reports per slot from this vessel: edges of its levels."""
_PLACES, _RATES = np.array(PLACE_EDGES), np.array(RATE_EDGES)
STRATA: Final = KINDS * (len(PLACE_EDGES) + 1) * (len(RATE_EDGES) + 1)
LEARN_DAYS: Final = 30.0
SLOTS_AN_HOUR: Final = 12
HOURS_A_DAY: Final = 24.0

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


def stratum(kind: Places, place: Floats, rate: Floats) -> Places:
    """The stratum of vessels: kind, how well the water ahead is heard, reports per slot. All of one shape."""
    ahead = _PLACES.searchsorted(place, side="right")
    often = _RATES.searchsorted(rate, side="right")
    across = len(RATE_EDGES) + 1
    return np.asarray((kind * (len(PLACE_EDGES) + 1) + ahead) * across + often, np.intp)


def well_heard(strata: Places) -> Bools:
    """Whether the water ahead of vessels of these strata is well heard."""
    return np.asarray(strata // (len(RATE_EDGES) + 1) % (len(PLACE_EDGES) + 1) >= WELL_LEVEL)


class Budget(NamedTuple):
    """The number of tolerated false gaps."""

    per_1000: float
    """Per thousand vessel-days in well-heard water."""
    a_day: float
    """... and per day at most."""
    most: float
    """A higher chance is never a gap."""

    def alpha(self, least: Floats, well: Bools) -> float:
        """The chance below which a silence is a gap. ``least``: as for ``share_of_budget``, in any order.

        ``well``: which of the vessels are in well-heard water.
        """
        by_day = share_of_budget(np.sort(least), self.a_day, self.most)
        heard_well = np.sort(least[well])
        return min(by_day, share_of_budget(heard_well, self.per_1000 * len(heard_well) / 1000, self.most))


def level_of(lost: Floats) -> Places:
    """The last mark that each silence has reached; -1: none."""
    return np.asarray(MARKS.searchsorted(lost, side="right") - 1, np.intp)


class Silences:
    """The learned counts: (STRATA, 2 + 2 LEVELS), float64.

    Column 0: vessel-hours heard; 1: silences that reached the first mark; then for each mark the number that reached
    the next one, and the number that ended before it.
    """

    def __init__(self) -> None:
        self.counts: Floats = np.zeros((STRATA, 2 + 2 * LEVELS))
        self.reach: Floats = np.zeros((STRATA, LEVELS))
        """Silences per hour that reach each mark."""
        self.step: Floats = np.zeros((STRATA, LEVELS))
        """The share of silences at a mark that reach the next."""
        self.others: Floats = np.zeros((STRATA, LEVELS))
        """``reach`` without one silence that has reached that mark."""
        self.settle()

    def age(self, slots: int) -> None:
        """Fades the counts: after LEARN_DAYS they weigh 1/e."""
        self.counts *= math.exp(-slots / (SLOTS_AN_HOUR * HOURS_A_DAY * LEARN_DAYS))

    def heard(self, strata: Places, slots: npt.NDArray[np.int64]) -> None:
        """Adds the number of slots in which each vessel was heard."""
        self.counts[:, 0] += np.bincount(strata, slots, STRATA) / SLOTS_AN_HOUR

    def grew(self, strata: Places, before: Places, now: Places) -> None:
        """Silences that grew from level ``before`` to ``now``."""
        ships, level = np.nonzero((before[:, None] < _LEVELS) & (now[:, None] >= _LEVELS))
        crossed = np.bincount(strata[ships] * LEVELS + level, minlength=STRATA * LEVELS)
        self.counts[:, 1 : 1 + LEVELS] += crossed.reshape(STRATA, LEVELS)

    def ended(self, strata: Places, level: Places) -> None:
        """Silences that ended at that level."""
        ended = np.bincount(strata * LEVELS + level, minlength=STRATA * LEVELS)
        self.counts[:, 2 + LEVELS :] += ended.reshape(STRATA, LEVELS)

    def settle(self) -> None:
        """Computes ``reach`` and ``step`` from the counts and the included table."""
        hours, ended = self.counts[:, 0], self.counts[:, 2 + LEVELS :]
        went_on = np.maximum(self.counts[:, 1 : 2 + LEVELS] - _ALL_AND_OTHERS, 0)  # reached the first mark, the next...
        first, on = went_on[..., 0], went_on[..., 1:]
        steps = (on + _STEPS) / (on + ended + STEPS_WEIGHT)
        reached = np.empty_like(steps)
        reached[..., 0] = (first + _REACH) / (hours + REACH_HOURS)
        reached[..., 1:] = steps[..., :-1]
        self.step = steps[0]
        self.reach, self.others = np.multiply.accumulate(reached, axis=-1)

    def chance(self, strata: Places, lost: Floats, times: Floats, own: Bools | None = None) -> Floats:
        """The chance that an honest vessel of that stratum has, within a day, a silence of ``lost`` or more.

        ``times``: how much more often silences begin at its place than elsewhere in the stratum. ``own``: whether the
        silence itself has been counted; it is left out.
        """
        level = np.minimum(np.maximum(level_of(lost), 0), LEVELS - 1)
        beyond = np.log2(np.maximum(lost, 1.0) / MARKS[level])
        reach = self.reach[strata, level]
        if own is not None:
            reach = np.where(own, self.others[strata, level], reach)
        an_hour = reach * self.step[strata, level] ** beyond * times
        return np.asarray(np.where(lost < MARKS[0], 1.0, -np.expm1(-HOURS_A_DAY * an_hour)))


def share_of_budget(least: Floats, a_day: float, most: float) -> float:
    """The chance below which a silence is a gap, so that honest vessels give at most ``a_day`` false ones per day.

    ``least`` (ascending): the chance of each vessel's shortest silence that is long enough; it cannot give more gaps.
    """
    if least.size == 0 or np.minimum(least, most).sum() <= a_day:
        return most
    before = np.append(0.0, np.cumsum(least)[:-1])
    share = (a_day - before) / np.arange(len(least), 0, -1)
    return float(min(most, share[np.argmax(share <= least)]))
