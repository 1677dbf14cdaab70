"""Equal values of many entries as one object: 100,000 decoded entries take half the memory so."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from msgspec.structs import force_setattr

from detectors.core.reference import ListedShip

_REPEATED: Final = (
    "list",
    "flag",
    "former_flags",
    "ship_type",
    "programme",
    "topics",
    "owner",
    "linked_to",
    "listed_on",
    "source",
)


def share_values(ships: Sequence[ListedShip]) -> None:
    """Makes equal values of these entries the same objects. Call before anything else knows the entries."""
    known: dict[Hashable, Hashable] = {}
    for ship in ships:
        for name in _REPEATED:
            value = getattr(ship, name)
            if value:
                one = known.setdefault(value, value)
                if one is not value:
                    force_setattr(ship, name, one)
