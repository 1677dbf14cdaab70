from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import shape
from typer.testing import CliRunner

from detectors.core.alert import encode
from streams.bench import passes as bench
from streams.cli import build
from streams.errors import ConfigError, InputError, WakewatchError
from streams.imagery.sensors_file import read_sensors
from tests.loopback import Handler, Loopback
from tests.streams.imagery.test_elements import tle
from tests.streams.imagery.test_imagery_targets import gap
from tests.streams.imagery.test_plans import box, item, kml, placemark

RAJIN = {"zone": "Rajin", "distance_nm": 88.0, "arrive_by": "2025-05-09T09:31:00.000Z"}
HERE = ("--box", "37,129,39,131", "--from", "2025-05-09", "--to", "2025-05-12")


@pytest.fixture
def elements(tmp_path: Path) -> Path:
    file = tmp_path / "elements.txt"
    file.write_bytes(tle("SENTINEL-1A", "SENTINEL-1C", "SENTINEL-2A", "HST"))
    return file


def run(*words: object) -> Any:
    return CliRunner().invoke(build(), ["imagery", "passes", *map(str, words)])


def passes_of(*words: object) -> list[dict[str, Any]]:
    done = run(*words, "--json")
    assert done.exit_code == 0, (done.stderr, done.exception)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_an_alert_from_a_file_has_passes_over_its_reach_and_its_zones(tmp_path: Path, elements: Path) -> None:
    alerts = tmp_path / "alerts.jsonl"
    alerts.write_bytes(encode(gap(feasible_ports=[RAJIN])) + b"\n")
    found = passes_of("9ea4", "--alerts", alerts, "--elements", elements)
    assert {one["target"] for one in found} == {"reach", "Rajin"}
    assert all(one["begin"] > "2025-05-09T09:31" for one in found if one["target"] == "Rajin")
    assert [one["begin"] for one in found] == sorted(one["begin"] for one in found)
    assert passes_of("9ea4", "--alerts", alerts, "--elements", elements, "--most", "3") == found[:3]
    shown = run("9ea4", "--alerts", alerts, "--elements", elements)
    assert "3 of 4 satellites in these files carry a sensor that is known" in shown.stderr
    assert "the reach is wider than 300 nm" in shown.stderr
    heads, *rows = shown.stdout.splitlines()
    assert heads.split()[:3] == ["satellite", "sensor", "target"] and len(rows) == len(found)
    assert any(" night " in row or " day " in row for row in rows)


def test_a_box_as_json_and_geojson(elements: Path) -> None:
    found = passes_of(*HERE, "--elements", elements)
    assert {one["satellite"] for one in found} == {"SENTINEL-1A", "SENTINEL-1C", "SENTINEL-2A"}
    drawn = json.loads(run(*HERE, "--elements", elements, "--geojson").stdout)
    assert len(drawn["features"]) == len(found)
    for one, feature in zip(found, drawn["features"], strict=True):
        assert feature["properties"]["begin"] == one["begin"]
        assert shape(feature["geometry"]).is_valid and shape(feature["geometry"]).exterior.is_ccw


@pytest.mark.parametrize("where", ["70,176,74,-176", "-18,178,-15,-179", "87,-180,89.9,180"])
def test_geojson_is_valid_across_the_antimeridian_and_around_the_poles(elements: Path, where: str) -> None:
    words = (f"--box={where}", "--from", "2025-05-07", "--to", "2025-05-12", "--elements", elements)
    drawn = json.loads(run(*words, "--geojson").stdout)["features"]
    assert drawn
    for feature in drawn:
        geometry = shape(feature["geometry"])
        west, south, east, north = geometry.bounds
        assert geometry.is_valid and west >= -180 and east <= 180 and south >= -90 and north <= 90


