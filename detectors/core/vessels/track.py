"""Whether the fixes of a vessel are of one track: no ship covers more than a mile at more than 60 kn.

A fix that needs an impossible speed does not continue the track: it is *held back*, and begins or continues one of the
vessel's *other* tracks, of which two are kept for an hour after their last fix (``other_tracks``). Detectors see the
vessel on its own track. One such fix in an hour has no further effect: it is a *stray*. At the second one the vessel
is *unsure* until an hour has passed without another: several ships use one MMSI, or jamming displaces positions. Its
fixes are still those of its track, but each report counts by itself (``support`` 1). The last fix before is kept as the
*trusted* one.

The third fix in a row that is held back is accepted: the vessel is there now, and its former track becomes one of the
others. It *appears displaced* from its trusted fix, and is unsure, until three fixes in a row are where it can have
sailed from there, or a day has passed. A track of one fix has no more weight than a stray. If that fix was the wrong
one, the second fix that agrees with the stray replaces it, and nothing is unsure. If it was the right one, the fix that
agrees with it does not support it yet, because two ships may be taking turns.

Held back without further effect for an hour after the last fix of its own track: fixes where the vessel has just come
from, which may be old ones that a station sends again, and those that one wrong bit can have moved.

A fix beyond the range of the station that heard it (``station_ranges``) is not accepted in this way while the last fix
of the vessel's own track is not beyond and is less than an hour old: it is held back as wild fixes are.

The hour runs by fixes, not by the clock: a vessel that falls silent while unsure remains so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from detectors.core.bit_errors import is_bit_error
from detectors.core.sphere import distances_nm, unit_vectors
from detectors.core.units import EARTH_NM, HOUR_MS, MS, NEVER_MS, STEP_MS
from detectors.core.vessels.columns import Columns, Rows
from detectors.core.vessels.other_tracks import TrackFix, on_its_way, read, reckoned, write
from detectors.core.vessels.speeds import v_max_kn
from detectors.core.vessels.track_verdict import (
    DISPLACED,
    LONE,
    STATED_EVERY_MS,
    STRAYED,
    Seen,
    TrackRules,
    TrackState,
    TrackVerdict,
    decide,
    is_strict,
)

if TYPE_CHECKING:
    from detectors.core.vessels.history import History

_DEGREE_NM: Final = 1.001 * EARTH_NM * np.pi / 180
_FASTER: Final = 1.25
"""Factor on the speed that a vessel usually makes at most."""
_WIDER: Final = 1.001  # screens widen distances by this, because the judge rounds them
Bools = npt.NDArray[np.bool_]


class Ranges(Protocol):
    """The ranges of the stations that hear a batch."""

    def are_left(self, row: int, report: np.void, last: TrackFix) -> bool:
        """Whether a report's fix is beyond the range of its station, and the vessel's last fix not of its own."""


class TrackChanges(NamedTuple):
    """The effects of reports that break a track: one value for each of ``at``."""

    at: Rows
    unsure_step: npt.NDArray[np.uint32]
    track: npt.NDArray[np.uint8]
    support: npt.NDArray[np.int64]
    held: Bools
    """It was held back."""
    displaced: list[tuple[int, TrackFix]]
    """Places of vessels that appear displaced, with the trusted fix of each."""
    verdicts: list[TrackVerdict]


def breaks(history: History) -> Bools:
    """Which fixes may break their vessel's track, follow a stray, or state again that it is displaced.

    It may return too many, never too few.
    """
    found = np.zeros(len(history.rows), bool)
    track = history.known("track")
    strayed = track & STRAYED > 0
    if track.any():  # the second fix of a track shows nothing while another track is open
        found = history.moved & (strayed & (track & LONE > 0))[history.vessel]
        away = track & DISPLACED > 0
        if away.any():
            stated_ms = np.where(away, history.known("stray_ms") + STATED_EVERY_MS, NEVER_MS)
            found |= history.moved & (history.times >= stated_ms[history.vessel])
    before, rules = history.before, history.rules
    dlat = history.reports["lat_deg"] - before.lat_deg
    dlon = history.reports["lon_deg"] - before.lon_deg
    far = (np.abs(dlat) + np.abs(dlon)) * _DEGREE_NM > rules.track_least_nm  # few: avoids 8 sines per report
    at = np.flatnonzero(far & history.moved)
    if len(at):
        here = unit_vectors(history.reports["lat_deg"][at], history.reports["lon_deg"][at])
        nm = distances_nm(here, unit_vectors(before.lat_deg[at], before.lon_deg[at])) * _WIDER
        hours = np.maximum(history.times[at] - before.fix_ms[at], MS) / HOUR_MS
        sog_kn = np.fmax(history.reports["sog_kn"][at], before.sog_kn[at]).astype(np.float64)
        most_kn = np.where(is_strict(nm, hours), rules.reckoned_kn + sog_kn, np.nan)
        most_kn = np.fmin(most_kn, rules.track_most_kn)
        found[at] |= (nm > rules.track_least_nm) & (
            (nm > most_kn * hours) | strayed[history.vessel[at]]  # it may fit the other track better
        )
    return found


def _seen(core: Columns, row: int, report: np.void, rules: TrackRules) -> Seen:
    """A report after the vessel's last fix."""
    last = TrackFix(float(core.lat_deg[row]), float(core.lon_deg[row]), int(core.fix_ms[row]))
    fix = TrackFix(float(report["lat_deg"]), float(report["lon_deg"]), int(report["time_ms"]))
    sog_kn, cog_deg = float(core.sog_kn[row]), float(core.cog_deg[row])
    soon = fix.time_ms - last.time_ms <= HOUR_MS
    return Seen(
        last,
        fix,
        _most_kn(core, row, report, rules),
        on_its_way(last, sog_kn, cog_deg, fix),
        wrong_bit=soon and is_bit_error(reckoned(last, sog_kn, cog_deg, fix.time_ms), fix[:2]),
    )


