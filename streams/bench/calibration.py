"""Whether the chance that a gap states is true, counted on generated worlds in which no one hides."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.coverage import GAIN_LEAST
from detectors.core.coverage.slot_blocks import UNDER_WAY
from streams.bench.faults import HOUR
from streams.bench.frame import Figure, Row
from streams.bench.silences import Bools, Silent, listen
from streams.scenario.worlds import SLOTS_A_DAY, Station, WorldShape, generate

ALPHAS: Final = (0.2, 0.05, 0.01)
SHAPE: Final = WorldShape(
    "calibration",
    (Station(0, 0, 50, 0.2), Station(40, -20, 40, 0.2)),
    ships=900,
    small_craft=0,
    days=14,
    lat_deg=48,
    ports=((4, 2), (-18, 12), (38, -15)),
)
WORLDS: Final = 6
_HOUR: Final = "an hour"


def calibrated(seed: int) -> tuple[Row, ...]:
    """For each alpha: how many silences of class A under way fell below it, per vessel-day.

    A chance falls in steps, one per slot, and the first value below alpha may be far below it. So the mean of the
    chances at that moment is given too: compare the observed rate with it.
    """
    counts = dict.fromkeys(ALPHAS, 0)
    foretold = dict.fromkeys(ALPHAS, 0.0)
    days, cannot, silences = 0.0, 0, 0
    for number in range(WORLDS):
        world = generate(SHAPE, 1000 * seed + number)
        told, _ = listen(world, world.received, _below)
        told = {rule: silent.take(_scored(silent, world.warm_slots)) for rule, silent in told.items()}
        way = world.heard & (world.sog_kn >= 0.5)  # noqa: PLR2004 - under way
        days += float(way[world.warm_slots :].sum() / SLOTS_A_DAY)
        silences += len(told[_HOUR].slot)
        cannot += int(((told[_HOUR].gain <= GAIN_LEAST) | (told[_HOUR].chance >= ALPHAS[0])).sum())
        for alpha in ALPHAS:
            counts[alpha] += len(told[str(alpha)].slot)
            foretold[alpha] += float(told[str(alpha)].chance.sum())
    return tuple(
        Row(
            f"calibration | alpha {alpha}",
            (
                Figure("vessel-days", days),
                Figure("observed a vessel-day", counts[alpha] / days),
                Figure("observed / alpha", counts[alpha] / days / alpha),
                Figure("mean chance when it fell below", foretold[alpha] / max(counts[alpha], 1)),
                Figure("cannot tell, share of silences of 1 h", cannot / max(silences, 1)),
            ),
        )
        for alpha in ALPHAS
    )


def _below(silent: Silent) -> dict[str, Bools]:
    return {str(alpha): silent.chance < alpha for alpha in ALPHAS} | {_HOUR: silent.age >= HOUR}


def _scored(silent: Silent, warm_slots: int) -> npt.NDArray[np.intp]:
    return np.flatnonzero((silent.slot >= warm_slots) & (silent.kind == UNDER_WAY))
