"""What others tell an engine through the log: areas of interference, sightings in images, element sets."""

from __future__ import annotations

import numpy as np

from detectors.core.engine.advice_switch import AdviceSwitch
from detectors.core.engine.area_switch import AreaSwitch
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.engine.sighting_taker import SightingTaker
from detectors.core.orbits.choice import OrbitRecord
from detectors.core.vessels.affected_areas import AffectedArea
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.sightings import SightingRecord

ToldRecord = AffectedArea | SightingRecord | OrbitRecord


class Told:
    """Takes such records for one fleet; each may come again."""

    def __init__(self, fleet: Fleet, dispatcher: Dispatcher, passes: AdviceSwitch) -> None:
        self._fleet = fleet
        self._areas = AreaSwitch(fleet, dispatcher)
        self._sightings = SightingTaker(fleet, dispatcher)
        self._dispatcher, self._passes = dispatcher, passes

    def take(self, record: ToldRecord, ordinal: int) -> None:
        """Sightings and element sets are applied at once, an area with a later tick."""
        if isinstance(record, AffectedArea):
            self._fleet.areas.take(record)
        elif isinstance(record, SightingRecord):
            self._sightings.take(record, ordinal)
        else:
            self._dispatcher.out += self._passes.take(record, ordinal)
            self._dispatcher.plan(np.arange(self._fleet.size))

    def pass_time(self, from_ms: int, to_ms: int, ordinal: int) -> None:
        """Event time has passed."""
        self._areas.pass_time(from_ms, to_ms, ordinal)
