"""What a silence near a zone means: thresholds of ``port_proximity``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from detectors.core.units import HOUR_MS, MS, NEVER_MS


class SilenceLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Silence after which the alert is updated, and after which it ends."""

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

    def said_ms(self, *, inside: bool) -> int:
        """Silence after which the alert is updated."""
        return int(self.silent_after_s * MS if inside else self.unknown_after_h * HOUR_MS)

    def ends_ms(self, *, inside: bool, listed: bool) -> int:
        """Silence that ends the alert; NEVER_MS: none does. Invented MMSIs must not stay for ever."""
        kept_ms = NEVER_MS if listed else int(self.unlisted_kept_h * HOUR_MS)
        return kept_ms if inside else self.said_ms(inside=False)
