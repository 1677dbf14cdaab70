"""How well vessels are heard in each cell of the sea: usually and now; and how often silences begin there.

Fine and coarse cells have the same counts. Contributions of several vessels to a count are rounded to whole numbers
first, so that no sum depends on the order of vessels.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.cells import COARSE, COARSE_KEY, FINE, Cells, Spots, keys_around

SLOT_H: Final = 5 / 60
FAST, SLOW = (float(np.exp(-5.0 / minutes)) for minutes in (5, 48 * 60))
"""Factors of a slot on the present and the usual counts. Where no vessel is, the present count stays."""
PARTS: Final = 1 << 20
PLACE_WEIGHT: Final = 2.0
COARSE_WEIGHT, NEAR_WEIGHT, FINE_WEIGHT = 2.0, 1.0, 1.0
_WEIGHTS: Final = np.array([[COARSE_WEIGHT], [NEAR_WEIGHT], [FINE_WEIGHT]])
LIVELY_LEAST: Final = 0.3
UNKNOWN, WIDE_WEIGHT = 0.1, 3.0  # how well vessels are heard where there have been none, and the weight of that
BEST_FROM: Final = 0.75
"""This share of the reports comes from water with worse reception."""
B_OF_A: Final = 0.6
"""Reception of class B relative to class A where no class B vessel has been: 2 W instead of 12.5 W, half the range
or more."""
HERE_LEAST: Final = 0.05
HARBOUR_LEAST: Final = 1.0  # expected silences of vessels at rest: about seven hours of them
_FADED: Final = np.power(FAST, np.arange(128))  # beyond this the rest is 0 in float32; a table, because powers are slow
_ADDED: Final = (1.0 - _FADED) / (1.0 - FAST)

# Columns of Cells.values
_HEARD_NOW, _EXPECTED_NOW = 0, 1
_PRESENT, _HEARD = 2, 4  # class A under way, class B
_BEGAN, _LIKELY = 6, 9  # three kinds each
WIDTH: Final = 12
GROUPS: Final = np.array([0, 2, 1, 2], np.intp)
"""By kind, the pair of columns that counts it: class A under way, class B, neither."""
NEITHER: Final = 2

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


class OwnCounts(NamedTuple):
    """What vessels have themselves added to the counts of the cells where they are assumed to be, one each."""

    spots: Spots
    """(2, 1, vessels)."""
    slots: Floats
    """Slots in which each was there and not heard; shape as ``spots``."""


class Presence(NamedTuple):
    """Vessels at places over runs of slots; all arrays have one value per run, except ``spots``."""

    spots: Spots
    group: Places
    first: Ints
    last: Ints
    """Slots."""
    present: Floats
    """Slots in which it was there; whole numbers."""
    heard: npt.NDArray[np.bool_]
    """Whether it was heard in the last one; in the others it was not."""
    expected: Floats
    """How often it should have been heard in the run, faded to the last slot."""


def fading(slots: Ints) -> Floats:
    """The factor by which counts of the present have faded after ``slots`` slots: FAST ** slots."""
    return np.asarray(_FADED.take(slots, mode="clip"), np.float64)


def faded(slots: Ints) -> Floats:
    """What this number of consecutive slots adds up to, faded to the last one: 1 + FAST + FAST^2 + ..."""
    return np.asarray(_ADDED.take(slots, mode="clip"), np.float64)


class CellStatistics:
    """The cells of one partition."""

    def __init__(self) -> None:
        self.cells = Cells(WIDTH)

    def count(self, who: Presence, slots: int) -> None:
        """Counts which vessels were heard and which were not, in the ``slots`` since the last call."""
        places = self.cells.meet(who.spots)
        flat, v, wide = places.ravel(), self.cells.values, self.cells.values.shape[1]
        latest, earliest = np.full(wide, -1), np.full(wide, np.iinfo(np.int64).max)
        np.maximum.at(latest, flat, np.concatenate((who.last, who.last)))
        np.minimum.at(earliest, flat, np.concatenate((who.first, who.first)))
        weight = fading(latest[places] - who.last)
        fade = np.where(latest >= 0, fading(latest - earliest + 1), 1.0)
        for now, counted in ((_HEARD_NOW, who.heard), (_EXPECTED_NOW, who.expected)):
            parts = np.rint(counted * weight * PARTS)
            v[now] = v[now] * fade + np.bincount(flat, parts.ravel(), wide) / PARTS
        at = who.group * wide + places
        v[_PRESENT : _HEARD + 2] *= SLOW**slots
        present = np.bincount(at.ravel(), np.concatenate((who.present, who.present)), 3 * wide)
        v[_PRESENT:_HEARD] += present[: 2 * wide].reshape(2, wide)
        heard = np.bincount(at[:, who.heard].ravel(), minlength=3 * wide)
        v[_HEARD : _HEARD + 2] += heard[: 2 * wide].reshape(2, wide)

    def usual(self, spots: Spots, group: Places, own: OwnCounts | None = None) -> Floats:
        """How well vessels of a group are usually heard at these places, 0 to 1; low where no vessel has been.

        ``spots``: several places per vessel, (2, places, vessels); ``group``: 0 or 1, (vessels,). Returns (places,
        vessels).

        ``own`` is subtracted: otherwise a vessel alone in its water would show, by its silence, that nothing is heard
        there.
        """
        places = self.cells.find(spots)
        at = group * self.cells.values.shape[1] + places
        heard, present = self.cells.column(_HEARD, 2)[at], self.cells.column(_PRESENT, 2)[at]
        if own is not None:
            present = np.maximum(present - own.slots * (own.spots == spots), heard)
        usual = (heard[COARSE] + WIDE_WEIGHT * self._prior(group, places[COARSE])) / (present[COARSE] + WIDE_WEIGHT)
        return np.asarray((heard[FINE] + PLACE_WEIGHT * usual) / (present[FINE] + PLACE_WEIGHT), np.float64)

    def best(self) -> float:
        """How well class A vessels under way are heard in the better quarter of the water in which they are."""
        coarse = np.append(self.cells.keys >= COARSE_KEY, False)
        heard, present = (self.cells.values[column, coarse].astype(np.float64) for column in (_HEARD, _PRESENT))
        usual = (heard + WIDE_WEIGHT * UNKNOWN) / (present + WIDE_WEIGHT)
        order = usual.argsort()
        parts = np.rint(heard[order] * PARTS).cumsum()  # whole numbers: the order of cells is not kept by a snapshot
        return float(usual[order[parts.searchsorted(BEST_FROM * parts[-1])]]) if len(parts) else UNKNOWN

    def _prior(self, group: Places, coarse: Places) -> Floats:
        """How well vessels are heard where none of their group has been."""
        prior = np.full(coarse.shape, UNKNOWN)
        if group.any():
            b = group.nonzero()[0]
            heard_a, present_a = self.cells.values[_HEARD, coarse[:, b]], self.cells.values[_PRESENT, coarse[:, b]]
            of_a = (heard_a + WIDE_WEIGHT * UNKNOWN) / (present_a + WIDE_WEIGHT)
            prior[:, b] = np.maximum(UNKNOWN, B_OF_A * of_a)
        return prior

    def heard_h(self, spots: Spots, group: Places) -> Floats:
        """Hours for which vessels of that group together were heard in each fine cell, fading over two days.

        Neighbouring cells do not contribute: 0 where no vessel has been. Shapes as for ``usual``.
        """
        at = group * self.cells.values.shape[1] + self.cells.find(spots[FINE])
        return np.asarray(self.cells.column(_HEARD, 2)[at] * SLOT_H, np.float64)

    def present_ratio(self, spots: Spots, own: Floats) -> Floats:
        """How well vessels around each place are heard now compared with usual, at most 1, without the vessel itself.

        ``own``: how often it was heard, and should have been heard; (2, vessels).
        """
        now, around = self.cells.values[:2], self.cells.find(keys_around(spots[FINE]))
        counts = np.empty((2, len(_WEIGHTS), spots.shape[1]))
        counts[:, 0] = now[:, self.cells.find(spots[COARSE])]
        counts[:, 1] = np.add.reduce(now[:, around], axis=1, dtype=np.float64)
        counts[:, 2] = now[:, around[4]]
        heard, expected = np.maximum(counts - own[:, None], 0)
        expected += _WEIGHTS
        present_ratio = np.ones(spots.shape[1])
        for others, weight, of in zip(heard, _WEIGHTS, expected, strict=True):
            present_ratio = np.minimum(1.0, (others + weight * present_ratio) / of)
        return np.where(present_ratio < LIVELY_LEAST, 0.0, present_ratio)

    def began(self, spots: Spots, kind: Places) -> None:
        """Counts silences that began at these places."""
        places = self.cells.meet(spots)  # first: it may make room
        np.add.at(self.cells.values, (_BEGAN + kind, places), 1.0)

    def likely(self, spots: Spots, kind: Places, likely: Floats) -> None:
        """Adds the number of counted silences that was to be expected at each place."""
        parts, places = np.rint(likely * PARTS), self.cells.meet(spots)
        wide = self.cells.values.shape[1]
        added = np.bincount((kind * wide + places).ravel(), np.concatenate((parts, parts)), 3 * wide)
        self.cells.values[_LIKELY : _LIKELY + 3] += added.reshape(3, wide) / PARTS

    def harbours(self, spots: Spots) -> npt.NDArray[np.bool_]:
        """Whether vessels are at rest around each of these fine cells (about seven vessel-hours of them)."""
        places = self.cells.find(spots[FINE])
        return np.asarray(self.cells.values[_LIKELY + 1, places] >= HARBOUR_LEAST)

    def silence_ratio(self, spots: Spots, kind: Places, own: Floats) -> Floats:
        """How much more often silences begin at each place than expected from the strata, without ``own`` ones."""
        at = kind * self.cells.values.shape[1] + self.cells.find(spots)
        began = np.maximum(self.cells.column(_BEGAN, 3)[at] - own, 0)
        foretold = self.cells.column(_LIKELY, 3)[at] + PLACE_WEIGHT
        wide = (began[COARSE] + PLACE_WEIGHT) / foretold[COARSE]
        return np.asarray((began[FINE] + PLACE_WEIGHT * wide) / foretold[FINE])
