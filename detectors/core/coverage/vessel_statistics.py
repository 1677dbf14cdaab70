"""Which vessels a block heard and missed, and how each is usually heard; all in the columns of VESSEL."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.cell_statistics import fading
from detectors.core.coverage.cells import COARSE, COARSE_KEY, FINE, Spots, spots_of
from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.silence_statistics import SLOTS_AN_HOUR
from detectors.core.coverage.slot_blocks import SlotBlock, starts_of
from detectors.core.vessels.columns import Column

PRESENT_SLOTS: Final = 2 * SLOTS_AN_HOUR  # a vessel silent for longer may be anywhere: no evidence of reception
FORGET_SLOTS: Final = 48 * SLOTS_AN_HOUR  # a longer silence is not evaluated further
KNOWN_SLOTS: Final = 3  # the usual rate of a vessel heard in fewer slots is unknown
FIRST_LOOK_SLOTS: Final = 6  # a silence of half an hour is evaluated, even in a quiet feed
RECKONED_H: Final = 1.0  # dead reckoning beyond this is not evidence of its position
MAY_BE_H: Final = (2.0, 3.0, 4.0)
"""A vessel may have continued for this long, perhaps to where nothing is heard: its silence means no more than it would
there. Vessels that left range: 4 false gaps instead of 37 in all water at alpha .1, and 0 instead of 4 in well-heard
water, at the same recall (tuning worlds)."""
_REACHED_H: Final = np.array((RECKONED_H, *MAY_BE_H))[:, None]
HEARD_SHARE_SLOTS: Final = 20
RATE_SHARE: Final = 0.25
SEEN_MOST: Final = 65_535
_RATE_KEPT: Final = (1 - RATE_SHARE) ** np.arange(SLOTS_AN_HOUR + 1)  # by slots missed

VESSEL: Final = (
    Column("slot", "<i4"),  # last slot heard; 0 never
    Column("seen", "<u2"),  # slots heard, at most 65,535
    Column("lat_deg", "<f4"),
    Column("lon_deg", "<f4"),
    Column("fine", "<i4"),  # the cells of that position
    Column("coarse", "<i4"),
    Column("north_deg_h", "<f2"),
    Column("east_deg_h", "<f2"),
    Column("kind", "u1"),
    Column("stations", "<u8"),  # stations that heard it in its last two slots
    Column("by", "<u8"),  # ... and in the last one
    Column("heard_share", "<f2"),  # share of slots in which it is heard
    Column("tries", "u1"),  # slots behind that share, at most HABIT_SLOTS
    Column("rate", "<f2"),  # reports per slot, running mean
    Column("lost", "<f4"),  # lost opportunities of the present silence
    Column("level", "i1", -1),
    Column("stratum", "u1"),
    Column("own_fine", "u1"),  # slots of the present silence counted in the fine cell where it is assumed to be
    Column("own_coarse", "u1"),  # ... and in the coarse one
    Column("own_heard", "<f4"),  # its own share of the present counts
    Column("own_expected", "<f4"),
    Column("chance", "<f4", 1.0),  # chance of a silence like the present one within a day; 1 when heard
    Column("asked", "<i4"),  # the last slot in which its silence was evaluated
    Column("due", "<i4"),  # the slot of the next evaluation
    Column("missed", "<u2"),  # slots of the present silence in which it could have been heard
    Column("away", "u1"),  # consecutive slots in which it could not
    Column("unsure", "?"),  # out of reception before its silence meant anything: stays set until it is heard
    Column("usual", "<f2", 1.0),  # how well vessels are heard at its last position, at its silence
    Column("gain", "<f2"),  # chance of being heard in the slot just missed
    Column("last_step", "<i2"),  # of its last position report, in steps of 10 s since its last slot began
    Column("gap", "<f2"),  # mean steps between its position reports under way; 0 unknown (rest_rates.py)
    Column("least", "u1"),  # steps below which almost none of these intervals are
    Column("stayed", "u1"),  # slots of its present stay already counted
)
"""What coverage knows of a vessel after the last closed block."""

Places = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class HeardVessels(NamedTuple):
    """The vessels heard in a block: one value per vessel, except ``before`` (one per pair)."""

    ships: Places
    starts: Places
    ends: Places
    seen: Ints
    """Number of slots heard before."""
    spoken: Ints
    """Number of slots heard now."""
    gone: Ints
    """Slots of the silence that ends here which were counted as they passed."""
    before: Ints
    """Slots missed before each pair that are not counted yet."""
    missed: Ints
    """Their sum."""
    known: Bools


class MissedVessels(NamedTuple):
    """Vessels whose silence a block extended; rows ascending."""

    rows: Places
    age: Ints
    """Number of slots since it was last heard."""
    gone: Ints
    """The number of them that were evaluated before."""
    more: Floats
    """The number of the others in which its stations heard any vessel."""
    alive: Bools
    """Whether there are any."""
    kind: Places
    heard_share: Floats
    here: Spots
    """Where each was last heard."""
    reckoned: Spots
    """Position of each by dead reckoning: at the last evaluation, now, and where it may be: (2, 2 + MAY_BE_H, ships).
    """

    @property
    def there(self) -> Spots:
        """Where each is by dead reckoning."""
        return self.reckoned[:, 1]


def heard_in(c: ReceptionColumns, block: SlotBlock) -> HeardVessels:
    """The vessels of a block, as they were before it."""
    rows, slots, starts = block.rows, block.slots, block.starts
    ends = np.empty_like(starts)
    ends[:-1], ends[-1] = starts[1:], len(rows)
    ends -= 1
    ships = rows[ends]
    asked, seen = c.asked[ships].astype(np.int64), c.seen[ships].astype(np.int64)
    gone = asked - c.slot[ships]
    former = np.empty(len(rows), np.int64)
    former[1:] = slots[:-1]
    former[starts] = np.where(seen == 0, slots[starts] - 1, asked)
    before = np.minimum(np.maximum(slots - former - 1, 0), PRESENT_SLOTS)
    before[starts] = np.minimum(before[starts], np.maximum(0, PRESENT_SLOTS - gone))
    missed = np.add.reduceat(before, starts)
    return HeardVessels(ships, starts, ends, seen, ends - starts + 1, gone, before, missed, seen >= KNOWN_SLOTS)


def note(c: ReceptionColumns, block: SlotBlock, heard: HeardVessels, spots: Spots) -> None:
    """Writes which vessels were heard, where (``spots``: of each pair) and how; their silences end."""
    rows, ends = heard.ships, heard.ends
    _learn(c, block, heard)
    end(c, rows[heard.gone > 0])
    slot, stations, lat_deg = block.slots[ends], block.stations[ends], block.lat_deg[ends]
    c.slot[rows], c.asked[rows], c.due[rows] = slot, slot, slot + FIRST_LOOK_SLOTS
    c.seen[rows] = np.minimum(heard.seen + heard.spoken, SEEN_MOST)
    c.lat_deg[rows], c.lon_deg[rows] = lat_deg, block.lon_deg[ends]
    c.fine[rows], c.coarse[rows] = spots[FINE, ends], spots[COARSE, ends] - COARSE_KEY
    c.kind[rows] = block.kind[ends]
    c.stations[rows] = np.where(heard.spoken > 1, block.stations[ends - 1], c.by[rows]) | stations
    c.by[rows] = stations
    cog_deg, sog_kn = block.cog_deg[ends], block.sog_kn[ends]
    sog_kn = np.where(np.isnan(cog_deg) | np.isnan(sog_kn), 0.0, sog_kn)
    course = np.radians(np.where(np.isnan(cog_deg), 0.0, cog_deg))
    c.north_deg_h[rows] = sog_kn * np.cos(course) / 60
    c.east_deg_h[rows] = sog_kn * np.sin(course) / 60 / np.maximum(0.1, np.cos(np.radians(lat_deg)))


def end(c: ReceptionColumns, rows: Places) -> None:
    """Ends the silences of these rows. (Other rows have nothing to reset.)"""
    if len(rows):
        c.lost[rows], c.level[rows], c.chance[rows], c.gain[rows] = 0, -1, 1, 0
        c.missed[rows], c.away[rows], c.unsure[rows] = 0, 0, False
        c.own_fine[rows], c.own_coarse[rows] = 0, 0


def _learn(c: ReceptionColumns, block: SlotBlock, heard: HeardVessels) -> None:
    """Updates the usual rate: slots heard, and missed slots of silences that end here (an hour of each at most)."""
    rows, count, new = heard.ships, heard.spoken, heard.seen == 0
    missed = np.minimum(c.missed[rows] + heard.missed, SLOTS_AN_HOUR)
    tried = missed + count
    tries = np.minimum(c.tries[rows] + tried, HEARD_SHARE_SLOTS)
    share = np.maximum(1 / HEARD_SHARE_SLOTS, 1 / (tries + 1.0))
    keep = (1 - share) ** tried
    known = c.heard_share[rows] * keep + (1 - keep) * count / tried
    c.heard_share[rows] = np.where(new, 0.5, known)
    c.tries[rows] = tries
    mean = np.add.reduceat(block.reports, heard.starts) / count
    fresh = np.where(new, 1.0, np.maximum(RATE_SHARE, 1 / (heard.seen + 1.0)))
    faded = _RATE_KEPT[np.minimum(heard.missed + heard.gone, SLOTS_AN_HOUR)]
    kept = (1 - fresh) ** count
    c.rate[rows] = c.rate[rows] * faded * kept + (1 - kept) * mean


def missed_by(c: ReceptionColumns, block: SlotBlock, size: int) -> MissedVessels:
    """The vessels in the first ``size`` rows whose silence is due for evaluation when the block closes."""
    ages = block.last - c.slot[:size]
    due = (ages <= PRESENT_SLOTS) | (c.due[:size] <= block.last)
    due &= (ages > 0) & (ages <= FORGET_SLOTS) & (c.seen[:size] >= KNOWN_SLOTS) & ~c.unsure[:size]
    rows = due.nonzero()[0]
    by_slot = np.zeros(block.last - block.first + 1, np.uint64)
    np.bitwise_or.at(by_slot, block.slots - block.first, block.stations)
    age, since = ages[rows].astype(np.int64), c.asked[rows].astype(np.int64)
    newly = np.arange(block.first, block.last + 1) > since[:, None]
    spoke = ((c.stations[rows][:, None] & by_slot) > 0) & newly
    share = np.add.reduce(spoke, axis=1) / np.maximum(np.add.reduce(newly, axis=1), 1)
    gone = since - c.slot[rows]
    return MissedVessels(
        rows,
        age,
        gone,
        (block.last - since) * share,
        share > 0,
        c.kind[rows].astype(np.intp),
        c.heard_share[rows].astype(np.float64),
        last_spots(c, rows),
        _reckon(c, rows, age, gone),
    )


def last_spots(c: ReceptionColumns, rows: Places) -> Spots:
    """The cells in which these were last heard."""
    spots = np.empty((2, len(rows)), np.int64)
    spots[FINE], spots[COARSE] = c.fine[rows], c.coarse[rows]
    spots[COARSE] += COARSE_KEY
    return spots


def _reckon(c: ReceptionColumns, rows: Places, age: Ints, gone: Ints) -> Spots:
    sailed_h = np.empty((1 + len(_REACHED_H), len(rows)))
    sailed_h[0] = np.minimum(gone / SLOTS_AN_HOUR, RECKONED_H)
    sailed_h[1:] = np.minimum(age / SLOTS_AN_HOUR, _REACHED_H)
    return spots_of(c.lat_deg[rows] + sailed_h * c.north_deg_h[rows], c.lon_deg[rows] + sailed_h * c.east_deg_h[rows])


def add_own(c: ReceptionColumns, rows: Places, slots: Ints, before: Ints, expected: Floats) -> None:
    """The share of the vessels heard in the present counts, faded to the last slot of each."""
    starts = starts_of(rows)
    if not len(starts):
        return
    fade, ships = fading(c.slot[rows] - slots), rows[starts]
    old = fading(c.slot[ships] - slots[starts] + before[starts] + 1)
    c.own_heard[ships] = c.own_heard[ships] * old + np.add.reduceat(fade, starts)
    c.own_expected[ships] = c.own_expected[ships] * old + np.add.reduceat(expected * fade, starts)
