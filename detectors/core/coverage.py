"""How well this feed hears each place, ship and station, slot by slot; and how unlikely each silence is.

Time is cut into slots of five minutes. When a slot closes, every ship has been heard in it or not. From that:

- *place*: how well ships are usually heard in a cell (two days' memory), and how well they are heard now against what
  each of them is used to (20 min). A ship that is judged is left out of her own evidence.
- *station*: a receiver that heard nobody in the slot (satellite between passes, dead receiver) gave no opportunity.
- *ship*: how often she is heard in a slot, and with how many reports. Each slot missed adds
  ``-ln(1 - chance to be heard now)`` lost opportunities ``u``.
- *silence*: how rarely honest ships of her stratum lose so many (silence.py), corrected by how often silences have
  begun around her last place. Ships that are about to sail out of range are told by the water ahead of them.

All counts that several ships add to are integers at the slot's end: the result is a function of the slots alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.cell_counts import (
    BEGAN,
    CELL_WIDTH,
    EXPECTED_NOW,
    FAST,
    HEARD,
    HEARD_NOW,
    LIKELY,
    NUDGE,
    PRESENT,
    add,
)
from detectors.core.cells import Cells, coarse_keys, fine_keys
from detectors.core.silence import KINDS, SLOTS_AN_HOUR, Silences, level_of, stratum
from detectors.core.slots import BASE, CLASS_B, Slot
from detectors.core.strips import Strips

PRESENT_H: Final = 2.0  # silent for longer, a ship may be anywhere: no evidence of hearing
RECKONED_H: Final = 1.0  # dead reckoning is not trusted further as evidence of where she is
MAY_BE_H: Final = (2.0, 3.0, 4.0)
"""So far she may have sailed on, to where nobody is heard: her silence means no more than it would there. At alpha .1,
tuning worlds: 4 false gaps for 37 in all water, none for 4 in well-heard water, the recall the same."""
GAIN_LEAST: Final = 0.05
AWAY_SLOTS, HABIT_SLOTS = 24, 20
FORGET_SLOTS: Final = 48 * SLOTS_AN_HOUR  # a longer silence gains nothing by going on
KNOWN_SLOTS: Final = 3  # heard in fewer slots, a ship's habits are not known
AHEAD_H: Final = (0.5, 1.0, 1.5)
RATE_SHARE, CHANCE_MOST = 0.25, 0.98
LIKELY_PARTS: Final = 1 << 20
COUNTED_LEVEL: Final = 3  # silences are counted by place where they reach u = 8
COARSE_WEIGHT, NEAR_WEIGHT, FINE_WEIGHT = 2.0, 1.0, 1.0
PLACE_WEIGHT, LIVELY_LEAST = 2.0, 0.3

Places = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Coverage:
    """Coverage of one partition. ``columns`` have (at least) VESSEL and are written in place."""

    def __init__(self, columns: Strips) -> None:
        self.columns = columns
        self.fine, self.coarse = Cells(CELL_WIDTH), Cells(CELL_WIDTH)
        self.silences = Silences()

    def close(self, slot: Slot, size: int) -> Places:
        """Closes a slot over the first ``size`` rows. Returns the rows whose silence it made longer, rising.

        Slots must come in order. A slot in which nobody was heard makes nobody's silence longer.
        """
        if not len(slot.rows):
            self.nobody(1, size)
            return np.zeros(0, np.intp)
        missed = self._missed(slot, size)
        if not (slot.kind < BASE).any() and not (self.columns.kind[missed] < BASE).any():
            self._fixed_only(slot)
            return missed
        lat, lon, age_h = self._reckon(missed, slot.number)
        alive = self._alive(slot, missed)
        self._count(slot, missed, lat, lon, (age_h <= PRESENT_H) & alive)
        self._lose(missed, lat, lon, age_h, alive)
        self._hear(slot)
        self.silences.age(1)
        self.silences.settle()
        self._judge(missed)
        return missed

    def nobody(self, slots: int, size: int) -> None:
        """So many slots passed in which nobody at all was heard: nothing is known of anybody's silence in them."""
        c = self.columns
        c.away[:size] = np.minimum(c.away[:size].astype(np.int64) + slots, 255)
        c.unsure[:size] |= (c.away[:size] > AWAY_SLOTS) & (c.missed[:size] < SLOTS_AN_HOUR)
        c.gain[:size] = 0
        self.silences.age(slots)
        self.silences.settle()

    def least_chances(self, rows: Places, slots: int) -> Floats:
        """The chance that a silence of so many slots would have, were each of these ships to begin one now."""
        c = self.columns
        lost = -slots * np.log1p(-np.minimum(CHANCE_MOST, c.habit[rows].astype(np.float64)))
        return self.silences.chance(c.stratum[rows].astype(np.intp), lost, np.ones(len(rows)))

    # -- who was missed -------------------------------------------------------------------------------------------

    def _missed(self, slot: Slot, size: int) -> Places:
        c = self.columns
        due = (c.seen[:size] >= KNOWN_SLOTS) & (slot.number - c.slot[:size] <= FORGET_SLOTS)
        due &= ~c.unsure[:size]
        due[slot.rows] = False
        return np.flatnonzero(due)

    def _fixed_only(self, slot: Slot) -> None:
        """Only base stations and aids spoke, and no ship is missed: nothing to judge, hardly anything to learn."""
        c, rows = self.columns, slot.rows
        c.slot[rows], c.kind[rows], c.by[rows] = slot.number, slot.kind, slot.stations
        c.stations[rows] |= slot.stations
        c.lat_deg[rows], c.lon_deg[rows] = slot.lat_deg, slot.lon_deg
        c.seen[rows] = np.minimum(c.seen[rows].astype(np.int64) + 1, 65_535)

    def _reckon(self, rows: Places, number: int) -> tuple[Floats, Floats, Floats]:
        c = self.columns
        age_h = (number - c.slot[rows]) / SLOTS_AN_HOUR
        sailed_h = np.minimum(age_h, RECKONED_H)
        return c.lat_deg[rows] + sailed_h * c.north_deg_h[rows], c.lon_deg[rows] + sailed_h * c.east_deg_h[rows], age_h

    def _alive(self, slot: Slot, rows: Places) -> Bools:
        """Whether a station that hears each ship heard anybody in this slot: else nothing was to be heard."""
        heard_by = np.bitwise_or.reduce(slot.stations, initial=np.uint64(0))
        return np.asarray((self.columns.stations[rows] & heard_by) > 0)

    # -- places ---------------------------------------------------------------------------------------------------

    def _count(self, slot: Slot, missed: Places, lat: Floats, lon: Floats, here: Bools) -> None:
        c = self.columns
        known = c.seen[slot.rows] >= KNOWN_SLOTS
        rows = np.concatenate([missed[here], slot.rows[known]])
        heard = np.arange(len(rows)) >= int(here.sum())
        lat, lon = np.concatenate([lat[here], slot.lat_deg[known]]), np.concatenate([lon[here], slot.lon_deg[known]])
        expected = np.rint(c.habit[rows].astype(np.float64) * NUDGE).astype(np.int64)
        kind = np.concatenate([c.kind[missed[here]], slot.kind[known]])
        for cells, keys in ((self.fine, fine_keys(lat, lon)), (self.coarse, coarse_keys(lat, lon))):
            add(cells, cells.meet(keys), heard, expected, kind)
        c.own_heard[rows] *= np.float32(FAST)
        c.own_expected[rows] *= np.float32(FAST)
        c.own_heard[rows] += heard.astype(np.float32)
        c.own_expected[rows] += (expected / NUDGE).astype(np.float32)

    def usual(self, lat_deg: Floats, lon_deg: Floats, class_b: Bools) -> Floats:
        """How well ships of that class are usually heard at these places, 0 to 1; little where nobody has been."""
        group = class_b.astype(np.intp)
        coarse = self.coarse.take(coarse_keys(lat_deg, lon_deg))
        fine = self.fine.take(fine_keys(lat_deg, lon_deg))
        at = np.arange(len(group))
        wide = (coarse[at, HEARD + group] + 0.3) / (coarse[at, PRESENT + group] + 3.0)
        return np.asarray((fine[at, HEARD + group] + 2 * wide) / (fine[at, PRESENT + group] + 2.0))

    def _now(self, rows: Places, lat: Floats, lon: Floats) -> Floats:
        """How well ships around each place are heard now against what they are used to, at most 1."""
        c = self.columns
        own_heard, own_expected = c.own_heard[rows].astype(np.float64), c.own_expected[rows].astype(np.float64)
        lively = np.ones(len(rows))
        fine = fine_keys(lat, lon)
        for counts, weight in (
            (self.coarse.take(coarse_keys(lat, lon)), COARSE_WEIGHT),
            (self.fine.around(fine), NEAR_WEIGHT),
            (self.fine.take(fine), FINE_WEIGHT),
        ):
            heard = np.maximum(counts[:, HEARD_NOW] - own_heard, 0)
            expected = np.maximum(counts[:, EXPECTED_NOW] - own_expected, 0)
            lively = np.minimum(1.0, (heard + weight * lively) / (expected + weight))
        return np.where(lively < LIVELY_LEAST, 0.0, lively)

    # -- ships ----------------------------------------------------------------------------------------------------

    def _lose(self, rows: Places, lat: Floats, lon: Floats, age_h: Floats, alive: Bools) -> None:
        c = self.columns
        class_b = c.kind[rows] == CLASS_B
        last_lat, last_lon = c.lat_deg[rows].astype(np.float64), c.lon_deg[rows].astype(np.float64)
        there, here = self.usual(
            np.concatenate([lat, last_lat]), np.concatenate([lon, last_lon]), np.tile(class_b, 2)
        ).reshape(2, -1)
        self._sailed_on(rows, age_h, class_b, there)
        place = np.minimum(1.0, there / np.maximum(here, 0.05))
        gain = np.minimum(CHANCE_MOST, c.habit[rows] * self._now(rows, lat, lon) * place) * alive
        gain = self._watch(rows, gain)
        before = c.level[rows].astype(np.intp)
        c.lost[rows] = c.lost[rows] - np.log1p(-gain)
        level = level_of(c.lost[rows].astype(np.float64))
        c.level[rows] = level
        counted = c.kind[rows] < KINDS
        self.silences.grew(c.stratum[rows[counted]].astype(np.intp), before[counted], level[counted])
        self._began(rows[counted & (before < COUNTED_LEVEL) & (level >= COUNTED_LEVEL)])

    def _sailed_on(self, rows: Places, age_h: Floats, class_b: Bools, there: Floats) -> None:
        """Lowers ``there`` to the least of the places that each may have come to."""
        on = (age_h > RECKONED_H).nonzero()[0]
        if not len(on):
            return
        c, late = self.columns, rows[on]
        hours = np.minimum(age_h[on], np.array(MAY_BE_H)[:, None])
        lat, lon = c.lat_deg[late] + hours * c.north_deg_h[late], c.lon_deg[late] + hours * c.east_deg_h[late]
        usual = self.usual(lat.ravel(), lon.ravel(), np.tile(class_b[on], len(hours))).reshape(hours.shape)
        there[on] = np.minimum(there[on], usual.min(axis=0))

    def _watch(self, rows: Places, gain: Floats) -> Floats:
        """Counts the slots in which each could have been heard. Returns ``gain``, without those who are out of sight.

        A ship that this feed lost sight of before her silence meant anything may have moored, or gone, meanwhile.
        """
        c = self.columns
        seen = gain > GAIN_LEAST
        c.away[rows] = np.where(seen, 0, np.minimum(c.away[rows].astype(np.intp) + 1, 255))
        c.unsure[rows] |= (c.away[rows] > AWAY_SLOTS) & (c.missed[rows] < SLOTS_AN_HOUR)
        gain = np.where(c.unsure[rows], 0.0, gain)
        c.missed[rows] += (gain > GAIN_LEAST).astype(np.uint16)
        c.gain[rows] = gain
        return gain

    def _began(self, rows: Places) -> None:
        c = self.columns
        lat, lon = c.lat_deg[rows].astype(np.float64), c.lon_deg[rows].astype(np.float64)
        for cells, keys in ((self.fine, fine_keys(lat, lon)), (self.coarse, coarse_keys(lat, lon))):
            places = cells.meet(keys)
            np.add.at(cells.values, (places, BEGAN + c.kind[rows]), 1.0)

    def _hear(self, slot: Slot) -> None:
        c, rows = self.columns, slot.rows
        known = rows[(c.seen[rows] >= KNOWN_SLOTS) & (slot.kind < KINDS)]
        ended = known[c.level[known] >= 0]
        self.silences.ended(c.stratum[ended].astype(np.intp), c.level[ended].astype(np.intp))
        self.silences.heard(c.stratum[known].astype(np.intp))
        self._likely(known)
        new = c.seen[rows] == 0
        self._learn_habit(rows, new)
        gone = np.where(new, 0.0, (1 - RATE_SHARE) ** np.minimum(slot.number - c.slot[rows] - 1, 12))
        share = np.where(new, 1.0, np.maximum(RATE_SHARE, 1 / (c.seen[rows] + 1.0)))
        c.rate[rows] = c.rate[rows] * gone * (1 - share) + share * slot.reports
        c.lost[rows], c.level[rows], c.chance[rows], c.gain[rows] = 0, -1, 1, 0
        c.missed[rows], c.away[rows], c.unsure[rows] = 0, 0, False
        c.slot[rows] = slot.number
        c.seen[rows] = np.minimum(c.seen[rows].astype(np.int64) + 1, 65_535)
        c.lat_deg[rows], c.lon_deg[rows] = slot.lat_deg, slot.lon_deg
        c.kind[rows] = slot.kind
        c.stations[rows] = c.by[rows] | slot.stations
        c.by[rows] = slot.stations
        self._aim(slot)

    def _learn_habit(self, rows: Places, new: Bools) -> None:
        """Heard in this slot, missed in those of the silence that now ends (an hour of it at most)."""
        c = self.columns
        missed = np.minimum(c.missed[rows], SLOTS_AN_HOUR).astype(np.intp)
        tries = np.minimum(c.tries[rows] + missed, HABIT_SLOTS)
        share = np.maximum(1 / HABIT_SLOTS, 1 / (tries + 2.0))
        habit = c.habit[rows] * (1 - share) ** missed
        c.habit[rows] = np.where(new, 0.5, habit + share * (1 - habit))
        c.tries[rows] = np.minimum(tries + 1, HABIT_SLOTS)

    def _aim(self, slot: Slot) -> None:
        """Where the ships go, and the stratum that this gives them."""
        c, rows = self.columns, slot.rows
        sog_kn = np.where(np.isnan(slot.cog_deg), 0.0, np.nan_to_num(slot.sog_kn))
        course = np.radians(np.nan_to_num(slot.cog_deg))
        north = sog_kn * np.cos(course) / 60
        east = sog_kn * np.sin(course) / 60 / np.maximum(0.1, np.cos(np.radians(slot.lat_deg)))
        c.north_deg_h[rows], c.east_deg_h[rows] = north, east
        class_b = slot.kind == CLASS_B
        hours = np.array((0.0, *AHEAD_H))[:, None]
        lat, lon = (slot.lat_deg + hours * north).ravel(), (slot.lon_deg + hours * east).ravel()
        place = self.usual(lat, lon, np.tile(class_b, len(hours))).reshape(len(hours), -1).min(axis=0)
        kind = np.minimum(slot.kind, KINDS - 1).astype(np.intp)
        c.stratum[rows] = stratum(kind, place, c.rate[rows].astype(np.float64))

    def _likely(self, rows: Places) -> None:
        """How many counted silences this slot of hearing made likely, by place."""
        c = self.columns
        likely = self.silences.reach[c.stratum[rows], COUNTED_LEVEL] / SLOTS_AN_HOUR
        parts = np.rint(likely * LIKELY_PARTS)  # whole numbers: their sum does not depend on the order of rows
        lat, lon = c.lat_deg[rows].astype(np.float64), c.lon_deg[rows].astype(np.float64)
        for cells, keys in ((self.fine, fine_keys(lat, lon)), (self.coarse, coarse_keys(lat, lon))):
            places = cells.meet(keys)
            for kind in range(KINDS):
                mine = c.kind[rows] == kind
                added = np.bincount(places[mine], parts[mine], minlength=len(cells.keys))
                cells.values[:, LIKELY + kind] += added / LIKELY_PARTS

    def _judge(self, rows: Places) -> None:
        c = self.columns
        lat, lon = c.lat_deg[rows].astype(np.float64), c.lon_deg[rows].astype(np.float64)
        kind = np.minimum(c.kind[rows], KINDS - 1)
        own = (c.level[rows] >= COUNTED_LEVEL).astype(np.float64)
        times, at = np.ones(len(rows)), np.arange(len(rows))
        for cells, keys in ((self.coarse, coarse_keys(lat, lon)), (self.fine, fine_keys(lat, lon))):
            counts = cells.take(keys)
            began = np.maximum(counts[at, BEGAN + kind] - own, 0)
            times = (began + PLACE_WEIGHT * times) / (counts[at, LIKELY + kind] + PLACE_WEIGHT)
        strata = c.stratum[rows].astype(np.intp)
        c.chance[rows] = self.silences.chance(strata, c.lost[rows].astype(np.float64), times)
