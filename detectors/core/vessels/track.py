"""Whether the fixes of a vessel are of one track: no ship covers more than a mile at more than 60 kn.

A fix that needs an impossible speed is held back as a *stray* until the vessel's next fix decides. If that fix follows
the track, the stray is dropped without effect. Otherwise, or at a second stray within the hour, the vessel is *unsure*
until an hour has passed without another impossible speed: several ships use one MMSI, or jamming displaces positions.
Its fixes are then accepted, but each report counts by itself (``support`` 1). The last fix of the previous track is
kept as the *trusted* one. A track of one fix has no more weight than the stray. If that fix was the wrong one, the
second fix that agrees with the stray replaces it, and nothing is unsure. If it was the right one, the fix that agrees
with it does not support it yet, because two ships may be taking turns.

The hour runs by fixes, not by the clock: a vessel that falls silent while unsure remains so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.sphere import distance_nm, distances_nm, unit_vectors
from detectors.core.units import EARTH_NM, HOUR_MS, MS, STEP_MS, next_step
from detectors.core.vessels.columns import Columns, Rows

if TYPE_CHECKING:
    from detectors.core.vessels.history import History

LONE: Final = 1
"""Bit of ``track``: the last fix is the first one of the vessel's appearance."""
STRAYED: Final = 2
"""Bit of ``track``: a stray is held back."""
UNCHANGED: Final = -1
_DEGREE_NM: Final = 1.001 * EARTH_NM * np.pi / 180
_NM_DIGITS: Final = 3
_WIDER: Final = 1.001  # screens widen distances by this, because the judge rounds them

Bools = npt.NDArray[np.bool_]


class TrackRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fixes are of one track, and of one stop."""

    track_most_kn: Annotated[
        float,
        Meta(ge=10, le=10_000, description="Two positions that need a higher speed than this are inconsistent, kn"),
    ] = 60.0
    track_least_nm: Annotated[
        float, Meta(ge=0.1, le=100, description="... if they are further apart than this, nm")
    ] = 1.0
    unsure_h: Annotated[
        float, Meta(gt=0, le=168, description="How long positions count as inconsistent after such a pair, h")
    ] = 1.0
    stop_kn: Annotated[float, Meta(ge=0, le=5, description="A vessel at or below this speed is stationary, kn")] = 0.2
    stop_within_km: Annotated[
        float, Meta(gt=0, le=50, description="... while it stays within this distance of where it stopped, km")
    ] = 1.0


class TrackFix(NamedTuple):
    """A place and its time."""

    lat_deg: float
    lon_deg: float
    time_ms: int


class TrackState(NamedTuple):
    """The track of one vessel, as in the columns."""

    unsure_step: int
    """Until this step (of STEP_MS) its positions are inconsistent; 0 for never."""
    track: int
    """LONE and STRAYED bits."""
    stray: TrackFix
    """The newest stray; its time remains after it is dropped. 0 for none."""
    trusted: TrackFix
    """The last fix before positions became inconsistent; time 0 for none."""


class TrackVerdict(NamedTuple):
    """The effect of a fix on a track."""

    standing: TrackState
    taken: bool
    """Whether the fix is accepted, rather than held back."""
    support: int
    """Consistent reports including this one; UNCHANGED to count as usual."""


class TrackChanges(NamedTuple):
    """The effects of reports that break a track: one value for each of ``at``."""

    at: Rows
    unsure_step: npt.NDArray[np.uint32]
    track: npt.NDArray[np.uint8]
    support: npt.NDArray[np.int64]


def breaks(history: History) -> Bools:
    """Which fixes may break their vessel's track, or follow a stray: it may return too many, never too few."""
    found = np.zeros(len(history.rows), bool)
    strayed = history.known("track") & STRAYED > 0
    if strayed.any():
        found = history.moved & strayed[history.vessel]
    before, rules = history.before, history.rules
    dlat = history.reports["lat_deg"] - before.lat_deg
    dlon = history.reports["lon_deg"] - before.lon_deg
    far = (np.abs(dlat) + np.abs(dlon)) * _DEGREE_NM > rules.track_least_nm  # few: avoids 8 sines per report
    at = np.flatnonzero(far & history.moved)
    if len(at):
        here = unit_vectors(history.reports["lat_deg"][at], history.reports["lon_deg"][at])
        nm = distances_nm(here, unit_vectors(before.lat_deg[at], before.lon_deg[at])) * _WIDER
        hours = np.maximum(history.times[at] - before.fix_ms[at], MS) / HOUR_MS
        found[at] |= (nm > rules.track_least_nm) & (nm > rules.track_most_kn * hours)
    return found


