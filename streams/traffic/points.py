"""What a track is made of: columns of points, and their units."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

STEPS_A_DEGREE: Final = 600_000
"""A ten-thousandth of a minute, the unit of positions in AIS: 0.19 m."""
SILENT: Final = 1
"""Flag of a point: the vessel was silent before it."""
JUMPED: Final = 2
"""Flag of a point: the vessel cannot have come here from the point before it."""
POINT_BYTES: Final = 17

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Points(NamedTuple):
    """Points of tracks, in columns of equal length. Those of one vessel are in order of time."""

    mmsi: npt.NDArray[np.uint32]
    time_s: npt.NDArray[np.uint32]
    """Event time, Unix seconds."""
    lat: npt.NDArray[np.int32]
    """Latitude, 1 / STEPS_A_DEGREE degrees."""
    lon: npt.NDArray[np.int32]
    """Longitude likewise."""
    flags: npt.NDArray[np.uint8]
    """SILENT, JUMPED, or both."""

    @classmethod
    def empty(cls, size: int = 0) -> Points:
        """``size`` points of zeros."""
        return cls(
            np.zeros(size, np.uint32),
            np.zeros(size, np.uint32),
            np.zeros(size, np.int32),
            np.zeros(size, np.int32),
            np.zeros(size, np.uint8),
        )

    @classmethod
    def joined(cls, parts: list[Points]) -> Points:
        """One after the other."""
        if not parts:
            return cls.empty()
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice) -> Points:
        """The points of these rows."""
        return Points(self.mmsi[rows], self.time_s[rows], self.lat[rows], self.lon[rows], self.flags[rows])

    def first(self, count: int) -> Points:
        """The first ``count`` of them, as a view."""
        return Points(self.mmsi[:count], self.time_s[:count], self.lat[:count], self.lon[:count], self.flags[:count])

    def write(self, at: int, points: Points) -> None:
        """Writes ``points`` over those from ``at`` on."""
        span = slice(at, at + len(points.mmsi))
        self.mmsi[span], self.time_s[span], self.flags[span] = points.mmsi, points.time_s, points.flags
        self.lat[span], self.lon[span] = points.lat, points.lon


def lon_steps(steps: Ints) -> Ints:
    """A difference of longitudes the short way round, in steps from -180 to 180 degrees."""
    return (steps + 180 * STEPS_A_DEGREE) % (360 * STEPS_A_DEGREE) - 180 * STEPS_A_DEGREE
