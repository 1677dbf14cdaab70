"""replay on whatever is given to it: tables and times of other kinds are read, and what is no AIS is exit code 1."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Thread

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.replay import command
from streams.errors import ConfigError
from streams.nmea.encoder import EncodedFix, position, sentences

app = typer.Typer()
app.command()(command)
MINUTES = range(40)
SHIP = 257_111_000
NOAA = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width\n"
TAIL = "10.0,90.0,91,TEST SHIP,IMO9179842,LABC1,70,0,120,20"


def run(*arguments: str | Path) -> tuple[int, dict[str, int], str]:
    """Exit code, totals and what was said beside them."""
    result = CliRunner().invoke(app, [*map(str, arguments), "--alerts", "-", "--stats"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    lines = result.stderr.splitlines()
    totals = next((json.loads(line) for line in lines if line.startswith("{")), {})
    return result.exit_code, totals, "\n".join(line for line in lines if not line.startswith("{"))


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def noaa(day: str = "2024-03-10", encoding_free: str = "T") -> str:
    return NOAA + "".join(f"{SHIP},{day}{encoding_free}06:{m:02d}:00,{60 + m / 500:.5f},5.0,{TAIL}\n" for m in MINUTES)


TIMES = [f"2024-03-10 06:{m:02d}:00" for m in MINUTES]
LATS = [f"{60 + m / 500:.5f}" for m in MINUTES]


def table(heading: str, row: str) -> str:
    """Its rows: T is the time, D the same as in Denmark, E its epoch, L the latitude, S the MMSI."""
    rows = []
    for minute, (time, lat) in enumerate(zip(TIMES, LATS, strict=True)):
        cells = {"T": time, "D": f"10/03/2024 {time[11:]}", "L": lat, "S": str(SHIP)}
        cells["E"] = str(1_710_050_400 + 60 * minute)
        rows.append("".join(cells.get(letter, letter) for letter in row) + "\n")
    return heading + "\n" + "".join(rows)


DMA = "# Timestamp;Type of mobile;MMSI;Latitude;Longitude;Navigational status;SOG;COG;Heading;IMO"
SPIRE = "created_at,timestamp,mmsi,msg_type,latitude,longitude,speed,course,heading,collection_type,imo"
AISHUB = "MMSI,TSTAMP,LATITUDE,LONGITUDE,COG,SOG,NAVSTAT,TYPE,A,B"
GFW = "mmsi,timestamp,distance_from_shore,distance_from_port,speed,course,lat,lon,is_fishing"
SHOUTED = ",".join(f'"{heading.upper()}"' for heading in NOAA.strip().split(",")) + "\n"
TABLES = {
    "NOAA": noaa(),
    "with a byte order mark": "\ufeff" + noaa(),
    "headings quoted, in capitals": noaa().replace(NOAA, SHOUTED),
    "CRLF": noaa().replace("\n", "\r\n"),
    "CR": noaa().replace("\n", "\r"),
    "tabs": noaa().replace(",", "\t"),
    "bars": noaa().replace(",", "|"),
    "NOAA from 2024": table("mmsi,base_date_time,longitude,latitude,sog,cog,imo", "S,T,5.0,L,10.0,90.0,IMO9179842"),
    "DMA": table(DMA, "D;class a;S;L;5,0;moored;10,0;90,0;91;9179842").replace(";60.", ";60,"),
    "AISHub": table(AISHUB, "S,T Z,L,5.0,90,10.0,0,70,100,20"),
    "GFW": table(GFW, "S.0,E.0,0.0,0.0,10.0,90.0,L,5.0,-1.0"),
    "Spire": table(SPIRE, "x,T,S,1,L,5.0,10.0,90.0,91,terrestrial,9179842"),
    "units in headings": table("MMSI;Time (UTC);Lat [deg];Lon [deg];Speed (km/h);COG (deg)", "S;T;L;5.0;18,52;90"),
    "half junk": "".join(f"{line}\n{'?' * 30}\n" for line in noaa().splitlines()).replace("?" * 30 + "\n", "", 1),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_in_full_with_speed_and_course(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", TABLES[name])
    rejected = tmp_path / "no.jsonl"
    code, totals, said = run(path, "--rejected", rejected)
    assert code == 0, said
    assert totals["reports"] >= len(MINUTES) and totals["vessels"] == 1
    fixes = decoded(path)
    assert len(fixes) == len(MINUTES)
    assert fixes[0]["lat"] == pytest.approx(60.0, abs=1e-5) and fixes[0]["lon"] == pytest.approx(5.0, abs=1e-5)
    assert fixes[-1]["time"] == "2024-03-10T06:39:00.000Z"
    assert (fixes[0]["speed"], fixes[0]["course"]) == (pytest.approx(10.0), pytest.approx(90.0))


def decoded(path: Path) -> list[dict[str, object]]:
    from streams.cli.decode import command as decode_command

    other = typer.Typer()
    other.command()(decode_command)
    result = CliRunner().invoke(other, [str(path)])
    return [line for line in map(json.loads, result.stdout.splitlines()) if "lat" in line]


def test_each_of_several_tables_is_read_by_its_own_heading(tmp_path: Path) -> None:
    first = written(tmp_path / "1.csv", TABLES["NOAA"])
    second = written(tmp_path / "2.csv", TABLES["NOAA from 2024"].replace("03-10", "03-11"))
    code, totals, said = run(first, second)
    assert (code, totals["refused_fixes"], totals["rejected"]) == (0, {}, {}), said
    assert "identity_change opened" not in totals["alerts"]
    both = written(tmp_path / "both.csv", first.read_text() + second.read_text())
    assert [fix["lat"] for fix in decoded(both)] == [fix["lat"] for fix in (*decoded(first), *decoded(second))]


def test_a_date_that_may_be_either_is_refused_by_name_unless_the_order_is_given(tmp_path: Path) -> None:
    path = written(tmp_path / "us.csv", noaa("3/10/2024", " "))
    code, totals, said = run(path)
    assert (code, totals["rejected"]) == (1, {"malformed": 40})
    assert "BaseDateTime '3/10/2024 06:00:00'" in said and "--dates dmy or --dates mdy" in said
    code, totals, said = run(path, "--dates", "mdy")
    assert code == 0 and totals["reports"] == 41


RING = "[[130,42],[131,42],[131,43],[130,43],[130,42]]"
ZONES = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"RAJIN","kind":"sanctioned"},'
    f'"geometry":{{"type":"Polygon","coordinates":[{RING}]}}}}]}}'
)
NOTHING = {
    "empty": (b"", "empty"),
    "blank": (b"\n\n \n", "blank"),
    "junk": (bytes(range(256)) * 20, "binary"),
    "UTF-16": ("!AIVDM,1,1,,A,133sVfPP00PD>hRMDH@jNOvN20S8,0*7F\n".encode("utf-16"), "iconv"),
    "JSON": (b'{"mmsi": [1, 2]}\n', "JSON"),
    "web page": (b"<!DOCTYPE html>\n<html><body>Log in</body></html>\n", "HTML"),
    "table of something else": (b"name;colour;age\nx;y;3\n", "unknown headings"),
    "other NMEA": (b"$GPGGA,1,2,3*44\n" * 5, "$GPGGA"),
    "text": (b"hello\nworld\n", "text"),
    "damaged": (b"!AIVDM,1,1,,A,133sVfPP00PD>hRMDH@jNOvN20S8,0*70\n" * 3, "3 checksum"),
    "tar": (b"\0" * 257 + b"ustar" + b"\0" * 200, "tar archive"),
    "zip cut short": (b"PK\x03\x04" + b"x" * 50, "damaged or incomplete (file is not a zip file"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_an_input_of_which_nothing_was_ais_is_exit_code_1_with_what_to_do(name: str, tmp_path: Path) -> None:
    data, expected = NOTHING[name]
    path = tmp_path / "day.nmea"
    path.write_bytes(data)
    code, _, said = run(path)
    assert code == 1
    assert expected in said and ";" in said and str(path) in said


def test_a_file_that_is_none_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    good = written(tmp_path / "1.csv", TABLES["NOAA"])
    code, totals, said = run(written(tmp_path / "0.txt", "hello\n"), good)
    assert (code, totals["reports"]) == (1, 41), said


REFUSED = {
    "lacks a column": ("mmsi,time,lat\n257111000,2024-03-10 06:00Z,60\n", "a table without lon: .*--columns"),
    "unit of a position": ("mmsi,time,lat [rad],lon\n", r"a table with an unknown unit in 'lat \[rad\]'"),
    "unit of the speed": ("mmsi,time,lat,lon,Speed (c)\n", r"a table with an unknown unit in 'Speed \(c\)'"),
    "no zone": (
        "mmsi,time,lat,lon\n257111000,2024-03-10 06:00:00,60,5\n",
        "the times in time have no zone: .*--time-zone",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_cannot_be_understood_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    text, said = REFUSED[name]
    good, bad = written(tmp_path / "1.csv", TABLES["NOAA"]), written(tmp_path / "2.csv", text)
    alerts = tmp_path / "alerts.jsonl"
    with pytest.raises(ConfigError, match=f"2.csv: {said}"):
        CliRunner().invoke(app, [str(good), str(bad), "--alerts", str(alerts)], catch_exceptions=False)
    assert not alerts.exists()


OWN = "ship,stamp,y,x,v\n" + "".join(f"{SHIP},{1710050400000 + 60_000 * m},{LATS[m]},5.0,18.52\n" for m in MINUTES)


def test_a_table_with_headings_of_its_own_is_read_by_a_map(tmp_path: Path) -> None:
    path = written(tmp_path / "own.csv", OWN)
    assert run(path)[0] == 1
    code, totals, _ = run(path, "--columns", "time=stamp:ms,mmsi=ship,lat=y,lon=x,sog=v:km/h")
    assert (code, totals["reports"], totals["rejected"]) == (0, 40, {})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("time=stamp:fortnight,mmsi=a,lat=b,lon=c", "unknown unit 'fortnight'; units of time: s, ms"),
        ("time=stamp,mmsi=a,lat=b", "lon missing"),
        ("speed=v", "write FIELD=HEADING"),
        ("time", "write FIELD=HEADING"),
    ],
)
def test_a_wrong_map_is_one_line(given: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        run(written(tmp_path / "own.csv", OWN), "--columns", given)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo"])
def test_a_zone_is_used_where_times_have_none(zone: str, tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", table("mmsi,time,lat,lon", "S,T,L,5.0"))
    assert run(path, "--time-zone", zone)[0] == 0


def test_a_folder_and_a_pattern_are_their_files_in_time_order(tmp_path: Path) -> None:
    for name, day in (("a", "12"), ("b", "11"), ("c", "10")):
        written(tmp_path / f"{name}.csv", noaa(f"2024-03-{day}"))
    for given in (tmp_path, tmp_path / "*.csv"):
        code, totals, said = run(given)
        assert (code, totals["late"], totals["sentences"]) == (0, 0, 3 * 42), said
        assert "read by their first times" in said
    with pytest.raises(ConfigError, match="no files"):
        run(tmp_path / "*.nmea")


def test_late_reports_that_are_not_sorted_are_said(tmp_path: Path) -> None:
    times = [f"2024-03-10T{hour}:{m:02d}:00Z" for ship in range(3) for hour in ("06", "07", "08") for m in MINUTES]
    ships = [SHIP + n for n in range(3) for _ in range(3 * len(MINUTES))]
    lines = [
        f"{time} {sentences(position(ship, EncodedFix(60 + i / 9000, 5.0 + ship % 3, 10.0, 0.0)))[0].decode()}\n"
        for i, (time, ship) in enumerate(zip(times, ships, strict=True))
    ]
    code, _, said = run(written(tmp_path / "day.nmea", "".join(lines)))
    assert code == 0
    assert "day.nmea: not in time order (238 of 360 lines are late): sorted first" in said
    assert "reports are late" not in said
    pipe = tmp_path / "pipe"  # read once, as it comes
    os.mkfifo(pipe)
    writer = Thread(target=written, args=(pipe, "".join(lines)), daemon=True)
    writer.start()
    code, _, said = run(pipe)
    writer.join()
    assert code == 0
    assert "238 of 360 reports are late: the input is not in time order" in said


def untimed(path: Path) -> Path:
    lines = [line for m in MINUTES for line in sentences(position(SHIP, EncodedFix(60 + m / 500, 5.0, 10.0, 0.0)))]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_times_that_are_made_up_are_said(tmp_path: Path) -> None:
    path = untimed(tmp_path / "day.nmea")
    code, _, said = run(path)
    assert code == 0
    assert "no readable times" in " ".join(said.split()) and "2000-01-01" in said


@pytest.mark.parametrize("option", ["--until", "--watchlist", "--zones"])
def test_where_days_matter_a_start_is_asked_for(option: str, tmp_path: Path) -> None:
    ships = written(tmp_path / "ships.csv", "imo,name\n9179842,TEST SHIP\n")
    zones = written(tmp_path / "zones.geojson", ZONES)
    value = {"--until": "2024-03-11T00:00:00Z", "--watchlist": f"{ships}@2024-03-10T00:00:00Z"}
    value["--zones"] = f"{zones}@2024-03-10T00:00:00Z"
    path = untimed(tmp_path / "day.nmea")
    with pytest.raises(ConfigError, match="--start"):
        run(path, option, value[option])
    assert run(path, option, value[option], "--start", "2024-03-10T00:00:00Z")[0] == 0


def test_files_with_and_without_times_are_not_played_together(tmp_path: Path) -> None:
    from streams.errors import WakewatchError

    with pytest.raises(WakewatchError, match="by themselves"):
        run(written(tmp_path / "1.csv", TABLES["NOAA"]), untimed(tmp_path / "2.nmea"))


@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_the_alerts_of_a_table_are_the_same_at_any_batch_size(cut: int, tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", TABLES["half junk"])
    alerts = [CliRunner().invoke(app, [str(path), "--alerts", "-", "--batch", str(n)]).stdout for n in (cut, 1000)]
    assert alerts[0] == alerts[1] != ""
