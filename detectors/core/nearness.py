"""How nearness to a zone is told: headline, numbers, what would change it, details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from detectors.core.alert import Alert, Fact, Severity
from detectors.core.geo import distance_nm, place
from detectors.core.geography.approach import CLOSING, FEASIBLE, INSIDE, REASONS, Look
from detectors.core.geography.havens import Allowed
from detectors.core.geography.places import zone_label
from detectors.core.protocol import Finding
from detectors.core.reference import Zone
from detectors.core.units import HOUR_MS, MINUTE_MS, MS, rfc3339, spoken, unix_ms, zulu
from detectors.core.vessels.ship import Ship

_GAP: Final = "gap"
_SEEN_AFTER_MS: Final = 5 * MINUTE_MS
_NAMED: Final = {
    "locode": "by UN/LOCODE", "name": "by name or alias", "likeness": "by likeness: it may be a slip"
}  # fmt: skip
_SUPPORTED: Final = 2  # one report is unsupported
_ENDED: Final = {
    "left": "left, or turned from,",
    "unknown": "silent, standing unknown:",
    "withdrawn": "no longer near a zone in force:",
    "delisted": "no longer listed, so of no matter near",
}
CLEAR, FAINT = "port_proximity.feasible", "port_proximity.feasible_faint"
_WOULD_CHANGE: Final = (
    (),
    ("another destination closes it",),
    ("a course that leads elsewhere for half an hour closes it", "entering the zone upgrades it"),
    ("leaving the zone by a tenth of its radius closes it", "silence inside leaves it open"),
    (
        "her next position shows whether she could have called there and for how long, or retracts it",
        "a loss of reception that explains the silence takes its ground away",
    ),
)


def silence_of(open_alerts: Mapping[tuple[str, str], Alert], now_ms: int) -> Alert | None:
    """Her gap, open for five minutes: one that opens just now may be seen or not by now.

    Also one of which ``gap`` cannot tell, as it says of listed ships: she was not heard, whyever.
    """
    gaps = [alert for (detector, _), alert in sorted(open_alerts.items()) if detector == _GAP]
    seen = (alert for alert in gaps if alert.revision > 1 or unix_ms(alert.time) <= now_ms - _SEEN_AFTER_MS)
    return next(seen, None)


def situation_of(ship: Ship, reason: int) -> str:
    """Names the severity rule."""
    inside = reason == INSIDE
    if ship.listed is not None and not ship.misuse:
        if ship.support < _SUPPORTED:
            return "port_proximity.unverified"
        return "port_proximity.listed_inside" if inside else "port_proximity.listed"
    return "port_proximity.inside" if inside else "port_proximity.unlisted"


def no_longer(ship: Ship, opened: Alert, how: str, now_ms: int, sentences: tuple[bytes, ...]) -> Finding:
    """What was told is so no more; ``how`` is a key of ``_ENDED``."""
    return Finding(
        action="close",
        situation=situation_of(ship, REASONS.index(str(opened.details["reason"]))),
        severity=opened.severity,
        time_ms=now_ms,
        headline=f"{ship.title} {_ENDED[how]} {str(opened.details['zone']).upper()[:20]} {zulu(now_ms)}",
        why=opened.why,
        verification=opened.verification,
        details={**opened.details, "ended": how},
        sentences=sentences,
    )


def severity_most(zone: Zone, ship: Ship, *, inside: bool) -> Severity:
    """The zone's own, unless the ship is inside it, where that holds as it is: but one report alone wakes nobody."""
    if not inside:
        return zone.severity or "page"
    return "ticket" if zone.severity and ship.support < _SUPPORTED else "page"


