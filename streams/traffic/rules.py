"""The settings in the form in which the fleet takes them."""

from __future__ import annotations

from typing import Final

from streams.settings.traffic import TrafficSettings
from streams.traffic.fleet import FleetRules
from streams.traffic.thinning import ThinningRules

_HOUR_S: Final = 3600


def rules_of(given: TrafficSettings) -> FleetRules:
    """Bounds and thresholds of the fleet."""
    return FleetRules(
        vessels_most=given.vessels_most,
        points_most=given.track_points_most,
        held_s=int(given.start_h * _HOUR_S),
        faster_than_kn=given.faster_than_kn,
        thinning=ThinningRules(error_m=given.track_error_m, silent_s=given.silent_s),
    )
