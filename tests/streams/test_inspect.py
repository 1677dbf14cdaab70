"""inspect says what a recording is, and the command that replays it."""

import json
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.cli import replay
from streams.cli.inspect import command
from streams.nmea.encoder import EncodedFix, position, position_b, sentences, tagged

app = typer.Typer()
app.command()(command)
played = typer.Typer()
played.command()(replay.command)
START_MS = 1_710_050_400_000
NOAA = "MMSI,BaseDateTime,LAT,LON,SOG\n"


def run(*arguments: str | Path) -> tuple[int, list[dict[str, object]]]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout)


def line(second: int, mmsi: int = 257111000, *, sog_kn: float = 10.0, station: str = "pier", b: bool = False) -> bytes:
    fix = EncodedFix(60.0, 5.0, sog_kn, 90.0)
    (made,) = tagged(sentences((position_b if b else position)(mmsi, fix)), START_MS + second * 1000, station)
    return made


def written(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"\n".join([*lines, b""]))
    return path


def test_a_recording_is_described(tmp_path: Path) -> None:
    well = [line(10 * n) for n in range(60)]
    seldom = [line(200 * n + 1, 257111001, station="hill") for n in range(3)]
    at_rest = [line(170 * n + 2, 257111002, sog_kn=0.0) for n in range(3)]
    small = [line(28 * n + 3, 257111003, b=True) for n in range(20)]
    lines = sorted([*well, *seldom, *at_rest, *small], key=lambda each: each.split(b"c:")[1][:13])
    code, (found,) = run(written(tmp_path / "day.nmea", *lines, b"noise", lines[0].replace(b"*", b"*F", 2)))
    assert code == 0
    assert (found["format"], found["reports"], found["ships"], found["stations"]) == ("NMEA with tag blocks", 86, 4, 2)
    assert (found["from_ms"], found["to_ms"]) == (START_MS, START_MS + 590_000)
    assert found["rejected"] == {"malformed": 1} or found["rejected"] == {"checksum": 1}
    assert (found["late"], found["jumps"], found["well_heard"]) == (0, 0, 0.75)
    assert found["replay"] == f"wakewatch replay {tmp_path / 'day.nmea'}"


def test_late_reports_jumps_and_silences_are_counted(tmp_path: Path) -> None:
    seconds = [0, 10, 20, 5, 60, 20, 400, 200_000]
    _, (found,) = run(written(tmp_path / "day", *[line(second, 257111000 + second) for second in seconds]))
    assert (found["late"], found["late_most_s"], found["jumps"], found["silences"]) == (1, 40.0, 1, 2)


TABLES = {
    "DMA": (
        "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status\n",
        "10/03/2024 06:00:0%d,A,%d,60,5,",
    ),
    "no zone": ("time,mmsi,lat,lon\n", "2024-03-10 06:00:0%d,%d,60,5"),
    "own": ("stamp,ship,y,x\n", "1710050400,%.0s%d,60,5"),
}
OPTIONS = {"DMA": "", "no zone": " --time-zone UTC", "own": " --columns time=stamp:s,mmsi=ship,lat=y,lon=x"}


@pytest.mark.parametrize("name", TABLES)
def test_the_command_for_a_table_replays_it(name: str, tmp_path: Path) -> None:
    heading, row = TABLES[name]
    if name == "own":
        row = "17100504%02d,%d,60,5"
    path = tmp_path / "day.csv"
    path.write_text(heading + "".join(row % (second, 257111000) + "\n" for second in range(9)))
    given = shlex.split(OPTIONS[name]) if name == "own" else []
    code, (found,) = run(path, *given)
    assert code == 0
    assert found["replay"] == f"wakewatch replay {path}{OPTIONS[name]}"
    assert found["stations"] == 0
    result = CliRunner().invoke(played, [*shlex.split(str(found["replay"]))[2:], "--stats"])
    assert result.exit_code == 0 and '"reports":9' in result.stderr


