"""Published lists: told apart by content, read with their traps, refused with line and reason."""

from __future__ import annotations

import csv
import gzip
import io
import re
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.core.reference import ListedShip
from streams.reference.counting import ListCounts, count
from streams.reference.formats import ListFile, format_of, read_lists
from streams.reference.loading import read_watchlist_file, read_watchlist_files
from streams.reference.watchlist import WatchlistFile

from .published import ALT, COMMENTS, EU, FTM, MARITIME, SDN, SHIPBREAKING, UK_CSV, UK_XML, UN, UN_1718

FORMATS = {
    "ofac-sdn": SDN,
    "ofac-alt": ALT,
    "ofac-comments": COMMENTS,
    "un": UN,
    "un-1718": UN_1718,
    "eu": EU,
    "shipbreaking": SHIPBREAKING,
    "uk-csv": UK_CSV,
    "uk-xml": UK_XML,
    "opensanctions-maritime": MARITIME,
    "ftm": FTM,
    "own": b"name,imo\nANGARA,9179842\n",
}


def read(*contents: bytes, chunk: int = 1 << 20) -> WatchlistFile:
    sources = [
        ListFile(f"file{n}", [content[at : at + chunk] for at in range(0, len(content), chunk)])
        for n, content in enumerate(contents)
    ]
    (found,) = read_lists(sources)
    return found.watchlist


def ship(found: WatchlistFile, name: str) -> ListedShip:
    return next(each for each in found.ships if each.name == name)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_format_is_told_by_the_content(kind: str) -> None:
    assert format_of(FORMATS[kind]) == kind
    assert format_of(b"\xef\xbb\xbf\r\n" + FORMATS[kind]) == kind


@pytest.mark.parametrize("kind", ["un", "uk-xml", "ftm"])
def test_a_list_in_pieces_is_the_list(kind: str) -> None:
    assert read(FORMATS[kind], chunk=7) == read(FORMATS[kind])


def test_ofac_has_both_spellings_and_the_companions() -> None:
    found = read(COMMENTS, SDN, ALT)
    angara, tanker, slip = found.ships
    assert angara == ListedShip(
        list="OFAC",
        entry_id="9001",
        name="ANGARA",
        former_names=("CAPTAIN EXAMPLE", "OLD EXAMPLE", "ANGARA \u0410"),
        imo=9179842,
        mmsi=273999001,
        more_mmsis=(273999002,),
        call_sign="UBAB1",
        more_call_signs=("UBAB2",),
        flag="RU",
        former_flags=("MT",),
        ship_type="Roll-on Roll-off",
        tonnage_gt=12050,
        deadweight_t=7200,
        owner="M LEASING LLC",
        linked_to=("M LEASING LLC",),
        programme="RUSSIA-EO14024",
        source=angara.source,
    )
    assert (tanker.imo, tanker.mmsi, tanker.owner) == (9339301, 636013272, "AN EXAMPLE COMPANY LTD")
    assert (tanker.former_names, tanker.programme) == (("SECOND NAME",), "SDGT, IFSR")
    assert (slip.imo, slip.imo_wrong, slip.mmsi) == (9187620, True, 422000001)
    assert all(each.listed_on is None for each in found.ships), "the CSV has no listing date: unknown, not guessed"
    assert angara.source and len(angara.source) == 16


def test_files_of_one_kind_are_one_list() -> None:
    """Neither an end-of-file mark between them nor a last line without an end costs a row."""
    last = b'9007,"LAST","vessel","X",-0- ,"UBAC2",-0- ,-0- ,-0- ,"Russia",-0- ,"MMSI 273999009."'
    one, two = SDN.replace(b"\x1a", last), SDN.replace(b"9001", b"8001").replace(b"9179842", b"9074729")
    both, joined = read(one, two), read(one + b"\n" + two)
    assert [replace(each, source=None) for each in both.ships] == [replace(each, source=None) for each in joined.ships]
    assert both.passed_over == joined.passed_over
    assert not [each for each in both.refused if "CSV" in each.reason]


