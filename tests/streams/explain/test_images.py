"""explain: satellites that could show a vessel, and what images show, in words and drawn."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from detectors.core.alert import Alert
from detectors.core.orbits.model import Pass
from detectors.core.units import unix_ms
from detectors.core.vessels.sightings import Sighting, shown
from streams.explain.geojson import geojson
from streams.explain.revisions import Gathered
from streams.explain.shapes import rings_of
from streams.explain.timeline import render

RING = ((129.0, 34.0), (129.0, 35.0), (130.5, 35.0), (130.5, 34.0), (129.0, 34.0))
PASSES = (
    Pass(
        satellite="SENTINEL-1A",
        norad_id=39634,
        sensor="C-SAR IW",
        kind="radar",
        target="reach",
        begin="2024-02-04T21:31:10Z",
        end="2024-02-04T21:32:05Z",
        covers=0.8,
        track_deg=190.4,
        side="right",
        elements_age_h=12.0,
        area=RING,
        tier="planned",
        item="S1A-PLAN-7",
    ),
    Pass(
        satellite="AGILE 1",
        norad_id=99001,
        sensor="CAMERA",
        kind="optical",
        target="reach",
        begin="2024-02-04T23:59:10Z",
        end="2024-02-05T00:00:05Z",
        covers=0.123,
        track_deg=359.8,
        side="below",
        elements_age_h=12.0,
        area=((179.5, 10.0), (-179.5, 10.0), (-179.5, 11.0), (179.5, 11.0), (179.5, 10.0)),
        daylight=False,
        pointable=True,
    ),
)
TAKEN_MS = unix_ms("2024-02-04T21:31:40Z")
SIGHTINGS = (
    Sighting(
        image="S1A_1",
        sensor="C-SAR",
        time_ms=TAKEN_MS,
        outcome="possible",
        score=0.7,
        lat_deg=34.5,
        lon_deg=129.75,
        contact="c7",
        length_m=118.6,
        others=1,
        footprint=RING,
    ),
    Sighting(
        image="S1A_1",
        sensor="C-SAR",
        time_ms=TAKEN_MS,
        outcome="seen",
        score=0.934,
        lat_deg=34.6,
        lon_deg=129.5,
        distance_nm=0.26,
        footprint=RING,
    ),
    Sighting(image="S2B_2", sensor="MSI", time_ms=TAKEN_MS, outcome="absent", score=0.9, lat_deg=34.0, lon_deg=129.0),
)
DETAILS: dict[str, Any] = {
    "imagery": {"elements_age_h": 12.2, "passes": json.loads(msgspec.json.encode(PASSES))},
    "sightings": [shown(one) for one in SIGHTINGS],
}


def alert(**details: Any) -> Alert:
    return Alert(
        id="a" * 32,
        revision=1,
        status="opened",
        detector="gap",
        rule_version=1,
        severity="page",
        subject="mmsi/273999001",
        case_id="mmsi/273999001",
        mmsi=273_999_001,
        episode_start="2024-02-04T04:12:00.000Z",
        time="2024-02-04T05:12:00.000Z",
        headline="ANGARA silent",
        details=details,
    )


def text_of(told: Alert) -> str:
    out = io.StringIO()
    Console(file=out, highlight=False, soft_wrap=True).print(render(Gathered([told], []), None))
    return out.getvalue()


def features(told: Alert) -> list[dict[str, Any]]:
    return json.loads(msgspec.json.encode(geojson([told], None, {})))["features"]  # type: ignore[no-any-return]


GOLDEN = """
How to check: satellites that could see the place
  2024-02-04 21:31Z to 21:32Z  SENTINEL-1A, C-SAR IW (radar): right of its track (course 190), covers 80%; \
planned by its operator (S1A-PLAN-7)
  2024-02-04 23:59Z to 2024-02-05 00:00Z  AGILE 1, CAMERA (optical): below its track (course 000), covers 12%, \
at night, could be pointed there if ordered; possible by its orbit
  computed from orbital elements 12 h old
  `wakewatch imagery order aaaaaaaaaaaa` prints an order

Satellite images
  2024-02-04 21:31Z  C-SAR: possible match, score 0.7, 34-30.0N 129-45.0E, contact of 119 m, \
1 other silent vessel could be it; image S1A_1
  2024-02-04 21:31Z  C-SAR: seen at its reported position, score 0.93, 34-36.0N 129-30.0E, \
