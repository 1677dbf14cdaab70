"""Global Fishing Watch's definition of an encounter, for comparison on the same tracks.

As its ``pipe-encounters`` implements it (Apache-2.0, written again here): tracks are resampled to ten minutes within a
day, across gaps of an hour at most; vessels within 0.5 km of each other at such a moment are together; a run of an hour
or longer within a day counts. Runs of a pair that are less than four hours apart are one encounter, which lasts two
hours or longer, at a median speed below 2 kn, at least 10 km from an anchorage. The anchorages are given.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from detectors.core.sphere import distance_nm
from detectors.core.testing import START_MS, Story
from detectors.core.units import KM_NM, MS

STEP_S: Final = 600.0
NEAR_KM: Final = 0.5
ANCHORAGE_KM: Final = 10.0
RAW_LEAST_S: Final = 3600.0
LEAST_S: Final = 2 * 3600.0
DAY_S: Final = 86_400.0
MERGED_S: Final = 4 * 3600.0
BRIDGED_S: Final = 3600.0
MEDIAN_KN: Final = 2.0

Place = tuple[float, float]


class Encounter(NamedTuple):
    """Two vessels, and from when to when they were together, s."""

    one: int
    other: int
    from_s: float
    to_s: float


def encounters(story: Story, anchorages: Sequence[Place] = ()) -> list[Encounter]:
    """The encounters of all vessels in a story."""
    tracks = {mmsi: _resampled(story, mmsi) for mmsi in sorted({s.mmsi for s in story if not np.isnan(s.lat_deg)})}
    found = []
    for one, other in itertools.combinations(tracks, 2):
        here, there = tracks[one], tracks[other]
        moments = [t for t in here if t in there and _apart_km(here[t], there[t]) <= NEAR_KM]
        for run in _runs(moments):
            if run[-1] - run[0] >= RAW_LEAST_S and _counts([here[t] for t in run], anchorages):
                found += [Encounter(one, other, run[0], run[-1])]
    return [each for each in _merged(found) if each.to_s - each.from_s >= LEAST_S]


def _resampled(story: Story, mmsi: int) -> dict[float, Place]:
    """Positions at whole multiples of ten minutes, interpolated between fixes up to an hour apart."""
    fixes = [(s.at_s, s.lat_deg, s.lon_deg) for s in story if s.mmsi == mmsi and not np.isnan(s.lat_deg)]
    found = {}
    for (t1, lat1, lon1), (t2, lat2, lon2) in itertools.pairwise(fixes):
        if t2 - t1 > BRIDGED_S:
            continue
        for t in np.arange(np.ceil(t1 / STEP_S) * STEP_S, t2, STEP_S).tolist():
            share = (t - t1) / (t2 - t1) if t2 > t1 else 0.0
            found[t] = lat1 + share * (lat2 - lat1), lon1 + share * (lon2 - lon1)
    return found


def _runs(moments: Sequence[float]) -> Iterable[list[float]]:
    """Without a moment missing, and within a day (UTC)."""
    run: list[float] = []
    for t in moments:
        if run and (t - run[-1] > 1.5 * STEP_S or _day(t) != _day(run[-1])):
            yield run
            run = []
        run.append(t)
    if run:
        yield run


def _day(at_s: float) -> int:
    return int((START_MS / MS + at_s) // DAY_S)


def _counts(places: Sequence[Place], anchorages: Sequence[Place]) -> bool:
    steps = [_apart_km(a, b) * KM_NM / (STEP_S / 3600) for a, b in itertools.pairwise(places)]
    far = all(_apart_km(places[0], anchorage) >= ANCHORAGE_KM for anchorage in anchorages)
    return far and float(np.median(steps)) < MEDIAN_KN


def _merged(found: Sequence[Encounter]) -> list[Encounter]:
    merged: list[Encounter] = []
    for each in sorted(found):
        last = merged[-1] if merged else None
        if last is not None and (last.one, last.other) == (each.one, each.other) and each.from_s - last.to_s < MERGED_S:
            merged[-1] = last._replace(to_s=each.to_s)
        else:
            merged.append(each)
    return merged


def _apart_km(one: Place, other: Place) -> float:
    return distance_nm(*one, *other) / KM_NM
