"""Wording of what a silence allows: for a vessel that is still dark, and for one that is heard again.

``port_proximity`` decides that a silence allows a call at a sanctioned zone; this module has the words and numbers.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.core.alert import Alert, Fact
from detectors.core.geography.approach import FEASIBLE, REASONS
from detectors.core.geography.reachable_zones import PossibleCalls, reachable_zones_of
from detectors.core.headlines import zone_label
from detectors.core.inconsistent_positions import facts
from detectors.core.protocol import Finding
from detectors.core.reference import Reference, Zone
from detectors.core.sphere import distance_nm
from detectors.core.units import HOUR_MS, MS, duration_text, hhmm_z, rfc3339
from detectors.core.vessels.ship import VesselState
from detectors.port_proximity.screen import FASTEST_KN
from detectors.port_proximity.wording import WOULD_CHANGE, no_longer, severity_most

CLEAR, FAINT = "port_proximity.feasible", "port_proximity.feasible_faint"
_CANNOT_TELL: Final = Fact(fact="whether it transmitted", value="cannot tell: this feed was unlikely to hear it")


class DarkReachWording(NamedTuple):
    """A vessel whose silence allows calls at sanctioned zones; ``zone`` is the first of ``allowed.calls``."""

    before: VesselState
    """The vessel when it was last heard."""
    zone: Zone
    allowed: PossibleCalls
    now_ms: int
    unheard: bool = False
    """The feed was unlikely to hear it: it is not known whether it was dark."""

    @property
    def _silent(self) -> str:
        return duration_text(int(self.allowed.hours * HOUR_MS))

    def open_headline(self) -> str:
        """The headline while it is still silent."""
        more = f" and {self.allowed.zones - 1} more" if self.allowed.zones > 1 else ""
        reach = f"could have reached {zone_label(self.zone)}{more}"
        return f"{self.before.title} silent {self._silent}, {reach}, {hhmm_z(self.now_ms)}"

    def closed_headline(self) -> str:
        """The headline when it is heard again and the call remains possible."""
        stay = duration_text((self.allowed.calls[0].longest_stay_s or 0) * MS)
        return f"{self.before.title} silent for {self._silent}, could have been {stay} at {zone_label(self.zone)}"

    def why(self) -> tuple[Fact, ...]:
        """The numbers, in the order of weight."""
        call, allowed = self.allowed.calls[0], self.allowed
        reach_nm = round(allowed.v_max_kn * allowed.hours, 1)
        speed = Fact(
            fact="highest expected speed",
            value=allowed.v_max_kn,
            unit="kn",
            source="its own speed under way, 95th percentile" if self.before.speeds_known else "usual for its type",
        )
        others = Fact(fact="other ports also in reach", value=allowed.innocent)
        if call.longest_stay_s is None or call.needed_kn is None:
            far = Fact(
                fact=f"distance from its last position to {call.zone}",
                value=call.distance_nm,
                threshold=reach_nm,
                unit="nm",
            )
            return (far, speed, others, *facts(self.before), *((_CANNOT_TELL,) if self.unheard else ()))
        return (
            Fact(
                fact=f"longest possible stay at {call.zone}",
                value=round(call.longest_stay_s * MS / HOUR_MS, 1),
                threshold=0,
                unit="h",
            ),
            Fact(
                fact="speed needed by way of the zone, without a stop",
                value=call.needed_kn,
                threshold=allowed.v_max_kn,
                unit="kn",
            ),
            speed,
            others,
            *((_CANNOT_TELL,) if self.unheard else ()),
        )

    def details(self) -> dict[str, object]:
        """``details`` of the alert; ``confidence`` is the sanctioned share of the places in reach."""
        zone = self.zone
        return {
            "zone": zone.name,
            "kind": zone.kind,
            "reason": REASONS[FEASIBLE],
            "distance_nm": self.allowed.calls[0].distance_nm,
            **({"legal_basis": zone.legal_basis} if zone.legal_basis else {}),
            "silent_since": rfc3339(self.before.last_ms),
            "confidence": self.allowed.share,
            **({"cannot_tell": True} if self.unheard else {}),
            **({"inconsistent": True} if self.before.unsure else {}),
            **self.allowed.details(),
        }

    def finding(self, opened: Alert | None, share_least: float) -> Finding:
        """It is still silent: an alert, or ``opened`` with more in reach. For the record below ``share_least``.

        A ticket stays one: a longer silence has more ports in reach, which does not make it harmless.
        """
        faint = self.allowed.share < share_least and (opened is None or opened.severity == "log")
        return Finding(
            action="update" if opened else "open",
            situation=FAINT if faint else CLEAR,
            time_ms=self.now_ms,
            start_ms=self.now_ms,
            headline=self.open_headline(),
            why=self.why(),
            would_change=WOULD_CHANGE[FEASIBLE],
            severity_most=severity_most(self.zone, self.before, inside=False),
            verification="corroborated" if self.before.support > 1 else "unverified",
            details=self.details(),
            sentences=(self.before.sentence,) if self.before.sentence else (),
        )

    def closing(self, opened: Alert, sentence: bytes) -> Finding:
        """It is heard again, and the call remains possible."""
        return Finding(
            action="close",
            situation=_as_before(opened),
            time_ms=self.now_ms,
            headline=self.closed_headline(),
            why=self.why(),
            verification=opened.verification,
            details={**self.details(), "silent_since": opened.details["silent_since"], "ended": "reappeared"},
            sentences=tuple(line for line in (self.before.sentence, sentence) if line),
        )


def heard_again(
    reference: Reference, opened: Alert, ends: tuple[VesselState, VesselState], now_ms: int, sentence: bytes
) -> Finding:
    """Heard again: whether it could have called there between the last position and this one; ``ends``: it at both.

    A position that it cannot have reached from the last one is not used to judge the silence.
    """
    before, ship = ends[0].on_trusted_fix(), ends[1]
    allowed, zones = reachable_zones_of(reference).over(before, ship), {zone.name: zone for zone in reference.zones}
    if ends[0].unsure and allowed is not None and allowed.v_max_kn > FASTEST_KN:
        return no_longer(ship, opened, "inconsistent", now_ms, reference=reference, sentences=(sentence,))
    if allowed is not None and allowed.calls and not allowed.stayed:
        unheard = bool(opened.details.get("cannot_tell"))
        return DarkReachWording(before, zones[allowed.calls[0].zone], allowed, now_ms, unheard).closing(
            opened, sentence
        )
    stayed = allowed is not None and allowed.stayed
    return refuting(opened, zones[str(opened.details["zone"])], (before, ship), sentence, stayed=stayed)


def refuting(
    opened: Alert, zone: Zone, ends: tuple[VesselState, VesselState], sentence: bytes, *, stayed: bool
) -> Finding:
    """It is heard again and no call was possible, or it is where it was before: the numbers against it."""
    before, ship = ends
    hours = max(ship.fix_ms - before.fix_ms, 1) / HOUR_MS
    legs = [
        distance_nm(end.lat_deg, end.lon_deg, zone.lat_deg, zone.lon_deg)
        for end in ends
        if end.lat_deg is not None and end.lon_deg is not None
    ]
    said = "apparently did not move, no call at" if stayed else "heard again too soon for a call at"
    return Finding(
        action="retract",
        situation=_as_before(opened),
        time_ms=ship.last_ms,
        headline=f"{ship.title} {said} {zone_label(zone)}, {hhmm_z(ship.last_ms)}",
        why=(
            Fact(
                fact=f"speed needed by way of {zone.name}, without a stop",
                value=round(sum(legs) / hours, 1),
                threshold=before.v_max_kn,
                unit="kn",
            ),
            Fact(fact="silence", value=round(hours, 1), unit="h"),
        ),
        verification=opened.verification,
        details={**opened.details, "ended": "stayed" if stayed else "out of reach"},
        sentences=tuple(line for line in (before.sentence, sentence) if line),
    )


def _as_before(opened: Alert) -> str:
    return FAINT if opened.severity == "log" else CLEAR
