"""Which silences are rarer than an honest ship's: by the chance of each, and by what else would explain it.

A chance just below alpha is what the quieter ships of a stratum show every other day, so it is looked at twice: until
``second_look`` slots are missed a quarter of it counts. A ship that was slow, or near where others lie, may have
stopped: at rest it transmits every three minutes instead of every ten seconds, and much less of it may be heard
(reporting.py). So its silence must last until ``moored_reports`` of those would have been heard. And a vessel silent
for ``most`` slots without its having meant anything may be anywhere by now.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.hearing.blocks import UNDER_WAY
from detectors.core.hearing.coverage import Coverage
from detectors.core.hearing.habits import last_spots

FIRST_SHARE: Final = 0.25
"""Of alpha, at the first look: half lets through 1.5 times the false gaps of areas that die, and finds no more."""
HARBOUR_TIMES: Final = 2
"""So many times the reports are asked of a ship in a harbour: at berths less is heard."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Rules(NamedTuple):
    """See the module; ``second_look`` and ``most`` in slots in which the ship could have been heard."""

    second_look: float
    moored_reports: float
    slow_kn: float
    most: float


class Silence(NamedTuple):
    """What is known of silences; one value each."""

    kind: npt.NDArray[np.integer]
    missed: npt.NDArray[np.integer]
    """Slots in which she could have been heard."""
    chance: Floats
    rest_rate: Floats
    """Reports a slot that would be heard of it at rest (reporting.py)."""
    speed_kn: Floats
    """At her last report."""
    harbour: Bools
    """Whether ships lie at rest around her last place."""

    @classmethod
    def of(cls, coverage: Coverage, rows: npt.NDArray[np.intp]) -> Silence:
        """Those of the ships in these rows."""
        c = coverage.columns
        harbour = coverage.water.harbours(last_spots(c, rows))
        columns = (c.chance, c.lat_deg, c.north_deg_h, c.east_deg_h)
        chance, lat_deg, north, east = np.array([column[rows] for column in columns], np.float64)
        speed_kn = np.round(60 * np.hypot(north, east * np.cos(np.radians(lat_deg))), 1)
        rest_rate = coverage.rest_rates.expected(c, rows)
        return cls(c.kind[rows], c.missed[rows], np.round(chance, 6), rest_rate, speed_kn, harbour)


def limits(silence: Silence, alpha: Floats | float, rules: Rules) -> Floats:
    """The chance below which each is rare: alpha at the second look, a quarter of it before."""
    again = (silence.kind == UNDER_WAY) & _not_moored(silence, rules) & (silence.missed >= rules.second_look)
    return np.where(again, alpha, np.asarray(alpha) * FIRST_SHARE)


def rare(silence: Silence, alpha: Floats | float, rules: Rules) -> Bools:
    """Whether each is rarer than an honest ship's."""
    may_moor = (silence.kind == UNDER_WAY) & ((silence.speed_kn <= rules.slow_kn) | silence.harbour)
    means = (_not_moored(silence, rules) | ~may_moor) & (silence.missed <= rules.most)
    return np.asarray(means & (silence.chance < limits(silence, alpha, rules)))


def _not_moored(silence: Silence, rules: Rules) -> Bools:
    """Whether she would have been heard by now, had she stopped."""
    heard = np.round(silence.missed * silence.rest_rate, 3)
    return np.asarray(heard >= rules.moored_reports * np.where(silence.harbour, HARBOUR_TIMES, 1))
