"""Is the chance that a gap states a chance? Counted on generated worlds in which nobody hides."""

from __future__ import annotations

from typing import Final

from detectors.core.hearing.blocks import UNDER_WAY
from detectors.core.hearing.coverage import GAIN_LEAST
from streams.bench.frame import Figure, Row
from streams.bench.silences import first, listen
from streams.scenario.worlds import SLOTS_A_DAY, Shape, Station, generate

ALPHAS: Final = (0.2, 0.05, 0.01)
SHAPE: Final = Shape(
    "calibration", (Station(0, 0, 50, 0.2), Station(40, -20, 40, 0.2)), ships=900, small_craft=0, days=14, lat_deg=48,
    ports=((4, 2), (-18, 12), (38, -15)),
)  # fmt: skip
WORLDS: Final = 6


def calibrated(seed: int) -> tuple[Row, ...]:
    """For each alpha: how many silences of class A under way fell below it, a vessel-day.

    A chance falls in jumps, a slot at a time, and the first value below alpha may lie far below it: so the mean of
    what was said at that moment stands beside, and that is what the observed rate is to be held against.
    """
    counts = dict.fromkeys(ALPHAS, 0)
    foretold = dict.fromkeys(ALPHAS, 0.0)
    days, cannot, silences = 0.0, 0, 0
    for number in range(WORLDS):
        world = generate(SHAPE, 1000 * seed + number)
        silent, _ = listen(world, world.received)
        scored = (silent.slot >= world.warm_slots) & (silent.kind == UNDER_WAY)
        way = world.heard & (world.sog_kn >= 0.5)  # noqa: PLR2004 - under way
        days += float(way[world.warm_slots :].sum() / SLOTS_A_DAY)
        hour = scored & (silent.age == 12)  # noqa: PLR2004 - slots
        silences += int(hour.sum())
        cannot += int((hour & ((silent.gain <= GAIN_LEAST) | (silent.chance >= ALPHAS[0]))).sum())
        for alpha in ALPHAS:
            rows = first(silent, scored & (silent.chance < alpha))
            counts[alpha] += len(rows)
            foretold[alpha] += float(silent.chance[rows].sum())
    return tuple(
        Row(f"calibration | alpha {alpha}", (
            Figure("vessel-days", days), Figure("observed a vessel-day", counts[alpha] / days),
            Figure("observed / alpha", counts[alpha] / days / alpha),
            Figure("mean chance when it fell below", foretold[alpha] / max(counts[alpha], 1)),
            Figure("cannot tell, share of silences of 1 h", cannot / max(silences, 1)),
        ))
        for alpha in ALPHAS
    )  # fmt: skip
