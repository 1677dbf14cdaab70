"""Adopts another watchlist between two records: which vessels are listed now, which no longer, which were seen before.

Its place is in the log, so a replay has the same result. Every vessel in state is matched with the new list at once,
also those that have been silent for days. References to entries by number are renumbered, so that an open alert about a
ship on both lists continues unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.core.identities.matcher import WatchlistMatcher
from detectors.core.reference import ListedShip, Reference, Zone
from detectors.core.vessels.columns import Column_, Columns, Rows
from detectors.core.vessels.fleet import Fleet

GONE = -1
_DIGEST_BYTES: Final = 16
ZoneKey = tuple[str, str | None, str | None]
"""Name and dates."""


class Numbered(msgspec.Struct, frozen=True):
    """The meaning of the numbers in a fleet's columns. A snapshot has it, and may be loaded under another reference."""

    ships: dict[int, ListedShip] = {}
    """Entries by 1 + number; only those in use."""
    zones: tuple[ZoneKey, ...] = ()
    """All zones, by number."""
    zones_digest: str = ""
    """Hash of all their fields; empty in a snapshot without it."""

    @classmethod
    def under(cls, reference: Reference, numbers: Iterable[Column_]) -> Numbered:
        """The meaning under ``reference``; ``numbers`` are the columns with numbers of entries."""
        used = {int(number) for column in numbers for number in np.unique(column[column > 0])}
        ships = {n: reference.ships[n - 1] for n in sorted(used)}
        return cls(ships, zone_keys(reference), _digest_of(reference.zones))


def zone_keys(reference: Reference) -> tuple[ZoneKey, ...]:
    """What distinguishes zones."""
    return tuple((zone.name, zone.from_date, zone.to_date) for zone in reference.zones)


def _digest_of(zones: Sequence[Zone]) -> str:
    return hashlib.blake2b(msgspec.json.encode(zones), digest_size=_DIGEST_BYTES).hexdigest()


class Renumbering(NamedTuple):
    """The new numbers under another reference; ``GONE`` for entries that are not in it."""

    entries: Mapping[int, int]
    """1 + number."""
    zones: Mapping[int, int]
    other_zones: bool
    """Whether a zone was added, removed or changed."""

    @classmethod
    def between(cls, former: Numbered, now: Reference) -> Renumbering:
        """Entries by list and entry id, zones by name and dates."""
        entries = {(ship.list, ship.entry_id): n for n, ship in enumerate(now.ships, 1)}
        zones = {key: n for n, key in enumerate(zone_keys(now))}
        return cls(
            {n: entries.get((s.list, s.entry_id), GONE) for n, s in former.ships.items()},
            {n: zones.get(key, GONE) for n, key in enumerate(former.zones)},
            former.zones_digest != _digest_of(now.zones),
        )

    def apply(self, numbers: Column_) -> None:
        """Renumbers a column of entries in place; 0 stays 0, GONE stays GONE."""
        for row in np.flatnonzero(numbers > 0).tolist():
            numbers[row] = self.entries.get(int(numbers[row]), GONE)

    def apply_zones(self, numbers: Column_) -> None:
        """Renumbers a column of zones in place; a negative number stays."""
        for row in np.flatnonzero(numbers >= 0).tolist():
            numbers[row] = self.zones.get(int(numbers[row]), GONE)


def relist(fleet: Fleet, matcher: WatchlistMatcher, former: Numbered, now: Reference) -> Rows:
    """Matches the whole fleet with the new list. Returns the rows whose entry was added, removed or changed."""
    core = fleet.core
    listed = _listed(core, fleet.size)
    was = {row: tuple(former.ships.get(number) for number in _numbers(core, row)) for row in listed.tolist()}
    rows = np.union1d(listed, matcher.suspects(fleet))
    matcher.refresh(fleet, rows)
    changed = [row for row in rows.tolist() if _entries(core, row, now) != was.get(row, (None, None))]
    return np.asarray(changed, np.intp)


def _listed(core: Columns, size: int) -> Rows:
    return np.flatnonzero((core.listed[:size] > 0) | (core.like[:size] > 0))


def _numbers(core: Columns, row: int) -> tuple[int, int]:
    return int(core.listed[row]), int(core.like[row])


def _entries(core: Columns, row: int, reference: Reference) -> tuple[ListedShip | None, ...]:
    """The entry that it matches, and the one that it resembles."""
    return tuple(reference.ships[number - 1] if number else None for number in _numbers(core, row))
