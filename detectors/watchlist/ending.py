"""How a hit ends: the vessel falls silent, or reports another identity."""

from __future__ import annotations

from detectors.core.alert import Alert, Fact
from detectors.core.detector_input import DetectorInput
from detectors.core.identities import listing
from detectors.core.protocol import Finding
from detectors.core.units import rfc3339, stamp
from detectors.core.vessels.ship import VesselState
from detectors.watchlist import voyages
from detectors.watchlist.situations import by_name, situation_of


def silent(ship: VesselState, opened: Alert, now_ms: int, silence: Fact, zone: str | None) -> Finding:
    """It has been silent for long; ``zone`` is where it was last known, in words: then the alert stays open."""
    since = f"silent since {stamp(ship.last_ms, now_ms)}"
    ended = {"silent_since": rfc3339(ship.last_ms)} if zone else {"ended": "silent"}
    return Finding(
        action="update" if zone else "close",
        situation=situation_of(opened),
        time_ms=now_ms,
        headline=f"{ship.title} last known inside {zone}, {since}" if zone else f"{ship.title} {since}",
        why=(silence,),
        would_change=("Any report from the vessel",) if zone else (),
        verification=opened.verification,
        raised=voyages.was_raised(opened),
        details={**opened.details, **ended, "last_heard": rfc3339(ship.last_ms)},
        sentences=(ship.sentence,) if ship.sentence else (),
    )


def other_ship(step: DetectorInput, at: int, ship: VesselState, opened: Alert) -> Finding:
    """It reports the identity of another vessel now."""
    return Finding(
        action="retract" if opened.verification == "unverified" or by_name(opened) else "close",
        situation=situation_of(opened),
        time_ms=int(step.time_ms[at]),
        headline=f"{listing.title(ship)} no longer reports the listed identity",
        why=(
            Fact(fact="IMO number now reported", value=ship.imo)
            if ship.imo
            else Fact(fact="name now reported", value=ship.name or ""),
        ),
        verification=opened.verification,
        raised=voyages.was_raised(opened),
        details={**opened.details, "ended": "identity changed"},
        sentences=(step.lines(at),),
    )
