"""explain of an alert about an area: its vessels, where they appear, and the area on a map."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from detectors.core.alert import Alert, encode
from streams.cli import main
from streams.explain.area import area_features, shape_in_words
from tests.streams.worker.conftest import alerts_in_process
from tests.streams.worker.test_places import about_areas, roadstead


@pytest.fixture(scope="module")
def opened() -> Alert:
    return about_areas(alerts_in_process(roadstead(), 1))[0]


def run(patch: pytest.MonkeyPatch, *arguments: str) -> int:
    patch.setattr("sys.argv", ["wakewatch", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_vessels_are_listed_and_the_raw_log_is_searched_for_no_vessel(
    opened: Alert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feed.nmea").write_bytes(roadstead())
    (tmp_path / "alerts.jsonl").write_bytes(encode(opened) + b"\n")
    files = "--alerts", str(tmp_path / "alerts.jsonl"), "--log", str(tmp_path / "feed.nmea")
    assert run(monkeypatch, "explain", opened.id[:8], *files) == 0
    said = capsys.readouterr().out
    assert "subject place/34.5S018.0E" in said and "Vessels displaced from the area: 3" in said
    who, where = "ROADS 1 (IMO 9358010) MMSI 244000302 listed: OFAC", "from 34-11.9S 018-06.1E to 33-57.0S 018-36.0E"
    assert f"  {who}: {where}, 2023-11-14 23:14Z\n" in said
    assert "They appear at one point, 33-57.0S 018-36.0E" in said
    assert "its reports" not in said and "!AIVDM" in said
    assert run(monkeypatch, "explain", opened.id[:8], *files, "--geojson") == 0
    drawn = json.loads(capsys.readouterr().out)["features"]
    assert [one["properties"]["kind"] for one in drawn].count("displaced") == 3
    assert {one["properties"]["kind"] for one in drawn} == {
        "centre",
        "area",
        "displaced",
        "displaced from",
        "displacement",
    }
    (area,) = (one for one in drawn if one["properties"]["kind"] == "area")
    assert area["geometry"]["type"] == "MultiPolygon" and area["properties"]["vessels"] == 3


def test_an_area_across_the_antimeridian_is_cut(opened: Alert) -> None:
    bounds = {"south_deg": -17.0, "north_deg": -16.8, "west_deg": 179.9, "east_deg": -179.8}
    area = msgspec.structs.replace(opened, details={"area": bounds, "vessels": []})
    (feature,) = area_features(area)
    rings = [ring for (ring,) in feature["geometry"]["coordinates"]]
    assert [(min(x for x, _ in ring), max(x for x, _ in ring)) for ring in rings] == [(179.9, 180.0), (-180.0, -179.8)]
    assert all(ring[0] == ring[-1] for ring in rings)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"kind": "none"}, "The places where they appear form no point, line or circle"),
        (None, "The places where they appear form no point, line or circle"),
        ({"kind": "point", "lat_deg": 37.0, "lon_deg": 28.0}, "They appear at one point, 37-00.0N 028-00.0E"),
        (
            {"kind": "circle", "lat_deg": 37.0, "lon_deg": 28.0, "radius_nm": 2.0},
            "They appear on a circle of 2.0 nm around 37-00.0N 028-00.0E",
        ),
        (
            {"kind": "line", "lat_deg": 37.0, "lon_deg": 28.0, "length_nm": 9.0, "course_deg": 45.0},
            "They appear on a line of 9.0 nm through 37-00.0N 028-00.0E, 045 degrees",
        ),
    ],
)
def test_the_shape_in_words(shape: object, words: str) -> None:
    assert shape_in_words(shape) == words
