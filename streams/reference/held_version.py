"""What is known of one version of the lists and zones while its records are read. No I/O."""

from __future__ import annotations

from typing import NamedTuple

from streams.messages.reference_records import ImportBegun, VersionHead


class Claim(NamedTuple):
    """An import that began: the offset of its record, when that was written (Unix ms), and the record."""

    offset: int
    at_ms: int
    begun: ImportBegun


class HeldVersion:
    """One version, as far as its records were read."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.counted = False
        """All entries were there and are not kept: it only matters whether that remains so."""
        self.own: dict[bytes, bytes] = {}
        """The entries of the own list, which are few and are kept always."""
        self.zones: dict[bytes, bytes] = {}
        self.head: VersionHead | None = None
        self.head_offset = self.marked_offset = -1
        self.head_ms = self.marked_ms = self.written_ms = 0
        self.begun: dict[bytes, Claim] = {}

    @property
    def in_force(self) -> bool:
        """Whether every partition has been marked since the head was written."""
        return self.head is not None and self.marked_offset > self.head_offset

    @property
    def has_entries(self) -> bool:
        """Whether all entries are there."""
        return self.head is not None and (self.counted or len(self.entries) == self.head.ships)

    @staticmethod
    def put(entries: dict[bytes, bytes], key: bytes, value: bytes | None) -> None:
        """Adds or deletes a record; a later one comes last."""
        entries.pop(key, None)
        if value is not None:
            entries[key] = value

    def count(self, key: bytes, value: bytes | None) -> None:
        """Adds an entry by its key only, until all are there; then none is kept.

        If one of them is deleted, none counts: a new import of the version writes all of them.
        """
        if self.counted and value is not None:
            return
        self.counted = False
        self.put(self.entries, key, None if value is None else b"")

    def settle(self) -> None:
        """Keeps no entries once all have been counted."""
        if self.has_entries:
            self.entries.clear()
            self.counted = True
