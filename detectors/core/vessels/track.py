"""Whether the fixes of a vessel are of one track: no ship covers more than a mile at more than 60 kn.

A fix that needs an impossible speed does not continue the track: it is *held back*, and begins or continues one of the
vessel's *other* tracks, of which two are kept for an hour after their last fix (``other_tracks``). Detectors see the
vessel on its own track. One such fix in an hour has no further effect: it is a *stray*. At the second one the vessel
is *unsure* until an hour has passed without another: several ships use one MMSI, or jamming displaces positions. Its
fixes are still those of its track, but each report counts by itself (``support`` 1). The last fix before is kept as the
*trusted* one.

The third fix in a row that is held back is accepted: the vessel is there now, and its former track becomes one of the
others. A track of one fix has no more weight than a stray. If that fix was the wrong one, the second fix that agrees
with the stray replaces it, and nothing is unsure. If it was the right one, the fix that agrees with it does not support
it yet, because two ships may be taking turns.

The hour runs by fixes, not by the clock: a vessel that falls silent while unsure remains so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.sphere import distances_nm, unit_vectors
from detectors.core.units import EARTH_NM, HOUR_MS, MS, STEP_MS, next_step
from detectors.core.vessels.columns import Columns, Rows
from detectors.core.vessels.other_tracks import OtherTrack, TrackFix, apart_nm, begun, read, strongest, write

if TYPE_CHECKING:
    from detectors.core.vessels.history import History

LONE: Final = 1
"""Bit of ``track``: the last fix is the first one of the vessel's appearance."""
STRAYED: Final = 2
"""Bit of ``track``: another track was continued within the hour; whatever comes is compared with it too."""
_LAST_BITS: Final = 0xFFFFFFFF
_RUN: Final = 3
"""So many fixes in a row off the track are where the vessel is now."""
_LONE_REPLACED_BY: Final = 2
_OTHERS_MOST_KN: Final = 40.0
"""For fixes off the track: at 60 kn wild fixes half an hour apart would make a track of their own."""
UNCHANGED: Final = -1
_DEGREE_NM: Final = 1.001 * EARTH_NM * np.pi / 180
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


class TrackState(NamedTuple):
    """The track of one vessel, as in the columns."""

    unsure_step: int
    """Until this step (of STEP_MS) its positions are inconsistent; 0 for never."""
    track: int
    """LONE and STRAYED bits."""
    stray_ms: int
    """Time of the newest fix that was held back; 0 for none."""
    trusted: TrackFix
    """The last fix before positions became inconsistent; time 0 for none."""
    run: int = 0
    """Number of fixes held back since the one of its own track at ``run_from``."""
    run_from: int = 0
    """The last 32 bits of that one's time."""
    others: tuple[OtherTrack, ...] = ()


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
    held: Bools
    """It was held back."""


def breaks(history: History) -> Bools:
    """Which fixes may break their vessel's track, or follow a stray: it may return too many, never too few."""
    found = np.zeros(len(history.rows), bool)
    strayed = history.known("track") & STRAYED > 0
    if strayed.any():  # the second fix of a track shows nothing while another track is open
        lone = history.known("track") & LONE > 0
        found = history.moved & (strayed & lone)[history.vessel]
    before, rules = history.before, history.rules
    dlat = history.reports["lat_deg"] - before.lat_deg
    dlon = history.reports["lon_deg"] - before.lon_deg
    far = (np.abs(dlat) + np.abs(dlon)) * _DEGREE_NM > rules.track_least_nm  # few: avoids 8 sines per report
    at = np.flatnonzero(far & history.moved)
    if len(at):
        here = unit_vectors(history.reports["lat_deg"][at], history.reports["lon_deg"][at])
        nm = distances_nm(here, unit_vectors(before.lat_deg[at], before.lon_deg[at])) * _WIDER
        hours = np.maximum(history.times[at] - before.fix_ms[at], MS) / HOUR_MS
        found[at] |= (nm > rules.track_least_nm) & (
            (nm > rules.track_most_kn * hours) | strayed[history.vessel[at]]  # it may fit the other track better
        )
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
        np.asarray([not v.taken for v in verdicts], np.bool_),
    )


