"""Matches one vessel against the watchlist by hand: IMO decides, then MMSI, then call sign with flag.

Names are compared too, but are never more than a possible match: two listed vessels have the name MARIA, and another
ANGARA was lost in a fire.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from detectors.core.mid import flag_of
from detectors.core.names import likeness
from detectors.core.reference import ListedShip

_LEAST_LIKENESS: Final = 0.85
Field = Literal["imo", "mmsi", "call_sign", "name"]


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a vessel. ``flag`` is a country code; default: from the MMSI."""

    imo: int | None = None
    mmsi: int | None = None
    call_sign: str | None = None
    name: str | None = None
    flag: str | None = None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that may be the vessel."""

    ship: ListedShip
    matched_on: tuple[Field, ...]
    verdict: Literal["match", "possible"]
    likeness: float
    """1 for equal identities; the similarity of the names, 0..1, for a name alone."""
    note: str


def match(ships: Iterable[ListedShip], query: Query) -> list[Match]:
    """All entries that may be the vessel: matches first, then by similarity, then in the order of the list."""
    found = [each for ship in ships if (each := _against(ship, query)) is not None]
    return sorted(found, key=lambda each: (each.verdict != "match", -each.likeness))


def _against(ship: ListedShip, query: Query) -> Match | None:
    fields = _agreeing(ship, query)
    if ship.broken_up_on is not None:
        note = f"on no watchlist: broken up on {ship.broken_up_on} according to this list"
        return _made(ship, fields, "match", 1.0, note) if fields[:1] == ("imo",) else None
    likeness = _likeness(ship, query)
    if not fields and likeness < _LEAST_LIKENESS:
        return None
    if fields[:1] != ("imo",) and query.imo and ship.imo and not ship.imo_wrong:
        return _made(ship, fields or ("name",), "possible", likeness, f"but it is not IMO {ship.imo}: another vessel")
    if not fields:
        return _made(ship, ("name",), "possible", likeness, "names are shared: a name alone is never a match")
    return _made(ship, fields, "match", 1.0, _standing(fields))


def _agreeing(ship: ListedShip, query: Query) -> tuple[Field, ...]:
    flag = query.flag or (flag_of(query.mmsi) if query.mmsi else None)
    signs, flags = (ship.call_sign, *ship.more_call_signs), (ship.flag, *ship.former_flags)
    agree: dict[Field, bool] = {
        "imo": ship.imo is not None and not ship.imo_wrong and ship.imo == query.imo,
        "mmsi": query.mmsi is not None and query.mmsi in (ship.mmsi, *ship.more_mmsis),
        "call_sign": query.call_sign is not None and query.call_sign in signs and flag is not None and flag in flags,
    }
    return tuple(field for field, same in agree.items() if same)


def _standing(fields: tuple[Field, ...]) -> str:
    if fields[0] == "imo":
        return "the IMO number decides"
    return "by MMSI; an IMO number would decide" if fields[0] == "mmsi" else "by call sign and flag; the weakest match"


def _likeness(ship: ListedShip, query: Query) -> float:
    return max(likeness(query.name or "", name) for name in (ship.name, *ship.former_names))


def _made(
    ship: ListedShip, fields: tuple[Field, ...], verdict: Literal["match", "possible"], likeness: float, note: str
) -> Match:
    return Match(ship=ship, matched_on=fields, verdict=verdict, likeness=likeness, note=note)
