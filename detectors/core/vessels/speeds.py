"""How fast a ship can go, as far as observed: a small histogram of its speed under way, 16 bytes.

Every ten minutes of event time in which it moves, its first report counts once, in bins of 2 kn from 2 to 34 kn.
So an hour at sea has the same weight at any reporting rate, time in port does not count, and one forged speed is one
count among many. When a bin is full, all are halved: about two days under way are remembered at full weight.

``v_max_kn`` is the 95th percentile, bounded by the limits of its type: the ship may have been faster for an hour, but
not for a whole voyage. Until two hours under way are known it is the usual speed of its type.

Sources. Bounds by type: design speeds of the world fleet (UNCTAD, Review of Maritime Transport; Clarksons), rounded
up: tankers and bulkers 13-17 kn, containers up to 24, cruise and ro-pax up to 35, fast craft up to 50.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import Floats, distances_nm, unit_vectors
from detectors.core.units import HOUR_MS, MINUTE_MS
from detectors.core.vessels.columns import SPEED_BINS, Rows

if TYPE_CHECKING:
    from detectors.core.vessels.history import History

SLOT_MS: Final = 10 * MINUTE_MS
LEAST_KN: Final = 2.0
WIDTH_KN: Final = 2.0
SHARE: Final = 0.95
KNOWN_LEAST: Final = 12
SLOWEST_KN: Final = 8.0  # no merchant vessel has a lower limit
_FULL: Final = 255
_IMPLIED_LEAST_MS, _IMPLIED_MOST_MS = MINUTE_MS // 2, HOUR_MS
"""Closer in time the fixes' own error dominates (10 m in 30 s are 0.6 kn), further apart the way was not straight."""

Counts = npt.NDArray[np.uint8]


class SpeedLimits(NamedTuple):
    """Speeds of ships of a type, kn."""

    usual_kn: float
    """Assumed if nothing is known."""
    most_kn: float


_OTHERS: Final = SpeedLimits(15.0, 30.0)
_BY_TENS: Final = {
    4: SpeedLimits(30.0, 50.0),  # high-speed craft
    6: SpeedLimits(20.0, 35.0),  # passenger
    7: SpeedLimits(15.0, 25.0),  # cargo
    8: SpeedLimits(14.0, 18.0),  # tanker
}
_BY_TYPE: Final = {
    30: SpeedLimits(11.0, 16.0),
    31: SpeedLimits(11.0, 16.0),
    32: SpeedLimits(11.0, 16.0),
    52: SpeedLimits(11.0, 16.0),
}
"""Fishing, towing, tugs: types as AIS has them."""


def begins_slot(time_ms: npt.NDArray[np.int64], before_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether a fix is the first of its ten minutes, and so counts."""
    return np.asarray(time_ms // SLOT_MS != before_ms // SLOT_MS)


def newly_shown(history: History) -> tuple[Rows, npt.NDArray[np.float64]]:
    """The reports that count, as places among all, and the speed that each shows, kn to a tenth; NaN if unknown.

    The speed is the reported speed over ground, otherwise that implied by the previous fix. While positions are
    inconsistent none counts.
    """
    now, before = history.now, history.before
    counts = history.moved & begins_slot(now.fix_ms, before.fix_ms) & ~history.unsure
    at = (counts if history.quiet is None else counts & history.quiet).nonzero()[0]
    kn = now.sog_kn[at].astype(np.float64)
    unsaid = np.isnan(kn).nonzero()[0]
    if len(unsaid):
        which = at[unsaid]
        nm = distances_nm(
            unit_vectors(now.lat_deg[which], now.lon_deg[which]),
            unit_vectors(before.lat_deg[which], before.lon_deg[which]),
        )
        kn[unsaid] = implied_kn(nm, now.fix_ms[which] - before.fix_ms[which])
    return at, np.asarray(np.round(kn, 1), np.float64)


def implied_kn(nm: Floats, span_ms: npt.NDArray[np.int64]) -> Floats:
    """Speed between two fixes; NaN if they are too close or too far apart in time."""
    usable = (span_ms >= _IMPLIED_LEAST_MS) & (span_ms <= _IMPLIED_MOST_MS)
    return np.where(usable, nm / (np.where(usable, span_ms, HOUR_MS) / HOUR_MS), np.nan)


def counted(counts: Counts, speeds_kn: npt.NDArray[np.float64]) -> Counts:
    """The histograms (n, SPEED_BINS) of vessels with one more speed each; unchanged if it is unknown or at rest."""
    after = counts.copy()
    moves = np.flatnonzero(speeds_kn >= LEAST_KN)  # NaN is not
    bins = np.minimum((speeds_kn[moves] - LEAST_KN) // WIDTH_KN, SPEED_BINS - 1).astype(np.intp)
    full = moves[after[moves, bins] == _FULL]
    after[full] //= 2
    after[moves, bins] += 1
    return after


def limits_of(ship_type: int | None) -> SpeedLimits:
    """The speeds of ships of an AIS type."""
    return _BY_TYPE.get(ship_type or 0) or _BY_TENS.get((ship_type or 0) // 10, _OTHERS)


def v_max_kn(counts: Counts, ship_type: int | None) -> float:
    """The maximum speed that it can be expected to keep, kn to a tenth, from its histogram (SPEED_BINS,) and type."""
    limits, total = limits_of(ship_type), int(counts.sum())
    if total < KNOWN_LEAST:
        return limits.usual_kn
    up_to = np.cumsum(counts, dtype=np.int64)
    at = int(np.searchsorted(up_to, SHARE * total))
    below = int(up_to[at]) - int(counts[at])
    kn = LEAST_KN + WIDTH_KN * (at + (SHARE * total - below) / int(counts[at]))
    return round(min(max(kn, SLOWEST_KN), limits.most_kn), 1)
