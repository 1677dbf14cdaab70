"""The shape of the places where displaced vessels appear: a point, a circle, a line or none, by least squares.

A transmitter that imitates satellites shows one place to all receivers near it, or a circle or a line along which that
place moves. Noise gives no shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.half_degrees import turned

LEAST: Final = 3
"""Positions for a shape. A circle needs one more: through three positions there is always one."""
WITHIN_NM: Final = 0.1
"""Largest root mean square of the distances from the shape: 185 m."""
_NM_A_DEGREE: Final = 60.0
_PARTS: Final = 4
"""The rest after a circle is fitted is smaller than the radius by this factor at least."""
_DIGITS, _NM_DIGITS = 4, 2

Floats = npt.NDArray[np.float64]


class Place(NamedTuple):
    """A position, degrees."""

    lat_deg: float
    lon_deg: float


def shape_of(places: Sequence[Place]) -> dict[str, object]:
    """``kind``, and its measures: ``lat_deg`` and ``lon_deg`` of the centre, ``radius_nm``, ``off_nm``.

    ``off_nm`` is the root mean square of the distances from the shape. A line has ``length_nm`` and ``course_deg``.
    """
    if len(places) < LEAST:
        return {"kind": "none"}
    flat = _Flat(places)
    return flat.point() or flat.line() or flat.circle() or {"kind": "none"}


def middle_of(places: Sequence[Place]) -> Place:
    """The mean of places that are near each other, also across 180 E."""
    first = places[0].lon_deg
    lon_deg = first + float(np.mean([turned(place.lon_deg - first) for place in places]))
    return Place(float(np.mean([place.lat_deg for place in places])), turned(lon_deg))


class _Flat:
    """Positions on a plane, nm east and north of their mean."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._middle = middle_of(places)
        self._scale = float(np.cos(np.radians(self._middle.lat_deg)))
        east = [turned(place.lon_deg - self._middle.lon_deg) * self._scale for place in places]
        north = [place.lat_deg - self._middle.lat_deg for place in places]
        self._xy: Floats = np.asarray([east, north], np.float64).T * _NM_A_DEGREE

    def point(self) -> dict[str, object] | None:
        """One place."""
        off_nm = _rms(np.hypot(*self._xy.T))
        return self._said("point", np.zeros(2), off_nm) if off_nm <= WITHIN_NM else None

    def line(self) -> dict[str, object] | None:
        """A straight line: the direction in which the positions are spread most."""
        direction = np.linalg.svd(self._xy, full_matrices=False)[2][0]
        off_nm = _rms(self._xy @ np.asarray([-direction[1], direction[0]]))
        if off_nm > WITHIN_NM:
            return None
        length_nm = float(np.ptp(self._xy @ direction))
        course_deg = float(np.degrees(np.arctan2(direction[0], direction[1]))) % 180.0
        measures = {"length_nm": round(length_nm, _NM_DIGITS), "course_deg": round(course_deg, 1)}
        return {**self._said("line", np.zeros(2), off_nm), **measures}

    def circle(self) -> dict[str, object] | None:
        """A circle around the positions (Kasa's fit), not an arc of a larger one."""
        if len(self._xy) <= LEAST:
            return None
        design = np.column_stack([2 * self._xy, np.ones(len(self._xy))])
        east, north, rest = np.linalg.lstsq(design, (self._xy**2).sum(axis=1), rcond=None)[0].tolist()
        radius_nm = float(np.sqrt(max(0.0, rest + east * east + north * north)))
        off_nm = _rms(np.hypot(self._xy[:, 0] - east, self._xy[:, 1] - north) - radius_nm)
        spread_nm = float(np.ptp(self._xy, axis=0).max())
        if off_nm > WITHIN_NM or off_nm * _PARTS > radius_nm or radius_nm > spread_nm:
            return None
        return {**self._said("circle", np.asarray([east, north]), off_nm), "radius_nm": round(radius_nm, _NM_DIGITS)}

    def _said(self, kind: str, centre: Floats, off_nm: float) -> dict[str, object]:
        east, north = (centre / _NM_A_DEGREE).tolist()
        return {
            "kind": kind,
            "lat_deg": round(self._middle.lat_deg + north, _DIGITS),
            "lon_deg": round(turned(self._middle.lon_deg + east / self._scale), _DIGITS),
            "off_nm": round(off_nm, _NM_DIGITS),
        }


def _rms(distances: Floats) -> float:
    return float(np.sqrt(np.mean(distances**2)))
