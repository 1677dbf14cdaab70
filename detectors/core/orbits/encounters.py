"""When satellites come closest to circles, and whether the strip of their sensor meets them.

A sensor sees along the arc that is square to the track, as a radar with zero Doppler does. So a satellite is closest to
a place when the place is neither ahead nor behind; its distance across the track then decides. A circle has the radius
that it has at that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from detectors.core.orbits.ground_tracks import PAD, Block, Numbers, Satellites, dot
from detectors.core.orbits.model import Target
from detectors.core.orbits.propagation import E2, EQUATOR_KM, Floats, curve_km
from detectors.core.sphere import unit_vectors
from detectors.core.units import EARTH_NM, HOUR_MS, MINUTE_MS, MS

RADIUS_MOST_NM: Final = 1200.0
"""A wider circle is taken to have this radius."""
_RADIUS_LEAST: Final = 1e-6  # radians, 6 m: a place is a circle, too
_LEAST_KM: Final = EQUATOR_KM * (1 - E2)  # the ellipsoid is nowhere more curved than with this radius
_SAMPLE: Final = np.radians(2.5)  # half a minute along the lowest orbit, and the flattening of the Earth


class Circles(NamedTuple):
    """Targets in columns, shape (n,)."""

    centre: Floats
    """Unit vectors, shape (n, 3)."""
    radius_nm: Floats
    since_ms: Floats
    growth_kn: Floats
    most_nm: Floats

    @classmethod
    def of(cls, targets: Sequence[Target]) -> Circles:
        """In the order of the targets."""
        columns = np.asarray(
            [(t.lat_deg, t.lon_deg, t.radius_nm, t.since_ms, t.growth_kn, t.most_nm) for t in targets], np.float64
        ).reshape(-1, 6)
        lat, lon, *rest = columns.T
        return cls(unit_vectors(lat, lon).T, *rest)

    def take(self, which: Numbers) -> Circles:
        """Some of them, with repetition."""
        return Circles(*(column[which] for column in self))

    def radius(self, time_ms: Floats) -> Floats:
        """Radians, at times of shape (n,)."""
        grown_nm = self.radius_nm + self.growth_kn * np.maximum(0.0, time_ms - self.since_ms) / HOUR_MS
        nm = np.minimum(np.minimum(grown_nm, self.most_nm), RADIUS_MOST_NM)
        return np.maximum(nm / EARTH_NM, _RADIUS_LEAST)


class Search(NamedTuple):
    """Which satellites, which circles, and when: [from_ms, to_ms)."""

    satellites: Satellites
    circles: Circles
    from_ms: int
    to_ms: int


class Encounters(NamedTuple):
    """Circles that strips meet, in columns of shape (n,)."""

    satellite: Numbers
    target: Numbers
    time_ms: Floats
    """When the satellite is closest."""
    across: Floats
    """The centre's distance from the track, radians; positive to the right."""
    radius: Floats
    """Of the circle, radians."""
    left: Floats
    """Edges of the strip that the sensor can cover, radians across the track; the right one is greater."""
    right: Floats
    swath: Floats
    """The width of one image, radians; infinite if it is the whole strip."""
    rate: Floats
    """Of the place below, radians a second."""
    track_deg: Floats
    """Its course, [0, 360)."""
    nearest: Floats
    """The place in the strip that is nearest to the centre: unit vectors, shape (n, 3)."""

    def take(self, which: Numbers) -> Encounters:
        """Some of them."""
        return Encounters._make(column[which] for column in self)


