"""Matches vessels with the watchlist: IMO decides, then MMSI, then call sign with flag; a name is only a likeness."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detectors.core.identities.listing import register_of
from detectors.core.identities.matching import StatedIdentity
from detectors.core.reference import Reference
from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, Batch
from detectors.core.vessels.columns import Columns, Rows
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.history import History
from detectors.core.vessels.ship import MATCHED_CALL_SIGN, MATCHED_IMO, MATCHED_MMSI

_OF_A_LIKENESS: Final = ("name", "imo", "ship_type", "length_m")
_PLACES: Final = 10 ** np.arange(6, -1, -1, dtype=np.uint32)
_IMO_END: Final = 10_000_000
_IMO_WEIGHTS: Final = np.arange(7, 1, -1, dtype=np.uint32)
_WHO: Final = (
    ("imo", HAS_IDENTITY),
    ("name", HAS_NAME),
    *((n, HAS_SHIP) for n in ("call_sign", "ship_type", "length_m")),
)
_BITS: Final = {"imo": MATCHED_IMO, "mmsi": MATCHED_MMSI, "call_sign": MATCHED_CALL_SIGN, "name": 0}

Bools = npt.NDArray[np.bool_]


class WatchlistMatcher:
    """Looks vessels of the fleet up in the watchlist (the decision: detectors.core.identities.matching)."""

    def __init__(self, reference: Reference) -> None:
        self.adopt(reference)

    def adopt(self, reference: Reference) -> None:
        """Looks vessels up in ``reference`` from now on."""
        self.register = register_of(reference)
        self._imo, self._mmsi, self._call_sign = self.register.imo, self.register.mmsi, self.register.call_sign
        self._mmsis = np.asarray(sorted(self._mmsi), np.uint32)
        self._imos = np.asarray(sorted(self._imo), np.uint32)
        self._call_signs = np.asarray(sorted(s.encode() for s in self._call_sign), "S7")

    def refresh(self, fleet: Fleet, rows: Rows) -> None:
        """Matches ``rows`` again and writes listed, matched, misuse and like."""
        for row in rows.tolist():
            self._match(fleet.core, row)

    def _match(self, core: Columns, row: int) -> None:
        told = stated_by(core, row)
        verdict = self.register.find(told)
        like = self.register.resembling(told) if verdict is None else None
        core.like[row] = 0 if like is None else like.entry + 1
        core.listed[row] = 0 if verdict is None else verdict.entry + 1
        core.matched[row] = 0 if verdict is None else sum(_BITS[field] for field in verdict.on)
        core.misuse[row] = verdict is not None and bool(verdict.contradictions)

    def suspects(self, fleet: Fleet) -> Rows:
        """Rows that have anything in common with an entry: few of many."""
        core, size = fleet.core, fleet.size
        common = _among(core.mmsi[:size], self._mmsis) | _among(core.imo[:size], self._imos)
        common |= _among(core.call_sign[:size], self._call_signs) | (core.like[:size] > 0)
        return np.union1d(np.flatnonzero(common), self._namesakes(core, np.arange(size)))

    def _namesakes(self, core: Columns, at: Rows) -> Rows:
        """The places ``at`` in ``core`` that may resemble an entry by name: a few vessels of many."""
        at = at[~core.class_b[at] & ((core.ship_type[at] > 0) | (core.length_m[at] > 0))]
        at = at[~_well_formed(core.imo[at])]
        return at[self.register.may_resemble(core.name[at])] if len(at) else at

    def mark(self, fleet: Fleet) -> None:
        """Marks the dropped vessels that have a number in common with an entry: they are forgotten last."""
        fleet.touch(fleet.dropped.mark(self._mmsis, self._imos))

    def new_rows(self, fleet: Fleet, rows: Rows) -> Rows:
        """The new ones of ``rows`` whose MMSI is in the list."""
        return rows[_among(fleet.core.mmsi[rows], self._mmsis)]

    def may_change(self, history: History) -> Bools:
        """For each report of ``history`` whether it may change the vessel's match with the list."""
        if not history.stated.any():
            return np.zeros(len(history.rows), bool)
        suspect = np.zeros(len(history.heads), bool)
        for name, listed in (("imo", self._imos), ("call_sign", self._call_signs)):
            at, values = history.brings(name)
            suspect[history.vessel[at[_among(values, listed)]]] = True
        stated = history.vessel[history.stated]
        known = (history.known("listed")[stated] > 0) | _among(history.known("mmsi")[stated], self._mmsis)
        known |= _among(history.known("call_sign")[stated], self._call_signs)
        suspect[stated[known]] = True
        may: Bools = history.stated & suspect[history.vessel]
        may[self._renamed(history)] = True
        return may

    def restated(self, fleet: Fleet, batch: Batch, rows: Rows) -> Rows:
        """Places of reports that may change whether their vessel is listed.

        These are all reports of identity from a vessel that has a number in common with an entry, stated now or before,
        and states something new.
        """
        at = (batch.reports["static"] >= 0).nonzero()[0]
        said, core, row = batch.statics[batch.reports["static"][at]], fleet.core, rows[at]
        common = (core.listed[row] > 0) | _among(core.mmsi[row], self._mmsis)
        for name, listed in (("imo", self._imos), ("call_sign", self._call_signs)):
            common |= _among(said[name], listed) | _among(getattr(core, name)[row], listed)
        new = np.zeros(len(at), bool)
        for name, bit in _WHO if common.any() else ():
            new |= (said["has"] & bit).astype(bool) & (said[name] != getattr(core, name)[row])
        return np.asarray(at[np.isin(row, row[common]) & np.isin(row, row[new])], np.intp)

    def _renamed(self, history: History) -> Rows:
        """Reports that may begin or end a likeness by name: those that state another name, number, type or length."""
        at = history.stated.nonzero()[0]
        liked = history.fleet("like")[at] > 0
        at = np.union1d(at[liked], self._namesakes(history.now, at[~liked]))
        changed = np.zeros(len(at), bool)
        for name in _OF_A_LIKENESS if len(at) else ():
            changed |= getattr(history.now, name)[at] != getattr(history.before, name)[at]
        return at[changed]


def _well_formed(imos: npt.NDArray[np.uint32]) -> Bools:
    """Which are IMO numbers by their check digit (``is_imo_number`` in columns); 0 is none."""
    digits = imos[:, None] // _PLACES % 10
    found: Bools = (imos > 0) & (imos < _IMO_END) & ((digits[:, :6] * _IMO_WEIGHTS).sum(axis=1) % 10 == digits[:, 6])
    return found


def _among(values: npt.NDArray[Any], listed: npt.NDArray[Any]) -> Bools:
    """Which values are in ``listed``, which is sorted."""
    if not len(listed):
        return np.zeros(len(values), bool)
    found: Bools = listed[np.minimum(np.searchsorted(listed, values), len(listed) - 1)] == values
    return found


def stated_by(core: Columns, row: int) -> StatedIdentity:
    """What the ship in ``row`` has reported about itself."""
    return StatedIdentity(
        mmsi=int(core.mmsi[row]),
        imo=int(core.imo[row]) or None,
        call_sign=core.call_sign[row].decode("ascii", "replace") or None,
        name=core.name[row].decode("ascii", "replace") or None,
        ship_type=int(core.ship_type[row]),
        length_m=max(0, int(core.length_m[row])),
        class_b=bool(core.class_b[row]),
    )
