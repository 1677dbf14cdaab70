"""Owners of vessels among FollowTheMoney entities. No I/O.

A vessel names its owner as an entity inside its own (nested files), by the id of another line, or not at all: then a
line of schema ``Ownership`` names both. Lines come in any order, so names and ownerships are kept until all are read;
of entities that no vessel has named yet only as many as ``KEPT_MOST``. An owner without a line is known by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from detectors.core.reference import ListedShip
from streams.reference import list_cells
from streams.reference.list_cells import Refusal
from streams.reference.registration import links

KEPT_MOST: Final = 50_000
_OWNERSHIP: Final = b'"Ownership"'


class _Named(msgspec.Struct, frozen=True):
    id: str
    schema: str
    caption: str = ""


class _OwnershipProperties(msgspec.Struct, frozen=True):
    owner: list[Any] = []
    asset: list[Any] = []
    endDate: list[Any] = []  # noqa: N815 - FollowTheMoney's name


class _Ownership(msgspec.Struct, frozen=True):
    schema: str
    properties: _OwnershipProperties = _OwnershipProperties()


class FtmOwners:
    """Gathers owners from the lines of a file."""

    def __init__(self) -> None:
        self.left_out = 0
        """Names and ownerships that were not kept."""
        self._names: dict[str, str] = {}
        self._owners: dict[str, dict[str, None]] = {}
        """By id of a vessel: names or ids."""
        self._of_others: dict[str, dict[str, None]] = {}
        """By id of an asset that may be a vessel in a later line."""
        self._wanted: set[str] = set()
        self._named = msgspec.json.Decoder(_Named)
        self._ownership = msgspec.json.Decoder(_Ownership)

    def take_vessel(self, entity_id: str, properties: dict[str, list[Any]]) -> None:
        """The owners that a vessel names."""
        told = list(properties.get("owner", []))
        for each in properties.get("ownershipAsset", []):
            inner = each.get("properties") if isinstance(each, dict) else None
            if isinstance(inner, dict) and not inner.get("endDate"):
                told += inner.get("owner") or []
        self._add(self._owners.setdefault(entity_id, self._of_others.pop(entity_id, {})), told)

    def take_other(self, raw: bytes) -> None:
        """A line about something else: the name of an owner, or an ownership. Malformed ones have no owner."""
        try:
            if _OWNERSHIP in raw and (link := self._ownership.decode(raw)).schema == "Ownership":
                self._own(link.properties)
            else:
                self._name(self._named.decode(raw))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return

    def _own(self, link: _OwnershipProperties) -> None:
        for asset in link.asset if not link.endDate else []:
            known = self._owners if asset in self._owners else self._of_others
            if known is self._owners or asset in known or len(known) < KEPT_MOST:
                self._add(known.setdefault(str(asset), {}), link.owner)
            else:
                self.left_out += 1

    def _name(self, entity: _Named) -> None:
        if entity.id in self._wanted or len(self._names) < KEPT_MOST:
            self._names[entity.id] = entity.caption
        else:
            self.left_out += 1

    def _add(self, owners: dict[str, None], told: list[Any]) -> None:
        for each in told:
            if isinstance(each, str):
                self._wanted.add(each)
                owners[each] = None
            elif isinstance(each, dict):
                owners[str(each.get("caption") or each.get("id") or "")] = None

    def named(self, ship: ListedShip) -> ListedShip:
        """The ship of a vessel's line with its owners, once all lines are read."""
        names = links(_cleaned(self._names.get(each) or each for each in self._owners.get(ship.entry_id, {})))
        if not names:
            return ship
        return replace(ship, linked_to=names, owner=ship.owner or "; ".join(names)[:500])


def _cleaned(names: Iterator[str]) -> Iterator[str | None]:
    for name in names:
        try:
            yield list_cells.text(name)
        except Refusal:
            continue