def encounters(search: Search, block: Block) -> Encounters | None:
    """Those with a closest approach in the block and in the time of the search, in no particular order; None if none.

    The sample nearest to an approach decides in which block it is.
    """
    found = [_near(search, number, block) for number in range(len(search.circles.centre))]
    if not any(len(near.sample) for near in found):
        return None
    target = np.repeat(np.arange(len(found)), [len(near.sample) for near in found])
    sample = np.concatenate([near.sample for near in found])
    minute, satellite = np.divmod(sample, len(search.satellites.pairs))
    start = minute + np.concatenate([near.late for near in found]) + (block.first_minute - PAD)
    those = search.circles.take(target)
    here = block.directions(satellite, start * MINUTE_MS)
    ahead = np.arctan2(dot(here.along, those.centre), dot(here.up, those.centre))
    time_ms = start * MINUTE_MS + np.clip(ahead / here.rate * MS, -MINUTE_MS, MINUTE_MS)
    met = _strips(search, satellite, target, time_ms, block)
    reached = (met.across + met.radius >= met.left) & (met.across - met.radius <= met.right)
    keep = np.flatnonzero(reached & (met.time_ms >= search.from_ms) & (met.time_ms < search.to_ms))
    return met.take(keep)


class _Near(NamedTuple):
    sample: Numbers
    """minute * satellites + satellite, where a satellite is closer to a circle than a minute before and after."""
    late: Floats
    """Minutes from there to the closest approach, if the track were a great circle."""


def _near(search: Search, number: int, block: Block) -> _Near:
    sats, circles, from_ms, to_ms = search
    count = len(sats.pairs)
    first = max(block.first_minute, from_ms // MINUTE_MS - 1) - (block.first_minute - PAD)
    last = min(block.first_minute + block.minutes, to_ms // MINUTE_MS + 3) - (block.first_minute - PAD)
    widest = circles.take(np.asarray([number])).radius(np.asarray([float(to_ms)]))[0]
    least = np.cos(np.minimum(sats.far_km / _LEAST_KM + widest + _SAMPLE, np.pi))
    x, y, z = block.up[:, (first - 1) * count : (last + 1) * count]
    to_x, to_y, to_z = circles.centre[number].astype(np.float32)
    cosine = to_x * x + to_y * y + to_z * z  # not a product of matrices: its last digit depends on what is around
    inner = cosine[count:-count].reshape(-1, count)
    at = np.flatnonzero(inner >= least.astype(np.float32)) + count
    before, here, after = (cosine[beside].astype(np.float64) for beside in (at - count, at, at + count))
    peaks = np.flatnonzero((here >= before) & (here > after))
    before, here, after = before[peaks], here[peaks], after[peaks]
    step = np.arccos(np.clip((before + after) / (2 * here), -1.0, 1.0))
    late = np.arctan2(after - before, 2 * here * np.sin(step)) / step
    return _Near(at[peaks] + (first - 1) * count, np.clip(late, -1.0, 1.0))


def _strips(search: Search, satellite: Numbers, target: Numbers, time_ms: Floats, block: Block) -> Encounters:
    """The encounters, also of circles that the strips miss."""
    sats, circles, here = search.satellites, search.circles.take(target), block.directions(satellite, time_ms)
    across = np.arctan2(dot(here.right, circles.centre), dot(here.up, circles.centre))
    radius_km = curve_km(here.up[:, 2], _eastern(here.right, here.up))
    near, far = sats.near_km[satellite] / radius_km, sats.far_km[satellite] / radius_km
    look = sats.look[satellite]
    both = (look == "nadir") | ((look == "either") & (near == 0))
    leftward = (look == "left") | ((look == "either") & (across < 0))
    left = np.where(both | leftward, -far, near)
    right = np.where(both | ~leftward, far, -near)
    seen = np.clip(across, left, right)[:, None]
    return Encounters(
        satellite=satellite,
        target=target,
        time_ms=time_ms,
        across=across,
        radius=circles.radius(time_ms),
        left=left,
        right=right,
        swath=sats.swath_km[satellite] / radius_km,
        rate=here.rate,
        track_deg=np.degrees(np.arctan2(_eastern(here.along, here.up), _eastern(here.right, here.up))) % 360.0,
        nearest=np.cos(seen) * here.up + np.sin(seen) * here.right,
    )


def _eastern(direction: Floats, up: Floats) -> Floats:
    """The part of level directions that points east."""
    return np.asarray((direction[:, 1] * up[:, 0] - direction[:, 0] * up[:, 1]) / np.hypot(up[:, 0], up[:, 1]))
