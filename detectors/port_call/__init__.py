"""Port call: a listed vessel stops at a port, anywhere in the world.

Claim. A listed vessel has stopped within 10 nm of a port or of a zone, or fell silent in one.

Why it matters. A listed vessel in port can be visited, refused service or detained; after it sails it is too late. The
ports that it uses show who its customers are.

How it decides. The vessel has stopped at 0.2 kn (if no speed is sent: at status "moored" or "at anchor"). The place of
the stop is the place of the call, and the name of the port is a label. Entry was seen if the vessel was heard more than
3 km away in the same transmission. Exit was seen if it is heard more than 4 km away without a silence of four hours in
between. A silence of four hours within 3 km of a port's position counts as a call without a stop. If the vessel is
listed, or a zone comes into force, during the stop, the call is opened from the beginning of the stop. Confidence is 1
to 4: 1, plus 1 each for entry, stop and exit seen. A call in a zone that already has an open ticket for this vessel is
for the record: one visit, one ticket. A vessel that falls silent in port leaves the alert open: last known there.

When it is wrong. Port positions come from an index and are right to a mile or two. A vessel that anchors off a coast to
wait has stopped near a port without calling at it. Positions can be false.

References. Global Fishing Watch, anchorages and port visits (enter 3 km, leave 4 km, stop 0.2 kn, start 0.5 kn,
confidence 1 to 4); NGA World Port Index.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.alert import Alert
from detectors.core.call_wording import ENTRY, EXIT, STOP, call, confidence, draught_across, headline, here
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.geography.harbours import harbours_of
from detectors.core.listed_silences import ordinary_port
from detectors.core.protocol import Detector, Finding
from detectors.core.units import KM_NM, MS, NEVER_MS, duration_text, hhmm_z, next_steps, rfc3339, stamp
from detectors.core.vessels.columns import Column
from detectors.core.vessels.past import PORT_CALL, Stay
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.stationary import StationaryAt, stop_of
from detectors.core.vessels.stops import SCREEN_SHARE, away_km, has_stopped, have_stopped, kilometres
from detectors.port_call.wording import (
    ENDED,
    SUPPORTED,
    CallLimits,
    call_facts,
    called_at,
    confidence_fact,
    ended_details,
    situation_of,
    stayed_fact,
)


class PortCall(Detector):
    """See the module."""

    name = "port_call"
    unreliable_most = "log"
    judges_zones = True
    columns = (
        Column("from_lat_deg", "<f4", np.nan),  # where this transmission began, or the last call ended
        Column("from_lon_deg", "<f4", np.nan),
        Column("lat_deg", "<f4", np.nan),  # where it stopped
        Column("lon_deg", "<f4", np.nan),
        Column("since_ms", "<i8"),  # ... and when; 0 if it is not in a call
        Column("sailed_ms", "<i8"),  # when it was under way again during the call; 0 while it is stationary
        Column("seen", "u1"),  # ENTRY, STOP, EXIT
        Column("quiet", "?"),  # "silent since" has been reported
        Column("sure", "?"),  # the alert rests on two reports
    )
    severities = {  # noqa: RUF012 - read only
        "port_call.listed": "ticket",
        "port_call.in_zone": "log",
        "port_call.unverified": "ticket",
        "port_call.misuse": "log",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``port_call``."""

        port_within_nm: Annotated[
            float, Meta(gt=0, le=60, description="A stop within this distance of a port is a port call, nm")
        ] = 10.0
        enter_km: Annotated[
            float, Meta(gt=0, le=50, description="A vessel that came from further away than this was seen to enter, km")
        ] = 3.0
        leave_km: Annotated[float, Meta(gt=0, le=50, description="A vessel further away than this has left, km")] = 4.0
        stop_kn: Annotated[float, Meta(ge=0, le=5, description="At or below this speed it has stopped, kn")] = 0.2
        start_kn: Annotated[float, Meta(ge=0, le=5, description="At or above this speed it is under way, kn")] = 0.5
        silent_after_s: Annotated[
            float, Meta(ge=60, le=2_592_000, description="Silence in port that counts as a port call, s")
        ] = 14_400.0

    def screen_reports(self, step: DetectorInput) -> Places:
        """Listed vessels that begin to transmit, stop, move off or are heard again; calls of delisted vessels."""
        listed, found = step.now.listed > 0, self.is_open(step)
        at = np.flatnonzero(listed & step.moved & step.now.vessel)
        found[listed] = False
        if len(at):
            found[at[self._news(step, at)]] = True
        return np.flatnonzero(found)

    def _news(self, step: DetectorInput, at: Places) -> npt.NDArray[np.bool_]:
        own, now, rows, t = self.state(step), step.now, step.rows[at], self.thresholds
        lat, lon = now.lat_deg[at], now.lon_deg[at]
        km = kilometres(lat, lon, own.lat_deg[rows], own.lon_deg[rows])
        sog_kn = np.round(now.sog_kn[at].astype(np.float64), 1)
        stops, lies = have_stopped(now, at, t.stop_kn), own.sailed_ms[rows] == 0
        begins = np.isnan(own.from_lat_deg[rows]) | self._again(step, at)
        arrives = begins | (stops & ~(km <= t.enter_km))  # not again if no port was near
        leaves = (km > t.leave_km * SCREEN_SHARE) | np.where(lies, sog_kn >= t.start_kn, stops) | own.quiet[rows]
        settles = (~own.sure[rows] & (now.support[at] >= SUPPORTED)) | (stops & (own.seen[rows] & STOP == 0))
        news: npt.NDArray[np.bool_] = np.where(own.since_ms[rows] > 0, leaves | settles, arrives)
        return news

    def _again(self, step: DetectorInput, at: Any) -> Any:
        """Whether a silence long enough to count precedes a report: the time in between is unknown."""
        return step.time_ms[at] - step.before.last_ms[at] >= self._silent_ms

    @property
    def _silent_ms(self) -> int:
        return int(self.thresholds.silent_after_s * MS)

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """When the silence of a listed vessel counts."""
        due_ms = np.full(len(step.rows), NEVER_MS)
        at = np.flatnonzero((step.now.listed > 0) & step.now.vessel & (step.now.fix_ms > 0))
        if len(at):
            due_ms[at] = next_steps(step.now.last_ms[at] + self._silent_ms)
        return due_ms

    # -- judgement ------------------------------------------------------------------------------------------------

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Begins, follows and ends a call."""
        opened, ship = self.opened(step, at), step.ship(at)
        if ship.listed is None:
            return self._delisted(step, at, ship, opened)
        return self._reported(step, at, ship, opened)

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Reports that a vessel has fallen silent in port, or where it may have called unseen."""
        opened, ship = self.opened(step, at), step.ship(at)
        if ship.listed is None:
            return self._delisted(step, at, ship, opened)
        return self._looked_at(step, at, ship, opened)

    def screen_reference(self, step: DetectorInput) -> Places:
        """Listed vessels that are stationary and have no call yet: it may have begun before they were listed."""
        return np.flatnonzero((step.now.listed > 0) & (step.now.stop_ms > 0) & ~self.is_open(step))

    def on_reference(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Checks for a stop that began earlier."""
        return self.when_due(step, at)

    def _delisted(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        return [self._close(step, at, ship, opened, "no longer listed")] if opened else []

    def _reported(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        own, row, t = self.state(step), int(step.rows[at]), self.thresholds
        again = bool(self._again(step, at))
        if ship.unsure:
            return  # false positions neither begin nor end a call
        if opened:
            km = away_km(ship, float(own.lat_deg[row]), float(own.lon_deg[row]))
            if km is None or km <= t.leave_km:
                yield from self._within(step, at, ship, opened)
                return
            own.seen[row] |= 0 if again else EXIT
            yield self._close(step, at, ship, opened, "left unseen" if again else "left")
            own.from_lat_deg[row], own.from_lon_deg[row] = ship.lat_deg, ship.lon_deg
        elif again or np.isnan(own.from_lat_deg[row]):
            own.from_lat_deg[row], own.from_lon_deg[row] = ship.lat_deg, ship.lon_deg
        if has_stopped(ship, t.stop_kn):
            yield from self._arrived(step, at, ship, self._stop(step, at, ship), STOP)

    def _stop(self, step: DetectorInput, at: int, ship: VesselState) -> StationaryAt | None:
        """Where it stopped: also before it was listed; otherwise here and now."""
        stop = stop_of(step.fleet, int(step.rows[at]))
        if stop is not None and (away_km(ship, stop.lat_deg, stop.lon_deg) or 0.0) <= self.thresholds.leave_km:
            return stop
        return here(ship)

    def _within(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert) -> Iterable[Finding]:
        """During the call: under way and at rest again, heard again, supported."""
        own, row, t = self.state(step), int(step.rows[at]), self.thresholds
        said = bool(own.quiet[row]), int(own.seen[row]), bool(own.sure[row])
        if has_stopped(ship, t.stop_kn):
            own.sailed_ms[row], own.seen[row] = 0, own.seen[row] | STOP
        elif ship.sog_kn is not None and ship.sog_kn >= t.start_kn and not own.sailed_ms[row]:
            own.sailed_ms[row] = ship.fix_ms
        own.quiet[row], own.sure[row] = False, bool(own.sure[row]) or ship.support >= SUPPORTED
        if said != (False, int(own.seen[row]), bool(own.sure[row])):
            yield self._words(step, at, ship, opened)

    def _arrived(
        self,
        step: DetectorInput,
        at: int,
        ship: VesselState,
        stop: StationaryAt | None,
        seen: int,
        *,
        quiet: bool = False,
    ) -> Iterable[Finding]:
        """It stopped (or fell silent, without STOP): a call if a port is near. The place is noted in any case."""
        own, row, t = self.state(step), int(step.rows[at]), self.thresholds
        if stop is None:
            return
        own.lat_deg[row], own.lon_deg[row] = stop.lat_deg, stop.lon_deg
        within_nm = t.port_within_nm if seen else t.enter_km * KM_NM
        if harbours_of(self.reference).nearest(stop.lat_deg, stop.lon_deg, within_nm) is None:
            return
        km = away_km(ship, float(own.from_lat_deg[row]), float(own.from_lon_deg[row]))
        own.seen[row] = seen | (ENTRY if km is not None and km > t.enter_km else 0)
        own.since_ms[row], own.sailed_ms[row] = stop.since_ms, 0
        own.quiet[row], own.sure[row] = quiet, ship.support >= SUPPORTED
        yield self._words(step, at, ship, None)

    def _looked_at(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Iterable[Finding]:
        """The vessel is silent, or a list or zones came into force: an earlier stop counts from its beginning."""
        own, row = self.state(step), int(step.rows[at])
        quiet = step.silence_ms(at, ship.last_ms) >= self._silent_ms
        if not quiet:
            self.await_silence(step, at, ship.last_ms, self._silent_ms)
        if opened and quiet and not own.quiet[row]:
            own.quiet[row] = True
            yield self._words(step, at, ship, opened)
        elif opened is None and not ship.unsure:
            stopped = stop_of(step.fleet, row) is not None
            if stopped:
                yield from self._arrived(step, at, ship, self._stop(step, at, ship), STOP, quiet=quiet)
            elif quiet:
                yield from self._arrived(step, at, ship, here(ship), 0, quiet=True)

    # -- wording --------------------------------------------------------------------------------------------------

    def _words(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert | None) -> Finding:
        own, row, now_ms, t = self.state(step), int(step.rows[at]), int(step.time_ms[at]), self.thresholds
        lat, lon, since_ms = float(own.lat_deg[row]), float(own.lon_deg[row]), int(own.since_ms[row])
        harbour, quiet = harbours_of(self.reference).nearest(lat, lon, t.port_within_nm), bool(own.quiet[row])
        when = stamp(ship.last_ms if quiet else since_ms, now_ms)
        zone = opened.details.get("in_zone") if opened else ordinary_port(step.fleet.open_of(row))
        limits = CallLimits(t.port_within_nm, t.stop_kn, self._silent_ms // MS)
        return Finding(
            action="update" if opened else "open",
            situation=situation_of(ship, zone),
            time_ms=now_ms,
            start_ms=now_ms if step.fleet.memory.has_stay(row, since_ms, PORT_CALL) else since_ms,
            headline=headline(ship, harbour, (lat, lon), int(own.seen[row]), quiet=quiet, when=when),
            why=call_facts(ship, harbour, int(own.seen[row]), limits, now_ms, quiet=quiet),
            would_change=(
                f"A position more than {t.leave_km:g} km away closes it",
                "Silence leaves it open: this is its last known position",
            ),
            verification="corroborated" if own.sure[row] else "unverified",
            details={
                **call(harbour, (lat, lon), int(own.seen[row])),
                "stopped_at": rfc3339(since_ms),
                **({"under_way_at": rfc3339(int(own.sailed_ms[row]))} if own.sailed_ms[row] else {}),
                **({"silent_since": rfc3339(ship.last_ms)} if quiet else {}),
                **({"destination": ship.destination} if ship.destination else {}),
                **({"in_zone": zone} if zone else {}),
            },
            sentences=step.evidence(at, ship),
        )

    def _close(self, step: DetectorInput, at: int, ship: VesselState, opened: Alert, how: str) -> Finding:
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        since_ms, seen, last_ms = int(own.since_ms[row]), int(own.seen[row]), int(step.before.last_ms[at])
        where = float(own.lat_deg[row]), float(own.lon_deg[row])
        stay = Stay(since_ms, last_ms, where, PORT_CALL, confidence(seen), bool(seen & EXIT))
        step.fleet.memory.add_stay(row, stay, listed=ship.listed is not None)
        loaded, draughts = draught_across(step.fleet, row, stay)
        own.since_ms[row], own.sailed_ms[row], own.seen[row] = 0, 0, 0
        own.quiet[row] = own.sure[row] = False
        own.lat_deg[row] = own.lon_deg[row] = np.nan
        harbour = called_at(opened, where)
        return Finding(
            action="close",
            situation=situation_of(ship, opened.details.get("in_zone")),
            time_ms=now_ms,
            headline=f"{ship.title} {ENDED[how].format(harbour)} after {duration_text(last_ms - since_ms)}, "
            f"{hhmm_z(now_ms)}",
            why=(stayed_fact(stay), confidence_fact(seen), *loaded),
            verification=opened.verification,
            details={**ended_details(opened, stay, how), **draughts},
            sentences=step.evidence(at),
        )