def test_a_company_number_of_ofac_is_no_ship() -> None:
    found = read(SDN)
    assert 9358010 not in {each.imo for each in found.ships}
    assert found.passed_over == 2
    assert [(each.line, each.reason[:14]) for each in found.refused] == [(4, "no IMO number,")]
    assert [(each.line, each.reason[:17]) for each in found.doubts] == [(5, "SLIP: IMO 9187620")]


def test_a_companion_alone_says_what_is_missing() -> None:
    found = read(COMMENTS)
    assert not found.ships
    assert "give sdn.csv too" in found.refused[0].reason


def test_the_un_names_companies_by_imo_number_and_seldom_a_ship() -> None:
    found = read(UN)
    (only,) = found.ships
    assert (only.name, only.imo, only.mmsi, only.listed_on) == ("M/V EXAMPLE STAR", 9161003, 445000001, "2018-03-30")
    assert (only.entry_id, only.former_names, only.programme) == ("KPe.903", ("OLD STAR",), "DPRK")
    assert found.passed_over == 4


def test_the_eu_repeats_numbers_renames_and_gives_none() -> None:
    found = read(EU)
    assert [(each.name, each.imo) for each in found.ships] == [
        ("Angara", 9179842),
        ("Maria", 8517839),
        ("Maria", 9358010),
        ("Rigel", 9511533),
    ]
    assert found.ships[1].former_names == ("Maria II",)
    assert found.ships[1].listed_on == "2024-06-24"
    assert found.ships[2].listed_on == "2025-12-05"
    assert sorted((each.line, each.reason.partition(";")[0]) for each in found.refused) == [
        (7, "IMO 8517839 'Maria' appears twice"),
        (8, "the list gives: 'Does not exist'"),
        (9, "no IMO number, no MMSI, and no call sign with flag: a name alone is never a match"),
    ]


def test_the_uk_list_says_the_same_in_csv_and_xml() -> None:
    (of_csv,) = read(UK_CSV).ships
    (of_xml,) = read(UK_XML).ships
    assert (of_csv.name, of_csv.former_names) == ("ANGARA", ("OLD ANGARA",))
    assert (of_csv.imo, of_csv.flag, of_csv.former_flags) == (9179842, "RU", ("MT", "PA"))
    assert (of_csv.length_m, of_csv.tonnage_gt, of_csv.listed_on) == (119, 12050, "2024-02-24")
    same = ("list", "entry_id", "name", "former_names", "imo", "flag", "ship_type", "length_m", "owner", "listed_on")
    assert all(getattr(of_csv, field) == getattr(of_xml, field) for field in same)
    assert (read(UK_CSV).passed_over, read(UK_XML).passed_over) == (1, 1)
    assert [each.line for each in read(UK_CSV).refused] == [7]


def test_opensanctions_names_its_data_sets_and_never_a_company() -> None:
    (of_csv,) = read(MARITIME).ships
    assert (of_csv.imo, of_csv.mmsi, of_csv.flag) == (9179842, 273999001, "RU")
    assert of_csv.former_names == ("Ангара", "OLD ANGARA")
    assert of_csv.programme == "sanction, mare.shadow, us_ofac_sdn, eu_sanctions"
    assert [(each.line, read(MARITIME).passed_over) for each in read(MARITIME).refused] == [(4, 1)]
    found = read(FTM)
    (of_ftm,) = found.ships
    assert (of_ftm.imo, of_ftm.call_sign, of_ftm.flag, of_ftm.former_flags) == (9179842, "UBAB1", "RU", ("MT",))
    assert (of_ftm.tonnage_gt, of_ftm.former_names) == (12050, ("OLD ANGARA",))
    assert [each.line for each in found.refused] == [3, 4]
    assert found.passed_over == 1


# -- against a count by hand ------------------------------------------------------------------------------------------


def unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def counted(path: Path) -> ListCounts:
    return count(read_watchlist_file(path))


@pytest.mark.parametrize("name", ["ofac-sdn-2019.csv.gz", "ofac-sdn-modern-sample.csv"])
def test_the_counts_of_ofacs_real_lists_are_those_of_a_hand_count(real_lists: Path, name: str) -> None:
    rows = list(csv.reader(io.StringIO(unpacked(real_lists / name).decode())))
    vessels = [row for row in rows if len(row) > 2 and row[2] == "vessel"]
    with_imo = [row for row in vessels if re.search(r"(?:Identification|Number) IMO \d{7}\b", row[11])]
    nothing = [
        row
        for row in vessels
        if row not in with_imo and "MMSI" not in row[11] and (row[5].strip() == "-0-" or row[9].strip() == "-0-")
    ]
    counts = counted(real_lists / name)
    assert counts.ships == len(vessels) - len(nothing)
    assert counts.with_imo == len(with_imo)
    assert counts.with_mmsi == sum("MMSI" in row[11] for row in vessels)
    assert counts.with_call_sign == sum(row[5].strip() != "-0-" or "Call Sign" in row[11] for row in vessels)
    assert sum(counts.refused.values()) == len(nothing)
    assert counts.passed_over == sum(len(row) == 12 for row in rows) - len(vessels)


def test_every_imo_number_of_ofacs_real_list_is_there_and_no_other(real_lists: Path) -> None:
    path = real_lists / "ofac-sdn-2019.csv.gz"
    rows = csv.reader(io.StringIO(unpacked(path).decode()))
    by_hand = {int(imo) for row in rows if row[2] == "vessel" for imo in re.findall(r"IMO (\d{7})\b", row[11])}
    assert {each.imo for each in read_watchlist_file(path).ships if each.imo} == by_hand


def test_the_real_un_list_has_company_numbers_alone(real_lists: Path) -> None:
    path = real_lists / "un-consolidated.xml.gz"
    root = ET.fromstring(unpacked(path))
    entities, individuals = root.findall(".//ENTITY"), root.findall(".//INDIVIDUAL")
    numbers = [
        n for e in entities for n in re.findall(r"IMO\W+(?:[Nn]umber\W+)?(\d{7})", e.findtext("COMMENTS1") or "")
    ]
    assert len(numbers) > 10
    counts = counted(path)
    assert (counts.ships, counts.passed_over) == (0, len(entities) + len(individuals))
    assert not counts.refused


def test_what_is_no_list_is_refused_with_a_reason(real_lists: Path) -> None:
    for name in ("ofac-sdn-comments-2019.csv", "ftm-Vessel.yaml", "ftm-Vehicle.yaml"):
        counts = counted(real_lists / name)
        assert (counts.ships, sum(counts.refused.values())) == (0, 1)


def test_real_remarks_are_continued_from_the_comments(real_lists: Path) -> None:
    files = [real_lists / "ofac-sdn-2019.csv.gz", real_lists / "ofac-sdn-comments-2019.csv"]
    (together,) = read_watchlist_files(files)
    assert together.watchlist.ships == read_watchlist_file(files[0]).ships, "no vessel's remarks run over in 2019"


# -- hostile ----------------------------------------------------------------------------------------------------------

BOMB = b"""<?xml version="1.0"?><!DOCTYPE CONSOLIDATED_LIST [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<CONSOLIDATED_LIST><ENTITY><FIRST_NAME>&b;</FIRST_NAME></ENTITY></CONSOLIDATED_LIST>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><CONSOLIDATED_LIST><ENTITY>
<FIRST_NAME>&f;</FIRST_NAME></ENTITY></CONSOLIDATED_LIST>"""


@pytest.mark.parametrize("content", [BOMB, OUTSIDE, BOMB.replace(b"CONSOLIDATED_LIST", b"Designations")])
def test_entities_are_refused_unread(content: bytes) -> None:
    found = read(content)
    assert not found.ships
    assert "document type" in found.refused[0].reason


