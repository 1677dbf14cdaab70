"""The core's columns before and after each report of a batch: one value per report, each made at its first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE
from detectors.core.vessels.columns import Column_, Columns
from detectors.core.vessels.station_kinds import vessels_in

if TYPE_CHECKING:
    from detectors.core.vessels.history import History

POSITION: Final = ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "status", "class_b")
STATED_BY: Final = {
    "imo": (HAS_IDENTITY, "positive"),
    "bound_ms": (HAS_IDENTITY, "positive"),
    "name": (HAS_NAME, "text"),
    "call_sign": (HAS_SHIP, "text"),
    "ship_type": (HAS_SHIP, "positive"),
    "length_m": (HAS_SHIP, "positive"),
    "hull": (HAS_SHIP, "positive"),
    "destination": (HAS_VOYAGE, "text"),
    "draught_m": (HAS_VOYAGE, "number"),
}


class NowColumns(Columns):
    """The core's columns after each report; the detectors' are the fleet's."""

    def __init__(self, history: History) -> None:
        self._of = history

    def _read(self, name: str) -> Column_:
        of = self._of
        if name in POSITION:
            return of.held(of.moved, of.reports[name], name)
        if name in STATED_BY:
            return of.statement(name)
        made = _MADE.get(name)
        return of.fleet(name) if made is None else made(of)


class BeforeColumns(Columns):
    """The core's columns before each report."""

    def __init__(self, history: History) -> None:
        self._of = history

    def _read(self, name: str) -> Column_:
        of = self._of
        if name == "last_ms":
            return of.last_ms
        if of.once:
            return of.known(name)
        return of.before_each(getattr(of.now, name), name)


_MADE: Final = {
    "last_ms": lambda of: np.maximum(of.last_ms, of.times),
    "fix_ms": lambda of: of.held(of.moved, of.times, "fix_ms"),
    "first_ms": lambda of: of.held(of.fresh, of.times, "first_ms"),
    "appeared_ms": lambda of: of.held(of.appeared, of.times, "appeared_ms"),
    "heard_before_ms": lambda of: of.held(of.appeared & ~of.fresh, of.last_ms, "heard_before_ms"),
    "reports": lambda of: of.fleet("reports") + of.heard,
    "support": lambda of: of.support(),
    "usual_s": lambda of: of.usual_s(),
    "vessel": vessels_in,
}
