"""Which silences are rarer than an honest vessel's: by their chance, and by other explanations.

The quieter vessels of a stratum reach a chance just below alpha every other day. So there are two thresholds: until
``second_look`` slots are missed, only a quarter of alpha counts. A vessel that was slow, or near others at rest, may
have stopped: at rest it transmits every three minutes instead of every ten seconds, and may be heard much less
(rest_rates.py). Its silence must therefore last until ``moored_reports`` of those reports would have been heard; more
near berths, fewer for a vessel at full speed with no vessel at rest around it (MOORED_TIMES). At the edge of coverage,
where most silences are of vessels that left range, the stricter threshold always applies. A vessel that has been silent
for ``most`` slots without a verdict, or for ``within`` slots of time, may be anywhere and is no longer judged.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.coverage import Coverage
from detectors.core.coverage.rest_rates import thinned
from detectors.core.coverage.slot_blocks import UNDER_WAY
from detectors.core.coverage.vessel_statistics import last_spots

FIRST_SHARE: Final = 0.25
"""Share of alpha before ``second_look``: with half, areas that lose reception give 1.5 times the false gaps, and no
more gaps are found."""
MOORED_TIMES: Final = np.array(
    [[[[0.4, 1.0], [1.5, 2.0]], [[0.4, 0.6], [1.0, 1.5]]], [[[0.6, 1.0], [2.0, 2.0]], [[0.6, 1.0], [2.0, 2.0]]]]
)
"""Factor on ``moored_reports``, by [after second_look, heard by a thinned feed, vessels at rest around it, it was
slow]. Vessels at berths are heard less, and a fast vessel rarely moors at once. The rate of a thinned feed for a vessel
at rest is known better. Tuning data, loss .6: recall .73 at precision .95; with (1, 1, 2, 2) for all .64 at .95, with
(.4, 1, 1.5, 2) for all .78 at .94, in other scenarios within .02. One report in 180 s: .84 at .96, without a row for
thinned feeds .82 at .96."""
FRINGE_SHARE: Final = 2 / 3
"""At the edge of coverage vessels are heard at most this share as well as in the better quarter of the feed's water.
(Tuning data, with half, two thirds and three quarters of .9: 16, 14 and 12 false gaps in all water instead of 25,
with loss .3 19, 17 and 9 instead of 31; recall .94, .94 and .92 instead of .94, and .89, .89 and .87 instead of
.89.)"""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class SilenceRules(NamedTuple):
    """See the module; ``second_look`` and ``most`` in slots in which the vessel could have been heard."""

    second_look: float
    moored_reports: float
    slow_kn: float
    most: float
    within: float
    """Slots since the vessel was last heard, with or without reception."""


class OpenSilences(NamedTuple):
    """Values of silences that have not ended, one per silence."""

    kind: npt.NDArray[np.integer]
    age: npt.NDArray[np.integer]
    """Slots since it was last heard."""
    missed: npt.NDArray[np.integer]
    """The number of those slots in which it could have been heard."""
    chance: Floats
    rest_rate: Floats
    """Reports per slot that would be heard from it at rest (rest_rates.py)."""
    speed_kn: Floats
    """At its last report."""
    harbour: Bools
    """Whether vessels are at rest around its last position."""
    fringe: Bools
    """Whether this feed usually hears vessels there much less than elsewhere."""
    thinned: Bools
    """Whether it is heard by a feed that passes on one report per interval (rest_rates.py)."""

    @classmethod
    def of(cls, coverage: Coverage, rows: npt.NDArray[np.intp], last: int) -> OpenSilences:
        """The silences of the vessels in these rows when slot ``last`` closes."""
        c = coverage.columns
        harbour = coverage.cell_statistics.harbours(last_spots(c, rows))
        columns = (c.chance, c.lat_deg, c.north_deg_h, c.east_deg_h)
        chance, lat_deg, north, east = np.array([column[rows] for column in columns], np.float64)
        speed_kn = np.round(60 * np.hypot(north, east * np.cos(np.radians(lat_deg))), 1)
        rest_rate = coverage.rest_rates.expected(c, rows)
        age = last - c.slot[rows].astype(np.int64)
        fringe = c.usual[rows] < FRINGE_SHARE * coverage.best
        return cls(
            c.kind[rows],
            age,
            c.missed[rows],
            np.round(chance, 6),
            rest_rate,
            speed_kn,
            harbour,
            fringe,
            thinned(c, rows),
        )


def limits(silence: OpenSilences, alpha: Floats | float, rules: SilenceRules) -> Floats:
    """The limit for the chance of each silence."""
    again = _not_moored(silence, rules, again=True) & (silence.missed >= rules.second_look) & ~silence.fringe
    return np.where(again & (silence.kind == UNDER_WAY), alpha, FIRST_SHARE * alpha)


def rare(silence: OpenSilences, alpha: Floats | float, rules: SilenceRules) -> Bools:
    """Whether each silence is rarer than an honest vessel's."""
    may_moor = (silence.kind == UNDER_WAY) & (_slow(silence, rules) | silence.harbour)
    means = (_not_moored(silence, rules, again=False) | ~may_moor) & (silence.missed <= rules.most)
    return np.asarray(means & (silence.age <= rules.within) & (silence.chance < limits(silence, alpha, rules)))


def _slow(silence: OpenSilences, rules: SilenceRules) -> Bools:
    return np.asarray(silence.speed_kn <= rules.slow_kn)


def _not_moored(silence: OpenSilences, rules: SilenceRules, *, again: bool) -> Bools:
    """Whether the vessel would have been heard by now if it had stopped."""
    heard = np.round(silence.missed * silence.rest_rate, 3)
    flags = (silence.thinned, silence.harbour, _slow(silence, rules))
    times = MOORED_TIMES[int(again)][tuple(flag.astype(np.intp) for flag in flags)]
    return np.asarray(heard >= rules.moored_reports * times)
