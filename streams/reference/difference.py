"""What changed between two lists."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from detectors.core.reference import ListedShip, Zone


class ListDifference(msgspec.Struct, frozen=True, kw_only=True):
    """By list and entry id, in the order of the lists."""

    added: tuple[ListedShip, ...]
    removed: tuple[ListedShip, ...]
    changed: tuple[tuple[ListedShip, ListedShip], ...]
    """Before and after; another file of origin is not a change."""
    kept: int
    kept_broken_up: int = 0
    """Those of ``kept`` that are broken-up ships."""

    @property
    def vanishing(self) -> float:
        """The share of the former list that is gone: of watched vessels, or of broken-up ships if that is larger.

        Thousands of broken-up ships must not hide that a watchlist has lost its vessels.
        """
        gone, was = sum(map(is_broken_up, self.removed)), sum(is_broken_up(old) for old, _ in self.changed)
        of_broken_up = gone / max(gone + was + self.kept_broken_up, 1)
        watched, kept = len(self.removed) - gone, self.kept - self.kept_broken_up
        return max(of_broken_up, watched / max(watched + len(self.changed) - was + kept, 1))


def is_broken_up(ship: ListedShip) -> bool:
    """Whether an entry is of a list of broken-up ships."""
    return ship.broken_up_on is not None


def difference(former: Sequence[ListedShip], now: Sequence[ListedShip]) -> ListDifference:
    """From ``former`` to ``now``."""
    was = {(ship.list, ship.entry_id): ship for ship in former}
    is_ = {(ship.list, ship.entry_id): ship for ship in now}
    both = [(was[key], ship) for key, ship in is_.items() if key in was]
    changed = tuple((old, new) for old, new in both if replace(old, source=None) != replace(new, source=None))
    return ListDifference(
        added=tuple(ship for key, ship in is_.items() if key not in was),
        removed=tuple(ship for key, ship in was.items() if key not in is_),
        changed=changed,
        kept=len(both) - len(changed),
        kept_broken_up=sum(is_broken_up(old) for old, _ in both) - sum(is_broken_up(old) for old, _ in changed),
    )


class ZoneDifference(msgspec.Struct, frozen=True, kw_only=True):
    """By name and dates, in the order of the zones."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    kept: int

    @property
    def vanishing(self) -> float:
        """The share of the former zones that is gone."""
        former = len(self.removed) + len(self.changed) + self.kept
        return len(self.removed) / former if former else 0.0


def zone_difference(former: Sequence[Zone], now: Sequence[Zone]) -> ZoneDifference:
    """From ``former`` to ``now``."""
    was = {(zone.name, zone.from_date, zone.to_date): zone for zone in former}
    is_ = {(zone.name, zone.from_date, zone.to_date): zone for zone in now}
    changed = tuple(zone.name for key, zone in is_.items() if key in was and was[key] != zone)
    return ZoneDifference(
        added=tuple(zone.name for key, zone in is_.items() if key not in was),
        removed=tuple(zone.name for key, zone in was.items() if key not in is_),
        changed=changed,
        kept=sum(key in was for key in is_) - len(changed),
    )
