"""The UN's 1718 Designated Vessels List: a table whose heading begins with ``#``, in CSV or on its page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reference.formats import ListFile, format_of, read_lists
from streams.reference.watchlist import WatchlistFile

CSV = b"""#,vessel_name,imo_number,mmsi,flag,call_sign,type,other_information,date_of_designation,designated_owner,\
Paragraph 8 (d) of resolution 1718 (2006) and paragraph 12 of resolution 2270 (2016),\
Paragraph 12 (a) of resolution 2321 (2016),image_url
1,1: EXAMPLE STAR 2 2: OLD STAR,9074729,1: 445000001 2: 445000002,DPRK,1: HMAB1 2: HMAB2,General cargo,"Seen, 2019",\
03-Oct-17,EXAMPLE SHIPPING CO,Yes,na,https://example.org/1.jpg
2,EXAMPLE MOON,1: 9179842,na,1: Panama 2: Togo,na,Tanker,,1: 30-Mar-18 2: 16-Oct-18,,,Yes,
3,NAMELESS,na,na,na,na,na,,03-Oct-17,,,,
"""
PAGE = b"""<!DOCTYPE html>
<html><head><title>1718 Designated Vessels List</title></head><body>
<table><tr><td>Menu</td><td>Search</td></tr></table>
<table class="vessels">
<thead><tr><th>#</th><th>Vessel name</th><th>IMO<br>number</th><th>MMSI</th><th>Flag</th><th>Date of designation</th>
<th>Paragraph 12 (a) of resolution 2321 (2016)</th></tr></thead>
<tbody>
<tr><td>1</td><td>1: EXAMPLE STAR 2<br/>2: OLD STAR</td><td>1: 9074729</td><td>445000001</td><td>DPRK</td>
<td>3 Oct. 2017</td><td>Yes</td></tr>
<tr><td>2</td><td><b>Name of vessel:</b> EXAMPLE&nbsp;MOON &amp; SUN</td><td>IMO: 9179842</td><td>n/a</td><td>Togo</td>
<td>16 October 2018</td><td></td></tr>
</tbody></table></body></html>
"""
LABELLED = b"""<html><body><h1>1718 list</h1><table>
<tr><td>1</td><td>Name of vessel: EXAMPLE STAR</td><td>IMO: 9074729</td><td>Flag: DPRK</td></tr>
<tr><td>2</td><td>Name of vessel: EXAMPLE MOON</td><td>IMO number: 9179842</td><td>MMSI: 273999001</td></tr>
</table></body></html>"""


def read(content: bytes) -> WatchlistFile:
    (found,) = read_lists([ListFile("vessels", [content])])
    return found.watchlist


@pytest.mark.parametrize("content", [CSV, PAGE, LABELLED, b"\xef\xbb\xbf" + CSV, CSV.replace(b",", b"\t")])
def test_it_is_detected_by_its_content(content: bytes) -> None:
    assert format_of(content) == "un-1718"


def test_numbered_cells_are_several_values() -> None:
    star, moon = read(CSV).ships
    assert (star.list, star.entry_id, star.name, star.former_names) == (
        "UN 1718",
        "imo/9074729",
        "EXAMPLE STAR 2",
        ("OLD STAR",),
    )
    assert (star.imo, star.mmsi, star.more_mmsis) == (9074729, 445000001, (445000002,))
    assert (star.call_sign, star.more_call_signs, star.flag) == ("HMAB1", ("HMAB2",), "KP")
    assert (star.ship_type, star.owner, star.listed_on) == ("General cargo", "EXAMPLE SHIPPING CO", "2017-10-03")
    assert star.programme == "resolutions 1718 (2006), 2270 (2016)"
    assert (moon.imo, moon.flag, moon.former_flags, moon.listed_on) == (9179842, "PA", ("TG",), "2018-03-30")
    assert moon.programme == "resolutions 2321 (2016)"
    assert [(each.line, each.reason[:13]) for each in read(CSV).refused] == [(4, "no IMO number")]
    assert read(CSV).doubts == ()


def test_the_page_gives_what_the_table_gives() -> None:
    star, moon = read(PAGE).ships
    assert (star.name, star.former_names, star.imo, star.mmsi) == ("EXAMPLE STAR 2", ("OLD STAR",), 9074729, 445000001)
    assert (star.flag, star.listed_on, star.programme) == ("KP", "2017-10-03", "resolutions 2321 (2016)")
    assert (moon.name, moon.imo, moon.mmsi, moon.listed_on) == ("EXAMPLE MOON & SUN", 9179842, None, "2018-10-16")
    assert read(PAGE).refused == ()


def test_cells_with_labels_need_no_heading() -> None:
    assert [(each.name, each.imo, each.mmsi, each.flag) for each in read(LABELLED).ships] == [
        ("EXAMPLE STAR", 9074729, None, "KP"),
        ("EXAMPLE MOON", 9179842, 273999001, None),
    ]


def test_its_name_is_not_that_of_the_consolidated_list() -> None:
    """An import replaces the lists of the same name: the consolidated list must not remove these vessels."""
    assert {each.list for content in (CSV, PAGE, LABELLED) for each in read(content).ships} == {"UN 1718"}


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>404</body></html>",
        b"<!DOCTYPE html><html><table><tr><td>Name</td><td>IMO</td></tr><tr><td>X</td><td>9179842</td></tr></table>",
    ],
)
def test_another_page_is_rejected_with_a_reason(content: bytes) -> None:
    found = read(content)
    assert not found.ships
    assert "not of a known list" in found.refused[0].reason


def test_a_page_without_its_vessels_is_rejected_with_a_reason() -> None:
    found = read(b"<html><title>1718 Designated Vessels List</title><a href='list.pdf'>PDF</a></html>")
    assert not found.ships
    assert "no table of vessels" in found.refused[0].reason


def test_an_own_list_with_a_remark_before_its_heading_stays_one() -> None:
    assert format_of(b"# my list\nname,imo\nANGARA,9179842\n") == "own"
    assert format_of(b"# name,imo\nname,imo\nANGARA,9179842\n") == "own"


@pytest.mark.parametrize(
    "junk",
    [b"<![x[", b"<![ foo ]>", b"<!ELEMENT x", b"<!--", b"<!-- <tr> -->", b"&#99999999999;", b"\xff\xfe", b"<a b='"],
)
def test_malformed_markup_costs_no_vessel(junk: bytes) -> None:
    assert [ship.imo for ship in read(PAGE.replace(b"<tbody>", junk + b"<tbody>")).ships] == [9074729, 9179842]


@pytest.mark.parametrize(
    "junk", [b"<!--", b"<a ", b"<![CDATA[", b"</", b"<a b='", b"<td>", b"<tr>", b"<!x", b"--> <!--"]
)
def test_a_megabyte_of_malformed_markup_is_read_in_one_pass(junk: bytes) -> None:
    """Python's own parser needs minutes for a tenth of it."""
    page = b"<html>1718 " + junk * (1_000_000 // len(junk))
    assert read(page).refused or not read(page).ships


def test_rows_have_the_lines_of_the_page() -> None:
    page = PAGE.replace(b"<tbody>", b"<!-- two\nlines --><tbody>").replace(b"1: 9074729", b"na")
    page = page.replace(b"445000001", b"na")
    assert [each.line for each in read(page).refused] == [9]


@given(cuts=st.lists(st.tuples(st.integers(0, len(PAGE)), st.integers(0, 20), st.binary(max_size=20)), max_size=8))
def test_a_damaged_page_never_raises(cuts: list[tuple[int, int, bytes]]) -> None:
    content = bytearray(PAGE)
    for at, gone, added in cuts:
        content[at : at + gone] = added
    assert all(each.reason for each in read(bytes(content)).refused)
