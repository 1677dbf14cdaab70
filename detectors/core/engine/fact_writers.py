"""What an engine reports to the later stages: bindings of IMO numbers, and vessels that appear displaced."""

from __future__ import annotations

from typing import Final

from detectors.core.displacements import DisplacementWriter
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.identities.binding import BindingWriter
from detectors.core.imo_notes import Note
from detectors.core.reference import Reference
from detectors.core.reports import Batch
from detectors.core.sources import SourceTable
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.history import History


class FactWriters:
    """The writers of one fleet."""

    def __init__(self, fleet: Fleet, sources: SourceTable, reference: Reference) -> None:
        self.bindings: Final = BindingWriter(fleet, sources, reference)
        self.displacements: Final = DisplacementWriter(fleet, sources, reference)

    def adopt(self, reference: Reference) -> None:
        """Another list is in force."""
        self.bindings.reference = self.displacements.reference = reference

    def hear(self, note: Note, dispatcher: Dispatcher, ordinal: int) -> None:
        """An IMO number is reported under an MMSI: the detectors are told of the others that state it."""
        rows = self.bindings.others(note.imo, note.mmsi)
        if note.instead_of is not None:
            dispatcher.hear(self.bindings.others(note.instead_of, note.mmsi), note, ordinal)
        if not len(rows):
            return
        if note.lat_deg is None:
            self.bindings.write_seen(rows, note)
        dispatcher.hear(rows, note, ordinal)

    def tell(self, history: History, batch: Batch) -> None:
        """Checks reports of a history that are to be written together, or were written and judged one by one.

        Only the latter have been followed: what appears displaced is judged alone.
        """
        if history.stated.any():
            self.bindings.tell(history, batch)
        if history.followed is not None and history.followed.displaced:
            self.displacements.tell(history.followed.displaced, history, batch)