def test_ambiguous_dates_ask_for_their_order(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text(NOAA + "257111000,3/10/2024 06:00:00,60,5,1\n")
    code, (found,) = run(path)
    assert code == 1
    assert str(found["replay"]).endswith(" --dates DMY_OR_MDY")
    assert run(path, "--dates", "mdy")[0] == 0


def test_one_without_times_asks_for_a_start(tmp_path: Path) -> None:
    path = written(tmp_path / "day", *[line(n).rpartition(b"\\")[2] for n in range(9)])
    code, (found,) = run(path)
    assert code == 0
    assert (found["format"], found["times"]) == ("NMEA without times", "it has no times")
    assert str(found["replay"]).endswith(" --start YYYY-MM-DDTHH:MM:SSZ --rate 100")


def test_one_without_ais_is_exit_code_1_and_the_others_are_described(tmp_path: Path) -> None:
    code, found = run(written(tmp_path / "a", b"hello"), written(tmp_path / "b", line(1)))
    assert code == 1
    assert found[0]["nothing"] and not found[1]["nothing"]


def test_it_is_readable(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(written(tmp_path / "day", line(0), line(10)))])
    assert result.stdout.splitlines()[1:] == [
        "  format      NMEA with tag blocks",
        "  span        2024-03-10T06:00:00.000Z to 2024-03-10T06:00:10.000Z, 10 s",
        "  reports     2, 0.2 per second, of 1 ships",
        "  stations    1 named",
        "  refused     none",
        "  order       in time order",
        "  clock       0 jumps, 0 silences",
        "  well heard  100% of the ships",
        f"  replay      wakewatch replay {tmp_path / 'day'}",
    ]


SENTENCE = line(5).rpartition(b"\\")[2].decode()
DECODED = {"class": "AIS", "type": 1, "mmsi": 257111000, "lat": 60.0, "lon": 5.0, "speed": 10.0, "course": 90.0}
AISSTREAM = {
    "MessageType": "PositionReport",
    "MetaData": {"MMSI": 257111000, "time_utc": "2024-03-10 06:00:05.000000000 +0000 UTC"},
    "Message": {"PositionReport": {"UserID": 257111000, "Latitude": 60.0, "Longitude": 5.0, "Sog": 10.0, "Cog": 90.0}},
}
FORMATS: dict[str, object] = {
    "receivers' JSON lines": {"nmea": [SENTENCE], "rxuxtime": 1710050405},
    "receivers' JSON lines without times": {"nmea": [SENTENCE]},
    "receivers' decoded JSON lines": {**DECODED, "rxuxtime": 1710050405},
    "aisstream.io's JSON lines": AISSTREAM,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("form", ["plain", "escaped", "array", "long"])
def test_json_is_called_json(name: str, form: str, tmp_path: Path) -> None:
    message = FORMATS[name]
    text = json.dumps([message] * (20 if form == "long" else 1) if form in {"array", "long"} else message)
    if form == "escaped":
        text = text.replace("!", "\\u0021")
    code, (found,) = run(written(tmp_path / "day", b'{"class":"VERSION"}', *[text.encode()] * 3))
    assert (code, found["format"]) == (0, name)


@pytest.mark.parametrize("timed", [True, False])
def test_the_command_has_every_option_that_was_given(timed: bool, tmp_path: Path) -> None:
    lines = [line(n) if timed else line(n).rpartition(b"\\")[2] for n in range(9)]
    path, settings = written(tmp_path / "day", *lines), tmp_path / "my settings.toml"
    settings.write_text("[feed]\nallowed_lateness_s = 60\n")
    given = ["--dates", "dmy", "--time-zone", "Europe/Oslo", "--start", "2024-03-04T00:00:00Z", "--rate", "7"]
    given += ["--columns", "time=a,mmsi=b,lat=c,lon=d", "--settings", str(settings)]
    code, (found,) = run(path, *given)
    words = shlex.split(str(found["replay"]))
    assert (code, words[:3]) == (0, ["wakewatch", "replay", str(path)])
    pairs = set(zip(words[3::2], words[4::2], strict=True))
    assert pairs == set(zip(given[::2], given[1::2], strict=True))
    assert CliRunner().invoke(played, words[2:]).exit_code == 0


def test_syslog_lines_are_replayed_with_the_start_that_gives_their_year(tmp_path: Path) -> None:
    path = written(tmp_path / "day", *[b"Mar 10 06:00:%02d pier ais: %b" % (n, SENTENCE.encode()) for n in range(9)])
    _, (without,) = run(path)
    assert "--start YYYY-MM-DDTHH:MM:SSZ" in str(without["replay"])
    code, (found,) = run(path, "--start", "2024-01-01T00:00:00Z")
    assert (code, found["times"]) == (0, "")
    assert str(found["replay"]).endswith(" --start 2024-01-01T00:00:00Z")


def test_times_in_a_zone_of_letters_ask_for_its_name(tmp_path: Path) -> None:
    path = written(tmp_path / "day", *[b"2024-03-10 06:00:%02d EDT %b" % (n, SENTENCE.encode()) for n in range(9)])
    _, (found,) = run(path)
    assert "is in EDT" in str(found["times"])
    assert "--time-zone AREA/CITY" in str(found["replay"])
    _, (given,) = run(path, "--time-zone", "America/New_York")
    assert (given["times"], given["from_ms"]) == ("", START_MS + 4 * 3_600_000)