def follow(history: History, core: Columns) -> None:
    """Decides on fixes that break a track, in a history of one report per vessel; call before they are written.

    Holds strays back, and puts the new values of the core's moving columns into ``history.followed``.
    """
    at, verdicts = [], []
    for place in np.flatnonzero(breaks(history)).tolist():
        row = int(history.rows[place])
        was, last = (
            _standing(core, row),
            TrackFix(float(core.lat_deg[row]), float(core.lon_deg[row]), int(core.fix_ms[row])),
        )
        report = history.reports[place]
        fix = TrackFix(float(report["lat_deg"]), float(report["lon_deg"]), int(report["time_ms"]))
        if not was.track & STRAYED and agree(last, fix, history.rules):
            continue  # the screen was wider than necessary
        verdict = decide(was, last, fix, history.rules)
        history.moved[place] = verdict.taken
        _keep(core, row, verdict.standing)
        at.append(place)
        verdicts.append(verdict)
    history.followed = TrackChanges(
        np.asarray(at, np.intp),
        np.asarray([v.standing.unsure_step for v in verdicts], np.uint32),
        np.asarray([v.standing.track for v in verdicts], np.uint8),
        np.asarray([v.support for v in verdicts], np.int64),
    )


def _standing(core: Columns, row: int) -> TrackState:
    stray, trusted = (
        TrackFix(float(lat[row]), float(lon[row]), int(ms[row]))
        for lat, lon, ms in (
            (core.stray_lat_deg, core.stray_lon_deg, core.stray_ms),
            (core.trusted_lat_deg, core.trusted_lon_deg, core.trusted_ms),
        )
    )
    return TrackState(int(core.unsure_step[row]), int(core.track[row]), stray, trusted)


def _keep(core: Columns, row: int, standing: TrackState) -> None:
    core.stray_lat_deg[row], core.stray_lon_deg[row], core.stray_ms[row] = standing.stray
    core.trusted_lat_deg[row], core.trusted_lon_deg[row], core.trusted_ms[row] = standing.trusted


def are_unsure(now: Columns) -> Bools:
    """Which vessels had inconsistent positions at their last fix."""
    found: Bools = now.fix_ms < now.unsure_step.astype(np.int64) * STEP_MS
    return found


def agree(one: TrackFix, other: TrackFix, rules: TrackRules) -> bool:
    """Whether one ship can have been at both."""
    nm = round(distance_nm(one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg), _NM_DIGITS)
    hours = max(abs(other.time_ms - one.time_ms), MS) / HOUR_MS
    return nm <= rules.track_least_nm or nm <= rules.track_most_kn * hours


def decide(was: TrackState, last: TrackFix, fix: TrackFix, rules: TrackRules) -> TrackVerdict:
    """The effect of a fix that breaks the track that ends with ``last``, or that follows a stray."""
    if was.track & STRAYED:
        was = was._replace(track=was.track & ~STRAYED)
        if agree(last, fix, rules):
            return TrackVerdict(was._replace(track=0), taken=True, support=1 if was.track & LONE else UNCHANGED)
        if was.track & LONE and agree(was.stray, fix, rules):
            return TrackVerdict(was._replace(track=0), taken=True, support=2)
        return _unsure(was, last, fix, rules)
    if fix.time_ms < was.unsure_step * STEP_MS or fix.time_ms < was.stray.time_ms + _held_ms(rules):
        return _unsure(was, last, fix, rules)
    return TrackVerdict(was._replace(track=was.track | STRAYED, stray=fix), taken=False, support=UNCHANGED)


def _unsure(was: TrackState, last: TrackFix, fix: TrackFix, rules: TrackRules) -> TrackVerdict:
    goes_on = fix.time_ms < was.unsure_step * STEP_MS
    step = next_step(fix.time_ms + _held_ms(rules)) // STEP_MS
    trusted = was.trusted if goes_on else last
    return TrackVerdict(was._replace(unsure_step=step, track=0, trusted=trusted), taken=True, support=1)


def _held_ms(rules: TrackRules) -> int:
    return int(rules.unsure_h * HOUR_MS)
