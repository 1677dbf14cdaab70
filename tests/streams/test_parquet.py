"""Parquet files are read as the same table in CSV is."""

import zipfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from pathlib import Path

import pytest
import shapely

from streams.errors import ConfigError
from streams.files.recordings import recordings, refuse_unreadable

pl = pytest.importorskip("polars", reason="needs polars, the extra wakewatch[tables]")
from streams.files.parquet import ParquetError  # noqa: E402

SHIPS, TIMES = [257111000, 257111001, None], [datetime(2024, 3, 10, 6, 0, second) for second in range(3)]
LONS, LATS = [5.0, 5.25, None], [60.0, 60.125, 61.0]


def written(path: Path, **columns: object) -> Path:
    pl.DataFrame({"mmsi": SHIPS, "time": TIMES, **columns}).write_parquet(path)
    return path


def text(path: Path) -> list[str]:
    with closing(recordings(path)) as found:
        return [line for each in found for line in each.file.read().decode().splitlines()]


FLAT = ["257111000,2024-03-10 06:00:00.000,5.0,60.0", "257111001,2024-03-10 06:00:01.000,5.25,60.125"]


def test_a_row_is_a_line_and_unknown_is_empty(tmp_path: Path) -> None:
    path = written(tmp_path / "day", longitude=LONS, latitude=LATS)
    assert text(path) == ["mmsi,time,longitude,latitude", *FLAT, ",2024-03-10 06:00:02.000,,61.0"]


def test_a_time_with_a_zone_is_in_utc(tmp_path: Path) -> None:
    moments = pl.Series([time.replace(tzinfo=UTC) for time in TIMES]).dt.convert_time_zone("Europe/Oslo")
    path = written(tmp_path / "day", time=moments)
    assert text(path)[1] == "257111000,2024-03-10T06:00:00.000Z"


def test_points_become_longitude_and_latitude(tmp_path: Path) -> None:
    wkb = [shapely.to_wkb(shapely.Point(lon, lat)) for lon, lat in zip(LONS[:2], LATS[:2], strict=True)]
    packed = written(tmp_path / "wkb", geometry=[*wkb, b"no point"])
    structs = written(tmp_path / "struct", geometry=[{"x": x, "y": y} for x, y in zip(LONS, LATS, strict=True)])
    for path in (packed, structs):
        assert text(path)[:3] == ["mmsi,time,longitude,latitude", *FLAT]


def test_a_line_has_no_point(tmp_path: Path) -> None:
    path = written(tmp_path / "day", geometry=[shapely.to_wkb(shapely.LineString([(1, 2), (3, 4)]))] * 3)
    assert text(path)[1] == "257111000,2024-03-10 06:00:00.000,,"


def test_many_rows_come_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    pl.DataFrame({"number": range(120_001)}).write_parquet(path, row_group_size=7000)
    assert text(path) == ["number", *map(str, range(120_001))]


def test_one_in_a_zip_is_read_too(tmp_path: Path) -> None:
    path = written(tmp_path / "day", longitude=LONS, latitude=LATS)
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        archive.write(path, "day.parquet")
    assert text(tmp_path / "day.zip") == text(path)


def test_one_without_rows_has_its_heading(tmp_path: Path) -> None:
    pl.DataFrame({"mmsi": pl.Series([], dtype=pl.Int64)}).write_parquet(tmp_path / "day")
    assert text(tmp_path / "day") == ["mmsi"]


@pytest.mark.parametrize("cut", [100, -10])
def test_one_cut_short_is_one_line(cut: int, tmp_path: Path) -> None:
    path = written(tmp_path / "day", longitude=LONS, latitude=LATS)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ParquetError, match=r"day: damaged or incomplete Parquet \([^\n]+\)$"):
        text(path)


def test_without_polars_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "day", longitude=LONS, latitude=LATS)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    for read in (text, lambda path: refuse_unreadable([path])):
        with pytest.raises(ConfigError, match=r"pip install 'wakewatch\[tables\]'"):
            read(path)


ODD = {
    "duration": pl.Series([timedelta(seconds=5)] * 3),
    "list": pl.Series([[1]] * 3),
    "array": pl.Series([[1, 2]] * 3, dtype=pl.Array(pl.Int64, 2)),
    "struct": pl.Series([{"a": 1}] * 3),
    "durations": pl.Series([[timedelta(1)]] * 3),
    "binary": pl.Series([b"\xff\n"] * 3),
}
PLAIN = {
    "decimal": (pl.Series([Decimal("60.125")] * 3), "60.125"),
    "categorical": (pl.Series(["a", "b", None], dtype=pl.Categorical), "a"),
    "enum": (pl.Series(["a", "b", None], dtype=pl.Enum(["a", "b"])), "a"),
    "null": (pl.Series([None] * 3), ""),
    "boolean": (pl.Series([True, None, False]), "true"),
    "large": (pl.Series([2**63] * 3, dtype=pl.UInt64), "9223372036854775808"),
    "clock": (pl.Series([clock(1, 2, 3)] * 3), "01:02:03.000000000"),
    "day": (pl.Series([date(2024, 3, 1)] * 3), "2024-03-01"),
    "text": (pl.Series(['a "b", c'] * 3), '"a ""b"", c"'),
    "moment far away": (pl.Series([2**62] * 3).cast(pl.Datetime("ms")), ""),
    "moment long ago": (pl.Series([-(2**63)] * 3).cast(pl.Datetime("us", "UTC")), ""),
    "moment in ns": (pl.Series([datetime(2024, 3, 10)] * 3).cast(pl.Datetime("ns", "Europe/Oslo")), None),
    "day far away": (pl.Series([2**31 - 1] * 3, dtype=pl.Int32).cast(pl.Date), ""),
}


@pytest.mark.parametrize("name", ODD)
def test_a_column_that_no_table_can_have_is_left_out(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "day", odd=ODD[name], longitude=LONS, latitude=LATS)
    assert text(path)[:3] == ["mmsi,time,longitude,latitude", *FLAT]


@pytest.mark.parametrize("name", PLAIN)
def test_a_column_of_any_other_kind_is_text(name: str, tmp_path: Path) -> None:
    column, first = PLAIN[name]
    lines = text(written(tmp_path / "day", longitude=LONS, latitude=LATS, odd=column))
    assert lines[0] == "mmsi,time,longitude,latitude,odd"
    assert lines[1] == f"{FLAT[0]},{'2024-03-10T00:00:00.000Z' if first is None else first}"


def test_one_of_odd_columns_alone_says_their_names(tmp_path: Path) -> None:
    pl.DataFrame({"a": [[1]], "b": [timedelta(1)]}).write_parquet(tmp_path / "day")
    assert text(tmp_path / "day") == ["a,b"]


def test_a_panic_of_polars_is_one_line_too(tmp_path: Path) -> None:
    path = written(tmp_path / "day", longitude=LONS, latitude=LATS)
    whole, said = path.read_bytes(), set()
    for place in range(4, len(whole) - 8):
        path.write_bytes(whole[:place] + whole[place + 2 :])
        try:
            text(path)
        except ParquetError as error:
            said.add(str(error).removeprefix(str(path)))
    assert ": damaged or incomplete Parquet (polars cannot read it)" in said
    assert all(each.isprintable() and each.startswith(": damaged or incomplete Parquet (") for each in said)
