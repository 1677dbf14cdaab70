"""Element sets, sensors, what is to be seen, and passes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Look = Literal["right", "left", "either", "nadir"]
"""Where a sensor looks, seen along the satellite's track. ``nadir``: a swath on both sides of the track."""
Tier = Literal["possible", "planned", "catalogued"]
"""``possible``: by geometry; ``planned``: in the operator's acquisition plan; ``catalogued``: the image exists."""

Angle = Annotated[float, Meta(ge=-720, le=720)]
"""Degrees, usually 0 to 360."""


class ElementSet(msgspec.Struct, frozen=True, kw_only=True):
    """Mean elements of one satellite, as in an Orbit Mean-Elements Message (CCSDS 502.0-B) with the theory SGP4."""

    name: Annotated[str, Meta(max_length=64)]
    norad_id: Annotated[int, Meta(ge=1, le=999_999_999)]
    epoch_ms: Annotated[float, Meta(ge=0)]
    """Unix ms, UTC, to a microsecond."""
    mean_motion: Annotated[float, Meta(gt=0, le=20)]
    """Revolutions a day."""
    eccentricity: Annotated[float, Meta(ge=0, lt=1)]
    inclination_deg: Annotated[float, Meta(ge=0, le=180)]
    raan_deg: Angle
    """Right ascension of the ascending node."""
    pericenter_deg: Angle
    mean_anomaly_deg: Angle
    bstar: float = 0.0
    mean_motion_dot: float = 0.0
    """Revolutions a day squared, as published (half of the first derivative)."""
    mean_motion_ddot: float = 0.0


class Sensor(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of imaging instrument, and the satellites that carry it."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    norad_ids: tuple[int, ...] = ()
    name_starts: tuple[str, ...] = ()
    """Or satellites whose name in the element set begins like this, in either case; a number counts more."""
    kind: Literal["radar", "optical"]
    look: Look
    near_km: Annotated[float, Meta(ge=0, le=3000)] = 0.0
    """Ground distance from the track to the near edge of what can be covered; 0 for ``nadir``."""
    far_km: Annotated[float, Meta(gt=0, le=3000)]
    """The same to the far edge; for ``nadir`` half the swath."""
    pointable: bool = False
    """An agile satellite: it could be pointed at any place between the edges, and images none unless it is ordered."""
    swath_km: Annotated[float, Meta(gt=0)] | None = None
    """The width of one image, if it is narrower than what can be covered."""
    sun_least_deg: float | None = None
    """Needs the sun this high above the horizon; None for radar."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where something may be: a circle that grows or shrinks, such as the reach of a silent ship, or a place."""

    name: str
    lat_deg: float
    lon_deg: float
    radius_nm: float
    """At ``since_ms``."""
    since_ms: int
    growth_kn: float = 0.0
    """Below 0 it shrinks, to nothing."""
    most_nm: float = 1e9
    """The circle grows no further."""

    def radius_at(self, time_ms: float) -> float:
        """Nautical miles."""
        grown = self.radius_nm + self.growth_kn * max(0.0, time_ms - self.since_ms) / 3_600_000
        return max(0.0, min(grown, self.most_nm))


class Pass(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A satellite passes and its sensor can cover a target, or a part of it."""

    satellite: str
    norad_id: int
    sensor: str
    kind: Literal["radar", "optical"]
    target: str
    begin: str
    """RFC 3339 UTC with whole seconds: from when to when the target, or a part of it, is in view."""
    end: str
    covers: float
    """Share of the target's area that it can cover, 0 to 1; with ``swath_km``, that one image can."""
    track_deg: float
    """The satellite's course over the ground at the middle."""
    side: Literal["right", "left", "below"]
    """Where it looks, seen along that course; ``below``: on both sides of its track."""
    elements_age_h: float
    """From the epoch of the elements to the middle of the pass; negative before it."""
    area: tuple[tuple[float, float], ...] = ()
    """(lon_deg, lat_deg) around what it can cover of the target, closed; degrees to a hundredth."""
    daylight: bool | None = None
    """Whether the sun is high enough; None for radar."""
    pointable: bool = False
    """It could be pointed there; it images nothing unless it is ordered."""
    tier: Tier = "possible"
    item: str | None = None
    """Of a planned or catalogued pass: its identity in the plan or catalogue."""
