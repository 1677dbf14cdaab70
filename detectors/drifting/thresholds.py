"""Thresholds of ``drifting``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class DriftingThresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of ``drifting``."""

    off_least_deg: Annotated[
        float, Meta(gt=0, lt=180, description="Least angle between heading and course of a drifting vessel, degrees")
    ] = 45.0
    off_most_deg: Annotated[
        float, Meta(gt=0, le=180, description="... and the largest: beyond it, it moves astern, degrees")
    ] = 150.0
    speed_least_kn: Annotated[float, Meta(ge=0, le=5, description="Lowest speed of a drifting vessel, kn")] = 0.3
    speed_most_kn: Annotated[float, Meta(gt=0, le=20, description="... and the highest, kn")] = 5.0
    course_least_kn: Annotated[
        float,
        Meta(ge=0, le=5, description="Below this speed the reported course is noise, and only positions count, kn"),
    ] = 1.0
    least_min: Annotated[float, Meta(ge=1, le=55, description="Shortest drift, min")] = 10.0
    least_m: Annotated[float, Meta(ge=50, le=20_000, description="Least distance that it has drifted, m")] = 500.0
    swing_radius_m: Annotated[
        float,
        Meta(
            ge=0,
            le=5000,
            description="A track as curved as a circle of this radius, with a heading that turns as much, is swinging "
            "at anchor, m",
        ),
    ] = 1000.0
    pause_most_min: Annotated[
        float, Meta(ge=1, le=60, description="A longer time without a position begins the drift again, min")
    ] = 15.0
    checked_kn: Annotated[
        float,
        Meta(
            ge=1,
            le=30,
            description="The heading is believed once it has agreed with the course at this speed or more, kn",
        ),
    ] = 6.0
    way_least_min: Annotated[
        float, Meta(ge=0, le=600, description="The alert closes when the vessel has moved ahead for this time, min")
    ] = 10.0
    stationary_h: Annotated[float, Meta(gt=0, le=168, description="... or has been stationary for this time, h")] = 1.0
    ends_after_h: Annotated[float, Meta(gt=0, le=720, description="... or has been silent for this time, h")] = 12.0
