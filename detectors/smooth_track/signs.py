"""Signs that a machine has computed a track: what an hour of fixes shows that no ship at sea makes.

Places are metres on a plane that touches the earth at the middle fix. Over the 20 nm of an hour it is true to
centimetres, and differences between sphere, ellipsoid and chart are of second order: the models of a line and of a
circle leave them free, so that they do not count as noise.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Fact
from detectors.core.units import EARTH_NM, HOUR_MS, MINUTE_MS, MS
from detectors.core.vessels.recent_fixes import Fixes
from detectors.smooth_track.thresholds import SmoothTrackThresholds

NOISE, CIRCLE, SPEED, COURSE = "noise", "circle", "speed", "course"
METRES_NM: Final = 1852.0
CHORD_MS: Final = 10 * MINUTE_MS
"""Chords of this length give the least distance that a vessel has covered: errors of single fixes do not add up."""
STEADY_LEAST: Final = 0.9
"""Length of the mean of all reported courses as unit vectors, above which the vessel has made no turns."""
TURN_MOST_DEG: Final = 90.0
"""Between two fixes. A vessel that turns more may have made a full circle unseen."""
COURSE_TURN_MOST_DEG: Final = 45.0
HALF_CIRCLE: Final = 0.7
"""Distance between the ends of an arc of 180 degrees, as a share of the arc: 2 / pi, and a little more."""
CURVE: Final = 2
"""Degree of the curves that a chart makes of a straight line."""
_HARMONICS: Final = (0, 1, -1, 2, -2)

Floats = npt.NDArray[np.float64]


class Sign(NamedTuple):
    """One sign that an hour of fixes shows."""

    name: str
    """NOISE, CIRCLE, SPEED or COURSE."""
    facts: tuple[Fact, ...]


class TrackHour:
    """The fixes of an hour, and the legs between them: one value fewer than fixes."""

    def __init__(self, fixes: Fixes) -> None:
        self.time_s: Floats = (fixes["time_ms"] - fixes["time_ms"][0]) / MS
        self.place_m = _plane(fixes["lat_deg"], fixes["lon_deg"])
        self.sog_kn: Floats = fixes["sog_kn"].astype(np.float64)
        self.cog_deg: Floats = fixes["cog_deg"].astype(np.float64)
        self.leg_m = np.diff(self.place_m)
        self.leg_kn: Floats = np.abs(self.leg_m) / np.diff(self.time_s) * _KN_MS

    @property
    def most_kn(self) -> float:
        """Speed along all legs."""
        return float(np.abs(self.leg_m).sum() / self.time_s[-1] * _KN_MS)

    @property
    def least_kn(self) -> float:
        """Speed along chords of at least CHORD_MS: never more than the vessel made."""
        ends = [0]
        for place, time_s in enumerate(self.time_s.tolist()):
            if (time_s - self.time_s[ends[-1]]) * MS >= CHORD_MS:
                ends.append(place)
        if ends[-1] != len(self.time_s) - 1:
            ends.append(len(self.time_s) - 1)
        return float(np.abs(np.diff(self.place_m[ends])).sum() / self.time_s[-1] * _KN_MS)


_KN_MS: Final = HOUR_MS / MS / METRES_NM
"""Knots per metre per second."""


class Circle(NamedTuple):
    """The circle on which an hour of fixes lies best."""

    radius_m: float
    arc_deg: float
    """How far the vessel went round; negative to port."""
    share: float
    """Root mean square distance of the fixes from where a constant rate on it has them, as a share of the radius."""


def signs_of(fixes: Fixes, limits: SmoothTrackThresholds) -> list[Sign]:
    """The signs that an hour of fixes shows, the strongest first. At least ``limits.fixes_least`` fixes."""
    hour = TrackHour(fixes)
    circle = circle_of(hour) if _goes_round(hour) else None
    if circle is not None and not _is_perfect(circle, limits):
        circle = None
    found = (_noise(hour, circle, limits), _circle(circle, limits), _speed(hour, limits), _course(hour, limits))
    return [sign for sign in found if sign is not None]


# -- a perfect circle ---------------------------------------------------------------------------------------------


def circle_of(hour: TrackHour) -> Circle | None:
    """The circle of least squares; None if there is none, or if the fixes are too far apart to show it."""
    x, y = hour.place_m.real, hour.place_m.imag
    (a, b, c), *_ = np.linalg.lstsq(np.stack([x, y, np.ones_like(x)], 1), x * x + y * y, rcond=None)
    centre, square = complex(a, b) / 2, float(c + (a * a + b * b) / 4)
    if square <= 0:
        return None
    radius_m, spoke = square**0.5, hour.place_m - centre
    angle = np.unwrap(np.angle(spoke))
    if np.degrees(np.abs(np.diff(angle)).max()) > TURN_MOST_DEG:
        return None
    constant = angle - _unfit(hour.time_s, angle, 1)
    off = spoke - radius_m * np.exp(1j * constant)
    return Circle(radius_m, -float(np.degrees(angle[-1] - angle[0])), _rms(off, 0) / radius_m)


def _goes_round(hour: TrackHour) -> bool:
    """Whether it may have made half a circle: the distance between its ends is then less than 0.64 of the path."""
    return bool(abs(hour.leg_m.sum()) < HALF_CIRCLE * np.abs(hour.leg_m).sum())


def _is_perfect(circle: Circle, limits: SmoothTrackThresholds) -> bool:
    return abs(circle.arc_deg) > limits.arc_deg and circle.share < limits.circle_share


def _circle(circle: Circle | None, limits: SmoothTrackThresholds) -> Sign | None:
    if circle is None:
        return None
    arc = Fact(fact="arc of one circle", value=round(abs(circle.arc_deg)), threshold=limits.arc_deg, unit="deg")
    share = Fact(
        fact="deviation from a constant turn on that circle, share of its radius",
        value=round(circle.share, 4),
        threshold=limits.circle_share,
    )
    radius = Fact(fact="radius of that circle", value=round(circle.radius_m / METRES_NM, 2), unit="nm")
    return Sign(CIRCLE, (arc, share, radius))


# -- no noise -----------------------------------------------------------------------------------------------------


def _noise(hour: TrackHour, circle: Circle | None, limits: SmoothTrackThresholds) -> Sign | None:
    """Positions are compared across and along the course: only along it does an inexact time move them."""
    if hour.leg_kn.min() <= limits.moving_kn:
        return None
    across_m, along_m = off_line_m(hour) if circle is None else off_circle_m(hour, circle)
    along_most_m = limits.noise_m + limits.time_error_s * float(hour.leg_kn.mean()) / _KN_MS
    if across_m >= limits.noise_m or along_m >= along_most_m:
        return None
    path = "a line" if circle is None else "a circle"
    across = Fact(
        fact=f"deviation from {path}, root mean square", value=round(across_m, 2), threshold=limits.noise_m, unit="m"
    )
    along = Fact(
        fact="deviation from a constant speed on it, root mean square",
        value=round(along_m, 2),
        threshold=round(along_most_m, 1),
        unit="m",
    )
    return Sign(NOISE, (across, along))


def off_line_m(hour: TrackHour) -> tuple[float, float]:
    """Noise across and along a line at constant speed, root mean square; a slight curve and change of speed are free.

    Across, the curve is over the distance, and not over time: a wrong time leaves a fix on the line.
    """
    off = hour.place_m - hour.place_m.mean()
    turned = off * np.exp(-0.5j * np.angle((off * off).sum()))
    across, along = _unfit(turned.real, turned.imag, CURVE), _unfit(hour.time_s, turned.real, CURVE)
    return _rms(across, CURVE + 1), _rms(along, CURVE + 1)


def off_circle_m(hour: TrackHour, circle: Circle) -> tuple[float, float]:
    """Noise across and along a circle at a constant rate, root mean square; of the shape, what a chart does is free.

    The second harmonics are those of an ellipse and of a degree of longitude that shortens to the north.
    """
    turn = np.exp(-1j * np.radians(circle.arc_deg) * hour.time_s / hour.time_s[-1])
    model = np.stack([*(turn**k for k in _HARMONICS), turn * hour.time_s / hour.time_s[-1]], 1)
    weights, *_ = np.linalg.lstsq(model, hour.place_m, rcond=None)
    off = (hour.place_m - model @ weights) / (turn * np.exp(1j * np.angle(weights[1])))
    return _rms(off.real, len(weights)), _rms(off.imag, len(weights))


# -- what is reported, and what the vessel does -------------------------------------------------------------------


def _speed(hour: TrackHour, limits: SmoothTrackThresholds) -> Sign | None:
    """A lower speed than the least that it made; or a higher one than the most, on a steady course."""
    known = np.isfinite(hour.sog_kn)
    if known.sum() < limits.fixes_least:
        return None
    time_s = hour.time_s[known]
    reported_kn = float(np.trapezoid(hour.sog_kn[known], time_s) / (time_s[-1] - time_s[0]))
    lacks, exceeds = hour.least_kn - reported_kn, reported_kn - hour.most_kn
    made_kn = hour.least_kn if lacks > 0 else hour.most_kn
    apart_kn = round(lacks if lacks > 0 else exceeds, 1)
    if apart_kn <= limits.speed_kn or (exceeds > 0 and not _is_steady(hour)):
        return None
    apart = Fact(
        fact="difference between reported speed and distance covered",
        value=apart_kn,
        threshold=limits.speed_kn,
        unit="kn",
    )
    reported = Fact(fact="reported speed, mean of the hour", value=round(reported_kn, 1), unit="kn")
    return Sign(SPEED, (apart, reported, Fact(fact="speed from positions", value=round(made_kn, 1), unit="kn")))


def _is_steady(hour: TrackHour) -> bool:
    known = hour.cog_deg[np.isfinite(hour.cog_deg)]
    return bool(len(known)) and abs(np.exp(1j * np.radians(known)).mean()) > STEADY_LEAST


def _course(hour: TrackHour, limits: SmoothTrackThresholds) -> Sign | None:
    """Another course than that of all legs. Without speed, and as 0.0 throughout, a course means nothing."""
    known = np.isfinite(hour.cog_deg) & (hour.sog_kn > limits.moving_kn)
    if not known.all() or not hour.cog_deg.any() or hour.leg_kn.min() <= limits.moving_kn:
        return None
    ways = np.exp(1j * np.radians(hour.cog_deg))
    if np.degrees(np.abs(np.angle(ways[1:] / ways[:-1])).max()) > COURSE_TURN_MOST_DEG:
        return None
    made = 1j * np.conj(hour.leg_m)  # from x east and y north to an angle from north
    apart_deg = round(float(np.degrees(np.abs(np.angle((ways[1:] + ways[:-1]) / made)).min())))
    if apart_deg <= limits.course_deg:
        return None
    fact = "difference between reported course and direction of movement, least of the hour"
    return Sign(COURSE, (Fact(fact=fact, value=apart_deg, threshold=limits.course_deg, unit="deg"),))


# -- geometry -----------------------------------------------------------------------------------------------------


def _plane(lat_deg: Floats, lon_deg: Floats) -> Any:
    """Metres east (real) and north (imaginary) of the middle fix."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    mid, east = lat[len(lat) // 2], lon - lon[len(lon) // 2]
    north = np.cos(mid) * np.sin(lat) - np.sin(mid) * np.cos(lat) * np.cos(east)
    return EARTH_NM * METRES_NM * (np.cos(lat) * np.sin(east) + 1j * north)


def _unfit(along: Floats, values: Floats, degree: int) -> Floats:
    """What a polynomial leaves of the values."""
    scaled = along / np.abs(along).max()
    model = scaled[:, None] ** np.arange(degree + 1)
    weights, *_ = np.linalg.lstsq(model, values, rcond=None)
    return np.asarray(values - model @ weights)


def _rms(values: Any, fitted: int) -> float:
    """Root mean square of what is left after a fit of that many numbers."""
    return float(np.sqrt((np.abs(values) ** 2).sum() / (len(values) - fitted)))
