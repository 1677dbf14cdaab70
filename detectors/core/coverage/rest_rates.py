"""How often a vessel that has just stopped would be heard: learned from how its reports under way are spaced.

On the air a class A vessel reports every 10 s or oftener under way and every 3 min at rest (ITU-R M.1371), so a raw
receiver hears 18 times less of it once it has moored. A feed that is thinned, resampled or polled passes on one report
in so many minutes of either, and then nothing changes at the berth. Which of them a vessel is heard by is seen in its
spacing: random losses leave some reports close together, thinning leaves none.

Of each vessel under way two numbers are kept, in steps of 10 s: ``gap``, the mean from one report to the next, and
``least``, below which hardly any lies. What is lost on the air is the part of ``gap`` beyond ``least``. From them
follows how often it would be heard at rest, if it were received there as it was under way. How much less it is at
berths is learned for each station from vessels that were heard under way and have stopped.
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
"""Reports so far apart at least are not a raw receiver's; of that the rule of the standard holds. (The model for all:
precision .93 for 1.00 on the recording's first two days played both ways, recall .90 for .83.)"""
GAP_SHARE: Final = 0.25
"""Of the mean gap, what a slot replaces."""
LEAST_SHARE: Final = 0.125
"""How much of the way up to a larger gap ``least`` goes in a slot; down it goes by half."""
STAY_SLOTS: Final = 48
"""Of a stay, so many slots teach: a vessel laid up for weeks is one vessel."""
MISSED_MOST: Final = 24  # slots of one silence that count; longer ones are of vessels that were switched off
STATIONS: Final = 64
PAUSE_SLOTS: Final = 6
"""Reports with so many missed slots between them lie on two sides of a silence: that is no spacing."""
KNOWN_REPORTS: Final = 50.0
"""Reports at rest that the rule of the standard weighs: some three stays."""
PARTS: Final = 1 << 20
_LEAST_MOST: Final = 255
FAR_STEPS: Final = 30_000

Places = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def rest_rate(gap: Floats, least: Floats) -> Floats:
    """Reports a slot at rest of vessels whose reports under way are spaced so (steps; ``gap`` above 0)."""
    received = WAY_STEPS / np.maximum(WAY_STEPS, gap - least + WAY_STEPS)
    thinned = np.maximum(0.0, least - REST_STEPS / 2)  # the next one after a pause has to be waited for
    return np.asarray(STEPS_A_SLOT / (REST_STEPS / received + thinned))


def thinned(c: ReceptionColumns, rows: Places) -> Bools:
    """Whether hardly two reports of each vessel under way lie as close as a raw receiver's."""
    return np.asarray((c.gap[rows] > 0) & (c.least[rows] >= THINNED_STEPS))


class RestRates:
    """By station, how many reports of vessels at rest were heard for those foretold. ``counts``: (2, STATIONS)."""

    def __init__(self) -> None:
        self.counts: Floats = np.zeros((2, STATIONS))

    def age(self, slots: int) -> None:
        """Forgets a little: what was learned LEARN_DAYS ago weighs 1/e."""
        self.counts *= math.exp(-slots / (SLOTS_AN_HOUR * HOURS_A_DAY * LEARN_DAYS))

    def expected(self, c: ReceptionColumns, rows: Places) -> Floats:
        """Reports a slot that would be heard of each of these vessels, had it stopped where it was last heard."""
        gap, least, rate = (column[rows].astype(np.float64) for column in (c.gap, c.least, c.rate))
        modelled = np.where(thinned(c, rows), rest_rate(gap, least), rate * REST_SHARE)
        return np.asarray(modelled * self._factor()[_station(c.by[rows])])

    def learn(self, c: ReceptionColumns, block: SlotBlock, heard: HeardVessels) -> None:
        """Takes in a block, before it is noted in the columns."""
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
        """All of it."""
        return self.counts.tobytes()

    def restore(self, data: bytes) -> None:
        """The reverse of ``tobytes``; of a snapshot from before there was any, nothing is known. Raises ValueError."""
        self.counts = np.frombuffer(data).reshape(2, STATIONS).copy() if data else np.zeros((2, STATIONS))

    def _count(self, c: ReceptionColumns, heard: HeardVessels, waited: Ints, reports: Ints, which: Bools) -> None:
        """Vessels that stay where they have stopped: what was heard of them, and what was foretold."""
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
        """How much less vessels at rest are heard than foretold, by station: at most 1, and 1 where little was seen."""
        heard, foretold = self.counts
        of_all = (heard.sum() + KNOWN_REPORTS) / (foretold.sum() + KNOWN_REPORTS)
        return np.asarray(np.minimum(1.0, (heard + KNOWN_REPORTS * of_all) / (foretold + KNOWN_REPORTS)))


def _space(  # noqa: PLR0917 - what was seen of each vessel
    c: ReceptionColumns, heard: HeardVessels, way: Bools, same: Bools, spans: Ints, reports: Ints, least: Ints
) -> None:
    """The spacing of vessels under way (``way``) whose reports were so many steps apart."""
    gaps = reports - ~same  # the first report of all has none before it
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
    """Steps from the last report before the block to the last in it, where each could be heard; else from the first."""
    first, last = steps
    rows, ends, starts = heard.ships, heard.ends, heard.starts
    inner = STEPS_A_SLOT * (block.slots[ends] - block.slots[starts]) + last[ends] - first[starts]
    return np.asarray(np.where(same, np.maximum(1, STEPS_A_SLOT * waited + last[ends] - c.last_step[rows]), inner))


def _least_gaps(  # noqa: PLR0917 - as above
    c: ReceptionColumns, block: SlotBlock, heard: HeardVessels, first: Ints, last: Ints, same: Bools
) -> Ints:
    """The fewest steps between two reports of each vessel, the last one before the block among them."""
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
    """The fewest steps between two reports of one slot."""
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
    """The number of the station, from its bit; 0 for none."""
    return np.asarray(np.maximum(np.frexp(by.astype(np.float64))[1] - 1, 0), np.intp)
