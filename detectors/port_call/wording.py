"""How a port call is described: facts, place and severity rule of its alert."""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.core.alert import Alert, Fact
from detectors.core.call_wording import confidence
from detectors.core.geography.harbours import Harbour
from detectors.core.headlines import port
from detectors.core.sphere import place
from detectors.core.units import MS, rfc3339
from detectors.core.vessels.past import Stay
from detectors.core.vessels.ship import VesselState

SUPPORTED: Final = 2
"""Number of consistent reports that make a position more than a claim."""
ENDED: Final = {
    "left": "left {}",
    "left unseen": "left {} unobserved",
    "no longer listed": "delisted; no longer monitored at {}",
}
"""Headlines by ``details.ended``."""


class CallLimits(NamedTuple):
    """Thresholds that are shown with the facts of a call."""

    port_within_nm: float
    stop_kn: float
    silent_s: int


def call_facts(
    ship: VesselState, harbour: Harbour | None, seen: int, limits: CallLimits, now_ms: int, *, quiet: bool
) -> tuple[Fact, ...]:
    """The facts of a call: port, speed, silence as far as each is known, and how much of it was seen."""
    facts: list[Fact] = []
    if harbour is not None:
        distance = f"distance from {harbour.name}"
        facts.append(Fact(fact=distance, value=harbour.distance_nm, threshold=limits.port_within_nm, unit="nm"))
    if ship.sog_kn is not None:
        facts.append(Fact(fact="speed over ground", value=ship.sog_kn, threshold=limits.stop_kn, unit="kn"))
    if quiet:
        silent_s = (now_ms - ship.last_ms) // MS
        facts.append(Fact(fact="time since its last report", value=silent_s, threshold=limits.silent_s, unit="s"))
    return (*facts, confidence_fact(seen))


def confidence_fact(seen: int) -> Fact:
    """How much of a call was seen, from 1 to 4."""
    source = "1, plus 1 each for entry, stop and exit seen"
    return Fact(fact="confidence", value=confidence(seen), threshold=4, source=source)


def called_at(opened: Alert, where: tuple[float, float]) -> str:
    """The port of an open call with its country, which is the start of a UN/LOCODE; otherwise the position."""
    if "port" not in opened.details:
        return place(*where)
    return port(str(opened.details["port"]), str(opened.details.get("locode", ""))[:2])


def situation_of(ship: VesselState, zone: str | None) -> str:
    """The severity rule. ``zone``: where another alert's ticket already reports the vessel."""
    if ship.listed is None or ship.misuse:
        return "port_call.misuse"
    if zone is not None:
        return "port_call.in_zone"
    return "port_call.listed" if ship.support >= SUPPORTED else "port_call.unverified"


def stayed_fact(stay: Stay) -> Fact:
    """How long a call lasted that has ended."""
    value = (stay.to_ms - stay.from_ms) // MS
    return Fact(fact="time from the stop to its last report there", value=value, unit="s")


def ended_details(opened: Alert, stay: Stay, how: str) -> dict[str, object]:
    """The details of a call that has ended; ``how`` is a key of ENDED."""
    return {
        **{name: value for name, value in opened.details.items() if name != "silent_since"},
        "confidence": stay.confidence,
        "exit_seen": stay.seen_leaving,
        "ended": how,
        "last_seen_there": rfc3339(stay.to_ms),
        "for_s": (stay.to_ms - stay.from_ms) // MS,
    }
