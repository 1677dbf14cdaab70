"""Adds to alerts what satellite images show, also to alerts that have ended: images come days late."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from detectors.core.alert import Alert, Status
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.units import rfc3339, unix_ms
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.index import ABSENT
from detectors.core.vessels.sightings import SightingRecord, sightings_in, with_sightings

ENDED_KEPT: Final = 10_000


class SightingTaker:
    """Takes records of sightings for one fleet.

    A record states the newest revision that the matching knew. An open alert is revised as it is here. An ended one is
    no longer here: it is revised as the record states it, unless that was not its newest revision. The matching sees
    the newer one later and tells again.
    """

    def __init__(self, fleet: Fleet, dispatcher: Dispatcher) -> None:
        self._fleet, self._dispatcher = fleet, dispatcher

    def take(self, record: SightingRecord, ordinal: int) -> None:
        """Applies a record, which may come again."""
        (row,) = self._fleet.index.find(np.asarray([record.mmsi], np.uint32)).tolist()
        if record.alert is not None:
            self._revise(row, record.alert, record, ordinal)
        elif row != ABSENT:
            self._dispatcher.see(row, record, ordinal)

    def _revise(self, row: int, stated: Alert, record: SightingRecord, ordinal: int) -> None:
        slots = {alert.id: slot for slot, alert in self._fleet.open_of(row).items()} if row != ABSENT else {}
        slot = slots.get(stated.id)
        if slot is not None:
            present = self._fleet.open_of(row)[slot]
            revised = self._next(present, record, status="updated")
            if revised is not None:
                self._fleet.open[row][slot] = revised
                self._fleet.touch(np.asarray([row]))
        else:
            revised = self._ended(stated, record)
        if revised is not None:
            self._dispatcher.out.append(Emitted(ordinal, unix_ms(revised.time), revised))

    def _ended(self, stated: Alert, record: SightingRecord) -> Alert | None:
        revisions = self._fleet.ended_revisions
        if stated.status != "closed" or stated.revision < revisions.get(stated.id, 0):
            return None
        revised = self._next(stated, record, status="closed")
        if revised is not None:
            revisions.pop(stated.id, None)
            revisions[stated.id] = revised.revision
            for alert in list(revisions)[: len(revisions) - ENDED_KEPT]:
                del revisions[alert]
        return revised

    @staticmethod
    def _next(alert: Alert, record: SightingRecord, *, status: Status) -> Alert | None:
        revised = with_sightings(alert, record.sightings)
        if revised.details == alert.details:
            return None
        time_ms = max(record.told_ms, unix_ms(alert.time))
        return msgspec.structs.replace(
            revised,
            revision=alert.revision + 1,
            status=status,
            time=rfc3339(time_ms),
            same_as=alert.news if _is_expected(alert, record) else None,
        )


def _is_expected(alert: Alert, record: SightingRecord) -> bool:
    """Whether all that is new is that the vessel was at its reported position."""
    former = sightings_in(alert)
    new = [one for one in record.sightings if one not in former]
    return all(one in record.sightings for one in former) and all(one.outcome == "seen" for one in new)
