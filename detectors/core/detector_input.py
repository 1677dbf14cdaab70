"""The input of a detector: some vessels of the fleet at a moment, and what has just happened to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.reception_state import ClosedBlock, ReceptionState
from detectors.core.imo_notes import Note
from detectors.core.reference import Reference
from detectors.core.reports import REPORT
from detectors.core.source_changes import Outage, WrongClocks
from detectors.core.sources import SourceTable
from detectors.core.station_ranges import Hearing
from detectors.core.vessels.capacity import FleetFull
from detectors.core.vessels.columns import Columns, Picked
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.grouping import groups, turns
from detectors.core.vessels.history import History
from detectors.core.vessels.other_tracks import TrackFix
from detectors.core.vessels.ship import VesselState, read_ship
from detectors.core.vessels.sightings import SightingRecord

Places = npt.NDArray[np.intp]
SourceChange = Outage | WrongClocks | FleetFull
StepKind = Literal["reports", "clock", "slot", "source", "reference", "note", "sighting"]


class DetectorInput:
    """One check of vessels of the fleet.

    ``kind`` is ``reports`` (each of ``rows`` sent the report at the same place; consecutive ones may be from one
    vessel, in log order), ``clock`` (the scheduled checks of ``rows`` are due), ``slot`` (a slot closed, and these
    vessels were missed in it), ``reference`` (another list, or other zones, are in force), ``note`` (``heard``
    states that the vessel of the row is heard under another MMSI), ``sighting`` (``seen`` states what satellite
    images show of it) or ``source`` (``change`` happened; ``rows`` has its source). ``time_ms`` has one value per
    row, and so has every column of ``before`` and ``now``: the vessel before and after the report. ``at`` is a
    place in ``rows``.
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
        """Per row: this report had a position that was accepted."""
        self.stated: npt.NDArray[np.bool_] = np.zeros(0, bool)
        """Per row: this report had static data."""
        self.raw = b""
        self.source_bit = 0
        """In a step of reports: their one source, as a bit of ``sources``; 0 otherwise."""
        self.change: SourceChange | None = None
        self.part_of: tuple[DetectorInput, Places] | None = None
        """The check of which this is a part (``only``), and the places there."""
        self._once = False
        self.heard: Note | None = None
        self.seen: SightingRecord | None = None
        self.reception: ReceptionState | None = None
        """In a step of a slot: the state of coverage."""
        self.closed: ClosedBlock | None = None
        """In a step of a slot: the vessels heard in it."""
        self.cannot_tell: Counter[str] = Counter()
        """In a step of a slot: silences that could not be judged, by reason; for the metrics."""

    @classmethod
    def of_reports(
        cls, history: History, raw: bytes, *, written: bool, fleet: Fleet, sources: SourceTable, reference: Reference
    ) -> Self:
        """All reports of a history. Once it is ``written``, with one report per vessel, ``now`` is the fleet itself."""
        made = cls("reports", history.rows, history.times, fleet=fleet, sources=sources, reference=reference)
        if not written:
            made.now = history.now
        made.before, made.reports = history.before, history.reports
        made.moved, made.stated, made.raw, made._once = history.moved, history.stated, raw, history.once
        return made

    @cached_property
    def ever_unsure(self) -> Places:
        """The vessels whose positions are, or have been, inconsistent: few."""
        return np.flatnonzero(self.now.unsure_step)

    def only(self, places: Places) -> Self:
        """The same check for fewer rows."""
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
        some.source_bit, some.part_of = self.source_bit, (self, places)
        some.reception, some.closed = self.reception, self.closed
        return some

    def in_turn(self) -> Iterator[Places]:
        """Places of the first report of each vessel, then of the second, ...: for values added up report by report."""
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
        """The raw sentences of the report at ``at``; if there is no report, the last position of ``ship``."""
        if self.kind == "reports":
            return (self.lines(at),)
        return (ship.sentence,) if ship is not None and ship.sentence else ()

    def hearing(self, at: int) -> Hearing | None:
        """How far the position of the report at ``at`` is from its station; None if that is unknown."""
        report = self.reports[at]
        return self.sources.hearing(self.source_bit, self.lines(at), float(report["lat_deg"]), float(report["lon_deg"]))

    def hearing_of(self, at: int, ship: VesselState, fix: TrackFix) -> Hearing | None:
        """The same of ``fix`` and the station that heard the last position of ``ship``."""
        mask = int(self.fleet.core.sources[self.rows[at]])
        return self.sources.hearing(mask, ship.sentence, fix.lat_deg, fix.lon_deg)

    def silence_ms(self, at: int, since_ms: int) -> int:
        """Silence that counts: the time since ``since_ms`` in which a source that hears this vessel was up."""
        mask = int(self.fleet.core.sources[self.rows[at]])
        return self.sources.silence_ms(mask, since_ms, int(self.time_ms[at]))
