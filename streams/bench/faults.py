"""The faults of a world in a scenario of the accuracy benchmark, and the ships that are made to go dark in it.

Every scenario carries positives: a detector that is blind in an outage must not score well for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.bench.copies import FEEDS
from streams.bench.thinning import thinned
from streams.scenario.worlds import NM_A_DEG, SLOTS_A_DAY, Counts, World

HOUR: Final = 12  # slots
PER_VESSEL_DAY: Final = 10 / 110
"""Positives per vessel-day of class A: more would distort what the detector learns."""
HOLE_SLOTS: Final = 4  # a hole of over 20 min in the original track
UNDER_WAY_KN: Final = 1.0
DURATIONS_H: Final = (1, 2, 4, 8, 24)
_TOGETHER: Final = 3
_EVERY_SLOTS, _PASS_SLOTS = 20, 3
_DISK_NM, _WELL_SHARE = 30.0, 0.75
_EXIT_SLOTS: Final = 2 * HOUR

Draw = np.random.Generator
Fault = Callable[[World, Counts, Draw], None]


class DarkPeriod(NamedTuple):
    """A positive: nothing is received from the ship in slots [first, last)."""

    ship: int
    first: int
    last: int


def spells(world: World, draw: Draw, count: int, hours: int) -> list[slice]:
    """Stretches that do not overlap, after the warm-up."""
    starts = np.arange(world.warm_slots + HOUR, len(world.lat_deg) - hours * HOUR, 2 * hours * HOUR)
    chosen = draw.choice(starts, min(count, len(starts)), replace=False)
    return [slice(int(s), int(s) + hours * HOUR) for s in np.sort(chosen)]


def _untouched(world: World, received: Counts, draw: Draw) -> None:
    del world, received, draw


def _loss(share: float) -> Fault:
    def lose(world: World, received: Counts, draw: Draw) -> None:
        del world
        received[...] = draw.binomial(received, 1 - share)

    return lose


def _source_dead(world: World, received: Counts, draw: Draw) -> None:
    for spell in spells(world, draw, 4, 3):
        received[:, spell] = 0


def _station_dead(world: World, received: Counts, draw: Draw) -> None:
    for spell in spells(world, draw, 3, 4):
        received[int(draw.integers(len(received))), spell] = 0


def _area_dead(world: World, received: Counts, draw: Draw) -> None:
    where = np.argwhere(world.well & world.heard)
    for spell in spells(world, draw, 4, 3):
        slot, ship = where[int(draw.integers(len(where)))]
        north = (world.lat_deg[spell] - world.lat_deg[slot, ship]) * NM_A_DEG
        east = (world.lon_deg[spell] - world.lon_deg[slot, ship]) * NM_A_DEG
        inside = np.hypot(north, east * np.cos(np.radians(world.lat_deg[slot, ship]))) < 25  # noqa: PLR2004 - nm
        received[:, spell][:, inside] = 0


def _passes(world: World, received: Counts, draw: Draw) -> None:
    """The feed receives for a quarter of an hour every 100 minutes, like one satellite."""
    del draw
    received[:, np.arange(len(world.lat_deg)) % _EVERY_SLOTS >= _PASS_SLOTS] = 0


def _late(world: World, received: Counts, draw: Draw) -> None:
    """A tenth of the reports are later than the allowed lateness: they do not count for their slot."""
    del world
    received[...] = draw.binomial(received, 0.9)


def _moored(world: World, received: Counts, draw: Draw) -> None:
    """Ships at rest are rarely heard: three reports in ten get through (berths behind cranes and hills)."""
    at_rest = np.nan_to_num(world.sog_kn) < UNDER_WAY_KN / 2
    received[...] = np.where(at_rest, draw.binomial(received, 0.3), received)


def within(world: World, most_nm: float) -> World:
    """The world with reception limited to ``most_nm`` from the middle of its well-heard water.

    A ship that sails out of reception stays in the world: an exit with known truth.
    """
    lat_deg, lon_deg = (float(np.nanmedian(a[world.well])) for a in (world.lat_deg, world.lon_deg))
    north = (world.lat_deg - lat_deg) * NM_A_DEG
    east = (world.lon_deg - lon_deg) * NM_A_DEG * np.cos(np.radians(lat_deg))
    far_nm = np.nan_to_num(np.hypot(north, east), nan=np.inf)
    received = np.where(far_nm < most_nm, world.received, np.uint8(0))
    return world._replace(received=received, well=world.well & (far_nm < most_nm * _WELL_SHARE))


def exits(world: World, heard: npt.NDArray[np.bool_]) -> int:
    """How often a class A ship under way left reception for two hours or more, after the warm-up."""
    way = heard & ~world.class_b & ~world.base & (np.nan_to_num(world.sog_kn) >= UNDER_WAY_KN)
    gone = sum((~heard[at : len(heard) - _EXIT_SLOTS + at]).astype(np.int8) for at in range(1, _EXIT_SLOTS + 1))
    left = way[: len(heard) - _EXIT_SLOTS] & (gone == _EXIT_SLOTS)
    return int(left[world.warm_slots :].sum())


DEAD_STATION: Final = "one station dead 4 h"
EXITS: Final = "30 nm receiver disk (exits)"
THINNED_S: Final = {f"thinned to one in {seconds} s": seconds for seconds in (60, 180, 300)}
"""Intervals of thinned feeds: they drop reports of a vessel within this many seconds of its last one."""
FAULTS: Final[dict[str, Fault]] = {
    "untouched": _untouched,
    "loss .3": _loss(0.3),
    "loss .6": _loss(0.6),
    "loss .9": _loss(0.9),
    "source dead 3 h": _source_dead,
    DEAD_STATION: _station_dead,
    "25 nm dead 3 h": _area_dead,
    "satellite passes": _passes,
    **dict.fromkeys(THINNED_S, _untouched),
    **dict.fromkeys(FEEDS, _untouched),
    EXITS: _untouched,
    "moored, hardly heard": _moored,
    "a tenth comes too late": _late,
    "dark together": _untouched,
}
"""By scenario; the name also seeds the draws, so under another name the figures differ.

