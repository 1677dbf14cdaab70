"""What a detector is: one file that says, verb by verb, what it does when something happens.

A detector overrides the verbs that it needs, and nothing asks it the others:

- reports: ``screen_reports`` looks at a whole batch in columns and names the reports worth judging: it may name too
  many, never too few. ``on_report`` decides on one of them in plain Python: there the numbers and the wording live.
- time: ``due`` says when to look again at a vessel that stays silent; ``when_due`` looks.
- slots of coverage: ``listen``, ``screen_slot``, ``on_slot``.
- another list or other zones: ``screen_reference``, ``on_reference``.
- ``on_note`` (the vessel is heard under another MMSI), ``on_source`` (a feed is down, or crowds the fleet).

``note`` keeps running values, report by report. None of them does I/O, reads a clock or draws a random number; time
arrives in the step. ``detectors/long_stay.py`` is the one to begin with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal, Self

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert, Fact, Position, Severity, Verification
from detectors.core.coverage.reception_state import ClosedBlock, ReceptionState
from detectors.core.identities.list_change import Renumbering
from detectors.core.imo_notes import Note
from detectors.core.reference import Reference
from detectors.core.reports import REPORT
from detectors.core.sources import Outage, SilencePatience, SourceTable
from detectors.core.units import NEVER_MS, STEP_MS, next_step
from detectors.core.vessels.capacity import FleetFull
from detectors.core.vessels.columns import Column, Columns, Picked
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.grouping import groups, turns
from detectors.core.vessels.history import History
from detectors.core.vessels.ship import VesselState, read_ship

Places = npt.NDArray[np.intp]
StepKind = Literal["reports", "clock", "slot", "source", "reference", "note"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge concludes. The engine adds identity, position, evidence, id and revision."""

    action: Literal["open", "update", "close", "retract"]
    situation: str
    """Names the severity rule, such as ``gap.listed``."""
    time_ms: int
    headline: str
    """Who, then clauses behind commas, the weightiest first; what does not fit is left out from the end."""
    listed: str | None = None
    """The list that the headline ends with, where it is not that of the vessel."""
    key: str = ""
    """Tells several alerts of one detector about one subject apart."""
    start_ms: int = 0
    """Where the episode begins; fixes the id. Only for ``open``."""
    why: tuple[Fact, ...] = ()
    would_change: tuple[str, ...] = ()
    verification: Verification = "corroborated"
    severity: Severity | None = None
    """In place of the situation's."""
    of: str | None = None
    """Another detector whose alert this is, only to be ended."""
    severity_most: Severity = "page"
    """No higher than this."""
    details: Mapping[str, object] = {}
    sentences: tuple[bytes, ...] = ()
    """Raw lines (with tag block) that decided, first and last."""
    position: Position | None = None
    """In place of the vessel's last fix."""


