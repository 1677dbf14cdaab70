"""Shared MMSI: positions under one number are of two tracks at the same time.

Claim. Fixes under one MMSI come from two places by turns, further apart than one ship can sail in between.

Why it matters. Two transmitters use the number, or positions are displaced. A ship that uses another's
number hides behind it; for all other alerts about the number the question is which ship they are about. It is stated
once, instead of a jump at every fix.

How it decides. A fix that the vessel cannot have reached at 60 kn is not of its track, and begins or continues another
one (``detectors/core/vessels/other_tracks.py``). The alert opens when another track has five fixes, has alternated five
times with the vessel's own, and has lasted for half an hour. A place that differs by one wrong bit of one axis is not
another track, and neither are old positions that are sent again (most of them where the vessel has just come from). It
closes at a report when the other track has not been heard for a week. The vessel's own track is the one that was heard
first and continues; other detectors see that one. If the stations that hear the two are known, their distances are
facts; if one position is beyond the range of its station and the other is not, that is a fact.

When it is wrong. Which of the two is the ship that the number was assigned to is not known. Jamming that displaces
positions to one place again and again looks the same. Two ships that are near each other look like one.

References. Global Fishing Watch, gpsdio-segment (tracks under one number); ITU-R M.585 (one number per station).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.bit_errors import is_bit_error
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.protocol import Detector, Finding
from detectors.core.range_wording import RangeWording
from detectors.core.units import HOUR_MS, MINUTE_MS, MS, hhmm_z, rfc3339
from detectors.core.vessels.other_tracks import OtherTrack, apart_nm, read
from detectors.core.vessels.ship import VesselState, expected_at, last_fix


class SharedMmsi(Detector):
    """See the module."""

    name = "shared_mmsi"
    severities = {"shared_mmsi.listed": "ticket", "shared_mmsi.unlisted": "log"}  # noqa: RUF012 - read only

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``shared_mmsi``."""

        fixes_least: Annotated[int, Meta(ge=2, le=255, description="Positions of another track, at least")] = 5
        turns_least: Annotated[
            int, Meta(ge=1, le=255, description="... how often it alternated with the vessel's own track, at least")
        ] = 5
        minutes_least: Annotated[
            float, Meta(ge=0, le=1440, description="... and how long it has lasted, at least, min")
        ] = 30.0
        quiet_h: Annotated[
            float, Meta(gt=0, le=720, description="The alert closes when the other track is not heard for this time, h")
        ] = 168.0

    def screen_reports(self, step: DetectorInput) -> Places:
        """Vessels another track of which has become long enough, or has ended.

        Such a report breaks the vessel's track, and so comes alone: before it is written there is nothing to see.
        """
        core, at = step.fleet.core, step.ever_unsure
        if not len(at):  # nearly always: such a vessel has been unsure
            return at
        rows = step.rows[at]
        many = (core.stray_ms[rows] == step.time_ms[at]) & (core.other_fixes[rows] >= self.thresholds.fixes_least).any(
            1
        )
        ended = step.time_ms[at] - core.stray_ms[rows] >= self._quiet_ms()
        return np.asarray(at[np.where(self.is_open(step)[at], ended, many)])

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens and closes."""
        opened, ship = self.opened(step, at), step.ship(at)
        row, now_ms = int(step.rows[at]), int(step.time_ms[at])
        if opened is not None:
            if now_ms - int(step.fleet.core.stray_ms[row]) >= self._quiet_ms():
                yield self._close(ship, opened, now_ms)
            return
        for other in read(step.fleet.core, row):
            heard_now = other.fix.time_ms // MS == now_ms // MS
            if heard_now and self._is_shared(other) and not is_bit_error(expected_at(ship, now_ms), other.fix[:2]):
                yield self._words(step, at, ship, other)
                return

    def _quiet_ms(self) -> int:
        return int(self.thresholds.quiet_h * HOUR_MS)

    def _is_shared(self, other: OtherTrack) -> bool:
        wanted = self.thresholds
        if other.is_repeated or other.fixes < wanted.fixes_least or other.turns < wanted.turns_least:
            return False
        return bool(other.span_ms >= wanted.minutes_least * MINUTE_MS)

    def _words(self, step: DetectorInput, at: int, ship: VesselState, other: OtherTrack) -> Finding:
        now_ms, since_ms, wanted = int(step.time_ms[at]), other.since_min * MINUTE_MS, self.thresholds
        nm = round(apart_nm(last_fix(ship), other.fix), 1)
        own = step.hearing_of(at, ship, last_fix(ship))
        heard = RangeWording(own, step.hearing(at) if other.is_last(now_ms) else None)
        return Finding(
            action="open",
            situation=_situation(ship),
            time_ms=now_ms,
            start_ms=since_ms,
            headline=f"{ship.title} heard in two places {nm:g} nm apart by turns, MMSI {ship.mmsi}, {hhmm_z(now_ms)}",
            why=(
                Fact(fact="distance between the two tracks", value=nm, unit="nm"),
                Fact(fact="fixes of the other track", value=other.fixes, threshold=wanted.fixes_least),
                Fact(fact="times that the tracks alternated", value=other.turns, threshold=wanted.turns_least),
                Fact(
                    fact="time that the other track has lasted",
                    value=other.span_ms // MS,
                    threshold=int(wanted.minutes_least * MINUTE_MS) // MS,
                    unit="s",
                ),
                *heard.facts(),
            ),
            would_change=(
                "Which ship the number belongs to is not known: ask its flag, or compare names and dimensions",
                "Positions that jamming displaces to one place look the same",
                f"It closes when the other track is not heard for {wanted.quiet_h:g} h",
            ),
            verification="corroborated",
            details={
                "since": rfc3339(since_ms),
                "other_lat_deg": round(other.fix.lat_deg, 4),
                "other_lon_deg": round(other.fix.lon_deg, 4),
                "other_time": rfc3339(other.fix.time_ms),
                "apart_nm": nm,
                **heard.details(),
            },
            sentences=step.evidence(at, ship),
        )

    def _close(self, ship: VesselState, opened: Alert, now_ms: int) -> Finding:
        return Finding(
            action="close",
            situation=_situation(ship),
            time_ms=now_ms,
            headline=f"{ship.title} heard in one place only for {self.thresholds.quiet_h:g} h, {hhmm_z(now_ms)}",
            why=opened.why,
            verification=opened.verification,
            details=opened.details,
        )


def _situation(ship: VesselState) -> str:
    return "shared_mmsi.listed" if ship.listed is not None else "shared_mmsi.unlisted"
