"""Where a silent ship could have been: the space-time prism over places.

Between two fixes a ship that makes at most ``v_max_kn`` stays inside an ellipse with its foci in them; before the
second fix, inside a circle round the first. A place inside it is feasible. All distances are great circles by the chord
form, in nautical miles rounded to a hundredth before a comparison; hours and knots are floats.

Land is ignored. A great circle is never longer than the way by sea, so no reachable place is left out, stays are too
long rather than too short, and a place behind a cape may be named that the ship could not quite have reached. A grid of
land would have to be finer than the straits that it must not close, and would cost a search per gap.

Places are unit vectors of shape (3, n) from ``sphere.unit_vectors``; a fix is a vector of shape (3,) from ``fix``.
Results give places by their number along ``n``, best first; equal ones by number.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import Floats, distances_nm, unit_vectors

STAYED_H: Final = 24.0
STAYED_NM: Final = 1.62  # 3 km
_DIGITS: Final = 2

Numbers = npt.NDArray[np.intp]


class ReachablePlaces(NamedTuple):
    """Places within reach of a ship that is still silent, nearest first. Each array has one value per place."""

    at: Numbers
    distance_nm: Floats
    arrive_h: Floats
    """Earliest arrival, hours after the last fix."""


class PlacesOnTheWay(NamedTuple):
    """Places that a ship could have called at between two fixes, smallest detour first.

    For one silence the order by detour is also the order by required speed.
    """

    at: Numbers
    there_nm: Floats
    onward_nm: Floats
    detour_nm: Floats
    """How much longer than the direct way between the fixes."""
    longest_stay_h: Floats
    """The remaining time if it sails at ``v_max_kn``."""
    needed_kn: Floats
    """The speed for the way there and on without a stay."""


class Pairs(NamedTuple):
    """Pairs of places that it could both have called at in one silence, shortest way first."""

    at: Numbers
    """Shape (n, 2): two numbers, the lower first, in either order of calls."""
    way_nm: Floats
    """From the last fix via both to the next fix (if there is one), in the shorter order."""


def fix(lat_deg: float, lon_deg: float) -> Floats:
    """A place as a unit vector, shape (3,)."""
    return unit_vectors(np.asarray([lat_deg], np.float64), np.asarray([lon_deg], np.float64))[:, 0]


def apart_nm(here: Floats, places: Floats) -> Floats:
    """Distances from one place (3,) to each of ``places`` (3, n), nm to a hundredth."""
    return np.asarray(np.round(distances_nm(here[:, None], places), _DIGITS), np.float64)


def still_dark(last: Floats, places: Floats, *, hours: float, v_max_kn: float) -> ReachablePlaces:
    """The places with d(last, P) <= v_max * hours. ``v_max_kn`` is above 0."""
    nm = apart_nm(last, places)
    within = np.flatnonzero(nm <= _budget_nm(hours, v_max_kn))
    at = within[np.argsort(nm[within], kind="stable")]
    return ReachablePlaces(at, nm[at], nm[at] / v_max_kn)


def closed(last: Floats, after: Floats, places: Floats, *, hours: float, v_max_kn: float) -> PlacesOnTheWay:
    """The places with d(last, P) + d(P, after) <= v_max * hours; none if ``hours`` or ``v_max_kn`` is not above 0."""
    there, onward = apart_nm(last, places), apart_nm(after, places)
    way, budget_nm = np.round(there + onward, _DIGITS), _budget_nm(hours, v_max_kn)
    within = np.flatnonzero((way <= budget_nm) & (budget_nm > 0))
    at = within[np.argsort(way[within], kind="stable")]
    direct_nm = float(apart_nm(last, after[:, None])[0])
    detour = np.maximum(0.0, np.round(way[at] - direct_nm, _DIGITS))
    if not len(at):
        return PlacesOnTheWay(at, there[at], onward[at], detour, way[at], way[at])
    return PlacesOnTheWay(at, there[at], onward[at], detour, (budget_nm - way[at]) / v_max_kn, way[at] / hours)


def pairs(last: Floats, after: Floats | None, places: Floats, *, hours: float, v_max_kn: float) -> Pairs:
    """The pairs P, Q with d(last, P) + d(P, Q) + d(Q, after) <= v_max * hours, in one order or the other.

    Then a dark leg counts for a shuttle between P and Q. Without ``after`` the ship is still dark, and need only have
    reached both. Costs a matrix of n times n.
    """
    there, between = apart_nm(last, places), _between_nm(places)
    onward = _onward_nm(after, places)
    way = there[:, None] + between + onward[None, :]
    way = np.asarray(np.round(np.minimum(way, way.T), _DIGITS), np.float64)
    budget_nm = _budget_nm(hours, v_max_kn)
    one, other = np.nonzero(np.triu(way <= budget_nm, 1) & (budget_nm > 0))
    order = np.argsort(way[one, other], kind="stable")
    one, other = one[order], other[order]
    return Pairs(np.stack([one, other], axis=1), way[one, other])


def round_trips(
    last: Floats, after: Floats | None, pair: Floats, *, hours: float, v_max_kn: float, call_h: float = 0.0
) -> int:
    """The maximum number of round trips between the two places of a ``pair`` (3, 2).

    From the last fix to either place, back and forth, and on to ``after`` (None: still dark), with a call of ``call_h``
    hours at each arrival. 0 if the places are the same, or no round trip fits.
    """
    there = apart_nm(last, pair)
    onward = _onward_nm(after, pair)
    between_nm = float(_between_nm(pair)[0, 1])
    left_h = hours - float((there + onward).min()) / v_max_kn - call_h
    trip_h = 2 * (between_nm / v_max_kn + call_h)
    return max(0, math.floor(round(left_h / trip_h, 9))) if between_nm > 0 else 0


def apparently_stayed(hours: float, moved_nm: float, *, under_way: bool = False) -> bool:
    """Whether a silence is apparently not a voyage: a day or longer, and it ends where it began.

    ``under_way``: it was under way at either end. Then it is not a stay: a shuttle that switches off at the same
    headland each time comes back to within a mile, as in the ANGARA reconstruction.
    """
    return hours >= STAYED_H and moved_nm <= STAYED_NM and not under_way


def _budget_nm(hours: float, v_max_kn: float) -> float:
    return round(v_max_kn * hours, _DIGITS)


def _onward_nm(after: Floats | None, places: Floats) -> Floats:
    return np.zeros(places.shape[1]) if after is None else apart_nm(after, places)


def _between_nm(places: Floats) -> Floats:
    return np.asarray(np.round(distances_nm(places[:, :, None], places[:, None, :]), _DIGITS), np.float64)
