"""The engine of one partition: reports and ticks in, alerts out. Pure; the log is its only clock.

Every vessel has its own time line: its reports in log order, and the steps at which a detector asked to check it again
(``due_ms``). A step fires when the clock of the sources that hear the vessel has passed it, or when the vessel's next
report is later than it, whichever comes first in the log: the outcome is the same, so it depends neither on batch cuts
nor on the spacing of ticks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Self

import numpy as np

from detectors.core.alert import Severity
from detectors.core.coverage.reception_state import ReceptionState
from detectors.core.detector_input import SourceChange
from detectors.core.engine import snapshot
from detectors.core.engine.advice_switch import AdviceSwitch
from detectors.core.engine.alert_writer import AlertWriter, Emitted, default_severities
from detectors.core.engine.batch_applier import BatchApplier
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.engine.fact_writers import Facts, FactWriters
from detectors.core.engine.imagery_advice import ImageryAdvice
from detectors.core.engine.reference_switch import ReferenceSwitch
from detectors.core.engine.slot_closer import SlotCloser
from detectors.core.engine.told import Told, ToldRecord
from detectors.core.engine.verbs import DetectorFault
from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.identities.matcher import WatchlistMatcher
from detectors.core.message_types import LAST_TYPE
from detectors.core.protocol import Detector
from detectors.core.reference import Reference
from detectors.core.registry import build
from detectors.core.reports import Batch
from detectors.core.source_changes import SilencePatience
from detectors.core.sources import SourceTable
from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import MS
from detectors.core.vessels import fleet_writes
from detectors.core.vessels.capacity import Admission, FleetRules
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.index import ABSENT

SPEAKER: Final = 0  # alerts about sources are written by this partition alone


class Engine:
    """See the module. Create it with ``build``; ``restore`` continues from a snapshot."""

    def __init__(
        self,
        partition: int,
        reference: Reference,
        rules: FeedRules,
        detectors: Sequence[Detector],
        *,
        severities: Mapping[str, Severity],
        fleet: FleetRules,
        partitions: int = 1,
    ) -> None:
        self.partition, self.reference = partition, reference
        judges = [d for d in detectors if d.subject == "vessel"]
        self._watchers = [d for d in detectors if d.subject == "source"]
        self.fleet = Fleet({d.name: d.kept() for d in judges})
        self.reception = ReceptionState(int(rules.allowed_lateness_s * MS), partitions)
        self.sources = SourceTable(rules, next(filter(None, (d.patience() for d in self._watchers)), SilencePatience()))
        self.matcher = WatchlistMatcher(reference)
        self._advice = ImageryAdvice(reference)
        writer = AlertWriter(self.fleet, default_severities(detectors) | dict(severities), self._advice)
        passes = AdviceSwitch(self.fleet, self._advice)
        self.dispatcher = Dispatcher(self.fleet, self.sources, reference, judges, writer, renewed=passes.due)
        self._facts = FactWriters(self.fleet, self.sources, reference, detectors)
        self._batch_applier = BatchApplier(self.fleet, self.matcher, self.dispatcher, self._facts, fleet)
        self._slot_closer = SlotCloser(self.fleet, self.reception, self.matcher, self.dispatcher, self._batch_applier)
        self._admission = Admission(self.fleet, fleet)
        self._reference_switch = ReferenceSwitch(
            self.fleet, self.reception, self.matcher, self.dispatcher, self._watchers
        )
        self._told = Told(self.fleet, self.dispatcher, passes)
        self._steps = self._reports = 0
        self.types = np.zeros(LAST_TYPE + 1, np.int64)
        """Reports applied, by AIS message type."""

    @classmethod
    def build(
        cls,
        *,
        partition: int,
        reference: Reference,
        feed: FeedRules,
        thresholds: Mapping[str, Mapping[str, object]],
        severities: Mapping[str, Severity],
        fleet: FleetRules | None = None,
        partitions: int = 1,
    ) -> Self:
        """An engine with an empty fleet. Raises msgspec.ValidationError on a wrong threshold."""
        return cls(
            partition,
            reference,
            feed,
            build(thresholds, reference),
            severities=severities,
            fleet=fleet or FleetRules(),
            partitions=partitions,
        )

    def restore(self, shards: Sequence[bytes], manifest: bytes) -> Self:
        """Loads what ``shard`` and ``manifest`` returned; the fleet must be empty. Returns itself.

        Raises snapshot.SnapshotError if they cannot be used.
        """
        head = snapshot.read(self.fleet, self.reception, shards, manifest)
        self._admission.crowding = head.crowding
        self.sources.restore(head.sources, replayed=head.replayed)
        self.reception.listening.lateness_ms = self.sources.lateness_ms
        self.fleet.open.update({-1 - n: dict(alerts) for n, alerts in snapshot.source_alerts(head)})
        self._facts.bindings.index()
        self._advice.take(head.orbits)
        if head.reference != self.reference.version:
            self._reference_switch.switch(head.numbered, self.reference, 0)
        self.dispatcher.plan(np.arange(self.fleet.size))
        return self

    # -- input ----------------------------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> list[Emitted]:
        """Applies reports of one source, in log order. Returns alerts in output order."""
        self._steps += 1
        source = self.sources.index(batch.source)
        self.types += np.bincount(batch.reports["type"], minlength=LAST_TYPE + 1)[: LAST_TYPE + 1]
        rest = batch.reports
        while len(rest):
            rows = self.fleet.index.find(rest["mmsi"])
            fit = self._admission.fit(rest["mmsi"], rows)
            if fit:
                self._take(batch._replace(reports=rest[:fit]), rows[:fit], source)
            rest = rest[fit:]
            if len(rest):
                time_ms, ordinal = int(rest["time_ms"][0]), int(rest["ordinal"][0])
                close = partial(self.dispatcher.forget, time_ms=time_ms, ordinal=ordinal)
                self._watch(self._admission.make_room(source, time_ms, close), ordinal)
                self.reception.forget(np.flatnonzero(~self.fleet.taken()))
        return self._drain()

    def tick(self, tick: Tick, ordinal: int = 0) -> list[Emitted]:
        """Applies a tick: its notes, source outages, then the checks that are due. Returns alerts in output order."""
        promised_ms = self.sources.heard_ms
        for note in tick.notes:
            self._facts.hear(note, self.dispatcher, ordinal)
        self._told.pass_time(tick.from_ms, tick.to_ms, ordinal)
        self._watch(self.sources.apply(tick), ordinal)
        self._watch(self.sources.clocks_of(tick), ordinal)
        self.reception.listening.lateness_ms = self.sources.lateness_ms
        self._watch(self._admission.pass_time(self.sources.clock_ms), ordinal)
        self._slot_closer.close(self.sources.slots_ms, ordinal)
        self.dispatcher.wake(ordinal)
        return self._drain(promised_ms)

    def adopt(self, reference: Reference, ordinal: int = 0) -> list[Emitted]:
        """Switches to another reference between two records; vessels that it lists or delists are judged at once."""
        former, self.reference = self._reference_switch.numbered(self.reference), reference
        self.dispatcher.reference = reference
        self._facts.adopt(reference)
        self._advice.know(reference)
        self.matcher.adopt(reference)
        self._reference_switch.switch(former, reference, ordinal)
        return self._drain()

    def tell(self, record: ToldRecord, ordinal: int = 0) -> list[Emitted]:
        """Applies what others tell through the log. Returns the alerts that this revises or opens at once."""
        self._told.take(record, ordinal)
        return self._drain()

    def _take(self, batch: Batch, rows: Rows, source: int) -> None:
        reports = batch.reports
        self._reports += len(reports)
        new = (rows == ABSENT).nonzero()[0]
        if len(new):
            mmsis, first, which = np.unique(reports["mmsi"][new], return_index=True, return_inverse=True)
            admitted = self.fleet.admit(mmsis)
            rows[new] = admitted[which]
            self.reception.admit(admitted, self.fleet.size)
            fleet_writes.name_ships(self.fleet, admitted, reports["type"][new[first]])
            known = self.fleet.dropped.recall(self.fleet.core, admitted)
            self.matcher.refresh(self.fleet, np.union1d(known, self.matcher.new_rows(self.fleet, admitted)))
        self.fleet.touch(rows)
        teller = self.sources.sources[source]
        if teller.replayed and self.sources.live_heard:
            self._slot_closer.take_apart(batch, rows, 1 << source)
        elif teller.behind_ms:
            self._slot_closer.take_slow(batch, rows, 1 << source, teller.behind_ms)
        else:
            self._slot_closer.take(batch, rows, 1 << source)

    def _watch(self, changes: Sequence[SourceChange], ordinal: int) -> None:
        if changes and self.partition == SPEAKER:
            self.dispatcher.watch(self._watchers, changes, ordinal)

    def _drain(self, promised_ms: int | None = None) -> list[Emitted]:
        out, self.dispatcher.out = self.dispatcher.out, []
        out.sort(key=lambda e: (e.ordinal, e.cause_ms, e.alert.detector, e.alert.id, e.alert.revision))
        self._facts.note(out, self.sources.heard_ms if promised_ms is None else promised_ms)
        return out

    # -- for the worker -------------------------------------------------------------------------------------------

    def drain_faults(self) -> list[DetectorFault]:
        """Failures of detectors since the last call."""
        faults, self.dispatcher.faults = self.dispatcher.faults, []
        return faults

    def drain_bindings(self) -> list[Binding | SeenUnder]:
        """Bindings of IMO numbers to MMSIs since the last call."""
        return self._facts.bindings.drain()

    def drain_facts(self) -> Facts:
        """What there is for the later stages since the last call."""
        return self._facts.drain()

    def drain_delisted(self) -> set[int]:
        """MMSIs that were delisted by another reference, since the last call."""
        gone, self._reference_switch.delisted = self._reference_switch.delisted, set()
        return gone

    @property
    def heard_ms(self) -> int:
        """All later facts have a later stamp than this (``PartitionWatermark``)."""
        return self.sources.heard_ms

    @property
    def counts(self) -> dict[str, int]:
        """Number of reports by outcome, and of batches."""
        return {
            "reports": self._reports,
            "duplicates": self._batch_applier.duplicates,
            "late": self._batch_applier.late,
            "steps": self._steps,
        }

    @property
    def clock_ms(self) -> int:
        """Present event time, Unix ms."""
        return self.sources.clock_ms

    @property
    def vessels(self) -> int:
        """Number of vessels in state."""
        return self.fleet.held

    @property
    def dropped(self) -> dict[str, int]:
        """Vessels dropped because the fleet was full, by reason."""
        return self._admission.dropped

    def open_alerts(self) -> dict[str, int]:
        """Open alerts by detector."""
        return dict(Counter(detector for alerts in self.fleet.open.values() for detector, _ in alerts))

    def shard_count(self) -> int:
        """Number of shards in use."""
        return snapshot.FIRST_ROWS + self.fleet.shards()

    def dirty(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        rows = np.flatnonzero(self.fleet.dirty[: self.fleet.shards()]) + snapshot.FIRST_ROWS
        return [snapshot.CELLS_SHARD] * self.reception.cells_changed + rows.tolist()

    @property
    def cannot_tell(self) -> dict[str, int]:
        """Silences that could not be judged, by reason."""
        return dict(self._slot_closer.cannot_tell)

    def shard(self, number: int) -> bytes:
        """A copy of one shard."""
        if number == snapshot.CELLS_SHARD:
            return self.reception.cells()
        return snapshot.write_shard(self.fleet, self.reception, number - snapshot.FIRST_ROWS)

    def manifest(self) -> bytes:
        """Everything that is not in shards, and the layout of the shards; JSON."""
        return snapshot.write_manifest(
            self.fleet,
            self.reception,
            self.sources,
            self.reference.version,
            crowding=self._admission.crowding,
            numbered=self._reference_switch.numbered(self.reference),
            orbits=self._advice.next.record,
        )

    def mark_clean(self) -> None:
        """All changes so far are in a snapshot."""
        self.fleet.dirty[:] = False
        self.reception.cells_changed = False
