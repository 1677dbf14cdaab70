"""Thins tracks as they are heard: a point is kept only where the way to the next one would not show what lies between.

From the last kept point on, each further fix allows the velocities that lead past it within ``error_m`` at its time. A
box of them is kept per vessel: four numbers, however many fixes follow. While the newest fix itself can be reached with
a velocity of the box, every fix in between is within ``error_m`` of the straight way to it, at its own time. Once it
cannot, the fix before it is kept, and all begins again from there (the swing filter: Elmeleegy and others, VLDB 2009).

A way is straight on the plane of latitude and longitude, as a map shows it. A silence and a jump keep both ends.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.traffic.points import JUMPED, SILENT, STEPS_A_DEGREE, Floats, Ints, Points, lon_steps
from streams.traffic.rows import Rows

LONGEST_S: Final = 1800
"""Two points of a vessel that is heard all the time are never further apart."""
METRES_A_DEGREE: Final = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""
_LEAST_COSINE: Final = 0.01
_BOX: Final = ("north_least", "north_most", "east_least", "east_most")


class ThinningRules(NamedTuple):
    """How tracks are thinned."""

    error_m: float = 50.0
    """No fix is further from the thinned track, at its own time."""
    silent_s: int = 1200
    """A longer time without a fix is a silence."""


class Fixes(NamedTuple):
    """At most one fix per vessel, each later than the last one of its vessel."""

    rows: Rows
    time_s: Ints
    lat: Ints
    """In steps, as ``lon``."""
    lon: Ints
    jumped: npt.NDArray[np.bool_]


def thin(table: npt.NDArray[np.void], fixes: Fixes, rules: ThinningRules) -> Points:
    """Takes the next fix of some vessels. ``table`` (dtype ROW) still has the fix before it. Returns points to keep."""
    row = table[fixes.rows]
    first = row["time_s"] == 0
    broken = ~first & (fixes.jumped | (fixes.time_s - row["time_s"] > rules.silent_s))
    fits = first | broken | _fits(row, fixes)
    kept_before = (broken | ~fits) & (row["time_s"] != row["anchor_s"])
    last = Fixes(fixes.rows, row["time_s"], row["lat"], row["lon"], fixes.jumped)
    before = _points(row["mmsi"], last, np.zeros(len(row), np.uint8), kept_before)
    begins = first | broken
    flags = (SILENT * (first | (broken & ~fixes.jumped)) + JUMPED * (broken & fixes.jumped)).astype(np.uint8)
    now = _points(row["mmsi"], fixes, flags, begins)
    _anchor(row, kept_before, last)
    _anchor(row, begins, fixes)
    _narrow(row, fixes, rules.error_m, ~begins)
    for column in ("anchor_s", "anchor_lat", "anchor_lon", *_BOX):
        table[column][fixes.rows] = row[column]
    return Points.joined([before, now])


def _velocity(row: npt.NDArray[np.void], fixes: Fixes) -> tuple[Ints, Floats, Floats]:
    """From the last kept point to the fix: seconds, and steps per second north and east."""
    passed_s = np.maximum(fixes.time_s - row["anchor_s"], 1)
    north = (fixes.lat - row["anchor_lat"]) / passed_s
    return passed_s, north, lon_steps(fixes.lon - row["anchor_lon"]) / passed_s


def _fits(row: npt.NDArray[np.void], fixes: Fixes) -> npt.NDArray[np.bool_]:
    passed_s, north, east = _velocity(row, fixes)
    inside = (north >= row["north_least"]) & (north <= row["north_most"])
    fits: npt.NDArray[np.bool_] = (
        inside & (east >= row["east_least"]) & (east <= row["east_most"]) & (passed_s <= LONGEST_S)
    )
    return fits


def _anchor(row: npt.NDArray[np.void], chosen: npt.NDArray[np.bool_], fixes: Fixes) -> None:
    for column, values in (("anchor_s", fixes.time_s), ("anchor_lat", fixes.lat), ("anchor_lon", fixes.lon)):
        row[column][chosen] = values[chosen]
    for column, value in zip(_BOX, (-np.inf, np.inf, -np.inf, np.inf), strict=True):
        row[column][chosen] = value


def _narrow(row: npt.NDArray[np.void], fixes: Fixes, error_m: float, chosen: npt.NDArray[np.bool_]) -> None:
    """Leaves in the box only velocities that pass each fix within ``error_m``: a square of that diagonal around it."""
    passed_s, north, east = _velocity(row, fixes)
    half = error_m / math.sqrt(2) / METRES_A_DEGREE * STEPS_A_DEGREE / passed_s
    wider = half / np.maximum(np.cos(np.radians(fixes.lat / STEPS_A_DEGREE)), _LEAST_COSINE)
    bounds = (north - half, north + half, east - wider, east + wider)
    for column, bound, closer in zip(_BOX, bounds, (np.maximum, np.minimum) * 2, strict=True):
        row[column][chosen] = closer(row[column], bound)[chosen]


def _points(
    mmsi: npt.NDArray[np.uint32], fixes: Fixes, flags: npt.NDArray[np.uint8], chosen: npt.NDArray[np.bool_]
) -> Points:
    return Points(
        mmsi[chosen],
        fixes.time_s[chosen].astype(np.uint32),
        fixes.lat[chosen].astype(np.int32),
        fixes.lon[chosen].astype(np.int32),
        flags[chosen],
    )
