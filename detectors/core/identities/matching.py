"""Matches one ship with the watchlist: the decision alone, in plain Python.

The IMO number decides, unless what the ship reports about itself contradicts the entry. Then the MMSI; then a call sign
under its flag. A ship that states another (well-formed) IMO number than its entry's is another ship. Names are
compared last, only of ships without a known IMO number, and never decide: a name needs two of flag, type and length
in support, and is a likeness, not a match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, Literal, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.imo_number import is_imo_number
from detectors.core.mid import flag_of
from detectors.core.names import AIS_LETTERS, NameIndex, likeness
from detectors.core.reference import ListedShip

Field = Literal["imo", "mmsi", "call_sign", "name"]
Family = Literal["tanker", "cargo", "passenger", "tug", "fishing", "yacht", "work", "naval"]

LIKENESS_LEAST: Final = 0.88
SUPPORTS_LEAST: Final = 2
NAME_LETTERS_LEAST: Final = 4
LENGTH_SHARE: Final = 0.5  # an entry of 100 m is contradicted by a ship that states less than 50 m
SEAGOING_M: Final = 30  # IMO numbers are for ships of 100 GT and up: few are shorter
SAME_LENGTH_SHARE: Final = 0.06
_METRES_PER_CUBE_ROOT: Final = 5.0
"""A ship is about five metres long for each cube root of a gross ton (ANGARA: 12,050 GT, 119 m by 5.2)."""
_WEIGHTS: Final[dict[Field, float]] = {"imo": 1.0, "mmsi": 0.9, "call_sign": 0.75}
_NAME_WEIGHT, _SUPPORT_WEIGHT, _CONTRADICTED = 0.4, 0.15, 0.5
_WORDS: Final[tuple[tuple[str, Family], ...]] = (
    ("tug", "tug"),
    ("fish", "fishing"),
    ("trawl", "fishing"),
    ("yacht", "yacht"),
    ("pleasure", "yacht"),
    ("tanker", "tanker"),
    ("lpg", "tanker"),
    ("lng", "tanker"),
    ("bunker", "tanker"),
    ("naval", "naval"),
    ("supply", "work"),
    ("crew", "work"),
    ("research", "work"),
    ("dredg", "work"),
    ("pilot", "work"),
    ("passenger", "passenger"),
    ("ferry", "passenger"),
    ("cruise", "passenger"),
    ("cargo", "cargo"),
    ("bulk", "cargo"),
    ("container", "cargo"),
    ("ro-ro", "cargo"),
    ("roll", "cargo"),
    ("landing", "cargo"),
    ("reefer", "cargo"),
    ("vehicle", "cargo"),
)
_CODES: Final[dict[int, Family]] = {
    30: "fishing",
    31: "tug",
    32: "tug",
    52: "tug",
    36: "yacht",
    37: "yacht",
    35: "naval",
    **dict.fromkeys((33, 34, 50, 51, 53, 54, 55, 58), "work"),
    **dict.fromkeys(range(60, 70), "passenger"),
    **dict.fromkeys(range(70, 80), "cargo"),
    **dict.fromkeys(range(80, 90), "tanker"),
}
_NAMES_KEPT: Final = 100_000  # answers that are remembered; invented names must not fill memory
SMALL: Final = frozenset({"tug", "fishing", "yacht", "work", "naval"})
_Key = TypeVar("_Key", bound=Hashable)


class StatedIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The identity that a ship states; unknown is None."""

    mmsi: int | None = None
    imo: int | None = None
    call_sign: str | None = None
    name: str | None = None
    flag: str | None = None
    """Only if known otherwise than from the MMSI."""
    ship_type: int | None = None
    """AIS code."""
    length_m: int | None = None
    class_b: bool = False


class MatchVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One entry that the ship matches or resembles."""

    entry: int
    """Its number in the given list."""
    on: tuple[Field, ...]
    """What agrees, strongest first; ("name",) alone is a likeness."""
    contradictions: tuple[str, ...] = ()
    """Statements of the ship that contradict the entry: possible misuse of the identity."""
    score: float
    parts: tuple[tuple[str, float], ...]
    """The parts of the score, in the order of weight."""


class Register:
    """The listed ships, indexed by their identities."""

    def __init__(self, ships: Sequence[ListedShip]) -> None:
        self.ships = tuple(ships)
        self.imo = _index(ships, lambda s: () if s.imo is None or s.imo_wrong else (s.imo,))
        self.mmsi = _index(ships, lambda s: s.more_mmsis if s.mmsi is None else (s.mmsi, *s.more_mmsis))
        self.call_sign = _index(ships, _signs)
        self._near: dict[bytes, bool] = {}

    @cached_property
    def _names(self) -> NameIndex:
        names, owners = [], []
        for number, ship in watched(self.ships):
            for name in (ship.name, *ship.former_names):
                spellings = {name, name[:AIS_LETTERS].strip()}
                names += sorted(spellings)
                owners += [number] * len(spellings)
        return NameIndex(names, owners)

    def index_names(self) -> None:
        """Builds the index now that is otherwise built for the first name."""
        _ = self._names

    def listings(self, entry: int) -> tuple[int, ...]:
        """All entries about the same ship, including ``entry``, in order: by IMO number, otherwise by MMSI."""
        ship = self.ships[entry]
        if ship.imo is not None and not ship.imo_wrong:
            return tuple(self.imo[ship.imo])
        if ship.mmsi is None:
            return (entry,)
        same = [n for n in self.mmsi[ship.mmsi] if self.ships[n].imo is None or self.ships[n].imo_wrong]
        return tuple(same)

    def find(self, told: StatedIdentity) -> MatchVerdict | None:
        """The entry that ``told`` matches by IMO number, MMSI or call sign with flag; None if there is none."""
        stated = told.imo if told.imo and is_imo_number(told.imo) else None
        for entry in self._candidates(told, stated):
            return self._verdict(told, entry, self._agreeing(told, entry))
        return None

    def resembling(self, told: StatedIdentity) -> MatchVerdict | None:
        """The entry with a name similar to that of ``told``, and two of flag, type and length in support, or None."""
        if told.name is None or len(told.name) < NAME_LETTERS_LEAST or (told.imo and is_imo_number(told.imo)):
            return None
        found = [self._likeness(told, entry) for entry in self._names.near(told.name)]
        likely = [verdict for verdict in found if verdict is not None and not verdict.contradictions]
        return max(likely, key=lambda verdict: (verdict.score, -verdict.entry), default=None)

    def may_resemble(self, names: npt.NDArray[np.bytes_]) -> npt.NDArray[np.bool_]:
        """For each name in AIS form whether ``resembling`` may find an entry: never False if it would."""
        texts: list[bytes] = names.tolist()
        new = sorted({text for text in texts if text not in self._near})
        if len(self._near) + len(new) > _NAMES_KEPT:
            self._near.clear()
            new = sorted(set(texts))
        near = self._names.any_near([text.decode("ascii", "replace") for text in new])
        self._near.update(zip(new, near.tolist(), strict=True))
        return np.asarray([self._near[text] and len(text) >= NAME_LETTERS_LEAST for text in texts], bool)

    def _candidates(self, told: StatedIdentity, stated: int | None) -> Iterable[int]:
        if stated is not None and stated in self.imo:
            yield from self.imo[stated]
        others = list(self.mmsi.get(told.mmsi or 0, ()))
        flag = told.flag or (flag_of(told.mmsi) if told.mmsi else None)
        signed = self.call_sign.get(told.call_sign or "", ())
        others += [entry for entry in signed if flag is not None and flag in _flags(self.ships[entry])]
        for entry in others:  # a ship that states another IMO number is another ship
            if stated is None or self.ships[entry].imo is None or self.ships[entry].imo_wrong:
                yield entry

    def _agreeing(self, told: StatedIdentity, entry: int) -> tuple[Field, ...]:
        ship = self.ships[entry]
        agree: tuple[tuple[Field, bool], ...] = (
            ("imo", ship.imo is not None and ship.imo == told.imo and not ship.imo_wrong),
            ("mmsi", told.mmsi is not None and told.mmsi in (ship.mmsi, *ship.more_mmsis)),
            ("call_sign", told.call_sign is not None and told.call_sign in (ship.call_sign, *ship.more_call_signs)),
        )
        return tuple(field for field, same in agree if same)

    def _verdict(self, told: StatedIdentity, entry: int, on: tuple[Field, ...]) -> MatchVerdict:
        against = contradictions(self.ships[entry], told)
        parts: list[tuple[str, float]] = [(field, _WEIGHTS[field]) for field in on]
        if against:
            parts.append(("contradicted", -_CONTRADICTED))
        score = max(weight for _, weight in parts) - (_CONTRADICTED if against else 0.0)
        return MatchVerdict(entry=entry, on=on, contradictions=against, score=round(score, 3), parts=tuple(parts))

    def _likeness(self, told: StatedIdentity, entry: int) -> MatchVerdict | None:
        ship = self.ships[entry]
        alike = max(likeness(told.name or "", name) for name in (ship.name, *ship.former_names))
        support = supports(ship, told)
        if alike < LIKENESS_LEAST or len(support) < SUPPORTS_LEAST:
            return None
        parts = (("name", round(_NAME_WEIGHT * alike, 3)), *((what, _SUPPORT_WEIGHT) for what in support))
        score = round(sum(weight for _, weight in parts), 3)
        return MatchVerdict(
            entry=entry, on=("name",), contradictions=contradictions(ship, told), score=score, parts=parts
        )


def watched(ships: Iterable[ListedShip]) -> Iterator[tuple[int, ListedShip]]:
    """The entries that vessels are matched with, with their numbers: not those of broken-up ships."""
    return ((number, ship) for number, ship in enumerate(ships) if ship.broken_up_on is None)


def _index(ships: Sequence[ListedShip], keys: Callable[[ListedShip], Iterable[_Key]]) -> dict[_Key, list[int]]:
    found: dict[_Key, list[int]] = defaultdict(list)
    for number, ship in watched(ships):
        for key in keys(ship):
            found[key].append(number)
    return dict(found)


def _signs(ship: ListedShip) -> tuple[str, ...]:
    """Call signs with their flags; they count only together."""
    if ship.call_sign is None or not _flags(ship):
        return ()
    return (ship.call_sign, *ship.more_call_signs)


def _flags(ship: ListedShip) -> tuple[str, ...]:
    return ship.former_flags if ship.flag is None else (ship.flag, *ship.former_flags)


def family_of(words: str | None) -> Family | None:
    """The kind of ship that a list's words mean; None if they mean none."""
    low = (words or "").lower()
    return next((family for word, family in _WORDS if word in low), None)


