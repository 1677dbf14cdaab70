"""Whether the border of an area crosses itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


def crosses_itself(ring: Sequence[tuple[float, float]]) -> bool:
    """Whether two sides of a closed ring (its first corner again at its end) cross or lie on each other.

    Sides that share a corner may touch there. Time grows with the square of the corners: 10,000 take a second.
    """
    corners = np.asarray([corner for n, corner in enumerate(ring) if n == 0 or corner != ring[n - 1]], np.float64)
    begins, ends = corners[:-1], corners[1:]
    count = len(begins)
    for side in range(count - 2):
        last = count - 1 if side == 0 else count  # the first side and the last share a corner
        others = slice(side + 2, last)
        if _any_cross(begins[side], ends[side], begins[others], ends[others]):
            return True
    return False


def _any_cross(a: Points, b: Points, begins: Points, ends: Points) -> bool:
    apart = _sides(a, b, begins) * _sides(a, b, ends) <= 0
    met = _sides_of(begins, ends, a) * _sides_of(begins, ends, b) <= 0
    low, high = np.minimum(a, b), np.maximum(a, b)
    overlap = ((np.minimum(begins, ends) <= high) & (np.maximum(begins, ends) >= low)).all(axis=1)
    return bool((apart & met & overlap).any())


def _sides(a: Points, b: Points, points: Points) -> Points:
    """On which side of the line from ``a`` to ``b`` each point lies, by sign."""
    return np.asarray(np.sign((b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0])))


def _sides_of(begins: Points, ends: Points, point: Points) -> Points:
    """On which side of each line ``point`` lies, by sign."""
    along = ends - begins
    return np.asarray(np.sign(along[:, 0] * (point[1] - begins[:, 1]) - along[:, 1] * (point[0] - begins[:, 0])))
