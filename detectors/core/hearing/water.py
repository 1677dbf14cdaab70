"""How well ships are heard in each piece of water: usually, and now; and how often silences begin there.

Two sizes of cells, fine and coarse, hold the same counts. What several ships add to a count is made whole numbers
first, so that no sum depends on the order of ships.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.hearing.cells import Cells, coarse_keys, fine_keys, keys_around

FAST, SLOW = (float(np.exp(-5.0 / minutes)) for minutes in (5, 48 * 60))
"""What a slot leaves of the counts of now and of usually. Where nobody is, what was known of now stays."""
PARTS: Final = 1 << 20
PLACE_WEIGHT: Final = 2.0
COARSE_WEIGHT, NEAR_WEIGHT, FINE_WEIGHT = 2.0, 1.0, 1.0
LIVELY_LEAST: Final = 0.3
UNKNOWN, WIDE_WEIGHT = 0.1, 3.0  # how well ships are heard where nobody has been, and for how many that counts
B_OF_A: Final = 0.6
"""Where class A is heard so well and no class B has been: 2 W against 12.5 W, half the range or more."""
HERE_LEAST: Final = 0.05

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


class Spots(NamedTuple):
    """Keys of places, fine and coarse."""

    fine: Ints
    coarse: Ints

    @classmethod
    def of(cls, lat_deg: Floats, lon_deg: Floats) -> Spots:
        """Where these places lie."""
        return cls(fine_keys(lat_deg, lon_deg), coarse_keys(lat_deg, lon_deg))

    def only(self, which: Places | npt.NDArray[np.bool_] | slice) -> Spots:
        """Some of them."""
        return Spots(self.fine[which], self.coarse[which])


class Own(NamedTuple):
    """What ships have themselves added to the counts of the places where they are reckoned to be, one each."""

    spots: Spots
    fine: Floats
    coarse: Floats
    """Slots in which each was there and not heard."""

    def only(self, which: Places) -> Own:
        """Some of them."""
        return Own(self.spots.only(which), self.fine[which], self.coarse[which])

    def repeated(self, times: int) -> Own:
        """The same for as many rows of places."""
        spots = Spots(np.tile(self.spots.fine, times), np.tile(self.spots.coarse, times))
        return Own(spots, np.tile(self.fine, times), np.tile(self.coarse, times))


class Presence(NamedTuple):
    """Ships at places over runs of slots, one run each. All arrays have one shape."""

    spots: Spots
    group: Places
    first: Ints
    last: Ints
    """Slots."""
    present: Floats
    """Slots in which she was there; whole numbers."""
    heard: npt.NDArray[np.bool_]
    """Whether she was heard in the last one; in the others she was not."""
    expected: Floats
    """How often she should have been heard in the run, faded to the last slot."""


def faded(slots: Floats | Ints) -> Floats:
    """What so many slots in a row add up to, faded to the last: 1 + FAST + FAST^2 + ..."""
    return np.asarray((1.0 - FAST**slots) / (1.0 - FAST))


class Water:
    """The cells of one partition."""

    def __init__(self) -> None:
        self.fine, self.coarse = Cells(WIDTH), Cells(WIDTH)

    def count(self, who: Presence, slots: int) -> None:
        """Takes in who was heard and who was not, in the ``slots`` since the last count."""
        _add(self.fine, who.spots.fine, who, slots)
        _add(self.coarse, who.spots.coarse, who, slots)

    def usual(self, spots: Spots, group: Places, own: Own | None = None) -> Floats:
        """How well ships of that group are usually heard at these places, 0 to 1; little where nobody has been.

        ``own`` is left out: else a ship alone in her water shows, by being silent, that nobody is heard there.
        """
        fine, coarse = self.fine.find(spots.fine), self.coarse.find(spots.coarse)
        group = np.minimum(group, 1)
        heard, present = self.coarse.values[_HEARD + group, coarse], self.coarse.values[_PRESENT + group, coarse]
        prior = self._prior(group, coarse)
        if own is not None:
            present = np.maximum(present - own.coarse * (own.spots.coarse == spots.coarse), heard)
        usual = (heard + WIDE_WEIGHT * prior) / (present + WIDE_WEIGHT)
        heard, present = self.fine.values[_HEARD + group, fine], self.fine.values[_PRESENT + group, fine]
        if own is not None:
            present = np.maximum(present - own.fine * (own.spots.fine == spots.fine), heard)
        return np.asarray((heard + PLACE_WEIGHT * usual) / (present + PLACE_WEIGHT), np.float64)

    def _prior(self, group: Places, coarse: Places) -> Floats:
        """How well ships are heard where none of their group has been."""
        prior, b = np.full(len(group), UNKNOWN), (group > 0).nonzero()[0]
        if len(b):
            heard_a, present_a = (self.coarse.values[which, coarse[b]] for which in (_HEARD, _PRESENT))
            of_a = (heard_a + WIDE_WEIGHT * UNKNOWN) / (present_a + WIDE_WEIGHT)
            prior[b] = np.maximum(UNKNOWN, B_OF_A * of_a)
        return prior

    def lively(self, spots: Spots, own_heard: Floats, own_expected: Floats) -> Floats:
        """How well ships around each place are heard now against what they are used to, at most 1; without her."""
        around = self.fine.find(keys_around(spots.fine))
        coarse, middle = self.coarse.find(spots.coarse), around[4]
        lively = np.ones(len(own_heard))
        for heard, expected, weight in (
            (*self.coarse.values[:2, coarse], COARSE_WEIGHT),
            (*self.fine.values[:2, around].sum(axis=1, dtype=np.float64), NEAR_WEIGHT),
            (*self.fine.values[:2, middle], FINE_WEIGHT),
        ):
            others = np.maximum(heard - own_heard, 0) + weight * lively
            lively = np.minimum(1.0, others / (np.maximum(expected - own_expected, 0) + weight))
        return np.where(lively < LIVELY_LEAST, 0.0, lively)

    def began(self, spots: Spots, kind: Places) -> None:
        """A silence that counts began at each of these places."""
        for cells, keys in ((self.fine, spots.fine), (self.coarse, spots.coarse)):
            np.add.at(cells.values, (_BEGAN + kind, cells.meet(keys)), 1.0)

    def likely(self, spots: Spots, kind: Places, likely: Floats) -> None:
        """So many counted silences were to be expected there."""
        parts = np.rint(likely * PARTS)
        for cells, keys in ((self.fine, spots.fine), (self.coarse, spots.coarse)):
            places = cells.meet(keys)
            wide = cells.values.shape[1]
            added = np.bincount(kind * wide + places, parts, minlength=3 * wide).reshape(3, wide)
            cells.values[_LIKELY : _LIKELY + 3] += added / PARTS

    def oftener(self, spots: Spots, kind: Places, own: Floats) -> Floats:
        """How much oftener silences begin at each place than its ships' strata foretold; ``own`` ones left out."""
        times = np.ones(len(kind))
        for cells, keys in ((self.coarse, spots.coarse), (self.fine, spots.fine)):
            places = cells.find(keys)
            began = np.maximum(cells.values[_BEGAN + kind, places] - own, 0)
            times = (began + PLACE_WEIGHT * times) / (cells.values[_LIKELY + kind, places] + PLACE_WEIGHT)
        return times


def _add(cells: Cells, keys: Ints, who: Presence, slots: int) -> None:
    places = cells.meet(keys)
    v, wide = cells.values, cells.values.shape[1]
    last, first = np.full(wide, -1), np.full(wide, np.iinfo(np.int64).max)
    np.maximum.at(last, places, who.last)
    np.minimum.at(first, places, who.first)
    weight = FAST ** (last[places] - who.last)
    fade = np.where(last >= 0, FAST ** np.maximum(last - first + 1, 0), 1.0)
    for now, counted in ((_HEARD_NOW, who.heard), (_EXPECTED_NOW, who.expected)):
        v[now] = v[now] * fade + np.bincount(places, np.rint(counted * weight * PARTS), wide) / PARTS
    at = who.group * wide + places
    v[_PRESENT : _HEARD + 2] *= SLOW**slots
    v[_PRESENT:_HEARD] += np.bincount(at, who.present, 3 * wide).reshape(3, wide)[:2]
    v[_HEARD : _HEARD + 2] += np.bincount(at[who.heard], minlength=3 * wide).reshape(3, wide)[:2]
