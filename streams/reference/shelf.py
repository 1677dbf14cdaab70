"""Versions of the watchlist and the zones as records of ``ais.reference.v1``: to be written, and read again. No I/O.

Key ``VERSION/ship/LIST/ENTRY`` holds one entry, ``VERSION/zone/PLACE`` one zone (a version without zones leaves each
process its own), ``VERSION/head`` how many there are of both, ``VERSION/marked`` that every
partition of the log has been told. Content goes first, then the head: a version without its head, or with fewer
entries than its head says, is none. Old versions stay until the log no longer holds anything that they were in force
for, so that a snapshot and a replay of the log find the version that they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Final

import msgspec

from detectors.core.reference import ListedShip, Reference, Zone
from streams.errors import InputError
from streams.values import decoded

Record = tuple[bytes, bytes | None]
"""Key and value; None deletes."""

_HEAD: Final = "head"
_MARKED: Final = "marked"
_SHIP: Final = "ship"
_ZONE: Final = "zone"
_ZONED: Final = "z"
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
    zones: int | None = None
    """None: it says nothing of zones."""


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """In the log: from here on ``version`` is in force. Saying it twice changes nothing."""

    version: str


class _Version:
    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.zones: dict[bytes, bytes] = {}
        self.head: Head | None = None
        self.head_offset = -1
        self.marked = False
        self.written_ms = 0

    @staticmethod
    def put(entries: dict[bytes, bytes], key: bytes, value: bytes | None) -> None:
        entries.pop(key, None)
        if value is not None:
            entries[key] = value


class Shelf:
    """What the topic holds. Feed it every record, in order."""

    def __init__(self) -> None:
        self._versions: dict[str, _Version] = {}

    def put(self, key: bytes, value: bytes | None, offset: int = 0, written_ms: int = 0) -> str:
        """One record; what cannot be read is passed over. Returns what is wrong with it: empty, mostly.

        So a record that cannot be read takes the place of none that can.
        """
        parts = key.decode("utf-8", "replace").split("/", 2)
        name, kind = (parts[0], parts[1]) if len(parts) >= _PARTS - 1 else ("", "")
        wrong = f"key {key[:40]!r} is none of this topic" if kind not in _KINDS else _wrong(name, kind, value)
        if wrong:
            return wrong
        version = self._versions.setdefault(name, _Version())
        version.written_ms = max(version.written_ms, written_ms)
        if kind == _HEAD:
            version.head, version.head_offset = None if value is None else decoded(value, Head), offset
        elif kind == _MARKED:
            version.marked = value is not None
        else:
            version.put(version.entries if kind == _SHIP else version.zones, key, value)
        return ""

    def ships(self, version: str) -> tuple[ListedShip, ...] | None:
        """The entries of a version in their order; None when it is not whole, or cannot be read."""
        held = self._whole(version)
        if held is None:
            return None
        shelved = [decoded(value, Shelved) for value in held.entries.values()]
        return tuple(each.ship for each in sorted(shelved, key=lambda each: each.place))

    def zones(self, version: str) -> tuple[Zone, ...] | None:
        """The zones of a version in their order; None when it is not whole, or has none of its own."""
        held = self._whole(version)
        if held is None or held.head is None or held.head.zones is None:
            return None
        return tuple(decoded(value, Zone) for _, value in sorted(held.zones.items()))

    def reference(self, version: str | None, own: Reference) -> Reference | None:
        """A version with the ports of ``own``, and its zones where it has none; None when it is not whole."""
        ships = self.ships(version) if version else None
        if ships is None or version is None:
            return None
        zones = self.zones(version)
        return Reference(ships=ships, zones=own.zones if zones is None else zones, ports=own.ports, version=version)

    def _whole(self, version: str) -> _Version | None:
        held = self._versions.get(version)
        if held is None or held.head is None or len(held.entries) != held.head.ships:
            return None
        return held if len(held.zones) == (held.head.zones or 0) else None

    def newest(self) -> str | None:
        """The version whose head was written last; None when there is none."""
        headed = [(held.head_offset, name) for name, held in self._versions.items() if held.head is not None]
        return max(headed)[1] if headed else None

    def written_ms(self, version: str) -> int:
        """When the newest record of a version was written, Unix ms; 0 for one that is not held."""
        held = self._versions.get(version)
        return held.written_ms if held is not None else 0

    def _until_ms(self, held: _Version) -> float:
        """Until when a version was in force."""
        if held.head is None:
            return held.written_ms
        later = (each.written_ms for each in self._versions.values() if each.head is not None)
        return min((written_ms for written_ms in later if written_ms > held.written_ms), default=inf)

    def in_force_before(self, time_ms: float) -> str | None:
        """The version that every partition was told of last before ``time_ms``; None when there was none."""
        told = [(v.written_ms, name) for name, v in self._versions.items() if v.marked and v.written_ms < time_ms]
        return max(told, default=(0, None))[1]

    def is_marked(self, version: str) -> bool:
        """Whether every partition has been told of it."""
        return version in self._versions and self._versions[version].marked

    def outdated(self, in_force: str, before_ms: int) -> Iterator[Record]:
        """Records that delete the versions that others took the place of before ``before_ms``, save the one in force.

        One that no other took the place of yet was in force until now; one that never was whole is deleted by its age.
        """
        for name, held in self._versions.items():
            if name != in_force and self._until_ms(held) < before_ms:
                for key in (*held.entries, *held.zones, _key(name, _MARKED), _key(name, _HEAD)):
                    yield key, None


def version_of(reference: Reference, *, zoned: bool) -> str:
    """What a reference is called in the topic: one that brings its zones is another than one that leaves them."""
    return reference.version + (_ZONED if zoned else "")


def content(version: str, ships: Sequence[ListedShip], zones: Sequence[Zone] | None = None) -> Iterator[Record]:
    """The entries of a version, and its zones when it has its own."""
    for place, ship in enumerate(ships):
        yield _key(version, _SHIP, ship.list, ship.entry_id), msgspec.json.encode(Shelved(place=place, ship=ship))
    for place, zone in enumerate(zones or ()):
        yield _key(version, _ZONE, f"{place:06d}"), msgspec.json.encode(zone)


def head(version: str, ships: Iterable[ListedShip], zones: Sequence[Zone] | None = None) -> Record:
    """The record that makes a version whole."""
    lists: dict[str, int] = {}
    for ship in ships:
        lists[ship.list] = lists.get(ship.list, 0) + 1
    count = None if zones is None else len(zones)
    made = Head(version=version, ships=sum(lists.values()), lists=lists, zones=count)
    return _key(version, _HEAD), msgspec.json.encode(made)


def marked(version: str) -> Record:
    """The record that says that every partition was told."""
    return _key(version, _MARKED), b"{}"


def _key(*parts: str) -> bytes:
    return "/".join(parts).encode()


def _wrong(name: str, kind: str, value: bytes | None) -> str:
    """What is wrong with a record of a version; empty when nothing is."""
    if value is None or kind == _MARKED:
        return ""
    try:
        found = decoded(value, _KINDS[kind])
    except InputError as error:
        return str(error)
    if isinstance(found, Head) and found.version != name:
        return f"head of version {found.version[:40]!r} under the key of {name[:40]!r}"
    return ""


_KINDS: Final[Mapping[str, type[msgspec.Struct]]] = {_SHIP: Shelved, _ZONE: Zone, _HEAD: Head, _MARKED: msgspec.Struct}
"""By the second part of a key: what its value is; of ``marked`` only that there is one matters."""
