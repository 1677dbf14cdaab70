"""Compares reported gaps with ships that were made to go dark: precision, recall, delay, with intervals by vessel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.slot_blocks import AT_REST, CLASS_B, UNDER_WAY
from streams.bench.faults import HOUR, DarkPeriod, exits
from streams.bench.silences import Silent
from streams.scenario.worlds import SLOTS_A_DAY, World

SCORED_HOURS: Final = 2  # shorter switch-offs end before the shortest gap (1 h) could be reported
RESAMPLES: Final = 300
SLACK_SLOTS: Final = 5  # the last report may have been that long before the switch

Ints = npt.NDArray[np.int64]


class Score(NamedTuple):
    """The result of one rule in one scenario. Lists have one entry per run (world and seed), of entries by vessel."""

    hits: npt.NDArray[np.int64]
    """(ships,): positives found, by vessel over all runs."""
    positives: npt.NDArray[np.int64]
    false_well: npt.NDArray[np.int64]
    """False gaps of class A under way last heard in well-heard water."""
    false_all: npt.NDArray[np.int64]
    """The same in all water: mostly ships that sail out of range."""
    false_rest: int
    false_b: int
    delays_h: npt.NDArray[np.float64]
    vessel_days: float
    """Of class A under way in well-heard water, heard."""
    exits: int
    """How often a class A ship under way left reception for two hours or more."""
    latest_h: float
    """The longest time from a last report to the gap, for ships of any kind in any water."""

    @property
    def recall(self) -> float:
        """Share of switch-offs of 2 h or more that were found while they lasted."""
        return float(self.hits.sum() / max(1, self.positives.sum()))

    @property
    def precision(self) -> float:
        """In well-heard water; 1 when nothing was stated."""
        said = self.hits.sum() + self.false_well.sum()
        return float(self.hits.sum() / said) if said else 1.0

    @property
    def f_half(self) -> float:
        """F0.5: precision weighs twice."""
        p, r = self.precision, self.recall
        return 1.25 * p * r / (0.25 * p + r) if p + r else 0.0

    @property
    def false_rate(self) -> float:
        """False gaps in well-heard water, per thousand vessel-days."""
        return float(1000 * self.false_well.sum() / max(self.vessel_days, 1e-9))

    @property
    def exit_rate(self) -> float:
        """False gaps in all water, per hundred ships that left it."""
        return float(100 * self.false_all.sum() / max(self.exits, 1))

    def interval(self, which: str) -> tuple[float, float]:
        """90 % interval of ``recall`` or ``precision``, vessels drawn with replacement."""
        draw = np.random.default_rng(1)
        values = []
        for _ in range(RESAMPLES):
            at = draw.integers(len(self.hits), size=len(self.hits))
            one = self._replace(hits=self.hits[at], positives=self.positives[at], false_well=self.false_well[at])
            if one.positives.sum():
                values.append(getattr(one, which))
        return (float(np.quantile(values, 0.05)), float(np.quantile(values, 0.95))) if values else (0.0, 1.0)


def joined(scores: Sequence[Score]) -> Score:
    """Several runs as one."""
    hits, positives, false_well, false_all = (np.concatenate([s[i] for s in scores]) for i in range(4))
    return Score(
        hits,
        positives,
        false_well,
        false_all,
        sum(s.false_rest for s in scores),
        sum(s.false_b for s in scores),
        np.concatenate([s.delays_h for s in scores]),
        sum(s.vessel_days for s in scores),
        sum(s.exits for s in scores),
        max((s.latest_h for s in scores), default=0.0),
    )


def score(world: World, heard: npt.NDArray[np.bool_], said: Silent, dark: Sequence[DarkPeriod]) -> Score:
    """Scores the silences ``said`` to be gaps, each once, after the warm-up."""
    said = said.take(np.flatnonzero(said.slot >= world.warm_slots))
    ships = world.lat_deg.shape[1]
    by_ship: dict[int, list[DarkPeriod]] = {}
    for one in dark:
        by_ship.setdefault(one.ship, []).append(one)
    found: dict[DarkPeriod, int] = {}
    false = np.zeros(len(said.slot), bool)
    for at, (slot, ship, last) in enumerate(np.stack([said.slot, said.ship, said.last], axis=1).tolist()):
        mine = [d for d in by_ship.get(ship, []) if last < d.last and slot >= d.first]
        false[at] = not mine
        for d in mine:
            if last >= d.first - SLACK_SLOTS and slot < d.last:
                found.setdefault(d, slot - (d.first - 1))
    scored = [d for d in dark if d.last - d.first >= SCORED_HOURS * HOUR]
    hits = [d for d in scored if d in found]
    wrong = said.take(np.flatnonzero(false))
    kind, place = wrong.kind, world.well[wrong.last, wrong.ship]
    under_way = heard & ~world.class_b & ~world.base & (world.sog_kn >= 0.5) & world.well  # noqa: PLR2004 - as above
    return Score(
        _per_ship([d.ship for d in hits], ships),
        _per_ship([d.ship for d in scored], ships),
        _per_ship(wrong.ship[(kind == UNDER_WAY) & place].tolist(), ships),
        _per_ship(wrong.ship[kind == UNDER_WAY].tolist(), ships),
        int((kind == AT_REST).sum()),
        int((kind == CLASS_B).sum()),
        np.array([found[d] / HOUR for d in hits]),
        float(under_way[world.warm_slots :].sum() / SLOTS_A_DAY),
        max(0, exits(world, heard) - sum(d.last - d.first >= SCORED_HOURS * HOUR for d in dark)),
        float(said.age.max(initial=0) / HOUR),
    )


def _per_ship(ships: list[int], size: int) -> npt.NDArray[np.int64]:
    return np.bincount(np.array(ships, np.intp), minlength=size).astype(np.int64)
