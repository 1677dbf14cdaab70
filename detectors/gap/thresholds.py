"""Thresholds of ``gap``: those of vessels on no list (``unlisted``), and of listed ones."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from detectors.gap.unlisted import UnlistedLimits


class GapThresholds(UnlistedLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of ``gap``."""

    min_silence_listed_s: Annotated[
        float, Meta(ge=60, le=2_592_000, description="Shortest gap of a listed vessel, s")
    ] = 1200.0
    min_silence_at_rest_s: Annotated[
        float, Meta(ge=60, le=2_592_000, description="Shortest gap of a vessel that was last heard at rest, s")
    ] = 14_400.0
    alpha_listed: Annotated[
        float,
        Meta(
            gt=0, le=1, description="A listed vessel's silence is a page only if its chance within a day is below this"
        ),
    ] = 0.1
    alpha_possible: Annotated[
        float, Meta(gt=0, le=1, description="... and a ticket only if its chance is below this")
    ] = 0.5
    possible_after_s: Annotated[
        float, Meta(ge=60, le=2_592_000, description="Shortest silence of a listed vessel that is a ticket, s")
    ] = 3600.0
    peers_least: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="With fewer other vessels heard nearby, a listed vessel's silence cannot be judged",
        ),
    ] = 1
    heard_ahead_least_h: Annotated[
        float,
        Meta(
            ge=0,
            le=1000,
            description="A silence is a page only if others were heard at least this long in the water ahead, h",
        ),
    ] = 0.5
    heard_share_least: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="A listed vessel heard in a smaller share of 5-minute slots was at the edge of range",
        ),
    ] = 0.5
    unheard_after_s: Annotated[
        float,
        Meta(
            ge=300,
            le=2_592_000,
            description="A listed vessel out of reception is reported after a silence of this length, s",
        ),
    ] = 21_600.0
    class_b: Annotated[bool, Meta(description="Also judge unlisted class B vessels, whose signals are weak")] = False