class Nearness(NamedTuple):
    """A ship and a zone, as they stand now."""

    ship: Ship
    zone: Zone
    look: Look
    now_ms: int
    silent_ms: int = 0
    """Above 0: she has been silent inside for so long."""
    named_by: str = ""
    """How her destination names the zone: ``locode``, ``name``, ``likeness``; empty when it does not."""
    looked_back: bool = False
    """She was there when the zone came into force, or when she was listed."""

    def headline(self) -> str:
        """Who, what, where, since when."""
        ship, label = self.ship, zone_label(self.zone)
        if self.silent_ms:
            return f"{ship.title} last known inside {label}, silent {spoken(self.silent_ms)} since {zulu(ship.last_ms)}"
        known = ship.lat_deg is not None and ship.lon_deg is not None
        where = f" {place(ship.lat_deg, ship.lon_deg)}" if known else ""  # type: ignore[arg-type]  # known
        what = {
            "inside": "inside", "closing": f"{self.look.distance_nm:.0f}nm off, closing on", "destination": "bound for",
        }[REASONS[self.look.reason]]  # fmt: skip
        return f"{ship.title} {what} {label}{where} {zulu(self.now_ms)}"

    def why(self) -> tuple[Fact, ...]:
        """The numbers, in the order of weight."""
        look, ship = self.look, self.ship
        closing = (Fact(fact="hours to its edge", value=look.eta_h, unit="h"),) if look.reason == CLOSING else ()
        speed = () if ship.sog_kn is None else (Fact(fact="speed over ground", value=ship.sog_kn, unit="kn"),)
        named = {"threshold": self.zone.name, "source": _NAMED[self.named_by]} if self.named_by else {}
        stated = (Fact(fact="destination stated", value=ship.destination, **named),) if ship.destination else ()
        distance = Fact(
            fact="distance to the zone's centre", value=look.distance_nm, threshold=self.zone.radius_nm, unit="nm"
        )
        ago_s = (self.now_ms - ship.last_ms) // MS
        since = (Fact(fact="last heard before it came into force", value=ago_s, unit="s"),) if self.looked_back else ()
        return (distance, *closing, *speed, *stated, *since)

    def would_change(self) -> tuple[str, ...]:
        """What would close it or make it more."""
        return _WOULD_CHANGE[self.look.reason]

    def details(self) -> dict[str, object]:
        """As ``details`` of the alert."""
        zone, ship, look = self.zone, self.ship, self.look
        return {
            "zone": zone.name, "kind": zone.kind, "reason": REASONS[look.reason], "distance_nm": look.distance_nm,
            **({"legal_basis": zone.legal_basis} if zone.legal_basis else {}),
            **({"destination": ship.destination} if ship.destination else {}),
            **({"destination_by": self.named_by} if self.named_by else {}),
            **({"eta": rfc3339(self.now_ms + int(look.eta_h * HOUR_MS))} if look.reason == CLOSING else {}),
            **({"silent_since": rfc3339(ship.last_ms)} if self.silent_ms else {}),
            **({"looked_back": True} if self.looked_back else {}),
        }  # fmt: skip

    def finding(self, opened: Alert | None, sentence: bytes, start_ms: int) -> Finding:
        """An alert, or a revision of ``opened``. Who was inside long ago is no reason to wake somebody."""
        zone, ship, inside = self.zone, self.ship, self.look.reason == INSIDE
        most = severity_most(zone, ship, inside=inside)
        return Finding(
            action="update" if opened else "open",
            situation=situation_of(ship, self.look.reason),
            time_ms=self.now_ms,
            start_ms=start_ms,
            headline=self.headline(),
            severity=zone.severity if inside else None,
            severity_most="ticket" if self.looked_back and self.silent_ms and most == "page" else most,
            why=self.why(),
            would_change=self.would_change(),
            verification="corroborated" if ship.support > 1 else "unverified",
            details=self.details(),
            sentences=(sentence,) if sentence else (),
        )


