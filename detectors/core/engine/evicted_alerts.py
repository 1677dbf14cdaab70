"""Closes the open alerts of a vessel that a full fleet drops: nothing would close them later."""

from __future__ import annotations

from detectors.core.alert import Alert
from detectors.core.protocol import Finding
from detectors.core.units import hhmm_z
from detectors.core.vessels.ship import VesselState


def closing_finding(ship: VesselState, opened: Alert, key: str, now_ms: int) -> Finding:
    """The finding that closes ``opened``, which is about ``ship`` and has this key."""
    return Finding(
        action="close",
        of=opened.detector,
        situation=opened.detector,
        time_ms=now_ms,
        key=key,
        headline=f"{ship.title} no longer tracked: vessel limit reached, {hhmm_z(now_ms)}",
        why=opened.why,
        verification=opened.verification,
        details={**opened.details, "ended": "forgotten"},
    )
