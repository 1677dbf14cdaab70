"""What can be said of a ship that is silent, and of her return: facts for the alerts of ``gap``."""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.core.alert import Alert, Fact, Verification
from detectors.core.geo import distance_nm, distances_nm, place, unit_vectors
from detectors.core.geography.havens import while_silent
from detectors.core.hearing.ears import Closed, Ears
from detectors.core.protocol import Finding, Step
from detectors.core.reference import Reference
from detectors.core.units import HOUR_MS, MS, rfc3339, unix_ms, zulu
from detectors.core.vessels.ship import Ship

INTERVAL_A_S, INTERVAL_B_S, INTERVAL_REST_S = 10.0, 30.0, 180.0  # ITU-R M.1371
PEERS_NM: Final = 60.0
UNHEARD: Final = "unheard"
"""Key of the alert that a listed ship cannot be heard."""


def whereabouts(ship: Ship) -> str:
    """Her last place, ready to stand in a headline; empty when unknown."""
    return f" {place(ship.lat_deg, ship.lon_deg)}" if ship.lat_deg is not None and ship.lon_deg is not None else ""


def peers_heard(ears: Ears, closed: Closed, row: int) -> int:
    """Other transmitters heard in the slots that closed within PEERS_NM of her last place."""
    c, heard = ears.strips, closed.heard
    here = unit_vectors(c.lat_deg[[row]].astype(np.float64), c.lon_deg[[row]].astype(np.float64))
    there = unit_vectors(c.lat_deg[heard].astype(np.float64), c.lon_deg[heard].astype(np.float64))
    return int((np.round(distances_nm(here, there), 1) <= PEERS_NM).sum())


def verified(ship: Ship) -> Verification:
    """Whether more than one source speaks for her identity."""
    return "corroborated" if ship.support > 1 else "unverified"


def leg(before: Ship, ship: Ship, *, moved: bool) -> tuple[float | None, float | None]:
    """Distance covered in the dark, nm, and the speed over ground that it took, kn; None when a fix is missing."""
    if not moved or before.lat_deg is None or before.lon_deg is None or ship.lat_deg is None or ship.lon_deg is None:
        return None, None
    far_nm = round(distance_nm(before.lat_deg, before.lon_deg, ship.lat_deg, ship.lon_deg), 2)
    hours = (ship.fix_ms - before.fix_ms) / HOUR_MS
    return far_nm, round(far_nm / hours, 1) if hours > 0 else None


def heard_by(step: Step, row: int) -> dict[str, object]:
    """The source that hears her, where it is one alone: its outage explains her silence."""
    mask = int(step.fleet.core.sources[row])
    names = [source.name for number, source in enumerate(step.sources.sources) if mask >> number & 1]
    return {"source": names[0]} if len(names) == 1 else {}


def on(far_nm: float | None) -> str:
    """How far on she was heard again, ready to stand in a headline; empty when unknown."""
    return "" if far_nm is None else f" {far_nm:.0f}nm on"


def silence_details(ship: Ship, category: str, silent_s: int) -> dict[str, object]:
    """How long she is silent, and how often she should be heard. ``category``: see interface."""
    at_rest = category == "at_rest"
    interval_s = INTERVAL_REST_S if at_rest else INTERVAL_B_S if ship.class_b else INTERVAL_A_S
    return {
        "category": category,
        "last_heard": rfc3339(ship.last_ms),
        "silent_for_s": silent_s,
        "expected_interval_s": interval_s,
        **({} if ship.usual_s is None else {"usual_interval_s": ship.usual_s}),
    }


def disproved(opened: Alert, before: Ship, ship: Ship, situation: str, *, key: str, line: bytes) -> Finding:
    """A report of the time before the gap was opened has come after all, later than the allowed lateness."""
    silent_s = (ship.last_ms - before.last_ms) // MS
    return Finding(
        action="retract",
        key=key,
        situation=situation,
        time_ms=unix_ms(opened.time),
        headline=f"{ship.title} was heard {zulu(ship.last_ms)}, told late: not silent then",
        why=(Fact(fact="silence before that report", value=silent_s, unit="s"), *opened.why),
        verification=verified(ship),
        details={
            **opened.details,
            "silent_for_s": silent_s,
            "reappeared_at": rfc3339(ship.last_ms),
            "reason": "late_report",
        },
        sentences=tuple(each for each in (before.sentence, line) if each),
    )  # fmt: skip


def unheard(reference: Reference, ship: Ship, now_ms: int, after_s: int) -> Finding:
    """A listed ship whose silence, longer than ``after_s``, is no gap: this feed could hardly have heard her."""
    silent_s = (now_ms - ship.last_ms) // MS
    return Finding(
        action="open",
        key=UNHEARD,
        situation="gap.listed_unheard",
        time_ms=now_ms,
        start_ms=ship.last_ms,
        headline=f"{ship.title} not heard since {zulu(ship.last_ms)}{whereabouts(ship)}: could not have been",
        why=(
            Fact(
                fact="silence, in which this feed could hardly have heard her", value=silent_s, threshold=after_s,
                unit="s",
            ),
        ),
        would_change=("any report of the ship closes it", "hearing others where she may be would allow a verdict"),
        verification=verified(ship),
        details=silence_details(ship, "cannot_tell", silent_s) | while_silent(reference, ship, now_ms),
        sentences=(ship.sentence,) if ship.sentence else (),
    )  # fmt: skip
