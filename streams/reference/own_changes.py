"""Brings a change of the own ships or areas into force, on top of what is in force at that moment.

A change is small and is made again on top of another import that came first, so that of two writers at once neither
loses an entry: see ``importing``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from detectors.core.reference import Reference
from detectors.core.units import MS, rfc3339
from streams.messages.reference_records import ChangeMade
from streams.reference.importing import ImportConflictError, Importer
from streams.reference.library import newest, read_versions
from streams.reference.own import Changed, OwnChange, changed
from streams.settings.model import KafkaSettings

PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.5


def bring_change(
    kafka: KafkaSettings,
    own: Reference,
    change: OwnChange,
    *,
    told: Callable[[str], None],
    command: str = "",
    patience_s: float = PATIENCE_S,
) -> Changed:
    """Makes a change and brings it into force in every partition. ``own``: the settings' lists and zones.

    While another import is at work, it is tried again for ``patience_s``. Raises OwnListError if the change cannot be
    made, ImportConflictError if others did not end in that time, WakewatchError as ``Importer.bring``.
    """
    deadline = time.monotonic() + patience_s
    while True:
        held = read_versions(kafka)
        if (unfinished := held.unfinished()) is not None and unfinished.whole:
            _complete(kafka, told)
            held = read_versions(kafka)
        at = rfc3339(int(time.time() * MS))
        made = changed(newest(held, own), change, at)
        try:
            importer = Importer(kafka, told, command)
            importer.bring(
                held, made.reference, zones=made.zones, change=ChangeMade(by=change.by.strip(), at=at, said=made.said)
            )
        except ImportConflictError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_S)
        else:
            return made


def _complete(kafka: KafkaSettings, told: Callable[[str], None]) -> None:
    """Completes an import that was interrupted after everything was written; otherwise nobody could add to it."""
    try:
        Importer(kafka, told).complete(read_versions(kafka))
    except ImportConflictError:
        told("another import is at work")