Exits and mooring are in every world; the one named so has little else. "dark together" differs in its positives.
Reports in another order, or late by less than the allowed lateness, change nothing by construction: that is the
conformance suite's part (tests/detectors/test_conformance.py).
"""


def positives(
    world: World, draw: Draw, durations_h: tuple[int, ...] = DURATIONS_H, together: bool = False
) -> list[DarkPeriod]:
    """Class A ships under way in well-heard water that go dark: PER_VESSEL_DAY of them, one spell per ship.

    The original track has no hole over 20 min from an hour before to min(duration, 2 h) after. ``together``: up to
    three at once that are near each other.
    """
    heard, slots = world.heard, len(world.lat_deg)
    class_a = ~world.class_b & ~world.base
    fit = heard & class_a & world.well & (world.sog_kn >= UNDER_WAY_KN)
    fit[: world.warm_slots] = False
    days = (heard[world.warm_slots :] & class_a).sum() / SLOTS_A_DAY
    wanted, used = max(1, round(days * PER_VESSEL_DAY)), set[int]()
    chosen: list[DarkPeriod] = []
    for row in draw.permutation(np.argwhere(fit)):
        if len(chosen) >= wanted:
            break
        slot, ship = map(int, row)
        hours = int(draw.choice(durations_h))
        group = [ship, *(_near(world, fit, slot, ship, used) if together else [])]
        for one in group[:_TOGETHER]:
            if one not in used and _whole(heard[:, one], slot, hours):
                used.add(one)
                chosen.append(DarkPeriod(one, slot + 1, min(slot + 1 + hours * HOUR, slots)))
    return chosen


def _whole(heard: npt.NDArray[np.bool_], slot: int, hours: int) -> bool:
    first, last = slot - HOUR, slot + min(hours, 2) * HOUR + 1
    if first < 0 or last > len(heard):
        return False
    missed = np.convolve(~heard[first:last], np.ones(HOLE_SLOTS, int), "valid")
    return not bool((missed == HOLE_SLOTS).any())


def _near(world: World, fit: npt.NDArray[np.bool_], slot: int, ship: int, used: set[int]) -> list[int]:
    far = np.hypot(world.lat_deg[slot] - world.lat_deg[slot, ship], world.lon_deg[slot] - world.lon_deg[slot, ship])
    order = np.argsort(np.where(fit[slot], far, np.inf), kind="stable")
    return [n for n in order.tolist() if fit[slot, n] and n != ship and n not in used and far[n] < 0.5]  # noqa: PLR2004 - deg


class Played(NamedTuple):
    """A world in a scenario."""

    world: World
    """The world after the scenario: its ``received`` is what could have been heard."""
    received: Counts
    dark: list[DarkPeriod]


def played(world: World, scenario: str, seed: int, durations_h: tuple[int, ...] = DURATIONS_H) -> Played:
    """What is received in a scenario, and which ships went dark in it. The same for the same seed."""
    draw = np.random.default_rng([seed, *scenario.encode()])
    if scenario == EXITS:
        world = within(world, _DISK_NM)
    if scenario in THINNED_S:
        world = thinned(world, THINNED_S[scenario], draw)
    received = world.received.copy()
    FAULTS[scenario](world, received, draw)
    dark = positives(world, draw, durations_h, together=scenario == "dark together")
    for ship, first, last in dark:
        received[:, first:last, ship] = 0
    return Played(world, received, dark)
