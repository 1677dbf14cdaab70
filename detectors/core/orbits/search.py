"""Which satellites pass over targets, and when.

Two rounds: minutes at which a satellite is closest are found in one pass for each target (0.2 ms for 20 satellites
and three days); of those, everything else is worked out in columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Final, NamedTuple

import numpy as np

from detectors.core.orbits.coverage import Bools, outlines, share, times_ms
from detectors.core.orbits.encounters import Circles, Encounters, Search, encounters
from detectors.core.orbits.ground_tracks import Block, Numbers, Satellites
from detectors.core.orbits.model import Pass, Target
from detectors.core.orbits.propagation import Floats
from detectors.core.orbits.sun import elevation_deg
from detectors.core.units import DAY_MS, HOUR_MS, MINUTE_MS, MS

AGE_MOST_D: Final = 14.0
"""Elements older than this say too little: a satellite that has manoeuvred can be minutes early or late."""
_AT_ONCE: Final = 4096  # encounters whose outlines are worked out together: some 20 MB
_CORNERS_LEAST: Final = 3
_LAST_MS: Final = 253_402_300_800_000 - HOUR_MS  # passes end before the year 10000: later times cannot be written

Corners = tuple[tuple[float, float], ...]


class _Found(NamedTuple):
    """Encounters of one block with their begin and end."""

    block: Block
    met: Encounters
    times: Floats
    """Unix ms, shape (n, 2)."""


def find_passes(
    satellites: Satellites,
    targets: Sequence[Target],
    from_ms: int,
    to_ms: int,
    most: int | None = None,
    *,
    age_most_d: float | None = AGE_MOST_D,
) -> list[Pass]:
    """Passes whose closest approach is in [from_ms, to_ms), in the order of begin, satellite, sensor and target.

    With ``most``, the first of them. Elements whose epoch is further than ``age_most_d`` from the pass are not used;
    None: they are, whatever their age. The same input gives the same passes, for one target or for many at once.
    """
    to_ms = min(to_ms, _LAST_MS)
    if not (targets and satellites.pairs and from_ms < to_ms):
        return []
    search = Search(satellites, Circles.of(targets), from_ms, to_ms)
    blocks = satellites.blocks(from_ms - MINUTE_MS, to_ms + MINUTE_MS)  # of a pass the nearest sample may be outside
    found = [part for block in blocks if (part := _timed(search, block, age_most_d)) is not None]
    keep = _first(satellites, targets, found, most)
    passes = [one for at, part in zip(keep, found, strict=True) for one in _described(search, targets, part, at)]
    return sorted(passes, key=_order)


def outdated(satellites: Satellites, from_ms: int, to_ms: int, age_most_d: float = AGE_MOST_D) -> list[str]:
    """Names of satellites whose elements are too old for a part of this time, in order."""
    most_ms = age_most_d * DAY_MS
    too_old = (from_ms < satellites.epoch_ms - most_ms) | (to_ms > satellites.epoch_ms + most_ms)
    return sorted({satellites.pairs[at][0].name for at in np.flatnonzero(too_old).tolist()})


def _timed(search: Search, block: Block, age_most_d: float | None) -> _Found | None:
    met = encounters(search, block)
    if met is None:
        return None
    if age_most_d is not None:
        fresh = np.abs(met.time_ms - search.satellites.epoch_ms[met.satellite]) <= age_most_d * DAY_MS
        met = met.take(np.flatnonzero(fresh))
    return _Found(block, met, times_ms(met, block, search.circles.centre[met.target]))


def _first(
    satellites: Satellites, targets: Sequence[Target], found: Sequence[_Found], most: int | None
) -> list[Numbers]:
    """Which encounters of each block are described: all, or the first ``most`` in the order of passes."""
    if most is None or sum(len(part.met.time_ms) for part in found) <= most:
        return [np.arange(len(part.met.time_ms)) for part in found]
    keys = sorted(
        ((begin, *_names(satellites, satellite), targets[target].name), number, at)
        for number, part in enumerate(found)
        for at, (begin, satellite, target) in enumerate(
            zip(_seconds(part.times[:, 0]).tolist(), part.met.satellite.tolist(), part.met.target.tolist(), strict=True)
        )
    )[:most]
    return [np.asarray([at for _, which, at in keys if which == number], np.intp) for number in range(len(found))]


def _seconds(time_ms: Floats) -> Floats:
    return np.rint(time_ms / MS)


def _names(satellites: Satellites, number: int) -> tuple[str, int, str]:
    elements, sensor = satellites.pairs[number]
    return elements.name, elements.norad_id, sensor.name


def _order(one: Pass) -> tuple[str, str, int, str, str]:
    return one.begin, one.satellite, one.norad_id, one.sensor, one.target


def _described(search: Search, targets: Sequence[Target], part: _Found, keep: Numbers) -> Iterator[Pass]:
    for first in range(0, len(keep), _AT_ONCE):
        at = keep[first : first + _AT_ONCE]
        yield from _passes(search, targets, _Found(part.block, part.met.take(at), part.times[at]))


def _passes(search: Search, targets: Sequence[Target], part: _Found) -> Iterator[Pass]:
    satellites = search.satellites
    block, met, times = part
    sun_deg = elevation_deg(met.nearest, met.time_ms)
    light = sun_deg >= satellites.sun_least_deg[met.satellite]
    age_h = np.round((met.time_ms - satellites.epoch_ms[met.satellite]) / HOUR_MS, 1)
    columns = zip(
        met.satellite.tolist(),
        met.target.tolist(),
        *np.datetime_as_string(_seconds(times.T).astype("datetime64[s]")).tolist(),
        np.round(share(met), 3).tolist(),
        (np.round(met.track_deg, 1) % 360.0).tolist(),
        _sides(met).tolist(),
        age_h.tolist(),
        light.tolist(),
        _rings(*outlines(met, block, search.circles.centre[met.target], times)),
        strict=True,
    )
    for satellite, target, begin, end, covers, track_deg, side, age, lit, area in columns:
        elements, sensor = satellites.pairs[satellite]
        yield Pass(
            satellite=elements.name,
            norad_id=elements.norad_id,
            sensor=sensor.name,
            kind=sensor.kind,
            target=targets[target].name,
            begin=f"{begin}Z",
            end=f"{end}Z",
            covers=covers,
            track_deg=track_deg,
            side=side,
            elements_age_h=age,
            area=area,
            daylight=None if sensor.sun_least_deg is None else lit,
            pointable=sensor.pointable,
        )


def _rings(corners: Floats, counts: Bools) -> Iterator[Corners]:
    """Of corners (2, n, k): those that count, none twice in a row; empty if no area is left, as of a place."""
    lon, lat = corners
    repeats = ((lon[:, 1:] == lon[:, :-1]) & (lat[:, 1:] == lat[:, :-1])).any(axis=1)
    whole = counts.all(axis=1) & ~repeats
    for complete, lons, lats, count in zip(whole.tolist(), lon.tolist(), lat.tolist(), counts, strict=True):
        ring = tuple(zip(lons, lats, strict=True))
        if not complete:
            ring = tuple(compress(ring, count.tolist()))
            ring = tuple(here for here, before in zip(ring, (None, *ring), strict=False) if here != before)
        yield ring if len(ring) > _CORNERS_LEAST else ()


def _sides(met: Encounters) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """Where what is covered is, as seen along the track."""
    left, right = (np.clip(met.across + sign * met.radius, met.left, met.right) for sign in (-1, 1))
    return np.where((left < 0) & (right > 0), "below", np.where(left + right >= 0, "right", "left"))
