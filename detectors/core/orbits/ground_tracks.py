"""Satellites with their sensors, and the tracks of both over the ground, kept in blocks of time.

Places on the ground are unit vectors whose latitude is the geodetic one, and lengths on it are angles in radians. A
track is sampled at whole minutes and interpolated between them by cubics through positions and velocities, which adds
less than a metre.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.orbits.model import ElementSet, Sensor
from detectors.core.orbits.propagation import Floats, nadir, over_ground, satrecs, why_unusable
from detectors.core.units import MINUTE_MS, MS

Numbers = npt.NDArray[np.intp]
Singles = npt.NDArray[np.float32]
"""Half a metre in 7,000 km, and half the memory."""
PAD: Final = 10
"""Minutes that a block has more on both sides: half of the longest pass."""
_MINUTES_MOST: Final = 4 * 1440
_SAMPLES_MOST: Final = 200_000  # of a block: 7 MB
_BLOCKS_LEAST, _BLOCKS_MOST = 3, 14
_STEP_S: Final = MINUTE_MS / MS


class Directions(NamedTuple):
    """Of satellites at some times: unit vectors, shape (..., 3), and the speed along the ground, rad/s."""

    up: Floats
    """The place below."""
    along: Floats
    """Where it is going, over the turning Earth: level, as seen from the place below."""
    right: Floats
    rate: Floats


class Block(NamedTuple):
    """Tracks of all satellites over some minutes, with ``PAD`` more before and after."""

    first_minute: int
    """Since 1970, without the padding."""
    minutes: int
    place: Singles
    """Earth-fixed, km, shape (minutes, satellites, 3), as ``velocity`` in km/s."""
    velocity: Singles
    up: Singles
    """The places below, shape (3, minutes * satellites)."""

    def directions(self, satellite: Numbers, time_ms: Floats) -> Directions:
        """Of satellites (n,) at times of shape (n, ...), which are in the block or its padding."""
        minute = time_ms / MINUTE_MS - (self.first_minute - PAD)
        index = np.clip(minute.astype(np.intp), 0, len(self.place) - 2)
        share = (minute - index)[..., None]
        which = satellite.reshape(-1, *(1,) * (time_ms.ndim - 1))
        before, after = (self.place[at, which].astype(np.float64) for at in (index, index + 1))
        leaving, coming = (self.velocity[at, which].astype(np.float64) * _STEP_S for at in (index, index + 1))
        rise = after - before
        bend, turn = 3 * rise - 2 * leaving - coming, leaving + coming - 2 * rise
        place = before + share * (leaving + share * (bend + share * turn))
        velocity = (leaving + share * (2 * bend + 3 * share * turn)) / _STEP_S
        up = nadir(place)
        level = velocity - dot(velocity, up)[..., None] * up
        speed = np.sqrt(dot(level, level))
        along = level / speed[..., None]
        return Directions(up, along, cross(along, up), speed / np.sqrt(dot(place, place)))


class Satellites:
    """Pairs of elements and sensor, with the ground tracks of the days that were asked for last.

    Raises ValueError for elements of which ``why_unusable`` says why.
    """

    def __init__(self, pairs: Sequence[tuple[ElementSet, Sensor]]) -> None:
        unusable = next((f"{one.name}: {why}" for one, _ in pairs if (why := why_unusable(one))), None)
        if unusable:
            raise ValueError(unusable)
        self.pairs = tuple(pairs)
        sensors = [sensor for _, sensor in pairs]
        self.epoch_ms = np.asarray([one.epoch_ms for one, _ in pairs], np.float64)
        self.near_km = np.asarray([sensor.near_km for sensor in sensors], np.float64)
        self.far_km = np.asarray([sensor.far_km for sensor in sensors], np.float64)
        self.swath_km = np.asarray([sensor.swath_km or np.inf for sensor in sensors], np.float64)
        self.look = np.asarray([sensor.look for sensor in sensors], "U6")
        self.sun_least_deg = np.asarray(
            [np.nan if sensor.sun_least_deg is None else sensor.sun_least_deg for sensor in sensors], np.float64
        )
        self._satrecs = satrecs([one for one, _ in pairs])
        self._minutes = max(2 * PAD, min(_MINUTES_MOST, _SAMPLES_MOST // max(1, len(pairs))))
        self._blocks: OrderedDict[int, Block] = OrderedDict()
        self._kept = _BLOCKS_LEAST

    def blocks(self, from_ms: int, to_ms: int) -> Iterator[Block]:
        """The blocks that cover a time, in order."""
        length_ms = self._minutes * MINUTE_MS
        numbers = range(from_ms // length_ms, to_ms // length_ms + 1)
        self._kept = min(_BLOCKS_MOST, max(_BLOCKS_LEAST, len(numbers)))
        for number in numbers:
            yield self._block(number)

    def _block(self, number: int) -> Block:
        block = self._blocks.get(number)
        if block is None:
            first = number * self._minutes
            place, velocity = over_ground(self._satrecs, first - PAD, self._minutes + 2 * PAD)
            up = np.ascontiguousarray(nadir(place).reshape(-1, 3).T, np.float32)
            places, velocities = (array.astype(np.float32) for array in (place, velocity))
            block = self._blocks[number] = Block(first, self._minutes, places, velocities, up)
            while len(self._blocks) > self._kept:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return block


def dot(a: Floats, b: Floats) -> Floats:
    """Products of vectors along the last axis."""
    return np.asarray(a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2])


def cross(a: Floats, b: Floats) -> Floats:
    """Vector products along the last axis; ``np.cross`` takes five times as long for short arrays."""
    ax, ay, az, bx, by, bz = (v[..., axis] for v in (a, b) for axis in range(3))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
