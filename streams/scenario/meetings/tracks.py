"""The ways of ships that lie, drift or sail beside each other."""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.scenario.model import HOUR_MS
from streams.scenario.positions.scene import Place, offset
from streams.scenario.track import Track, sail

NM_M: Final = 1852.0
_NEAR_NM, _FAR_NM = 4.0, 14.0
"""Before and after, a ship sails to and fro between these distances."""


def towards(place: Place, course_deg: float, nm: float) -> Place:
    """The place so far away on a course."""
    course = np.radians(course_deg)
    return offset(place, float(nm * np.cos(course)), float(nm * np.sin(course)))


def drift(place: Place, from_ms: int, to_ms: int, *, knots: float = 0.2, course_deg: float = 60.0) -> Track:
    """From ``place`` on, steadily."""
    end = towards(place, course_deg, knots * (to_ms - from_ms) / HOUR_MS)
    return Track(np.array([from_ms, to_ms]), np.array([place[0], end[0]]), np.array([place[1], end[1]]))


def abreast(track: Track, course_deg: float, metres: float) -> Track:
    """The same way, so far away on a course."""
    lat_deg, lon_deg = towards((float(track.lat_deg[0]), float(track.lon_deg[0])), course_deg, metres / NM_M)
    return Track(track.times_ms, track.lat_deg + lat_deg - track.lat_deg[0], track.lon_deg + lon_deg - track.lon_deg[0])


def calling(track: Track, span: tuple[int, int], *, course_deg: float, knots: float = 11.0) -> Track:
    """Comes to the beginning of ``track`` and sails on from its end; in the rest of ``span`` it is under way.

    ``course_deg``: from the place to where it comes from and sails to.
    """
    first, last = ((float(track.lat_deg[at]), float(track.lon_deg[at])) for at in (0, -1))
    come, leave = _to_and_fro(first, course_deg, knots), _to_and_fro(last, course_deg, knots)
    before = [(track.from_ms - ms, place) for ms, place in come if track.from_ms - ms > span[0] - HOUR_MS][::-1]
    after = [(track.to_ms + ms, place) for ms, place in leave if track.to_ms + ms < span[1] + 2 * HOUR_MS]
    times = [*(ms for ms, _ in before), *track.times_ms.tolist(), *(ms for ms, _ in after)]
    lat_deg = [*(place[0] for _, place in before), *track.lat_deg.tolist(), *(place[0] for _, place in after)]
    lon_deg = [*(place[1] for _, place in before), *track.lon_deg.tolist(), *(place[1] for _, place in after)]
    return Track(np.array(times), np.array(lat_deg), np.array(lon_deg))


def _to_and_fro(place: Place, course_deg: float, knots: float) -> list[tuple[int, Place]]:
    """Turning points, and how long after leaving ``place`` they are reached."""
    near, far = towards(place, course_deg, _NEAR_NM), towards(place, course_deg, _FAR_NM)
    first_ms, leg_ms = (int(nm / knots * HOUR_MS) for nm in (_FAR_NM, _FAR_NM - _NEAR_NM))
    return [(first_ms + turn * leg_ms, near if turn % 2 else far) for turn in range(40)]


def patrol(place: Place, span: tuple[int, int], *, knots: float, course_deg: float, nm: float) -> Track:
    """To and fro on a straight line from ``place``, for all of ``span``."""
    end = towards(place, course_deg, nm)
    legs = 2 + int(knots * (span[1] - span[0]) / HOUR_MS / nm)
    return sail([end if leg % 2 else place for leg in range(legs)], span[0], knots)
