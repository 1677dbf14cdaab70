"""How likely the silence was as it grew: the log is replayed through an engine and checked slot by slot.

The worker had received more than the log still holds, so the last figures may differ a little from the alert's own:
their course is what matters here.
"""

from __future__ import annotations

import contextlib
from typing import Final

import numpy as np

from detectors.core.coverage.slot_blocks import SLOT_MS
from detectors.core.reference import Reference
from detectors.core.ticks import Tick
from streams.errors import InputError
from streams.explain.raw_log import WARM_MS, Chance, Raw, Window
from streams.messages.log_records import partition_of
from streams.messages.values import decoded
from streams.pipeline.engines import engine_for
from streams.settings.model import Settings

SENTENCES_MOST: Final = 2_000_000
"""Five seconds of CPU; a longer log is not replayed."""


class Hindsight:
    """Plays the records of its partition, from WARM_MS before the window to its end."""

    def __init__(self, window: Window, settings: Settings) -> None:
        self._window = window
        self._partition = partition_of(window.mmsi, settings.kafka.partitions)
        self._engine = engine_for(settings, Reference(), self._partition)
        self._mmsi = np.asarray([window.mmsi], np.uint32)
        self._lines = 0
        self._told_ms = 0
        self.chances: list[Chance] = []
        """One per slot, in order of time, within the window."""

    @property
    def too_long(self) -> bool:
        """Whether the log is too long to be replayed; then there are no figures."""
        return self._lines > SENTENCES_MOST

    def take(self, record: Raw) -> None:
        """The next record of the log."""
        if record.partition != self._partition or self.too_long or not self._window.mmsi:
            return
        if record.tick:
            with contextlib.suppress(InputError):  # written by another program
                self._engine.tick(decoded(record.value, Tick))
        elif record.is_within(self._window.from_ms - WARM_MS, self._window.to_ms):
            self._lines += record.value.count(b"\n") + 1
            self._engine.apply(record.batch)
        self._look()

    def _look(self) -> None:
        """Notes the chance of the silence if a slot has closed since the last check."""
        reception = self._engine.reception
        time_ms = reception.listening.next_slot * SLOT_MS
        if time_ms == self._told_ms or not self._window.from_ms <= time_ms <= self._window.to_ms:
            return
        row = int(self._engine.fleet.index.find(self._mmsi)[0])
        if row >= 0:
            self._told_ms = time_ms
            self.chances.append(Chance(time_ms, round(float(reception.vessel_columns.chance[row]), 4)))
