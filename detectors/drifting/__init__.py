"""Drifting: a vessel moves sideways, slowly, and does not state that it is not under command.

Claim. A vessel has moved for at least ten minutes and 500 m in a direction more than 45 degrees off its heading, at 0.3
to 5 kn, while its status is under way using engine, or unknown.

Why it matters. A vessel without propulsion is carried by wind and current. It may be broken down, or wait at sea for
another vessel, for orders or for darkness.

How it decides. From one position to another, not by the reported course, which is noise below 1 kn: the line from where
the drift began to the last position is more than 45 and less than 150 degrees off the heading at both ends. Every
report in between has a heading and 0.3 to 5 kn; at 1 kn or more its course must be as far off the heading. A pause
of 15 min begins the drift again, and only the last hour counts. A vessel at anchor swings: its heading turns with its
track. A track that fits a circle of one kilometre does not count, and neither does one within a kilometre of where the
vessel was stationary. The heading is believed once it has agreed with the course at 6 kn or more, until it contradicts
it there, and must have changed during the drift: sensors can be stuck. Not judged: the statuses at anchor, moored, not
under command, restricted, aground, fishing and sailing; vessels that manoeuvre sideways for their work, sail or fish
(types 30 to 59); unlisted class B. The alert closes when the vessel has made way for ten minutes, states another
status, has been stationary for an hour, or silent for 12 h.

When it is wrong. A vessel in a current as fast as itself moves sideways while it makes way. Supply vessels hold a
position sideways without stating that they are restricted. A vessel that drifts along its heading, or has no heading
sensor, is not found, nor one that has never been heard under way.

References. COLREG rules 3(f) and 27 (not under command); ITU-R M.1371-5 (heading, navigational status); Lane et al.
2010 (anomalies of ships' tracks).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.protocol import Detector, Finding
from detectors.core.units import HOUR_MS, MINUTE_MS, MS
from detectors.core.vessels.columns import Column
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.track import are_unsure
from detectors.drifting import wording
from detectors.drifting.runs import (
    TRUSTED,
    VARIED,
    Runs,
    agreements,
    are_drifts,
    are_judged,
    drifts,
    go_ahead,
    runs_after,
)
from detectors.drifting.thresholds import DriftingThresholds

_WORKING = range(30, 60)
"""Types of vessels that manoeuvre sideways for their work, sail or fish."""

Bools = npt.NDArray[np.bool_]


class Drifting(Detector):
    """See the module."""

    name = "drifting"
    unreliable_most = "log"
    keeps_due = True
    columns = (
        Column("since_s", "<u4"),  # when the run began (``runs``); 0 for none. While an alert is open: when it drifted
        Column("lat_deg", "<f4", np.nan),
        Column("lon_deg", "<f4", np.nan),
        Column("heading_deg", "<u2"),
        Column("signs", "u1"),  # TRUSTED and VARIED bits
    )
    severities = {"drifting.listed": "ticket", "drifting.unlisted": "log"}  # noqa: RUF012 - read only

    class Thresholds(DriftingThresholds, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``drifting``."""

    thresholds: DriftingThresholds

    def note(self, step: DetectorInput) -> None:
        """Follows the runs, and whether headings can be trusted."""
        own, t, is_open = self.state(step), self.thresholds, self.is_open(step)
        places, agrees = agreements(step, t)
        if len(places):
            rows = step.rows[places]
            if agrees.all():  # then the order does not matter, and few are news
                rows = rows[own.signs[rows] & TRUSTED == 0]
                own.signs[rows] |= TRUSTED
            else:  # of several of one vessel the last counts
                own.signs[rows] = own.signs[rows] & ~np.uint8(TRUSTED) | agrees * np.uint8(TRUSTED)
        runs = runs_after(step, own, t)
        rows = step.rows[runs.at]
        last = np.append(rows[1:] != rows[:-1], True)[: len(rows)] & ~is_open[runs.at]
        rows = rows[last]
        own.since_s[rows], own.heading_deg[rows] = runs.since_s[last], runs.heading_deg[last]
        own.lat_deg[rows], own.lon_deg[rows] = runs.lat_deg[last], runs.lon_deg[last]
        own.signs[rows] = own.signs[rows] & ~np.uint8(VARIED) | runs.varied[last] * np.uint8(VARIED)
        if is_open.any():
            at = np.flatnonzero(is_open & step.moved)
            at = at[~go_ahead(step.reports[at], t)]
            own.since_s[step.rows[at]] = step.time_ms[at] // MS  # of several the last counts

    def screen_reports(self, step: DetectorInput) -> Places:
        """Vessels that have drifted far enough; reports of open ones that may close the alert."""
        found = np.zeros(len(step.rows), bool)
        runs = runs_after(step, self.state(step), self.thresholds)
        found[runs.at[self._drifting(step, runs)]] = True
        is_open = self.is_open(step)
        if is_open.any():
            found &= ~is_open
            at = np.flatnonzero(is_open & step.moved)
            found[at] = self._may_end(step, at)
        return found.nonzero()[0]

    def _drifting(self, step: DetectorInput, runs: Runs) -> Places:
        """Places in ``runs``: without what only the fleet knows once the reports are written."""
        t = self.thresholds
        long = runs.varied & (step.time_ms[runs.at] // MS - runs.since_s >= t.least_min * MINUTE_MS // MS)
        places = np.flatnonzero(long & (runs.since_s > 0))
        if not len(places):
            return places
        places = places[are_drifts(drifts(step, runs, places), t)]
        at = runs.at[places]
        ship_type, listed = step.now.ship_type[at], step.now.listed[at] > 0
        judged = ~np.isin(ship_type, _WORKING) & (listed | ~step.now.class_b[at]) & step.now.vessel[at]
        judged &= ~are_unsure(step.now)[at]
        places = places[judged]
        trusted = [self._is_trusted(step, int(where)) for where in runs.at[places]]
        return places[np.asarray(trusted, bool)] if len(places) else places

    def _is_trusted(self, step: DetectorInput, at: int) -> bool:
        """Whether the heading of a vessel is believed at a report: by the last before it that shows it."""
        places, agrees = agreements(step, self.thresholds)
        mine = np.flatnonzero((step.rows[places] == step.rows[at]) & (places <= at))
        return bool(agrees[mine[-1]]) if len(mine) else bool(self.state(step).signs[step.rows[at]] & TRUSTED)

    def _may_end(self, step: DetectorInput, at: Places) -> Bools:
        reports = step.reports[at]
        stopped = reports["sog_kn"] < np.float32(self.thresholds.speed_least_kn)
        return go_ahead(reports, self.thresholds) | ~are_judged(reports) | stopped

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens when it has drifted far enough; closes when it does so no more."""
        opened, ship = self.opened(step, at), step.ship(at)
        if opened is not None:
            return self._followed(step, at, ship, opened)
        return self._found(step, at, ship)

    def _found(self, step: DetectorInput, at: int, ship: VesselState) -> Iterable[Finding]:
        own, row = self.state(step), int(step.rows[at])
        if int(step.fleet.core.stop_ms[row]):
            return  # within a kilometre of where it was stationary, as at anchor
        runs = runs_after(step, own, self.thresholds)
        place = np.flatnonzero(runs.at == at)
        drift = drifts(step, runs, place)
        found = wording.MeasuredDrift.of(drift, runs, int(place[0]))
        own.since_s[row] = int(step.time_ms[at]) // MS
        self.await_silence(step, at, ship.last_ms, self._ends_ms)
        yield wording.opening(step, at, ship, found, self.thresholds)

    @property
    def _ends_ms(self) -> int:
        return int(self.thresholds.ends_after_h * HOUR_MS)

    def _followed(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert) -> Iterable[Finding]:
        if ship.unsure:
            return  # false positions do not end it
        row, now_ms, report = int(step.rows[at]), int(step.time_ms[at]), step.reports[[at]]
        drifted_ms, stop_ms = int(self.state(step).since_s[row]) * MS, int(step.fleet.core.stop_ms[row])
        if not are_judged(report)[0]:
            how, until_ms = wording.STATUS_SAID.get(ship.status, wording.OTHER_STATUS), now_ms
        elif stop_ms and now_ms - stop_ms >= int(self.thresholds.stationary_h * HOUR_MS):
            how, until_ms = wording.STATIONARY, stop_ms
        elif go_ahead(report, self.thresholds)[0] and now_ms - drifted_ms >= self.thresholds.way_least_min * MINUTE_MS:
            how, until_ms = wording.MAKES_WAY, drifted_ms
        else:
            return
        yield self._closed(step, at, ship, opened, how, until_ms=until_ms)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Closes the alert about a vessel that has fallen silent."""
        opened, ship = self.opened(step, at), step.ship(at)
        if opened is None:
            return
        if step.silence_ms(at, ship.last_ms) < self._ends_ms:
            self.await_silence(step, at, ship.last_ms, self._ends_ms)
            return
        yield self._closed(step, at, ship, opened, wording.SILENT, until_ms=ship.last_ms)

    def _closed(
        self, step: DetectorInput, at: int, ship: VesselState, opened: Alert, how: str, *, until_ms: int
    ) -> Finding:
        self.state(step).since_s[step.rows[at]] = 0
        return wording.closing(step, at, ship, opened, how, until_ms=until_ms)
