"""The engine of one partition: reports and ticks in, alerts out. Pure; the log is its only clock.

Every vessel has a time line of its own: its reports in log order, and the steps at which a detector asked to look
again (``due_ms``). A step fires when the clock of the sources that hear the vessel has passed it, or when the
vessel's next report is later than it, whichever comes first in the log: the outcome is the same, so neither batch
cuts nor the spacing of ticks can matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt

from detectors.core import intake, snapshot
from detectors.core.alert import Severity
from detectors.core.arrivals import Arrivals, arrive
from detectors.core.columns import Column_, Rows
from detectors.core.episodes import Desk, Emitted
from detectors.core.fleet import Fleet
from detectors.core.history import History, groups, turns
from detectors.core.identity import Bools, Matcher
from detectors.core.protocol import Detector, Finding, Step
from detectors.core.reference import Reference
from detectors.core.registry import build
from detectors.core.reports import Batch
from detectors.core.ship import Ship, read_ship
from detectors.core.sources import Outage, SourceTable
from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import NEVER_MS
from detectors.core.wheel import Waiting, Wheel

LOOKS_MOST: Final = 10_000  # a detector that asks for the same step again and again is a bug
SPEAKER: Final = 0  # alerts about sources are written by this partition alone

Answer = TypeVar("Answer")


class Fault(NamedTuple):
    """A detector raised: it was skipped for that vessel, the others ran."""

    detector: str
    mmsi: int | None
    cause: str
    raw: bytes


class Engine:
    """See the module. Build with ``build`` or ``restore``."""

    def __init__(
        self, partition: int, reference: Reference, rules: FeedRules, detectors: Sequence[Detector],
        severities: Mapping[str, Severity],
    ) -> None:  # fmt: skip
        self.partition, self.reference = partition, reference
        self.detectors = [d for d in detectors if d.subject == "vessel"]
        self.watchers = [d for d in detectors if d.subject == "source"]
        self.fleet = Fleet({d.name: d.columns for d in self.detectors})
        self.sources = SourceTable(rules)
        self.matcher = Matcher(reference)
        self.severities = {**{k: v for d in detectors for k, v in d.severities.items()}, **severities}
        self.desk = Desk(self.fleet, self.severities)
        self.counts: dict[str, int] = {"reports": 0, "duplicates": 0, "late": 0, "steps": 0}
        self.cannot_tell: dict[str, int] = {}
        self._wheel, self._waiting = Wheel(), Waiting()
        self._faults: list[Fault] = []
        self._out: list[Emitted] = []

    @classmethod
    def build(
        cls, *, partition: int, reference: Reference, feed: FeedRules,
        thresholds: Mapping[str, Mapping[str, object]], severities: Mapping[str, Severity],
    ) -> Self:  # fmt: skip
        """An engine with an empty fleet. Raises msgspec.ValidationError on a wrong threshold."""
        return cls(partition, reference, feed, build(thresholds, reference), severities)

    @classmethod
    def restore(
        cls, shards: Sequence[bytes], manifest: bytes, *, partition: int, reference: Reference, feed: FeedRules,
        thresholds: Mapping[str, Mapping[str, object]], severities: Mapping[str, Severity],
    ) -> Self:  # fmt: skip
        """The engine as ``shard`` and ``manifest`` held it. Raises snapshot.SnapshotError when they cannot be used."""
        made = cls.build(
            partition=partition, reference=reference, feed=feed, thresholds=thresholds, severities=severities
        )
        head = snapshot.read(made.fleet, shards, manifest)
        made.sources = SourceTable(feed, head.sources)
        made.sources.replayed = head.replayed
        made.fleet.open.update({-1 - n: dict(alerts) for n, alerts in snapshot.source_alerts(head)})
        if head.reference != reference.version:
            made.matcher.refresh(made.fleet, np.arange(made.fleet.size))
            made.fleet.dirty[: made.fleet.shards()] = True
        made._plan(np.arange(made.fleet.size))
        return made

    # -- input ----------------------------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> list[Emitted]:
        """Takes in reports of one source, in log order. Returns alerts in output order."""
        self.counts["steps"] += 1
        reports = batch.reports
        if len(reports):
            self.counts["reports"] += len(reports)
            known = self.fleet.size
            rows = self.fleet.rows_of(reports["mmsi"])
            self._welcome(known, rows, reports)
            self.fleet.touch(rows)
            self._take(batch, rows)
        return self._drain()

    def tick(self, tick: Tick, ordinal: int = 0) -> list[Emitted]:
        """Takes in a tick: sources go down or come back, and what is due is looked at."""
        outages = self.sources.apply(tick)
        if outages and self.partition == SPEAKER:
            self._watch(outages, ordinal)
        clock_ms = self.sources.clock_ms
        found = [self._wheel.take(clock_ms), *self._waiting.take(self.sources.clock_of)]
        if any(map(len, found)):
            self._wake(np.unique(np.concatenate(found)), clock_ms, ordinal)
        return self._drain()

    def _welcome(self, known: int, rows: Rows, reports: npt.NDArray[np.void]) -> None:
        if self.fleet.size == known:
            return
        first = np.unique(rows, return_index=True)[1]
        first = first[rows[first] >= known]
        intake.name_ships(self.fleet, rows[first], reports["type"][first])
        self.matcher.refresh(self.fleet, self.matcher.new_rows(self.fleet, rows[first]))

    def _take(self, batch: Batch, rows: Rows) -> None:
        """All that nobody minds is written at once; vessels that somebody may mind take one report at a time."""
        source_bit = 1 << self.sources.index(batch.source)
        arrivals = arrive(self.fleet, rows, batch.reports)
        loud = self._take_quiet(batch, arrivals, source_bit)
        if not loud.any():
            return
        mine = arrivals.order[loud[arrivals.vessel]]
        for _, turn in turns(*groups(rows[mine])):
            places = mine[turn]
            self._take_each(batch, rows[places], batch.reports[places], source_bit)

    def _take_quiet(self, batch: Batch, arrivals: Arrivals, source_bit: int) -> Bools:
        """Writes what needs no judging. Returns which vessels of ``arrivals`` do: nothing of theirs is written."""
        loud = arrivals.unsure
        taken = np.flatnonzero(~(arrivals.duplicate | arrivals.late | loud[arrivals.vessel]))
        if len(taken):
            history = History(
                self.fleet, arrivals.rows[taken], batch.reports[arrivals.order[taken]], arrivals.last_ms[taken],
                batch.statics,
            )  # fmt: skip
            step = self._reports(history, batch.raw, written=False)
            dues: dict[str, Column_] = {}
            noisy = self.matcher.may_change(history)
            for detector in self.detectors:
                noisy |= self._minds(detector, step, history, dues)
            self._write_quiet(history, ~noisy, source_bit, step, dues)
            loud[arrivals.vessel[taken[history.starts[noisy]]]] = True
        quiet = ~loud[arrivals.vessel]
        self._heard_only(arrivals, quiet, source_bit)
        return loud

    def _minds(self, detector: Detector, step: Step, history: History, dues: dict[str, Column_]) -> Bools:
        """Which vessels a detector may have something to say about in this batch."""
        minds = np.zeros(len(history.heads), bool)
        try:
            due_ms, places = detector.due(step), detector.screen(step)
        except Exception:  # noqa: BLE001 - it raises again, and is noted, where the bad report comes alone
            return ~minds
        dues[detector.name] = due_ms
        asked_ms = np.append(NEVER_MS, due_ms[:-1])
        asked_ms[history.starts] = self.fleet.detectors[detector.name].due_ms[history.heads]
        minds[history.vessel[history.current & (asked_ms <= history.times)]] = True
        minds[history.vessel[places]] = True
        return minds

    def _write_quiet(
        self, history: History, quiet: Bools, source_bit: int, step: Step, dues: dict[str, Column_]
    ) -> None:
        if not quiet.any():
            return
        vessels = slice(None) if quiet.all() else np.flatnonzero(quiet)
        intake.write(self.fleet, history, vessels, source_bit=source_bit, raw=step.raw, dues=dues)
        noting = [d for d in self.detectors if type(d).note is not Detector.note]
        if noting:
            some = step if quiet.all() else step.only(np.flatnonzero(quiet[history.vessel]))
            for detector in noting:
                self._guarded(detector, some, detector.note)
        self._plan(history.heads[vessels])

    def _heard_only(self, arrivals: Arrivals, mine: Bools, source_bit: int) -> None:
        """Duplicates and late reports only tell that the source hears the vessel."""
        duplicate, late = arrivals.duplicate & mine, arrivals.late & mine
        self.counts["duplicates"] += int(duplicate.sum())
        self.counts["late"] += int(late.sum())
        rows = arrivals.rows[duplicate | late]
        bit = np.uint64(source_bit)
        rows = np.unique(rows[self.fleet.core.sources[rows] & bit == 0])
        if len(rows):
            self.fleet.core.sources[rows] |= bit
            self._plan(rows)

    def _take_each(self, batch: Batch, rows: Rows, reports: npt.NDArray[np.void], source_bit: int) -> None:
        """One report of each vessel, exactly: what is due before it, the report, the detectors."""
        arrivals = arrive(self.fleet, rows, reports)
        self._heard_only(arrivals, np.ones(len(rows), bool), source_bit)
        taken = np.flatnonzero(~(arrivals.duplicate | arrivals.late))
        if not len(taken):
            return
        rows, reports, last_ms = arrivals.rows[taken], reports[arrivals.order[taken]], arrivals.last_ms[taken]
        current = last_ms <= reports["time_ms"]
        self._fire(rows[current], reports["time_ms"][current], reports["ordinal"][current])
        history = History(self.fleet, rows, reports, last_ms, batch.statics)
        intake.write(self.fleet, history, slice(None), source_bit=source_bit, raw=batch.raw, dues={})
        self.matcher.refresh(self.fleet, intake.changed_identity(history, self.fleet))
        step = self._reports(history, batch.raw, written=True)
        for detector in self.detectors:
            self._guarded(detector, step, detector.note)
            due_ms = self._guarded(detector, step, detector.due)
            if due_ms is not None:
                self.fleet.detectors[detector.name].due_ms[rows] = due_ms
            self._look(detector, step, reports["ordinal"])
        self._plan(rows)

    # -- steps ----------------------------------------------------------------------------------------------------

    def _due_ms(self, rows: Rows) -> npt.NDArray[np.int64]:
        due_ms = np.full(len(rows), NEVER_MS)
        for detector in self.detectors:
            np.minimum(due_ms, self.fleet.detectors[detector.name].due_ms[rows], out=due_ms)
        return due_ms

    def _plan(self, rows: Rows) -> None:
        """Has distinct rows come up when the first detector asks for them."""
        self._wheel.ask(rows, self._due_ms(rows))

    def _wake(self, rows: Rows, clock_ms: int, ordinal: int) -> None:
        """Rows that came up: looks at those that are due by the clock of the sources that hear them."""
        due_ms, masks = self._due_ms(rows), self.fleet.core.sources[rows]
        clocks = self.sources.clocks(masks)
        now = due_ms <= clocks
        waits = ~now & (due_ms <= clock_ms)
        if waits.any():
            self._waiting.put(rows[waits], masks[waits], due_ms[waits])
        self._wheel.ask(rows[~now & ~waits], due_ms[~now & ~waits])
        self._fire(rows[now], clocks[now], np.full(int(now.sum()), ordinal))
        self._plan(rows[now])

    def _fire(self, rows: Rows, until_ms: npt.NDArray[np.int64], ordinals: npt.NDArray[np.int64]) -> None:
        """Looks at what each row asked for up to its ``until_ms``, each row in order of time."""
        for _ in range(LOOKS_MOST):
            if not len(rows) or not self.detectors:
                return
            due = np.stack([self.fleet.detectors[d.name].due_ms[rows] for d in self.detectors])
            first = due.argmin(axis=0)
            when = due[first, np.arange(len(rows))]
            now = when <= until_ms
            for number, detector in enumerate(self.detectors):
                mine = np.flatnonzero(now & (first == number))
                if len(mine):
                    self.fleet.detectors[detector.name].due_ms[rows[mine]] = NEVER_MS
                    self._look(detector, self._step("clock", rows[mine], when[mine]), ordinals[mine])
            rows, until_ms, ordinals = rows[now], until_ms[now], ordinals[now]
            self.fleet.touch(rows)
        raise RuntimeError("a detector asks for the same step for ever")

    def _watch(self, outages: list[Outage], ordinal: int) -> None:
        numbers = np.asarray([o.source for o in outages], np.intp)
        for number in range(len(outages)):
            step = self._step("source", -1 - numbers[number : number + 1], np.asarray([outages[number].time_ms]))
            step.outages = outages[number : number + 1]
            for detector in self.watchers:
                self._look(detector, step, np.asarray([ordinal]))

    def _step(self, kind: str, rows: Rows, times: npt.NDArray[np.int64]) -> Step:
        return Step(
            kind, rows, times, fleet=self.fleet, sources=self.sources, reference=self.reference  # type: ignore[arg-type]
        )  # fmt: skip

    def _reports(self, history: History, raw: bytes, *, written: bool) -> Step:
        return Step.of_reports(
            history, raw, written=written, fleet=self.fleet, sources=self.sources, reference=self.reference
        )

    def _guarded(self, detector: Detector, step: Step, ask: Callable[[Step], Answer]) -> Answer | None:
        try:
            return ask(step)
        except Exception as bug:  # noqa: BLE001 - one detector's bug must not stop the others; counted and kept
            self._fault(detector, step, 0, bug)
            return None

    def _look(self, detector: Detector, step: Step, ordinals: npt.NDArray[np.int64]) -> None:
        for at in self._screen(detector, step):
            try:
                findings = list(detector.judge(step, at))
            except Exception as bug:  # noqa: BLE001 - one detector's bug must not stop the others; counted and kept
                self._fault(detector, step, at, bug)
                continue
            self._publish(detector, step, at, findings, int(ordinals[at]))

    def _screen(self, detector: Detector, step: Step) -> list[int]:
        try:
            return detector.screen(step).tolist()  # type: ignore[no-any-return]
        except Exception as bug:  # noqa: BLE001 - then every place is judged, and the bad one is found there
            self._fault(detector, step, 0, bug)
            return list(range(len(step.rows)))

    def _fault(self, detector: Detector, step: Step, at: int, bug: Exception) -> None:
        row = int(step.rows[at])
        raw = step.lines(at) if step.kind == "reports" else b""
        mmsi = int(self.fleet.core.mmsi[row]) if row >= 0 else None
        self._faults.append(Fault(detector.name, mmsi, repr(bug), raw))

    def _publish(self, detector: Detector, step: Step, at: int, findings: Iterable[Finding], ordinal: int) -> None:
        row = int(step.rows[at])
        about: Ship | str = (
            read_ship(self.fleet.core, row, self.reference) if row >= 0 else self.sources.sources[-1 - row].name
        )
        for finding in findings:
            alert = self.desk.write(detector, row, finding, about, replayed=self.sources.replayed)
            if alert is not None:
                self._out.append(Emitted(ordinal, finding.time_ms, alert))

    def _drain(self) -> list[Emitted]:
        out, self._out = self._out, []
        out.sort(key=lambda e: (e.ordinal, e.cause_ms, e.alert.detector, e.alert.id, e.alert.revision))
        return out

    # -- what the worker asks -------------------------------------------------------------------------------------

    def drain_faults(self) -> list[Fault]:
        """Faults since the last call."""
        faults, self._faults = self._faults, []
        return faults

    @property
    def clock_ms(self) -> int:
        """Event time reached."""
        return self.sources.clock_ms

    @property
    def vessels(self) -> int:
        """Rows in use."""
        return self.fleet.size

    def open_alerts(self) -> dict[str, int]:
        """Open alerts by detector."""
        found: dict[str, int] = {}
        for alerts in self.fleet.open.values():
            for detector, _ in alerts:
                found[detector] = found.get(detector, 0) + 1
        return found

    def shard_count(self) -> int:
        """Shards in use."""
        return self.fleet.shards()

    def dirty(self) -> list[int]:
        """Shards changed since ``mark_clean``."""
        return [int(i) for i in np.flatnonzero(self.fleet.dirty[: self.fleet.shards()])]

    def shard(self, number: int) -> bytes:
        """A copy of one shard."""
        return snapshot.write_shard(self.fleet, number)

    def manifest(self) -> bytes:
        """All that is not in shards, and how to read them; JSON."""
        return snapshot.write_manifest(self.fleet, self.sources, self.reference.version)

    def mark_clean(self) -> None:
        """Everything so far stands in a snapshot."""
        self.fleet.dirty[:] = False