class DetectorInput:
    """One check the fleet.

    ``kind`` is ``reports`` (each of ``rows`` sent the report beside it; several in a row may be of one vessel, in log
    order), ``clock`` (what ``rows`` asked for is due), ``slot`` (a slot closed, and these were missed in it),
    ``reference`` (another list, or other zones, are in force), ``note`` (``heard`` tells that the ship of the row is
    heard under another MMSI) or ``source`` (``change`` happened; ``rows`` has its source).
    ``time_ms`` has one value a row, and so has every column of ``before`` and ``now``: the vessel as it was before the
    report and as it is after it. ``at`` counts along ``rows``.
    """

    def __init__(
        self,
        kind: StepKind,
        rows: Places,
        time_ms: npt.NDArray[np.int64],
        *,
        fleet: Fleet,
        sources: SourceTable,
        reference: Reference,
    ) -> None:
        self.kind, self.rows, self.time_ms = kind, rows, time_ms
        self.fleet, self.sources, self.reference = fleet, sources, reference
        self.now: Columns = Picked(fleet.core, rows)
        self.before: Columns = self.now
        self.reports: npt.NDArray[np.void] = np.zeros(0, REPORT)
        self.moved: npt.NDArray[np.bool_] = np.zeros(0, bool)
        """Per row: this report carried a position that was taken."""
        self.stated: npt.NDArray[np.bool_] = np.zeros(0, bool)
        """Per row: this report carried static data."""
        self.raw = b""
        self.source_bit = 0
        """In a step of reports: the one source that they are of, as a bit of ``sources``; 0 otherwise."""
        self.change: Outage | FleetFull | None = None
        self._once = False
        self.heard: Note | None = None
        self.reception: ReceptionState | None = None
        """In a step of a slot: what coverage knows."""
        self.closed: ClosedBlock | None = None
        """In a step of a slot: who was heard in it."""
        self.cannot_tell: Counter[str] = Counter()
        """In a step of a slot: silences that could not be judged, by reason; for the metrics."""

    @classmethod
    def of_reports(
        cls, history: History, raw: bytes, *, written: bool, fleet: Fleet, sources: SourceTable, reference: Reference
    ) -> Self:
        """All reports of a history. When it is ``written``, each vessel's only one, ``now`` is the fleet itself."""
        made = cls("reports", history.rows, history.times, fleet=fleet, sources=sources, reference=reference)
        if not written:
            made.now = history.now
        made.before, made.reports = history.before, history.reports
        made.moved, made.stated, made.raw, made._once = history.moved, history.stated, raw, history.once
        return made

    def only(self, places: Places) -> Self:
        """The same check fewer rows."""
        some = type(self)(
            self.kind,
            self.rows[places],
            self.time_ms[places],
            fleet=self.fleet,
            sources=self.sources,
            reference=self.reference,
        )
        some.now, some.before = Picked(self.now, places), Picked(self.before, places)
        if self.kind == "reports":
            some.reports, some.moved, some.stated = self.reports[places], self.moved[places], self.stated[places]
        some.raw, some.change, some._once = self.raw, self.change, self._once
        some.source_bit = self.source_bit
        some.reception, some.closed = self.reception, self.closed
        return some

    def in_turn(self) -> Iterator[Places]:
        """Places of the first report of each vessel, then of the second, ...: for what adds up report by report."""
        if self._once:
            yield np.arange(len(self.rows))
        else:
            yield from (places for _, places in turns(*groups(self.rows)))

    def ship(self, at: int) -> VesselState:
        """The vessel as it is now."""
        return read_ship(self.fleet.core, int(self.rows[at]), self.reference)

    def ship_before(self, at: int) -> VesselState:
        """The vessel as it was before this report."""
        return read_ship(self.before, at, self.reference)

    def lines(self, at: int) -> bytes:
        """The raw sentences of the report at ``at``."""
        report = self.reports[at]
        return self.raw[int(report["start"]) : int(report["end"])]

    def evidence(self, at: int, ship: VesselState | None = None) -> tuple[bytes, ...]:
        """The raw sentences of the report at ``at``; where there is no report, the last position of ``ship``."""
        if self.kind == "reports":
            return (self.lines(at),)
        return (ship.sentence,) if ship is not None and ship.sentence else ()

    def silence_ms(self, at: int, since_ms: int) -> int:
        """Silence that counts: the time since ``since_ms`` in which a source that hears this vessel was up."""
        mask = int(self.fleet.core.sources[self.rows[at]])
        return self.sources.silence_ms(mask, since_ms, int(self.time_ms[at]))


