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

References. COLREG rules 3(f) and 27 (not under command); ITU-R M.1371-5 (heading, navigational status).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from weakref import ref

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
    HeadingChecks,
    Runs,
    are_drifts,
    are_judged,
    drifts,
    go_ahead,
    heading_checks,
    runs_after,
)
from detectors.drifting.thresholds import DriftingThresholds

_WORKING = range(30, 60)
"""Types of vessels that manoeuvre sideways for their work, sail or fish."""

Bools = npt.NDArray[np.bool_]


class ShownRuns(NamedTuple):
    """What the reports of a step show."""

    checks: HeadingChecks
    runs: Runs


class Drifting(Detector):
    """See the module."""

    name = "drifting"
    unreliable_most = "log"
    keeps_due = True
    columns = (
        Column("since_s", "<u4"),  # when the run began (``runs``); while an alert is open: when it last drifted
        Column("last_s", "<u4"),  # the last position of the run
        Column("lat_deg", "<f4", np.nan),  # where it began, and the heading then
        Column("lon_deg", "<f4", np.nan),
        Column("heading_deg", "<u2"),
        Column("signs", "u1"),  # TRUSTED and VARIED bits
    )
    severities = {"drifting.listed": "ticket", "drifting.unlisted": "log"}  # noqa: RUF012 - read only

    class Thresholds(DriftingThresholds, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``drifting``."""

    thresholds: DriftingThresholds
    _former: tuple[ref[DetectorInput], ShownRuns] | None = None

    def note(self, step: DetectorInput) -> None:
        """Follows the runs, and whether headings can be trusted."""
        own, checks, runs = self.state(step), *self._shown(step)
        is_open = self.is_open(step)
        if len(checks.news):
            own.signs[checks.news] |= TRUSTED
        if not checks.agrees.all():  # of several of one vessel the last counts
            rows = step.rows[checks.at]
            own.signs[rows] = own.signs[rows] & ~np.uint8(TRUSTED) | checks.agrees * np.uint8(TRUSTED)
        if len(runs.at):
            rows = step.rows[runs.at]
            last = np.append(rows[1:] != rows[:-1], True) & ~is_open[runs.at]
            rows, at = rows[last], runs.at[last]
            own.since_s[rows], own.last_s[rows] = runs.since_s[last], step.time_ms[at] // MS
            own.lat_deg[rows], own.lon_deg[rows] = runs.lat_deg[last], runs.lon_deg[last]
            own.heading_deg[rows] = runs.heading_deg[last]
            own.signs[rows] = own.signs[rows] & ~np.uint8(VARIED) | runs.varied[last] * np.uint8(VARIED)
        if is_open.any():
            at = np.flatnonzero(is_open & step.moved)
            at = at[~go_ahead(step.reports[at], self.thresholds)]
            own.since_s[step.rows[at]] = step.time_ms[at] // MS  # of several the last counts

    def _shown(self, step: DetectorInput) -> ShownRuns:
        """What the reports show. It is kept of the last step, because that, or its beginnings, are noted next."""
        if self._former is not None and self._former[0]() is step:
            return self._former[1]
        if self._former is not None and step.part_of is not None and self._former[0]() is step.part_of[0]:
            places, (checks, runs) = step.part_of[1], self._former[1]
            return ShownRuns(checks.only(places, step.rows), runs.only(places))
        own = self.state(step)
        checks = heading_checks(step, own, self.thresholds)
        shown = ShownRuns(checks, runs_after(step, own, checks, self.thresholds))
        self._former = ref(step), shown
        return shown

    def screen_reports(self, step: DetectorInput) -> Places:
        """Vessels that have drifted far enough; reports of open ones that may close the alert."""
        found, is_open = self._drifting(step, self._shown(step).runs), self.is_open(step)
        if not is_open.any():
            return found
        at = np.flatnonzero(is_open & step.moved)
        return np.union1d(found[~is_open[found]], at[self._may_end(step, at)])

    def _drifting(self, step: DetectorInput, runs: Runs) -> Places:
        """Reports of vessels that drift, as far as is known before they are written."""
        if not len(runs.at):
            return runs.at
        t = self.thresholds
        long = runs.varied & (step.time_ms[runs.at] // MS - runs.since_s >= t.least_min * MINUTE_MS // MS)
        places = np.flatnonzero(long)
        if not len(places):
            return places
        at = runs.at[places[are_drifts(drifts(step, runs, places), t)]]
        ship_type, listed = step.now.ship_type[at], step.now.listed[at] > 0
        judged = ~np.isin(ship_type, _WORKING) & (listed | ~step.now.class_b[at]) & step.now.vessel[at]
        at = at[judged & ~are_unsure(step.now)[at]]
        return np.asarray([place for place in at.tolist() if self._is_trusted(step, place)], np.intp)

    def _is_trusted(self, step: DetectorInput, at: int) -> bool:
        """Whether the heading of a vessel is believed at a report: by the last before it that shows it."""
        checks = self._shown(step).checks
        mine = np.flatnonzero((step.rows[checks.at] == step.rows[at]) & (checks.at <= at))
        return bool(checks.agrees[mine[-1]]) if len(mine) else bool(self.state(step).signs[step.rows[at]] & TRUSTED)

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
        runs = self._shown(step).runs
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
