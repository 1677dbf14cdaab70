"""Which watchlist and zones are in force: the last import that all partitions have, otherwise those of the settings.

Used when lists or zones are shown to a person. The markers in the log decide what detectors use; the result here is the
last marker of each partition, except while an import is between its first and its last marker.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from detectors.core.reference import Reference
from detectors.core.units import rfc3339
from streams.broker.embedded import status
from streams.messages.reference_records import ChangeMade, Unfinished
from streams.messages.topics import TopicMissingError
from streams.reference.library import read_versions
from streams.reference.stored_versions import VersionStore
from streams.settings.model import KafkaSettings

COMPLETE: Final = "wakewatch watchlist complete"


class InForce(NamedTuple):
    """The reference that detectors use, and since when."""

    reference: Reference
    version: str | None
    """The imported version; None if nothing was imported, and the settings' files are in force."""
    since_ms: int
    """When every partition had been notified of it, Unix ms; 0 for the settings' files."""
    unfinished: Unfinished | None
    """An import that has begun and has not ended."""
    unasked: str = ""
    """Why Kafka could not be asked, so that an import would not be seen; empty if it was asked."""
    changes: tuple[ChangeMade, ...] = ()
    """Changes of own ships and areas, newest first."""

    @property
    def said(self) -> str:
        """``version 3f2a, imported 2026-11-29T08:00:00.000Z``, or a text that the settings' files are in force."""
        if self.version is not None:
            return f"version {self.version}, imported {rfc3339(self.since_ms)}"
        why = self.unasked or "no import"
        return f"version {self.reference.version}, of the settings: {why}"


def force_of(held: VersionStore, own: Reference) -> InForce:
    """The reference in force in every partition: the last import, or ``own`` without one."""
    version = held.in_force()
    found = held.reference(version, own)
    if version is None or found is None:
        return InForce(own, None, 0, held.unfinished())
    return InForce(found, version, held.marked_ms(version), held.unfinished(), changes=tuple(held.changes()))


def ask(kafka: KafkaSettings, own: Reference) -> InForce:
    """The reference in force; ``own`` if no Kafka is configured or running, or without a topic of imports."""
    if not kafka.bootstrap_servers.strip() and status() is None:
        return InForce(own, None, 0, None, "no Kafka is configured or running")
    try:
        return force_of(read_versions(kafka), own)
    except TopicMissingError:
        return InForce(own, None, 0, None, "the topic of imports does not exist, or this user may not see it")


def unfinished_import_text(unfinished: Unfinished) -> tuple[str, str]:
    """The text about an import that has not ended, with the command that completes it."""
    began = f"the import of version {unfinished.version}, begun {rfc3339(unfinished.began_ms)}, has not finished"
    if unfinished.whole:
        return f"{began}: it is written, but not in force on every partition", COMPLETE
    again = unfinished.command or "wakewatch watchlist import FILE..."
    return f"{began}: it is not written completely, and the previous version stays in force", again