class Detector:
    """Base of all detectors. Subclass it in a module of ``detectors/``: existing is registering."""

    name: ClassVar[str]
    rule_version: ClassVar[int] = 1
    subject: ClassVar[Literal["vessel", "source", "imo"]] = "vessel"
    """What it judges. ``imo``: judged by the second stage (``core.identities.imo_histories``), from bindings."""
    judges_lists: ClassVar[bool] = False
    """Whether it is shown the vessels whose entry came or went with another list (``on_reference``)."""
    judges_zones: ClassVar[bool] = False
    """Whether it is shown all vessels when other zones come into force, and those whose entry came or went."""
    columns: ClassVar[tuple[Column, ...]] = ()
    entry_columns: ClassVar[tuple[str, ...]] = ()
    """Those of ``columns`` that hold 1 + number of an entry; another list renumbers them."""
    zone_columns: ClassVar[tuple[str, ...]] = ()
    """Those that hold the number of a zone; negative for none, also for one that went."""
    severities: ClassVar[Mapping[str, Severity]] = {}
    """Default severity of each situation that it names."""

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Typed settings with unit, bounds and a sentence."""

    def __init__(self, thresholds: Any, reference: Reference) -> None:
        self.thresholds = thresholds
        self.know(reference)

    def patience(self) -> SilencePatience | None:
        """Which outages of a source are more than an interruption, for a detector that reports them."""
        return None

    def know(self, reference: Reference) -> None:
        """Makes what it needs of a reference: at the beginning, and when another comes into force."""
        self.reference = reference

    def adopt(self, reference: Reference, columns: Any, renumbering: Renumbering) -> None:
        """Another reference is in force; ``columns`` are the detector's own (None: it has none), to be renumbered.

        Those of ``entry_columns`` and ``zone_columns`` are renumbered here.
        """
        self.know(reference)
        for name in self.entry_columns:
            renumbering.apply(getattr(columns, name))
        for name in self.zone_columns:
            renumbering.apply_zones(getattr(columns, name))

    # -- reports of vessels -----------------------------------------------------------------------------------------

    def screen_reports(self, step: DetectorInput) -> Places:
        """Places along ``step.rows`` of reports worth judging. Writes nothing.

        It may see many reports of one vessel, and its own columns as they were before all of them. When it names one,
        that vessel's reports come again one at a time, each screened and judged in its turn.
        """
        return np.zeros(0, np.intp)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Decides on one report; may write its own columns. Each vessel has one report in ``step`` here."""
        raise AssertionError(f"{self.name} judges no reports")

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64]:
        """For each report the step at which to check the vessel again if it stays silent. Writes nothing.

        One value a report, as ``next_steps`` gives them; NEVER_MS for none. Is until the vessel's next report,
        or until ``judge`` says otherwise.
        """
        return np.full(len(step.rows), NEVER_MS)

    def note(self, step: DetectorInput) -> None:
        """Writes what every report adds to its own columns, judged or not. Many a vessel: see ``step.in_turn``."""

    # -- time that has passed ---------------------------------------------------------------------------------------

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Looks at a vessel at the step that ``due``, ``arm`` or ``await_silence`` has asked for.

        Also once after another list has changed the vessel's entry, whether it was asked for or not.
        """
        return ()

    # -- slots of coverage that close -------------------------------------------------------------------------------

    def listen(self, step: DetectorInput) -> None:
        """Writes what slots that closed add to its own columns, for all of ``step.rows`` (those missed) at once."""

    def screen_slot(self, step: DetectorInput) -> Places:
        """Vessels missed in the slot that are worth judging. Writes nothing."""
        return np.arange(len(step.rows))

    def on_slot(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Decides on one vessel that was missed. What a detector with this verb finds depends on the partitions."""
        raise AssertionError(f"{self.name} judges no slots")

    # -- what else may happen ---------------------------------------------------------------------------------------

    def screen_reference(self, step: DetectorInput) -> Places:
        """Vessels for which another list or other zones may change something. Writes nothing."""
        return np.arange(len(step.rows))

    def on_reference(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Another list or other zones are in force; see ``judges_lists`` and ``judges_zones``."""
        raise AssertionError(f"{self.name} judges no lists or zones")

    def on_note(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Ingest tells (``step.heard``) that this vessel is heard under another MMSI."""
        raise AssertionError(f"{self.name} judges no notes")

    def on_source(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Something happened to a source (``step.change``)."""
        raise AssertionError(f"{self.name} judges no sources")

    @classmethod
    def has(cls, verb: str) -> bool:
        """Whether it does anything when ``verb`` (such as ``on_slot``) is asked of it."""
        return getattr(cls, verb) is not getattr(Detector, verb)

    # -- for use by detectors ---------------------------------------------------------------------------------------

    def state(self, step: DetectorInput) -> Any:
        """This detector's own columns of the whole fleet, to be read and written by row."""
        return step.fleet.detectors[self.name]

    def is_open(self, step: DetectorInput) -> npt.NDArray[np.bool_]:
        """Whether it has an open alert about each of ``step.rows``."""
        found: npt.NDArray[np.bool_] = self.state(step).open[step.rows]
        return found

    def opened(self, step: DetectorInput, at: int, key: str = "") -> Alert | None:
        """Its open alert about the subject at ``at``, if there is one."""
        return step.fleet.open_of(int(step.rows[at])).get((self.name, key))

    def await_silence(self, step: DetectorInput, at: int, since_ms: int, needed_ms: int) -> None:
        """Asks to check again when the silence that counts, since ``since_ms``, may have come to ``needed_ms``."""
        mask = int(step.fleet.core.sources[step.rows[at]])
        by_ms = step.sources.silent_by_ms(mask, since_ms, needed_ms)
        self.arm(step, at, max(int(step.time_ms[at]) + STEP_MS, by_ms))

    def arm(self, step: DetectorInput, at: int, due_ms: int) -> None:
        """Asks to check this vessel again at the first step at or after ``due_ms``."""
        self.state(step).due_ms[step.rows[at]] = next_step(due_ms)

    def arm_by(self, step: DetectorInput, at: int, due_ms: int) -> None:
        """The same, unless it has asked for an earlier step already."""
        self.arm(step, at, min(due_ms, int(self.state(step).due_ms[step.rows[at]])))
