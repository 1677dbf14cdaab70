"""The state of each vessel before and after each report of a batch, in columns.

A vessel may send many reports in one batch. All of them are computed at once: a value of a report applies until the
vessel's next report with that value, so it is found by going back through the vessel's reports, and before them in the
fleet. Only the running mean of intervals needs one report after another; that loop uses one column. This module does
not depend on any detector, so detectors may check all reports before one is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detectors.core.units import HOUR_MS, MS, STEP_MS
from detectors.core.vessels.columns import CORE_OWNER, STATED, Column_, Columns, Rows, field
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.grouping import groups, turns
from detectors.core.vessels.history_columns import STATED_BY, BeforeColumns, NowColumns
from detectors.core.vessels.track import TrackChanges
from detectors.core.vessels.track_verdict import UNCHANGED, TrackRules

APPEARANCE_MS: Final = HOUR_MS  # after an hour unheard a vessel's reports must support each other again
USUAL_SHARE: Final = 0.1  # weight of the newest interval in the running mean
SUPPORT_MOST: Final = 65_535
BROUGHT: Final = tuple(STATED_BY)
"""Columns set by static reports."""
STATED_COLUMNS: Final = frozenset(column.name for column in STATED)

Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
Reports = npt.NDArray[np.void]


class History:
    """Accepted reports, sorted by vessel and within it in log order.

    ``rows``, ``reports`` and ``last_ms`` (the vessel's newest report before this one) have one value a report;
    ``starts`` are the first reports of the vessels, which are numbered in that order. ``statics`` are the batch's.
    With ``keep`` the previous values are still available after the fleet has been written.
    """

    def __init__(
        self,
        fleet: Fleet,
        rows: Rows,
        reports: Reports,
        last_ms: Times,
        *,
        statics: Reports,
        keep: bool,
        rules: TrackRules,
    ) -> None:
        self.rows, self.reports, self.last_ms, self.keep, self.rules = rows, reports, last_ms, keep, rules
        begins = np.ones(len(rows), bool)
        np.not_equal(rows[1:], rows[:-1], out=begins[1:])
        self.starts = begins.nonzero()[0]
        self.once = len(self.starts) == len(rows)
        """Whether each vessel has one report."""
        self._turns = np.arange(len(rows))
        self.vessel = self._turns if self.once else np.cumsum(begins) - 1
        self.heads = rows[self.starts]
        self.moving = fleet.moving.take(self.heads)
        """One record per vessel: the fleet before the batch."""
        self._stated = fleet.stated.take(self.heads) if keep else None
        self._core, self._statics = fleet.core, statics
        self.times: Times = reports["time_ms"].astype(np.int64)
        self.current: Bools = last_ms <= self.times
        """Not older than what was known: it may move the vessel."""
        self.moved: Bools = self.current & reports["moves"] & ~np.isnan(reports["lat_deg"] + reports["lon_deg"])
        self.followed: TrackChanges | None = None
        """The results of ``track.follow`` for fixes that break a track."""
        self.stated: Bools = reports["static"] >= 0
        self._begins = begins
        self._known: dict[str, Column_] = {}
        self._brought: dict[str, tuple[Rows, Column_]] = {}
        self.kept: Rows | None = None
        """The vessels that are to be written; None for all."""
        self.quiet: Bools | None = None
        """The reports that are to be written; None for all."""
        self.now: Columns = NowColumns(self)
        self.before: Columns = BeforeColumns(self)

    # -- previous values ------------------------------------------------------------------------------------------

    def latest(self, given: Bools) -> Rows:
        """For each report the vessel's latest ``given`` one up to and including it; otherwise the vessel's first."""
        return self._turns if self.once else np.maximum.accumulate(np.where(given | self._begins, self._turns, 0))

    def stop_after(self, quiet: Bools) -> None:
        """Only these reports count as last ones from now on: the first ones of a vessel, or none."""
        counts = np.add.reduceat(quiet, self.starts, dtype=np.intp)
        self.kept = counts.nonzero()[0]
        self.ends = self.starts[self.kept] + counts[self.kept] - 1
        self.quiet = quiet

    def last(self, values: Column_) -> Column_:
        """The values, one per report, of the last report of each kept vessel."""
        return values if self.once and self.kept is None else values[self.ends]

    @cached_property
    def ends(self) -> Rows:
        """The last reports of the kept vessels."""
        return np.append(self.starts[1:], len(self.rows)) - 1

    @cached_property
    def fixed(self) -> tuple[Rows, Bools]:
        """For each vessel its last report that moved it, and whether there is one."""
        at = self.last(self.latest(self.moved))
        return at, self.moved[at]

    def fleet(self, name: str) -> Column_:
        """The value in the fleet, one per report."""
        return self.known(name) if self.once else self.known(name)[self.vessel]

    def known(self, name: str) -> Column_:
        """The value in the fleet, one per vessel."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._knew(name)
        return found

    def _knew(self, name: str) -> Column_:
        if name not in STATED_COLUMNS:
            return self.moving[field(CORE_OWNER, name)]
        if self._stated is not None:
            return self._stated[field(CORE_OWNER, name)]
        found: Column_ = getattr(self._core, name)[self.heads]
        return found

    def held(self, given: Bools, values: Any, name: str) -> Column_:
        """A column after each report, if the ``given`` ones set ``values``."""
        if self.once:
            return np.where(given, values, self.known(name))
        latest = self.latest(given)
        return np.where(given[latest], values[latest], self.fleet(name))

    def before_each(self, after: Column_, name: str) -> Column_:
        """A column before each report, from its values after each."""
        before = np.empty_like(after)
        before[1:] = after[:-1]
        before[self.starts] = self.known(name)
        return before

    # -- heard again ----------------------------------------------------------------------------------------------

    @cached_property
    def heard(self) -> npt.NDArray[np.int64]:
        """Number of current reports of the vessel in this batch up to and including each."""
        if self.once:
            return self.current.astype(np.int64)
        count = np.cumsum(self.current)
        return count - (count - self.current)[self.starts][self.vessel]

    @cached_property
    def fresh(self) -> Bools:
        """The very first report of a vessel."""
        fresh: Bools = self.current & (self.fleet("reports") + self.heard == 1)
        return fresh

    @cached_property
    def appeared(self) -> Bools:
        """The first report after an hour unheard, or the very first."""
        appeared: Bools = self.current & (self.fresh | (self.times - self.last_ms > APPEARANCE_MS))
        return appeared

    @cached_property
    def unsure(self) -> Bools:
        """Reports that come while the vessel's positions are inconsistent (``track``)."""
        until = self.fleet("unsure_step").astype(np.int64)
        if self.followed is not None:
            until[self.followed.at] = self.followed.unsure_step
        unsure: Bools = self.times < until * STEP_MS
        return unsure

    def support(self) -> Column_:
        """Consistent reports in this appearance: restarts at an appearance; 1 while the vessel is unsure."""
        again = self.appeared | self.unsure
        since = self.fleet("support") + self.heard
        if again.any():
            latest = self.latest(again)
            since = np.where(again[latest], 1 + self.heard - self.heard[latest], since)
        if self.followed is not None:
            self._correct(since)
        return np.where(self.heard > 0, np.minimum(since, SUPPORT_MOST), since)

    def _correct(self, support: Column_) -> None:
        """A fix that is held back supports nothing; the second one of a track that takes over supports the first."""
        assert self.followed is not None
        stray = self.followed.at[self.followed.held]
        support[stray] = np.where(self.appeared[stray], 0, self.fleet("support")[stray])
        said = self.followed.support != UNCHANGED
        support[self.followed.at[said]] = self.followed.support[said]

    def usual_s(self) -> Column_:
        """Running mean of the time between reports, in single precision, one report of each vessel at a time."""
        interval_s = ((self.times - self.last_ms) / MS).astype(np.float32)
        counts = self.current & ~self.appeared
        after = np.empty(len(self.rows), np.float32)
        usual = self.known("usual_s").copy()
        for vessels, at in self.in_turn():
            was, interval = usual[vessels], interval_s[at]
            mixed = was + np.float32(USUAL_SHARE) * (interval - was)
            usual[vessels] = after[at] = np.where(counts[at], np.where(np.isnan(was), interval, mixed), was)
        return after

    def in_turn(self) -> Iterator[tuple[Any, Any]]:
        """(vessels, their k-th reports) for k = 0, 1, ..."""
        if self.once:
            yield slice(None), slice(None)
        else:
            yield from turns(*groups(self.rows))

    # -- statements of ships --------------------------------------------------------------------------------------

    @cached_property
    def _statements(self) -> tuple[Rows, Reports]:
        at = self.stated.nonzero()[0]
        return at, self._statics.take(self.reports["static"][at])

    def brings(self, name: str) -> tuple[Rows, Column_]:
        """Reports that set a static column, and the values."""
        found = self._brought.get(name)
        if found is None:
            found = self._brought[name] = self._brings(name)
        return found

    def _brings(self, name: str) -> tuple[Rows, Column_]:
        if name == "bound_ms":
            at = self.brings("imo")[0]
            return at, self.times[at]
        at, statics = self._statements
        bit, needs = STATED_BY[name]
        values = statics[name]
        known = values == values if needs == "number" else values > 0 if needs == "positive" else values != b""  # noqa: PLR0124 - NaN is not itself
        given = (statics["has"] & bit).astype(bool) & known
        return (at, values) if given.all() else (at[given], values[given])

    def statement(self, name: str) -> Column_:
        """A static column after each report."""
        at, values = self.brings(name)
        if not len(at):
            return self.fleet(name)
        given = np.zeros(len(self.rows), bool)
        given[at] = True
        spread = np.zeros(len(self.rows), values.dtype)
        spread[at] = values
        return self.held(given, spread, name)
