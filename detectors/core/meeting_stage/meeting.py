"""Two ships that are near each other: their relative positions step by step, and whether they stay together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from detectors.core.alert import Alert
from detectors.core.half_degrees import turned
from detectors.core.meeting_stage.draughts import Stated, change_in, stated
from detectors.core.slow_ships import BIN_MS, SlowShip
from detectors.core.sphere import distance_nm
from detectors.core.units import HOUR_MS, KM_NM
from detectors.core.vessels.draughts import DraughtChange

HOUR: Final = HOUR_MS // BIN_MS
SAMPLES_MOST: Final = 3 * 24 * HOUR
_NM_M: Final = 1000.0 / KM_NM
_DEGREE_M: Final = 60.0 * 1852.0
BEAMS: Final = 6.5
"""Lengths of merchant ships in beams."""
_LENGTH_M: Final = 100
"""Of a ship that does not state its length."""


class Sample(NamedTuple):
    """The second ship as seen from the first at a step, and where the first is; metres and degrees, rounded."""

    step: int
    east_m: float
    north_m: float
    lat_deg: float
    lon_deg: float

    @property
    def apart_m(self) -> float:
        """From antenna to antenna."""
        return math.hypot(self.east_m, self.north_m)


class Limits(NamedTuple):
    """What counts as together: thresholds of ``encounter``."""

    near_m: float
    near_most_m: float
    relative_kn: float
    under_way_kn: float
    share_seen: float


class Together(NamedTuple):
    """The longest time up to now in which two ships stayed together: steps, both included."""

    since: int
    last: int
    seen: int
    """Steps at which they were seen together."""

    @property
    def steps(self) -> int:
        """How long, in steps."""
        return self.last - self.since


class Meeting(msgspec.Struct, kw_only=True, gc=False):
    """Two ships near each other; ``one`` has the lower MMSI."""

    one: SlowShip
    other: SlowShip
    """The newest fact of each."""
    first_one: SlowShip
    first_other: SlowShip
    """Those of the first step at which they were near."""
    samples: list[Sample] = []
    since: int = 0
    """The step since which they are together; 0 while no alert is open."""
    told: int = 0
    """The last step in the newest revision."""
    draughts: dict[int, list[Stated]] = {}
    """By MMSI what each has stated since they were near, when it was another draught than before."""
    changes: dict[int, DraughtChange] = {}
    """By MMSI the changes that have been reported."""
    placed: int = 0
    """How often both antennas were seen together with the hull of one,"""
    within: int = 0
    """... and how often the other antenna was on that hull."""
    replayed: bool = True
    alert: Alert | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Both MMSIs, the lower first."""
        return self.one.mmsi, self.other.mmsi

    @property
    def last(self) -> int:
        """The newest step at which they were near."""
        return self.samples[-1].step

    def has(self, step: int) -> bool:
        """Whether they were near at a step."""
        newest = self.samples[-1].step if self.samples else -1
        return newest == step or (newest > step and any(each.step == step for each in self.samples))

    def note_draught(self, mmsi: int, step: int, draught_m: float) -> None:
        """One of them states a draught; while both state what they stated at first, nothing need be noted."""
        runs = self.draughts.get(mmsi)
        if runs is None:
            first = self.first_one if mmsi == self.first_one.mmsi else self.first_other
            runs = [] if first.draught_m is None else [Stated(first.at_ms // BIN_MS, first.draught_m)]
        self.draughts[mmsi] = stated(runs, step, draught_m)

    def note_changes(self, step: int) -> bool:
        """Whether a draught has changed that had not; it counts as reported from now on."""
        several = ((mmsi, runs) for mmsi, runs in sorted(self.draughts.items()) if len(runs) > 1)
        found = {mmsi: change_in(runs, step) for mmsi, runs in several}
        new = {mmsi: change for mmsi, change in found.items() if change is not None and mmsi not in self.changes}
        self.changes.update(new)
        return bool(new)


def sample_of(one: SlowShip, other: SlowShip) -> Sample:
    """The relative position of two ships at the same moment."""
    narrow = math.cos(math.radians((one.lat_deg + other.lat_deg) / 2))
    east_m = turned(other.lon_deg - one.lon_deg) * narrow * _DEGREE_M
    north_m = (other.lat_deg - one.lat_deg) * _DEGREE_M
    return Sample(one.at_ms // BIN_MS, round(east_m, 1), round(north_m, 1), one.lat_deg, one.lon_deg)


def limit_m(one: SlowShip, other: SlowShip, limits: Limits) -> float:
    """How far apart their antennas may be."""
    halves = sum((ship.length_m or _LENGTH_M) / 2 for ship in (one, other))
    return min(limits.near_m + halves, limits.near_most_m)


def added(samples: Sequence[Sample], new: Sample) -> list[Sample]:
    """The samples with another one, in order of steps; the oldest are dropped above SAMPLES_MOST."""
    others = [each for each in samples if each.step != new.step]
    if not others or others[-1].step < new.step:
        return [*others[1 - SAMPLES_MOST :], new]
    return sorted((*others, new))[-SAMPLES_MOST:]


def steady(samples: Sequence[Sample], limits: Limits) -> list[int]:
    """The steps at which two ships moved as one: against the sample before or after, at most an hour away."""
    found = [False] * len(samples)
    for number in range(1, len(samples)):
        was, now = samples[number - 1], samples[number]
        hours = (now.step - was.step) / HOUR
        moved_nm = math.hypot(now.east_m - was.east_m, now.north_m - was.north_m) / _NM_M
        sailed_nm = distance_nm(was.lat_deg, was.lon_deg, now.lat_deg, now.lon_deg)
        if hours <= 1 and moved_nm < limits.relative_kn * hours and sailed_nm <= limits.under_way_kn * hours:
            found[number - 1] = found[number] = True
    return [each.step for each, counts in zip(samples, found, strict=True) if counts]


def together(samples: Sequence[Sample], limits: Limits, least: int) -> Together | None:
    """The longest period that ends with the newest sample that counts, if it lasts ``least`` steps."""
    steps = steady(samples, limits)
    for number, since in enumerate(steps):
        length, seen = steps[-1] - since, len(steps) - number
        if length < least:
            return None
        if seen >= limits.share_seen * (length + 1):
            return Together(since, steps[-1], seen)
    return None
