"""Runs coverage over a world: every silence, slot by slot, and where each rule would first call it a gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.coverage import GAIN_LEAST, Coverage
from detectors.core.coverage.rare_silences import OpenSilences, rare
from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.slot_blocks import AT_REST, BASE, CLASS_B, UNDER_WAY, SlotBlock
from detectors.core.coverage.vessel_statistics import KNOWN_SLOTS, VESSEL
from detectors.gap import Gap
from detectors.gap.unlisted import budget
from detectors.gap.unlisted import rules as rules_of
from streams.bench.faults import HOUR
from streams.bench.thinning import Steps, spread
from streams.scenario.worlds import SLOTS_A_DAY, Counts, World

FIRST_SLOT: Final = 1000  # slot 0 means never
GFW_HOURS, GFW_SLOTS_BEFORE = 12, 14
SET: Final = Gap.Thresholds()
RULES: Final = rules_of(SET, 0)  # all reports are in time
BUDGET: Final = budget(SET)

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Silent(NamedTuple):
    """Silences at the ends of slots, one per row."""

    slot: Ints
    ship: Ints
    last: Ints
    """The slot in which it was last heard."""
    gain: npt.NDArray[np.float64]
    alpha: npt.NDArray[np.float64]
    seen: Ints
    """Number of slots heard in the day before the silence."""
    kind: Ints
    age: Ints
    missed: Ints
    chance: npt.NDArray[np.float64]
    rest_rate: npt.NDArray[np.float64]
    speed_kn: npt.NDArray[np.float64]
    harbour: Bools
    fringe: Bools
    thinned: Bools

    @property
    def known(self) -> OpenSilences:
        """The silences in the form of the verdict."""
        return OpenSilences(
            self.kind,
            self.age,
            self.missed,
            self.chance,
            self.rest_rate,
            self.speed_kn,
            self.harbour,
            self.fringe,
            self.thinned,
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Silent:
        """Only these rows."""
        return Silent._make(column[rows] for column in self)

    @classmethod
    def joined(cls, parts: list[Silent]) -> Silent:
        """One after another; at least one part."""
        return cls._make(map(np.concatenate, zip(*parts, strict=True)))


Judge = Callable[[Silent], Mapping[str, Bools]]
"""By rule, which of the silences would be called gaps."""


def listen(world: World, received: Counts, judge: Judge) -> tuple[dict[str, Silent], Coverage]:
    """Runs coverage over what was received: by rule the slot in which each silence is first called a gap."""
    reports = received.sum(axis=0, dtype=np.int64)
    stations = np.zeros(reports.shape, np.uint64)
    for number, one in enumerate(received):
        stations |= (one > 0).astype(np.uint64) << np.uint64(number)
    slots, ships = reports.shape
    vessel_columns = ReceptionColumns(VESSEL, ships)
    coverage, draw = Coverage(vessel_columns), np.random.default_rng(1)
    first = _First(judge, ships)
    heard_so_far = np.cumsum(reports > 0, axis=0, dtype=np.int16)
    for slot in range(slots):
        rows = np.flatnonzero(reports[slot])
        if not len(rows):
            coverage.no_vessel_heard(1, ships)
            continue
        among = None if world.steps is None else world.steps[slot, rows]
        steps = spread(reports[slot, rows], among, draw)
        coverage.close(_slot(world, slot, rows, stations[slot, rows], reports[slot, rows], steps), ships)
        first.look(_silent(coverage, slot, rows, heard_so_far))
    return first.told, coverage


def _silent(coverage: Coverage, slot: int, heard: Ints, heard_so_far: npt.NDArray[np.int16]) -> Silent:
    vessel_columns = coverage.columns
    rows = np.flatnonzero((vessel_columns.seen >= KNOWN_SLOTS) & (vessel_columns.slot < slot + FIRST_SLOT))
    last = vessel_columns.slot[rows].astype(np.int64) - FIRST_SLOT
    alpha = coverage.alpha(heard, HOUR, BUDGET)
    seen = heard_so_far[last, rows] - heard_so_far[np.maximum(last - SLOTS_A_DAY, 0), rows]
    known = OpenSilences.of(coverage, rows, slot + FIRST_SLOT)
    return Silent(
        np.full(len(rows), slot),
        rows,
        last,
        vessel_columns.gain[rows].astype(np.float64),
        np.full(len(rows), alpha),
        seen.astype(np.int64),
        known.kind.astype(np.int64),
        known.age.astype(np.int64),
        known.missed.astype(np.int64),
        known.chance,
        known.rest_rate,
        known.speed_kn,
        known.harbour,
        known.fringe,
        known.thinned,
    )


class _First:
    """For each rule and silence the slot in which it was first called a gap."""

    def __init__(self, judge: Judge, ships: int) -> None:
        self._judge, self._ships = judge, ships
        self._last: dict[str, Ints] = {}
        self._told: dict[str, list[Silent]] = {}

    def look(self, silent: Silent) -> None:
        """Applies the silences of the next closed slot."""
        for rule, said in self._judge(silent).items():
            last = self._last.setdefault(rule, np.full(self._ships, -1))
            new = np.flatnonzero(said & (last[silent.ship] != silent.last))
            last[silent.ship[new]] = silent.last[new]
            self._told.setdefault(rule, []).append(silent.take(new))

    @property
    def told(self) -> dict[str, Silent]:
        """By rule, in order of slots."""
        return {rule: Silent.joined(parts) for rule, parts in self._told.items()}


def _slot(  # noqa: PLR0917 - the columns of silences
    world: World, slot: int, rows: Ints, stations: npt.NDArray[np.uint64], reports: Ints, steps: Steps
) -> SlotBlock:
    at_rest = world.sog_kn[slot, rows] < 0.5  # noqa: PLR2004 - kn, as the engine has it
    kind = np.where(world.class_b[rows], CLASS_B, np.where(at_rest, AT_REST, UNDER_WAY))
    kind = np.where(world.base[rows], BASE, kind).astype(np.uint8)
    lat, lon, sog, cog = (
        a[slot, rows].astype(np.float64) for a in (world.lat_deg, world.lon_deg, world.sog_kn, world.cog_deg)
    )
    number = slot + FIRST_SLOT
    return SlotBlock(
        number, number, rows, np.full(len(rows), number), lat, lon, sog, cog, kind, stations, reports, steps
    )


def rules(silent: Silent) -> dict[str, Bools]:
    """By rule, the rows in which it would have a gap open."""
    judged = (silent.missed >= HOUR) & (silent.gain > GAIN_LEAST)
    said = {
        "coverage": judged & rare(silent.known, silent.alpha, RULES),
        "coverage, alpha .05": judged & (silent.chance < 0.05) & (silent.age <= RULES.within),  # noqa: PLR2004 - named so
    }
    said |= {f"fixed {hours} h": silent.age >= hours * HOUR for hours in (1, 2, 6, 12)}
    said["GFW rule"] = (silent.age >= GFW_HOURS * HOUR) & (silent.seen >= GFW_SLOTS_BEFORE)
    return said
