"""How well this feed hears each place, station and vessel, slot by slot; and how unlikely each silence is.

Time is divided into slots of five minutes. When a block of slots closes, each vessel was heard in it or not. From this
the following is learned:

- *place*: how well vessels are usually heard in a cell (memory of two days), and how well they are heard now compared
  with what is usual for each of them. A vessel that is judged is left out of its own evidence.
- *station*: a receiver that heard no vessel in the slot (satellite out of view, failed receiver) gave no opportunity.
- *vessel*: how often it is heard in a slot, and with how many reports. Each missed slot adds
  ``-ln(1 - chance to be heard now)`` lost opportunities ``u``.
- *silence*: how rarely honest vessels of its stratum lose as many (silence_statistics.py), corrected by how often
  silences have begun around its last position. Vessels about to leave range are judged by the water ahead of them.

Example: a vessel is usually heard in 9 of 10 slots, and the vessels around it are heard as usual. Each missed slot adds
-ln(1 - .9) = 2.3. After four missed slots u = 9.2. If silences in its stratum reach u = 8 once in 500 vessel-hours, the
chance within a day is 1 - exp(-24 / 500) = .05. If instead the receiver fails, no vessel around it is heard, its chance
to be heard now is about 0, and each missed slot adds almost nothing: the silence means nothing.

For two hours a silence is evaluated at each closing block; after that when it has grown by half, and the opportunities
lost in between are added at once. The result depends only on which vessel was heard in which slot: sums over several
vessels use whole numbers, so the order of vessels does not matter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.cell_statistics import (
    GROUPS,
    HERE_LEAST,
    NEITHER,
    CellStatistics,
    OwnCounts,
    Presence,
    faded,
    fading,
)
from detectors.core.coverage.cells import COARSE, FINE, Spots, spots_of
from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.rest_rates import FAR_STEPS, RestRates
from detectors.core.coverage.silence_statistics import KINDS, SLOTS_AN_HOUR, Budget, Silences, level_of, well_heard
from detectors.core.coverage.slot_blocks import CLASS_B, STEPS_A_SLOT, UNDER_WAY, SlotBlock
from detectors.core.coverage.vessel_statistics import (
    FORGET_SLOTS,
    KNOWN_SLOTS,
    PRESENT_SLOTS,
    HeardVessels,
    MissedVessels,
    add_own,
    end,
    heard_in,
    last_spots,
    missed_by,
    note,
)
from detectors.core.coverage.water_ahead import heard_ahead_h, set_strata

GAIN_LEAST: Final = 0.05
CLEAR_SHARE: Final = 0.4
"""A slot counts as missed if the vessel had at least this share of its usual chance; in an area with half the reception
none does. (Tuning worlds, 25 nm without reception: F0.5 .68 instead of .66; vessels that left range judged dark: 6
instead of 10; same recall.)"""
AWAY_SLOTS: Final = 24
NEXT_LOOK_SLOTS: Final = 12  # a silence of an hour is evaluated, even in a quiet feed
LOOK_SHARE: Final = 2  # a longer one again when it has grown by half
CHANCE_MOST: Final = 0.98
COUNTED_LEVEL: Final = 3  # silences are counted by place where they reach u = 8

Places = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Coverage:
    """Coverage of one partition. ``columns`` have (at least) VESSEL and are written in place."""

    def __init__(self, columns: ReceptionColumns) -> None:
        self.columns = columns
        self.cell_statistics = CellStatistics()
        self.silences = Silences()
        self.rest_rates = RestRates()
        self.best = 0.0
        """``CellStatistics.best`` after the last block in which a vessel was missed."""

    def close(self, block: SlotBlock, size: int, apart: Bools | None = None) -> Places:
        """Closes a block for the first ``size`` rows. Returns the rows whose silence it extended, ascending.

        Vessels flagged in ``apart`` ((size,); None: none) are judged, but do not contribute to the statistics of
        silences. Blocks must come in order, and some vessel must be heard in the last slot of each block or before it.
        """
        self.cell_statistics.cells.pass_time(block.last)
        heard = heard_in(self.columns, block)
        spots = spots_of(block.lat_deg, block.lon_deg)
        taught = np.ones(size, bool) if apart is None else ~apart
        self._end(heard, taught)
        self.rest_rates.learn(self.columns, block, heard)
        note(self.columns, block, heard, spots)
        missed = missed_by(self.columns, block, size)
        self._count(block, heard, spots, missed)
        set_strata(self.columns, self.cell_statistics, heard, missed, block.last)
        self._age(block.last - block.first + 1)
        if len(missed.rows):
            self._lose(missed, taught)
        self.silences.settle()
        if len(missed.rows):
            self._judge(missed, block.last, taught)
            self.best = self.cell_statistics.best()
        return missed.rows

    def late_reports(self, rows: Places, slots: Ints, first: int, taught: Bools) -> None:
        """Late reports: each vessel was heard in that slot after all. Its silence begins there and is evaluated again.

        Must be called before the block that begins at slot ``first``: lost opportunities count from there. Last
        position and usual rates stay as they were. ``taught``: (fleet size,), whose silences contribute to the
        statistics.
        """
        if not len(rows):
            return
        c = self.columns
        which = (c.slot[rows] < slots) & (slots >= first - FORGET_SLOTS) & (c.seen[rows] >= KNOWN_SLOTS)
        rows, slots = rows[which], slots[which]
        ended = rows[(c.level[rows] >= 0) & (c.kind[rows] < KINDS) & taught[rows]]
        self.silences.ended(c.stratum[ended].astype(np.intp), c.level[ended].astype(np.intp))
        end(c, rows)
        c.last_step[rows] = np.maximum(c.last_step[rows] - STEPS_A_SLOT * (slots - c.slot[rows]), -FAR_STEPS)
        c.slot[rows], c.asked[rows], c.due[rows] = slots, first - 1, 0

    def no_vessel_heard(self, slots: int, size: int) -> None:
        """No vessel at all was heard in this number of slots: they do not count for any silence."""
        c = self.columns
        c.away[:size] = np.minimum(c.away[:size].astype(np.int64) + slots, 255)
        c.unsure[:size] |= (c.away[:size] > AWAY_SLOTS) & (c.missed[:size] < SLOTS_AN_HOUR)
        c.gain[:size] = 0
        c.asked[:size] += slots
        self._age(slots)
        self.silences.settle()

    def _age(self, slots: int) -> None:
        self.silences.age(slots)
        self.rest_rates.age(slots)

    def least_chances(self, rows: Places, slots: int) -> Floats:
        """The chance of a silence of ``slots`` slots for each of these vessels, if it began now."""
        c = self.columns
        lost = -slots * np.log1p(-np.minimum(CHANCE_MOST, c.heard_share[rows].astype(np.float64)))
        return self.silences.chance(c.stratum[rows].astype(np.intp), lost, np.ones(len(rows)))

    def alpha(self, heard: Places, slots: int, budget: Budget) -> float:
        """The highest chance at which a silence of ``slots`` slots is a gap, from the budget of false gaps.

        ``heard``: rows heard when the block closed; those under way count.
        """
        rows = heard[self.columns.kind[heard] == UNDER_WAY]
        well = well_heard(self.columns.stratum[rows].astype(np.intp))
        return budget.alpha(self.least_chances(rows, slots), well)

    def heard_ahead_h(self, rows: Places) -> Floats:
        """Hours for which vessels were heard lately at its last position and 1.5 h ahead: the smaller one, (rows,).

        Its own hours in that water are included.
        """
        return heard_ahead_h(self.columns, self.cell_statistics, rows)

    # -- vessels heard --------------------------------------------------------------------------------------------

    def _end(self, heard: HeardVessels, taught: Bools) -> None:
        """Counts the silences that have ended, with the statistics from before this block."""
        c = self.columns
        which = (heard.known & (c.kind[heard.ships] < KINDS) & taught[heard.ships]).nonzero()[0]
        known, count = heard.ships[which], heard.spoken[which]
        strata, level = c.stratum[known].astype(np.intp), c.level[known].astype(np.intp)
        ended = (level >= 0).nonzero()[0]
        if len(ended):
            self.silences.ended(strata[ended], level[ended])
        self.silences.heard(strata, count)
        likely = self.silences.reach[strata, COUNTED_LEVEL] * count / SLOTS_AN_HOUR
        self.cell_statistics.likely(last_spots(c, known), c.kind[known].astype(np.intp), likely)

    # -- vessels missed -------------------------------------------------------------------------------------------

    def _count(self, block: SlotBlock, heard: HeardVessels, spots: Spots, missed: MissedVessels) -> None:
        c = self.columns
        room = np.minimum(missed.age, PRESENT_SLOTS) - missed.gone
        absent = np.minimum(np.rint(missed.more).astype(np.int64), np.maximum(room, 0))
        here = (absent > 0).nonzero()[0]
        rows, absent, kind = missed.rows[here], absent[here], missed.kind[here]
        last = c.slot[rows] + np.minimum(missed.age[here], PRESENT_SLOTS)
        loss = missed.heard_share[here] * faded(absent)
        known = heard.known.repeat(heard.spoken).nonzero()[0]
        pairs, before, at = block.rows[known], heard.before[known], block.slots[known]
        gain = c.heard_share[pairs].astype(np.float64) * faded(before + 1)
        self.cell_statistics.count(
            Presence(
                np.concatenate((spots[:, known], missed.there[:, here]), axis=1),
                GROUPS[np.concatenate((block.kind[known], kind))],
                np.concatenate((at - before, last - absent + 1)),
                np.concatenate((at, last)),
                np.concatenate((before + 1, absent)),
                np.arange(len(pairs) + len(rows)) < len(pairs),
                np.concatenate((gain, loss)),
            ),
            block.last - block.first + 1,
        )
        if len(here):
            self._count_own(rows, np.where(GROUPS[kind] < NEITHER, absent, 0), missed.reckoned[:, :2, here])
            fade = fading(absent)
            c.own_heard[rows] *= fade
            c.own_expected[rows] = c.own_expected[rows] * fade + loss
        add_own(self.columns, pairs, at, before, gain)

    def _count_own(self, rows: Places, added: Ints, reckoned: Spots) -> None:
        """The share of these silent vessels in the counts of the cells where they are assumed to be."""
        c, same = self.columns, reckoned[:, 0] == reckoned[:, 1]
        c.own_fine[rows] = np.minimum(c.own_fine[rows] * same[FINE] + added, PRESENT_SLOTS)
        c.own_coarse[rows] = np.minimum(c.own_coarse[rows] * same[COARSE] + added, PRESENT_SLOTS)

    # -- evaluation -----------------------------------------------------------------------------------------------

    def _lose(self, missed: MissedVessels, taught: Bools) -> None:
        c, rows = self.columns, missed.rows
        class_b = (missed.kind == CLASS_B).astype(np.intp)
        own = OwnCounts(missed.reckoned[:, 1:2], np.array(((c.own_fine[rows],), (c.own_coarse[rows],)), np.float64))
        here, there = self._usual(missed, class_b, own)
        c.usual[rows] = here
        place = np.minimum(1.0, there / np.maximum(here, HERE_LEAST))
        present_ratio = self.cell_statistics.present_ratio(
            missed.there, np.array((c.own_heard[rows], c.own_expected[rows]), np.float64)
        )
        gain = np.minimum(CHANCE_MOST, c.heard_share[rows] * present_ratio * place) * missed.alive
        gain = self._watch(missed, gain)
        before = c.level[rows].astype(np.intp)
        c.lost[rows] = c.lost[rows] - np.log1p(-gain) * missed.more
        level = level_of(c.lost[rows].astype(np.float64))
        c.level[rows] = level
        grew = ((missed.kind < KINDS) & (level > before) & taught[rows]).nonzero()[0]
        if len(grew):
            before, level = before[grew], level[grew]
            self.silences.grew(c.stratum[rows[grew]].astype(np.intp), before, level)
            began = grew[(before < COUNTED_LEVEL) & (level >= COUNTED_LEVEL)]
            self.cell_statistics.began(missed.here[:, began], missed.kind[began])

    def _usual(self, missed: MissedVessels, class_b: Places, own: OwnCounts) -> tuple[Floats, Floats]:
        """How well each is usually heard at its last position, and the least of the positions where it may be now."""
        spots = missed.reckoned.copy()
        spots[:, 0] = missed.here
        usual = self.cell_statistics.usual(spots, class_b, own)
        return usual[0], np.minimum.reduce(usual[1:])

    def _watch(self, missed: MissedVessels, gain: Floats) -> Floats:
        """Counts the slots in which each could have been heard. Returns ``gain``, 0 for vessels out of reception.

        A vessel that was lost to the feed before its silence meant anything may have moored or left in the meantime.
        """
        c, rows = self.columns, missed.rows
        seen = gain > GAIN_LEAST
        gone = np.maximum(1, missed.age - missed.gone)
        c.away[rows] = np.where(seen, 0, np.minimum(c.away[rows] + gone, 255))
        c.unsure[rows] |= (c.away[rows] > AWAY_SLOTS) & (c.missed[rows] < SLOTS_AN_HOUR)
        gain = np.where(c.unsure[rows], 0.0, gain)
        clear = gain > np.maximum(GAIN_LEAST, CLEAR_SHARE * missed.heard_share)
        c.missed[rows] += np.where(clear, np.rint(missed.more), 0).astype(np.uint16)
        c.gain[rows] = gain
        return gain

    def _judge(self, missed: MissedVessels, last: int, taught: Bools) -> None:
        c, rows = self.columns, missed.rows
        kind = np.minimum(missed.kind, KINDS - 1)
        counted = taught[rows] & (missed.kind < KINDS)
        own = (counted & (c.level[rows] >= COUNTED_LEVEL)).astype(np.float64)
        times = self.cell_statistics.silence_ratio(missed.here, kind, own)
        strata, lost = c.stratum[rows].astype(np.intp), c.lost[rows].astype(np.float64)
        c.chance[rows] = self.silences.chance(strata, lost, times, counted & (c.level[rows] >= 0))
        c.asked[rows] = last
        idle = np.maximum(c.missed[rows], c.away[rows]).astype(np.int64)
        c.due[rows] = last + np.maximum(NEXT_LOOK_SLOTS - c.missed[rows].astype(np.int64), idle // LOOK_SHARE + 1)
