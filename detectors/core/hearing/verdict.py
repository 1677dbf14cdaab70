"""Which silences are rarer than an honest ship's: by the chance of each, and by what else would explain it.

A chance just below alpha is what the quieter ships of a stratum show every other day, so it is looked at twice: until
``second_look`` slots are missed a quarter of it counts. A ship that was slow, or near where others lie, may have
stopped: at rest she reports every three minutes instead of every ten seconds (ITU-R M.1371), of which much less is
heard. So her silence must last until ``moored_reports`` of those would have been heard. And who has been silent for
``most`` slots without its having meant anything may be anywhere by now.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.hearing.blocks import UNDER_WAY
from detectors.core.hearing.coverage import Coverage
from detectors.core.hearing.habits import last_spots

MOORED_SHARE: Final = 10.0 / 180.0
"""Reports of a ship at rest for one of the same ship under way."""
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
    rate: Floats
    """Reports a slot that were heard of her."""
    speed_kn: Floats
    """At her last report."""
    harbour: Bools
    """Whether ships lie at rest around her last place."""

    @classmethod
    def of(cls, coverage: Coverage, rows: npt.NDArray[np.intp]) -> Silence:
        """Those of the ships in these rows."""
        c = coverage.columns
        harbour = coverage.water.harbours(last_spots(c, rows))
        columns = (c.chance, c.rate, c.lat_deg, c.north_deg_h, c.east_deg_h)
        chance, rate, lat_deg, north, east = np.array([column[rows] for column in columns], np.float64)
        speed_kn = np.round(60 * np.hypot(north, east * np.cos(np.radians(lat_deg))), 1)
        return cls(c.kind[rows], c.missed[rows], np.round(chance, 6), rate, speed_kn, harbour)


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
    heard = np.round(silence.missed * silence.rate * MOORED_SHARE, 3)
    return np.asarray(heard >= rules.moored_reports * np.where(silence.harbour, HARBOUR_TIMES, 1))
