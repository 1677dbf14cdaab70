"""Versions of the watchlist as records of ``ais.reference.v1``: what is written, and what that gives again. No I/O.

Key ``VERSION/ship/LIST/ENTRY`` holds one entry, ``VERSION/head`` how many there are, ``VERSION/marked`` that every
partition of the log has been told. Content goes first, then the head: a version without its head, or with fewer
entries than its head says, is none. Old versions stay until the log no longer holds anything that they were in force
for, so that a snapshot and a replay of the log find the version that they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from detectors.core.reference import ListedShip

Record = tuple[bytes, bytes | None]
"""Key and value; None deletes."""

_HEAD: Final = "head"
_MARKED: Final = "marked"
_SHIP: Final = "ship"
_PARTS: Final = 3


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a version. ``place`` is its place in the list."""

    place: int
    ship: ListedShip


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A version is whole when as many entries are there."""

    version: str
    ships: int
    lists: dict[str, int]


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """In the log: from here on ``version`` is in force. Saying it twice changes nothing."""

    version: str


class _Version:
    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.head: Head | None = None
        self.head_offset = -1
        self.marked = False
        self.written_ms = 0


class Shelf:
    """What the topic holds. Feed it every record, in order."""

    def __init__(self) -> None:
        self._versions: dict[str, _Version] = {}

    def put(self, key: bytes, value: bytes | None, offset: int = 0, written_ms: int = 0) -> None:
        """One record; what is none of ours is passed over."""
        parts = key.decode("utf-8", "replace").split("/", 2)
        if len(parts) < _PARTS - 1:
            return
        name, kind = parts[0], parts[1]
        version = self._versions.setdefault(name, _Version())
        version.written_ms = max(version.written_ms, written_ms)
        if kind == _SHIP:
            version.entries.pop(key, None)
            if value is not None:
                version.entries[key] = value
        elif kind == _HEAD:
            version.head, version.head_offset = _head(value), offset
        elif kind == _MARKED:
            version.marked = value is not None

    def ships(self, version: str) -> tuple[ListedShip, ...] | None:
        """The entries of a version in their order; None when it is not whole, or cannot be read."""
        held = self._versions.get(version)
        if held is None or held.head is None or len(held.entries) != held.head.ships:
            return None
        try:
            shelved = [msgspec.json.decode(value, type=Shelved) for value in held.entries.values()]
        except msgspec.MsgspecError:
            return None
        return tuple(each.ship for each in sorted(shelved, key=lambda each: each.place))

    def newest(self) -> str | None:
        """The version whose head was written last; None when there is none."""
        headed = [(held.head_offset, name) for name, held in self._versions.items() if held.head is not None]
        return max(headed)[1] if headed else None

    def written_ms(self, version: str) -> int:
        """When the newest record of a version was written, Unix ms; 0 for one that is not held."""
        held = self._versions.get(version)
        return held.written_ms if held is not None else 0

    def is_marked(self, version: str) -> bool:
        """Whether every partition has been told of it."""
        return version in self._versions and self._versions[version].marked

    def outdated(self, in_force: str, before_ms: int) -> Iterator[Record]:
        """Records that delete the versions last written before ``before_ms``, save the one in force."""
        for name, held in self._versions.items():
            if name != in_force and held.written_ms < before_ms:
                for key in (*held.entries, _key(name, _MARKED), _key(name, _HEAD)):
                    yield key, None


def content(version: str, ships: Sequence[ListedShip]) -> Iterator[Record]:
    """The entries of a version."""
    for place, ship in enumerate(ships):
        yield _key(version, _SHIP, ship.list, ship.entry_id), msgspec.json.encode(Shelved(place=place, ship=ship))


def head(version: str, ships: Iterable[ListedShip]) -> Record:
    """The record that makes a version whole."""
    lists: dict[str, int] = {}
    for ship in ships:
        lists[ship.list] = lists.get(ship.list, 0) + 1
    made = Head(version=version, ships=sum(lists.values()), lists=lists)
    return _key(version, _HEAD), msgspec.json.encode(made)


def marked(version: str) -> Record:
    """The record that says that every partition was told."""
    return _key(version, _MARKED), b"{}"


def _key(*parts: str) -> bytes:
    return "/".join(parts).encode()


def _head(value: bytes | None) -> Head | None:
    try:
        return None if value is None else msgspec.json.decode(value, type=Head)
    except msgspec.MsgspecError:
        return None
