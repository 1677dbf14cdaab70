"""Thresholds of ``port_proximity``, and the limits that they give for a silence near a zone."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from detectors.core.units import HOUR_MS, MS, NEVER_MS


class ProximityThresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of ``port_proximity``."""

    silent_after_s: Annotated[
        float, Meta(ge=60, le=86_400, description="Silence inside a zone after which the alert is updated, s")
    ] = 3600.0
    unlisted_kept_h: Annotated[
        float,
        Meta(
            ge=1, le=87_600, description="The alert about an unlisted vessel inside a zone ends after this silence, h"
        ),
    ] = 720.0
    unknown_after_h: Annotated[
        float, Meta(ge=1, le=8760, description="An alert for closing or destination ends after this silence, h")
    ] = 12.0
    leave_factor: Annotated[float, Meta(ge=1, le=3, description="A vessel has left a zone beyond this many radii")] = (
        1.1
    )
    closing_least_kn: Annotated[
        float, Meta(ge=0, le=30, description="A slower vessel is not closing on a zone, kn")
    ] = 3.0
    slowing_share: Annotated[
        float, Meta(gt=0, le=1, description="Below this share of its recent speed a vessel is slowing down")
    ] = 0.8
    closing_held_min: Annotated[
        float,
        Meta(
            ge=0, le=1440, description="A vessel is no longer closing when its course has led elsewhere this long, min"
        ),
    ] = 30.0
    out_of_dark_h: Annotated[
        float,
        Meta(
            ge=0,
            le=8760,
            description="A listed vessel in an ordinary port is a page if it was dark within this time, h",
        ),
    ] = 3.0
    feasible_share_least: Annotated[
        float,
        Meta(ge=0, le=1, description="Least sanctioned share of the ports in reach of a dark vessel that is a ticket"),
    ] = 0.05

    def said_ms(self, *, inside: bool) -> int:
        """Silence after which the alert is updated."""
        return int(self.silent_after_s * MS if inside else self.unknown_after_h * HOUR_MS)

    def ends_ms(self, *, inside: bool, listed: bool) -> int:
        """Silence that ends the alert; NEVER_MS: never. Invented MMSIs must not stay for ever."""
        kept_ms = NEVER_MS if listed else int(self.unlisted_kept_h * HOUR_MS)
        return kept_ms if inside else self.said_ms(inside=False)
