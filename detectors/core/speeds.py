"""How fast a ship can go, as far as she has shown: a small histogram of her speed under way.

Every ten minutes of event time in which she moves, her first report counts once, in bins of 2 kn from 2 to 34 kn.
So an hour at sea weighs the same however often she reports, the time in port does not count, and one forged speed
is one count among many. A bin that is full halves them all: about two days under way are remembered at full weight.

``v_max_kn`` is the 95th percentile, bounded by what ships of her type do: she may have gone faster for an hour, but
not for the length of a voyage. Until two hours under way are known it is what her type usually makes.

Sources. Bounds by type: design speeds of the world fleet (UNCTAD, Review of Maritime Transport; Clarksons), rounded
up: tankers and bulkers 13-17 kn, containers up to 24, cruise and ro-pax up to 35, fast craft up to 50.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.columns import Column
from detectors.core.geo import distances_nm, unit_vectors
from detectors.core.units import HOUR_MS, MINUTE_MS

BINS: Final = 16
SPEEDS: Final = Column("speeds", f"({BINS},)u1")
"""16 bytes a vessel: counts by speed under way."""
SLOT_MS: Final = 10 * MINUTE_MS
LEAST_KN: Final = 2.0
WIDTH_KN: Final = 2.0
SHARE: Final = 0.95
KNOWN_LEAST: Final = 12
SLOWEST_KN: Final = 8.0  # no merchant ship's limit is lower, whatever she was seen doing
_FULL: Final = 255
_IMPLIED_LEAST_MS, _IMPLIED_MOST_MS = 2 * MINUTE_MS, HOUR_MS
"""Between fixes nearer in time the stamps decide the speed, further apart the way was not straight."""

Counts = npt.NDArray[np.uint8]


class Limits(NamedTuple):
    """What ships of a type do, kn."""

    usual_kn: float
    """Assumed where nothing is known."""
    most_kn: float


_OTHERS: Final = Limits(15.0, 30.0)
_BY_TENS: Final = {
    4: Limits(30.0, 50.0),  # high-speed craft
    6: Limits(20.0, 35.0),  # passenger
    7: Limits(15.0, 25.0),  # cargo
    8: Limits(14.0, 18.0),  # tanker
}
_BY_TYPE: Final = {30: Limits(11.0, 16.0), 31: Limits(11.0, 16.0), 32: Limits(11.0, 16.0), 52: Limits(11.0, 16.0)}
"""Fishing, towing, tugs: types as AIS has them."""


class Fixes(NamedTuple):
    """Newest fixes of some vessels and the ones before them, a column each."""

    time_ms: npt.NDArray[np.int64]
    before_ms: npt.NDArray[np.int64]
    """0 where there was none."""
    sog_kn: npt.NDArray[np.floating[Any]]
    lat_deg: npt.NDArray[np.float64]
    lon_deg: npt.NDArray[np.float64]
    before_lat_deg: npt.NDArray[np.float64]
    before_lon_deg: npt.NDArray[np.float64]


def begins_slot(time_ms: npt.NDArray[np.int64], before_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether a fix is the first of its ten minutes, and so counts."""
    return np.asarray(time_ms // SLOT_MS != before_ms // SLOT_MS)


def speed_kn(fixes: Fixes) -> npt.NDArray[np.float64]:
    """Speed over ground as reported, else as implied by the fix before; NaN where neither is known."""
    span_ms = fixes.time_ms - fixes.before_ms
    usable = (span_ms >= _IMPLIED_LEAST_MS) & (span_ms <= _IMPLIED_MOST_MS)
    nm = distances_nm(
        unit_vectors(fixes.lat_deg, fixes.lon_deg), unit_vectors(fixes.before_lat_deg, fixes.before_lon_deg)
    )
    implied = np.where(usable, nm / (np.where(usable, span_ms, HOUR_MS) / HOUR_MS), np.nan)
    known = np.where(np.isnan(fixes.sog_kn), implied, fixes.sog_kn)
    return np.asarray(np.round(known, 1), np.float64)


def counted(counts: Counts, speeds_kn: npt.NDArray[np.float64]) -> Counts:
    """The histograms (n, BINS) of vessels with one more speed each; unchanged where it is unknown or not under way."""
    after = counts.copy()
    moves = np.flatnonzero(speeds_kn >= LEAST_KN)  # NaN is not
    bins = np.minimum((speeds_kn[moves] - LEAST_KN) // WIDTH_KN, BINS - 1).astype(np.intp)
    full = moves[after[moves, bins] == _FULL]
    after[full] //= 2
    after[moves, bins] += 1
    return after


def limits_of(ship_type: int | None) -> Limits:
    """What ships of an AIS type do."""
    return _BY_TYPE.get(ship_type or 0) or _BY_TENS.get((ship_type or 0) // 10, _OTHERS)


def v_max_kn(counts: Counts, ship_type: int | None) -> float:
    """The speed that she can be expected to keep at most, kn to a tenth, from her histogram (BINS,) and type."""
    limits, total = limits_of(ship_type), int(counts.sum())
    if total < KNOWN_LEAST:
        return limits.usual_kn
    up_to = np.cumsum(counts, dtype=np.int64)
    at = int(np.searchsorted(up_to, SHARE * total))
    below = int(up_to[at]) - int(counts[at])
    kn = LEAST_KN + WIDTH_KN * (at + (SHARE * total - below) / int(counts[at]))
    return round(min(max(kn, SLOWEST_KN), limits.most_kn), 1)
