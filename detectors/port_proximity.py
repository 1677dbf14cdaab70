"""Port proximity: a ship in, closing on, or bound for a place under sanctions.

Claim. A vessel is inside a zone, or on a course into one with an arrival inside its horizon, or says that it is
bound for one.

Why it matters. Calls at sanctioned ports are what the listed traffic exists for; the last hours before one are
when it can still be watched.

How it decides. Sanctioned zones look at every ship, associated zones (ordinary ports on the same routes) at listed
ships only; a zone counts between its dates. One alert a ship at a time, naming the nearest zone. *Inside*: within
the radius or polygon, until a tenth beyond it. *Closing*: the course leads through the zone, at 3 kn or more, the
arrival is inside the horizon, and for an unlisted ship the destination names the zone or it is slowing down: mere
nearness beside a busy lane is not enough. *Destination*: the text names it by UN/LOCODE or alias. A ship that goes
silent inside leaves its alert open: last known inside.

When it is wrong. Destinations are typed by hand and forged; a course that leads in may turn at the next waypoint.
Positions of small ports are known to a mile or two.

References. UN/LOCODE; NGA World Port Index; US and EU sanctions programmes as each zone states.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.alert import Alert, Fact
from detectors.core.approach import CLOSING, INSIDE, NONE, REASONS, Look, Speeds, look_at
from detectors.core.columns import Column, Columns
from detectors.core.geo import place
from detectors.core.places import NO_ZONE, Places, zone_label
from detectors.core.protocol import Detector, Finding, Step
from detectors.core.protocol import Places as At
from detectors.core.reference import Reference
from detectors.core.ship import Ship
from detectors.core.units import HOUR_MS, MINUTE_MS, MS, NEVER_MS, next_steps, rfc3339, spoken, zulu

SCREEN_MARGIN: Final = 1.02
Bools = npt.NDArray[np.bool_]


class PortProximity(Detector):
    """See the module."""

    name = "port_proximity"
    columns = (
        Column("zone", "<i2", NO_ZONE),
        Column("reason", "u1"),
        Column("held_ms", "<i8"),  # when it was last seen to be so
        Column("fastest_kn", "<f4"),  # highest speed lately: what slowing is measured against
        Column("stage", "u1"),  # 1 when the alert rests on two reports
        Column("listed", "?"),
        Column("quiet", "?"),  # "silent since" has been said
    )
    severities = {  # noqa: RUF012 - read only
        "port_proximity.listed_inside": "page",
        "port_proximity.listed": "ticket",
        "port_proximity.unverified": "ticket",
        "port_proximity.inside": "ticket",
        "port_proximity.unlisted": "log",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Thresholds of ``port_proximity``."""

        leave_factor: Annotated[float, Meta(ge=1, le=3, description="Left beyond this many radii")] = 1.1
        closing_least_kn: Annotated[float, Meta(ge=0, le=30, description="Slower is not closing, kn")] = 3.0
        slowing_share: Annotated[
            float, Meta(gt=0, le=1, description="Below this share of its recent speed it is slowing")
        ] = 0.8
        closing_held_min: Annotated[
            float, Meta(ge=0, le=1440, description="A closing ends when its course has led elsewhere this long, min")
        ] = 30.0
        silent_after_s: Annotated[
            float, Meta(ge=60, le=86_400, description="Silence inside that is worth a revision, s")
        ] = 3600.0
        unknown_after_h: Annotated[
            float, Meta(ge=1, le=8760, description="Silence after which closing and destination are unknown, h")
        ] = 12.0

    def __init__(self, thresholds: Thresholds, reference: Reference) -> None:
        super().__init__(thresholds, reference)
        self.places = Places(reference)

    def screen(self, step: Step) -> At:
        """Ships near a zone or bound for one, and those with an open alert whose standing may have changed."""
        if step.kind == "clock":
            return np.arange(len(step.rows))
        if not self.places.zones:
            return np.zeros(0, np.intp)
        own, now, rows = self.state(step), step.now, step.rows
        active = own.reason[rows] > NONE
        wanted = self._near(step, active) | self._renamed(step, active)
        if active.any():
            unsettled = (own.stage[rows] == 0) & (now.support > 1)
            wanted |= active & (unsettled | own.quiet[rows] | (own.listed[rows] != (now.listed > 0)))
        return (wanted & now.vessel).nonzero()[0]

    def due(self, step: Step) -> npt.NDArray[np.int64]:
        """When a ship with an open alert has been silent for so long that it must be said."""
        due_ms = np.full(len(step.rows), NEVER_MS)
        active = (self.state(step).reason[step.rows] > NONE).nonzero()[0]
        if len(active):
            due_ms[active] = next_steps(step.now.last_ms[active] + int(self.thresholds.silent_after_s * MS))
        return due_ms

    def note(self, step: Step) -> None:
        """Keeps the highest speed lately."""
        own = self.state(step)
        for places in step.in_turn():
            moved = places[step.moved[places]]
            sog_kn, rows = np.fmax(step.now.sog_kn[moved], np.float32(0)), step.rows[moved]
            own.fastest_kn[rows] = np.maximum(sog_kn, own.fastest_kn[rows] * np.float32(0.995))

    def _renamed(self, step: Step, active: Bools) -> Bools:
        """Where another destination is stated that may matter."""
        at = step.stated.nonzero()[0]
        if not len(at):
            return np.zeros(len(step.rows), bool)
        renamed = np.zeros(len(step.rows), bool)
        at = at[step.now.destination[at] != step.before.destination[at]]
        matters = active[at] | (step.now.listed[at] > 0) | self._named(step.now, at)
        renamed[at[matters]] = True
        return renamed

    def _named(self, now: Columns, at: At) -> Bools:
        """Which of some ships have a destination that names a zone that counts for them."""
        texts = [text.decode("ascii", "replace") for text in now.destination[at].tolist()]
        zone = np.asarray([self.places.named_by(text) if text else NO_ZONE for text in texts], np.intp)
        counts = self.places.sanctioned[zone] | (now.listed[at] > 0)
        return np.asarray((zone != NO_ZONE) & counts)

    def _near(self, step: Step, active: Bools) -> Bools:
        """Where a position came and the zones have something to say that is not said already."""
        own, now, wanted = self.state(step), step.now, np.zeros(len(step.rows), bool)
        at = step.moved.nonzero()[0]
        sog_kn = np.fmax(now.sog_kn, np.float32(0))
        reach = self.places.may_reach(now.lat_deg[at], now.lon_deg[at], sog_kn[at], listed=now.listed[at] > 0)
        at = at[reach | active[at]]
        if not len(at):
            return wanted
        row = step.rows[at]
        nm = self.places.distances_nm(now.lat_deg[at], now.lon_deg[at])
        counted = self.places.sanctioned[None, :] | (now.listed[at] > 0)[:, None]
        inside = counted & (nm <= self.places.radius_nm * SCREEN_MARGIN)
        sog = sog_kn[at][:, None]
        reach_nm = self.places.radius_nm + sog * self.places.horizon_h
        may_close = counted & (nm <= reach_nm) & (sog >= self.thresholds.closing_least_kn)
        settled = (own.reason[row] == INSIDE) & (inside.sum(axis=1) == 1)
        settled &= np.take_along_axis(inside, np.maximum(own.zone[row], 0)[:, None].astype(np.intp), 1)[:, 0]
        settled &= own.stage[row] > 0
        closing = may_close.any(axis=1)
        some = closing.nonzero()[0]
        leads = self.places.may_lead_into(now.lat_deg[at[some]], now.lon_deg[at[some]], now.cog_deg[at[some]], nm[some])
        closing[some] = (may_close[some] & leads).any(axis=1) | self._named(now, at[some])
        wanted[at] = (inside.any(axis=1) & ~settled) | (closing & ~settled) | ((own.reason[row] >= CLOSING) & ~settled)
        return wanted

    # -- judge ----------------------------------------------------------------------------------------------------

    def judge(self, step: Step, at: int) -> Iterable[Finding]:
        """Compares what is true now with what was said."""
        opened = self.opened(step, at)
        if step.kind == "clock":
            return self._silent(step, at, opened) if opened else []
        return self._reported(step, at, opened)

    def _reported(self, step: Step, at: int, opened: Alert | None) -> Iterable[Finding]:
        own, row, ship, now_ms = self.state(step), int(step.rows[at]), step.ship(at), int(step.time_ms[at])
        slow_kn = round(float(own.fastest_kn[row]) * self.thresholds.slowing_share, 1)
        look = look_at(self.places, ship, now_ms, Speeds(self.thresholds.closing_least_kn, slow_kn))
        look = self._hold(look, step, at, ship)
        said = Look(int(own.zone[row]), int(own.reason[row]))
        verified, listed = ship.support > 1, ship.listed is not None
        news = (look.zone, look.reason) != (said.zone, said.reason) or (opened is not None and own.quiet[row])
        news = news or (opened is not None and ((verified and not own.stage[row]) or listed != own.listed[row]))
        if look.reason > NONE and look.reason >= said.reason:
            own.held_ms[row] = now_ms
        if not news:
            return
        own.zone[row], own.reason[row], own.quiet[row], own.listed[row] = look.zone, look.reason, False, listed
        own.stage[row] = int(verified)
        if opened and look.zone != said.zone:
            yield self._closing_words(step, at, ship, opened, "left")
            opened = None
        if look.reason > NONE:
            self.arm(step, at, ship.last_ms + int(self.thresholds.silent_after_s * 1000))
            yield self._words(step, at, ship, look, opened)

    def _hold(self, look: Look, step: Step, at: int, ship: Ship) -> Look:
        """Hysteresis: inside until a tenth beyond, closing until it has led elsewhere for a while."""
        own, row, now_ms = self.state(step), int(step.rows[at]), int(step.time_ms[at])
        zone, reason = int(own.zone[row]), int(own.reason[row])
        if look.reason >= reason or ship.lat_deg is None or ship.lon_deg is None or zone == NO_ZONE:
            return look
        distance_nm = self.places.distance_nm(zone, ship.lat_deg, ship.lon_deg)
        if reason == INSIDE and self.places.contains(zone, ship.lat_deg, ship.lon_deg, self.thresholds.leave_factor):
            return Look(zone, INSIDE, distance_nm)
        if reason == CLOSING and now_ms - int(own.held_ms[row]) < self.thresholds.closing_held_min * MINUTE_MS:
            return Look(zone, CLOSING, distance_nm)
        return look

    def _silent(self, step: Step, at: int, opened: Alert) -> Iterable[Finding]:
        own, row, ship, now_ms = self.state(step), int(step.rows[at]), step.ship(at), int(step.time_ms[at])
        inside = int(own.reason[row]) == INSIDE
        t = self.thresholds
        needed_ms = int(t.silent_after_s * 1000 if inside else t.unknown_after_h * HOUR_MS)
        silent_ms = step.silence_ms(at, ship.last_ms)
        if silent_ms < needed_ms:
            self.await_silence(step, at, ship.last_ms, needed_ms)
        elif inside:
            own.quiet[row] = True
            look = Look(int(own.zone[row]), INSIDE)
            yield self._words(step, at, ship, look, opened, silent_ms=now_ms - ship.last_ms)
        else:
            own.zone[row], own.reason[row] = NO_ZONE, NONE
            yield self._closing_words(step, at, ship, opened, "unknown")

    def _situation(self, ship: Ship, reason: int) -> str:
        inside = reason == INSIDE
        if ship.listed is not None and not ship.misuse:
            if ship.support < 2:  # noqa: PLR2004 - one report is unsupported
                return "port_proximity.unverified"
            return "port_proximity.listed_inside" if inside else "port_proximity.listed"
        return "port_proximity.inside" if inside else "port_proximity.unlisted"

    def _words(
        self, step: Step, at: int, ship: Ship, look: Look, opened: Alert | None, *, silent_ms: int = 0
    ) -> Finding:
        zone, now_ms, reason = self.places.zones[look.zone], int(step.time_ms[at]), REASONS[look.reason]
        distance_nm = look.distance_nm
        if ship.lat_deg is not None and ship.lon_deg is not None:
            distance_nm = self.places.distance_nm(look.zone, ship.lat_deg, ship.lon_deg)
        details: dict[str, object] = {
            "zone": zone.name, "kind": zone.kind, "reason": reason, "distance_nm": distance_nm,
            **({"legal_basis": zone.legal_basis} if zone.legal_basis else {}),
            **({"destination": ship.destination} if ship.destination else {}),
            **({"eta": rfc3339(now_ms + int(look.eta_h * HOUR_MS))} if look.reason == CLOSING else {}),
            **({"silent_since": rfc3339(ship.last_ms)} if silent_ms else {}),
        }  # fmt: skip
        return Finding(
            action="update" if opened else "open",
            situation=self._situation(ship, look.reason),
            time_ms=now_ms,
            start_ms=now_ms,
            headline=_headline(ship, zone_label(zone), reason, distance_nm, silent_ms=silent_ms, now_ms=now_ms),
            why=tuple(_reasons(ship, look, zone.radius_nm, distance_nm)),
            would_change=_WOULD_CHANGE[look.reason],
            verification="corroborated" if ship.support > 1 else "unverified",
            details=details,
            sentences=(step.lines(at),) if step.kind == "reports" else (ship.sentence,) if ship.sentence else (),
        )

    def _closing_words(self, step: Step, at: int, ship: Ship, opened: Alert, how: str) -> Finding:
        now_ms = int(step.time_ms[at])
        reason = REASONS.index(str(opened.details["reason"]))
        said = {"left": "left, or turned from,", "unknown": "silent, standing unknown:"}[how]
        return Finding(
            action="close",
            situation=self._situation(ship, reason),
            time_ms=now_ms,
            headline=f"{ship.title} {said} {str(opened.details['zone']).upper()[:20]} {zulu(now_ms)}",
            why=opened.why,
            verification=opened.verification,
            details={**opened.details, "ended": how},
            sentences=(step.lines(at),) if step.kind == "reports" else (),
        )


