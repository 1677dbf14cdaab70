"""A full fleet: which vessels are dropped, and how this is reported.

It costs nothing to send a hundred thousand invented MMSIs. So a fleet has a cap, and new vessels are unproven until
they have been heard a few times. Room is made just before the report of the new vessel that no longer fits: a place in
the log, so it does not depend on batches or restarts. The least valuable vessels are dropped first: unproven ones, then
those known for less than a day, then the rest; within each group those unheard for longest. Vessels with an open alert
are dropped only if no others are left, a few at a time, and their alerts close: a hundred thousand invented MMSIs
inside a zone open as many alerts. Listed vessels are never dropped; if no others are left, the cap is exceeded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detectors.core.units import HOUR_MS, MS, next_step
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.dropped import DroppedRules
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.index import ABSENT
from detectors.core.vessels.track_verdict import TrackRules

REASONS: Final = ("unproven", "known", "long_known", "alerted")
_ALERTED: Final = REASONS.index("alerted")
_TIER_BITS: Final = 56  # above any event time in ms
_PART: Final = 8  # room for an eighth is made at once: the search costs 30 ms at a million rows
_ALERTED_MOST: Final = 1000
"""At most this many with open alerts are dropped at once: each alert that closes is two records."""
Close = Callable[[Rows], None]


class FleetRules(TrackRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many vessels are held, which are dropped first, and which of their fixes are of one track."""

    vessels_most: Annotated[
        int, Meta(ge=8, le=100_000_000, description="Maximum number of vessels in a partition (about 0.7 kB each)")
    ] = 500_000
    proven_reports: Annotated[
        int, Meta(ge=1, le=1000, description="A vessel with fewer reports than this is dropped first")
    ] = 3
    long_known_h: Annotated[
        float,
        Meta(
            ge=0,
            le=87_600,
            description="Vessels known for longer than this are dropped last, h between first and last report",
        ),
    ] = 24.0

    dropped_most: Annotated[
        int,
        Meta(
            ge=0, le=100_000_000, description="Dropped vessels whose IMO number and name are kept (about 0.1 kB each)"
        ),
    ] = 200_000
    eased_after_s: Annotated[
        float, Meta(ge=10, le=604_800, description="A flood ends when no vessel has been dropped for this time, s")
    ] = 3600.0


class FleetFull(msgspec.Struct, kw_only=True):
    """A fleet that has to make room, from the first time until it has not had to for a while."""

    source: int
    """The source of the report that found it full."""
    start_ms: int
    last_ms: int
    """Event times of the reports for which room was made, first and last."""
    ended_ms: int | None = None
    """The step at which it had ended."""
    vessels_most: int
    dropped: dict[str, int]
    """Number of dropped vessels by reason."""


class Admission:
    """Admits new vessels to one fleet."""

    def __init__(self, fleet: Fleet, rules: FleetRules) -> None:
        self.dropped = dict.fromkeys(REASONS, 0)
        """Vessels dropped so far, by reason."""
        self.crowding: FleetFull | None = None
        self._fleet, self._rules, self._more = fleet, rules, 0

    def fit(self, mmsis: npt.NDArray[np.uint32], rows: Rows) -> int:
        """How many reports, in log order, can be processed before room must be made. ``rows`` are from the index."""
        absent = (rows == ABSENT).nonzero()[0]
        room = self._rules.vessels_most + self._more - self._fleet.held
        if len(absent) <= room:
            return len(rows)
        first = np.sort(np.unique(mmsis[absent], return_index=True)[1])
        return len(rows) if len(first) <= room else int(absent[first[max(0, room)]])

    def make_room(self, source: int, time_ms: int, close: Close) -> list[FleetFull]:
        """Makes room for the report of ``time_ms``. Returns what to report: a crowding that began, or one that ended.

        ``close`` closes the open alerts about rows, which are then dropped.
        """
        news = self.pass_time(time_ms)
        gone = make_room(self._fleet, self._rules, close)
        if not gone:  # all must stay: the cap is exceeded
            self._more += max(1, self._rules.vessels_most // _PART)
        for reason, number in gone.items():
            self.dropped[reason] += number
        if self.crowding is None:
            self.crowding = FleetFull(
                source=source, start_ms=time_ms, last_ms=time_ms, vessels_most=self._rules.vessels_most, dropped=gone
            )
            return [*news, self.crowding]
        now = self.crowding
        now.last_ms = max(now.last_ms, time_ms)
        now.dropped = {r: n for r in REASONS if (n := now.dropped.get(r, 0) + gone.get(r, 0))}
        return news

    def pass_time(self, clock_ms: int) -> list[FleetFull]:
        """Advances the clock; returns a crowding that has ended."""
        was = self.crowding
        if was is None:
            return []
        over_ms = next_step(was.last_ms + int(self._rules.eased_after_s * MS))
        if clock_ms < over_ms:
            return []
        was.ended_ms, self.crowding = over_ms, None
        return [was]


def make_room(fleet: Fleet, rules: FleetRules, close: Close) -> dict[str, int]:
    """Drops the least valuable eighth of the vessels. Returns how many by reason; none if all must stay.

    If all have open alerts, ``close`` closes these first.
    """
    rows, alerted = _droppable(fleet)
    tiers = _tiers(fleet, rules, rows)
    most = max(1, rules.vessels_most // _PART)
    if not len(rows):
        rows, tiers, most = alerted, _tiers(fleet, rules, alerted), min(most, _ALERTED_MOST)
    count = min(len(rows), most)
    if not count:
        return {}
    worth = tiers << _TIER_BITS | fleet.core.last_ms[rows]
    last = np.partition(worth, count - 1)[count - 1]
    alike = np.flatnonzero(worth == last)
    alike = alike[np.argsort(fleet.core.mmsi[rows[alike]])]  # not by row: rows depend on how batches were cut
    below = np.flatnonzero(worth < last)
    gone = np.concatenate([below, alike[: count - len(below)]])
    if rows is alerted:
        close(rows[gone])
        tiers[:] = _ALERTED
    fleet.let_go(rows[gone], DroppedRules(rules.dropped_most, rules.proven_reports, int(rules.long_known_h * HOUR_MS)))
    found = np.bincount(tiers[gone], minlength=len(REASONS)).tolist()
    return {reason: number for reason, number in zip(REASONS, found, strict=True) if number}


def _droppable(fleet: Fleet) -> tuple[Rows, Rows]:
    """The unlisted rows: without open alerts, and with some."""
    free = fleet.taken() & (fleet.core.listed[: fleet.size] == 0)
    alerted = np.zeros(fleet.size, bool)
    alerted[[row for row in fleet.open if row >= 0]] = True
    return (free & ~alerted).nonzero()[0], (free & alerted).nonzero()[0]


def _tiers(fleet: Fleet, rules: FleetRules, rows: Rows) -> Rows:
    """Each row's place in REASONS, as if it had no alerts."""
    core = fleet.core
    long_known = core.last_ms[rows] - core.first_ms[rows] > int(rules.long_known_h * HOUR_MS)
    return np.where(core.reports[rows] < rules.proven_reports, 0, np.where(long_known, 2, 1))
