"""Long stay: a vessel is stationary for longer than is usual.

Claim. A listed vessel has been stationary for more than a day, as far as is known: it may have fallen silent there. If
the settings ask for it, any vessel that has been stationary for thirty days.

Why it matters. ANGARA reached a yard near Zhoushan, fell silent two days later, and stayed there for months. A vessel
that is seen only in port is a pattern in itself.

How it decides. A stop begins at 0.2 kn (if no speed is sent: at status "moored" or "at anchor") and lasts while the
vessel is within a kilometre of where it began. The stop is its own place, so no table of berths is needed; the name of
the port is only a label. A stay counts from its beginning, also if the vessel was listed later. The alert opens when
the stop has reached its length, also if the vessel is silent by then: that is its last known position. Silence is
stated and leaves the alert open. A position further away closes it, but not while positions are inconsistent
(``[fleet] track_most_kn``).

When it is wrong. A vessel that falls silent after a stop may have left unheard: nothing is known after
``silent_since``. False positions can be stationary.

References. Global Fishing Watch, anchorages (stop at 0.2 kn); UN S/2024/215 (Panel of Experts, DPRK).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.call_wording import draught_across, off
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.geography.harbours import Harbour, harbours_of
from detectors.core.protocol import Detector, Finding
from detectors.core.units import DAY_MS, HOUR_MS, MS, NEVER_MS, duration_text, hhmm_z, next_steps, rfc3339, stamp
from detectors.core.vessels.columns import Column
from detectors.core.vessels.past import LONG_STAY, Stay
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.stationary import stop_of
from detectors.core.vessels.stops import SCREEN_SHARE, away_km, has_stopped, have_stopped, kilometres

LABEL_NM = 10.0


class LongStay(Detector):
    """See the module."""

    name = "long_stay"
    unreliable_most = "log"
    columns = (
        Column("lat_deg", "<f4", np.nan),  # where the stop began
        Column("lon_deg", "<f4", np.nan),
        Column("since_ms", "<i8"),  # ... and when; 0 if it is not stationary
        Column("quiet", "?"),  # "silent since" has been reported
    )
    severities = {"long_stay.listed": "ticket", "long_stay.unlisted": "log"}  # noqa: RUF012 - read only

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``long_stay``."""

        listed_d: Annotated[float, Meta(gt=0, le=3650, description="Shortest long stay of a listed vessel, days")] = 1.0
        others: Annotated[bool, Meta(description="Also judge vessels that are not listed")] = False
        others_d: Annotated[float, Meta(gt=0, le=3650, description="Shortest long stay of any other vessel, days")] = (
            30.0
        )
        stop_kn: Annotated[float, Meta(ge=0, le=5, description="A stop begins at or below this speed, kn")] = 0.2
        within_km: Annotated[
            float,
            Meta(
                gt=0, le=50, description="... and lasts while the vessel is within this distance of where it began, km"
            ),
        ] = 1.0
        silent_after_s: Annotated[
            float, Meta(ge=60, le=2_592_000, description="Silence during the stay after which the alert is updated, s")
        ] = 14_400.0

    def screen_reports(self, step: DetectorInput) -> Places:
        """Judged vessels that stop, move off, are heard again or are no longer judged."""
        judged = (step.now.listed > 0) | self.thresholds.others
        dropped = self.is_open(step) | (~judged & (self.state(step).since_ms[step.rows] > 0))
        at = np.flatnonzero(step.moved & step.now.vessel & judged)
        dropped[at] = False
        if not len(at):
            return np.flatnonzero(dropped)
        own, now, rows = self.state(step), step.now, step.rows[at]
        lying = own.since_ms[rows] > 0
        km = kilometres(now.lat_deg[at], now.lon_deg[at], own.lat_deg[rows], own.lon_deg[rows])
        stops = have_stopped(now, at, self.thresholds.stop_kn)
        news = np.where(lying, (km > self.thresholds.within_km * SCREEN_SHARE) | own.quiet[rows], stops)
        dropped[at[news]] = True
        return np.flatnonzero(dropped)

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """When the stay becomes long; after that, when silence during it is to be reported."""
        own, rows = self.state(step), step.rows
        due_ms = np.full(len(rows), NEVER_MS)
        at = np.flatnonzero(own.since_ms[rows])
        if len(at):
            rows, listed = rows[at], step.now.listed[at] > 0
            long_ms = own.since_ms[rows] + np.where(listed, self._long_ms(listed=True), self._long_ms(listed=False))
            silent_ms = step.now.last_ms[at] + int(self.thresholds.silent_after_s * MS)
            wanted = np.where(own.open[rows], np.where(own.quiet[rows], NEVER_MS, silent_ms), long_ms)
            due_ms[at] = np.where(listed | self.thresholds.others, next_steps(wanted), NEVER_MS)
        return due_ms

    def _long_ms(self, *, listed: bool) -> int:
        return int((self.thresholds.listed_d if listed else self.thresholds.others_d) * DAY_MS)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Follows the stop; closes when the vessel is seen elsewhere."""
        opened, ship = self.opened(step, at), step.ship(at)
        if self._is_judged(ship):
            return self._reported(step, at, ship, opened)
        return self._dropped(step, at, ship, opened)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens when the stay is long; reports that the vessel has fallen silent there."""
        opened, ship = self.opened(step, at), step.ship(at)
        if self._is_judged(ship):
            return self._looked_at(step, at, ship, opened)
        return self._dropped(step, at, ship, opened)

    def _is_judged(self, ship: VesselState) -> bool:
        return ship.listed is not None or self.thresholds.others

    def _dropped(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        """The vessel is no longer judged."""
        self.state(step).since_ms[step.rows[at]] *= opened is not None
        return [self._close(step, at, ship, opened, "no longer listed")] if opened else []

    def _reported(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        own, row = self.state(step), int(step.rows[at])
        km = away_km(ship, float(own.lat_deg[row]), float(own.lon_deg[row]))
        if own.since_ms[row] and km is not None and km <= self.thresholds.within_km:
            if opened and own.quiet[row]:
                own.quiet[row] = False
                yield self._words(step, at, ship, opened)
            return
        if ship.unsure:
            return  # a false position does not end it
        if opened:
            yield self._close(step, at, ship, opened, "seen elsewhere")
        own.since_ms[row], own.quiet[row] = 0, False
        if has_stopped(ship, self.thresholds.stop_kn):
            own.since_ms[row], own.lat_deg[row], own.lon_deg[row] = ship.fix_ms, ship.lat_deg, ship.lon_deg
            self._look_back(step, at, ship)
            self.arm(step, at, int(own.since_ms[row]) + self._long_ms(listed=ship.listed is not None))

    def _look_back(self, step: DetectorInput, at: int, ship: VesselState) -> None:
        """A vessel that stopped there before it was judged has been there since then."""
        own, row, stop = self.state(step), int(step.rows[at]), stop_of(step.fleet, int(step.rows[at]))
        km = None if stop is None else away_km(ship, stop.lat_deg, stop.lon_deg)
        if stop is not None and km is not None and km <= self.thresholds.within_km:
            own.since_ms[row], own.lat_deg[row], own.lon_deg[row] = stop.since_ms, stop.lat_deg, stop.lon_deg

    def _looked_at(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        if not own.since_ms[row]:
            self._look_back(step, at, ship)
        since_ms = int(own.since_ms[row])
        if not since_ms:
            return
        long_ms = since_ms + self._long_ms(listed=ship.listed is not None)
        if opened is None and now_ms < long_ms:  # checked for another reason: the list changed
            self.arm(step, at, long_ms)
            return
        needed_ms = int(self.thresholds.silent_after_s * MS)
        quiet = step.silence_ms(at, ship.last_ms) >= needed_ms
        if not quiet:
            self.await_silence(step, at, ship.last_ms, needed_ms)
        if opened is None or (quiet and not own.quiet[row]):
            own.quiet[row] = quiet
            yield self._words(step, at, ship, opened)

    def _words(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Finding:
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        since_ms, lat, lon = int(own.since_ms[row]), float(own.lat_deg[row]), float(own.lon_deg[row])
        harbour = harbours_of(self.reference).nearest(lat, lon, LABEL_NM)
        long_ms = self._long_ms(listed=ship.listed is not None)
        quiet = f", silent since {stamp(ship.last_ms, now_ms)}" if own.quiet[row] else ""
        lies = "last known stationary for" if quiet else "stationary for"
        return Finding(
            action="update" if opened else "open",
            situation=_situation(ship),
            time_ms=now_ms,
            start_ms=now_ms if step.fleet.memory.has_stay(row, since_ms, LONG_STAY) else since_ms,
            headline=f"{ship.title} {lies} {duration_text(now_ms - since_ms)} {off(harbour, (lat, lon))}{quiet}",
            why=(
                Fact(fact="time since it stopped", value=(now_ms - since_ms) // MS, threshold=long_ms // MS, unit="s"),
                Fact(fact="time since its last report", value=(now_ms - ship.last_ms) // MS, unit="s"),
                Fact(
                    fact="distance from where it stopped",
                    value=away_km(ship, lat, lon) or 0.0,
                    threshold=self.thresholds.within_km,
                    unit="km",
                ),
            ),
            would_change=(
                f"A position more than {self.thresholds.within_km:g} km from where it stopped closes it",
                "Silence leaves it open: this is its last known position",
            ),
            verification="corroborated" if ship.support > 1 else "unverified",
            details={
                "stopped_at": rfc3339(since_ms),
                "lat_deg": round(lat, 4),
                "lon_deg": round(lon, 4),
                "for_s": (now_ms - since_ms) // MS,
                "last_heard": rfc3339(ship.last_ms),
                **_label(harbour),
                **({"silent_since": rfc3339(ship.last_ms)} if quiet else {}),
                **({"destination": ship.destination} if ship.destination else {}),
            },
            sentences=step.evidence(at, ship),
        )

    def _close(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert, how: str) -> Finding:
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        since_ms, last_ms = int(own.since_ms[row]), int(step.before.last_ms[at])
        lat, lon = float(own.lat_deg[row]), float(own.lon_deg[row])
        seen = now_ms - last_ms < HOUR_MS
        stay = Stay(since_ms, last_ms, (lat, lon), LONG_STAY, 0, seen)
        step.fleet.memory.add_stay(row, stay, listed=ship.listed is not None)
        loaded, draughts = draught_across(step.fleet, row, stay)
        own.since_ms[row], own.quiet[row] = 0, False
        km = away_km(ship, lat, lon)
        return Finding(
            action="close",
            situation=_situation(ship),
            time_ms=now_ms,
            headline=f"{ship.title} {how} after {duration_text(last_ms - since_ms)} in one place, {hhmm_z(now_ms)}",
            why=(
                *(
                    ()
                    if km is None
                    else (
                        Fact(
                            fact="distance from where it stopped",
                            value=km,
                            threshold=self.thresholds.within_km,
                            unit="km",
                        ),
                    )
                ),
                *opened.why[:1],
                *loaded,
            ),
            verification=opened.verification,
            details={
                **{name: value for name, value in opened.details.items() if name != "silent_since"},
                **draughts,
                "ended": how,
                "last_seen_there": rfc3339(last_ms),
                "seen_leaving": seen,
            },
            sentences=step.evidence(at),
        )


def _situation(ship: VesselState) -> str:
    return "long_stay.listed" if ship.listed is not None and not ship.misuse else "long_stay.unlisted"


def _label(harbour: Harbour | None) -> dict[str, object]:
    if harbour is None:
        return {}
    return {"port": harbour.name, "port_distance_nm": harbour.distance_nm}
