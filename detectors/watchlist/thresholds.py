"""Thresholds of ``watchlist``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class WatchlistThresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of ``watchlist``."""

    episode_ends_after_h: Annotated[float, Meta(ge=1, le=8760, description="Silence after which an alert ends, h")] = (
        12.0
    )
    any_silence_d: Annotated[
        float, Meta(ge=1, le=3650, description="A return after this silence is a page for any cause, days")
    ] = 30.0
    support_least: Annotated[
        int, Meta(ge=1, le=100, description="Number of consistent reports that corroborate a match")
    ] = 2
    draught_break_least_h: Annotated[
        float, Meta(gt=0, le=720, description="Shortest silence or stay across which a change of draught counts, h")
    ] = 2.0
    draught_within_h: Annotated[
        float, Meta(gt=0, le=720, description="... and by when after it the other draught must be reported, h")
    ] = 24.0
    away_least_nm: Annotated[
        float,
        Meta(
            gt=0,
            le=20_000,
            description="Least growth of the distance from a reported destination to which it does not sail, nm",
        ),
    ] = 50.0
    away_least_h: Annotated[
        float, Meta(ge=0, le=8760, description="... at the earliest this time after it was first reported, h")
    ] = 3.0
