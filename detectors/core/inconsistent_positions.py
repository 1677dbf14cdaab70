"""Wording for inconsistent positions: one vessel cannot have been at all of them.

Alerts about the vessel are held in the meantime, state this once, and do not page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detectors.core.alert import Alert, Fact
from detectors.core.protocol import Finding
from detectors.core.sphere import distance_nm
from detectors.core.units import hhmm_z, rfc3339
from detectors.core.vessels.ship import VesselState

SAID: Final = "inconsistent positions"


def flag(ship: VesselState) -> str:
    """A clause of a headline if the positions of the vessel are inconsistent; otherwise empty."""
    return f", {SAID}" if ship.unsure else ""


def facts(ship: VesselState) -> Iterable[Fact]:
    """The numbers behind it; none while positions are consistent."""
    if not ship.unsure:
        return
    where, was = ship, ship.trusted
    if was is not None and where.lat_deg is not None and where.lon_deg is not None:
        nm = round(distance_nm(was.lat_deg, was.lon_deg, where.lat_deg, where.lon_deg), 1)
        yield Fact(fact=f"{SAID}: distance from the last consistent to the newest", value=nm, unit="nm")
        yield Fact(fact="time of the last consistent position", value=rfc3339(was.time_ms))


def held(ship: VesselState, opened: Alert, what: str, now_ms: int, *, situation: str, sentence: bytes) -> Finding:
    """A revision stating that positions are inconsistent; ``what``: what the alert is about."""
    return Finding(
        action="update",
        situation=situation,
        severity=opened.severity,
        severity_most="ticket",
        time_ms=now_ms,
        headline=f"{ship.title} possibly {what}, {SAID}, {hhmm_z(now_ms)}",
        why=(*facts(ship), *opened.why),
        would_change=("Consistent positions decide it", *opened.would_change),
        verification="unverified",
        details={**opened.details, "inconsistent": True},
        sentences=(sentence,) if sentence else (),
    )
