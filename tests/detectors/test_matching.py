"""Matching a ship against the watchlist: traps, one sentence each."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from detectors.core.identities.matching import LIKENESS_LEAST, Register, StatedIdentity
from detectors.core.names import NameIndex, likeness, plain
from detectors.core.reference import ListedShip


def ship(list_: str, entry_id: str, name: str, **known: object) -> ListedShip:
    return ListedShip(list=list_, entry_id=entry_id, name=name, **known)  # type: ignore[arg-type]


LISTED = (
    ship("OFAC", "angara", "ANGARA", imo=9179842, mmsi=273999001, call_sign="UBAB1", flag="RU", former_flags=("MT",),
         ship_type="Roll-on Roll-off", tonnage_gt=12050),
    ship("EU", "angara", "Angara", imo=9179842),
    ship("EU", "maria", "Maria", imo=8517839),
    ship("EU", "maria2", "Maria", imo=9358010),
    ship("EU", "rigel", "Rigel", imo=9511533),
    ship("EU", "rigel2", "Rigel", imo=9161003),
    ship("EU", "vision", "Vision", imo=9339301),
    ship("OFAC", "hermann", "HERMANN", call_sign="CL2685", flag="CU", ship_type="General Cargo"),
    ship("OFAC", "tug", "MAR AZUL", call_sign="CL2192", flag="CU", ship_type="Tug", tonnage_gt=212),
    ship("OFAC", "sj1", "SAM JONG 1", imo=8405311, flag="KP", ship_type="Products Tanker"),
    ship("OFAC", "sj2", "SAM JONG 2", imo=7408873, flag="KP", ship_type="Products Tanker"),
    ship("own", "slip", "SLIP", imo=9187620, imo_wrong=True, mmsi=422000001),
    ship("own", "two", "TWO RADIOS", mmsi=667001001, more_mmsis=(667001002,)),
    ship("own", "named", "KHURAN", flag="TG", ship_type="Products Tanker", length_m=120, mmsi=671000001),
    ship("own", "named2", "VOSTOCHNYY", flag="RU", ship_type="General Cargo", length_m=98, mmsi=273000002),
    ship("own", "long", "CAPTAIN EXAMPLE OF THE SEA", flag="PA", ship_type="Bulk Carrier", mmsi=352000003),
    ship("own", "yacht", "EXAMPLE LADY", imo=1010246, ship_type="Yacht", length_m=70),
)  # fmt: skip
REGISTER = Register(LISTED)


class Trap(NamedTuple):
    """What a ship says, and what it must be taken for: ``found`` (sure), ``like`` (a name), or nobody."""

    sentence: str
    told: StatedIdentity
    found: str = ""
    on: str = ""
    misuse: bool = False
    like: str = ""


def says(**known: object) -> StatedIdentity:
    return StatedIdentity(**known)  # type: ignore[arg-type]


TRAPS = [
    Trap("its IMO number decides", says(imo=9179842), "OFAC/angara", "imo"),
    Trap("also under another name and flag", says(imo=9179842, mmsi=412000001, name="XIN YUAN"), "OFAC/angara", "imo"),
    Trap("and all that agrees is told", says(imo=9179842, mmsi=273999001, call_sign="UBAB1"), "OFAC/angara",
         "imo mmsi call_sign"),
    Trap("another ANGARA, which burned in 2022, is another ship", says(imo=9124043, name="ANGARA", mmsi=273000001,
         ship_type=70, length_m=119)),
    Trap("FESCO ANGARA is a third ship", says(name="FESCO ANGARA", mmsi=273000003, ship_type=70)),
    Trap("one MARIA is not the other", says(imo=8517839, name="MARIA"), "EU/maria", "imo"),
    Trap("nor the other the one", says(imo=9358010, name="MARIA"), "EU/maria2", "imo"),
    Trap("an innocent MARIA is neither", says(imo=9074729, name="MARIA", ship_type=70)),
    Trap("a MARIA without a number resembles nobody that lists give a flag or type", says(name="MARIA", mmsi=273000004,
         ship_type=70)),
    Trap("one RIGEL is not the other", says(imo=9511533, name="RIGEL"), "EU/rigel", "imo"),
    Trap("VISION is too common a name to mean anything alone", says(name="VISION", mmsi=636000001)),
    Trap("not even with a type", says(name="VISION", mmsi=636000001, ship_type=80)),
    Trap("a 12 m yacht with a freighter's number is possible misuse", says(imo=9179842, ship_type=37, length_m=12),
         "OFAC/angara", "imo", True),
    Trap("class B with a freighter's number is possible misuse", says(imo=9179842, class_b=True), "OFAC/angara", "imo",
         True),
    Trap("a tug with a freighter's number is possible misuse", says(imo=9179842, ship_type=52), "OFAC/angara", "imo",
         True),
    Trap("a ship half as long as the tonnage lets expect is possible misuse", says(imo=9179842, ship_type=70,
         length_m=50), "OFAC/angara", "imo", True),
    Trap("a ship of the length that the tonnage lets expect is not", says(imo=9179842, ship_type=70, length_m=119),
         "OFAC/angara", "imo"),
    Trap("a ship twice as long as its entry is possible misuse", says(imo=1010246, ship_type=70, length_m=180),
         "own/yacht", "imo", True),
    Trap("a listed yacht may be a yacht", says(imo=1010246, ship_type=37, length_m=70), "own/yacht", "imo"),
    Trap("a listed tug may be a tug", says(mmsi=323000001, call_sign="CL2192", ship_type=52, length_m=30), "OFAC/tug",
         "call_sign"),
    Trap("a tanker code on a cargo ship proves nothing", says(imo=9179842, ship_type=80, length_m=119), "OFAC/angara",
         "imo"),
    Trap("its MMSI alone will do", says(mmsi=273999001), "OFAC/angara", "mmsi"),
    Trap("also its second MMSI", says(mmsi=667001002), "own/two", "mmsi"),
    Trap("but its MMSI under another ship's IMO number will not", says(mmsi=273999001, imo=9124043)),
    Trap("an IMO number that is none is as good as not stated", says(mmsi=273999001, imo=1234560), "OFAC/angara",
         "mmsi"),
    Trap("an entry without an IMO number is known by MMSI whatever is stated", says(mmsi=667001001, imo=9124043),
         "own/two", "mmsi"),
    Trap("a number with a wrong check digit in a list matches nobody", says(imo=9187620)),
    Trap("but the rest of that entry does", says(mmsi=422000001, imo=9074729), "own/slip", "mmsi"),
    Trap("a call sign counts under its flag", says(call_sign="UBAB1", mmsi=273123456), "OFAC/angara", "call_sign"),
    Trap("or under a former flag", says(call_sign="UBAB1", mmsi=215123456), "OFAC/angara", "call_sign"),
    Trap("not under another", says(call_sign="UBAB1", mmsi=412123456)),
    Trap("nor with another ship's number", says(call_sign="UBAB1", mmsi=273123456, imo=9124043)),
    Trap("a ship known by call sign alone is found by it", says(call_sign="CL2685", mmsi=323000002), "OFAC/hermann",
         "call_sign"),
    Trap("a number in a name is part of it", says(name="SAM JONG 2", mmsi=445000001, ship_type=80), like="OFAC/sj2"),
    Trap("and may be Roman", says(name="SAM JONG I", mmsi=445000001, ship_type=80), like="OFAC/sj1"),
    Trap("SAM JONG 3 is neither", says(name="SAM JONG 3", mmsi=445000001, ship_type=80)),
    Trap("another romanisation is the same name", says(name="HURAN", mmsi=671000009, ship_type=80), like="own/named"),
    Trap("so is one with M/V, dots and a slip", says(name="M/V VOSTOCHNI", mmsi=273000009, ship_type=70, length_m=97),
         like="own/named2"),
    Trap("a name with one support only is nobody's", says(name="KHURAN", mmsi=671000009)),
    Trap("a name under another flag, of another type, is nobody's", says(name="KHURAN", mmsi=412000009, ship_type=70,
         length_m=300)),
    Trap("a likeness ends where it states a number", says(name="KHURAN", mmsi=671000009, ship_type=80, imo=9074729)),
    Trap("AIS cuts names at twenty letters", says(name="CAPTAIN EXAMPLE OF T", mmsi=352000009, ship_type=70),
         like="own/long"),
    Trap("a name of three letters means nothing", says(name="MAR", mmsi=323000009, ship_type=52)),
    Trap("who says nothing is nobody", says()),
    Trap("zero is no number", says(imo=0, mmsi=0, call_sign="", name="")),
]  # fmt: skip


def key(entry: int) -> str:
    return f"{LISTED[entry].list}/{LISTED[entry].entry_id}"


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.sentence)
def test_trap(trap: Trap) -> None:
    found = REGISTER.find(trap.told)
    assert (key(found.entry) if found else "") == trap.found
    assert (" ".join(found.on) if found else "") == trap.on
    assert bool(found and found.contradictions) == trap.misuse
    like = None if found else REGISTER.resembling(trap.told)
    assert (key(like.entry) if like else "") == trap.like
    assert like is None or like.on == ("name",)


def test_there_are_forty_traps() -> None:
    assert len(TRAPS) >= 40


def test_a_ship_on_two_lists_is_one_subject_with_two_listings() -> None:
    assert REGISTER.listings(0) == REGISTER.listings(1) == (0, 1)
    assert REGISTER.listings(2) == (2,), "two MARIA are two subjects"
    assert REGISTER.listings(11) == (11,)


def test_a_score_is_the_sum_of_its_parts() -> None:
    sure = REGISTER.find(says(imo=9179842, mmsi=273999001))
    assert sure and (sure.score, dict(sure.parts)) == (1.0, {"imo": 1.0, "mmsi": 0.9})
    doubtful = REGISTER.find(says(imo=9179842, ship_type=37))
    assert doubtful and (doubtful.score, dict(doubtful.parts)["contradicted"]) == (0.5, -0.5)
    like = REGISTER.resembling(says(name="KHURAN", mmsi=671000009, ship_type=80, length_m=121))
    assert like and like.score == pytest.approx(sum(dict(like.parts).values()))
    assert list(dict(like.parts)) == ["name", "flag", "type", "length"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("M/V Ángara", "ANGARA"), ("АНГАРА", "ANGARA"), ("G0LDEN STAR", "GOLDEN STAR"), ("MAIA1", "MAIA-1"),
     ("PAEK MA", "PAEKMA"), ("NOOR I", "NOOR 1"), ("S.S. EXAMPLE", "SS EXAMPLE"), ("NAMP'O", "NAMPO")],
)  # fmt: skip
def test_names_that_are_one(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one) == 1.0


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [("PAEK MA", "BAEK MA", True), ("KUM SONG 3", "GUM SONG 3", True), ("KUM SONG 3", "GUM SONG 5", False),
     ("HSIN HAI", "XIN HAI", True), ("TIEN EN", "TIAN EN", True), ("JI SONG 6", "CHI SONG 6", True),
     ("МАЙЯ-1", "MAIA-1", True), ("FESCO ANGARA", "ANGARA", False), ("PAEK MO", "BAEK MA", False)],
)  # fmt: skip
def test_names_written_as_another_ear_hears_them_are_alike(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= LIKENESS_LEAST) == alike
    assert not alike or NameIndex([other], [0]).near(one) == [0]


@pytest.mark.parametrize("name", ["", "...", "///", "1", "II", "MV", "  "])
def test_names_of_nothing(name: str) -> None:
    assert likeness(name, "ANGARA") == 0.0
    assert plain(name).letters in {"", "1", "II", "MV"}