def test_plans_and_catalogues_raise_the_tier(tmp_path: Path, elements: Path) -> None:
    found = passes_of(*HERE, "--elements", elements)
    radar = next(one for one in found if one["kind"] == "radar")
    optical = next(one for one in found if one["kind"] == "optical" and one["daylight"])
    plan, catalogue = tmp_path / "plan.kml", tmp_path / "items.ndjson"
    name = {"SENTINEL-1A": "S1A", "SENTINEL-1C": "S1C"}[radar["satellite"]]
    plan.write_bytes(kml(placemark(name, radar["begin"], radar["end"], box(120, 20, 140, 50), item="TAKE")))
    image = item("IMAGE", "sentinel-2a", optical["begin"], optical["end"], [box(120, 20, 140, 50)])
    catalogue.write_text(json.dumps(image) + "\n17\n")
    done = run(*HERE, "--elements", elements, "--plan", plan, "--catalogue", catalogue, "--json")
    told = [msg for msg in json.loads(done.stdout) if "tier" in msg]
    assert sorted((one["satellite"], one["tier"], one["item"]) for one in told) == sorted(
        [(radar["satellite"], "planned", "TAKE"), ("SENTINEL-2A", "catalogued", "IMAGE")]
    )
    assert f"{catalogue}: 1 entries rejected: not a STAC item" in done.stderr
    assert done.exit_code == 0


def test_a_file_that_cannot_be_used_costs_the_exit_code_and_not_the_passes(tmp_path: Path, elements: Path) -> None:
    found = passes_of(*HERE, "--elements", elements)
    broken = tmp_path / "broken"
    broken.write_bytes(b"<html>")
    for option in ("--elements", "--plan", "--catalogue"):
        done = run(*HERE, "--elements", elements, option, broken, "--json")
        assert done.exit_code == 1 and json.loads(done.stdout) == found
        assert f"not used: imagery_unusable: {broken}: not XML" in done.stderr or option == "--catalogue"
    assert isinstance(run(*HERE, "--elements", broken).exception, InputError)


def test_a_stac_api_is_asked_if_it_is_set(tmp_path: Path, elements: Path) -> None:
    found = passes_of(*HERE, "--elements", elements)
    radar = next(one for one in found if one["kind"] == "radar")
    image = item("IMAGE", radar["satellite"].lower(), radar["begin"], radar["end"], [box(120, 20, 140, 50)])
    asked: list[Any] = []

    class Api(Handler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.posted()))
            self.answer(200, json.dumps({"features": [image]}).encode())

    room = Loopback()
    room.serve(Api)
    settings = tmp_path / "s.toml"
    settings.write_text(
        f'[imagery]\nstac_url = "{room.url}/v1"\nstac_collections = ["c"]\nelements_files = ["elements.txt"]\n'
    )
    try:
        told = [one for one in passes_of(*HERE, "--settings", settings) if one.get("tier")]
    finally:
        room.close()
    assert [(one["begin"], one["tier"], one["item"]) for one in told] == [(radar["begin"], "catalogued", "IMAGE")]
    ((body,),) = [asked]
    assert body["datetime"] == "2025-05-09T00:00:00.000Z/2025-05-12T00:00:00.000Z"
    west, south, east, north = body["bbox"]
    assert west < 129 and south < 37 and east > 131 and north > 39
    done = run(*HERE, "--settings", settings, "--json")
    assert done.exit_code == 1 and json.loads(done.stdout) == found and "did not answer" in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "give one of"),
        (("9ea4", "--zone", "Rajin"), "give one of"),
        (("xyz",), "not an alert id"),
        (("--zone", "Raijn"), "did you mean Rajin"),
        (("--box", "1,2"), "--box"),
        ((*HERE[:3], "tomorrow"), "--from 'tomorrow' is not a time"),
        ((*HERE[:4], "--to", "2025-05-08"), "at most 60 days"),
        ((*HERE[:3], "9999-12-30"), "--from is after the year 2100"),
        ((*HERE[:3], "2100-12-30", "--to", "2101-01-03"), "--to is after the year 2100"),
        ((*HERE, "--elements", "none"), "none: no such file"),
        ((*HERE, "--plan", "none"), "none: no such file"),
        (("9ea4", "--alerts", "none"), "no such file"),
    ],
)
def test_wrong_use_is_one_line(elements: Path, words: tuple[str, ...], why: str) -> None:
    given = words if "--elements" in words else (*words, "--elements", str(elements))
    error = run(*given).exception
    assert isinstance(error, ConfigError) and why in str(error) and "\n" not in str(error)


