"""Smooth track: a listed vessel reports a track that no ship at sea makes.

Claim. Within one hour the reports of a listed vessel show at least two of four signs that a machine computed them: no
noise, a perfect circle, a speed that does not agree with the distance covered, a course that does not agree with the
movement.

Why it matters. Ships that hide a call let a program transmit a false voyage under their number. Such tracks are where
ships sail and never jump, so no other detector sees them; but they are too good.

How it decides. At most one fix a minute of the last hour is kept, of listed vessels only, and judged every five minutes
if there are 20 in at least 50 min without a pause of 15 min. Inconsistent positions are left out. Circle: an arc of
more than 180 degrees at a constant rate, with deviations below 2 % of the radius. No noise: at more than 3 kn fixes
deviate by less than 1 m from a line or that circle, and along it by less than 1 m and what a second makes, because
feeds round times. Speed: the mean reported one and the distance covered differ by more than 4 kn. The distance is that
of chords of 10 min if it is the longer, that of all legs if it is the shorter (then only on a steady course, because
turns shorten legs). Course: more than 60 degrees off in every leg of the hour; not judged if no speed is reported. One
sign is never an alert. It closes when an hour shows fewer than two signs, or after ``ends_after_h`` of silence.

When it is wrong. It is always for the record. Some devices report speed 0 or a stuck course: one sign. A device that
reckons positions from log and compass while it has no satellites, and feeds that interpolate positions, make no noise:
one sign. Two of these together are an alert. False tracks with noise added are not found, nor circles so wide that an
hour is less than half of one, nor tracks that turn from one line to another within the hour. A vessel that appears
displaced is not judged for a day (``position_jump``). Courses over land are not judged: there is no land mask.

References. SkyTruth and Global Fishing Watch, false vessel tracks (2020: circles near Point Reyes; 2021: tracks of
ships that were elsewhere); ITU-R M.1371-5 (resolution of positions).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.protocol import Detector, Finding
from detectors.core.units import HOUR_MS, MINUTE_MS, MS, hhmm_z, rfc3339, stamp
from detectors.core.vessels.columns import Column
from detectors.core.vessels.recent_fixes import Fixes, RecentFix
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.track import are_unsure
from detectors.smooth_track.signs import CIRCLE, COURSE, NOISE, SPEED, Sign, signs_of
from detectors.smooth_track.thresholds import SmoothTrackThresholds

JUDGED_EVERY_MS = 5 * MINUTE_MS
_SLOTS = 255
_SITUATION = "smooth_track.listed"


class SmoothTrack(Detector):
    """See the module."""

    name = "smooth_track"
    keeps_due = True
    needs_position = True
    columns = (Column("slot", "u1"),)  # of a listed vessel: the five minutes in which it was last judged; 0 never
    severities = {_SITUATION: "log"}  # noqa: RUF012 - read only

    class Thresholds(SmoothTrackThresholds, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``smooth_track``."""

    thresholds: SmoothTrackThresholds

    def note(self, step: DetectorInput) -> None:
        """Keeps the fixes of listed vessels."""
        at = np.flatnonzero(step.now.listed > 0)
        if not len(at):
            return
        at = at[step.moved[at] & step.now.vessel[at] & ~are_unsure(step.now)[at]]
        reports = step.reports[at]
        columns = (step.rows[at], *(reports[name] for name in ("time_ms", "lat_deg", "lon_deg", "sog_kn", "cog_deg")))
        for row, *fix in zip(*(column.tolist() for column in columns), strict=True):
            step.fleet.recent.add(row, RecentFix(*fix))

    def screen_reports(self, step: DetectorInput) -> Places:
        """The first fix of a listed vessel in each five minutes; vessels that are no longer listed."""
        listed, own = step.now.listed > 0, self.state(step)
        may = listed | self.is_open(step)
        if step.stated.any():  # only such a report can change whether a vessel is listed
            stated = np.flatnonzero(step.stated)
            may[stated] |= own.slot[step.rows[stated]] > 0
        at = np.flatnonzero(may)
        if not len(at):
            return at
        new = step.moved[at] & step.now.vessel[at] & (own.slot[step.rows[at]] != _slots(step.time_ms[at]))
        return np.asarray(at[np.where(listed[at], new, True)])

    @property
    def _ends_ms(self) -> int:
        return int(self.thresholds.ends_after_h * HOUR_MS)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Judges the last hour."""
        ship, opened, row = step.ship(at), self.opened(step, at), int(step.rows[at])
        if ship.listed is None:
            return self._dropped(step, at, opened)
        self.state(step).slot[row] = _slots(step.time_ms[at])
        return () if ship.unsure else self._judged(step, at, ship, opened)

    def _judged(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        fixes = step.fleet.recent.of(int(step.rows[at]))
        if not self._is_an_hour(fixes):
            return
        signs = signs_of(fixes, self.thresholds)
        shown = len(signs) >= self.thresholds.signs_least
        if opened is not None and not shown:
            yield self._close(step, at, opened, "fewer signs", (self._count(signs),))
        elif opened is None and shown:
            yield self._words(step, at, ship, signs, fixes)
            self.await_silence(step, at, ship.last_ms, self._ends_ms)

    def _is_an_hour(self, fixes: Fixes) -> bool:
        if len(fixes) < self.thresholds.fixes_least:
            return False
        return int(fixes["time_ms"][-1] - fixes["time_ms"][0]) >= int(self.thresholds.least_min * MINUTE_MS)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Ends the alert of a silent vessel, and of one that is no longer listed."""
        ship, opened = step.ship(at), self.opened(step, at)
        if ship.listed is None:
            yield from self._dropped(step, at, opened)
        elif opened is not None:
            silent_ms = step.silence_ms(at, ship.last_ms)
            if silent_ms < self._ends_ms:
                self.await_silence(step, at, ship.last_ms, self._ends_ms)
                return
            why = Fact(fact="silence", value=silent_ms // MS, threshold=self._ends_ms // MS, unit="s")
            yield self._close(step, at, opened, "silent", (why,))

    def _dropped(self, step: DetectorInput, at: int, opened: Alert | None) -> Iterable[Finding]:
        """The vessel is no longer listed."""
        row = int(step.rows[at])
        step.fleet.recent.forget([row])
        self.state(step).slot[row] = 0
        return [self._close(step, at, opened, "no longer listed", opened.why)] if opened else []

    def _count(self, signs: Sequence[Sign]) -> Fact:
        return Fact(
            fact="signs of a computed track in the last hour", value=len(signs), threshold=self.thresholds.signs_least
        )

    def _words(self, step: DetectorInput, at: int, ship: VesselState, signs: Sequence[Sign], fixes: Fixes) -> Finding:
        now_ms = int(step.time_ms[at])
        first_ms, last_ms = fixes["time_ms"][[0, -1]].tolist()
        return Finding(
            action="open",
            situation=_SITUATION,
            time_ms=now_ms,
            start_ms=now_ms,
            headline=f"{ship.title} reports {_shown(signs)}, {hhmm_z(now_ms)}",
            why=(
                self._count(signs),
                *(fact for sign in signs for fact in sign.facts),
                Fact(fact="fixes in that hour", value=len(fixes), threshold=self.thresholds.fixes_least),
            ),
            would_change=(
                f"An hour of fixes with fewer than {self.thresholds.signs_least} of these signs closes it",
                f"{self.thresholds.ends_after_h:g} h of silence close it",
                "A sighting or an image of the vessel at these positions would contradict it",
            ),
            verification="corroborated" if ship.support > 1 else "unverified",
            details={
                "signs": [sign.name for sign in signs],
                "from": rfc3339(first_ms),
                "to": rfc3339(last_ms),
                "fixes": len(fixes),
            },
            sentences=step.evidence(at, ship),
        )

    def _close(self, step: DetectorInput, at: int, opened: Alert, how: str, why: tuple[Fact, ...]) -> Finding:
        now_ms, ship = int(step.time_ms[at]), step.ship(at)
        ends = {"fewer signs": "reports an ordinary track", "silent": f"silent since {stamp(ship.last_ms, now_ms)}"}
        return Finding(
            action="close",
            situation=_SITUATION,
            time_ms=now_ms,
            headline=f"{ship.title} {ends.get(how, how)}, {hhmm_z(now_ms)}",
            why=why,
            verification=opened.verification,
            details={**opened.details, "ended": how},
            sentences=step.evidence(at, ship),
        )


def _slots(time_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The five minutes of a time, from 1 to 255; the same number comes again after 21 h."""
    return np.asarray(1 + time_ms // JUDGED_EVERY_MS % _SLOTS, np.uint8)


_TRACKS = {NOISE: "a track without noise", CIRCLE: "a perfect circle"}
_REPORTED = {SPEED: "speed", COURSE: "course"}


def _shown(signs: Sequence[Sign]) -> str:
    """The two strongest signs in words: there is no room for more in a headline."""
    names = [sign.name for sign in signs[:2]]
    if names == [NOISE, CIRCLE]:
        return "a track without noise and in a perfect circle"
    reported = " and ".join(_REPORTED[name] for name in names if name in _REPORTED)
    tracks = [_TRACKS[name] for name in names if name in _TRACKS]
    return " and ".join([*tracks, f"an inconsistent {reported}"])
