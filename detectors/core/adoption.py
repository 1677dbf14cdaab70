"""Another watchlist, adopted between two records: who is listed now, who no longer, and who was seen before.

Where it falls is in the log, so that a replay makes the same of it. Every vessel in state is held against the new
list at once, also those that have been silent for days. What points at an entry by its number is renumbered, so that
an open alert about a ship on both lists goes on as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from detectors.core.columns import Columns, Rows
from detectors.core.fleet import Fleet
from detectors.core.identity import Matcher
from detectors.core.reference import ListedShip, Reference

GONE = -1


class Renumbering(NamedTuple):
    """Where the entries of the former list are in the new one: 1 + number, ``GONE`` where they are not."""

    numbers: Mapping[int, int]

    @classmethod
    def between(cls, former: Reference, now: Reference) -> Renumbering:
        """By list and entry id; entries count from 1, as the fleet's columns do."""
        places = {(ship.list, ship.entry_id): n for n, ship in enumerate(now.ships, 1)}
        return cls({n: places.get((s.list, s.entry_id), GONE) for n, s in enumerate(former.ships, 1)})

    def apply(self, numbers: np.ndarray[tuple[int], np.dtype[np.int32]]) -> None:
        """Renumbers a column in place; 0 stays 0, GONE stays GONE."""
        for row in np.flatnonzero(numbers > 0).tolist():
            numbers[row] = self.numbers.get(int(numbers[row]), GONE)


def relist(fleet: Fleet, matcher: Matcher, former: Reference, now: Reference) -> Rows:
    """Holds the whole fleet against the new list. Returns the rows whose entry came, went, or says something else."""
    core = fleet.core
    was = {row: former.ships[int(core.listed[row]) - 1] for row in _listed(core, fleet.size).tolist()}
    rows = np.union1d(np.fromiter(was, np.intp, len(was)), matcher.suspects(fleet))
    matcher.refresh(fleet, rows)
    changed = [row for row in rows.tolist() if _entry(core, row, now) != was.get(row)]
    return np.asarray(changed, np.intp)


def _listed(core: Columns, size: int) -> Rows:
    return np.flatnonzero(core.listed[:size] > 0)


def _entry(core: Columns, row: int, reference: Reference) -> ListedShip | None:
    number = int(core.listed[row])
    return reference.ships[number - 1] if number else None
