"""Zones in GeoJSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detectors.core.geography.zone_columns import ZoneColumns
from detectors.core.reference import Reference
from detectors.core.sphere import distance_nm
from streams.reference.loading import SHIPPED_ZONES, included
from streams.reference.zones import Zones, read_zones

SQUARE = [[130.0, 42.0], [130.4, 42.0], [130.4, 42.4], [130.0, 42.4], [130.0, 42.0]]


def feature(coordinates: Any = (130.3, 42.2333), shape: str = "Point", **properties: Any) -> dict[str, Any]:
    given_properties = {"name": "Rajin", "kind": "sanctioned", "radius_nm": 5, **properties}
    return {
        "type": "Feature",
        "geometry": {"type": shape, "coordinates": coordinates},
        "properties": {key: value for key, value in given_properties.items() if value is not ...},
    }


def read(*features: Any) -> Zones:
    return read_zones(json.dumps({"type": "FeatureCollection", "features": features}).encode())


def test_a_point_with_a_radius_is_a_circle() -> None:
    found = read(feature(aliases=["NAJIN", "NAJIN", " "], locode="KP RJN", to="2025-07-01", note="passed over"))
    assert not found.refused
    (zone,) = found.zones
    assert (zone.lat_deg, zone.lon_deg, zone.radius_nm, zone.polygon) == (42.2333, 130.3, 5.0, None)
    assert (zone.aliases, zone.locode, zone.to_date, zone.horizon_h) == (("NAJIN",), "KPRJN", "2025-07-01", 6.0)


def test_a_polygon_has_a_circle_around_it_for_screening() -> None:
    (zone,) = read(feature([SQUARE], "Polygon", radius_nm=...)).zones
    assert zone.polygon is not None
    assert all(distance_nm(zone.lat_deg, zone.lon_deg, lat, lon) <= zone.radius_nm for lon, lat in zone.polygon[0])


EAST, WEST = (
    [[179.5, 52], [180, 52], [180, 53], [179.5, 53], [179.5, 52]],
    [[-180, 52], [-179.2, 52], [-179.2, 53], [-180, 53], [-180, 52]],
)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("shape", "coordinates"),
    [
        ("MultiPolygon", [[EAST], [WEST]]),  # cut, as RFC 7946 says
        ("MultiPolygon", [[WEST], [EAST]]),
        ("Polygon", [[[179.5, 52], [180.8, 52], [180.8, 53], [179.5, 53], [179.5, 52]]]),
        ("Polygon", [[[-180.5, 52], [-179.2, 52], [-179.2, 53], [-180.5, 53], [-180.5, 52]]]),
        ("Polygon", [[[179.5, 52], [-179.2, 52], [-179.2, 53], [179.5, 53], [179.5, 52]]]),
    ],
)
def test_a_zone_across_the_antimeridian_is_one_place_however_it_is_written(
    shape: str, coordinates: Any, turned: bool
) -> None:
    if turned:
        coordinates = json.loads(json.dumps(coordinates))
        for rings in coordinates if shape == "MultiPolygon" else [coordinates]:
            rings[0].reverse()
    found = read(feature(coordinates, shape, radius_nm=...))
    assert not found.refused and not found.doubts
    (zone,) = found.zones
    assert (zone.lat_deg, zone.lon_deg) == (pytest.approx(52.5, abs=0.01), pytest.approx(-179.85, abs=0.01))
    assert 35 < zone.radius_nm < 40
    places = ZoneColumns(Reference(zones=found.zones))
    inside = [places.contains(0, 52.5, lon) for lon in (179.4, 179.6, 180.0, -180.0, -179.5, -179.1)]
    assert inside == [False, True, True, True, True, False]


def test_a_zone_of_two_parts_has_both_and_not_what_lies_between() -> None:
    other = [[lon + 1, lat] for lon, lat in SQUARE]
    found = read(feature([[SQUARE], [other]], "MultiPolygon"))
    places = ZoneColumns(Reference(zones=found.zones))
    assert [places.contains(0, 42.2, lon) for lon in (130.2, 130.7, 131.2)] == [True, False, True]
    assert found.zones[0].lon_deg == pytest.approx(130.7)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (feature((42.2333, 130.3)), "they may be swapped"),
        (feature((27.15, 56.2), country="IR"), "but it is if they are swapped"),
        (feature((200.0, 300.0)), "out of range"),
        (feature((10**400, 1)), "not a pair of numbers"),
        (feature(("1", "2")), "not a pair of numbers"),
        (feature([True, False]), "not a pair of numbers"),
        (feature(radius_nm=...), "needs radius_nm"),
        (feature(radius_nm=0), "radius_nm is not a number from 0.1 to 200"),
        (feature(radius_nm="5"), "radius_nm is not a number"),
        (feature(horizon_h=1e9), "horizon_h is not a number"),
        (feature(severity="wake"), "severity must be"),
        (feature([[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]], "Polygon"), "crosses itself"),
        (feature(kind="bad"), "must be sanctioned, associated or watched"),
        (feature(kind=[]), "must be sanctioned, associated or watched"),
        (feature(name="  "), "no name"),
        (feature(name="=CMD()"), "formula"),
        (feature(name=7), "name is not a string"),
        (feature(aliases="NAJIN"), "aliases"),
        (feature(locode="KPR"), "UN/LOCODE"),
        (feature(country="DPRK"), "country code"),
        (feature(**{"from": "2025-07-02", "to": "2025-07-01"}), "before it begins"),
        (feature([SQUARE[:-1]], "Polygon"), "does not end at its first position"),
        (feature([SQUARE[:2] + SQUARE[:2] + SQUARE[:1]], "Polygon"), "fewer than three corners"),
        (feature([[[n, 88] for n in (0, 90, 180, -90, 0)]], "Polygon"), "contains a pole"),
        (feature([[[-180, 88], [0, 88], [180, 88], [-180, 88]]], "Polygon"), "contains a pole"),
        (feature([SQUARE, SQUARE], "Polygon"), "cover all"),
        (feature([[SQUARE], [[[170, 0], [171, 0], [171, 1], [170, 0]]]], "MultiPolygon"), "from its centre"),
        (feature([], "MultiPolygon"), "1 to 1000 polygons"),
        (feature([SQUARE], "LineString"), "must be Point, Polygon"),
        (feature([[[0, 0], [40, 0], [40, 40], [0, 0]]], "Polygon"), "from its centre"),
        (feature([], "Polygon"), "without rings"),
        (feature([[SQUARE], [SQUARE[:-1]]], "MultiPolygon"), "does not end at its first position"),
        ({"type": "Feature", "geometry": None, "properties": {}}, "not a Feature"),
        (3, "not a Feature"),
    ],
)
def test_a_wrong_feature_is_refused_and_the_next_one_counts(wrong: Any, says: str) -> None:
    found = read(wrong, feature(name="Sonbong", coordinates=(130.4, 42.3333)))
    assert says in found.refused[0].reason
    assert [z.name for z in found.zones] == ["Sonbong"]


def test_a_refused_feature_has_its_line() -> None:
    lines = ",\n".join(json.dumps(f) for f in (feature(), feature((1, 100), name="B")))
    found = read_zones(('{"type": "FeatureCollection", "features": [\n' + lines + "\n]}").encode())
    assert found.refused[0].line == 3


def test_duplicates_are_refused_unless_their_dates_differ() -> None:
    assert "comes before it" in read(feature(), feature((131, 42))).refused[0].reason
    assert "both names" in read(feature(), feature(name="Najin")).refused[0].reason
    turned = [*SQUARE[2:], *SQUARE[1:3]][::-1]
    both = feature([SQUARE], "Polygon"), feature([turned], "Polygon", name="Najin")
    assert "both names" in read(*both).refused[0].reason
    assert len(read(feature(to="2020-01-01"), feature(**{"from": "2024-01-01"})).zones) == 2


def test_what_looks_wrong_is_told_of_a_zone_that_counts() -> None:
    hole = [[lon + 5, lat] for lon, lat in SQUARE]
    found = read(
        feature(severity="log", severty="page", country="KP", locode="RUVVO"),
        feature((52.37, 4.9), name="Amsterdam"),
        feature([SQUARE, hole], "Polygon", name="Holed"),
        feature([[SQUARE], [[[lon, lat + 1] for lon, lat in SQUARE], hole]], "MultiPolygon", name="Twice"),
        feature((0.0, -60.0), name="High seas"),
    )
    assert (len(found.zones), found.zones[0].severity) == (5, "log")
    assert [doubt.reason.partition(": ")[::2] for doubt in found.doubts] == [
        ("Rajin", "'severty' is ignored: did you mean severity?"),
        ("Rajin", "UN/LOCODE RUVVO is not in KP"),
        ("Amsterdam", "no port is near, but one is where its latitude and longitude are swapped"),
        ("Holed", "a hole is not inside it"),
        ("Twice", "a hole is not inside it"),
    ]


def test_a_hole_is_no_part_of_a_zone() -> None:
    hole = [[130.1, 42.1], [130.3, 42.1], [130.3, 42.3], [130.1, 42.3], [130.1, 42.1]]
    places = ZoneColumns(Reference(zones=read(feature([SQUARE, hole], "Polygon")).zones))
    assert places.contains(0, 42.05, 130.2) and not places.contains(0, 42.2, 130.2)


def test_the_shipped_zones_have_a_source_a_precision_and_no_doubt() -> None:
    found = read_zones(included(SHIPPED_ZONES))
    assert not found.refused and not found.doubts
    assert len(found.zones) > 25
    assert [zone.name for zone in found.zones if not zone.source or zone.precision_nm is None] == []


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"type": "FeatureCollection", "features": []}', b"\xff", b"[" * 100_000, b"NaN"]
)
def test_what_is_no_geojson_is_refused(content: bytes) -> None:
    found = read_zones(content)
    assert not found.zones
    assert found.refused


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=300))
@example(b'{"type": "FeatureCollection", "features": [{"type": "Feature"')
def test_any_bytes_are_zones_or_refused(content: bytes) -> None:
    found = read_zones(content)
    assert found.zones or found.refused


@given(st.sampled_from([*feature()["properties"], "aliases", "from", "country", "locode"]), ANY_JSON, ANY_JSON)
def test_any_value_anywhere_is_a_zone_or_refused(name: str, value: Any, coordinates: Any) -> None:
    found = read(
        feature(**{name: value}),
        feature(coordinates),
        feature(coordinates, "Polygon"),
        feature(coordinates, "MultiPolygon"),
    )
    assert len(found.zones) + len(found.refused) == 4
