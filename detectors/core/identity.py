"""Who a ship is, held against the watchlist: IMO decides, then MMSI, then call sign with flag."""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.core.columns import Columns
from detectors.core.fleet import Fleet, Rows
from detectors.core.listing import register_of
from detectors.core.matching import Told
from detectors.core.reference import Reference
from detectors.core.ship import MATCHED_CALL_SIGN, MATCHED_IMO, MATCHED_MMSI

_BITS: Final = {"imo": MATCHED_IMO, "mmsi": MATCHED_MMSI, "call_sign": MATCHED_CALL_SIGN, "name": 0}


class Matcher:
    """Looks ships of the fleet up in the watchlist (the decision: detectors.core.matching)."""

    def __init__(self, reference: Reference) -> None:
        self.register = register_of(reference)
        self._imo, self._mmsi, self._call_sign = self.register.imo, self.register.mmsi, self.register.call_sign
        self._mmsis = np.asarray(sorted(self._mmsi), np.uint32)

    def refresh(self, fleet: Fleet, rows: Rows) -> None:
        """Matches ``rows`` anew and writes listed, matched and misuse."""
        for row in rows.tolist():
            self._match(fleet.core, row)

    def _match(self, core: Columns, row: int) -> None:
        verdict = self.register.find(told_by(core, row))
        core.listed[row] = 0 if verdict is None else verdict.entry + 1
        core.matched[row] = 0 if verdict is None else sum(_BITS[field] for field in verdict.on)
        core.misuse[row] = verdict is not None and bool(verdict.contradictions)

    def new_rows(self, fleet: Fleet, rows: Rows) -> Rows:
        """Of ``rows``, just made, those whose MMSI stands in the list."""
        return rows[np.isin(fleet.core.mmsi[rows], self._mmsis)]


def told_by(core: Columns, row: int) -> Told:
    """What the ship in ``row`` has said of herself."""
    return Told(
        mmsi=int(core.mmsi[row]),
        imo=int(core.imo[row]) or None,
        call_sign=core.call_sign[row].decode("ascii", "replace") or None,
        name=core.name[row].decode("ascii", "replace") or None,
        ship_type=int(core.ship_type[row]),
        length_m=max(0, int(core.length_m[row])),
        class_b=bool(core.class_b[row]),
    )
