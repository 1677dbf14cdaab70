"""Ships that sail for some hours around the time of an image, and the fixes that are received of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.imagery.images import Fixes
from streams.imagery.matching.plane import KN_KM_S, Bools, Floats, Ints, degrees, moved

HOURS: Final = 3
"""Tracks go from this long before the image to this long after it."""
STEP_S: Final = 20
_STEPS: Final = HOURS * 3600 // STEP_S
_AT_ANCHOR: Final = 0.4
_INTERVALS_S: Final = (20, 60, 180, 600, 2400)
_INTERVAL_CHANCES: Final = (0.3, 0.3, 0.2, 0.15, 0.05)
_FIX_ERROR_KM: Final = 0.012
_LOST: Final = 0.15
"""Share of fixes that are not received."""


class Ships(NamedTuple):
    """Ships as they are. Arrays of shape (n,); ``tracks`` of (n, steps, 3), the image's time in the middle."""

    mmsi: Ints
    length_m: Floats
    speed_kn: Floats
    tracks: Floats
    course_deg: Floats
    """At each step, (n, steps)."""

    @property
    def places(self) -> Floats:
        """At the image's time, (n, 3)."""
        return self.tracks[:, _STEPS]

    @property
    def courses_deg(self) -> Floats:
        """At the image's time."""
        return self.course_deg[:, _STEPS]


def ships_at(draw: np.random.Generator, places: Floats, first_mmsi: int) -> Ships:
    """Ships that are at these places (n, 3) at the image's time, on tracks that turn."""
    count = len(places)
    anchored = draw.random(count) < _AT_ANCHOR
    speed_kn = np.where(anchored, 0.0, draw.uniform(4, 19, count))
    length_m = np.clip(np.exp(draw.normal(np.log(90), 0.7, count)), 10, 390)
    steps = np.arange(-_STEPS, _STEPS + 1)
    course = draw.uniform(0, 360, count)
    # Slow swings of the course, and in some a manoeuvre of up to 120 degrees within ten minutes.
    swing = draw.uniform(0, 15, count)[:, None] * np.sin(
        2 * np.pi * (steps * STEP_S / draw.uniform(2400, 9000, count)[:, None] + draw.random(count)[:, None])
    )
    turn = np.where(draw.random(count) < 0.3, draw.uniform(-120, 120, count), 0.0)[:, None]  # noqa: PLR2004
    begins = draw.uniform(-_STEPS, _STEPS, count)[:, None]
    course_deg = course[:, None] + swing + turn * np.clip((steps - begins) * STEP_S / 600, 0, 1)
    way_km = (speed_kn * KN_KM_S * STEP_S)[:, None]
    east, north = way_km * np.sin(np.radians(course_deg)), way_km * np.cos(np.radians(course_deg))
    offsets = [np.cumsum(part, axis=1) - np.cumsum(part, axis=1)[:, _STEPS, None] for part in (east, north)]
    many = np.repeat(places, len(steps), axis=0)
    tracks = moved(many, offsets[0].ravel(), offsets[1].ravel()).reshape(count, len(steps), 3)
    return Ships(first_mmsi + np.arange(count), length_m, speed_kn, tracks, course_deg % 360)


def fixes_of(draw: np.random.Generator, ships: Ships, time_ms: int, displaced: Bools) -> Fixes:
    """What is received: at intervals from 20 s to 40 min. ``displaced`` ships report places 15 to 80 km away."""
    parts = [_heard(draw, ships, number, away=bool(displaced[number])) for number in range(len(ships.mmsi))]
    sizes = [len(steps) for steps, _, _ in parts]
    row = np.repeat(np.arange(len(parts)), sizes)
    step = np.concatenate([np.zeros(0, np.int64), *(steps for steps, _, _ in parts)])
    east, north = (np.concatenate([np.zeros(0), *(part[at] for part in parts)]) for at in (1, 2))
    lat, lon = degrees(moved(ships.tracks[row, step], east, north))
    count = len(row)
    sog = np.abs(ships.speed_kn[row] + draw.normal(0, 0.1, count))
    cog = np.where(ships.speed_kn[row] > 0, ships.course_deg[row, step] + draw.normal(0, 2, count), np.nan) % 360
    time = time_ms + (step - _STEPS) * STEP_S * 1000 + draw.integers(-500, 500, count)
    return Fixes(ships.mmsi[row], time, lat, lon, sog, cog)


def _heard(draw: np.random.Generator, ships: Ships, number: int, *, away: bool) -> tuple[Ints, Floats, Floats]:
    """Steps at which a ship is heard, and the errors of its positions, km east and north."""
    every = max(1, int(draw.choice(_INTERVALS_S, p=_INTERVAL_CHANCES)) // STEP_S)
    steps = np.arange(int(draw.integers(0, every)), ships.tracks.shape[1], every)
    steps = steps[draw.random(len(steps)) > _LOST]
    if not len(steps):
        steps = np.array([_STEPS])
    shift, angle = (draw.uniform(15, 80) if away else 0.0), draw.uniform(0, 2 * np.pi)
    east, north = (shift * part(angle) + draw.normal(0, _FIX_ERROR_KM, len(steps)) for part in (np.sin, np.cos))
    return steps, east, north
