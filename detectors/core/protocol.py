"""The interface of detectors: a detector is one file that defines, verb by verb, what it does at each event.

A detector overrides the verbs that it needs; the others are not called:

- reports: ``screen_reports`` checks a whole batch in columns and returns the reports worth judging: it may return too
  many, never too few. ``on_report`` decides on one of them in plain Python, with the numbers and the wording.
- time: ``due`` gives the time to check a vessel again if it stays silent; ``when_due`` checks it.
- slots of coverage: ``listen``, ``screen_slot``, ``on_slot``.
- another list or other zones: ``screen_reference``, ``on_reference``.
- ``on_note`` (the vessel is heard under another MMSI), ``on_sighting`` (satellite images show something of it),
  ``on_source`` (a feed is down, or crowds the fleet).

``note`` keeps running values, report by report. No verb does I/O, reads a clock or draws a random number; time comes
with the step. ``detectors/long_stay.py`` is a good first example.
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
from detectors.core.source_changes import SilencePatience
from detectors.core.units import STEP_MS, next_step
from detectors.core.vessels.columns import DUE, OPEN, Column


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The conclusion of a judge. The engine adds identity, position, evidence, id and revision."""

    action: Literal["open", "update", "close", "retract"]
    situation: str
    """Names the severity rule, such as ``gap.listed``."""
    time_ms: int
    headline: str
    """The vessel, then clauses after commas, the most important first; clauses are dropped from the end to fit."""
    listed: str | None = None
    """The list at the end of the headline, if it is not that of the vessel."""
    key: str = ""
    """Distinguishes several alerts of one detector about one subject."""
    start_ms: int = 0
    """Where the episode begins; fixes the id. Only for ``open``."""
    why: tuple[Fact, ...] = ()
    would_change: tuple[str, ...] = ()
    verification: Verification = "corroborated"
    severity: Severity | None = None
    """Replaces the severity of the situation."""
    raised: bool = False
    """One step above the severity of its situation."""
    of: str | None = None
    """Another detector whose alert this is; only to end it."""
    severity_most: Severity = "page"
    """The highest severity allowed."""
    details: Mapping[str, object] = {}
    sentences: tuple[bytes, ...] = ()
    """Deciding raw lines (with tag block), first and last."""
    position: Position | None = None
    """Replaces the vessel's last fix."""


