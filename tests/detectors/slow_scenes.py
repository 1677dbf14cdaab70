"""Ships that lie, drift and sail slowly beside each other: scenes for the detectors of the stage of meetings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from detectors.core.alert import Alert
from detectors.core.testing import Report, Story

HOUR: Final = 3600.0
NM: Final = 1852.0
HERE: Final = (12.004, 111.006)
"""Near the corner of a cell of a stop place; far from every zone."""
Path = Callable[[float], tuple[float, float]]
"""Metres north and east of the place at a time in seconds."""


def at(north_m: float, east_m: float) -> Path:
    return lambda _: (north_m, east_m)


def drifting(north_m: float, east_m: float, knots: float = 0.6, course_deg: float = 70.0) -> Path:
    """Drifts along a course from there."""
    north, east = math.cos(math.radians(course_deg)), math.sin(math.radians(course_deg))
    return lambda t: (north_m + knots * NM / HOUR * t * north, east_m + knots * NM / HOUR * t * east)


def calling(path: Path, from_h: float, to_h: float, knots: float = 10.0) -> Path:
    """Comes from the south, follows ``path`` for that time, and sails on to the south."""

    def found(t: float) -> tuple[float, float]:
        north, east = path(min(max(t, from_h * HOUR), to_h * HOUR))
        away_s = max(from_h * HOUR - t, t - to_h * HOUR, 0.0)
        return north - knots * NM / HOUR * away_s, east

    return found


def ship(
    mmsi: int,
    path: Path,
    hours: tuple[float, float] = (0.0, 6.0),
    *,
    every_s: float = 120.0,
    phase_s: float = 0.0,
    silent_h: tuple[float, float] = (0.0, 0.0),
    place: tuple[float, float] = HERE,
    name: str = "",
    imo: int = 0,
    ship_type: int = 80,
    length_m: int = 180,
    status: int = 0,
    heading_deg: float = 40.0,
    hull: int = 0,
    draughts: tuple[tuple[float, float], ...] = (),
    static_every: int = 15,
    source: str = "station",
    noise_m: float = 5.0,
) -> Story:
    """Its position reports along ``path``, and a static report every half hour, or so many reports.

    ``draughts``: from which hour on it states which draught, m.
    """
    draw, story = np.random.default_rng(mmsi), Story()
    for t in np.arange(hours[0] * HOUR + phase_s, hours[1] * HOUR, every_s).round(1).tolist():
        if silent_h[0] * HOUR <= t < silent_h[1] * HOUR:
            continue
        north, east = (each + draw.normal(0, noise_m) for each in path(t))
        ahead_s = 60.0
        way = math.hypot(*(b - a for a, b in zip(path(t), path(t + ahead_s), strict=True))) / NM / ahead_s * HOUR
        lat_deg = place[0] + north / NM / 60
        lon_deg = (place[1] + east / NM / 60 / math.cos(math.radians(lat_deg)) + 180) % 360 - 180
        cog = math.degrees(math.atan2(path(t + ahead_s)[1] - path(t)[1], path(t + ahead_s)[0] - path(t)[0])) % 360
        here = {"lat_deg": round(lat_deg, 6), "lon_deg": round(lon_deg, 6), "sog_kn": round(way, 1), "cog_deg": cog}
        story.append(
            Report(at_s=t, mmsi=mmsi, status=status, heading_deg=heading_deg, source=source, **here)  # type: ignore[arg-type]
        )
        if len(story) % static_every == 2:
            said = {
                "name": name or f"SHIP {mmsi}",
                "imo": imo,
                "ship_type": ship_type,
                "length_m": length_m,
                "hull": hull,
            }
            stated_m = [metres for from_h, metres in draughts if from_h * HOUR <= t]
            said |= {"draught_m": stated_m[-1]} if stated_m else {}
            story.append(
                Report(at_s=t + 1, mmsi=mmsi, type=5, source=source, destination="FOR ORDERS", **said)  # type: ignore[arg-type]
            )
    return story


def of(alerts: list[Alert], *detectors: str) -> list[Alert]:
    return [alert for alert in alerts if alert.detector in detectors]


def ids(alerts: list[Alert]) -> set[str]:
    return {alert.id for alert in alerts}
