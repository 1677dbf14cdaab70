"""Which of many vessels may be near a zone or bound for one: the screening of ``port_proximity``, in columns.

It may return too many, never too few: ``approach`` and the judge decide.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from detectors.core.detector_input import DetectorInput
from detectors.core.detector_input import Places as At
from detectors.core.geography.approach import CLOSING, INSIDE
from detectors.core.geography.zone_columns import NO_ZONE, ZoneColumns
from detectors.core.units import HOUR_MS, MINUTE_MS, NEVER_MS, next_steps
from detectors.core.vessels.columns import Column_, Columns
from detectors.core.vessels.track import are_unsure

FASTEST_KN: Final = 50.0
LEAST_SILENT_MS: Final = 30 * MINUTE_MS
Bools = npt.NDArray[np.bool_]


class ZoneStandings(NamedTuple):
    """What has been reported for each row of a step: zone, reason, whether it rests on two reports."""

    zone: Column_
    reason: Column_
    stage: Column_
    held: Column_
    """Positions are inconsistent, and this has been reported."""

    def only(self, at: At) -> Self:
        """The same for some rows."""
        return type(self)(self.zone[at], self.reason[at], self.stage[at], self.held[at])


class ZoneScreen:
    """The zones, and the speed below which a vessel does not close on one."""

    def __init__(self, places: ZoneColumns, closing_least_kn: float) -> None:
        self.places, self.closing_least_kn = places, closing_least_kn

    def earliest_calls(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """When each listed ship of a step could be at a sanctioned zone at the earliest, if it falls silent now.

        At the speed of the fastest craft, and not before LEAST_SILENT_MS; the judge uses the ship's own speed. NEVER_MS
        for all others.
        """
        now, due_ms = step.now, np.full(len(step.rows), NEVER_MS)
        at = np.flatnonzero((now.listed > 0) & now.vessel & (now.fix_ms > 0))
        if len(at) and self.places.sanctioned.any():
            nm = self.places.distances_nm(now.lat_deg[at], now.lon_deg[at])[:, self.places.sanctioned].min(axis=1)
            way_ms = np.maximum(nm / FASTEST_KN * HOUR_MS, LEAST_SILENT_MS).astype(np.int64)
            way_ms[are_unsure(now)[at]] = LEAST_SILENT_MS  # the judge calculates from the last consistent place
            due_ms[at] = next_steps(now.last_ms[at] + way_ms)
        return due_ms

    def last_in(self, step: DetectorInput) -> Bools:
        """Which ships of a step were last in a zone that counts for them."""
        now, found = step.now, np.zeros(len(step.rows), bool)
        at = np.flatnonzero(now.vessel & (now.fix_ms > 0))
        lat_deg, lon_deg, listed = now.lat_deg[at], now.lon_deg[at], now.listed[at] > 0
        near = self.places.may_reach(lat_deg, lon_deg, np.zeros(len(at)), listed=listed)
        at, listed = at[near], listed[near]
        nm = self.places.distances_nm(lat_deg[near], lon_deg[near])
        counted = self.places.for_all[None, :] | listed[:, None]
        found[at] = (counted & self.places.may_contain(lat_deg[near], lon_deg[near], nm)).any(axis=1)
        return found

    def renamed(self, step: DetectorInput, active: Bools) -> Bools:
        """Where another destination that may matter is stated; ``active`` rows have an open alert."""
        at = step.stated.nonzero()[0]
        if not len(at):
            return np.zeros(len(step.rows), bool)
        renamed = np.zeros(len(step.rows), bool)
        at = at[step.now.destination[at] != step.before.destination[at]]
        matters = active[at] | (step.now.listed[at] > 0) | self.named(step.now, at)
        renamed[at[matters]] = True
        return renamed

    def named(self, now: Columns, at: At) -> Bools:
        """Which of some ships have a destination that names a zone that counts for them."""
        texts = [text.decode("ascii", "replace") for text in now.destination[at].tolist()]
        zone = np.asarray([self.places.named_by(text) if text else NO_ZONE for text in texts], np.intp)
        counts = self.places.for_all[zone] | (now.listed[at] > 0)
        return np.asarray((zone != NO_ZONE) & counts)

    def near(self, step: DetectorInput, said: ZoneStandings) -> Bools:
        """Flags rows with a new position for which a zone alert may open or change."""
        now, wanted = step.now, np.zeros(len(step.rows), bool)
        at = step.moved.nonzero()[0]
        sog_kn = np.fmax(now.sog_kn, np.float32(0))
        reach = self.places.may_reach(now.lat_deg[at], now.lon_deg[at], sog_kn[at], listed=now.listed[at] > 0)
        at = at[reach | (said.reason[at] > 0)]
        if not len(at):
            return wanted
        lat_deg, lon_deg = now.lat_deg[at], now.lon_deg[at]
        nm = self.places.distances_nm(lat_deg, lon_deg)
        counted = self.places.for_all[None, :] | (now.listed[at] > 0)[:, None]
        inside = counted & self.places.may_contain(lat_deg, lon_deg, nm)
        sog = sog_kn[at][:, None]
        reach_nm = self.places.radius_nm + sog * self.places.horizon_h
        may_close = counted & (nm <= reach_nm) & (sog >= self.closing_least_kn)
        settled = self._settled(said.only(at), inside, lat_deg, lon_deg, nm)
        closing: Bools = np.asarray(may_close.any(axis=1))
        some = closing.nonzero()[0]
        leads = self.places.may_lead_into(lat_deg[some], lon_deg[some], now.cog_deg[at[some]], nm[some])
        closing[some] = (may_close[some] & leads).any(axis=1) | self.named(now, at[some])
        open_: Bools = said.reason[at] >= CLOSING
        wanted[at] = ~settled & (inside.any(axis=1) | closing | open_)
        return wanted

    def _settled(
        self, said: ZoneStandings, inside: Bools, lat_deg: Column_, lon_deg: Column_, nm: Column_
    ) -> npt.NDArray[np.bool_]:
        """Rows that cannot change: reported inside a zone, well inside it and near no other; or held."""
        settled: Bools = (said.reason == INSIDE) & (said.stage > 0) & (inside.sum(axis=1) == 1)
        some = settled.nonzero()[0]
        if len(some):
            surely = self.places.surely_contain(lat_deg[some], lon_deg[some], nm[some])
            settled[some] = surely[np.arange(len(some)), np.maximum(said.zone[some], 0).astype(np.intp)]
        return settled | ((said.reason >= INSIDE) & said.held)
