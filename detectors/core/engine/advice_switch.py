"""Renews the passes that open alerts state, when the last of them is over or other element sets come."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.imagery_advice import ImageryAdvice, renewal_ms
from detectors.core.orbits.choice import OrbitRecord
from detectors.core.units import rfc3339, unix_ms
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet

Times = npt.NDArray[np.int64]


class AdviceSwitch:
    """The passes of one fleet's open alerts."""

    def __init__(self, fleet: Fleet, advice: ImageryAdvice) -> None:
        self._fleet, self._advice = fleet, advice

    def take(self, record: OrbitRecord, ordinal: int) -> Iterator[Emitted]:
        """Other element sets are in force."""
        self._advice.take(record)
        listed = self._fleet.core.listed
        for row in sorted(row for row in self._fleet.open if row >= 0 and listed[row]):
            yield from self._renewed(row, record.given_ms, ordinal, whole=True)

    def due(self, rows: Rows, times: Times, ordinals: Times) -> Iterator[Emitted]:
        """A check of these rows is due."""
        if self._advice.next:
            for row, time_ms, ordinal in zip(rows.tolist(), times.tolist(), ordinals.tolist(), strict=True):
                yield from self._renewed(row, time_ms, ordinal, whole=False)

    def _renewed(self, row: int, time_ms: int, ordinal: int, *, whole: bool) -> Iterator[Emitted]:
        listed = bool(self._fleet.core.listed[row])
        for slot, alert in self._fleet.open_of(row).items():
            due_ms = renewal_ms(alert)
            if whole or (due_ms is not None and due_ms <= time_ms):
                alert_ms = max(time_ms, unix_ms(alert.time))
                revised = self._revised(alert, alert_ms, listed=listed)
                if revised is not None:
                    self._fleet.open[row][slot] = revised
                    self._fleet.touch(np.asarray([row]))
                    yield Emitted(ordinal, alert_ms, revised)
                due_ms = self._advice.next_ms(revised or alert, alert_ms)
            if due_ms is not None:
                self._fleet.ask_rare(row, due_ms)

    def _revised(self, alert: Alert, time_ms: int, *, listed: bool) -> Alert | None:
        advised = self._advice.advised(alert, alert, time_ms, listed=listed)
        if advised.details == alert.details:
            return None
        return msgspec.structs.replace(advised, revision=alert.revision + 1, status="updated", time=rfc3339(time_ms))
