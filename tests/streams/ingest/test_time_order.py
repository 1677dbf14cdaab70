"""Recordings that are not in time order are sorted; those that are pass as they are."""

import gzip
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.files.recordings import RecordingFile
from streams.files.unpackers import PackedError
from streams.ingest.core import Ingest
from streams.ingest.line_times import OrderRules
from streams.ingest.stamps import StampRules
from streams.ingest.time_order import CHECKING, PLAYING, SORTING, in_time_order
from streams.nmea.checksum import checksum, tag_block
from streams.nmea.encoder import EncodedFix, position, sentences, tagged

RULES = OrderRules()
NOAA = "MMSI,BaseDateTime,LAT,LON"
SPIRE = "created_at,timestamp,mmsi,latitude,longitude,collection_type"


def noaa(minute: int, ship: int = 0) -> str:
    return f"25711100{ship},2024-03-10T06:{minute:02d}:00,60,5"


def spire(minute: int) -> str:
    return f"x,2024-03-10 06:{minute:02d}:00,257111009,60,5,s"


def nmea(minute: int) -> str:
    (line,) = tagged(sentences(position(257111008, EncodedFix(60, 5))), 1710050400000 + 60_000 * minute, "pier")
    return line.decode()


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([*lines, ""]))
    return path


def read(*paths: Path, rules: OrderRules = RULES) -> tuple[list[list[str]], list[str]]:
    said: list[str] = []
    found = [recording.file.read().decode().split() for recording in in_time_order(paths, rules, said.append)]
    return found, said


def test_one_in_order_passes_as_it_is_and_so_does_one_that_is_hardly_late(tmp_path: Path) -> None:
    rows = [noaa(minute) for minute in range(9)]
    rows.insert(5, "257111000,2024-03-10T06:03:31,60,5")
    path = written(tmp_path / "day.csv", NOAA, *rows)
    assert read(path) == ([[NOAA, *rows]], [])


def test_one_sorted_by_ship_is_sorted_by_time_and_it_is_said(tmp_path: Path) -> None:
    rows = [noaa(minute, ship) for ship in (1, 0) for minute in range(9)]
    path = written(tmp_path / "day.csv", NOAA, *rows)
    found, (said,) = read(path)
    assert found == [[NOAA, *(noaa(minute, ship) for minute in range(9) for ship in (1, 0))]]
    assert said.startswith(f"{path}: not in time order (8 of 18 lines are late): sorted first, ")


def test_rows_that_only_the_row_reader_can_read_are_sorted_too(tmp_path: Path) -> None:
    """A name with quotation marks in it: such rows are not read in columns."""
    rows = [f'257111000,2024-03-10T06:{minute:02d}:00,60,5,"A""B"' for minute in (9, 3, 7, 1, 5)]
    path = written(tmp_path / "day.csv", f"{NOAA},VesselName", *rows)
    (found,), said = read(path)
    assert found == [f"{NOAA},VesselName", *sorted(rows)]
    assert said


def test_files_in_the_wrong_order_are_read_in_the_right_one(tmp_path: Path) -> None:
    late, early = (written(tmp_path / name, NOAA, noaa(at), noaa(at + 1)) for name, at in (("a", 7), ("b", 2)))
    found, said = read(late, early)
    assert found == [[NOAA, noaa(2), noaa(3)], [NOAA, noaa(7), noaa(8)]]
    assert "by their first times" in said[0]


def test_overlapping_files_of_different_formats_are_merged_each_under_its_heading(tmp_path: Path) -> None:
    paths = (
        written(tmp_path / "a", NOAA, noaa(1), noaa(5), noaa(6)),
        written(tmp_path / "b", nmea(2), nmea(4)),
        written(tmp_path / "c", SPIRE, spire(3), spire(7), NOAA, noaa(8)),
    )
    (found,), (said,) = read(*paths)
    heads = [line for line in found if line.startswith(("MMSI", "created"))]
    assert heads == [NOAA, SPIRE, NOAA, SPIRE, NOAA]
    text = " ".join(found)
    assert text.index(noaa(1)) < text.index(nmea(2)) < text.index(spire(3).split()[0])
    assert found[-1] == noaa(8)
    assert "and 2 more" in said


def test_lines_without_a_time_stay_behind_the_line_before(tmp_path: Path) -> None:
    path = written(tmp_path / "a", NOAA, noaa(5), "257,unreadable,60,5", NOAA, noaa(1), "257,?,60,5")
    assert read(path)[0] == [[NOAA, noaa(1), "257,?,60,5", noaa(5), "257,unreadable,60,5"]]


def test_what_has_no_times_is_read_first_and_as_it_is(tmp_path: Path) -> None:
    other = written(tmp_path / "a.txt", "hello", "world")
    path = written(tmp_path / "b", NOAA, noaa(5), noaa(1))
    assert read(path, other)[0] == [["hello", "world"], [NOAA, noaa(1), noaa(5)]]


