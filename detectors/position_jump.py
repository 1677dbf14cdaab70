"""Position jump: a vessel is suddenly where it cannot have sailed, and stays away.

Claim. For half an hour all fixes have been at a place that the vessel could not reach from its last one.

Why it matters. Jamming displaces positions, and a ship may transmit false ones. Where the vessel really is is not
known while this lasts: other alerts about it state "inconsistent positions" and do not page.

How it decides. A fix off the vessel's track is held back; the third in a row is accepted
(``detectors/core/vessels/track.py``). If nothing is heard on the former track for half an hour, the alert opens;
otherwise two tracks alternate, which is for ``shared_mmsi``. After a silence of more than half an hour another ship
may use the number, and there is no alert. It does not open if the two places differ by one wrong bit of one axis. It
closes an hour after it was back where it can have sailed, or after a day (``[fleet] displaced_h``).
If the station that hears it is known, its distance is a fact. A position beyond the range of that station is accepted
only after an hour without a fix of the former track; that it is beyond is a fact.

When it is wrong. A vessel that was silent may have been carried; a receiver's clock may be wrong. It is no evidence of
who displaced the positions.

References. Global Fishing Watch, gpsdio-segment; C4ADS, Above Us Only Stars (displaced positions).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from detectors.core.alert import Alert, Fact, Position
from detectors.core.bit_errors import is_bit_error
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.protocol import Detector, Finding
from detectors.core.range_wording import RangeWording, distance_fact
from detectors.core.units import HOUR_MS, MINUTE_MS, MS, STEP_MS, hhmm_z, next_step, rfc3339
from detectors.core.vessels.columns import Column
from detectors.core.vessels.other_tracks import TrackFix, apart_nm, read
from detectors.core.vessels.ship import VesselState, expected_at, last_fix

_DEGREE_NM = 61.0
"""Of latitude, a little more; of longitude at most: degrees along both give at least the distance."""
_HELD_FROM: Final = 3
"""The vessel jumps with this fix of a track that is held back because it is beyond the range of its station."""


class Jump(NamedTuple):
    """Where a vessel was and where it appears."""

    was: TrackFix
    now: TrackFix
    position: Position | None = None
    """``now``, if it is not the vessel's last fix: the vessel was not accepted there."""


