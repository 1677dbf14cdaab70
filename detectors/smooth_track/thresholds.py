"""Thresholds of ``smooth_track``, each with bounds, a unit and a sentence."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from detectors.core.vessels.recent_fixes import FIXES_MOST


class SmoothTrackThresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of ``smooth_track``."""

    signs_least: Annotated[
        int, Meta(ge=2, le=4, description="Number of signs within the same hour that open an alert")
    ] = 2
    fixes_least: Annotated[
        int, Meta(ge=20, le=FIXES_MOST, description="An hour is judged if it has at least this number of fixes")
    ] = 20
    least_min: Annotated[float, Meta(ge=20, le=59, description="... and if they cover at least this time, min")] = 50.0
    arc_deg: Annotated[float, Meta(ge=180, le=3600, description="A circle is an arc of more than this, degrees")] = (
        180.0
    )
    circle_share: Annotated[
        float, Meta(gt=0, le=0.1, description="... from which fixes deviate by less than this share of its radius")
    ] = 0.02
    noise_m: Annotated[
        float, Meta(gt=0, le=20, description="A track that deviates less than this from its course is without noise, m")
    ] = 1.0
    time_error_s: Annotated[
        float, Meta(ge=0, le=10, description="... along it, that and the distance covered in this time, s")
    ] = 1.0
    speed_kn: Annotated[
        float,
        Meta(
            gt=3, le=100, description="Reported speed and distance covered differ if they differ by more than this, kn"
        ),
    ] = 4.0
    course_deg: Annotated[
        float,
        Meta(
            ge=30, lt=180, description="Reported course and movement differ if they differ by more than this, degrees"
        ),
    ] = 60.0
    moving_kn: Annotated[
        float, Meta(ge=1, le=30, description="Noise and course are judged of vessels that make more than this, kn")
    ] = 3.0
    ends_after_h: Annotated[float, Meta(ge=1, le=8760, description="Silence after which an alert ends, h")] = 24.0
