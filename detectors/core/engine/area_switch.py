"""Limits the open alerts of vessels in an area with unreliable positions, and lifts the limit when it has ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted, is_unreliable
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.units import MINUTE_MS, rfc3339, unix_ms
from detectors.core.vessels.affected_areas import AREA, limited, unlimited
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.ship import read_ship

_AGAIN_MS: Final = 5 * MINUTE_MS


class AreaSwitch:
    """Brings areas into force in one fleet."""

    def __init__(self, fleet: Fleet, dispatcher: Dispatcher) -> None:
        self._fleet, self._dispatcher = fleet, dispatcher
        self._most = {each.name: each.unreliable_most for each in dispatcher.detectors if each.unreliable_most}

    def pass_time(self, from_ms: int, to_ms: int, ordinal: int) -> None:
        """Brings into force what is due between two ticks; the alerts that this changes are written again.

        Every few minutes those of vessels that were heard outside, or again after the end, are no longer limited.
        """
        areas = self._fleet.areas
        due = areas.due(to_ms)
        if due or (areas and from_ms // _AGAIN_MS != to_ms // _AGAIN_MS):
            time_ms = max((area.time_ms for area in due), default=to_ms // _AGAIN_MS * _AGAIN_MS)
            for row in sorted(row for row in self._fleet.open if row >= 0):
                for slot, alert in self._fleet.open[row].items():
                    if slot[0] in self._most and ((due and alert.severity != "log") or AREA in alert.details):
                        self._dispatcher.out += self._revised(time_ms, row, slot, alert, ordinal)

    def _revised(self, time_ms: int, row: int, slot: tuple[str, str], alert: Alert, ordinal: int) -> Iterable[Emitted]:
        """The alert as it is with the areas that are in force now, if that is not as it was."""
        ship = read_ship(self._fleet.core, row, self._dispatcher.reference)
        free = unlimited(alert)
        if free.severity != alert.severity and is_unreliable(ship):
            return  # its own track limits it
        now = limited(free, self._fleet.areas.around(ship), self._most[slot[0]])
        if (now.severity, now.details.get(AREA)) == (alert.severity, alert.details.get(AREA)):
            return
        time_ms = max(time_ms, unix_ms(alert.time))
        now = msgspec.structs.replace(
            now, revision=alert.revision + 1, status="updated", time=rfc3339(time_ms), same_as=None
        )
        self._fleet.open[row][slot] = now
        self._fleet.touch(np.asarray([row]))
        yield Emitted(ordinal, time_ms, now)