def test_deep_and_broken_xml_is_refused_with_a_reason() -> None:
    deep = b"<CONSOLIDATED_LIST>" + b"<ENTITY>" * 100_000
    assert "deeper" in read(deep).refused[0].reason
    assert "not XML" in read(UN[:-30]).refused[0].reason
    assert read(UN[:-30]).ships, "what came before the end counts"
    assert read(UN.replace(b"UTF-8", b"EBCDIC-NOWHERE")).refused
    assert "not of a known list" in read(b"<html><body>404</body></html>").refused[0].reason


def test_formulas_marks_and_huge_cells_cost_their_cell_or_row_with_a_reason() -> None:
    evil = (
        "type,caption,imo,risk,flag,mmsi,id,datasets,aliases\n"
        'VESSEL,"=cmd|calc!A1",9179842,sanction,ru,,NK-1,x,\n'
        'VESSEL,AN\u202eGARA\u200b,9161003,sanction,ru,,NK-2,x,"=HYPERLINK(1);<b>OLD</b>"\n'
        f"VESSEL,{'A' * 100_000},9358010,sanction,ru,,NK-3,x,\n"
        f'VESSEL,HUGE,8517839,sanction,ru,,NK-4,x,"{"A" * 300_000}"\n'
        "VESSEL,LAST,9124043,sanction,zz,12,NK-5,x,\n"
    ).encode()
    found = read(evil)
    assert [(each.name, each.former_names) for each in found.ships] == [("ANGARA", ("b OLD /b",)), ("LAST", ())]
    assert [each.line for each in found.refused] == [2, 4, 5]
    assert {each.line for each in found.doubts} == {3, 6}
    assert len(found.doubts) == 3


def test_another_encoding_costs_its_rows_only() -> None:
    latin = "type,caption,imo,risk,datasets\nVESSEL,MÄRIA,8517839,s,x\nVESSEL,ANGARA,9179842,s,x\n".encode("latin-1")
    found = read(latin)
    assert [each.name for each in found.ships] == ["ANGARA"]
    assert (found.refused[0].line, "not UTF-8" in found.refused[0].reason) == (2, True)
    wide, plain = read(EU.decode().encode("utf-16")), read(EU)
    assert [replace(each, source=None) for each in wide.ships] == [replace(each, source=None) for each in plain.ships]


@given(kind=st.sampled_from(sorted(FORMATS)), cut=st.data())
def test_a_damaged_list_never_raises(kind: str, cut: st.DataObject) -> None:
    content = bytearray(FORMATS[kind])
    for _ in range(cut.draw(st.integers(1, 8))):
        at = cut.draw(st.integers(0, len(content)))
        content[at : at + cut.draw(st.integers(0, 20))] = cut.draw(st.binary(max_size=20))
    found = read(bytes(content))
    assert all(each.reason for each in found.refused)


def entities(count_: int) -> Iterator[bytes]:
    """FollowTheMoney lines in chunks: one vessel in a thousand."""
    company = FTM.splitlines()[1] + b"\n"
    for number in range(count_):
        line = b'{"id":"V%d","caption":"V","schema":"Vessel","properties":{"mmsi":["%d"]}}\n'
        yield line % (number, 201_000_000 + number) + company * 999


def test_followthemoney_streams_in_the_memory_of_its_ships() -> None:
    size = sum(map(len, entities(40)))
    tracemalloc.start()
    (found,) = read_lists([ListFile("big", entities(40))])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(found.watchlist.ships), found.watchlist.passed_over) == (40, 40 * 999)
    assert size > 6_000_000 and peak < 3_000_000


def test_a_line_without_an_end_is_never_held_whole() -> None:
    tracemalloc.start()
    endless = (b'{"schema":' + b" " * (1 << 20) for _ in range(40))
    (found,) = read_lists([ListFile("endless", endless)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 << 20
    assert found.watchlist.refused[0].reason.startswith("longer than")
