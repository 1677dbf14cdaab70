"""A case as a zip file: the same bytes each time, complete, and honest about what is missing."""

from __future__ import annotations

import json
import subprocess
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from detectors.core.units import unix_ms
from streams.decode import decode
from streams.export.archive import file_name

from .conftest import CASE, LISTED, START_MS, alerts_of, command, from_files, unpacked

NAMES = ["case.json", "alerts.csv", "track.geojson", "case.kml", "sentences.nmea", "report.html", "SHA256SUMS"]
SCHEMA = Path(__file__).parents[3] / "deploy" / "schemas" / "case.v1.schema.json"


def case_of(archive: Path) -> Any:
    return json.loads(unpacked(archive)["case.json"])


def test_made_twice_it_is_the_same_file(recorded: Path, exported: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    assert command("case", "export", CASE, "--out", str(again), *from_files(recorded)) == 0
    assert again.read_bytes() == exported.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.zip"]


def test_an_alert_id_names_its_case(recorded: Path, exported: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    assert command("case", "export", alerts_of(recorded)[0]["id"][:12], "--out", str(again), *from_files(recorded)) == 0
    assert again.read_bytes() == exported.read_bytes()


def test_checksums_are_those_of_the_files(exported: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported) as packed:
        assert packed.namelist() == NAMES
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        packed.extractall(tmp_path)
    said = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=True, text=True)
    assert said.stdout.splitlines() == [f"{name}: OK" for name in NAMES[:-1]]


def test_case_json_has_every_revision_and_its_schema(recorded: Path, exported: Path) -> None:
    case = case_of(exported)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(case)
    said = {(alert["id"], alert["revision"]): alert for alert in alerts_of(recorded)}
    given = [revision for alert in case["alerts"] for revision in alert["revisions"]]
    assert {(one["id"], one["revision"]): one for one in given} == said
    assert case["as_of"] == max(alert["time"] for alert in said.values())
    assert "not a finding" in case["notice"] and case["case_id"] == CASE


def test_sentences_are_those_of_the_ship_as_they_are_in_the_log(recorded: Path, exported: Path) -> None:
    lines = unpacked(exported)["sentences.nmea"].splitlines()
    log = set((recorded / "feed.nmea").read_bytes().splitlines())
    assert lines and set(lines) <= log
    reports = decode(b"\n".join(lines), "x").batch.reports
    assert set(reports["mmsi"].tolist()) == {LISTED}
    assert (reports["time_ms"][1:] >= reports["time_ms"][:-1]).all()
    assert len(reports) == sum(b",145CTV" in line or b",545CTV" in line for line in log)


def test_the_track_has_the_decoded_positions_and_silences_of_their_own(exported: Path) -> None:
    files = unpacked(exported)
    drawn = json.loads(files["track.geojson"])["features"]
    tracks = [one for one in drawn if one["properties"]["kind"] == "track"]
    silences = [one for one in drawn if one["properties"]["kind"] == "silence"]
    reports = decode(files["sentences.nmea"].strip(), "x").batch.reports
    known = {(round(lon, 6), round(lat, 6)) for lon, lat in reports[["lon_deg", "lat_deg"]].tolist()}
    places = [tuple(place) for one in tracks for place in one["geometry"]["coordinates"]]
    assert len(tracks) == 2 and set(places) <= known and len(places) > 200
    for one in tracks:
        said = one["properties"]
        times = [unix_ms(time) for time in said["times"]]
        assert len(times) == len(said["sog_kn"]) == len(one["geometry"]["coordinates"]) == said["fixes"]
        assert all(a <= b for a, b in pairwise(times)) and said["mmsi"] == LISTED
    long, last = silences
    assert long["geometry"]["coordinates"] == [list(places[244]), list(places[245])]
    assert 8 < long["properties"]["hours"] < 10 and "not a track" in long["properties"]["note"]
    assert last["geometry"]["type"] == "Point" and last["properties"]["to"] is None
    assert {one["properties"]["kind"] for one in drawn} == {"track", "silence", "alert position", "reach"}
    assert unix_ms(tracks[0]["properties"]["from"]) < START_MS + 60_000


def test_without_a_recording_the_export_says_so(recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "case.zip"
    assert command("case", "export", CASE, "--out", str(out), "--from", str(recorded / "alerts.jsonl")) == 0
    files = unpacked(out)
    assert files["sentences.nmea"] == b""
    assert "no recording was given" in case_of(out)["missing"][0]
    assert b"no recording was given" in files["report.html"] and b"What is missing" in files["report.html"]
    assert {f["properties"]["kind"] for f in json.loads(files["track.geojson"])["features"]} == {
        "alert position",
        "reach",
    }


def test_a_log_that_is_gone_in_part_is_named(recorded: Path, tmp_path: Path) -> None:
    lines = (recorded / "feed.nmea").read_bytes().splitlines(keepends=True)
    (tmp_path / "rest.nmea").write_bytes(b"".join(lines[len(lines) // 2 :]))
    alerts = [line for line in (recorded / "alerts.jsonl").read_bytes().splitlines() if b'"revision":1,' not in line]
    (tmp_path / "alerts.jsonl").write_bytes(b"\n".join([*alerts, b'{"id":"not an alert"}', b"\xff"]))
    out = tmp_path / "case.zip"
    options = ("--from", str(tmp_path / "alerts.jsonl"), "--sentences", str(tmp_path / "rest.nmea"))
    assert command("case", "export", CASE, "--out", str(out), *options) == 0
    missing = "\n".join(case_of(out)["missing"])
    assert "The log of sentences begins at 2024-03-01T0" in missing
    assert "revision 1 no longer in the alert topic" in missing
    assert "sentences of the evidence are only in case.json" in missing
    assert case_of(out)["log"]["log_from"].startswith("2024-03-01T0")


def test_a_log_of_another_time_is_named(recorded: Path, tmp_path: Path) -> None:
    later = (recorded / "feed.nmea").read_bytes().replace(b"c:1709", b"c:1719")
    (tmp_path / "later.nmea").write_bytes(later)
    out = tmp_path / "case.zip"
    options = ("--from", str(recorded / "alerts.jsonl"), "--sentences", str(tmp_path / "later.nmea"))
    assert command("case", "export", CASE, "--out", str(out), *options) == 0
    assert "no longer has the time of the case" in case_of(out)["missing"][0]
    assert unpacked(out)["sentences.nmea"] == b""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("imo/1",), 1, "no case 'imo/1'"),
        (("imo/9179842", "--sentences", "x"), 2, "--sentences needs --from"),
        (("imo/9179842", "--from", "nowhere.jsonl"), 2, "--from nowhere.jsonl: no such file"),
        (("imo/9179842", "--out", "/nowhere/at/all.zip"), 2, "there is no folder /nowhere/at"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: tuple[str, ...], code: int, words: str, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--from", str(recorded / "alerts.jsonl")) if code == 1 else ()
    assert command("case", "export", *arguments, *files) == code
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("case_id", "name"),
    [
        ("imo/9179842", "case-imo-9179842.zip"),
        ("../../etc/passwd", "case-etc-passwd.zip"),
        ("place/36.5N027.0E", "case-place-36.5N027.0E.zip"),
        ("source/a\x00b\u202e\r\nX: y", "case-source-a-b-X-y.zip"),
        ("/", "case-unnamed.zip"),
        ("a" * 500, f"case-{'a' * 60}.zip"),
    ],
)
def test_a_case_id_leads_nowhere_as_a_file_name(case_id: str, name: str) -> None:
    assert file_name(case_id) == name
