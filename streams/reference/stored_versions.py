"""Versions of the watchlist and the zones as records of ``ais.reference.v1``: writes and reads them. No I/O.

Key ``VERSION/begun/IMPORT`` states that an import has begun, ``VERSION/ship/LIST/ENTRY`` holds one entry,
``VERSION/zone/PLACE`` one zone (a version without zones leaves each process its own), ``VERSION/head`` the number of
both, ``VERSION/marked`` that every partition of the log has its marker. Content is written before the head: a version
without its head, or with fewer entries than the head states, does not count; one that was not marked after its head is
not in force yet. Old versions stay until the log no longer has records for which they were in force, so that a snapshot
and a replay of the log find the version that they need.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Final

import msgspec

from detectors.core.reference import ListedShip, Reference, Zone
from streams.errors import InputError
from streams.messages.reference_records import (
    BEGUN,
    HEAD,
    MARKED,
    OWN_LIST,
    SHIP,
    ZONE,
    ChangeMade,
    ImportBegun,
    Record,
    Unfinished,
    VersionEntry,
    VersionHead,
    key_of,
)
from streams.messages.values import decoded
from streams.reference.held_version import Claim, HeldVersion
from streams.reference.shared_values import share_values

CLAIM_S: Final = 300.0
"""How long an import that began blocks others. One that takes longer gives up before it writes the next step."""
_MS: Final = 1000
_OWN: Final = f"{OWN_LIST}/"
_PARTS: Final = 3


class VersionStore:
    """The contents of the topic. Call ``put`` for every record, in order.

    With ``ships_of`` it does not keep the entries of other versions; do not call ``ships`` for those: twelve versions
    of 50,000 entries are 200 MB, and their keys alone grew a console by 0.4 MB with each import of 2,000. ``ships_of``
    may be empty, for readers of zones alone.
    """

    def __init__(self, ships_of: str | None = None) -> None:
        self._versions: dict[str, HeldVersion] = {}
        self._ships_of = ships_of

    def put(self, key: bytes, value: bytes | None, offset: int = 0, written_ms: int = 0) -> str:
        """Adds one record; an unreadable one is skipped. Returns what is wrong with it, which is usually empty.

        So an unreadable record never replaces a readable one.
        """
        parts = key.decode("utf-8", "replace").split("/", 2)
        name, kind = (parts[0], parts[1]) if len(parts) >= _PARTS - 1 else ("", "")
        wrong = f"key {key[:40]!r} does not belong to this topic" if kind not in _KINDS else _wrong(name, kind, value)
        if wrong:
            return wrong
        version = self._versions.setdefault(name, HeldVersion())
        if kind == BEGUN:
            version.begun.pop(key, None)
            if value is not None:
                version.begun[key] = Claim(offset, written_ms, decoded(value, ImportBegun))
            return ""
        version.written_ms = max(version.written_ms, written_ms)
        if kind == HEAD:
            head = None if value is None else decoded(value, VersionHead)
            version.counted &= head is not None and version.head is not None and head.ships == version.head.ships
            version.head, version.head_offset, version.head_ms = head, offset, written_ms
        elif kind == MARKED:
            version.marked_offset, version.marked_ms = (offset, written_ms) if value is not None else (-1, 0)
        else:
            self._put_content(version, parts, key, value)
        if self._ships_of not in {None, name}:
            version.settle()
        return ""

    def _put_content(self, version: HeldVersion, parts: list[str], key: bytes, value: bytes | None) -> None:
        """An entry or a zone."""
        if parts[1] == SHIP and parts[-1].startswith(_OWN):
            version.put(version.own, key, value)
        if parts[1] == ZONE or self._ships_of in {None, parts[0]}:
            version.put(version.entries if parts[1] == SHIP else version.zones, key, value)
        else:
            version.count(key, value)

    def ships(self, version: str) -> tuple[ListedShip, ...] | None:
        """The entries of a version in their order; None if it is incomplete, or cannot be read."""
        held = self._whole(version)
        if held is None:
            return None
        assert not held.counted or not held.head or not held.head.ships, "its entries are not kept"
        shelved = [decoded(value, VersionEntry) for value in held.entries.values()]
        ships = tuple(each.ship for each in sorted(shelved, key=lambda each: each.place))
        share_values(ships)
        return ships

    def own_ships(self, version: str | None) -> tuple[ListedShip, ...]:
        """The own list of a version; known without its other entries."""
        held = self._versions.get(version or "")
        kept = sorted((decoded(value, VersionEntry) for value in held.own.values()), key=_place) if held else ()
        return tuple(each.ship for each in kept)

    def zones(self, version: str) -> tuple[Zone, ...] | None:
        """The zones of a version in their order; None if it is incomplete, or has none of its own."""
        held = self._whole(version)
        if held is None or held.head is None or held.head.zones is None:
            return None
        return tuple(decoded(value, Zone) for _, value in sorted(held.zones.items()))

    def reference(self, version: str | None, own: Reference) -> Reference | None:
        """A version with the ports of ``own``, and its zones if it has none; None if it is incomplete."""
        ships = self.ships(version) if version else None
        if ships is None or version is None:
            return None
        zones = self.zones(version)
        return Reference(ships=ships, zones=own.zones if zones is None else zones, ports=own.ports, version=version)

    def _whole(self, version: str) -> HeldVersion | None:
        held = self._versions.get(version)
        if held is None or held.head is None or not held.has_entries:
            return None
        return held if len(held.zones) == (held.head.zones or 0) else None

    def newest(self) -> str | None:
        """The version whose head was written last, in force or not; None if there is none."""
        headed = [(held.head_offset, name) for name, held in self._versions.items() if held.head is not None]
        return max(headed)[1] if headed else None

    def newest_offset(self) -> int:
        """The offset of that head; -1 if there is none."""
        return max((held.head_offset for held in self._versions.values() if held.head is not None), default=-1)

    def in_force(self) -> str | None:
        """The version that every partition was notified of last; None if there was none."""
        told = [(held.marked_offset, name) for name, held in self._versions.items() if held.in_force]
        return max(told)[1] if told else None

    def head(self, version: str) -> VersionHead | None:
        """Its head, if there is one."""
        return self._versions[version].head if version in self._versions else None

    def changes(self) -> list[ChangeMade]:
        """The changes of own ships and areas whose versions are still held, newest first."""
        heads = sorted(((v.head_offset, v.head) for v in self._versions.values() if v.head), reverse=True, key=_first)
        return [head.change for _, head in heads if head.change is not None]

    def marked_ms(self, version: str) -> int:
        """When every partition had been notified of a version, Unix ms; 0 if that has not happened."""
        return self._versions[version].marked_ms if version in self._versions else 0

    def unfinished(self) -> Unfinished | None:
        """The import that began last and has not ended, unless a later one has ended; usually None."""
        last = max((held.marked_offset for held in self._versions.values()), default=-1)
        begun = [(c.offset, c, name) for name, v in self._versions.items() for c in v.begun.values() if c.offset > last]
        newest = self.newest()
        if newest is not None and not self._versions[newest].in_force:
            held = self._versions[newest]
            said = max((claim for claim in held.begun.values()), default=None)
            command = said.begun.command if said else ""
            return Unfinished(version=newest, began_ms=held.head_ms, whole=True, command=command)
        if not begun:
            return None
        _, claim, name = max(begun)
        return Unfinished(version=name, began_ms=claim.at_ms, whole=False, command=claim.begun.command)

    def has_begun(self, key: bytes) -> bool:
        """Whether the import of this key has begun and has not ended."""
        return any(key in held.begun for held in self._versions.values())

    def rival(self, key: bytes, now_ms: float) -> Unfinished | None:
        """An import of another version that began before the one of ``key``, has not ended, and can still continue."""
        own = self._versions[key.decode().split("/", 1)[0]].begun[key].offset
        last = max((held.marked_offset for held in self._versions.values()), default=-1)
        for name, held in self._versions.items():
            for claim in held.begun.values():
                another = not key.startswith(name.encode() + b"/")
                if another and last < claim.offset < own and _can_go_on(claim, now_ms):
                    whole = held.head is not None and held.head_offset > claim.offset
                    return Unfinished(version=name, began_ms=claim.at_ms, whole=whole, command=claim.begun.command)
        return None

    def written_ms(self, version: str) -> int:
        """When the newest record of a version was written, Unix ms; 0 for a version that is not there."""
        held = self._versions.get(version)
        return held.written_ms if held is not None else 0

    def _until_ms(self, held: HeldVersion) -> float:
        """Until when a version was in force."""
        if held.head is None:
            return held.written_ms
        later = (each.written_ms for each in self._versions.values() if each.head is not None)
        return min((written_ms for written_ms in later if written_ms > held.written_ms), default=inf)

    def in_force_before(self, time_ms: float) -> str | None:
        """The version that every partition was notified of last before ``time_ms``; None if there was none."""
        told = [(v.marked_ms, name) for name, v in self._versions.items() if v.marked_offset >= 0]
        return max((one for one in told if one[0] < time_ms), default=(0, None))[1]

    def is_marked(self, version: str) -> bool:
        """Whether every partition was notified of it."""
        return version in self._versions and self._versions[version].marked_offset >= 0

    def interrupted(self, now_ms: float) -> Iterator[Record]:
        """Records that delete the begins of imports that can no longer continue."""
        for held in self._versions.values():
            yield from ((key, None) for key, claim in held.begun.items() if not _can_go_on(claim, now_ms))

    def outdated(self, in_force: str, before_ms: int) -> Iterator[Record]:
        """Records that delete the versions that were replaced before ``before_ms``, except the one in force.

        A version that was not replaced yet was in force until now; one that was never complete is deleted by its age.
        """
        for name, held in self._versions.items():
            if name != in_force and self._until_ms(held) < before_ms:
                for key in (*held.begun, *held.entries, *held.zones, key_of(name, MARKED), key_of(name, HEAD)):
                    yield key, None


def _place(entry: VersionEntry) -> int:
    return entry.place


def _first(pair: tuple[int, VersionHead]) -> int:
    return pair[0]


def _can_go_on(claim: Claim, now_ms: float) -> bool:
    """A time slightly ahead is from another machine's clock; one far ahead does not count."""
    return abs(now_ms - claim.at_ms) < CLAIM_S * _MS


def _wrong(name: str, kind: str, value: bytes | None) -> str:
    """What is wrong with a record of a version; empty if nothing is."""
    if value is None or kind == MARKED:
        return ""
    try:
        found = decoded(value, _KINDS[kind])
    except InputError as error:
        return str(error)
    if isinstance(found, VersionHead) and found.version != name:
        return f"head of version {found.version[:40]!r} under the key of {name[:40]!r}"
    return ""


_KINDS: Final[Mapping[str, type[msgspec.Struct]]] = {
    SHIP: VersionEntry,
    ZONE: Zone,
    HEAD: VersionHead,
    BEGUN: ImportBegun,
    MARKED: msgspec.Struct,
}
"""By the second part of a key: the type of its value; for ``marked`` only its presence matters."""
