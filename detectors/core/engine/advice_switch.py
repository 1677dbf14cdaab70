"""Renews the passes that open alerts state, when the last of them is over or other element sets come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.imagery_advice import IMAGERY, ImageryAdvice, renewal_ms
from detectors.core.orbits.choice import OrbitRecord
from detectors.core.units import MINUTE_MS, rfc3339, unix_ms
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet

SEARCHES_AT_ONCE: Final = 10_000
"""Of one satellite for one alert, 40 us each: the other alerts follow minutes later, and no record takes seconds."""

Times = npt.NDArray[np.int64]


class AdviceSwitch:
    """The passes of one fleet's open alerts."""

    def __init__(self, fleet: Fleet, advice: ImageryAdvice) -> None:
        self._fleet, self._advice = fleet, advice

    def take(self, record: OrbitRecord, ordinal: int) -> Iterator[Emitted]:
        """Other element sets are in force: the first open alerts state their passes at once, the others in turn."""
        self._advice.take(record)
        listed = self._fleet.core.listed
        rows = sorted(row for row in self._fleet.open if row >= 0 and listed[row])
        at_once = max(1, SEARCHES_AT_ONCE // max(1, len(record.elements)))
        for row in rows[:at_once]:
            yield from self._renewed(row, record.given_ms, ordinal, whole=True)
        for number, row in enumerate(rows[at_once:]):
            self._fleet.ask_rare(row, record.given_ms + (1 + number // at_once) * MINUTE_MS)
        self._fleet.touch(np.asarray(rows, np.intp))

    def due(self, rows: Rows, times: Times, ordinals: Times) -> Iterator[Emitted]:
        """A check of these rows is due."""
        if self._advice.next:
            for row, time_ms, ordinal in zip(rows.tolist(), times.tolist(), ordinals.tolist(), strict=True):
                yield from self._renewed(row, time_ms, ordinal, whole=False)

    def _renewed(self, row: int, time_ms: int, ordinal: int, *, whole: bool) -> Iterator[Emitted]:
        listed = bool(self._fleet.core.listed[row])
        for slot, alert in self._fleet.open_of(row).items():
            due_ms = renewal_ms(alert)
            if due_ms is None or due_ms <= time_ms or self._is_news(alert, time_ms, whole=whole):
                alert_ms = max(time_ms, unix_ms(alert.time))
                revised = self._revised(alert, alert_ms, listed=listed)
                if revised is not None:
                    self._fleet.open[row][slot] = revised
                    self._fleet.touch(np.asarray([row]))
                    yield Emitted(ordinal, alert_ms, revised)
                due_ms = self._advice.next_ms(revised or alert, alert_ms)
            if due_ms is not None:
                self._fleet.ask_rare(row, due_ms)

    def _is_news(self, alert: Alert, time_ms: int, *, whole: bool) -> bool:
        """Whether other element sets came after it stated that nothing passes."""
        record, imagery = self._advice.next.record, alert.details[IMAGERY]
        if record is None or imagery["passes"]:
            return False
        return whole or unix_ms(imagery["as_of"]) < record.given_ms <= time_ms

    def _revised(self, alert: Alert, time_ms: int, *, listed: bool) -> Alert | None:
        advised = self._advice.advised(alert, alert, time_ms, listed=listed)
        former, present = (each.details.get(IMAGERY) for each in (alert, advised))
        if present is None or (former is not None and former["passes"] == present["passes"]):
            return None
        return msgspec.structs.replace(
            advised, revision=alert.revision + 1, status="updated", time=rfc3339(time_ms), same_as=alert.news
        )