def test_one_that_is_damaged_gives_what_it_has_and_then_its_error(tmp_path: Path) -> None:
    rows = [f"{noaa(minute, ship)}.{random.Random(minute).random()}" for ship in (1, 0) for minute in range(60)]
    path = tmp_path / "day.csv.gz"
    path.write_bytes(gzip.compress("\n".join([NOAA, *rows, ""]).encode())[:-9])
    (recording,) = in_time_order([path], RULES)
    assert len(recording.file.read(1 << 20).split()) == 121
    with pytest.raises(PackedError, match="damaged or incomplete"):
        recording.file.read(1)


def test_all_damaged_ones_are_said(tmp_path: Path) -> None:
    rows = [f"{noaa(minute, ship)}.{random.Random(minute).random()}" for ship in (1, 0) for minute in range(60)]
    paths = [tmp_path / name for name in ("a.csv.gz", "b.csv.gz", "c.csv.gz")]
    for path in paths:
        path.write_bytes(gzip.compress("\n".join([NOAA, *rows, ""]).encode())[:-9])
    (recording,) = in_time_order(paths, RULES)
    assert len(recording.file.read(1 << 20).split()) == 361
    with pytest.raises(PackedError, match=r"a\.csv\.gz: damaged .*; 2 more are damaged too$"):
        recording.file.read(1)


@pytest.mark.parametrize("packed", [False, True])
def test_the_progress_of_each_step_is_told_in_bytes(packed: bool, tmp_path: Path) -> None:
    text = "\n".join([NOAA, *[noaa(minute, ship) for ship in (1, 0) for minute in range(60)], ""]).encode()
    path = tmp_path / "day"
    path.write_bytes(gzip.compress(text) if packed else text)
    told: list[tuple[str, int, int | None]] = []
    (recording,) = in_time_order([path], RULES, watch=lambda *step: told.append(step))
    assert told == [(CHECKING, len(text), None if packed else len(text)), (PLAYING, 0, len(text))]
    assert len(recording.file.read()) == len(text)
    assert told[2:] == [(SORTING, len(text), len(text))]


