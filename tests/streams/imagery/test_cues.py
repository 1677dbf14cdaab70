"""Cues: GeoJSON that others can read, of water only, withdrawn when there is nothing more to look for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import shapely
from geojson_pydantic import Feature, MultiPolygon, Polygon
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from detectors.core.orbits.model import Pass
from streams.errors import InputError
from streams.imagery.cues import cue_of
from streams.imagery.outlines import geojson_of, polygon_of
from streams.messages.contracts import CONTRACTS
from streams.messages.cue import Cue, encode
from streams.messages.schemas import schema
from tests.streams.imagery.cue_alerts import alert_of, passes_over, whole_over

ZONES = json.loads((Path(__file__).parents[3] / "streams" / "reference" / "data" / "zones.geojson").read_text("utf-8"))[
    "features"
]
PLACES = {zone["properties"]["name"]: zone["geometry"]["coordinates"] for zone in ZONES}


def made(passes: list[Pass], **changes: Any) -> dict[str, Any]:
    cue = cue_of(alert_of(passes, **changes))
    assert cue is not None
    assert encode(cue) == encode(msgspec.json.decode(encode(cue), type=Cue))
    found: dict[str, Any] = json.loads(encode(cue))
    return found


def is_right_handed(polygon: shapely.Polygon) -> bool:
    return polygon.exterior.is_ccw and not any(hole.is_ccw for hole in polygon.interiors)


def parts_of(geometry: dict[str, Any]) -> list[shapely.Polygon]:
    return list(shapely.get_parts(shape(geometry)))


def test_a_cue_says_what_to_look_for_where_and_when() -> None:
    passes = passes_over(42.4, 131.5, 60.0)
    cue = made(passes)
    said = cue["properties"]
    assert (cue["type"], cue["id"], said["id"], said["revision"]) == ("Feature", "ab" * 16, "ab" * 16, 2)
    assert (said["status"], said["priority"], said["made_by"]) == ("wanted", 1, "wakewatch")
    assert said["ship"] == {
        "name": "ANGARA",
        "imo": 9_179_842,
        "mmsi": 273_999_001,
        "flag": "RU",
        "ship_type": 79,
        "length_m": 128,
        "listed": "OFAC",
    }
    assert said["why"] == [
        "ANGARA (IMO 9179842) silent 60 min, since 1030Z, listed: OFAC",
        "silence: 3600 s, threshold 1200 s",
        "other vessels heard within 60 nm: 8 (angara)",
    ]
    assert (said["last_heard"], said["v_max_kn"]) == (alert_of(passes).details["last_heard"], 11.9)
    assert said["window"] == {"begin": passes[0].begin, "end": passes[-1].end}
    assert [(one["satellite"], one["begin"], one["share"]) for one in said["passes"]] == [
        (one.satellite, one.begin, one.covers) for one in passes
    ]
    Feature[Polygon | MultiPolygon, dict[str, Any]].model_validate(cue)


def test_a_cue_is_of_the_form_that_its_schema_states() -> None:
    (contract,) = (one for one in CONTRACTS if one.type is Cue)
    for cue in (made(passes_over(42.4, 131.5, 60.0)), made([])):
        jsonschema.Draft202012Validator(schema(contract)).validate(cue)


@pytest.mark.parametrize("status", ["closed", "retracted", "updated"])
def test_a_cue_is_withdrawn_when_the_ship_is_heard_or_nothing_passes(status: str) -> None:
    passes = [] if status == "updated" else passes_over(42.4, 131.5, 60.0)
    cue = made(passes, status=status)
    assert cue["geometry"] is None
    assert cue["properties"]["status"] == "withdrawn"
    assert not cue["properties"].keys() & {"window", "passes"}
    assert cue["properties"]["why"][0].startswith("ANGARA")
    Feature[Polygon, dict[str, Any]].model_validate(cue)


def test_an_alert_without_passes_in_its_details_has_no_cue() -> None:
    assert cue_of(alert_of([], details={"v_max_kn": 11.9})) is None


def test_what_is_unknown_is_absent_and_a_last_position_tells_when_it_was_heard() -> None:
    alert = alert_of(passes_over(42.4, 131.5, 60.0), vessel=None, headline="MMSI 273999001 silent 60 min, listed")
    cue = cue_of(msgspec.structs.replace(alert, details={"imagery": alert.details["imagery"]}))
    assert cue is not None and alert.position is not None
    said = json.loads(encode(cue))["properties"]
    assert said["ship"] == {"mmsi": 273_999_001, "listed": "listed"}
    assert said["last_heard"] == alert.position.time and "v_max_kn" not in said


def test_an_order_is_the_same_bytes_twice_and_in_any_process() -> None:
    first, second = (cue_of(alert_of(passes_over(42.4, 131.5, 60.0))) for _ in range(2))
    assert first is not None and second is not None
    assert encode(first) == encode(second)


def test_land_is_left_out_and_a_pass_over_land_only_too() -> None:
    passes = whole_over(42.4, 131.5, 120.0)
    cue = made(passes)
    sea, mountains = shapely.Point(132.0, 42.2), shapely.Point(130.2, 43.6)
    assert polygon_of(passes[0].area).contains(sea) and polygon_of(passes[0].area).contains(mountains)
    for one in (cue["geometry"], *(each["geometry"] for each in cue["properties"]["passes"])):
        assert shape(one).contains(sea) and not shape(one).contains(mountains)
    inland = passes_over(55.0, 60.0, 60.0)
    assert inland and made(inland)["properties"]["status"] == "withdrawn"
    assert [one["target"] for one in made([*inland, *passes])["properties"]["passes"]] == ["reach"] * len(passes)


@pytest.mark.parametrize("name", PLACES)
def test_the_water_of_every_shipped_zone_stays_in(name: str) -> None:
    """Some of them are on land by the coastlines; the ship was last heard elsewhere."""
    lon_deg, lat_deg = PLACES[name]
    cue = made(whole_over(lat_deg, lon_deg, 60.0), lat_deg=36.0, lon_deg=-30.0)
    assert shape(cue["geometry"]).contains(shapely.Point(lon_deg, lat_deg))


@pytest.mark.parametrize(("lat_deg", "lon_deg"), [(30.5, 47.83), (13.7, 100.57), (53.13, 8.77), (5.517, 5.733)])
def test_a_known_port_up_a_river_stays_in(lat_deg: float, lon_deg: float) -> None:
    """Basra, Bangkok, Bremen, and Warri at the very edge of what counts as water by the coast alone."""
    cue = made(passes_over(lat_deg, lon_deg, 5.0), lat_deg=36.0, lon_deg=-30.0)
    assert shape(cue["geometry"]).contains(shapely.Point(lon_deg, lat_deg))


def test_any_place_inland_stays_in_if_the_alert_names_it_or_if_the_ship_lay_there() -> None:
    passes = passes_over(55.0, 60.0, 3.0, name="Own zone")
    assert made(passes)["properties"]["status"] == "withdrawn"
    details = {**alert_of(passes).details, "feasible_ports": [{"zone": "Own zone"}]}
    assert made(passes, details=details)["properties"]["status"] == "wanted"
    lay_there = made(passes, lat_deg=55.0, lon_deg=60.0)
    assert shape(lay_there["geometry"]).contains(shapely.Point(60.0, 55.0))


def test_a_cue_across_the_antimeridian_is_cut_there() -> None:
    cue = made(whole_over(52.0, 179.9, 60.0), lat_deg=52.0, lon_deg=179.9)
    parts = parts_of(cue["geometry"])
    assert cue["geometry"]["type"] == "MultiPolygon" and len(parts) == 2
    (west, east) = sorted(part.bounds[::2] for part in parts)
    assert west[0] == -180.0 and east[1] == 180.0 and west[1] < -178 and east[0] > 178
    assert all(is_right_handed(part) for part in parts)


def test_a_cue_around_a_pole_is_closed_over_it() -> None:
    cue = made(whole_over(88.0, 20.0, 300.0), lat_deg=88.0, lon_deg=20.0)
    whole = shape(cue["geometry"])
    assert whole.bounds[0] == -180.0 and whole.bounds[2:] == (180.0, 90.0)
    assert whole.contains(shapely.Point(-100.0, 89.0))


def test_long_sides_follow_the_globe() -> None:
    """A side from 0 E to 90 E at 60 N goes north of the parallel, by its great circle up to 67.8 N."""
    area = polygon_of([(0.0, 60.0), (45.0, 50.0), (90.0, 60.0), (0.0, 60.0)])
    assert area.bounds[3] == pytest.approx(67.79, abs=0.01)
    assert area.contains(shapely.Point(45.0, 67.5)) and not area.contains(shapely.Point(45.0, 68.0))


def test_a_place_smaller_than_the_grid_is_a_box_and_a_pass_without_area_is_left_out() -> None:
    place = polygon_of([(131.5, 42.4), (131.5, 42.4), (131.51, 42.4), (131.5, 42.4)])
    assert place.bounds == pytest.approx((131.49, 42.39, 131.52, 42.41))
    (first, *_) = passes_over(42.4, 131.5, 60.0)
    assert made([msgspec.structs.replace(first, area=())])["properties"]["status"] == "withdrawn"


@pytest.mark.parametrize(
    "imagery",
    [
        [],
        {},
        {"passes": 3},
        {"passes": [{"satellite": "S"}]},
        {"passes": [{"area": [[1, 91], [2, 3], [3, 4]]}]},
        {"passes": [{"area": [[1e300, 1], [2, 3], [3, 4]]}]},
        {"passes": [{"begin": "yesterday"}]},
        {"passes": [{"begin": "2025-05-09T12:00:00Z", "end": "2025-05-09T11:00:00Z"}]},
        {"passes": [{}] * 101},
    ],
    ids=[
        "a list",
        "no passes",
        "a number",
        "no fields",
        "no latitude",
        "no longitude",
        "no time",
        "backwards",
        "too many",
    ],
)
def test_passes_of_no_form_are_one_error_in_words(imagery: Any) -> None:
    if (
        isinstance(imagery, dict)
        and isinstance(imagery.get("passes"), list)
        and imagery["passes"] != [{"satellite": "S"}]
    ):
        whole = msgspec.to_builtins(passes_over(42.4, 131.5, 60.0)[0])
        imagery = {"passes": [{**whole, **one} for one in imagery["passes"]]}
    with pytest.raises(InputError, match=r"details\.imagery of alert ab"):
        cue_of(alert_of([], details={"imagery": imagery}))


@given(
    lat_deg=st.floats(-89.9, 89.9),
    lon_deg=st.floats(-180, 180),
    radius_nm=st.floats(0.5, 300),
    last=st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
)
@settings(max_examples=150, deadline=None)
def test_anywhere_on_the_globe_shapes_are_valid_right_handed_and_within_it(
    lat_deg: float, lon_deg: float, radius_nm: float, last: tuple[float, float]
) -> None:
    passes = passes_over(lat_deg, lon_deg, radius_nm)
    cue = made(passes, lat_deg=last[0], lon_deg=last[1])
    if cue["geometry"] is None:
        return
    Feature[Polygon | MultiPolygon, dict[str, Any]].model_validate(cue)
    whole = shape(cue["geometry"])
    for one in (cue["geometry"], *(each["geometry"] for each in cue["properties"]["passes"])):
        assert shape(one).is_valid and shape(one).area > 0
        west, south, east, north = shape(one).bounds
        assert -180 <= west < east <= 180 and -90 <= south < north <= 90 and east - west <= 360
        assert all(is_right_handed(part) for part in parts_of(one))
        assert shapely.get_num_coordinates(shape(one)) < 700
        assert shape(one).difference(whole.buffer(0.02)).area < 0.001, "more than a tip too narrow for the grid"
    assert len(encode(msgspec.convert(cue, Cue))) < 60_000


@given(st.lists(st.tuples(st.floats(-360, 360), st.floats(-90, 90)), max_size=30))
@settings(deadline=None)
def test_any_ring_at_all_gives_a_valid_shape_or_none(ring: list[tuple[float, float]]) -> None:
    found = geojson_of(polygon_of(ring))
    if found is not None:
        drawn = shape(msgspec.to_builtins(found))
        assert drawn.is_valid and all(is_right_handed(part) for part in shapely.get_parts(drawn))
        assert drawn.bounds[0] >= -180 and drawn.bounds[2] <= 180
