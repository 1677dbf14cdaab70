"""Runs: positions in a row of a vessel that may be drifting, in columns.

A run begins at a report that may be of a drifting vessel, and goes on while each position of the vessel is one. So only
such reports are looked at, which are few: a run has ended if the position before a report is not the last of the run.
Its beginning moves up when it is older than RUN_MOST_S, so that a turn of the heading long ago does not hide a drift.
Everything is a function of the reports and of the state before them: the same reports give the same runs in any
batches, and once more if the last of them is given again.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.detector_input import DetectorInput, Places
from detectors.core.units import HOUR_MS, KM_NM, MINUTE_MS, MS
from detectors.core.vessels.stops import kilometres
from detectors.drifting.thresholds import DriftingThresholds

RUN_MOST_S: Final = HOUR_MS // MS
TRUSTED: Final = 1
"""Bit of ``signs``: its heading has agreed with its course under way."""
VARIED: Final = 2
"""Bit of ``signs``: its heading has changed within the run, as that of a stuck sensor does not."""
STATUSES: Final = (-1, 0, 4, 15)
"""Navigational statuses of vessels that are judged: under way using engine, constrained by draught, not stated."""
_JUDGED: Final = np.isin(np.arange(256).astype(np.int8), STATUSES)  # by status; unknown, -1, is the last
_AGREES_DEG: Final = 20.0
_DISAGREES_DEG: Final = 60.0
_DEGREES: Final = 360
_ROUNDED_KN: Final = 0.05
_SOME: Final = np.uint64(15)
"""Reports whose hash has none of these bits: one in sixteen."""
_KM_M: Final = 1000.0

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def _within(at: Places, places: Places) -> tuple[Bools, Places]:
    """Which of ``at`` are among ``places``, and where there; both are sorted."""
    found = np.minimum(np.searchsorted(places, at), len(places) - 1)
    kept = places[found] == at
    return kept, found[kept]


class Runs(NamedTuple):
    """The state of vessels after each of some reports; all arrays have one value a report."""

    at: Places
    """Places in the step, in its order."""
    since_s: npt.NDArray[np.int64]
    """When the run began, Unix s."""
    lat_deg: npt.NDArray[np.float32]
    lon_deg: npt.NDArray[np.float32]
    heading_deg: npt.NDArray[np.int64]
    """Where it began, and the heading then."""
    varied: Bools

    def only(self, places: Places) -> Runs:
        """Those at ``places``, which are the first of their vessels."""
        if not len(self.at):
            return self
        kept, at = _within(self.at, places)
        return Runs(
            at, self.since_s[kept], self.lat_deg[kept], self.lon_deg[kept], self.heading_deg[kept], self.varied[kept]
        )


class HeadingChecks(NamedTuple):
    """Reports under way that show whether the heading is right: one in sixteen, which is enough."""

    at: Places
    """Places in the step, in its order."""
    agrees: Bools
    news: Places
    """Rows of vessels whose heading was not believed before, and agrees now."""

    def only(self, places: Places, rows: Places) -> HeadingChecks:
        """Those at ``places``, which are the first of their vessels; ``rows`` are theirs."""
        if not len(self.at):
            return self
        kept, at = _within(self.at, places)
        return HeadingChecks(at, self.agrees[kept], self.news[np.isin(self.news, rows[at])] if len(self.news) else _NO)


_NO: Final = np.zeros(0, np.intp)
_NO_CHECKS: Final = HeadingChecks(_NO, np.zeros(0, bool), _NO)
_NO_RUNS: Final = Runs(
    _NO,
    np.zeros(0, np.int64),
    np.zeros(0, np.float32),
    np.zeros(0, np.float32),
    np.zeros(0, np.int64),
    np.zeros(0, bool),
)


class Drift(NamedTuple):
    """How far runs have come; all arrays have one value a run."""

    for_s: npt.NDArray[np.int64]
    metres: Floats
    course_deg: Floats
    """From the beginning to the last position."""
    off_deg: Floats
    """The smaller of the angles between that and the heading, then and now."""
    off_most_deg: Floats
    """... and the larger."""
    turn_deg: Floats
    """By how much the heading has turned."""


def angle(one: Any, other: Any) -> Any:
    """The angle between two directions, degrees from 0 to 180; NaN if one is unknown."""
    return np.abs((one - other + _DEGREES / 2) % _DEGREES - _DEGREES / 2)


def headings(reports: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Known headings in whole degrees, from 0 to 359."""
    return np.asarray(np.rint(reports["heading_deg"]).astype(np.int64) % _DEGREES)


def go_ahead(reports: npt.NDArray[np.void], t: DriftingThresholds) -> Bools:
    """Which reports are of vessels that make way, ahead or astern."""
    sog_kn, off = reports["sog_kn"], angle(reports["cog_deg"], reports["heading_deg"])
    along: Bools = (sog_kn > t.course_least_kn - _ROUNDED_KN) & ((off <= t.off_least_deg) | (off >= t.off_most_deg))
    ahead: Bools = along | (sog_kn >= t.speed_most_kn + _ROUNDED_KN)
    return ahead


def are_judged(reports: npt.NDArray[np.void]) -> Bools:
    """Which reports have a status that does not explain a drift."""
    found: Bools = _JUDGED[reports["status"]]
    return found


