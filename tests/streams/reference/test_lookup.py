"""A ship tried against the list by hand."""

from __future__ import annotations

import pytest

from detectors.core.reference import ListedShip
from streams.reference.lookup import Match, Query, match

ANGARA = ListedShip(
    list="OFAC",
    entry_id="1",
    name="ANGARA",
    imo=9179842,
    mmsi=273999001,
    call_sign="UBAB1",
    flag="RU",
    former_flags=("MT",),
    more_call_signs=("9HAB2",),
)
MAIA = ListedShip(list="OFAC", entry_id="2", name="MAIA-1", former_names=("NEPTUN",), imo=9358010)
BOAT = ListedShip(list="own", entry_id="3", name="BOAT", mmsi=273999002)


def found(**known: object) -> list[Match]:
    return match((MAIA, BOAT, ANGARA), Query(**known))  # type: ignore[arg-type]


def test_the_imo_number_decides() -> None:
    (hit,) = found(imo=9179842, mmsi=412000001, name="RENAMED")
    assert (hit.ship, hit.verdict, hit.matched_on) == (ANGARA, "match", ("imo",))


def test_another_imo_number_makes_an_mmsi_or_a_namesake_possible_only() -> None:
    assert [hit.verdict for hit in found(imo=9124043, mmsi=273999001, name="ANGARA")] == ["possible"]
    assert found(imo=9124043, name="ANGARA")[0].verdict == "possible"


def test_an_mmsi_matches_where_the_entry_knows_no_imo() -> None:
    assert found(imo=9124043, mmsi=273999002)[0].verdict == "match"


def test_a_call_sign_counts_with_its_flag_alone() -> None:
    assert found(call_sign="UBAB1", flag="RU")[0].matched_on == ("call_sign",)
    assert found(call_sign="UBAB1", mmsi=273123456)[0].matched_on == ("call_sign",)
    assert found(call_sign="9HAB2", mmsi=215123456)[0].matched_on == ("call_sign",), "also former ones, as transmitted"
    assert not found(call_sign="UBAB1", flag="CN")
    assert not found(call_sign="UBAB1")


@pytest.mark.parametrize("name", ["neptun", "M/V Maia 1", "MAIA-1", "MAYA-1"])
def test_a_name_is_never_more_than_possible(name: str) -> None:
    hits = found(name=name)
    assert not hits or {(h.verdict, h.matched_on) for h in hits} == {("possible", ("name",))}


def test_nothing_known_matches_nothing() -> None:
    assert found() == []
    assert found(name="...") == []
