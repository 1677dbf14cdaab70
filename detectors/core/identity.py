"""Who a ship is, held against the watchlist: IMO decides, then MMSI, then call sign with flag."""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.core.columns import Columns
from detectors.core.fleet import Fleet, Rows
from detectors.core.mid import flag_of
from detectors.core.reference import ListedShip, Reference
from detectors.core.ship import MATCHED_CALL_SIGN, MATCHED_IMO, MATCHED_MMSI

_PLEASURE_AND_WORK: Final = frozenset({30, 31, 32, 33, 34, 35, 36, 37, 50, 51, 52, 53, 54, 55, 58})
_LENGTH_SHARE: Final = 0.5  # an entry of 100 m is contradicted by a ship that says it is under 50 m
_SEAGOING_M: Final = 30  # IMO numbers are for ships of 100 GT and up: hardly one is shorter


class Matcher:
    """Looks ships up in the watchlist by exact identity."""

    def __init__(self, reference: Reference) -> None:
        ships = list(enumerate(reference.ships))
        self._ships = reference.ships
        self._imo = {s.imo: i for i, s in reversed(ships) if s.imo and not s.imo_wrong}
        self._mmsi = {s.mmsi: i for i, s in reversed(ships) if s.mmsi}
        self._call_sign = {s.call_sign: i for i, s in reversed(ships) if s.call_sign and s.flag}
        self._mmsis = np.asarray(sorted(self._mmsi), np.uint32)

    def refresh(self, fleet: Fleet, rows: Rows) -> None:
        """Matches ``rows`` anew and writes listed, matched and misuse."""
        for row in rows.tolist():
            self._match(fleet.core, row)

    def _match(self, core: Columns, row: int) -> None:
        mmsi, imo = int(core.mmsi[row]), int(core.imo[row])
        call_sign = core.call_sign[row].decode("ascii", "replace")
        found = self._imo.get(imo)
        if found is None and not imo:  # a ship that states another IMO is another ship
            found = self._mmsi.get(mmsi)
            if found is None and (at := self._call_sign.get(call_sign)) is not None:
                found = at if self._ships[at].flag == flag_of(mmsi) else None
        core.listed[row] = 0 if found is None else found + 1
        entry = None if found is None else self._ships[found]
        core.matched[row] = 0 if entry is None else _agreement(entry, mmsi, imo, call_sign)
        core.misuse[row] = entry is not None and _contradicted(entry, core, row)

    def new_rows(self, fleet: Fleet, rows: Rows) -> Rows:
        """Of ``rows``, just made, those whose MMSI stands in the list."""
        return rows[np.isin(fleet.core.mmsi[rows], self._mmsis)]


def _agreement(entry: ListedShip, mmsi: int, imo: int, call_sign: str) -> int:
    return (
        (MATCHED_IMO if entry.imo and entry.imo == imo else 0)
        | (MATCHED_MMSI if entry.mmsi and entry.mmsi == mmsi else 0)
        | (MATCHED_CALL_SIGN if entry.call_sign and entry.call_sign == call_sign else 0)
    )


def _contradicted(entry: ListedShip, core: Columns, row: int) -> bool:
    """A 12 m yacht that sends a freighter's IMO is no freighter."""
    if bool(core.class_b[row]) or int(core.ship_type[row]) in _PLEASURE_AND_WORK:
        return True
    length_m = int(core.length_m[row])
    least_m = entry.length_m * _LENGTH_SHARE if entry.length_m else _SEAGOING_M
    return 0 < length_m < least_m