class DarkReach(NamedTuple):
    """A ship whose silence allows calls at sanctioned zones; ``zone`` is the first of ``allowed.calls``."""

    before: Ship
    """As she was when last heard."""
    zone: Zone
    allowed: Allowed
    now_ms: int
    unsure: bool = False
    """The feed could hardly have heard her: whether she was dark it cannot tell."""

    @property
    def _silent(self) -> str:
        return spoken(int(self.allowed.hours * HOUR_MS))

    def open_headline(self) -> str:
        """While she is still silent."""
        return f"{self.before.title} silent {self._silent}, could have reached {self.allowed.named} {zulu(self.now_ms)}"

    def closed_headline(self) -> str:
        """When she is heard again and the call remains possible."""
        stay = spoken((self.allowed.calls[0].longest_stay_s or 0) * MS)
        return f"{self.before.title} {self._silent} dark, could have been {stay} at {zone_label(self.zone)}"

    def why(self) -> tuple[Fact, ...]:
        """The numbers, in the order of weight."""
        call, allowed = self.allowed.calls[0], self.allowed
        reach_nm = round(allowed.v_max_kn * allowed.hours, 1)
        speed = Fact(
            fact="highest speed to be expected of her", value=allowed.v_max_kn, unit="kn",
            source="her own speeds under way, 95th percentile" if self.before.speeds_known else "usual for her type",
        )  # fmt: skip
        others = Fact(fact="other ports that fit as well", value=allowed.innocent)
        if call.longest_stay_s is None or call.needed_kn is None:
            far = Fact(fact=f"from her last fix to {call.zone}", value=call.distance_nm, threshold=reach_nm, unit="nm")
            unheard = Fact(fact="whether she transmitted", value="cannot tell: this feed could hardly have heard her")
            return (far, speed, others, unheard) if self.unsure else (far, speed, others)
        return (
            Fact(
                fact=f"longest stay at {call.zone}",
                value=round(call.longest_stay_s * MS / HOUR_MS, 1),
                threshold=0,
                unit="h",
            ),
            Fact(fact="speed there and on without a stay", value=call.needed_kn, threshold=allowed.v_max_kn, unit="kn"),
            speed,
            others,
        )

    def details(self) -> dict[str, object]:
        """As ``details`` of the alert; ``confidence`` is the share of the places in reach that is sanctioned."""
        zone = self.zone
        return {
            "zone": zone.name, "kind": zone.kind, "reason": REASONS[FEASIBLE],
            "distance_nm": self.allowed.calls[0].distance_nm,
            **({"legal_basis": zone.legal_basis} if zone.legal_basis else {}),
            "silent_since": rfc3339(self.before.last_ms), "confidence": self.allowed.share,
            **({"cannot_tell": True} if self.unsure else {}),
            **self.allowed.details(),
        }  # fmt: skip

    def finding(self, opened: Alert | None, share_least: float) -> Finding:
        """She is still silent: an alert, or ``opened`` with more in reach. For the record below ``share_least``.

        What was a ticket stays one: a longer silence has more ports in reach, and is no better for it.
        """
        faint = self.allowed.share < share_least and (opened is None or opened.severity == "log")
        return Finding(
            action="update" if opened else "open",
            situation=FAINT if faint else CLEAR,
            time_ms=self.now_ms,
            start_ms=self.now_ms,
            headline=self.open_headline(),
            why=self.why(),
            would_change=_WOULD_CHANGE[FEASIBLE],
            severity_most=severity_most(self.zone, self.before, inside=False),
            verification="corroborated" if self.before.support > 1 else "unverified",
            details=self.details(),
            sentences=(self.before.sentence,) if self.before.sentence else (),
        )

    def closing(self, opened: Alert, sentence: bytes) -> Finding:
        """She is heard again, and the call remains possible."""
        return Finding(
            action="close",
            situation=_as_before(opened),
            time_ms=self.now_ms,
            headline=self.closed_headline(),
            why=self.why(),
            verification=opened.verification,
            details={**self.details(), "ended": "reappeared"},
            sentences=tuple(line for line in (self.before.sentence, sentence) if line),
        )


def refuting(opened: Alert, zone: Zone, ends: tuple[Ship, Ship], sentence: bytes, *, stayed: bool) -> Finding:
    """She is heard again where no call can have been, or where she was before: the numbers against it."""
    before, ship = ends
    hours = max(ship.fix_ms - before.fix_ms, 1) / HOUR_MS
    legs = [
        distance_nm(end.lat_deg, end.lon_deg, zone.lat_deg, zone.lon_deg)
        for end in ends
        if end.lat_deg is not None and end.lon_deg is not None
    ]
    said = "apparently stayed, no call at" if stayed else "back too soon for a call at"
    return Finding(
        action="retract",
        situation=_as_before(opened),
        time_ms=ship.last_ms,
        headline=f"{ship.title} {said} {zone_label(zone)} {zulu(ship.last_ms)}",
        why=(
            Fact(fact=f"speed to {zone.name} and on without a stay", value=round(sum(legs) / hours, 1),
                 threshold=before.v_max_kn, unit="kn"),
            Fact(fact="silence", value=round(hours, 1), unit="h"),
        ),
        verification=opened.verification,
        details={**opened.details, "ended": "stayed" if stayed else "out of reach"},
        sentences=tuple(line for line in (before.sentence, sentence) if line),
    )  # fmt: skip


def _as_before(opened: Alert) -> str:
    return FAINT if opened.severity == "log" else CLEAR
