"""Runs: reports in a row of a vessel that may be drifting, in columns.

A run begins at a report that may be of a drifting vessel, and ends at the first that is not. Its beginning moves up
when it is older than RUN_MOST_S, so that a turn of the heading long ago does not hide a drift. Everything is a function
of the reports and of the state before them: the same reports give the same runs in any batches, and once more if a
report that is already in the state is given again.
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
_KM_M: Final = 1000.0

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Runs(NamedTuple):
    """The state of vessels after each of some reports; all arrays have one value a report."""

    at: Places
    """Places in the step, in its order."""
    since_s: npt.NDArray[np.int64]
    """When the run began, Unix s; 0 for none."""
    lat_deg: npt.NDArray[np.float32]
    lon_deg: npt.NDArray[np.float32]
    heading_deg: npt.NDArray[np.int64]
    """Where it began, and the heading then."""
    varied: Bools


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
    """Whole degrees, from 0 to 359; -1 if unknown."""
    known = reports["heading_deg"]
    return np.where(np.isnan(known), -1, np.rint(np.nan_to_num(known)) % _DEGREES).astype(np.int64)


def go_ahead(reports: npt.NDArray[np.void], t: DriftingThresholds) -> Bools:
    """Which reports are of vessels that make way, ahead or astern."""
    sog_kn = np.round(reports["sog_kn"].astype(np.float64), 1)
    off = angle(reports["cog_deg"].astype(np.float64), reports["heading_deg"].astype(np.float64))
    along: Bools = (sog_kn >= t.course_least_kn) & ((off <= t.off_least_deg) | (off >= t.off_most_deg))
    ahead: Bools = along | (sog_kn > t.speed_most_kn)
    return ahead


def are_judged(reports: npt.NDArray[np.void]) -> Bools:
    """Which reports have a status that does not explain a drift."""
    found: Bools = _JUDGED[reports["status"]]
    return found


def may_drift(reports: npt.NDArray[np.void], t: DriftingThresholds) -> Bools:
    """Which reports may be of a drifting vessel."""
    sog_kn = np.round(reports["sog_kn"].astype(np.float64), 1)
    found: Bools = (sog_kn >= t.speed_least_kn) & (sog_kn <= t.speed_most_kn) & ~np.isnan(reports["heading_deg"])
    found &= are_judged(reports) & ~go_ahead(reports, t)
    return found


def concerned(step: DetectorInput, own: Any, t: DriftingThresholds) -> Places:
    """The positions of vessels of which one report is slow, or which are in a run."""
    sog_kn = step.reports["sog_kn"]
    some = (sog_kn >= t.speed_least_kn - _TENTH) & (sog_kn <= t.speed_most_kn + _TENTH)
    some |= own.since_s[step.rows] > 0
    some &= step.moved
    hits = some.nonzero()[0]
    if not len(hits):
        return hits
    begins = np.append(True, step.rows[1:] != step.rows[:-1])
    vessel = np.cumsum(begins) - 1
    chosen = np.zeros(vessel[-1] + 1, bool)
    chosen[vessel[hits]] = True
    places: Places = (chosen[vessel] & step.moved).nonzero()[0]
    return places


_TENTH: Final = 0.1


def runs_after(step: DetectorInput, own: Any, t: DriftingThresholds) -> Runs:
    """The runs after each report of the vessels concerned; ``own`` are the columns before the first."""
    at = concerned(step, own, t)
    rows, reports = step.rows[at], step.reports[at]
    may = may_drift(reports, t)
    first = np.append(True, rows[1:] != rows[:-1])[: len(at)]
    before_ms = step.before.fix_ms[at] if len(at) else np.zeros(0, np.int64)
    paused = reports["time_ms"] - before_ms > int(t.pause_most_min * MINUTE_MS)
    known_s = own.since_s[rows].astype(np.int64)
    ran = np.append(False, may[:-1])[: len(at)]
    ran[first] = known_s[first] > 0
    begin = _beginnings(reports["time_ms"] // MS, known_s, first, may, may & (paused | ~ran))
    fresh, heading = begin >= 0, headings(reports)

    def held(values: Any, known: Any) -> Any:
        return np.where(fresh, values[begin], known[rows])

    head = held(heading, own.heading_deg).astype(np.int64)
    changes = np.cumsum(may & (heading != head))
    start = np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))
    earlier = np.where(fresh, changes[begin], np.append(0, changes)[start])
    varied = (changes > earlier) | (~fresh & (own.signs[rows] & VARIED > 0))
    return Runs(
        at,
        np.where(may, held(reports["time_ms"] // MS, own.since_s), 0),
        held(reports["lat_deg"].astype(np.float32), own.lat_deg),
        held(reports["lon_deg"].astype(np.float32), own.lon_deg),
        head,
        varied & may,
    )


def _beginnings(
    time_s: npt.NDArray[np.int64], known_s: npt.NDArray[np.int64], first: Bools, may: Bools, begins: Bools
) -> npt.NDArray[np.int64]:
    """For each report the place at which its run begins; -1 if that was before these reports."""
    order = np.arange(len(time_s))
    start = np.maximum.accumulate(np.where(first, order, 0))
    while True:
        begin = np.maximum.accumulate(np.where(begins, order, -1))
        begin = np.where(begin >= start, begin, -1)
        since_s = np.where(begin >= 0, time_s[begin], known_s)
        old = may & (time_s - since_s > RUN_MOST_S)
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


def agreements(step: DetectorInput, t: DriftingThresholds) -> tuple[Places, Bools]:
    """Reports under way that confirm the heading sensor (true) or contradict it (false)."""
    reports = step.reports
    fast = ((reports["sog_kn"] >= t.checked_kn) & step.moved).nonzero()[0]
    off = angle(reports["cog_deg"][fast], reports["heading_deg"][fast])
    agrees = off <= _AGREES_DEG
    says = (agrees | (off > _DISAGREES_DEG)).nonzero()[0]
    return fast[says], agrees[says]