@pytest.mark.parametrize("missing", [False, True])
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 3)), min_size=1, max_size=8), min_size=1, max_size=4)
)
def test_any_files_give_each_line_once_in_order(
    missing: bool, tmp_path_factory: pytest.TempPathFactory, files: Sequence[Sequence[tuple[int, int]]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    rows = [[noaa(minute, ship) for minute, ship in file] for file in files]
    paths = [written(folder / str(number), NOAA, *file) for number, file in enumerate(rows)]
    with pytest.MonkeyPatch.context() as patch:
        if missing:
            patch.setitem(__import__("sys").modules, "streams.ingest.table_values", None)
        found = [line for file in read(*paths)[0] for line in file if line != NOAA]
    assert sorted(found) == sorted(line for file in rows for line in file)
    assert [line.split(",")[1] for line in found] == sorted(line.split(",")[1] for line in found)


def lines_of(path: Path, rules: OrderRules, said: list[str] | None = None) -> list[bytes]:
    say = ([] if said is None else said).append
    return [line for recording in in_time_order([path], rules, say) for line in recording.file.read().splitlines()]


def one() -> bytes:
    (text,) = sentences(position(257111007, EncodedFix(60, 5)))
    return text


def seconds(minute: int) -> int:
    return 1710050400 + 60 * minute


def tag(fields: str) -> bytes:
    return tag_block(fields.encode())


LINES: dict[str, Callable[[int], bytes]] = {
    "seconds": lambda minute: tag(f"s:pier,c:{seconds(minute)}") + one(),
    "time first": lambda minute: tag(f"c:{seconds(minute)},s:pier") + one(),
    "time alone": lambda minute: tag(f"c:{seconds(minute)}") + one(),
    "decimals": lambda minute: tag(f"s:pier,c:{seconds(minute)}.5") + one(),
    "a group": lambda minute: tag(f"g:1-2-{minute},c:{seconds(minute)}") + one(),
    "iso": lambda minute: b"2024-03-10T06:%02d:00Z " % minute + one(),
    "coast guard": lambda minute: one() + b",r003669945,%d" % seconds(minute),
    "number": lambda minute: one() + b",%d" % seconds(minute),
    "syslog": lambda minute: b"Mar 10 06:%02d:00 pier ais: " % minute + one(),
    "json": lambda minute: json.dumps({"nmea": [one().decode()], "rxuxtime": seconds(minute)}).encode(),
}


@pytest.mark.parametrize("form", LINES)
def test_sentences_with_times_in_any_form_are_sorted(form: str, tmp_path: Path) -> None:
    rules = OrderRules(stamps=StampRules(near_ms=1704067200000))
    lines = [LINES[form](minute) for minute in (5, 1, 9, 3)]
    path = tmp_path / "log"
    path.write_bytes(b"\n".join([*lines, b""]))
    assert lines_of(path, rules) == [LINES[form](minute) for minute in (1, 3, 5, 9)]


@pytest.mark.parametrize("form", sorted({*LINES} - {"json", "number"}))
def test_sentences_among_the_rows_of_a_table_have_their_own_times(form: str, tmp_path: Path) -> None:
    rules = OrderRules(stamps=StampRules(near_ms=1704067200000))
    path = tmp_path / "log"
    path.write_bytes(b"\n".join([NOAA.encode(), noaa(4).encode(), LINES[form](2), noaa(1).encode(), b""]))
    assert lines_of(path, rules)[1:] == [noaa(1).encode(), LINES[form](2), noaa(4).encode()]


def test_a_time_line_stays_before_its_sentence(tmp_path: Path) -> None:
    def pair(minute: int) -> list[bytes]:
        body = f"PGHP,1,2024,3,10,6,{minute},0,0,219,,2190068,1,7A".encode()
        return [b"$%b*%02X" % (body, checksum(body)), one()]

    path = tmp_path / "log"
    path.write_bytes(b"\n".join([line for minute in (5, 1, 3) for line in pair(minute)]))
    assert lines_of(path, RULES) == [line for minute in (1, 3, 5) for line in pair(minute)]


def test_counters_beside_sentences_are_no_times(tmp_path: Path) -> None:
    lines = [one() + b" %d" % number for number in (9_000, 4_000, 1_000)]
    path = tmp_path / "log"
    path.write_bytes(b"\n".join([*lines, b""]))
    assert lines_of(path, RULES) == lines


def test_lines_of_other_instruments_do_not_hide_the_times(tmp_path: Path) -> None:
    groups = [[LINES["iso"](minute), *[b"$GPGGA,,,,,,0,,,,,,,,*66"] * 5] for minute in (5, 1, 3)]
    path = tmp_path / "log"
    path.write_bytes(b"\n".join([line for group in groups for line in group]))
    assert lines_of(path, RULES) == [line for at in (1, 2, 0) for line in groups[at]]


def test_one_with_few_times_is_played_as_it_is_and_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = [LINES["iso"](5), one(), one(), one(), LINES["iso"](1), one()]
    path.write_bytes(b"\n".join([*lines, b""]))
    said: list[str] = []
    assert lines_of(path, RULES, said) == lines
    assert said == [f"{path}: most of its sentences have no time: it is played in the order in which it is"]


def test_what_stands_before_a_heading_stays_before_it(tmp_path: Path) -> None:
    a = written(tmp_path / "a", "Positions of March", "# made by us", NOAA, noaa(5), noaa(1))
    b = written(tmp_path / "b", "Another title", NOAA, noaa(4), noaa(2))
    (found,), _ = read(a, b)
    text = " ".join(found)
    assert text.startswith(f"Positions of March # made by us Another title {NOAA} {noaa(1)} {noaa(2)}")


def test_lines_before_a_heading_are_no_rows_when_played(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "Positions of March", "# made by us, 2024", NOAA, noaa(5), noaa(1))
    counts = []
    for recording in (*in_time_order([path], RULES), RecordingFile("a", path.open("rb"))):
        ingest = Ingest("a", 1)
        with recording.file as file:
            ingest.feed(file.read())
        ingest.end()
        counts.append((ingest.counts.sentences, ingest.counts.other, ingest.counts.rejected))
    assert counts[0] == counts[1] == (2, 3, {})


def test_lines_of_a_log_that_is_merged_with_a_table_are_no_rows(tmp_path: Path) -> None:
    log = tmp_path / "log"
    between = [b"# comment, 1", b"$GPGGA,,,,,,0,,,,,,,,*66", tag("g:1-2-7") + b"$GPGGA,,,,,,0,,,,,,,,*66"]
    log.write_bytes(b"\n".join([LINES["iso"](2), *between, LINES["json"](4), b'{"no": "ship"}', b""]))
    table = written(tmp_path / "table", NOAA, noaa(1), noaa(3), noaa(5))
    (recording,) = in_time_order([log, table], RULES)
    ingest = Ingest("a", 1)
    ingest.feed(recording.file.read())
    ingest.end()
    assert (ingest.counts.sentences, ingest.counts.rejected) == (5, {})


def test_a_row_that_begins_with_a_spreadsheets_error_is_a_dead_letter(tmp_path: Path) -> None:
    ingest = Ingest("a", 1)
    ingest.feed(written(tmp_path / "a", NOAA, noaa(1), "#N/A,2024-03-10T06:02:00,60,5").read_bytes())
    ingest.end()
    assert sum(ingest.counts.rejected.values()) == 1
