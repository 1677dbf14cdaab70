"""explain of an alert about an area: its bounds, where vessels were and appear; and of an alert that it limits."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from detectors.core.sphere import distance_nm
from tests.streams.explain.scenes import Desk, handmade, sails

AREA_ALERT = "7" * 32


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def vessel(number: int, lon_deg: float, appears_lon_deg: float, **more: object) -> dict[str, Any]:
    return {
        "mmsi": 205_980_100 + number,
        "flag": "Belgium",
        "from_lat_deg": 36.9 + number / 50,
        "from_lon_deg": lon_deg,
        "from_time": "2024-03-01T01:50:00.000Z",
        "lat_deg": 37.4,
        "lon_deg": appears_lon_deg,
        "time": "2024-03-01T02:01:00.000Z",
        **more,
    }


def interference(west_deg: float, east_deg: float, vessels: object, **changed: object) -> dict[str, Any]:
    """As the detector writes it; without a vessel."""
    details = {
        "area": {"south_deg": 36.9, "north_deg": 36.94, "west_deg": west_deg, "east_deg": east_deg, "lat_deg": 36.92},
        "vessels_total": len(vessels) if isinstance(vessels, list) else 3,
        "vessels": vessels,
        "shape": {"kind": "point", "lat_deg": 37.4, "lon_deg": 27.9, "off_nm": 0.02},
        "sources": ["feed"],
        **changed,
    }
    made = handmade(2.0, 2.2, id=AREA_ALERT, detector="interference", severity="ticket", details=details)
    made |= {"subject": "place/36.5N027.5E", "case_id": "place/36.5N027.5E"}
    made["position"] = {"lat_deg": 36.92, "lon_deg": (west_deg + east_deg) / 2, "time": made["time"]}
    del made["mmsi"]
    return made


def three(west_deg: float = 27.5, east_deg: float = 27.6, appears_lon_deg: float = 27.9) -> list[Any]:
    listed = {"name": "ANGARA", "imo": 9_179_842, "list": "OFAC"}
    return [
        vessel(0, west_deg, appears_lon_deg, **listed),
        vessel(1, east_deg, appears_lon_deg),
        vessel(2, west_deg, appears_lon_deg),
    ]


def test_the_area_and_each_vessel_are_drawn(desk: Desk) -> None:
    explained = desk.handmade(interference(27.5, 27.6, three()))
    kinds = [feature["properties"]["kind"] for feature in explained.drawn["features"]]
    assert sorted(kinds) == sorted(["centre", "area", *["displaced", "displaced from", "displacement"] * 3])
    (area,) = explained.of("area")
    ((ring,),) = area["geometry"]["coordinates"]
    assert sorted(map(tuple, ring[:-1])) == [(27.5, 36.9), (27.5, 36.94), (27.6, 36.9), (27.6, 36.94)]
    assert ring[0] == ring[-1] and counterclockwise(ring)
    assert area["properties"]["vessels"] == 3 and area["properties"]["shape"]["kind"] == "point"
    origin, appearance, way = (explained.of(kind)[0] for kind in ("displaced from", "displaced", "displacement"))
    assert (origin["geometry"]["coordinates"], appearance["geometry"]["coordinates"]) == ([27.5, 36.9], [27.9, 37.4])
    assert way["geometry"]["coordinates"] == [[27.5, 36.9], [27.9, 37.4]]
    for feature in (origin, appearance, way):
        assert {"mmsi": 205_980_100, "name": "ANGARA", "list": "OFAC"}.items() <= feature["properties"].items()
    assert way["properties"]["nm"] == pytest.approx(distance_nm(36.9, 27.5, 37.4, 27.9), abs=0.06)
    assert origin["properties"]["time"] < appearance["properties"]["time"]


def test_the_text_names_the_area_its_shape_and_the_vessels(desk: Desk) -> None:
    explained = desk.handmade(interference(27.5, 27.6, three(), vessels_total=53))
    for words in (
        "Vessels displaced from the area: 53, 3 of them here",
        "ANGARA (IMO 9179842) MMSI 205980100 listed: OFAC: from 36-54.0N 027-30.0E to 37-24.0N 027-54.0E, 2024-03-01",
        "They appear at one point, 37-24.0N 027-54.0E",
        "none: this alert is about an area",
    ):
        assert words in explained.text, explained.text
    assert "about a source" not in explained.text


def test_an_area_across_the_antimeridian_is_cut_there(desk: Desk) -> None:
    explained = desk.handmade(interference(179.8, -179.9, three(179.8, -179.9, -179.5)))
    (area,) = explained.of("area")
    rings = [part[0] for part in area["geometry"]["coordinates"]]
    assert all(counterclockwise(ring) for ring in rings)
    assert sorted((min(lon for lon, _ in ring), max(lon for lon, _ in ring)) for ring in rings) == [
        (-180.0, -179.9),
        (179.8, 180.0),
    ]
    types = [feature["geometry"]["type"] for feature in explained.of("displacement")]
    assert types == ["MultiLineString", "LineString", "MultiLineString"]


@pytest.mark.parametrize(
    ("west_deg", "east_deg", "rings"), [(180.0, -179.9, 1), (179.9, 180.0, 1), (179.9, -180.0, 1), (180.0, 180.0, 2)]
)
def test_an_area_that_ends_at_the_antimeridian_has_no_part_without_width(
    desk: Desk, west_deg: float, east_deg: float, rings: int
) -> None:
    (area,) = desk.handmade(interference(west_deg, east_deg, three())).of("area")
    assert len(area["geometry"]["coordinates"]) == rings
    assert all(counterclockwise(part[0]) for part in area["geometry"]["coordinates"])


def test_vessels_at_one_place_have_an_area_still(desk: Desk) -> None:
    alert = interference(27.5, 27.5, three(27.5, 27.5))
    alert["details"]["area"] |= {"north_deg": 36.9}
    (area,) = desk.handmade(alert).of("area")
    assert counterclockwise(area["geometry"]["coordinates"][0][0])


@pytest.mark.parametrize(
    "changed", [{}, {"vessels_total": "many"}, {"shape": "circle"}, {"shape": {"kind": "circle", "off_nm": "?"}}]
)
@pytest.mark.parametrize(
    "vessels", [None, {}, ["x", {"mmsi": 1}, {**vessel(0, 27.5, 27.9), "lat_deg": 91.0}]], ids=["none", "map", "list"]
)
def test_details_of_another_form_are_left_out(desk: Desk, vessels: object, changed: dict[str, object]) -> None:
    explained = desk.handmade(interference(27.5, 27.6, vessels, **changed))
    assert {feature["properties"]["kind"] for feature in explained.drawn["features"]} == {"area", "centre"}
    assert "Vessels displaced" not in explained.text


@pytest.mark.parametrize("shape", ["circle", {"kind": "circle", "lat_deg": 37, "lon_deg": 28}, {"kind": "point"}])
def test_a_shape_of_another_form_is_none(desk: Desk, shape: object) -> None:
    explained = desk.handmade(interference(27.5, 27.6, three(), shape=shape))
    assert "form no point, line or circle" in explained.text and "Vessels displaced" in explained.text


@pytest.mark.parametrize(
    "area", [None, "here", {"south_deg": 1}, {"south_deg": 5, "north_deg": 4, "west_deg": 1, "east_deg": 2}]
)
def test_without_bounds_there_is_no_area(desk: Desk, area: object) -> None:
    explained = desk.handmade(interference(27.5, 27.6, three(), area=area))
    assert explained.of("area") == [] and len(explained.of("displaced")) == 3


def test_an_alert_that_an_area_limits_states_it(desk: Desk) -> None:
    limited = {"area_alert": AREA_ALERT, "severity_otherwise": "page"}
    explained = desk.handmade(handmade(1, 2, details=limited), sails((36.9, 27.5), range(5, 3600, 60)), 2)
    words = f"limited by the alert about an area, {AREA_ALERT}: positions are unreliable there, log instead of page"
    assert words in explained.text


def test_an_alert_that_an_area_limited_before_states_that(desk: Desk, tmp_path: Path) -> None:
    alert = handmade(1, 2, details={"area_alert": AREA_ALERT, "severity_otherwise": "page"})
    later = {**handmade(1, 3, severity="page"), "revision": 2, "status": "updated"}
    alerts = tmp_path / "alerts.jsonl"
    alerts.write_text(json.dumps(alert) + "\n" + json.dumps(later) + "\n")
    explained = desk.explained(later, alerts)
    assert f"was limited by the alert about an area, {AREA_ALERT}, 2024-03-01 02:00Z" in explained.text


def test_an_alert_without_an_area_does_not_name_one(desk: Desk) -> None:
    assert "limited by" not in desk.handmade(handmade(1, 2)).text


def counterclockwise(ring: list[Any]) -> bool:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) > 0
