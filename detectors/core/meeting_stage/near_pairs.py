"""Which of many places are near each other, in columns.

Places are sorted into cubes of space with the side of the distance that is asked for. Two places that are near are in
one cube or in neighbours, so neither the edges of cells, nor 180 E, nor the poles need a rule.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import Floats, unit_vectors
from detectors.core.units import EARTH_NM, KM_NM

_EARTH_M: Final = EARTH_NM / KM_NM * 1000.0
_BITS: Final = 1 << 15  # cubes along an axis: enough for 400 m
_HALF: Final = _BITS // 2
_STEPS: Final = tuple(
    (x * _BITS + y) * _BITS + z for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) > (0, 0, 0)
)
"""To half of the neighbours of a cube: each pair is found once."""

_SIDES: Final[tuple[Literal["left"], Literal["right"]]] = ("left", "right")

Rows = npt.NDArray[np.intp]
Keys = npt.NDArray[np.int64]


class NearPairs(NamedTuple):
    """Pairs by their places in the input, the first below the second; ``crowded`` are places among too many others."""

    first: Rows
    second: Rows
    crowded: Rows


def near_pairs(lat_deg: Floats, lon_deg: Floats, *, within_m: float, others_most: int) -> NearPairs:
    """The pairs at most ``within_m`` (at least 400) apart, without those of a place that has more than ``others_most``
    others so near: a harbour or a roadstead."""
    places = unit_vectors(lat_deg, lon_deg) * _EARTH_M
    cubes = np.floor(places / within_m).astype(np.int64) + _HALF
    keys: Keys = (cubes[0] * _BITS + cubes[1]) * _BITS + cubes[2]
    counts, inverse = (np.unique(keys, return_inverse=True, return_counts=True)[n] for n in (2, 1))
    crowd = counts[inverse] > 2 * others_most + 2  # all in so full a cube have too many others near
    kept = np.flatnonzero(~crowd)
    first, second = _candidates(keys[kept])
    first, second = kept[first], kept[second]
    chord = places[:, first] - places[:, second]
    near = np.einsum("ij,ij->j", chord, chord) <= within_m * within_m
    first, second = first[near], second[near]
    crowd |= np.bincount(np.append(first, second), minlength=len(keys)) > others_most
    free = ~(crowd[first] | crowd[second])
    first, second = first[free], second[free]
    return NearPairs(np.minimum(first, second), np.maximum(first, second), np.flatnonzero(crowd))


def _candidates(keys: Keys) -> tuple[Rows, Rows]:
    """Pairs of one cube or of neighbours."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    ends = np.searchsorted(ordered, ordered, "right")
    found = [_ranges(np.arange(len(keys)) + 1, ends)]
    for step in _STEPS:
        left, right = (np.searchsorted(ordered, ordered + step, side) for side in _SIDES)
        found.append(_ranges(left, right))
    first, second = (np.concatenate([each[n] for each in found]) for n in (0, 1))
    return order[first], order[second]


def _ranges(starts: Rows, ends: Rows) -> tuple[Rows, Rows]:
    """For each place all of its range [start, end): (place, member)."""
    sizes = np.maximum(ends - starts, 0)
    places = np.repeat(np.arange(len(starts)), sizes)
    offsets = np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return places, starts[places] + offsets