def _standing(core: Columns, row: int) -> TrackState:
    trusted = TrackFix(float(core.trusted_lat_deg[row]), float(core.trusted_lon_deg[row]), int(core.trusted_ms[row]))
    return TrackState(
        unsure_step=int(core.unsure_step[row]),
        track=int(core.track[row]),
        stray_ms=int(core.stray_ms[row]),
        trusted=trusted,
        run=int(core.run[row]),
        run_from=int(core.run_from[row]),
        others=read(core, row),
    )


def _keep(core: Columns, row: int, standing: TrackState) -> None:
    core.trusted_lat_deg[row], core.trusted_lon_deg[row], core.trusted_ms[row] = standing.trusted
    core.stray_ms[row], core.run[row], core.run_from[row] = standing.stray_ms, standing.run, standing.run_from
    write(core, row, standing.others)


def are_unsure(now: Columns) -> Bools:
    """Which vessels had inconsistent positions at their last fix."""
    found: Bools = now.fix_ms < now.unsure_step.astype(np.int64) * STEP_MS
    return found


def agree(one: TrackFix, other: TrackFix, rules: TrackRules) -> bool:
    """Whether one ship can have been at both."""
    nm = apart_nm(one, other)
    hours = max(abs(other.time_ms - one.time_ms), MS) / HOUR_MS
    return nm <= rules.track_least_nm or nm <= rules.track_most_kn * hours


def decide(was: TrackState, last: TrackFix, fix: TrackFix, rules: TrackRules) -> TrackVerdict:
    """The effect of a fix that breaks the track that ends with ``last``, or that comes while others are open."""
    run = was.run if was.run_from == last.time_ms & _LAST_BITS else 0
    others = [other for other in was.others if fix.time_ms - other.fix.time_ms < _held_ms(rules)]
    slower = msgspec.structs.replace(rules, track_most_kn=min(rules.track_most_kn, _OTHERS_MOST_KN))
    fits = [place for place, other in enumerate(others) if agree(other.fix, fix, slower)]
    own = [-1] if agree(last, fix, rules) else []
    if own:  # a stray that agrees with what continues the track was of the track
        others = [other for place, other in enumerate(others) if other.fixes > 1 or place not in fits]
        fits = [place for place, other in enumerate(others) if agree(other.fix, fix, slower)]
    best = min([*own, *fits], key=lambda n: apart_nm(last if n < 0 else others[n].fix, fix), default=None)
    if best == -1:
        support = 1 if others and was.track & LONE else UNCHANGED
        standing = was._replace(track=STRAYED if others else 0, run=0, others=tuple(others))
        return TrackVerdict(standing, taken=True, support=support)
    if best is None:
        other = begun(fix)
    else:
        other = others.pop(best).continued(fix, after_own=run == 0)
        if was.track & LONE and other.fixes == _LONE_REPLACED_BY:
            return TrackVerdict(was._replace(track=0, run=0, others=()), taken=True, support=2)
    now = was._replace(others=strongest([*others, other]), track=STRAYED | was.track & LONE)
    now = now._replace(run=run + 1, run_from=last.time_ms & _LAST_BITS)
    if fix.time_ms < was.unsure_step * STEP_MS or fix.time_ms < was.stray_ms + _held_ms(rules):
        now = _unsure(now, last, fix, rules)
    now = now._replace(stray_ms=fix.time_ms)
    if now.run < _RUN:
        return TrackVerdict(now, taken=False, support=UNCHANGED)
    former = tuple(other._replace(fix=last) if each is other else each for each in now.others)
    return TrackVerdict(now._replace(track=STRAYED, run=0, others=former), taken=True, support=1)


def _unsure(was: TrackState, last: TrackFix, fix: TrackFix, rules: TrackRules) -> TrackState:
    goes_on = fix.time_ms < was.unsure_step * STEP_MS
    step = next_step(fix.time_ms + _held_ms(rules)) // STEP_MS
    return was._replace(unsure_step=step, trusted=was.trusted if goes_on else last)


def _held_ms(rules: TrackRules) -> int:
    return int(rules.unsure_h * HOUR_MS)
