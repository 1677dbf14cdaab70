"""The frame around the benchmarks: what was measured, on what, and how it changed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec
import pyais
import pytest
from typer.testing import CliRunner

from detectors.core.imo_number import is_imo_number
from streams.bench import feed, fleets, frame
from streams.cli.bench import app
from streams.decode import decode
from streams.errors import ConfigError
from streams.nmea.encoder import EncodedFix, Particulars, position, position_b, position_long_range, sentences, static

SENTENCE = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "a.nmea").write_bytes(b"\n".join([*feed.generated(300).lines, b"# a comment", b""]))
    return folder


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_benchmark_says_what_it_measured_on_what(recordings: Path) -> None:
    said = json.loads(run("decode", "--data", recordings, "--rounds", "1", "--batch", "100", "--json"))
    assert str(recordings) in said["measured"]["input"] and "301 lines" in said["measured"]["input"]
    assert [row["name"] for row in said["measured"]["rows"]][:2] == [
        "ours, 100 lines a record",
        "ours, 100, foreign tag blocks",
    ]
    assert all(figure["value"] > 0 for row in said["measured"]["rows"] for figure in row["figures"])
    assert round(said["measured"]["processes"][0]["cpu_s"], 6) >= 0 and len(said["machine"]["load_before"]) == 3
    assert {"python", "numpy", "pyais", "wakewatch"} <= set(said["versions"])


def test_the_change_from_an_earlier_result_is_printed(recordings: Path, tmp_path: Path) -> None:
    options = ("decode", "--data", recordings, "--rounds", "1", "--batch", "100")
    earlier = tmp_path / "earlier.json"
    earlier.write_text(run(*options, "--json"))
    said = run(*options, "--against", earlier)
    assert "%)" in said and "change     from" in said
    with pytest.raises(ConfigError):
        run(*options, "--against", recordings / "a.nmea")


def test_a_figure_is_compared_with_the_one_of_its_row_and_name() -> None:
    def result(value: float) -> frame.Result:
        rows = (frame.Row("a", (frame.Figure("x", value), frame.Figure("y", 1.0))), frame.Row("b", ()))
        machine = frame.Machine("cpu", 2, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
        return frame.Result("decode", "2024-02-04T04:12:00+00:00", machine, {}, frame.Measured("input", rows))

    heads, rows = frame.table(result(3000.0), result(2000.0))
    assert heads == ("", "x", "y") and rows == [("a", "3,000 (+50.0%)", "1 (+0.0%)"), ("b", None, None)]
    assert msgspec.json.decode(msgspec.json.encode(result(1.5)), type=frame.Result) == result(1.5)


def test_wrong_use_of_data_is_said(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigError):
            feed.given(folder)


def test_the_generated_feed_has_the_mix_that_it_says() -> None:
    made = feed.generated(4000)
    assert made.lines == feed.generated(4000).lines != feed.generated(4000, seed=2).lines
    decoded = decode(b"\n".join(made.lines), "test")
    kinds = Counter(decoded.batch.reports["type"].tolist())
    share = {kind: 100 * count / kinds.total() for kind, count in kinds.items()}
    assert share[1] == pytest.approx(61, abs=3) and share[3] == pytest.approx(10, abs=2)
    assert share[5] == pytest.approx(9, abs=2) and {18, 24, 27} <= set(kinds)
    assert 0.003 < len(decoded.refused) / decoded.sentences < 0.03


def test_a_lap_is_sent_by_other_vessels_of_the_same_flags() -> None:
    lines = [*feed.generated(600).lines, b"# a comment", b"!AIVDM,1,1,,B,17,0*5C", SENTENCE + b",r003669946,1326055296"]
    lap, again = fleets.fresh(lines, 3), fleets.fresh(lines, 0)
    assert again == lines and lap[-3:-1] == lines[-3:-1]
    assert pyais.decode(lap[-1][:-22], error_if_checksum_invalid=True).mmsi == 477_553_000 + 3 * 104_729
    before, after = (decode(b"\n".join(each), "test") for each in (lines, lap))
    assert [r.reason for r in before.refused] == [r.reason for r in after.refused]
    mmsis = before.batch.reports["mmsi"], after.batch.reports["mmsi"]
    assert (mmsis[0] != mmsis[1]).all() and (mmsis[0] // 1_000_000 == mmsis[1] // 1_000_000).all()
    for name in ("lat_deg", "time_ms", "type"):
        assert before.batch.reports[name].tobytes() == after.batch.reports[name].tobytes()


def test_each_fleet_sends_imo_numbers_of_its_own() -> None:
    ship = Particulars(imo=9_179_842, call_sign="W1", name="BENCH")
    lines = sentences(static(273_111_000, ship))
    found = [decode(b"\n".join(fleets.fresh(lines, lap)), "test").batch.statics for lap in range(4)]
    numbers = [int(statics["imo"][0]) for statics in found]
    assert len(set(numbers)) == 4 and all(is_imo_number(number) for number in numbers)


@pytest.mark.parametrize("kind", [1, 2, 3, 18, 27])
def test_in_place_every_vessel_stays_where_its_first_fix_was(kind: int) -> None:
    def line(mmsi: int, lat_deg: float, lon_deg: float) -> bytes:
        fix = EncodedFix(lat_deg=lat_deg, lon_deg=lon_deg, sog_kn=12, cog_deg=90, heading_deg=90, second=1)
        makers = {18: lambda: position_b(mmsi, fix), 27: lambda: position_long_range(mmsi, fix, status=0)}
        return sentences(makers[kind]() if kind in makers else position(mmsi, fix, kind=kind, status=0))[0]

    first = line(273_111_000, -33.5, -178.25), line(273_222_000, 60.25, 11.5)
    lines = [*first, line(273_111_000, -35, 179), line(273_222_000, 61, 12), line(273_222_000, 91, 181)]
    moved = decode(b"\n".join(fleets.in_place(lines)), "test")
    assert not moved.refused
    reports = moved.batch.reports
    assert reports["lat_deg"][:4] == pytest.approx([-33.5, 60.25, -33.5, 60.25], abs=0.002)
    assert reports["lon_deg"][:4] == pytest.approx([-178.25, 11.5, -178.25, 11.5], abs=0.002)
    assert fleets.in_place([b"# a comment", b"!AIVDM,1,1,,B,17,0*5C"]) == [b"# a comment", b"!AIVDM,1,1,,B,17,0*5C"]


def test_packed_records_hold_every_line_and_a_time_in_each() -> None:
    lines = [SENTENCE, b"\\c:1420030798*00\\" + SENTENCE, SENTENCE]
    records = list(feed.packed(lines, 2))
    assert [record.count(b"\n") + 1 for record in records] == [2, 1]
    times = [t for record in records for t in decode(record, "test").batch.reports["time_ms"].tolist()]
    assert times == [1_707_000_000_000, 1_420_030_798_000, 1_707_000_000_008]


def test_damage_and_foreign_tag_blocks_are_what_they_say() -> None:
    lines = feed.ingested(feed.generated(1500).lines)
    assert not decode(b"\n".join(lines), "test").refused
    damaged = feed.damaged(lines, 0.1)
    assert 0.05 < sum(a != b for a, b in zip(lines, damaged, strict=True)) / len(lines) < 0.15
    theirs = decode(b"\n".join(feed.foreign(lines)), "test")
    assert not theirs.refused and len(theirs.batch.reports) == len(decode(b"\n".join(lines), "test").batch.reports)
    assert theirs.batch.reports["time_ms"].min() == 1_707_000_000_000