def family_of_code(code: int | None) -> Family | None:
    """The kind of ship that an AIS type code means."""
    return _CODES.get(code or 0)


def contradictions(ship: ListedShip, told: StatedIdentity) -> tuple[str, ...]:
    """Statements that cannot be true of the listed ship: a 12 m yacht that sends a freighter's IMO number."""
    listed, stated = family_of(ship.ship_type), family_of_code(told.ship_type)
    found = []
    if told.class_b:
        found.append("class B")
    if stated in SMALL and stated != listed and listed not in SMALL:
        found.append(f"type {told.ship_type} ({stated})")
    if told.length_m and not least_length_m(ship) <= told.length_m <= most_length_m(ship):
        found.append(f"length {told.length_m} m")
    return tuple(found)


def least_length_m(ship: ListedShip) -> float:
    """Minimum length: half its length, as listed or as expected from its tonnage."""
    length_m = float(ship.length_m or 0)
    if not length_m and ship.tonnage_gt:
        length_m = round(_METRES_PER_CUBE_ROOT * ship.tonnage_gt ** (1 / 3), 1)
    if length_m:
        return length_m * LENGTH_SHARE
    return SEAGOING_M if ship.imo else 0.0


def most_length_m(ship: ListedShip) -> float:
    """Maximum length: twice its listed length."""
    return ship.length_m / LENGTH_SHARE if ship.length_m else float("inf")


def supports(ship: ListedShip, told: StatedIdentity) -> tuple[str, ...]:
    """Other agreements: flag, type, length; in order of weight."""
    flag = told.flag or (flag_of(told.mmsi) if told.mmsi else None)
    family = family_of(ship.ship_type)
    agree = {
        "flag": flag is not None and flag in _flags(ship),
        "type": family is not None and family == family_of_code(told.ship_type),
        "length": bool(ship.length_m and told.length_m)
        and abs((ship.length_m or 0) - (told.length_m or 0)) <= SAME_LENGTH_SHARE * (ship.length_m or 0),
    }
    return tuple(what for what, same in agree.items() if same)
