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

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert, Fact, Position, Severity, Verification
from detectors.core.detector_input import DetectorInput, Places
from detectors.core.identities.list_change import Renumbering
from detectors.core.reference import Reference
from detectors.core.sources import SilencePatience
from detectors.core.units import NEVER_MS, STEP_MS, next_step
from detectors.core.vessels.columns import Column


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