class PositionJump(Detector):
    """See the module."""

    name = "position_jump"
    columns = (Column("jump_step", "<u4"),)  # step of a jump that is not yet decided; 0 for none
    severities = {"position_jump.listed": "ticket", "position_jump.unlisted": "log"}  # noqa: RUF012 - read only

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``position_jump``."""

        least_kn: Annotated[float, Meta(ge=40, le=10_000, description="Speed that the jump needs, at least, kn")] = (
            100.0
        )
        least_nm: Annotated[float, Meta(ge=1, le=1000, description="... and its length, at least, nm")] = 5.0
        within_min: Annotated[
            float, Meta(gt=0, le=1440, description="... and the time from the last position before it, at most, min")
        ] = 30.0
        stays_min: Annotated[
            float, Meta(gt=0, le=1440, description="... and how long nothing is heard on the former track, min")
        ] = 30.0

    def screen_reports(self, step: DetectorInput) -> Places:
        """Vessels that may have jumped, or whose jump is to be decided on, or is over."""
        at = step.ever_unsure
        if not len(at):
            return at
        own, rows, times = self.state(step), step.rows[at], step.time_ms[at]
        now, before = step.now, step.before
        off = np.abs(now.lat_deg[at] - before.lat_deg[at]) + np.abs(now.lon_deg[at] - before.lon_deg[at])
        jumps = step.moved[at] & (off * _DEGREE_NM > self.thresholds.least_nm)
        jumped_ms = own.jump_step[rows].astype(np.int64) * STEP_MS
        decides = (jumped_ms > 0) & (times >= jumped_ms + self._stays_ms())
        core = step.fleet.core
        held = ~step.moved[at] & (core.stray_ms[rows] == times) & (core.other_fixes[rows] == _HELD_FROM).any(1)
        ends = own.open[rows] & (times >= now.unsure_step[at].astype(np.int64) * STEP_MS)
        return np.asarray(at[np.where(own.open[rows], ends, jumps | decides | held)])

    def _stays_ms(self) -> int:
        return int(self.thresholds.stays_min * MINUTE_MS)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Notes a jump, and decides about it later; closes. A second jump in the meantime is an alternation."""
        row, own, now_ms = int(step.rows[at]), self.state(step), int(step.time_ms[at])
        ship, opened, jumped_ms = step.ship(at), self.opened(step, at), int(own.jump_step[row]) * STEP_MS
        if opened is not None:
            if now_ms >= int(step.fleet.core.unsure_step[row]) * STEP_MS:
                yield self._close(ship, opened, now_ms)
            return
        if step.moved[at] and ship.displaced and self._is_jump(before := step.ship_before(at), last_fix(ship)):
            if not jumped_ms:
                own.jump_step[row] = next_step(now_ms) // STEP_MS
            elif before.displaced or before.fix_ms > jumped_ms:  # otherwise it is the one that was held back
                own.jump_step[row] = 0
        elif jumped_ms and now_ms >= jumped_ms + self._stays_ms():
            yield from self._decided(step, at, ship, jumped_ms)
        elif not jumped_ms and self._begins_held(step, at, ship):
            own.jump_step[row] = next_step(now_ms) // STEP_MS

    def _decided(self, step: DetectorInput, at: int, ship: VesselState, jumped_ms: int) -> Iterable[Finding]:
        """Opens if it is still there. While that is near its last consistent position, the decision waits."""
        row, now_ms = int(step.rows[at]), int(step.time_ms[at])
        shared = ("shared_mmsi", "") in step.fleet.open_of(row)
        others = [other for other in read(step.fleet.core, row) if other.fix.time_ms > jumped_ms]
        if not ship.displaced and others and ship.fix_ms <= jumped_ms and not shared:  # held back since then
            if any(other.is_last(now_ms) for other in others) and not step.moved[at] and self._is_beyond(step, at):
                self.state(step).jump_step[row] = 0
                now = _fix(step, at)
                heard = RangeWording(step.hearing_of(at, ship, last_fix(ship)), step.hearing(at))
                yield self._words(step, at, Jump(last_fix(ship), now, _position(now)), heard)
            return
        was = ship.trusted if ship.displaced and not others and not shared else None
        if was is not None and apart_nm(was, last_fix(ship)) <= self.thresholds.least_nm:
            return
        self.state(step).jump_step[row] = 0
        if was is not None:
            now = last_fix(ship)
            heard = RangeWording(step.hearing_of(at, ship, was), step.hearing_of(at, ship, now))
            yield self._words(step, at, Jump(was, now), heard)

    def _begins_held(self, step: DetectorInput, at: int, ship: VesselState) -> bool:
        """Whether this is the third fix of a track that is held back because it is beyond the range of its station."""
        core, row, now_ms = step.fleet.core, int(step.rows[at]), int(step.time_ms[at])
        if step.moved[at] or int(core.stray_ms[row]) != now_ms or ship.displaced:
            return False
        third = any(other.fixes == _HELD_FROM and other.is_last(now_ms) for other in read(core, row))
        return third and self._is_jump(ship, _fix(step, at)) and self._is_beyond(step, at)

    def _is_beyond(self, step: DetectorInput, at: int) -> bool:
        heard = step.hearing(at)
        return heard is not None and heard.beyond

    def _is_jump(self, before: VesselState, now: TrackFix) -> bool:
        was = last_fix(before)
        if now.time_ms - was.time_ms > self.thresholds.within_min * MINUTE_MS:
            return False
        far = apart_nm(was, now) > self.thresholds.least_nm and _needed_kn(was, now) > self.thresholds.least_kn
        return far and not is_bit_error(expected_at(before, now.time_ms), now[:2])

    def _words(self, step: DetectorInput, at: int, jump: Jump, heard: RangeWording) -> Finding:
        ship, now_ms, was = step.ship(at), int(step.time_ms[at]), jump.was
        nm = apart_nm(was, jump.now)
        return Finding(
            action="open",
            situation=_situation(ship),
            time_ms=now_ms,
            start_ms=was.time_ms,
            headline=f"{ship.title} appears displaced by {nm:.0f} nm, {hhmm_z(now_ms)}",
            why=(
                Fact(
                    fact="distance from its last consistent position",
                    value=round(nm, 1),
                    threshold=self.thresholds.least_nm,
                    unit="nm",
                ),
                Fact(fact="time since that position", value=(now_ms - was.time_ms) // MS, unit="s"),
                *(() if heard.other is None else (distance_fact(heard.other),)),
                *heard.verdict(),
            ),
            would_change=(
                "It closes an hour after it is back where it can have sailed, at the latest after a day",
                "Other vessels that are displaced from the same area at the same time show jamming",
            ),
            verification="unverified",
            details={
                "from_lat_deg": round(was.lat_deg, 4),
                "from_lon_deg": round(was.lon_deg, 4),
                "from_time": rfc3339(was.time_ms),
                "jump_nm": round(nm, 1),
                **heard.details_of_other(),
            },
            sentences=step.evidence(at, ship),
            position=jump.position,
        )

    def _close(self, ship: VesselState, opened: Alert, now_ms: int) -> Finding:
        return Finding(
            action="close",
            situation=_situation(ship),
            time_ms=now_ms,
            headline=f"{ship.title} no impossible position for an hour, {hhmm_z(now_ms)}",
            why=opened.why,
            verification=opened.verification,
            details=opened.details,
        )


def _fix(step: DetectorInput, at: int) -> TrackFix:
    """The position of the report itself."""
    report = step.reports[at]
    return TrackFix(round(float(report["lat_deg"]), 5), round(float(report["lon_deg"]), 5), int(step.time_ms[at]))


def _position(fix: TrackFix) -> Position:
    return Position(lat_deg=fix.lat_deg, lon_deg=fix.lon_deg, time=rfc3339(fix.time_ms))


def _needed_kn(was: TrackFix, now: TrackFix) -> float:
    return apart_nm(was, now) / (max(now.time_ms - was.time_ms, MS) / HOUR_MS)


def _situation(ship: VesselState) -> str:
    return "position_jump.listed" if ship.listed is not None else "position_jump.unlisted"