def may_drift(step: DetectorInput, own: Any, believed: HeadingChecks, t: DriftingThresholds) -> Places:
    """The positions that may be of a drifting vessel whose heading is believed, at the latest by the last of these.

    A report that shows that a heading is right ends the run, so a run in which it was not believed yet does not matter.
    """
    sog_kn = step.reports["sog_kn"]
    slow = ((sog_kn > t.speed_least_kn - _ROUNDED_KN) & (sog_kn < t.speed_most_kn + _ROUNDED_KN)).nonzero()[0]
    rows = step.rows[slow]
    trusted = own.signs[rows] & TRUSTED > 0
    if len(believed.news):
        trusted |= np.isin(rows, believed.news)
    slow = slow[trusted]
    if not len(slow):
        return _NO
    reports = step.reports[slow]
    found = step.moved[slow] & are_judged(reports) & ~np.isnan(reports["heading_deg"]) & ~go_ahead(reports, t)
    return np.asarray(slow[found])


def runs_after(step: DetectorInput, own: Any, believed: HeadingChecks, t: DriftingThresholds) -> Runs:
    """The runs after each report that may be of a drifting vessel; ``own`` are the columns before the first."""
    at = may_drift(step, own, believed, t)
    if not len(at):
        return _NO_RUNS
    rows, reports, order = step.rows[at], step.reports[at], np.arange(len(at))
    time_s, before_s, heading = reports["time_ms"] // MS, step.before.fix_ms[at] // MS, headings(reports)
    first = np.append(True, rows[1:] != rows[:-1])
    last_s = np.append(0, time_s[:-1])
    last_s[first] = own.last_s[rows[first]]
    goes_on = (last_s == before_s) & (time_s - before_s <= int(t.pause_most_min * MINUTE_MS // MS))
    start = np.maximum.accumulate(np.where(first, order, 0))
    begin = _beginnings(time_s, own.since_s[rows], first, start, ~goes_on & (last_s != time_s))
    fresh = begin >= 0

    def held(values: Any, known: Any) -> Any:
        return np.where(fresh, values[begin], known[rows])

    head = held(heading, own.heading_deg)
    changes = np.cumsum(heading != head)
    earlier = np.where(fresh, changes[begin], np.append(0, changes)[start])
    return Runs(
        at,
        held(time_s, own.since_s).astype(np.int64),
        held(reports["lat_deg"].astype(np.float32), own.lat_deg),
        held(reports["lon_deg"].astype(np.float32), own.lon_deg),
        head.astype(np.int64),
        (changes > earlier) | (~fresh & (own.signs[rows] & VARIED > 0)),
    )


def _beginnings(
    time_s: npt.NDArray[np.int64], known_s: npt.NDArray[np.uint32], first: Bools, start: Places, begins: Bools
) -> npt.NDArray[np.int64]:
    """For each report the place at which its run begins; -1 if that was before these reports.

    ``first``: the first report of each vessel, ``start``: its place; ``begins``: where a run begins in any case.
    """
    while True:
        begin = np.maximum.accumulate(np.where(begins, np.arange(len(time_s)), -1))
        begin = np.where(begin >= start, begin, -1)
        old = time_s - np.where(begin >= 0, time_s[begin], known_s) > RUN_MOST_S
        if not old.any():
            return begin
        begins = begins | (old & (first | ~np.append(False, old[:-1])))


def drifts(step: DetectorInput, runs: Runs, places: Places) -> Drift:
    """How far the runs at ``places`` in ``runs`` have come."""
    reports = step.reports[runs.at[places]]
    lat, lon = reports["lat_deg"], reports["lon_deg"]
    from_lat, from_lon = (values[places].astype(np.float64) for values in (runs.lat_deg, runs.lon_deg))
    east = ((lon - from_lon + 180.0) % 360.0 - 180.0) * np.cos(np.radians(lat))
    course = np.degrees(np.arctan2(east, lat - from_lat)) % _DEGREES
    then, now = runs.heading_deg[places], headings(reports)
    off = np.stack([angle(course, then), angle(course, now)])
    return Drift(
        reports["time_ms"] // MS - runs.since_s[places],
        np.round(kilometres(lat, lon, from_lat, from_lon) * _KM_M, 0),
        np.round(course, 0),
        np.round(off.min(axis=0), 0),
        np.round(off.max(axis=0), 0),
        angle(then, now).astype(np.float64),
    )


def are_drifts(drift: Drift, t: DriftingThresholds) -> Bools:
    """Which of them are long enough, sideways, and no swinging at anchor."""
    swings = np.radians(drift.turn_deg) * t.swing_radius_m
    found: Bools = (drift.for_s >= t.least_min * MINUTE_MS // MS) & (drift.metres >= np.maximum(t.least_m, swings))
    return found & (drift.off_deg > t.off_least_deg) & (drift.off_most_deg < t.off_most_deg)


def speed_kn(drift: Drift) -> Floats:
    """The mean speed of each."""
    hours = np.maximum(drift.for_s, 1) / (HOUR_MS // MS)
    return np.asarray(np.round(drift.metres / _KM_M * KM_NM / hours, 1))


def heading_checks(step: DetectorInput, own: Any, t: DriftingThresholds) -> HeadingChecks:
    """What some of the reports show about heading sensors."""
    some = (step.reports["payload"] & _SOME == 0).nonzero()[0]
    some = some[step.moved[some] & (step.reports["sog_kn"][some] >= t.checked_kn)]
    if not len(some):
        return _NO_CHECKS
    reports = step.reports[some]
    off = angle(reports["cog_deg"], reports["heading_deg"])
    agrees = off <= _AGREES_DEG
    shows = agrees | (off > _DISAGREES_DEG)
    at, agrees = some[shows], agrees[shows]
    rows = step.rows[at]
    return HeadingChecks(at, agrees, rows[agrees & (own.signs[rows] & TRUSTED == 0)])
