"""Writes the facts about changed draughts (``slow_ships.DraughtChanged``) of one fleet.

The crew often changes the draught after it has left the other ship, when it is no longer slow. A fact is written when a
report states a draught that differs from the one before by what counts as a change (``vessels.draughts``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np

from detectors.core.geography.port_cells import port_cells_of
from detectors.core.reference import Reference
from detectors.core.slow_ships import DraughtChanged
from detectors.core.sources import SourceTable
from detectors.core.vessels.columns import Column_, Rows
from detectors.core.vessels.draughts import LEAST_M, differ
from detectors.core.vessels.fleet import Fleet

if TYPE_CHECKING:
    from detectors.core.vessels.history import History, Times

_ROUNDING: Final = 0.01
"""Draughts are stored in single precision."""


class DraughtWriter:
    """Writes the changed draughts of one fleet."""

    def __init__(self, fleet: Fleet, sources: SourceTable, reference: Reference) -> None:
        self.reference = reference
        self._fleet, self._sources = fleet, sources
        self._out: list[DraughtChanged] = []

    def drain(self) -> list[DraughtChanged]:
        """Those since the last call."""
        told, self._out = self._out, []
        return told

    def tell(self, history: History) -> None:
        """Checks the static reports of a history that are to be written; reads nothing that writing them changes."""
        at, stated_m = history.brings("draught_m")
        if history.quiet is not None:
            quiet = history.quiet[at]
            at, stated_m = at[quiet], stated_m[quiet]
        rows = history.rows[at]
        before_m = self._fleet.core.draught_m[rows]
        again = np.flatnonzero(rows[1:] == rows[:-1]) + 1
        before_m[again] = stated_m[again - 1]
        changed = np.flatnonzero(np.abs(stated_m - before_m) >= LEAST_M - _ROUNDING)
        if len(changed):
            self._out += self._facts(rows[changed], history.times[at[changed]], before_m[changed], stated_m[changed])

    def _facts(self, rows: Rows, times: Times, before_m: Column_, stated_m: Column_) -> Iterable[DraughtChanged]:
        core, heard_ms = self._fleet.core, self._sources.heard_ms
        for row, time_ms, was_m, now_m in zip(rows.tolist(), times.tolist(), before_m, stated_m, strict=True):
            if differ(float(was_m), float(now_m)) and self._is_at_sea(row):
                yield DraughtChanged(
                    mmsi=int(core.mmsi[row]),
                    time_ms=time_ms,
                    stamp_ms=max(time_ms, heard_ms + 1),
                    draught_m=round(float(now_m), 1),
                )

    def _is_at_sea(self, row: int) -> bool:
        """Whether a ship is outside ports, by the newest fix before."""
        core = self._fleet.core
        lat_deg, lon_deg = core.lat_deg[[row]], core.lon_deg[[row]]
        known = bool(core.vessel[row]) and not np.isnan(lat_deg + lon_deg).any()
        return known and not port_cells_of(self.reference).at_port(lat_deg, lon_deg).any()
