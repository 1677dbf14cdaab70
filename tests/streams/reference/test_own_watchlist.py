"""Own watchlists in CSV and TOML."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.reference.watchlist import WatchlistFile, read_watchlist

HEAD = "name,imo,mmsi,call_sign,flag,former_names,listed_on,length_m\n"


def read(text: str) -> WatchlistFile:
    return read_watchlist(text.encode(), "mine")


def test_a_csv_row_becomes_a_listed_ship() -> None:
    found = read(HEAD + "ANGARA,IMO 9179842,273999001,UB-AB1,ru,OLD ONE; OLDER,2022-05-08,118.6\n")
    assert not found.refused
    (ship,) = found.ships
    assert (ship.list, ship.entry_id, ship.name, ship.imo, ship.mmsi) == (
        "mine",
        "imo/9179842",
        "ANGARA",
        9179842,
        273999001,
    )
    assert (ship.call_sign, ship.flag, ship.former_names) == ("UBAB1", "RU", ("OLD ONE", "OLDER"))
    assert (ship.listed_on, ship.length_m, ship.owner) == ("2022-05-08", 119, None)


def test_toml_and_csv_give_the_same_ship() -> None:
    toml = read("[[ship]]\nname = 'ANGARA'\nimo = 9179842\nlisted_on = 2022-05-08\nformer_names = ['A', 'B']\n")
    assert toml.ships == read('NAME;IMO Number;listed on;former-names\nANGARA;9179842;2022-05-08;"A;B"\n').ships


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    assert read(f"imo{delimiter}name\r\n9179842{delimiter}ANGARA\r\n").ships[0].name == "ANGARA"


def test_refused_rows_carry_their_line_and_the_others_count() -> None:
    found = read(
        "# my own list\n\n"
        + HEAD
        + "ANGARA,9179843,,,,,,\n"
        + '"LADY\nR",9161003,,,,,,\n'
        + "NAMELESS,,,UBAB1,,,,\n"
        + "MARIA,8517839,,,,,8.5.2022,\n"
        + "=CMD(),9358010,,,,,,\n"
        + "MARIA,8517839,,,,,,,,,\n"
        + "\n"
        + "MARIA,8517839,,,,,,\n"
        + "MARIA,8517839,,,,,,\n"
        + ",9358010,,,,,,\n"
    )
    assert [s.name for s in found.ships] == ["LADY R", "MARIA"]
    assert [(r.line, r.reason.split(" ")[0]) for r in found.refused] == [
        (4, "IMO"),
        (7, "no"),
        (8, "'8.5.2022'"),
        (9, "'=CMD()'"),
        (10, "11"),
        (13, "entry"),
        (14, "no"),
    ]


def test_a_call_sign_counts_only_with_its_flag() -> None:
    assert read("name,call_sign,flag\nX,UBAB1,RU\n").ships[0].entry_id == "call_sign/UBAB1"
    assert "a name alone is never a match" in read("name,call_sign,flag\nX,UBAB1,\n").refused[0].reason


def test_two_ships_of_one_name_are_two_entries() -> None:
    assert len(read("name,imo\nMARIA,8517839\nMARIA,9358010\n").ships) == 2


def test_bytes_of_another_encoding_cost_their_row_only() -> None:
    found = read_watchlist(b"name,imo\nM\xc4RIA,8517839\nANGARA,9179842\n", "mine")
    assert [s.name for s in found.ships] == ["ANGARA"]
    assert (found.refused[0].line, found.refused[0].reason) == (2, "not UTF-8 text")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marked_encodings_are_read(encoding: str) -> None:
    assert read_watchlist("name,imo\nANGARA,9179842\n".encode(encoding), "mine").ships[0].imo == 9179842


def test_an_open_quote_is_reported_not_silently_swallowing_the_rest() -> None:
    found = read('name,imo\nANGARA,9179842\n"MARIA,8517839\n' + "LADY R,9161003\n" * 50)
    assert [s.name for s in found.ships] == ["ANGARA"]
    assert found.refused[0].line == 3


@pytest.mark.parametrize(
    "text", ["", "imo,name\n\n", "a,b\n1,2\n", "[[ship]]\n", "[kafka]\nx=1\n", "imo = \n", "ship = 3\n", "ship = [3]\n"]
)
def test_a_file_of_something_else_is_refused_with_a_reason(text: str) -> None:
    found = read(text)
    assert not found.ships
    assert found.refused[0].reason


def test_an_unknown_field_in_toml_is_refused_with_its_line() -> None:
    found = read("[[ship]]\nname='A'\nimo=9179842\n\n[[ship]]\nname='B'\nimmo=8517839\n")
    assert (found.refused[0].line, len(found.ships)) == (5, 1)
    assert "immo" in found.refused[0].reason


@given(st.binary(max_size=400))
@example(b"ship = " + b"[" * 5000)
@example(b"name,imo\n\x00,\x00\n" + b'"' * 200_000)
@example(b"\xff\xfe\x00")
@example(b"name,imo\n" + b"A" * 300_000 + b",9179842\n")
def test_any_bytes_are_entries_or_refused_rows(content: bytes) -> None:
    found = read_watchlist(content, "mine")
    assert found.ships or found.refused


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12)), min_size=1, max_size=5))
def test_any_cells_are_entries_or_refused_rows(rows: list[tuple[str, str, str]]) -> None:
    text = "name,imo,mmsi\n" + "\n".join(",".join(row) for row in rows) + "\nANGARA,9179842,\n"
    found = read_watchlist(text.encode("utf-8", "surrogatepass"), "mine")
    assert found.ships or found.refused
