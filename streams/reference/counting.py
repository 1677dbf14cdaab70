"""Counts of the contents of a list file, so that an import can be checked by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from detectors.core.reference import ListedShip
from streams.reference.list_cells import RefusedRow
from streams.reference.watchlist import WatchlistFile

_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\b[0-9][0-9a-f.,-]*\b|\b(?:imo|mmsi|call_sign)/\S+")


class ListCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts for one file. ``refused`` and ``doubts`` are counted by reason, without names and numbers."""

    format: str
    ships: int
    with_imo: int
    """Ships with an IMO number whose check digit is right."""
    with_mmsi: int
    with_call_sign: int
    broken_up: int
    """Those of ``ships`` that were broken up: on no watchlist."""
    passed_over: int
    """Rows that are not about a ship."""
    refused: dict[str, int]
    doubts: dict[str, int]


def count(watchlist: WatchlistFile) -> ListCounts:
    """The counts of what was read."""
    ships = watchlist.ships
    return ListCounts(
        format=watchlist.format,
        ships=len(ships),
        with_imo=sum(ship.imo is not None and not ship.imo_wrong for ship in ships),
        with_mmsi=sum(ship.mmsi is not None for ship in ships),
        with_call_sign=sum(ship.call_sign is not None for ship in ships),
        broken_up=sum(ship.broken_up_on is not None for ship in ships),
        passed_over=watchlist.passed_over,
        refused=_by_reason(watchlist.refused),
        doubts=_by_reason(watchlist.doubts),
    )


def vessels_text(ships: Sequence[ListedShip], noun: str = "vessels") -> str:
    """``12 vessels``; with ``and 409 broken-up ships`` if there are any, which are on no watchlist."""
    broken_up = sum(ship.broken_up_on is not None for ship in ships)
    return f"{len(ships) - broken_up} {noun}" + (f" and {broken_up} broken-up ships" if broken_up else "")


def _by_reason(refused: tuple[RefusedRow, ...]) -> dict[str, int]:
    counted = Counter(kind_of(each.reason) for each in refused)
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def kind_of(reason: str) -> str:
    """A reason without names and numbers: ``IMO 9187630 ends in ...`` is ``IMO ... ends in ...``."""
    head = reason.partition("; ")[0]
    return " ".join(_PARTICULAR.sub("...", head).split())
