"""How often a vessel that has just stopped would be heard: learned from the intervals of its reports under way.

A class A vessel transmits every 10 s or more often under way, and every 3 min at rest (ITU-R M.1371), so a raw receiver
hears it 18 times less often after it has moored. A feed that is thinned, resampled or polled passes on one report per
interval in both cases, and nothing changes at the berth. The intervals show which kind of feed hears a vessel: random
losses leave some reports close together, thinning leaves none.

Two numbers are kept for each vessel under way, in steps of 10 s: ``gap``, the mean interval, and ``least``, below which
almost no interval is. The part of ``gap`` beyond ``least`` is lost on the air. From both follows how often the vessel
would be heard at rest with the same reception. How much less vessels are heard at berths is learned for each station
from vessels that were heard under way and have stopped.

Example: reports every 10 s with every second one lost have ``least`` 1 and ``gap`` 2 steps, and half of the reports of
a moored vessel would be heard, one in 6 min. A feed with one report per 5 min has ``least`` = ``gap`` = 30 steps, and
passes on the same number at rest.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.silence_statistics import HOURS_A_DAY, LEARN_DAYS, SLOTS_AN_HOUR
from detectors.core.coverage.slot_blocks import AT_REST, STEPS_A_SLOT, UNDER_WAY, SlotBlock
from detectors.core.coverage.vessel_statistics import HeardVessels

WAY_STEPS: Final = 1.0
REST_STEPS: Final = 18.0
"""Between transmissions under way and at rest (ITU-R M.1371)."""
REST_SHARE: Final = WAY_STEPS / REST_STEPS
THINNED_STEPS: Final = 4
"""Reports at least this far apart do not come from a raw receiver, to which the intervals of the standard apply. (The
model for all: precision .93 instead of 1.00 on the recording's first two days played both ways, recall .90 instead
of .83.)"""
GAP_SHARE: Final = 0.25
"""The share of the mean interval that a slot replaces."""
LEAST_SHARE: Final = 0.125
"""How far ``least`` moves up towards a larger interval in a slot; it moves down by half."""
STAY_SLOTS: Final = 48
"""Slots of a stay that count: a vessel laid up for weeks is only one vessel."""
MISSED_MOST: Final = 24  # slots of one silence that count; longer ones are of vessels that were switched off
STATIONS: Final = 64
PAUSE_SLOTS: Final = 6
"""Reports with this number of missed slots between them are on two sides of a silence: that is not an interval."""
KNOWN_REPORTS: Final = 50.0
"""Weight of the intervals of the standard, in reports at rest: about three stays."""
PARTS: Final = 1 << 20
_LEAST_MOST: Final = 255
FAR_STEPS: Final = 30_000

Places = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def rest_rate(gap: Floats, least: Floats) -> Floats:
    """Reports per slot at rest, for vessels whose reports under way have these intervals (steps; ``gap`` above 0)."""
    received = WAY_STEPS / np.maximum(WAY_STEPS, gap - least + WAY_STEPS)
    thinned = np.maximum(0.0, least - REST_STEPS / 2)  # the vessel must be silent until the next report after a pause
    return np.asarray(STEPS_A_SLOT / (REST_STEPS / received + thinned))


def thinned(c: ReceptionColumns, rows: Places) -> Bools:
    """Whether almost no two reports of each vessel under way are as close as those of a raw receiver."""
    return np.asarray((c.gap[rows] > 0) & (c.least[rows] >= THINNED_STEPS))


class RestRates:
    """Per station: reports of vessels at rest, heard and expected. ``counts``: (2, STATIONS)."""

    def __init__(self) -> None:
        self.counts: Floats = np.zeros((2, STATIONS))

    def age(self, slots: int) -> None:
        """Fades the counts: after LEARN_DAYS they weigh 1/e."""
        self.counts *= math.exp(-slots / (SLOTS_AN_HOUR * HOURS_A_DAY * LEARN_DAYS))

    def expected(self, c: ReceptionColumns, rows: Places) -> Floats:
        """Reports per slot that would be heard from each vessel if it had stopped at its last position."""
        gap, least, rate = (column[rows].astype(np.float64) for column in (c.gap, c.least, c.rate))
        modelled = np.where(thinned(c, rows), rest_rate(gap, least), rate * REST_SHARE)
        return np.asarray(modelled * self._factor()[_station(c.by[rows])])

    def learn(self, c: ReceptionColumns, block: SlotBlock, heard: HeardVessels) -> None:
        """Adds a block; call before it is written to the columns."""
        rows, ends = heard.ships, heard.ends
        kind, reports = block.kind[ends], np.add.reduceat(block.reports, heard.starts)
        slots, spoke = block.slots[ends] - c.slot[rows], reports > 0
        missed = np.minimum(np.minimum(c.missed[rows] + heard.missed, slots - heard.spoken), MISSED_MOST)
        waited = heard.spoken + missed  # slots in which it could have been heard
        same = (heard.seen > 0) & (c.kind[rows] == kind)
        joined = same & (missed < PAUSE_SLOTS)
        self._count(c, heard, waited, reports, same & (kind == AT_REST) & (c.gap[rows] > 0))
        first, last = _first_step(block.steps), _last_step(block.steps)
        way = (kind == UNDER_WAY) & spoke
        if way.any():
            least = _least_gaps(c, block, heard, first, last, joined)
            _space(c, heard, way, joined, _spans(c, block, heard, (first, last), waited, joined), reports, least)
        c.last_step[rows] = np.where(
            spoke, last[ends], np.maximum(c.last_step[rows] - STEPS_A_SLOT * slots, -FAR_STEPS)
        )
        c.stayed[rows[kind != AT_REST]] = 0

    def tobytes(self) -> bytes:
        """The counts as bytes."""
        return self.counts.tobytes()

    def restore(self, data: bytes) -> None:
        """Loads what ``tobytes`` returned; empty bytes (older snapshots): no counts. Raises ValueError."""
        self.counts = np.frombuffer(data).reshape(2, STATIONS).copy() if data else np.zeros((2, STATIONS))

    def _count(self, c: ReceptionColumns, heard: HeardVessels, waited: Ints, reports: Ints, which: Bools) -> None:
        """Vessels that stay where they have stopped: reports heard and expected."""
        which = which & (c.stayed[heard.ships] < STAY_SLOTS)
        at = which.nonzero()[0]
        if not len(at):
            return
        rows = heard.ships[at]
        foretold = rest_rate(c.gap[rows].astype(np.float64), c.least[rows].astype(np.float64)) * waited[at]
        station = _station(c.by[rows])
        for number, values in enumerate((reports[at], foretold)):
            parts = np.rint(values * PARTS)  # whole numbers: no sum depends on the order of vessels
            self.counts[number] += np.bincount(station, parts, STATIONS) / PARTS
        c.stayed[rows] = np.minimum(c.stayed[rows] + waited[at], STAY_SLOTS)

    def _factor(self) -> Floats:
        """How much less vessels at rest are heard than expected, per station: at most 1, and 1 with few data."""
        heard, foretold = self.counts
        of_all = (heard.sum() + KNOWN_REPORTS) / (foretold.sum() + KNOWN_REPORTS)
        return np.asarray(np.minimum(1.0, (heard + KNOWN_REPORTS * of_all) / (foretold + KNOWN_REPORTS)))


def _space(  # noqa: PLR0917 - values of each vessel
    c: ReceptionColumns, heard: HeardVessels, way: Bools, same: Bools, spans: Ints, reports: Ints, least: Ints
) -> None:
    """Updates the intervals of vessels under way (``way``) from the steps between their reports."""
    gaps = reports - ~same  # the very first report has none before it
    at = (way & (gaps > 0)).nonzero()[0]
    rows, count, least = heard.ships[at], heard.spoken[at], least[at]
    mean, old, known = spans[at] / gaps[at], c.gap[rows].astype(np.float64), c.gap[rows] > 0
    c.gap[rows] = np.where(known, old + (1 - (1 - GAP_SHARE) ** count) * (mean - old), mean)
    before = c.least[rows].astype(np.int64)
    risen = before + np.maximum(1, np.rint((least - before) * (1 - (1 - LEAST_SHARE) ** count)).astype(np.int64))
    new = np.where(least < before, np.maximum(least, before // 2), np.minimum(risen, least))
    c.least[rows] = np.where(known, new, least)


def _spans(  # noqa: PLR0917 - as above
    c: ReceptionColumns, block: SlotBlock, heard: HeardVessels, steps: tuple[Ints, Ints], waited: Ints, same: Bools
) -> Ints:
    """Steps from the last report before the block (or the first in it) to the last one, where each could be heard."""
    first, last = steps
    rows, ends, starts = heard.ships, heard.ends, heard.starts
    inner = STEPS_A_SLOT * (block.slots[ends] - block.slots[starts]) + last[ends] - first[starts]
    return np.asarray(np.where(same, np.maximum(1, STEPS_A_SLOT * waited + last[ends] - c.last_step[rows]), inner))


def _least_gaps(  # noqa: PLR0917 - as above
    c: ReceptionColumns, block: SlotBlock, heard: HeardVessels, first: Ints, last: Ints, same: Bools
) -> Ints:
    """The fewest steps between two reports of each vessel, including the last one before the block."""
    before, since = np.empty_like(last), np.empty_like(last)
    before[1:], since[1:] = last[:-1], np.diff(block.slots)
    rows, starts = heard.ships, heard.starts
    before[starts], since[starts] = c.last_step[rows], np.where(same, block.slots[starts] - c.slot[rows], FAR_STEPS)
    spoke = block.reports > 0
    spoke[1:] &= (block.reports[:-1] > 0) | (since[1:] == FAR_STEPS)
    across = np.where(spoke, STEPS_A_SLOT * since + first - before, _LEAST_MOST)
    between = np.minimum(across, _least_inside(block.steps))
    return np.minimum(np.maximum(np.minimum.reduceat(between, starts), 1), _LEAST_MOST)


def _least_inside(steps: npt.NDArray[np.uint32]) -> Ints:
    """The fewest steps between two reports in one slot."""
    least, left = np.full(len(steps), _LEAST_MOST), (np.bitwise_count(steps) > 1).nonzero()[0]
    for apart in range(1, STEPS_A_SLOT):
        if not len(left):
            break
        mine = steps[left]
        found = (mine & (mine >> np.uint32(apart))) > 0
        least[left[found]] = apart
        left = left[~found]
    return least


def _first_step(steps: npt.NDArray[np.uint32]) -> Ints:
    lowest = steps & (~steps + np.uint32(1))
    return np.asarray(np.frexp(lowest.astype(np.float64))[1], np.int64) - 1


def _last_step(steps: npt.NDArray[np.uint32]) -> Ints:
    return np.asarray(np.frexp(steps.astype(np.float64))[1], np.int64) - 1


def _station(by: npt.NDArray[np.uint64]) -> Places:
    """The number of the station from its bit; 0: none."""
    return np.asarray(np.maximum(np.frexp(by.astype(np.float64))[1] - 1, 0), np.intp)
