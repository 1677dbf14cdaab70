"""Which listed ships have a linked owner in common, over all lists of a reference."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

import numpy as np

from detectors.core.identities.matching import watched
from detectors.core.listing_reasons import vessel_key
from detectors.core.reference import ListedShip, Reference
from detectors.core.shared_cache import Once

_NOT_LETTERS: Final = re.compile(r"[\W_]+")
_HASH_BYTES: Final = 8
_SIDES: Final[tuple[Literal["left", "right"], ...]] = ("left", "right")


class SharedOwner(NamedTuple):
    """A linked owner, and the other ships that lists link to it."""

    owner: str
    """As the entry names it."""
    ships: tuple[ListedShip, ...]
    """One entry for each ship, in the order of the lists; not the ship itself."""


class LinkedOwners:
    """Entries by linked owner. Names count as equal if their letters and digits are, in any case.

    An index of hashes: twelve bytes for each link, so a list of 100,000 entries takes a megabyte.
    """

    def __init__(self, reference: Reference) -> None:
        self._ships = reference.ships
        links = ((_hash(key), n) for n, ship in watched(reference.ships) for key in _keys(ship))
        found = np.fromiter(links, [("owner", "<u8"), ("entry", "<u4")])
        found.sort(order=("owner", "entry"))
        self._owners, self._entries = found["owner"].copy(), found["entry"].copy()

    def shared(self, listings: Iterable[ListedShip], day: str) -> SharedOwner | None:
        """The owner of a ship, given as its entries, with the most other ships listed on an ISO date.

        None if it is linked to none, or no other ship is.
        """
        own = tuple(listings)
        found = [SharedOwner(name, self._others(name, own, day)) for entry in own for name in linked_names(entry)]
        most = max(found, key=lambda each: len(each.ships), default=None)
        return most if most is not None and most.ships else None

    def _others(self, name: str, own: tuple[ListedShip, ...], day: str) -> tuple[ListedShip, ...]:
        key, ours = owner_key(name), {vessel_key(entry) for entry in own}
        first, last = (self._owners.searchsorted(_hash(key), side) for side in _SIDES)
        others: dict[object, ListedShip] = {}
        for ship in (self._ships[n] for n in self._entries[first:last].tolist()):
            listed = not (ship.delisted_on and ship.delisted_on <= day)
            if listed and vessel_key(ship) not in ours and key in _keys(ship):
                others.setdefault(vessel_key(ship), ship)
        return tuple(others.values())


linked_owners_of: Final = Once(LinkedOwners)
"""The index of a reference; made once for all partitions that share it."""


def linked_names(ship: ListedShip) -> tuple[str, ...]:
    """The owners and others to which a list links a ship."""
    return ship.linked_to or tuple(filter(None, [ship.owner]))


def _keys(ship: ListedShip) -> Iterator[str]:
    names = dict.fromkeys(owner_key(name) for name in linked_names(ship))
    return (key for key in names if key)


def owner_key(name: str) -> str:
    """A name by its letters and digits, in small letters; nothing of it is left out as unimportant."""
    return _NOT_LETTERS.sub(" ", name).strip().casefold()


def _hash(key: str) -> np.uint64:
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=_HASH_BYTES).digest()
    return np.uint64(int.from_bytes(digest, "little"))
