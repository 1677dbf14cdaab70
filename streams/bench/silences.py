"""Coverage run over a world: every silence, slot by slot, and what each rule would say of it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.hearing.blocks import AT_REST, BASE, CLASS_B, UNDER_WAY, Block
from detectors.core.hearing.coverage import GAIN_LEAST, Coverage
from detectors.core.hearing.habits import KNOWN_SLOTS, VESSEL
from detectors.core.hearing.silence import share_of_budget
from detectors.core.hearing.strips import Strips
from detectors.core.hearing.verdict import Rules, Silence, rare
from detectors.gap import Gap
from streams.bench.faults import HOUR
from streams.bench.thinning import Steps, spread
from streams.scenario.worlds import SLOT_S, SLOTS_A_DAY, Counts, World

FIRST_SLOT: Final = 1000  # slot 0 means never
LONGEST: Final = 26 * HOUR
GFW_HOURS, GFW_SLOTS_BEFORE = 12, 14
SET: Final = Gap.Thresholds()
RULES: Final = Rules(SET.second_look_s / SLOT_S, SET.moored_reports, SET.slow_kn, SET.judged_within_s / SLOT_S)

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Silent(NamedTuple):
    """One row a ship and missed slot, in order of slots."""

    slot: Ints
    ship: Ints
    last: Ints
    """The slot in which it was last heard."""
    kind: Ints
    chance: npt.NDArray[np.float64]
    missed: Ints
    gain: npt.NDArray[np.float64]
    alpha: npt.NDArray[np.float64]
    seen: Ints
    """Slots heard in the day before the silence."""
    rest_rate: npt.NDArray[np.float64]
    """Reports a slot that would be heard of it at rest."""
    speed_kn: npt.NDArray[np.float64]
    harbour: Bools

    @property
    def age(self) -> Ints:
        """Slots since it was last heard."""
        return self.slot - self.last


def listen(world: World, received: Counts) -> tuple[Silent, Coverage]:
    """Runs coverage over what was received."""
    reports = received.astype(np.int64).sum(axis=0)
    stations = np.zeros(reports.shape, np.uint64)
    for number, one in enumerate(received):
        stations |= (one > 0).astype(np.uint64) << np.uint64(number)
    slots, ships = reports.shape
    strips = Strips(VESSEL, ships)
    coverage, found, draw = Coverage(strips), [], np.random.default_rng(1)
    heard_so_far = np.cumsum(reports > 0, axis=0)
    for slot in range(slots):
        rows = np.flatnonzero(reports[slot])
        if not len(rows):
            coverage.nobody(1, ships)
            continue
        among = None if world.steps is None else world.steps[slot, rows]
        steps = spread(reports[slot, rows], among, draw)
        coverage.close(_slot(world, slot, rows, stations[slot, rows], reports[slot, rows], steps), ships)
        age = slot + FIRST_SLOT - strips.slot
        missed = np.flatnonzero((strips.seen >= KNOWN_SLOTS) & (age > 0) & (age <= LONGEST))
        one = Silence.of(coverage, missed)
        last = strips.slot[missed].astype(np.int64) - FIRST_SLOT
        under_way = rows[strips.kind[rows] == UNDER_WAY]
        least = np.sort(coverage.least_chances(under_way, HOUR))
        alpha = share_of_budget(least, SET.false_gaps_per_day, SET.alpha_most)
        seen = heard_so_far[last, missed] - heard_so_far[np.maximum(last - SLOTS_A_DAY, 0), missed]
        found.append((
            np.full(len(missed), slot), missed, last, one.kind.astype(np.int64), one.chance,
            one.missed.astype(np.int64), strips.gain[missed], np.full(len(missed), alpha), seen, one.rest_rate,
            one.speed_kn, one.harbour,
        ))  # fmt: skip
    return Silent(*(np.concatenate(parts) for parts in zip(*found, strict=True))), coverage


def _slot(  # noqa: PLR0917 - what of them is heard
    world: World, slot: int, rows: Ints, stations: npt.NDArray[np.uint64], reports: Ints, steps: Steps
) -> Block:
    at_rest = world.sog_kn[slot, rows] < 0.5  # noqa: PLR2004 - kn, as the engine has it
    kind = np.where(world.class_b[rows], CLASS_B, np.where(at_rest, AT_REST, UNDER_WAY))
    kind = np.where(world.base[rows], BASE, kind).astype(np.uint8)
    lat, lon, sog, cog = (
        a[slot, rows].astype(np.float64) for a in (world.lat_deg, world.lon_deg, world.sog_kn, world.cog_deg)
    )
    number = slot + FIRST_SLOT
    return Block(number, number, rows, np.full(len(rows), number), lat, lon, sog, cog, kind, stations, reports, steps)


def rules(silent: Silent) -> dict[str, Bools]:
    """By rule, the rows in which it would have a gap open."""
    judged = (silent.missed >= HOUR) & (silent.gain > GAIN_LEAST)
    silences = Silence(silent.kind, silent.missed, silent.chance, silent.rest_rate, silent.speed_kn, silent.harbour)
    said = {
        "coverage": judged & rare(silences, silent.alpha, RULES),
        "coverage, alpha .05": judged & (silent.chance < 0.05),  # noqa: PLR2004 - named so
    }
    said |= {f"fixed {hours} h": silent.age >= hours * HOUR for hours in (1, 2, 6, 12)}
    said["GFW rule"] = (silent.age >= GFW_HOURS * HOUR) & (silent.seen >= GFW_SLOTS_BEFORE)
    return said


def first(silent: Silent, said: Bools) -> Ints:
    """Rows at which each silence is first said to be a gap."""
    rows = np.flatnonzero(said)
    _, at = np.unique(silent.ship[rows] * (1 << 32) + silent.last[rows], return_index=True)
    return rows[at]
