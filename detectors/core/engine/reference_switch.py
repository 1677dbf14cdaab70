"""Switches a fleet to another reference: columns are renumbered, and affected vessels are judged at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.core.coverage.reception_state import ReceptionState
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.identities.list_change import Numbered, Renumbering, relist
from detectors.core.identities.matcher import WatchlistMatcher
from detectors.core.protocol import Detector
from detectors.core.reference import Reference
from detectors.core.units import next_steps
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet


class ReferenceSwitch:
    """Carries a fleet from one reference to the next. ``watchers``: detectors that judge sources."""

    def __init__(
        self,
        fleet: Fleet,
        reception: ReceptionState,
        matcher: WatchlistMatcher,
        dispatcher: Dispatcher,
        watchers: Sequence[Detector],
    ) -> None:
        self._fleet, self._reception, self._matcher = fleet, reception, matcher
        self._dispatcher, self._watchers = dispatcher, watchers
        self.delisted: set[int] = set()
        """Delisted MMSIs since the worker last asked."""

    def numbered(self, reference: Reference) -> Numbered:
        """The meaning of the numbers in the fleet's columns under ``reference``, which is in force."""
        columns = [getattr(self._fleet.core, name)[: self._fleet.size] for name in ("listed", "like")]
        for detector in self._dispatcher.detectors:
            own = self._fleet.detectors[detector.name]
            columns += [getattr(own, name)[: self._fleet.size] for name in detector.entry_columns]
        return Numbered.under(reference, columns)

    def switch(self, former: Numbered, reference: Reference, ordinal: int) -> None:
        """Renumbers columns that refer to entries and zones, and judges vessels that were listed or delisted."""
        renumbering = Renumbering.between(former, reference)
        for detector in (*self._dispatcher.detectors, *self._watchers):
            detector.adopt(reference, self._fleet.detectors.get(detector.name), renumbering)
        core, size = self._fleet.core, self._fleet.size
        listed = core.listed[:size] > 0
        rows = relist(self._fleet, self._matcher, former, reference)
        self.delisted |= set(core.mmsi[:size][listed & (core.listed[:size] == 0)].tolist())
        self._matcher.mark(self._fleet)
        self._fleet.dirty[: self._fleet.shards()] = True  # the numbers of entries are in every shard
        self._reception.look_again(rows)
        self._judge_lists(rows, ordinal)
        self._judge_zones(np.arange(size) if renumbering.other_zones else rows, ordinal)
        self._judge_fleet(np.arange(size), ordinal)

    def _judge_lists(self, rows: Rows, ordinal: int) -> None:
        """The list entry of these distinct vessels changed: all detectors check them at the next step, some at once."""
        core = self._fleet.core
        rows = rows[core.as_ms[rows] <= core.last_ms[rows]]
        if not len(rows):
            return
        times = np.maximum(self._dispatcher.sources.clocks(core.sources[rows]), core.last_ms[rows])
        core.rare_due_ms[rows] = next_steps(times)
        for detector in self._dispatcher.detectors:
            if detector in self._dispatcher.timed:
                self._fleet.detectors[detector.name].due_ms[rows] = next_steps(times)
            if detector.judges_lists:
                self._dispatcher.look(
                    detector, self._dispatcher.step("reference", rows, times), np.full(len(rows), ordinal)
                )
        self._dispatcher.plan(rows)

    def _judge_zones(self, rows: Rows, ordinal: int) -> None:
        """Other zones may apply to these distinct vessels: detectors that use zones check them."""
        self._judge_reference([each for each in self._dispatcher.detectors if each.judges_zones], rows, ordinal)

    def _judge_fleet(self, rows: Rows, ordinal: int) -> None:
        """Another list is in force: detectors that compare all vessels with it check them."""
        self._judge_reference([each for each in self._dispatcher.detectors if each.judges_fleet], rows, ordinal)

    def _judge_reference(self, detectors: Sequence[Detector], rows: Rows, ordinal: int) -> None:
        core = self._fleet.core
        rows = rows[core.as_ms[rows] <= core.last_ms[rows]]
        times = np.maximum(self._dispatcher.sources.clocks(core.sources[rows]), core.last_ms[rows])
        for detector in detectors if len(rows) else ():
            step = self._dispatcher.step("reference", rows, times)
            places = self._dispatcher.screen(detector, step)
            self._dispatcher.judge(detector, step, places, np.full(len(rows), ordinal))
            self._dispatcher.plan(rows[places])
