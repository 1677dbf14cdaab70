"""Dark gap: a ship that should be heard is not.

Claim. A vessel that was transmitting has been silent for much longer than it, as this feed hears it, is ever silent
while some source that hears it was up. The alert opens while the vessel is still silent.

Why it matters. Ships that carry arms or sanctioned oil switch AIS off. What is written only when a ship returns
is weeks late: ANGARA was found by satellite pictures.

How it decides. Silence counts only while a source that heard the vessel was up (outages stop it). It must reach the
larger of a floor (1 h; 20 min for listed ships; 4 h at rest) and a multiple of the interval at which the vessel
reports: by class and motion (ITU-R M.1371) and as this feed has heard it so far. Class B is left out unless listed.
The gap closes at the next report, with the distance covered and the speed that it took.

When it is wrong. A ship that sails out of range, or a receiver among several that dies, looks the same: this rule
knows sources, not places. Read an unlisted gap as a question. A ship heard only once or twice is not judged.

References. ITU-R M.1371-5 (reporting intervals); Global Fishing Watch, AIS disabling (Welch et al. 2022);
Hammond and Peters 2012 (coverage).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.columns import Columns
from detectors.core.geo import distance_nm, place
from detectors.core.havens import once_heard, while_silent
from detectors.core.protocol import Detector, Finding, Places, Step
from detectors.core.ship import Ship
from detectors.core.units import HOUR_MS, MS, NEVER_MS, next_steps, rfc3339, spoken, zulu

_MOORED = np.isin(np.arange(256), (1, 5, 6))  # by status, unknown (-1) last: at anchor, moored, aground
INTERVAL_A_S, INTERVAL_B_S, INTERVAL_REST_S = 10.0, 30.0, 180.0  # ITU-R M.1371


class Gap(Detector):
    """See the module."""

    name = "gap"
    severities = {  # noqa: RUF012 - read only
        "gap.unlisted": "log",
        "gap.at_rest": "log",
        "gap.listed": "page",
        "gap.listed_unverified": "ticket",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``gap``."""

        min_silence_s: Annotated[float, Meta(ge=60, le=2_592_000, description="Shortest gap, s")] = 3600.0
        min_silence_listed_s: Annotated[
            float, Meta(ge=60, le=2_592_000, description="Shortest gap of a watchlisted ship, s")
        ] = 1200.0
        min_silence_at_rest_s: Annotated[
            float, Meta(ge=60, le=2_592_000, description="Shortest silence of a ship last heard at rest, s")
        ] = 14_400.0
        min_intervals: Annotated[
            float, Meta(ge=1, le=1000, description="... and at least this many of its reporting intervals")
        ] = 10.0
        min_intervals_listed: Annotated[float, Meta(ge=1, le=1000, description="The same for a watchlisted ship")] = 5.0
        min_reports: Annotated[
            int,
            Meta(ge=1, le=1000, description="Reports that a ship must have sent before its silence means something"),
        ] = 3
        at_rest_kn: Annotated[float, Meta(ge=0, le=5, description="Slower than this is at rest, kn")] = 0.5
        class_b: Annotated[bool, Meta(description="Also judge unlisted class B, which fades easily")] = False

    def screen(self, step: Step) -> Places:
        """A due look is judged; a report closes an open gap."""
        return np.arange(len(step.rows)) if step.kind == "clock" else self.is_open(step).nonzero()[0]

    def due(self, step: Step) -> npt.NDArray[np.int64]:
        """When a silence that begins now is a gap."""
        needed_ms = self._needed_ms(step.now)
        return np.where(needed_ms == NEVER_MS, NEVER_MS, next_steps(step.now.last_ms + needed_ms))

    def _needed_ms(self, now: Columns) -> npt.NDArray[np.int64]:
        """How long each vessel must be silent for a gap, ms; NEVER_MS where it is not judged."""
        t = self.thresholds
        listed, class_b = now.listed > 0, now.class_b
        at_rest = self._at_rest(now)
        floor_s = np.where(at_rest, t.min_silence_at_rest_s, t.min_silence_s)
        floor_s = np.where(listed, t.min_silence_listed_s, floor_s)
        interval_s = np.where(at_rest, INTERVAL_REST_S, np.where(class_b, INTERVAL_B_S, INTERVAL_A_S))
        usual_s = np.fmax(interval_s, now.usual_s.astype(np.float64))
        times = np.where(listed, t.min_intervals_listed, t.min_intervals)
        needed_s = np.maximum(floor_s, np.round(usual_s * times))
        judged = now.vessel & (listed | ~class_b | t.class_b) & (now.reports >= t.min_reports)
        return np.where(judged, (needed_s * MS).astype(np.int64), NEVER_MS)

    def _at_rest(self, now: Columns) -> npt.NDArray[np.bool_]:
        sog_kn = np.round(now.sog_kn.astype(np.float64), 1)
        moored = _MOORED[now.status] & ~(sog_kn > 3.0)  # noqa: PLR2004 - M.1371: the 3 min rule
        return np.asarray(moored | (sog_kn < self.thresholds.at_rest_kn))

    def judge(self, step: Step, at: int) -> Iterable[Finding]:
        """Opens at a due look, closes at a report."""
        opened = self.opened(step, at)
        if step.kind == "clock":
            return self._silent(step, at) if opened is None else []
        return [self._heard(step, at, opened)] if opened is not None else []

    def _silent(self, step: Step, at: int) -> Iterable[Finding]:
        ship = step.ship(at)
        needed_ms = int(self._needed_ms(step.only(np.array([at])).now)[0])
        if needed_ms == NEVER_MS:
            return
        silent_ms = step.silence_ms(at, ship.last_ms)
        if silent_ms < needed_ms:  # part of it was an outage: look again when the rest may have passed
            self.await_silence(step, at, ship.last_ms, needed_ms)
            return
        yield self._open(step, at, ship, silent_ms, needed_ms)

    def _open(self, step: Step, at: int, ship: Ship, silent_ms: int, needed_ms: int) -> Finding:
        at_rest = bool(self._at_rest(step.only(np.array([at])).now)[0])
        now_ms = int(step.time_ms[at])
        where = f" {place(ship.lat_deg, ship.lon_deg)}" if ship.lat_deg is not None and ship.lon_deg is not None else ""
        usual = () if ship.usual_s is None else (Fact(fact="usual interval here", value=ship.usual_s, unit="s"),)
        return Finding(
            action="open",
            situation=self._situation(ship, at_rest),
            time_ms=now_ms,
            start_ms=ship.last_ms,
            headline=f"{ship.title} silent {spoken(now_ms - ship.last_ms)}{where} since {zulu(ship.last_ms)}",
            why=(
                Fact(
                    fact="silence while its source was up", value=silent_ms // MS, threshold=needed_ms // MS, unit="s"
                ),
                *usual,
                Fact(fact="reports before the silence", value=ship.reports, threshold=self.thresholds.min_reports),
            ),
            would_change=("any report of the ship closes it", "an outage of its source in this time would explain it"),
            verification=_verified(ship),
            details=self._details(ship, at_rest, (now_ms - ship.last_ms) // MS)
            | while_silent(step.reference, ship, now_ms),
            sentences=(ship.sentence,) if ship.sentence else (),
        )

    def _heard(self, step: Step, at: int, opened: Alert) -> Finding:
        before, ship = step.ship_before(at), step.ship(at)
        dark_ms = ship.last_ms - before.last_ms
        far_nm, speed_kn = _leg(before, ship, moved=bool(step.moved[at]))
        details = {
            **opened.details,
            "silent_for_s": dark_ms // MS,
            "reappeared_at": rfc3339(ship.last_ms),
            **({} if far_nm is None else {"distance_nm": far_nm}),
            **({} if speed_kn is None else {"implied_speed_kn": speed_kn}),
            **(once_heard(step.reference, before, ship) if far_nm is not None else {}),
        }
        where = "" if far_nm is None else f" {far_nm:.0f}nm on"
        return Finding(
            action="close",
            situation=self._situation(ship, at_rest=opened.details.get("category") == "at_rest"),
            time_ms=ship.last_ms,
            headline=f"{ship.title} reappeared after {spoken(dark_ms)}{where} {zulu(ship.last_ms)}",
            why=(Fact(fact="silence", value=dark_ms // MS, unit="s"), *opened.why[1:]),
            verification=_verified(ship),
            details=details,
            sentences=tuple(line for line in (before.sentence, step.lines(at)) if line),
        )

    def _details(self, ship: Ship, at_rest: bool, silent_s: int) -> dict[str, object]:
        interval_s = INTERVAL_REST_S if at_rest else INTERVAL_B_S if ship.class_b else INTERVAL_A_S
        return {
            "category": "at_rest" if at_rest else "under_way",
            "last_heard": rfc3339(ship.last_ms),
            "silent_for_s": silent_s,
            "expected_interval_s": interval_s,
            **({} if ship.usual_s is None else {"usual_interval_s": ship.usual_s}),
        }

    def _situation(self, ship: Ship, at_rest: bool) -> str:
        if ship.listed is not None and not ship.misuse:
            return (
                "gap.listed"
                if ship.support > 1 or ship.reports > self.thresholds.min_reports
                else "gap.listed_unverified"
            )
        return "gap.at_rest" if at_rest else "gap.unlisted"


def _verified(ship: Ship) -> Any:
    return "corroborated" if ship.support > 1 else "unverified"


def _leg(before: Ship, ship: Ship, *, moved: bool) -> tuple[float | None, float | None]:
    """Distance covered in the dark, nm, and the speed over ground that it took, kn; None when a fix is missing."""
    if not moved or before.lat_deg is None or before.lon_deg is None or ship.lat_deg is None or ship.lon_deg is None:
        return None, None
    far_nm = round(distance_nm(before.lat_deg, before.lon_deg, ship.lat_deg, ship.lon_deg), 2)
    hours = (ship.fix_ms - before.fix_ms) / HOUR_MS
    return far_nm, round(far_nm / hours, 1) if hours > 0 else None
