"""Runs the detectors: when each checks a vessel, what it finds, and what happens when one fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.reception_state import ClosedBlock, ReceptionState
from detectors.core.detector_input import DetectorInput, SourceChange, StepKind
from detectors.core.engine.alert_writer import AlertWriter, Emitted
from detectors.core.engine.evicted_alerts import closing_finding
from detectors.core.engine.verbs import VERBS, DetectorFault, SlotFindings
from detectors.core.imo_notes import Note
from detectors.core.protocol import Detector, Finding
from detectors.core.reference import Reference
from detectors.core.sources import SourceTable
from detectors.core.units import NEVER_MS
from detectors.core.vessels.capacity import FleetFull
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.history import History
from detectors.core.vessels.ship import VesselState, read_ship
from detectors.core.vessels.sightings import SightingRecord
from detectors.core.vessels.timing_wheel import TimingWheel, WaitingRows

LOOKS_MOST: Final = 10_000  # a detector that asks for the same step again and again is a bug

Times = npt.NDArray[np.int64]
Answer = TypeVar("Answer")
Renewal = Callable[[Rows, Times, Times], Iterable[Emitted]]
"""Of what open alerts state about passes of satellites, which is checked with what is rare."""


class Dispatcher:
    """Runs the detectors of one fleet. ``out`` collects alerts, ``faults`` collects failures."""

    def __init__(
        self,
        fleet: Fleet,
        sources: SourceTable,
        reference: Reference,
        detectors: Sequence[Detector],
        writer: AlertWriter,
        *,
        renewed: Renewal,
    ) -> None:
        self.fleet, self.sources, self.reference, self.detectors = fleet, sources, reference, detectors
        asking = [detector for detector in detectors if detector.has("when_due")]
        self.timed = [detector for detector in asking if not detector.keeps_due]
        """Those that ask for checks by time."""
        self.rare = [detector for detector in asking if detector.keeps_due]
        """Those that share one column for it."""
        self.out: list[Emitted] = []
        self.faults: list[DetectorFault] = []
        self.judged: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        """By detector: ``judged`` counts the places judged after screening, ``failures`` how often it raised."""
        self._writer, self._renewed, self._wheel, self._waiting = writer, renewed, TimingWheel(), WaitingRows()

    # -- time ---------------------------------------------------------------------------------------------------

    def due_ms(self, rows: Rows) -> Times:
        """The first step at which any detector wants to check each row."""
        due_ms = self.fleet.core.rare_due_ms[rows]
        for detector in self.timed:
            np.minimum(due_ms, self.fleet.detectors[detector.name].due_ms[rows], out=due_ms)
        return due_ms

    def plan(self, rows: Rows, due_ms: Times | None = None) -> None:
        """Schedules distinct rows for the first step that a detector has asked for."""
        self._wheel.ask(rows, self.due_ms(rows) if due_ms is None else due_ms)

    def wake(self, ordinal: int) -> None:
        """Runs the checks that are due by the clocks of the sources that hear each vessel."""
        clock_ms = self.sources.clock_ms
        found = [self._wheel.take(clock_ms), *self._waiting.take(self.sources.clock_of)]
        if not any(map(len, found)):
            return
        rows = np.unique(np.concatenate(found))
        due_ms, masks = self.due_ms(rows), self.fleet.core.sources[rows]
        clocks = self.sources.clocks(masks)
        now = due_ms <= clocks
        waits = ~now & (due_ms <= clock_ms)
        self._waiting.put(rows[waits], masks[waits], due_ms[waits])
        self._wheel.ask(rows[~now & ~waits], due_ms[~now & ~waits])
        self.fire(rows[now], clocks[now], np.full(int(now.sum()), ordinal))
        self.plan(rows[now])

    def fire(self, rows: Rows, until_ms: Times, ordinals: Times) -> None:
        """Runs the checks due up to ``until_ms`` for each row, each row in order of time."""
        for _ in range(LOOKS_MOST):
            if not len(rows):
                return
            asked = [*(self.fleet.detectors[d.name].due_ms for d in self.timed), self.fleet.core.rare_due_ms]
            due = np.stack([column[rows] for column in asked])
            first = due.argmin(axis=0)
            when = due[first, np.arange(len(rows))]
            now = when <= until_ms
            for number, column in enumerate(asked):
                mine = np.flatnonzero(now & (first == number))
                if len(mine):
                    column[rows[mine]] = NEVER_MS
                    for detector in self.timed[number : number + 1] or self.rare:
                        self.look(detector, self.step("clock", rows[mine], when[mine]), ordinals[mine])
                    if number == len(self.timed):
                        self.out += self._renewed(rows[mine], when[mine], ordinals[mine])
            rows, until_ms, ordinals = rows[now], until_ms[now], ordinals[now]
            self.fleet.touch(rows)
        raise RuntimeError("a detector asks for the same step for ever")

    # -- input --------------------------------------------------------------------------------------------------

    def step(self, kind: StepKind, rows: Rows, times: Times) -> DetectorInput:
        """The input of detectors for rows, or for sources (numbered -1, -2, ...)."""
        return DetectorInput(kind, rows, times, fleet=self.fleet, sources=self.sources, reference=self.reference)

    def reports(self, history: History, raw: bytes, *, written: bool, source_bit: int = 0) -> DetectorInput:
        """The input of detectors for reports of one source."""
        step = DetectorInput.of_reports(
            history, raw, written=written, fleet=self.fleet, sources=self.sources, reference=self.reference
        )
        step.source_bit = source_bit
        return step

    def watch(self, watchers: Sequence[Detector], changes: Sequence[SourceChange], ordinal: int) -> None:
        """Sources went down or came back, one has flooded the fleet, or a station's clock is wrong."""
        for change in changes:
            step = self.step("source", np.asarray([-1 - change.source], np.intp), np.asarray([_time_ms(change)]))
            step.change = change
            for detector in watchers:
                self.look(detector, step, np.asarray([ordinal]))

    def listen(self, reception: ReceptionState, closed: ClosedBlock, cannot_tell: Counter[str]) -> list[SlotFindings]:
        """Slots have closed: detectors that use coverage update their columns. Returns their screening results."""
        heard = []
        for detector in self.detectors if len(closed.significant) else ():
            if detector.has("on_slot"):
                step = self.step("slot", closed.significant, np.full(len(closed.significant), closed.end_ms))
                step.reception, step.closed, step.cannot_tell = reception, closed, cannot_tell
                self._guarded(detector, step, detector.listen)
                places = self.screen(detector, step)
                if places:
                    heard.append(SlotFindings(detector, step, places))
        return heard

    def awaited(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Whether a detector that uses coverage has scheduled a check of each row."""
        waits = np.zeros(len(rows), bool)
        for detector in self.detectors if len(rows) else ():
            if detector.has("on_slot"):
                waits |= self.fleet.detectors[detector.name].due_ms[rows] < NEVER_MS
        return waits

    def tell(self, heard: SlotFindings, ordinal: int) -> None:
        """Judges what ``listen`` returned."""
        self.judge(heard.detector, heard.step, heard.places, np.full(len(heard.step.rows), ordinal))
        self.plan(heard.step.rows[heard.places])

    def note(self, step: DetectorInput) -> None:
        """Passes these reports to the detectors that keep running values."""
        for detector in self.detectors:
            if type(detector).note is not Detector.note:
                self._guarded(detector, step, detector.note)

    def judge_reports(self, step: DetectorInput) -> None:
        """Passes written reports, one per vessel, to every detector."""
        self.note(step)
        for detector in self.detectors:
            if detector in self.timed or detector in self.rare:
                self._guarded(detector, step, partial(self._set_due, detector))
            if detector.has("on_report"):
                self.look(detector, step, step.reports["ordinal"])

    def _set_due(self, detector: Detector, step: DetectorInput) -> None:
        due_ms = detector.due(step)
        if due_ms is not None or not detector.keeps_due:
            detector.asked(step)[step.rows] = NEVER_MS if due_ms is None else due_ms

    def hear(self, rows: Rows, note: Note, ordinal: int) -> None:
        """Ingest has noted that the vessels of these distinct rows are heard under another MMSI."""
        if not len(rows):
            return
        times, ordinals = np.full(len(rows), note.time_ms), np.full(len(rows), ordinal)
        current = self.fleet.core.last_ms[rows] <= note.time_ms
        self.fire(rows[current], times[current], ordinals[current])
        step = self.step("note", rows, times)
        step.heard = note
        self._ask_all(step, ordinals)

    def see(self, row: int, record: SightingRecord, ordinal: int) -> None:
        """Satellite images show where the vessel of this row is not, or that it is there again."""
        step = self.step("sighting", np.asarray([row], np.intp), np.asarray([record.told_ms]))
        step.seen = record
        self._ask_all(step, np.asarray([ordinal]))

    def _ask_all(self, step: DetectorInput, ordinals: Times) -> None:
        for detector in self.detectors:
            if detector.has(VERBS[step.kind].judge):
                self.look(detector, step, ordinals)
        self.fleet.touch(step.rows)
        self.plan(step.rows)

    def forget(self, rows: Rows, *, time_ms: int, ordinal: int) -> None:
        """These vessels are about to be dropped: their open alerts close."""
        for row in rows.tolist():
            ship = read_ship(self.fleet.core, row, self.reference)
            replayed = self.sources.are_replayed(int(self.fleet.core.sources[row]))
            for (_, key), opened in list(self.fleet.open_of(row).items()):
                finding = closing_finding(ship, opened, key, time_ms)
                alert = self._writer.write(self.detectors[0], row, finding, ship, replayed=replayed)
                self.out += [Emitted(ordinal, time_ms, alert)] if alert is not None else []

    # -- results ------------------------------------------------------------------------------------------------

    def look(self, detector: Detector, step: DetectorInput, ordinals: Times) -> None:
        """Screens and judges."""
        self.judge(detector, step, self.screen(detector, step), ordinals)

    def judge(self, detector: Detector, step: DetectorInput, places: list[int], ordinals: Times) -> None:
        """Judges what screening has found."""
        self.judged[detector.name] += len(places)
        judge = getattr(detector, VERBS[step.kind].judge)
        for at in places:
            try:
                findings = list(judge(step, at))
            except Exception as bug:  # noqa: BLE001 - one detector's bug must not stop the others; counted and kept
                self._fault(detector, step, at, bug)
                continue
            self._publish(detector, step, at, findings, int(ordinals[at]))

    def screen(self, detector: Detector, step: DetectorInput) -> list[int]:
        """The places worth judging."""
        screen = VERBS[step.kind].screen
        if not screen:
            return list(range(len(step.rows)))
        try:
            return getattr(detector, screen)(step).tolist()  # type: ignore[no-any-return]
        except Exception as bug:  # noqa: BLE001 - then every place is judged, and the bad one is found there
            self._fault(detector, step, 0, bug)
            return list(range(len(step.rows)))

    def _guarded(
        self, detector: Detector, step: DetectorInput, ask: Callable[[DetectorInput], Answer]
    ) -> Answer | None:
        try:
            return ask(step)
        except Exception as bug:  # noqa: BLE001 - as above
            self._fault(detector, step, 0, bug)
            return None

    def _fault(self, detector: Detector, step: DetectorInput, at: int, bug: Exception) -> None:
        row = int(step.rows[at])
        raw = step.lines(at) if step.kind == "reports" else b""
        mmsi = int(self.fleet.core.mmsi[row]) if row >= 0 else None
        self.failures[detector.name] += 1
        self.faults.append(DetectorFault(detector.name, mmsi, repr(bug), raw))

    def _publish(
        self, detector: Detector, step: DetectorInput, at: int, findings: Iterable[Finding], ordinal: int
    ) -> None:
        row = int(step.rows[at])
        about: VesselState | str = (
            read_ship(self.fleet.core, row, self.reference) if row >= 0 else self.sources.sources[-1 - row].name
        )
        replayed = self._replayed(step, row)
        for finding in findings:
            alert = self._writer.write(detector, row, finding, about, replayed=replayed)
            if alert is not None:
                self.out.append(Emitted(ordinal, finding.time_ms, alert))

    def _replayed(self, step: DetectorInput, row: int) -> bool:
        """Whether a finding rests on recordings only: the source of the report, or all sources that hear the vessel."""
        if row < 0:
            return self.sources.are_replayed(1 << -1 - row)
        return self.sources.are_replayed(step.source_bit or int(self.fleet.core.sources[row]))


def _time_ms(change: SourceChange) -> int:
    if isinstance(change, FleetFull):
        return change.start_ms if change.ended_ms is None else change.ended_ms
    return change.time_ms