0.3 nm from its reported position; image S1A_1
  2024-02-04 21:31Z  MSI: not in the image at its reported position, score 0.9, 34-00.0N 129-00.0E; image S2B_2

What would change it
"""


def test_passes_and_images_are_read_as_sentences() -> None:
    assert GOLDEN in text_of(alert(**DETAILS))


def test_an_alert_without_them_says_nothing_of_them() -> None:
    said = text_of(alert())
    assert "How to check" not in said and "Satellite images" not in said
    assert features(alert()) == []


def test_passes_outlines_and_contacts_are_drawn_once_each_and_cut_at_the_antimeridian() -> None:
    drawn = features(alert(**DETAILS))
    assert [each["properties"]["kind"] for each in drawn] == [
        "pass",
        "pass",
        "image",
        "contact",
        "contact",
        "no contact",
    ]
    first, second, image, contact, *_ = drawn
    assert first["geometry"]["type"] == "Polygon" and second["geometry"]["type"] == "MultiPolygon"
    for each in (first, second, image):
        polygons = each["geometry"]["coordinates"] if each is second else [each["geometry"]["coordinates"]]
        for (ring,) in polygons:
            assert ring[0] == ring[-1] and all(-180 <= lon <= 180 for lon, _ in ring)
            assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) > 0, "counterclockwise"
    assert first["properties"] == {
        "kind": "pass",
        "image": "radar",
        "satellite": "SENTINEL-1A",
        "sensor": "C-SAR IW",
        "begin": "2024-02-04T21:31:10Z",
        "end": "2024-02-04T21:32:05Z",
        "covers": 0.8,
        "side": "right",
        "pointable": False,
        "tier": "planned",
        "item": "S1A-PLAN-7",
    }
    assert image["properties"] == {
        "kind": "image",
        "image": "S1A_1",
        "sensor": "C-SAR",
        "time": "2024-02-04T21:31:40.000Z",
    }
    assert contact["geometry"]["coordinates"] == [129.75, 34.5]
    assert contact["properties"]["outcome"] == "possible" and contact["properties"]["score"] == 0.7


@pytest.mark.parametrize(
    "details",
    [
        {"imagery": 3, "sightings": "x"},
        {"imagery": {"passes": 7}, "sightings": {"a": 1}},
        {"imagery": {"passes": [None, {"satellite": 3}, []]}, "sightings": [None, {"time": "no time"}, {"time": 3}]},
        {
            "imagery": {"elements_age_h": "old", "passes": [{}]},
            "sightings": [{**DETAILS["sightings"][0], "lat_deg": 91}],
        },
    ],
)
def test_details_of_another_form_are_left_out(details: dict[str, Any]) -> None:
    assert "How to check" not in text_of(alert(**details)) and "Satellite images" not in text_of(alert(**details))
    assert features(alert(**details)) == []


def test_names_of_a_catalogue_do_not_steer_the_terminal() -> None:
    passes = [{**DETAILS["imagery"]["passes"][0], "satellite": "A\x1b[2J\x07B", "item": "x\ny"}]
    sightings = [{**DETAILS["sightings"][0], "image": "[bold]I\x1b]0;t\x07"}]
    said = text_of(alert(imagery={"passes": passes}, sightings=sightings))
    assert "\x1b" not in said and "\x07" not in said
    assert "A [2J B" in said and "(x y)" in said and "[bold]I" in said


@pytest.mark.parametrize(
    ("corners", "rings"),
    [
        ([], 0),
        ([(0.0, 0.0), (1.0, 0.0), (0.0, 0.0)], 0),
        ([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)], 0),
        ([(0.0, 0.0), (1.0, 0.0), (1.0, 91.0)], 0),
        ([(0.0, 80.0), (120.0, 80.0), (-120.0, 80.0)], 0),  # around the pole
        ([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)], 1),
        ([(179.0, 0.0), (181.0, 0.0), (180.0, 1.0)], 2),
        ([(-179.0, 0.0), (-181.0, 0.0), (-180.0, 1.0)], 2),
    ],
)
def test_an_outline_is_a_ring_or_none(corners: list[tuple[float, float]], rings: int) -> None:
    assert len(rings_of(corners)) == rings


@given(st.lists(st.tuples(st.floats(-400, 400), st.floats(-90, 90)), max_size=12))
def test_no_outline_leaves_the_globe(corners: list[tuple[float, float]]) -> None:
    for ring in rings_of(corners):
        assert ring[0] == ring[-1]
        assert all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in ring)
