"""Wording of alerts near a zone: headline, numbers, what would change it, details."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from detectors.core.alert import Alert, Fact, Severity
from detectors.core.geography.approach import CLOSING, INSIDE, REASONS, ZoneApproach
from detectors.core.geography.zone_columns import NO_ZONE, UNNAMED, ZoneColumns
from detectors.core.headlines import at, zone_label, zone_said
from detectors.core.inconsistent_positions import facts, flag
from detectors.core.protocol import Finding
from detectors.core.reference import Reference, Zone
from detectors.core.units import HOUR_MS, MS, duration_text, hhmm_z, rfc3339, stamp
from detectors.core.vessels.ship import VesselState

_NAMED: Final = {
    "locode": "by UN/LOCODE",
    "name": "by name or alias",
    "likeness": "by similar spelling: possibly a typing error",
}
_SUPPORTED: Final = 2  # one report is unsupported
_ENDED: Final = {
    "left": "left or turned away from",
    "unknown": "silent, may have left",
    "withdrawn": "no longer near a zone in force:",
    "delisted": "delisted; no longer monitored near",
    "inconsistent": "inconsistent positions: cannot tell if it called at",
}
WOULD_CHANGE: Final = (
    (),
    ("Another destination closes it",),
    ("A course that leads elsewhere for half an hour closes it", "Entry into the zone upgrades it"),
    ("A position outside the zone by a tenth of its radius closes it", "Silence inside the zone leaves it open"),
    (
        "Its next position shows if and for how long it could have called there, or retracts it",
        "A loss of reception that explains the silence removes the reason for it",
    ),
)


def situation_of(ship: VesselState, reason: int, *, ordinary: bool = False) -> str:
    """Names the severity rule; ``ordinary``: the zone is an ordinary port, and there is no other suspicion."""
    inside = reason == INSIDE
    if ship.listed is not None and not ship.misuse:
        if ordinary and not inside:
            return "port_proximity.listed_near_port"
        if ship.support < _SUPPORTED:
            return "port_proximity.unverified"
        if inside:
            return "port_proximity.listed_in_port" if ordinary else "port_proximity.listed_inside"
        return "port_proximity.listed"
    return "port_proximity.inside" if inside else "port_proximity.unlisted"


def zone_words(opened: Alert, reference: Reference) -> str:
    """How the vessel of an open alert is related to its zone, in a few words."""
    how = {"inside": "inside", "closing": "closing on", "destination": "bound for"}
    return f"{how.get(str(opened.details['reason']), 'at')} {zone_said(reference, opened.details['zone'])}"


def no_longer(
    ship: VesselState, opened: Alert, how: str, now_ms: int, *, reference: Reference, sentences: tuple[bytes, ...]
) -> Finding:
    """The reported state no longer applies; ``how`` is a key of ``_ENDED``."""
    zone = zone_said(reference, opened.details["zone"])
    return Finding(
        action="close",
        situation=situation_of(ship, REASONS.index(str(opened.details["reason"]))),
        severity=opened.severity,
        time_ms=now_ms,
        headline=f"{ship.title} {_ENDED[how]} {zone}, {hhmm_z(now_ms)}",
        why=opened.why,
        verification=opened.verification,
        details={**opened.details, "ended": how},
        sentences=sentences,
    )


def severity_most(zone: Zone, ship: VesselState, *, inside: bool) -> Severity:
    """The highest severity: the zone's own unless the vessel is inside; a single report is never a page."""
    if not inside:
        return zone.severity or "page"
    return "ticket" if zone.severity and ship.support < _SUPPORTED else "page"


