"""The records of ``ais.reference.v1`` (see ``streams.reference.stored_versions``): their types and keys. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from detectors.core.reference import ListedShip, Reference, Zone

Record = tuple[bytes, bytes | None]
"""Key and value; None deletes."""

BEGUN: Final = "begun"
HEAD: Final = "head"
MARKED: Final = "marked"
SHIP: Final = "ship"
ZONE: Final = "zone"
OWN_LIST: Final = "OWN"
"""The list of a team's own ships, which it changes one by one."""
_ZONED: Final = "z"


class VersionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a version. ``place`` is its place in the list."""

    place: int
    ship: ListedShip


class ChangeMade(msgspec.Struct, frozen=True, kw_only=True):
    """The change of one person that made a version from the one before."""

    by: str
    at: str
    """Wall clock, RFC 3339."""
    said: str
    """The change in words: ``added ANGARA (IMO 9179842) to the own list``."""


class VersionHead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The size of a version: it is complete when it has this number of entries."""

    version: str
    ships: int
    lists: dict[str, int]
    zones: int | None = None
    """None: the version has no zones of its own."""
    change: ChangeMade | None = None
    """None: an import of files."""


class ImportBegun(msgspec.Struct, frozen=True, kw_only=True):
    """An import that began: written first, and deleted when it ends. One that stays was interrupted."""

    based_on: int
    """Offset of the head against which its difference was shown; -1: there was none."""
    command: str
    """The command, to be called again."""


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """An import that has begun and has not ended, since ``began_ms``, Unix ms."""

    version: str
    began_ms: int
    whole: bool
    """Its lists and zones are written, and partitions of the log must still be marked. Otherwise content is missing."""
    command: str
    """The command; empty if not known."""


class VersionMarker(msgspec.Struct, frozen=True, kw_only=True):
    """In the log: from here on ``version`` is in force. A second marker of the same version changes nothing."""

    version: str


def version_of(reference: Reference, *, zoned: bool) -> str:
    """The version name of a reference in the topic: the same lists with and without own zones are two versions."""
    return reference.version + (_ZONED if zoned else "")


def content(version: str, ships: Sequence[ListedShip], zones: Sequence[Zone] | None = None) -> Iterator[Record]:
    """The entries of a version, and its zones if it has its own."""
    for place, ship in enumerate(ships):
        yield key_of(version, SHIP, ship.list, ship.entry_id), msgspec.json.encode(VersionEntry(place=place, ship=ship))
    for place, zone in enumerate(zones or ()):
        yield key_of(version, ZONE, f"{place:06d}"), msgspec.json.encode(zone)


def begun(version: str, number: str, based_on: int, command: str) -> tuple[bytes, bytes]:
    """The record that states that an import has begun; ``number`` distinguishes imports of the same version."""
    return key_of(version, BEGUN, number), msgspec.json.encode(ImportBegun(based_on=based_on, command=command))


def head(
    version: str, ships: Iterable[ListedShip], zones: Sequence[Zone] | None = None, change: ChangeMade | None = None
) -> Record:
    """The record that completes a version."""
    lists: dict[str, int] = {}
    for ship in ships:
        lists[ship.list] = lists.get(ship.list, 0) + 1
    count = None if zones is None else len(zones)
    made = VersionHead(version=version, ships=sum(lists.values()), lists=lists, zones=count, change=change)
    return key_of(version, HEAD), msgspec.json.encode(made)


def marked(version: str) -> Record:
    """The record that states that every partition was marked."""
    return key_of(version, MARKED), b"{}"


def key_of(*parts: str) -> bytes:
    """A record's key."""
    return "/".join(parts).encode()
