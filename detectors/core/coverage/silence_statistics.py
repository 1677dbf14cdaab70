"""How often honest ships are silent: counts by stratum, and from them the chance of a silence.

A *silence* is measured in lost opportunities ``u`` (see coverage), not in minutes. For each stratum it is counted how
often, a vessel-hour heard, a silence reaches u = 1, and of those that reach 1, 2, 4, ... how many go on to the next
mark. The chance that an honest ship shows a silence of u within a day is then ``1 - exp(-24 rate share)``. What has
not been seen yet is filled from a shipped table (``priors``) that weighs as much as some days of watching.

A silence that can neither grow nor end (nothing can be heard there) counts for neither: it is censored.
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
"""Silences left out of what a stratum shows: none, and the one that is judged."""
_REACH, _STEPS = REACH_HOURS * REACH, STEPS_WEIGHT * STEPS
KINDS: Final = 3
"""0 class A under way, 1 class A at rest, 2 class B."""
PLACE_EDGES: Final = (0.2, 0.5, 0.8)
"""How well the water ahead is heard: edges of its levels."""
WELL_LEVEL: Final = 2
"""From this level on the water ahead is well heard: in half of the slots or more."""
RATE_EDGES: Final = (1.5, 3.0, 6.0)
"""Reports a slot from this ship: edges of its levels."""
_PLACES, _RATES = np.array(PLACE_EDGES), np.array(RATE_EDGES)
STRATA: Final = KINDS * (len(PLACE_EDGES) + 1) * (len(RATE_EDGES) + 1)
LEARN_DAYS: Final = 30.0
SLOTS_AN_HOUR: Final = 12
HOURS_A_DAY: Final = 24.0

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


def stratum(kind: Places, place: Floats, rate: Floats) -> Places:
    """The stratum of ships: kind, how well the water ahead is heard, reports a slot. All of one shape."""
    ahead = _PLACES.searchsorted(place, side="right")
    often = _RATES.searchsorted(rate, side="right")
    across = len(RATE_EDGES) + 1
    return np.asarray((kind * (len(PLACE_EDGES) + 1) + ahead) * across + often, np.intp)


def well_heard(strata: Places) -> Bools:
    """Whether the water ahead of vessels of these strata is well heard."""
    return np.asarray(strata // (len(RATE_EDGES) + 1) % (len(PLACE_EDGES) + 1) >= WELL_LEVEL)


class Budget(NamedTuple):
    """How many gaps of honest vessels are allowed."""

    per_1000: float
    """A thousand vessel-days in well-heard water."""
    a_day: float
    """And in a day at most."""
    most: float
    """A chance above this is never a gap's."""

    def alpha(self, least: Floats, well: Bools) -> float:
        """The chance below which a silence may be called a gap. ``least``: as for ``share_of_budget``, in any order.

        ``well``: which of the vessels are in well-heard water.
        """
        by_day = share_of_budget(np.sort(least), self.a_day, self.most)
        heard_well = np.sort(least[well])
        return min(by_day, share_of_budget(heard_well, self.per_1000 * len(heard_well) / 1000, self.most))


def level_of(lost: Floats) -> Places:
    """The last mark that each silence has reached; -1 before the first."""
    return np.asarray(MARKS.searchsorted(lost, side="right") - 1, np.intp)


class Silences:
    """What has been learned. ``counts`` is all of it: (STRATA, 2 + 2 LEVELS), float64.

    Column 0: vessel-hours heard; 1: silences that reached the first mark; then for each mark how many went on to
    the next, and how many ended before it.
    """

    def __init__(self) -> None:
        self.counts: Floats = np.zeros((STRATA, 2 + 2 * LEVELS))
        self.reach: Floats = np.zeros((STRATA, LEVELS))
        """Silences an hour that reach each mark."""
        self.step: Floats = np.zeros((STRATA, LEVELS))
        """Of those at a mark, the share that reaches the next."""
        self.others: Floats = np.zeros((STRATA, LEVELS))
        """``reach`` without one silence that has come to that mark: what all others say of it."""
        self.settle()

    def age(self, slots: int) -> None:
        """Forgets a little: what was learned LEARN_DAYS ago weighs 1/e."""
        self.counts *= math.exp(-slots / (SLOTS_AN_HOUR * HOURS_A_DAY * LEARN_DAYS))

    def heard(self, strata: Places, slots: npt.NDArray[np.int64]) -> None:
        """So many slots each was heard."""
        self.counts[:, 0] += np.bincount(strata, slots, STRATA) / SLOTS_AN_HOUR

    def grew(self, strata: Places, before: Places, now: Places) -> None:
        """Silences that went from level ``before`` to ``now``."""
        ships, level = np.nonzero((before[:, None] < _LEVELS) & (now[:, None] >= _LEVELS))
        crossed = np.bincount(strata[ships] * LEVELS + level, minlength=STRATA * LEVELS)
        self.counts[:, 1 : 1 + LEVELS] += crossed.reshape(STRATA, LEVELS)

    def ended(self, strata: Places, level: Places) -> None:
        """Silences that ended at that level."""
        ended = np.bincount(strata * LEVELS + level, minlength=STRATA * LEVELS)
        self.counts[:, 2 + LEVELS :] += ended.reshape(STRATA, LEVELS)

    def settle(self) -> None:
        """Works out ``reach`` and ``step`` from the counts and the shipped table."""
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
        """The chance that an honest ship of that stratum shows, within a day, a silence of ``lost`` or more.

        ``times``: how much oftener silences are at its place than elsewhere in the stratum. ``own``: whether the
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
    """The chance below which a silence may be called a gap: honest ships then give at most ``a_day`` false ones.

    ``least`` (rising) is the chance that each ship's silence has when it is just long enough: it cannot give more.
    """
    if least.size == 0 or np.minimum(least, most).sum() <= a_day:
        return most
    before = np.append(0.0, np.cumsum(least)[:-1])
    share = (a_day - before) / np.arange(len(least), 0, -1)
    return float(min(most, share[np.argmax(share <= least)]))