class Detector:
    """Base class of all detectors. A subclass in a module of ``detectors/`` is registered automatically."""

    name: ClassVar[str]
    rule_version: ClassVar[int] = 1
    subject: ClassVar[Literal["vessel", "source", "imo", "place", "meeting"]] = "vessel"
    """What it judges. ``imo``: in the second stage (``core.imo_stage``), from bindings; ``place``: in the third
    (``core.place_stage``), from displacements; ``meeting``: in the fourth (``core.meeting_stage``), from slow ships."""
    judges_lists: ClassVar[bool] = False
    """Whether it gets the vessels whose entry was added, changed or removed with another list (``on_reference``)."""
    judges_zones: ClassVar[bool] = False
    """Whether it gets all vessels when other zones come into force, and those whose entry was added or removed."""
    judges_fleet: ClassVar[bool] = False
    """Whether it gets all vessels when another list comes into force (``screen_reference``, ``on_reference``)."""
    unreliable_most: ClassVar[Severity | None] = None
    """The highest severity of its alerts while the vessel's position is unreliable (``alert_writer.is_unreliable``, and
    in areas of interference); None if they do not rest on where the vessel is."""
    keeps_due: ClassVar[bool] = False
    """For checks of rare things: what it has asked for stays when a report comes, until it is due.

    All such detectors share one column. Each is asked when any of them has a check due: ``when_due`` must find out
    whether it is its own, and ask again if it is not yet.
    """
    columns: ClassVar[tuple[Column, ...]] = ()
    entry_columns: ClassVar[tuple[str, ...]] = ()
    """The ``columns`` that contain 1 + number of an entry; another list renumbers them."""
    zone_columns: ClassVar[tuple[str, ...]] = ()
    """The columns that contain the number of a zone; negative for none, also for a removed one."""
    severities: ClassVar[Mapping[str, Severity]] = {}
    """Default severity of each of its situations."""

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Typed settings with unit, bounds and a sentence."""

    def __init__(self, thresholds: Any, reference: Reference) -> None:
        self.thresholds = thresholds
        self.know(reference)

    def patience(self) -> SilencePatience | None:
        """Which outages of a source are more than an interruption, for a detector that reports them."""
        return None

    def know(self, reference: Reference) -> None:
        """Prepares what it needs of a reference: at the beginning, and when another comes into force."""
        self.reference = reference

    def adopt(self, reference: Reference, columns: Any, renumbering: Renumbering) -> None:
        """Switches to another reference; ``columns`` are the detector's own (None: it has none), to be renumbered.

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

        It may get many reports of one vessel, and its own columns as they were before all of them. If it returns one,
        that vessel's reports come again one at a time, and each is screened and judged.
        """
        return np.zeros(0, np.intp)

    def on_report(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Decides on one report; may write its own columns. Each vessel has one report in ``step`` here."""
        raise AssertionError(f"{self.name} judges no reports")

    def due(self, step: DetectorInput) -> npt.NDArray[np.int64] | None:
        """For each report the step at which to check the vessel again if it stays silent. Writes nothing.

        One value per report, as from ``next_steps``; NEVER_MS for none. None: no report needs one, or with
        ``keeps_due`` what was asked stays. It applies until the vessel's next report, or until a verb sets another
        time. Only called if there is a ``when_due``.
        """
        return None

    def note(self, step: DetectorInput) -> None:
        """Writes what every report adds to its own columns, judged or not. Many per vessel: see ``step.in_turn``."""

    # -- time that has passed ---------------------------------------------------------------------------------------

    def when_due(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Checks a vessel at the step that ``due``, ``arm`` or ``await_silence`` has set.

        It is also called once after another list has changed the vessel's entry.
        """
        return ()

    # -- slots of coverage that close -------------------------------------------------------------------------------

    def listen(self, step: DetectorInput) -> None:
        """Writes what closed slots add to its own columns, for all of ``step.rows`` (the missed vessels) at once."""

    def screen_slot(self, step: DetectorInput) -> Places:
        """Vessels missed in the slot that are worth judging. Writes nothing."""
        return np.arange(len(step.rows))

    def on_slot(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Decides on one vessel that was missed. The findings of a detector with this verb depend on the partitions."""
        raise AssertionError(f"{self.name} judges no slots")

    # -- other events -----------------------------------------------------------------------------------------------

    def screen_reference(self, step: DetectorInput) -> Places:
        """Vessels for which another list or other zones may change something. Writes nothing."""
        return np.arange(len(step.rows))

    def on_reference(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Another list or other zones are in force; see ``judges_lists`` and ``judges_zones``."""
        raise AssertionError(f"{self.name} judges no lists or zones")

    def on_note(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Ingest has noted (``step.heard``) that this vessel is heard under another MMSI."""
        raise AssertionError(f"{self.name} judges no notes")

    def on_sighting(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Satellite images (``step.seen``) show that this vessel is not where AIS says, or that it is there again."""
        raise AssertionError(f"{self.name} judges no sightings")

    def on_source(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Something happened to a source (``step.change``)."""
        raise AssertionError(f"{self.name} judges no sources")

    @classmethod
    def kept(cls) -> tuple[Column, ...]:
        """All that is kept of it for each vessel: ``columns``, and what every detector has."""
        timed = cls.has("when_due") and not cls.keeps_due
        return (*([DUE] if timed else []), OPEN, *cls.columns)

    @classmethod
    def has(cls, verb: str) -> bool:
        """Whether it overrides ``verb`` (such as ``on_slot``)."""
        return getattr(cls, verb) is not getattr(Detector, verb)

    # -- for use by detectors ---------------------------------------------------------------------------------------

    def state(self, step: DetectorInput) -> Any:
        """This detector's own columns of the whole fleet, read and written by row."""
        return step.fleet.detectors[self.name]

    def is_open(self, step: DetectorInput) -> npt.NDArray[np.bool_]:
        """Whether it has an open alert about each of ``step.rows``."""
        if not step.fleet.with_open[self.name]:
            return np.zeros(len(step.rows), bool)
        found: npt.NDArray[np.bool_] = self.state(step).open[step.rows]
        return found

    def opened(self, step: DetectorInput, at: int, key: str = "") -> Alert | None:
        """Its open alert about the subject at ``at``, if there is one."""
        return step.fleet.open_of(int(step.rows[at])).get((self.name, key))

    def await_silence(self, step: DetectorInput, at: int, since_ms: int, needed_ms: int) -> None:
        """Asks for a check when the counted silence since ``since_ms`` may have reached ``needed_ms``."""
        mask = int(step.fleet.core.sources[step.rows[at]])
        by_ms = step.sources.silent_by_ms(mask, since_ms, needed_ms)
        self.arm(step, at, max(int(step.time_ms[at]) + STEP_MS, by_ms))

    def arm(self, step: DetectorInput, at: int, due_ms: int) -> None:
        """Asks to check this vessel again at the first step at or after ``due_ms``."""
        if self.keeps_due:
            self.arm_by(step, at, due_ms)
        else:
            self.state(step).due_ms[step.rows[at]] = next_step(due_ms)

    def arm_by(self, step: DetectorInput, at: int, due_ms: int) -> None:
        """The same, unless it has already asked for an earlier step."""
        asked, row = self.asked(step), step.rows[at]
        asked[row] = min(next_step(due_ms), asked[row])

    def asked(self, step: DetectorInput) -> Any:
        """The column with the step of the next check, of the whole fleet."""
        return step.fleet.core.rare_due_ms if self.keeps_due else self.state(step).due_ms