class ProximityWording(NamedTuple):
    """The present state of a vessel and a zone."""

    ship: VesselState
    zone: Zone
    look: ZoneApproach
    now_ms: int
    silent_ms: int = 0
    """Above 0: it has been silent inside for this time."""
    named_by: str = ""
    """How its destination names the zone: ``locode``, ``name``, ``likeness``; empty if it does not."""
    looked_back: bool = False
    """It was there when the zone came into force, or when the vessel was listed."""
    dark_lately: bool = False
    """It arrived there after a dark silence."""
    bound: bool = False
    """Its destination names a sanctioned zone."""

    @classmethod
    def of(
        cls,
        places: ZoneColumns,
        ship: VesselState,
        look: ZoneApproach,
        now_ms: int,
        *,
        silent_ms: int = 0,
        looked_back: bool = False,
    ) -> Self:
        """The findings of ``look``, with the present distance, and whether the destination names the zone."""
        if ship.lat_deg is not None and ship.lon_deg is not None:
            look = look._replace(distance_nm=places.distance_nm(look.zone, ship.lat_deg, ship.lon_deg))
        named = places.naming(ship.destination) if ship.destination else UNNAMED
        named_by = named.by if named.zone == look.zone else ""
        bound = named.zone != NO_ZONE and bool(places.sanctioned[named.zone])
        return cls(ship, places.zones[look.zone], look, now_ms, silent_ms, named_by, looked_back, bound=bound)

    def headline(self) -> str:
        """The vessel, what, where, since when."""
        ship, label = self.ship, zone_label(self.zone)
        if self.silent_ms:
            silent = f"silent {duration_text(self.silent_ms)} since {stamp(ship.last_ms, self.now_ms)}"
            return f"{ship.title} last known inside {label}{flag(ship)}, {silent}"
        what = {
            "inside": f"inside {label}",
            "closing": f"closing on {label}, {self.look.distance_nm:.0f} nm off",
            "destination": f"bound for {label}",
        }[REASONS[self.look.reason]]
        return f"{ship.title} {what}{flag(ship)}{at(ship.lat_deg, ship.lon_deg)}, {hhmm_z(self.now_ms)}"

    def why(self) -> tuple[Fact, ...]:
        """The numbers, in the order of weight."""
        look, ship = self.look, self.ship
        closing = (
            (Fact(fact="time to the edge of the zone", value=look.eta_h, unit="h"),) if look.reason == CLOSING else ()
        )
        speed = () if ship.sog_kn is None else (Fact(fact="speed over ground", value=ship.sog_kn, unit="kn"),)
        named = {"threshold": self.zone.name, "source": _NAMED[self.named_by]} if self.named_by else {}
        stated = (Fact(fact="reported destination", value=ship.destination, **named),) if ship.destination else ()
        distance = Fact(
            fact="distance to the centre of the zone", value=look.distance_nm, threshold=self.zone.radius_nm, unit="nm"
        )
        ago_s = (self.now_ms - ship.last_ms) // MS
        since = (
            (Fact(fact="time from its last report to the zone coming into force", value=ago_s, unit="s"),)
            if self.looked_back
            else ()
        )
        return (distance, *facts(ship), *closing, *speed, *stated, *since)

    def would_change(self) -> tuple[str, ...]:
        """What would close it or raise its severity."""
        return WOULD_CHANGE[self.look.reason]

    def details(self) -> dict[str, object]:
        """As ``details`` of the alert."""
        zone, ship, look = self.zone, self.ship, self.look
        return {
            "zone": zone.name,
            "kind": zone.kind,
            "reason": REASONS[look.reason],
            "distance_nm": look.distance_nm,
            **({"legal_basis": zone.legal_basis} if zone.legal_basis else {}),
            **({"destination": ship.destination} if ship.destination else {}),
            **({"destination_by": self.named_by} if self.named_by else {}),
            **({"eta": rfc3339(self.now_ms + int(look.eta_h * HOUR_MS))} if look.reason == CLOSING else {}),
            **({"silent_since": rfc3339(ship.last_ms)} if self.silent_ms else {}),
            **({"looked_back": True} if self.looked_back else {}),
            **({"inconsistent": True} if ship.unsure else {}),
        }

    @property
    def ordinary(self) -> bool:
        """Whether a call there means little: an ordinary port, and no other reason for suspicion."""
        listed, programme = self.ship.listed, self.zone.programme
        meant = bool(listed and programme and programme in (listed.programme or ""))
        return self.zone.kind == "associated" and not (self.dark_lately or self.bound or meant)

    def finding(self, opened: Alert | None, sentence: bytes, start_ms: int) -> Finding:
        """An alert, or a revision of ``opened``. A vessel that was inside long ago is not a page."""
        zone, ship, inside = self.zone, self.ship, self.look.reason == INSIDE
        most = severity_most(zone, ship, inside=inside)
        return Finding(
            action="update" if opened else "open",
            situation=situation_of(ship, self.look.reason, ordinary=self.ordinary),
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
