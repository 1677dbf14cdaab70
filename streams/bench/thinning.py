"""The time within its slot of each report of a world; and the same world thinned, as a provider passes it on."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.slot_blocks import STEPS_A_SLOT
from detectors.core.units import MS, STEP_MS
from streams.scenario.worlds import World

_MANY: Final = 8  # with this many reports in a slot, some are close together in any case
_WHOLE: Final = (1 << STEPS_A_SLOT) - 1
_LONG_AGO: Final = -(1 << 20)

Steps = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.int64]


def spread(counts: Counts, among: Steps | None, draw: np.random.Generator) -> Steps:
    """For each vessel this many steps drawn from ``among`` (None: any); bit i is the i-th ten seconds of the slot."""
    counts = np.minimum(counts, STEPS_A_SLOT).astype(np.int64)
    whole = np.full(len(counts), _WHOLE, np.uint32) if among is None else among
    close = ((np.uint64(1) << counts.astype(np.uint64)) - np.uint64(1)).astype(np.uint32)
    made = close if among is None else whole.copy()
    few = counts < (_MANY if among is None else np.bitwise_count(whole))
    at = few.nonzero()[0]
    keys = draw.random((len(at), STEPS_A_SLOT))
    keys[(whole[at][:, None] >> np.arange(STEPS_A_SLOT, dtype=np.uint32) & 1) == 0] = 2.0
    order = keys.argsort(axis=1)
    bits = np.uint32(1) << order.astype(np.uint32)
    chosen = np.where(np.arange(STEPS_A_SLOT) < counts[at][:, None], bits, np.uint32(0))
    made[at] = np.bitwise_or.reduce(chosen, axis=1)
    return made


def thinned(world: World, every_s: int, draw: np.random.Generator) -> World:
    """The world as one source that drops reports within ``every_s`` of a vessel's last one."""
    every = every_s * MS // STEP_MS
    counts = world.received.astype(np.int64).sum(axis=0)
    steps = np.zeros(counts.shape, np.uint32)
    last = np.full(counts.shape[1], _LONG_AGO)
    for slot in range(len(counts)):
        rows = counts[slot].nonzero()[0]
        heard = spread(counts[slot, rows], None if world.steps is None else world.steps[slot, rows], draw)
        begins = slot * STEPS_A_SLOT
        while len(rows):
            closed = np.clip(last[rows] + every - begins, 0, STEPS_A_SLOT).astype(np.uint32)
            heard &= np.uint32(_WHOLE) << closed
            left = heard.nonzero()[0]
            rows, heard = rows[left], heard[left]
            lowest = heard & (~heard + np.uint32(1))
            steps[slot, rows] |= lowest
            last[rows] = begins + np.bitwise_count(lowest - np.uint32(1)).astype(np.int64)
    received = np.bitwise_count(steps).astype(np.uint8)[None]
    return world._replace(name=f"{world.name}, {every_s} s", received=received, steps=steps)
