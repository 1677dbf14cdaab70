"""Applies a batch of reports to the fleet and passes it to the detectors.

Reports of one vessel depend on each other: a judgement on one report can change what the next one means. To apply them
one at a time would be exact but slow, so a batch is first *surveyed*: the state after each report is computed for all
reports at once (``History``), and each detector screens them. A report is *relevant* if a detector may judge it, or if
something is due for the vessel before it.

1. Reports before the first relevant one of their vessel are written in one go.
2. The first relevant report of each vessel is applied exactly: due checks first, then the report, then the judges.
3. The rest is surveyed again, because the judgement may have changed what is relevant.

Example, with relevant reports in capitals and vessels a and b: the batch ``a1 b1 a2 A3 b2 a4 B3 b4`` is applied as [a1
a2 b1 b2] written together, [A3 B3] exactly, [a4 b4] surveyed again. The cost follows the number of relevant reports,
not the number of reports. If everything is relevant, surveys would be wasted: after the first round two reports of each
vessel are applied exactly before the next survey, then four, and so on.

The result does not depend on this grouping: it equals applying the reports one by one (tests/detectors/
test_conformance.py compares).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.detector_input import DetectorInput, Places
from detectors.core.engine.batch_ranges import BatchRanges
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.engine.fact_writers import FactWriters
from detectors.core.identities.matcher import WatchlistMatcher
from detectors.core.protocol import Detector
from detectors.core.reports import Batch
from detectors.core.units import NEVER_MS
from detectors.core.vessels import fleet_writes
from detectors.core.vessels.arrivals import Arrivals, Bools, arrive
from detectors.core.vessels.columns import Column_, Rows
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.grouping import groups, turns
from detectors.core.vessels.history import History, Times
from detectors.core.vessels.track import breaks, follow
from detectors.core.vessels.track_verdict import TrackRules

_NONE: Final = np.zeros(0, np.intp)
_RARE: Final = "rare"
"""The place in ``_Survey.dues`` of all detectors with ``keeps_due``."""


class _Survey(NamedTuple):
    """Reports that are neither duplicate, late nor unsure, with the state after each and the screening results."""

    batch: Batch
    history: History
    step: DetectorInput
    dues: dict[str, Column_]
    """By detector, or _RARE; one value per report."""
    relevant: Bools
    """One flag per report."""


class BatchApplier:
    """Applies batches to one fleet; ``duplicates`` and ``late`` count reports that change no state."""

    def __init__(
        self, fleet: Fleet, matcher: WatchlistMatcher, dispatcher: Dispatcher, facts: FactWriters, rules: TrackRules
    ) -> None:
        self.duplicates = self.late = 0
        self._fleet, self._matcher, self._dispatcher = fleet, matcher, dispatcher
        self._facts, self._rules = facts, rules

    def take(self, batch: Batch, rows: Rows, source_bit: int) -> None:
        """Applies all reports of a batch. ``rows``: the row of each report; ``source_bit``: its source."""
        reports, most = batch.reports, 1
        while len(rows):
            run, rest = self._stretch(batch, rows, reports, source_bit=source_bit, most=most)
            if not len(run):
                return
            for _, turn in turns(*groups(rows[run])):
                self._each(batch, rows[run[turn]], reports.take(run[turn]), source_bit)
            rows, reports, most = rows[rest], reports.take(rest), 2 * most

    def _stretch(
        self, batch: Batch, rows: Rows, reports: npt.NDArray[np.void], *, source_bit: int, most: int
    ) -> tuple[Rows, Rows]:
        """Writes the reports before the first relevant one of each vessel.

        Returns places in ``reports``: the relevant ones that follow, at most ``most`` per vessel, and all after those.
        Both are ordered by vessel, and within a vessel in log order.
        """
        arrivals = arrive(self._fleet, rows, reports)
        accepted = ~(arrivals.duplicate | arrivals.late)
        taken = (accepted & ~arrivals.unsure[arrivals.vessel]).nonzero()[0]
        survey = self._survey(batch, arrivals, reports, taken) if len(taken) else None
        if not arrivals.unsure.any() and (survey is None or not survey.relevant.any()):
            if survey is not None:
                self._write(survey, None, source_bit)
            self._heard(arrivals, arrivals.duplicate | arrivals.late, source_bit)
            return _NONE, _NONE
        relevant = arrivals.unsure[arrivals.vessel]
        if survey is not None:
            relevant[taken[survey.relevant]] = True
        started = _since(relevant, arrivals.starts)
        count = np.cumsum(started)
        count = count - (count - started)[arrivals.starts][arrivals.vessel]
        ended = _since(started & ((accepted & ~relevant) | (count > most)), arrivals.starts)
        if survey is not None:
            self._write(survey, ~started[taken], source_bit)
        self._heard(arrivals, ~(accepted | started), source_bit)
        return arrivals.order[started & ~ended], arrivals.order[ended]

    def _survey(self, batch: Batch, arrivals: Arrivals, reports: npt.NDArray[np.void], taken: Rows) -> _Survey:
        history = History(
            self._fleet,
            arrivals.rows[taken],
            reports.take(arrivals.order[taken]),
            arrivals.last_ms[taken],
            statics=batch.statics,
            keep=False,
            rules=self._rules,
        )
        step = self._dispatcher.reports(history, batch.raw, written=False)
        dues: dict[str, Column_] = {}
        relevant = self._matcher.may_change(history) | breaks(history)
        for detector in self._dispatcher.detectors:
            found = self._relevant(detector, step, history, dues)
            if found is not None:
                relevant |= found
        rare = self._rare(history, dues)
        if rare is not None:
            relevant |= rare
        return _Survey(batch, history, step, dues, relevant)

    def _relevant(
        self, detector: Detector, step: DetectorInput, history: History, dues: dict[str, Column_]
    ) -> Bools | None:
        """One flag per report: a detector may judge it, or a check of the vessel is due before it. None: none is."""
        try:
            places = detector.screen_reports(step)
            timed = detector in self._dispatcher.timed
            due_ms = detector.due(step) if timed or detector in self._dispatcher.rare else None
        except Exception:  # noqa: BLE001 - it raises again, and is noted, when the bad report comes alone
            return np.ones(len(history.rows), bool)
        if due_ms is not None and not timed:
            dues[_RARE] = np.minimum(due_ms, dues.get(_RARE, due_ms))
        asked_ms = self._fleet.detectors[detector.name].due_ms[history.heads] if timed else _NONE
        if not timed or (due_ms is None and asked_ms.min() == NEVER_MS):
            return _flags(len(history.rows), places) if len(places) else None
        dues[detector.name] = np.full(len(history.rows), NEVER_MS) if due_ms is None else due_ms
        relevant = self._are_due(history, asked_ms, dues[detector.name])
        relevant[places] = True
        return relevant

    def _rare(self, history: History, dues: dict[str, Column_]) -> Bools | None:
        """Reports before which a check of a rare thing is due. None: there are none."""
        asked_ms = self._fleet.core.rare_due_ms[history.heads]
        if _RARE not in dues and asked_ms.min() > history.times.max():
            return None
        return self._are_due(history, asked_ms, dues.get(_RARE, asked_ms[history.vessel]))

    @staticmethod
    def _are_due(history: History, asked_ms: Times, due_ms: Column_) -> Bools:
        """``asked_ms`` by vessel, before the first of its reports; ``due_ms`` after each report."""
        if not history.once:
            first, asked_ms = asked_ms, np.append(NEVER_MS, due_ms[:-1])
            asked_ms[history.starts] = first
        due: Bools = history.current & (asked_ms <= history.times)
        return due

    def _write(self, survey: _Survey, quiet: Bools | None, source_bit: int) -> None:
        """Writes the reports flagged ``quiet``, which are the first ones of each vessel; None: all."""
        history, step = survey.history, survey.step
        if quiet is not None:
            if not quiet.any():
                return
            history.stop_after(quiet)
            step = step.only(quiet.nonzero()[0])
        self._dispatcher.note(step)
        self._facts.tell(history, survey.batch)
        rows = fleet_writes.write(self._fleet, history, source_bit=source_bit, raw=step.raw)
        first_ms = np.full(len(rows), NEVER_MS)
        for name, due_ms in survey.dues.items():
            last_ms = history.last(due_ms)
            asked_ms = self._fleet.core.rare_due_ms if name == _RARE else self._fleet.detectors[name].due_ms
            asked_ms[rows] = last_ms
            np.minimum(first_ms, last_ms, out=first_ms)
        if _RARE not in survey.dues:
            np.minimum(first_ms, self._fleet.core.rare_due_ms[rows], out=first_ms)
        self._dispatcher.plan(rows, first_ms)

    def _heard(self, arrivals: Arrivals, which: Bools, source_bit: int) -> None:
        """Duplicates and late reports change nothing except that this source hears the vessel."""
        if not which.any():
            return
        self.duplicates += int((arrivals.duplicate & which).sum())
        self.late += int((arrivals.late & which).sum())
        rows, bit = arrivals.rows[which], np.uint64(source_bit)
        rows = np.unique(rows[self._fleet.core.sources[rows] & bit == 0])
        if len(rows):
            self._fleet.core.sources[rows] |= bit
            self._dispatcher.plan(rows)

    def _each(self, batch: Batch, rows: Rows, reports: npt.NDArray[np.void], source_bit: int) -> None:
        """Applies one report per vessel exactly: due checks before it, the report, then the detectors."""
        arrivals = arrive(self._fleet, rows, reports)
        accepted = ~(arrivals.duplicate | arrivals.late)
        self._heard(arrivals, ~accepted, source_bit)
        taken = accepted.nonzero()[0]
        if not len(taken):
            return
        rows, reports, last_ms = arrivals.rows[taken], reports.take(arrivals.order[taken]), arrivals.last_ms[taken]
        current = last_ms <= reports["time_ms"]
        self._dispatcher.fire(rows[current], reports["time_ms"][current], reports["ordinal"][current])
        history = History(self._fleet, rows, reports, last_ms, statics=batch.statics, keep=True, rules=self._rules)
        follow(
            history, self._fleet.core, BatchRanges(self._dispatcher.sources, self._fleet.core, batch.raw, source_bit)
        )
        fleet_writes.write(self._fleet, history, source_bit=source_bit, raw=batch.raw)
        self._matcher.refresh(self._fleet, fleet_writes.changed_identity(history, self._fleet))
        self._dispatcher.judge_reports(
            self._dispatcher.reports(history, batch.raw, written=True, source_bit=source_bit)
        )
        self._facts.tell(history, batch)
        self._dispatcher.plan(rows)


def _flags(size: int, places: Places) -> Bools:
    flags: Bools = np.zeros(size, bool)
    flags[places] = True
    return flags


def _since(flags: Bools, starts: Rows) -> Bools:
    """Whether a flag is set at or before each place within its group; groups begin at ``starts``."""
    last = np.where(flags, np.arange(len(flags)), 0)
    last[starts] = np.maximum(last[starts], starts)
    found: Bools = flags[np.maximum.accumulate(last)]
    return found
