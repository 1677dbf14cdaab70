"""The engine of one partition: reports and ticks in, alerts out. Pure; the log is its only clock.

Every vessel has a time line of its own: its reports in log order, and the steps at which a detector asked to look
again (``due_ms``). A step fires when the clock of the sources that hear the vessel has passed it, or when the
vessel's next report is later than it, whichever comes first in the log: the outcome is the same, so neither batch
cuts nor the spacing of ticks can matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from detectors.core import intake, snapshot
from detectors.core.alert import Severity
from detectors.core.episodes import Desk, Emitted
from detectors.core.fleet import Fleet, Rows
from detectors.core.identity import Matcher
from detectors.core.protocol import Detector, Finding, Step
from detectors.core.reference import Reference
from detectors.core.registry import build
from detectors.core.reports import Batch
from detectors.core.ship import Ship, read_ship
from detectors.core.sources import Outage, SourceTable
from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import NEVER_MS

LOOKS_MOST: Final = 10_000  # a detector that asks for the same step again and again is a bug
SPEAKER: Final = 0  # alerts about sources are written by this partition alone


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
        return made

    # -- input ----------------------------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> list[Emitted]:
        """Takes in reports of one source, in log order. Returns alerts in output order."""
        self.counts["steps"] += 1
        reports = batch.reports
        source_bit = 1 << self.sources.index(batch.source)
        known = self.fleet.size
        rows = self.fleet.rows_of(reports["mmsi"])
        self._welcome(known, rows, reports)
        for places in _rounds(rows):
            self._round(batch, rows[places], reports[places], source_bit)
        self.fleet.touch(rows)
        self.counts["reports"] += len(reports)
        return self._drain()

    def tick(self, tick: Tick, ordinal: int = 0) -> list[Emitted]:
        """Takes in a tick: sources go down or come back, and what is due is looked at."""
        outages = self.sources.apply(tick)
        if outages and self.partition == SPEAKER:
            self._watch(outages, ordinal)
        if self.detectors:
            due = np.stack([self.fleet.detectors[d.name].due_ms[: self.fleet.size] for d in self.detectors])
            clocks = self.sources.clocks(self.fleet.core.sources[: self.fleet.size])
            rows = np.flatnonzero(due.min(axis=0) <= clocks)
            self._fire(rows, clocks[rows], np.full(len(rows), ordinal))
        return self._drain()

    def _welcome(self, known: int, rows: Rows, reports: npt.NDArray[np.void]) -> None:
        if self.fleet.size == known:
            return
        first = np.unique(rows, return_index=True)[1]
        first = first[rows[first] >= known]
        intake.name_stations(self.fleet, rows[first], reports["type"][first])
        self.matcher.refresh(self.fleet, self.matcher.new_rows(self.fleet, rows[first]))

    def _round(self, batch: Batch, rows: Rows, reports: npt.NDArray[np.void], source_bit: int) -> None:
        core = self.fleet.core
        sort = intake.sort_round(core, rows, reports)
        self.counts["duplicates"] += int(sort.duplicate.sum())
        self.counts["late"] += int(sort.late.sum())
        heard = rows[~sort.accepted]
        core.sources[heard] |= np.uint64(source_bit)
        current = sort.current
        self._fire(rows[current], reports["time_ms"][current], reports["ordinal"][current])
        taken = np.flatnonzero(sort.accepted)
        if len(taken):
            self._take(batch, rows[taken], reports[taken], current[taken], source_bit)

    def _take(
        self, batch: Batch, rows: Rows, reports: npt.NDArray[np.void], current: npt.NDArray[np.bool_], source_bit: int
    ) -> None:
        core = self.fleet.core
        before = core.take(rows)
        moved = current & reports["moves"] & ~np.isnan(reports["lat_deg"]) & ~np.isnan(reports["lon_deg"])
        stated = reports["static"] >= 0
        intake.remember_payloads(core, rows, reports)
        intake.take_times(core, rows[current], reports[current], source_bit, moved[current])
        intake.take_fixes(core, rows[moved], reports[moved], batch.raw)
        if stated.any():
            changed = intake.take_statics(
                core, rows[stated], reports["time_ms"][stated], intake.statics_of(batch, reports[stated])
            )
            self.matcher.refresh(self.fleet, rows[stated][changed])
        step = self._step("reports", rows, reports["time_ms"].astype(np.int64))
        step.before, step.reports, step.moved, step.stated, step.raw = before, reports, moved, stated, batch.raw
        for detector in self.detectors:
            self._look(detector, step, reports["ordinal"])

    # -- steps ----------------------------------------------------------------------------------------------------

    def _fire(self, rows: Rows, until_ms: npt.NDArray[np.int64], ordinals: npt.NDArray[np.int64]) -> None:
        """Looks at what each row asked for up to its ``until_ms``, each row in order of time."""
        for _ in range(LOOKS_MOST):
            if not len(rows):
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


def _rounds(rows: Rows) -> Iterable[Rows]:
    """Places of the first report of each vessel, then of the second, ..."""
    if not len(rows):
        return
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    rank = np.empty(len(rows), np.intp)
    rank[order] = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
    for k in range(int(rank.max()) + 1):
        yield np.flatnonzero(rank == k)
