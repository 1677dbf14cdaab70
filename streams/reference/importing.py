"""Brings a version of the watchlist and zones into force; only one import at a time.

Records are written in this order, each flushed before the next: the begin of the import, its content, its head, one
marker in every partition of the log, a record that all partitions have it, and its end. If it is interrupted at any
point, the old version stays in force, or running it again (or ``complete``) completes it: every step can be repeated.

Two imports at once: after an import has written its begin, it reads the topic again. It stops without any change if
another version was written since its changes were shown, or if an import of another version began earlier and may still
continue. So of two imports that were shown the same former version one comes into force, and the other must be run
again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec

from detectors.core.reference import Reference
from detectors.core.units import MS, rfc3339
from streams.broker import clients
from streams.errors import ConfigError, SinkError, WakewatchError
from streams.messages import reference_records
from streams.messages.log_records import H_FORMAT, H_KIND, H_SOURCE, KIND_REFERENCE, LOG_FORMAT
from streams.messages.reference_records import ChangeMade, VersionMarker
from streams.messages.topics import REFERENCE, SENTENCES
from streams.reference.library import read_versions
from streams.reference.stored_versions import CLAIM_S, VersionStore
from streams.settings.model import KafkaSettings

_FLUSH_S: Final = 60.0
_READ_BACK_S: Final = 30.0
_HOUR_MS: Final = 3_600_000
_SOURCE: Final = b"reference"
_PRODUCER: Final[dict[str, Any]] = {
    "linger_ms": 20,
    # A step that was given up must not be written later: another import may have begun by then.
    "delivery_timeout_ms": int(_FLUSH_S * MS),
    "max_block_ms": int(_FLUSH_S * MS),
}


class ImportConflictError(WakewatchError):
    """Another import came first; nothing was changed."""


class Importer:
    """Brings a reference into force. ``told`` is called for each step; ``command`` is the user's command."""

    def __init__(self, kafka: KafkaSettings, told: Callable[[str], None], command: str = "") -> None:
        self._kafka, self._told, self._command = kafka, told, command
        self._topic = kafka.topic_prefix + REFERENCE
        self._log = kafka.topic_prefix + SENTENCES
        self._began_s = 0.0

    def bring(
        self, held: VersionStore, now: Reference, *, zones: bool = False, change: ChangeMade | None = None
    ) -> None:
        """Brings ``now`` into force; with its ``zones``, also if the newest version has none of its own.

        ``held`` is the contents of the topic when the difference was shown. Writes the missing records of the version,
        marks every partition, and deletes outdated records.

        Raises ImportConflictError, with nothing changed, if another import came first; SinkError if Kafka does not
        accept a record: a new run continues from there.
        """
        zoned = now.zones if zones or held.zones(held.newest() or "") is not None else None
        version = reference_records.version_of(now, zoned=zoned is not None)
        producer = clients.producer(self._kafka, **_PRODUCER)
        try:
            claim = self._begin(producer, held, version)
            found = self._refuse_second(producer, claim, held, version)
            if found.ships(version) is None or found.newest() != version:
                for record in reference_records.content(version, now.ships, zoned):
                    self._put(producer, record)
                self._flush(producer)
                self._put(producer, reference_records.head(version, now.ships, zoned, change))
                self._flush(producer)
                told = "" if zoned is None else f" and {len(zoned)} zones"
                self._told(f"{len(now.ships)} entries{told} written as version {version}")
            self._mark(producer, version)
            self._end(producer, claim, version)
        finally:
            producer.close()

    def complete(self, held: VersionStore) -> bool:
        """Notifies every partition of the version that was written last. Returns whether one needed it.

        Raises ConfigError if an import was interrupted before all of it was written, WakewatchError and SinkError as
        ``bring``.
        """
        unfinished = held.unfinished()
        if unfinished is None:
            return False
        if not unfinished.whole:
            again = unfinished.command or "wakewatch watchlist import FILE..."
            raise ConfigError(
                f"version {unfinished.version} was not written completely and cannot be completed; run `{again}`"
            )
        producer = clients.producer(self._kafka, **_PRODUCER)
        try:
            claim = self._begin(producer, held, unfinished.version)
            self._refuse_second(producer, claim, held, unfinished.version)
            self._mark(producer, unfinished.version)
            self._end(producer, claim, unfinished.version)
        finally:
            producer.close()
        return True

    # -- one import at a time -----------------------------------------------------------------------------------------

    def _begin(self, producer: Any, held: VersionStore, version: str) -> bytes:
        """Writes that this import has begun; returns that record's key."""
        key, value = reference_records.begun(version, uuid.uuid4().hex[:8], held.newest_offset(), self._command)
        self._put(producer, (key, value))
        self._began_s = time.monotonic()
        self._flush(producer)
        return key

    def _refuse_second(self, producer: Any, claim: bytes, held: VersionStore, version: str) -> VersionStore:
        """The present contents of the topic. Raises ImportConflictError if this import is the second of two at once."""
        found = self._read_back(claim)
        why = ""
        if rival := found.rival(claim, time.time() * MS):
            why = f"another import began at {rfc3339(rival.began_ms)} and has not finished" + (
                f" (`{rival.command}`)" if rival.command else ""
            )
        elif found.newest_offset() != held.newest_offset() and found.newest() != version:
            why = f"version {found.newest()} was written after the changes were shown"
        if why:
            self._put(producer, (claim, None))
            self._flush(producer)
            raise ImportConflictError(f"nothing was changed: {why}; import again to see the changes")
        return found

    def _read_back(self, claim: bytes) -> VersionStore:
        """The contents of the topic once it shows the record that Kafka has just acknowledged. Raises SinkError."""
        deadline = time.monotonic() + _READ_BACK_S
        while not (found := read_versions(self._kafka)).has_begun(claim):
            if time.monotonic() > deadline:
                raise SinkError("nothing was changed: Kafka does not show what it acknowledged", retriable=True)
        return found

    def _end(self, producer: Any, claim: bytes, version: str) -> None:
        """Every importer ends by marking the newest version, so that all partitions agree, also after two at once."""
        found = read_versions(self._kafka)
        while (newest := found.newest()) not in {None, version}:
            version = newest or version
            self._told(f"version {version} was written in the meantime")
            self._mark(producer, version)
            found = read_versions(self._kafka)
        now_ms = time.time() * MS
        before_ms = int(now_ms - self._kafka.sentences_kept_h * _HOUR_MS)
        for record in (*found.outdated(version, before_ms), *found.interrupted(now_ms), (claim, None)):
            self._put(producer, record)
        self._flush(producer)

    # -- writing ------------------------------------------------------------------------------------------------------

    def _mark(self, producer: Any, version: str) -> None:
        headers = [(H_FORMAT, LOG_FORMAT), (H_KIND, KIND_REFERENCE), (H_SOURCE, _SOURCE)]
        value = msgspec.json.encode(VersionMarker(version=version))
        # The real number of partitions, not that in this process's settings: one left out would keep the old list.
        partitions = self._partitions(producer)
        for partition in partitions:
            producer.send(self._log, value=value, partition=partition, headers=headers)
        self._flush(producer)
        self._put(producer, reference_records.marked(version))
        self._flush(producer)
        self._told(f"in force: written to {len(partitions)} partitions of {self._log}")

    def _partitions(self, producer: Any) -> list[int]:
        from kafka.errors import KafkaError

        try:
            found = sorted(producer.partitions_for(self._log) or ())
        except KafkaError as error:
            raise SinkError(f"{self._log}: {type(error).__name__}; import again", retriable=True) from error
        if not found:
            raise ConfigError(
                f"{self._log} does not exist: nothing is in force; create it with `wakewatch topics create`"
            )
        return found

    def _put(self, producer: Any, record: reference_records.Record) -> None:
        producer.send(self._topic, key=record[0], value=record[1], partition=0)

    def _flush(self, producer: Any) -> None:
        """Returns when Kafka has all records. Raises SinkError, also if another import may have begun since."""
        from kafka.errors import KafkaError

        try:
            producer.flush(timeout=_FLUSH_S)
        except KafkaError as error:
            raise SinkError(
                f"Kafka does not accept the list ({type(error).__name__}); import again", retriable=True
            ) from error
        if time.monotonic() - self._began_s > CLAIM_S - 2 * _FLUSH_S:
            raise SinkError("Kafka accepts the list too slowly; import again", retriable=True)