def test_no_elements_none_of_this_time_and_none_with_a_sensor(tmp_path: Path, elements: Path) -> None:
    assert "imagery.elements_files" in str(run(*HERE).exception)
    later = ("--box", "37,129,39,131", "--from", "2026-05-09", "--to", "2026-05-14", "--elements", elements)
    error = run(*later).exception
    assert isinstance(error, WakewatchError) and "all elements are more than 14 days from" in str(error)
    forced = run(*later, "--forced", "--json")
    assert forced.exit_code == 0 and json.loads(forced.stdout)
    assert "are used all the same: SENTINEL-1A, SENTINEL-1C, SENTINEL-2A" in forced.stderr
    elements.write_bytes(tle("HST"))
    assert "none of the 1 satellites" in str(run(*HERE, "--elements", elements).exception)


def test_sensors_of_ones_own_are_added_and_replace_ours(tmp_path: Path, elements: Path) -> None:
    sensors, settings = tmp_path / "sensors.toml", tmp_path / "s.toml"
    settings.write_text('[imagery]\nsensors_file = "sensors.toml"\nelements_age_most_d = 30\n')
    sensors.write_text(
        '[[sensor]]\nname = "Hubble"\nnorad_ids = [20580]\nkind = "optical"\nlook = "nadir"\nfar_km = 700\n'
        '[[sensor]]\nname = "Sentinel-1 IW"\nname_starts = ["SENTINEL-1"]\nkind = "radar"\nlook = "left"\n'
        "near_km = 366\nfar_km = 627\n"
    )
    spring = ("--box", "20,129,22,131", "--from", "2025-05-09", "--to", "2025-05-12", "--elements", elements)
    found = passes_of(*spring, "--settings", settings)
    assert {one["side"] for one in found if one["sensor"] == "Sentinel-1 IW"} == {"left"}
    spring = ("--box", "20,129,22,131", "--from", "2026-03-11", "--to", "2026-03-12", "--elements", elements)
    assert {one["satellite"] for one in passes_of(*spring, "--settings", settings)} == {"HST"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[sensor]]\nname = 1", "Expected `str`"),
        ("[[sensor]]\nname = 'a'\nnear = 1", "'near' is not a field"),
        ("[sensor]\nname = 'a'", r"as \[\[sensor\]\]"),
        ("nothing", "not TOML"),
        ("[[sensor]]\nname='a'\nkind='radar'\nlook='left'\nfar_km=9", "no satellite carries it"),
        ("[[sensor]]\nname='a'\nkind='radar'\nlook='left'\nfar_km=9\nnear_km=9\nnorad_ids=[1]", "far_km must be above"),
        ("[[sensor]]\nname='a'\nkind='radar'\nlook='left'\nfar_km=nan\nnorad_ids=[1]", r"at `\$\.far_km`"),
        (
            "[[sensor]]\nname='a'\nkind='radar'\nlook='nadir'\nfar_km=9\nnear_km=2\nnorad_ids=[1]",
            "cannot be given for 'nadir'",
        ),
        ("[[sensor]]\nname='a'\nkind='radar'\nlook='up'\nfar_km=9", "Invalid enum value 'up'"),
        ("[[sensor]]\nname='a'\nkind='radar'\nlook='left'\nfar_km=9\nnorad_ids=[1]\n" * 2, "two sensors are named"),
    ],
)
def test_a_bad_sensor_is_one_line_with_its_number(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "sensors.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=why) as error:
        read_sensors(file)
    assert "\n" not in str(error.value)


def test_the_benchmark_finds_passes() -> None:
    whole, first = bench.run(alerts=10, satellites=4, days=1).rows
    assert whole.figures[2].value >= first.figures[2].value > 0