_WOULD_CHANGE: Final = (
    (),
    ("another destination closes it",),
    ("a course that leads elsewhere for half an hour closes it", "entering the zone upgrades it"),
    ("leaving the zone by a tenth of its radius closes it", "silence inside leaves it open"),
)


def _headline(ship: Ship, zone: str, reason: str, distance_nm: float, *, silent_ms: int, now_ms: int) -> str:
    if silent_ms:
        return f"{ship.title} last known inside {zone}, silent {spoken(silent_ms)} since {zulu(ship.last_ms)}"
    where = f" {place(ship.lat_deg, ship.lon_deg)}" if ship.lat_deg is not None and ship.lon_deg is not None else ""
    what = {"inside": "inside", "closing": f"{distance_nm:.0f}nm off, closing on", "destination": "bound for"}[reason]
    return f"{ship.title} {what} {zone}{where} {zulu(now_ms)}"


def _reasons(ship: Ship, look: Look, radius_nm: float, distance_nm: float) -> Iterable[Fact]:
    yield Fact(fact="distance to the zone's centre", value=distance_nm, threshold=radius_nm, unit="nm")
    if look.reason == CLOSING:
        yield Fact(fact="hours to its edge", value=look.eta_h, unit="h")
    if ship.sog_kn is not None:
        yield Fact(fact="speed over ground", value=ship.sog_kn, unit="kn")
    if ship.destination:
        yield Fact(fact="destination stated", value=ship.destination)
