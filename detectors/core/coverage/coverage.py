"""How well this feed hears each place, ship and station, slot by slot; and how unlikely each silence is.

Time is cut into slots of five minutes. When a block of slots closes, every ship has been heard in it or not. From that:

- *place*: how well ships are usually heard in a cell (two days' memory), and how well they are heard now against what
  each of them is used to. A ship that is judged is left out of its own evidence.
- *station*: a receiver that heard nobody in the slot (satellite between passes, dead receiver) gave no opportunity.
- *ship*: how often it is heard in a slot, and with how many reports. Each slot missed adds
  ``-ln(1 - chance to be heard now)`` lost opportunities ``u``.
- *silence*: how rarely honest ships of its stratum lose so many (silence.py), corrected by how often silences have
  begun around its last place. Ships that are about to sail out of range are told by the water ahead of them.

A silence is looked at when a block closes, for two hours; a longer one seldomer, when it has grown by half: what was
lost meanwhile is added at once. The result is a function of who was heard in which slot alone: all that several ships
add to is whole numbers.
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
from detectors.core.coverage.silence_statistics import (
    KINDS,
    SLOTS_AN_HOUR,
    Budget,
    Silences,
    level_of,
    stratum,
    well_heard,
)
from detectors.core.coverage.slot_blocks import CLASS_B, STEPS_A_SLOT, UNDER_WAY, SlotBlock
from detectors.core.coverage.vessel_statistics import (
    FORGET_SLOTS,
    KNOWN_SLOTS,
    PRESENT_SLOTS,
    SEEN_MOST,
    HeardVessels,
    MissedVessels,
    add_own,
    end,
    heard_in,
    last_spots,
    missed_by,
    note,
)

GAIN_LEAST: Final = 0.05
CLEAR_SHARE: Final = 0.4
"""A slot counts as missed where it had so much of its usual chance: in an area that is half dead none does. (Tuning
worlds, a disk of 25 nm dead: F0.5 .68 for .66; ships that sailed out, called dark: 6 for 10; recall the same.)"""
AWAY_SLOTS: Final = 24
NEXT_LOOK_SLOTS: Final = 12  # a silence of an hour is looked at, however quiet the feed
LOOK_SHARE: Final = 2  # a longer one again when it has grown by half
AHEAD_H: Final = (0.5, 1.0, 1.5)
AIM_SLOTS: Final = 4  # the water ahead is looked at every so many slots heard, and when a silence begins
CHANCE_MOST: Final = 0.98
AT_ONCE: Final = 8192  # ships whose water ahead is looked at: 200,000 take half as long as in arrays that fill no cache
COUNTED_LEVEL: Final = 3  # silences are counted by place where they reach u = 8
_AHEAD_H: Final = np.array((0.0, *AHEAD_H))[:, None]

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
        """``CellStatistics.best`` as of the last block after which anybody is missed."""

    def close(self, block: SlotBlock, size: int, apart: Bools | None = None) -> Places:
        """Closes a block over the first ``size`` rows. Returns the rows whose silence it made longer, rising.

        Ships ``apart`` (one flag a row; None for none) are judged, and teach nothing of how others fall silent.
        Blocks must come in order, and in the last slot of each or before it somebody is heard.
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
        self._aim(block, heard, missed)
        self._age(block.last - block.first + 1)
        if len(missed.rows):
            self._lose(missed, taught)
        self.silences.settle()
        if len(missed.rows):
            self._judge(missed, block.last, taught)
            self.best = self.cell_statistics.best()
        return missed.rows

    def late_reports(self, rows: Places, slots: Ints, first: int, taught: Bools) -> None:
        """Each was heard in that slot after all, it is known now: its silence begins there, and is looked at anew.

        Comes before the block that begins at slot ``first``: what it loses counts from there on. Its last place and
        what it is used to stay as they were. ``taught``: one flag a row, whose silences teach.
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

    def nobody(self, slots: int, size: int) -> None:
        """So many slots passed in which nobody at all was heard: nothing is known of anybody's silence in them."""
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
        """The chance that a silence of so many slots would have, were each of these ships to begin one now."""
        c = self.columns
        lost = -slots * np.log1p(-np.minimum(CHANCE_MOST, c.heard_share[rows].astype(np.float64)))
        return self.silences.chance(c.stratum[rows].astype(np.intp), lost, np.ones(len(rows)))

    def alpha(self, heard: Places, slots: int, budget: Budget) -> float:
        """As likely a silence of so many slots as may mean something, by the budget of gaps of honest vessels.

        ``heard``: who was heard as the block closed; those under way count.
        """
        rows = heard[self.columns.kind[heard] == UNDER_WAY]
        well = well_heard(self.columns.stratum[rows].astype(np.intp))
        return budget.alpha(self.least_chances(rows, slots), well)

    def heard_ahead_h(self, rows: Places) -> Floats:
        """Hours for which others were heard lately where each was last heard and may be in the next 1.5 h: the least.

        Its own hours in that water are among them.
        """
        c = self.columns
        kind = np.minimum(c.kind[rows].astype(np.intp), CLASS_B)
        ahead = spots_of(
            c.lat_deg[rows] + _AHEAD_H * c.north_deg_h[rows], c.lon_deg[rows] + _AHEAD_H * c.east_deg_h[rows]
        )
        return self.cell_statistics.heard_h(ahead, (kind == CLASS_B).astype(np.intp)).min(axis=0)  # type: ignore[no-any-return]

    # -- who was heard --------------------------------------------------------------------------------------------

    def _end(self, heard: HeardVessels, taught: Bools) -> None:
        """What their silences taught, now that they have ended; by what was known before this block."""
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

    # -- who was missed -------------------------------------------------------------------------------------------

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
        """What these ships have added, by being silent, to the counts of the cells where they are reckoned to be."""
        c, same = self.columns, reckoned[:, 0] == reckoned[:, 1]
        c.own_fine[rows] = np.minimum(c.own_fine[rows] * same[FINE] + added, PRESENT_SLOTS)
        c.own_coarse[rows] = np.minimum(c.own_coarse[rows] * same[COARSE] + added, PRESENT_SLOTS)

    def _aim(self, block: SlotBlock, heard: HeardVessels, missed: MissedVessels) -> None:
        """The stratum of ships that begin a silence, and now and then of those that go on speaking."""
        c, seen = self.columns, np.minimum(heard.seen + heard.spoken, SEEN_MOST)
        turn = seen + c.lat_deg[heard.ships].view(np.uint32)  # ships met together take turns
        speaks = (turn % AIM_SLOTS < heard.spoken) | (seen < 2 * AIM_SLOTS)
        speaks &= c.slot[heard.ships] == block.last  # else it is among those who begin
        rows = np.concatenate((heard.ships[speaks], missed.rows[missed.gone == 0]))
        for start in range(0, len(rows), AT_ONCE):
            self._aim_at(rows[start : start + AT_ONCE])

    def _aim_at(self, rows: Places) -> None:
        c = self.columns
        kind = c.kind[rows].astype(np.intp)
        ahead = spots_of(
            c.lat_deg[rows] + _AHEAD_H * c.north_deg_h[rows], c.lon_deg[rows] + _AHEAD_H * c.east_deg_h[rows]
        )
        place = self.cell_statistics.usual(ahead, (kind == CLASS_B).astype(np.intp)).min(axis=0)
        c.stratum[rows] = stratum(np.minimum(kind, KINDS - 1), place, c.rate[rows].astype(np.float64))

    # -- what it means --------------------------------------------------------------------------------------------

    def _lose(self, missed: MissedVessels, taught: Bools) -> None:
        c, rows = self.columns, missed.rows
        class_b = (missed.kind == CLASS_B).astype(np.intp)
        own = OwnCounts(missed.reckoned[:, 1:2], np.array(((c.own_fine[rows],), (c.own_coarse[rows],)), np.float64))
        here, there = self._usual(missed, class_b, own)
        c.usual[rows] = here
        place = np.minimum(1.0, there / np.maximum(here, HERE_LEAST))
        lively = self.cell_statistics.lively(
            missed.there, np.array((c.own_heard[rows], c.own_expected[rows]), np.float64)
        )
        gain = np.minimum(CHANCE_MOST, c.heard_share[rows] * lively * place) * missed.alive
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
        """How well each is usually heard where it was last heard; and the least of the places it may be at now."""
        spots = missed.reckoned.copy()
        spots[:, 0] = missed.here
        usual = self.cell_statistics.usual(spots, class_b, own)
        return usual[0], np.minimum.reduce(usual[1:])

    def _watch(self, missed: MissedVessels, gain: Floats) -> Floats:
        """Counts the slots in which each could have been heard. Returns ``gain``, without those who are out of sight.

        A ship that this feed lost sight of before its silence meant anything may have moored, or gone, meanwhile.
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
        times = self.cell_statistics.oftener(missed.here, kind, own)
        strata, lost = c.stratum[rows].astype(np.intp), c.lost[rows].astype(np.float64)
        c.chance[rows] = self.silences.chance(strata, lost, times, counted & (c.level[rows] >= 0))
        c.asked[rows] = last
        idle = np.maximum(c.missed[rows], c.away[rows]).astype(np.int64)
        c.due[rows] = last + np.maximum(NEXT_LOOK_SLOTS - c.missed[rows].astype(np.int64), idle // LOOK_SHARE + 1)
