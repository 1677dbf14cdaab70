"""Tables in columns give byte for byte what the reference gives row by row."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest import tables
from streams.ingest.framing import Framer
from streams.ingest.scan import PAD, scan
from streams.ingest.stamps import StampRules
from streams.ingest.table_columns import ColumnMap, column_map
from streams.ingest.table_reader import WrittenLines
from streams.ingest.tables import Rows, UnreadableRow

pytest.importorskip("polars", reason="needs polars, the extra wakewatch[tables]")
from streams.ingest.table_blocks import TableBlocks

LIMIT = 400
NOAA = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,Status,TransceiverClass,Length,Draft"
DMA = "# Timestamp;Type of mobile;MMSI;Latitude;Longitude;Navigational status;SOG;COG;Name;Width;A;B"
OTHER = "time,mmsi,lat,lon,msg_type"
Taken = list[tuple[bytes, str]]


def by_row(text: bytes, rules: StampRules, columns: ColumnMap | None = None) -> Taken:
    rows, framer = Rows(rules, columns=columns), Framer(LIMIT)
    return [
        (bytes(made), made.detail if isinstance(made, UnreadableRow) else "")
        for line in framer.feed(text) + framer.close()
        for made in rows.take(line)
    ]


def in_columns(text: bytes, rules: StampRules, columns: ColumnMap | None = None) -> Taken:
    rows, framer = Rows(rules, columns=columns), Framer(LIMIT)
    taken: Taken = []
    lines = framer.feed(text)
    given = columns or ColumnMap()
    heading = next((i for i, line in enumerate(lines) if tables.layout_of(line, given) is not None), len(lines))
    taken += [(made, "") for line in lines[: heading + 1] for made in rows.take(line)]
    if rows.table:
        block = b"\n".join(lines[heading + 1 :]) + b"\n"
        for piece in TableBlocks(rows, LIMIT).take(block):
            if isinstance(piece, UnreadableRow):
                taken.append((bytes(piece), piece.detail))
            else:
                text = piece
                if isinstance(piece, WrittenLines):
                    text = piece.text
                    known_as_scanned(piece)
                taken += [(line, "") for line in text.splitlines() if line]
    return taken


def known_as_scanned(piece: WrittenLines) -> None:
    found = scan(PAD + piece.text + PAD, 8192)
    for one, other in zip(
        [*found[:3], *found.parts, *found[4:]],
        [*piece.scanned[:3], *piece.scanned.parts, *piece.scanned[4:]],
        strict=True,
    ):
        assert np.array_equal(one, other)


def same(heading: str, rows: list[str], rules: StampRules | None = None, encoding: str = "utf-8") -> Taken:
    text = "\n".join([heading, *rows, ""]).encode(encoding, "replace")
    expected = by_row(text, rules or StampRules())
    assert in_columns(text, rules or StampRules()) == expected
    return expected


NUMBER = st.sampled_from(
    ["", "0", "12.5", "1,5", "-3", "102.3", "1e2", "nan", "inf", " 7 ", "1_0", "+4", "91", ".5", "x", "٣"]
)
NUMBERS = NUMBER | st.floats(-400, 400).map(str) | st.integers(-10, 800).map(str)
MMSI = st.sampled_from(["257111000", "257111000", "257111001", "257111000.0", "+5", "-4", "", "1234567890", "2 5"])
TIME = st.sampled_from([
    "2024-03-10T06:00:00", "2024-03-10 06:00:01.5", "2024-03-10 06:00:02Z", "2024-03-10 06:00:02 UTC",
    "10/03/2024 06:00:00", "3/10/2024 06:00:00", "1710050400", "1710050400123", "1710050400.5", "20240310060000",
    "2024-02-30 00:00:00", "2024-03-10 06:00:60", "2024-03-10", "Mar 10 2024 06:00:00", "1995-01-01 00:00:00", "", "x",
    "2024-03-10 06:00:00+01:00", "0000-01-01 00:00:00", "2024-03-10T06:00:00+00:00",
])  # fmt: skip
TEXT = st.sampled_from(["", "NAME", '"NAME, LONG"', '"A""B"', 'A"B', "Ærø", "unknown", "a b", "!x", "\x07", '"open'])
STATUS = st.sampled_from(["", "0", "5", "at anchor", "Moored", "16", "x", "1.7"])
KIND = st.sampled_from(["", "A", "B", "Class A", "class b", "Base Station", "AtoN"])
NOAA_ROW = st.tuples(
    MMSI, TIME, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, TEXT, TEXT, STATUS, KIND, NUMBERS, NUMBERS
)
DMA_ROW = st.tuples(TIME, KIND, MMSI, NUMBERS, NUMBERS, STATUS, NUMBERS, NUMBERS, TEXT, NUMBERS, NUMBERS, NUMBERS)
ODD = st.sampled_from([
    "", " ", ",,,,", "257111000", NOAA, DMA, OTHER, "1710050400,257111000,60,5,18", "1710050400,2570,60,5,4",
    "!AIVDM,1,1,,A,133sVfPP00PD>hRMDH@jNOvN20S8,0*7F", "x" * 500,
    "257111000,2024-03-10T06:00:00,60,5,1,1,1,N," + "y" * 500,
])  # fmt: skip


@given(st.lists(NOAA_ROW.map(",".join) | ODD, max_size=25), st.sampled_from(["utf-8", "cp1252"]))
def test_any_rows_of_noaa(rows: list[str], encoding: str) -> None:
    same(NOAA, rows, encoding=encoding)


@given(st.lists(DMA_ROW.map(";".join) | ODD, max_size=25))
def test_any_rows_of_dma(rows: list[str]) -> None:
    same(DMA, rows)


ZONES = st.sampled_from([StampRules(zone="Europe/Oslo"), StampRules(dates="mdy"), StampRules()])


@given(st.lists(NOAA_ROW.map(",".join), max_size=90), ZONES)
def test_times_of_other_zones_and_orders(rows: list[str], rules: StampRules) -> None:
    same(NOAA, rows, rules)


@given(st.lists(st.text(st.sampled_from('0123456789.,-eE+" \tinfaNx_٣'), max_size=12), min_size=1, max_size=80))
def test_any_text_as_a_number(texts: list[str]) -> None:
    same("time\tmmsi\tlat\tlon\tsog", [f"1710050400\t257111000\t60\t5\t{text}" for text in texts])
    same("time\tmmsi\tlat\tlon", [f"1710050400\t257111000\t{text}\t5" for text in texts])


def test_many_different_times_are_read_alike() -> None:
    seconds = range(200)
    rows = [f"257111000,2024-03-10T06:{s // 60:02d}:{s % 60:02d}.{s:03d}Z,60,5" for s in seconds]
    rows += [f"257111000,{1710050400 + s},60,5" for s in seconds] + [
        f"257111000,{1710050400000 + s},60,5" for s in seconds
    ]
    taken = same("mmsi,time,lat,lon", rows)
    assert not any(detail for _, detail in taken)
    same(
        DMA,
        [f"10/03/2024 06:{s // 60:02d}:{s % 60:02d};Class A;257111000;60,5;5,5;moored;1,5;2;N;1;1;1" for s in seconds],
    )


FIXED = st.sampled_from(["2024-03-10T06:00:00", "2024-03-10 06:00:01", "2024-02-30 00:00:00", " 2024-03-10 06:00 "])


@given(st.lists(st.tuples(FIXED | TIME, MMSI, NUMBERS), max_size=8), st.integers(5, 9), st.booleans())
def test_times_in_one_place_are_read_alike(rows: list[tuple[str, str, str]], each: int, first: bool) -> None:
    named = ["time,mmsi,lat,lon", "mmsi,time,lat,lon"][first]
    lines = [f"{mmsi},{time},{lat},5" if first else f"{time},{mmsi},{lat},5" for time, mmsi, lat in rows]
    same(named, [line for line in lines for _ in range(each)])


def test_what_ships_state_is_forgotten_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "KNOWN_MOST", 3)
    monkeypatch.setattr("streams.ingest.table_blocks.KNOWN_MOST", 3)
    ships = [0, 1, 0, 2, 1, 3, 0, 1, 2, 0, 4, 3, 3, 0]
    rows = [f"25711100{ship},2024-03-10T06:00:{i:02d},60,5,1,1,1,NAME {ship},1,0,A,9,1" for i, ship in enumerate(ships)]
    assert sum(b"!AIVDM,2,1" in line for line, _ in same(NOAA, rows)) > 5


def test_a_row_of_the_reference_between_two_others_changes_what_is_known() -> None:
    plain = "257111000,2024-03-10T06:00:00,60,5,1,1,1,FIRST,1,0,A,9,1"
    odd = '257111000,2024-03-10T06:00:01,60,5,1,1,1,SE"COND,1,0,A,9,1'
    taken = same(NOAA, [plain, plain, odd, plain, plain])
    assert sum(b"!AIVDM,2,1" in line for line, _ in taken) == 3


def test_ordinary_rows_do_not_need_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows()
    rows.take(b"time,more,mmsi,lat,lon,more,,more")
    blocks = TableBlocks(rows, LIMIT)
    block = (
        b'1710050400,,257111000,60,5,,1,2,3\n1710050401,"x,y",257111000,60,5\n1710050402,,257111000,60, 5 ,,1,2,3,4,5\n'
    )
    monkeypatch.setattr(rows, "take", None)
    assert [bytes(piece).count(b"!AIVDM") for piece in blocks.take(block)] == [3]


def test_a_day_of_a_real_receiver(shared_data: Path) -> None:
    with gzip.open(shared_data / "tracks" / "sbarc-2018-06-01_04.csv.gz", "rt") as file:
        heading, *rows = file.read(1_500_000).splitlines()
    assert len(same(heading, rows[:-1])) > 10_000


def test_many_rows_are_passed_on_as_scan_would_find_them() -> None:
    rows = [f"25711100{n % 9},2024-03-10T06:{n // 60 % 60:02d}:{n % 60:02d},60,{n / 1000}" for n in range(6000)]
    assert len(same("MMSI,BaseDateTime,LAT,LON", rows)) == 6001
    assert len(same("MMSI,BaseDateTime,LAT,LON", [*rows[:700], "x,1", *rows[:30], NOAA, *rows[:900]])) > 1600


@pytest.mark.parametrize(
    "columns",
    [
        "time=stamp,mmsi=ship,lat=y,lon=x,name=ship",
        "time=stamp,mmsi=ship,lat=y,lon=x,heading=course",
        "time=stamp,mmsi=ship,lat=y,lon=y",
        "time=stamp,mmsi=ship,lat=y,lon=x,imo=ship,call_sign=ship,sog=course:kmh",
        "time=stamp,time=other,mmsi=ship,lat=y,lon=x",
    ],
)
def test_one_column_may_give_several_fields(columns: str) -> None:
    rows = [f"1710050{n:03d},{257111000 + n % 3},{60 + n / 100},{5 + n / 100},{n % 360}" for n in range(600)]
    text = "\n".join(["stamp,ship,y,x,course", *rows, ""]).encode()
    expected = by_row(text, StampRules(), column_map(columns))
    assert len(expected) > 600
    assert in_columns(text, StampRules(), column_map(columns)) == expected
