"""What an engine reports to the later stages: bindings of IMO numbers, displaced vessels, and slow ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from detectors.core.displacements import Displacement, DisplacementWriter
from detectors.core.draught_writer import DraughtWriter
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.geography.port_cells import port_cells_of
from detectors.core.identities.binding import Binding, BindingWriter, SeenUnder
from detectors.core.imo_notes import Note
from detectors.core.protocol import Detector
from detectors.core.reference import Reference
from detectors.core.reports import Batch
from detectors.core.silence_writer import SilenceWriter
from detectors.core.slow_ship_writer import SlowShipWriter
from detectors.core.slow_ships import ListedSilence, SlowFact
from detectors.core.sources import SourceTable
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.history import History

_MEETINGS: Final = "encounter"
"""The detector whose settings name areas of transfers."""


class Facts(NamedTuple):
    """What an engine has found for the later stages."""

    bindings: Sequence[Binding | SeenUnder] = ()
    displacements: Sequence[Displacement] = ()
    slow: Sequence[SlowFact | ListedSilence] = ()


class FactWriters:
    """The writers of one fleet."""

    def __init__(self, fleet: Fleet, sources: SourceTable, reference: Reference, detectors: Sequence[Detector]) -> None:
        areas = next((one.thresholds.transfer_areas for one in detectors if one.name == _MEETINGS), ())
        port_cells_of(reference)  # takes 0.1 s for all ports: better now than in the first batch with a slow ship
        self.bindings: Final = BindingWriter(fleet, sources, reference)
        self.displacements: Final = DisplacementWriter(fleet, sources, reference)
        self.slow: Final = SlowShipWriter(fleet, sources, reference, areas)
        self.draughts: Final = DraughtWriter(fleet, sources, reference)
        self.silences: Final = SilenceWriter(fleet, reference)

    def drain(self) -> Facts:
        """Those since the last call."""
        slow: list[SlowFact | ListedSilence] = [*self.slow.drain(), *self.draughts.drain(), *self.silences.drain()]
        return Facts(self.bindings.drain(), self.displacements.drain(), slow)

    def note(self, emitted: Sequence[Emitted], promised_ms: int) -> None:
        """Alerts that the engine has made: those about silences of listed vessels are facts.

        ``promised_ms``: up to where it has promised that nothing earlier follows; in a tick that of the tick before.
        """
        if emitted:
            self.silences.note((each.alert for each in emitted), promised_ms)

    def adopt(self, reference: Reference) -> None:
        """Another list is in force."""
        self.bindings.reference = self.displacements.reference = reference
        self.slow.reference = self.draughts.reference = self.silences.reference = reference

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
        self.slow.tell(history, batch)
        if history.stated.any():
            self.bindings.tell(history, batch)
            self.draughts.tell(history)
        if history.followed is not None and history.followed.displaced:
            self.displacements.tell(history.followed.displaced, history, batch)