def _most_kn(core: Columns, row: int, report: np.void, rules: TrackRules) -> float:
    """The limit between the vessel's last fix and the next: see ``TrackRules.reckoned_kn``."""
    sog_kn = float(np.fmax(report["sog_kn"], core.sog_kn[row]))
    if math.isnan(sog_kn):
        return rules.track_most_kn
    usual_kn = _FASTER * v_max_kn(core.speeds[row], int(core.ship_type[row]))
    return min(rules.track_most_kn, max(rules.reckoned_kn + round(sog_kn, 1), usual_kn))


def follow(history: History, core: Columns, ranges: Ranges) -> None:
    """Decides on fixes that break a track, in a history of one report per vessel; call before they are written.

    Holds strays back, and puts the new values of the core's moving columns into ``history.followed``. ``ranges`` is
    asked about fixes that are decided on only.
    """
    at: list[int] = []
    verdicts: list[TrackVerdict] = []
    for place in np.flatnonzero(breaks(history)).tolist():
        row = int(history.rows[place])
        was, report = _standing(core, row), history.reports[place]
        seen = _seen(core, row, report, history.rules)
        if not was.track & (STRAYED | DISPLACED) and seen.agree(history.rules):
            continue  # the screen was wider than necessary
        verdict = decide(was, seen._replace(beyond=ranges.are_left(row, report, seen.last)), history.rules)
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
        [(place, v.standing.trusted) for place, v in zip(at, verdicts, strict=True) if v.displaced],
        verdicts,
    )


def _standing(core: Columns, row: int) -> TrackState:
    trusted = TrackFix(
        float(core.trusted_lat_deg[row]), float(core.trusted_lon_deg[row]), int(core.trusted_s[row]) * MS
    )
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
    core.trusted_lat_deg[row], core.trusted_lon_deg[row] = standing.trusted[:2]
    core.trusted_s[row] = standing.trusted.time_ms // MS
    core.stray_ms[row], core.run[row], core.run_from[row] = standing.stray_ms, standing.run, standing.run_from
    write(core, row, standing.others)


def are_unsure(now: Columns) -> Bools:
    """Which vessels had inconsistent positions at their last fix."""
    found: Bools = now.fix_ms < now.unsure_step.astype(np.int64) * STEP_MS
    return found
