"""Areas of zones: GEOS on a plane of degrees against bearings and distances on the sphere."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from detectors.core.geography.area import Area, Ring, Rings, area_of, beside, continuous
from detectors.core.geography.zone_columns import ZoneColumns
from detectors.core.reference import Reference, Zone
from detectors.core.sphere import bearing_deg, distance_nm
from detectors.core.testing import Report, Story, voyage

HOUR = 3600.0
CENTRES = ((0.0, 10.0), (42.0, 130.0), (-52.5, 179.9), (60.0, -179.7), (80.0, 20.0), (80.0, 180.0))
EDGE_NM = 0.02
"""Nearer to a border than this, two formulations may differ."""


def ring(centre: tuple[float, float], radii_nm: list[float]) -> Ring:
    """Corners about a centre; sides are straight in degrees. Longitudes run on."""
    lat, lon = centre
    corners = []
    for number, radius_nm in enumerate(radii_nm):
        turn = math.tau * number / len(radii_nm)
        north, east = radius_nm * math.cos(turn) / 60, radius_nm * math.sin(turn) / 60
        corners.append((lon + east / math.cos(math.radians(lat)), lat + north))
    return (*corners, corners[0])


def dense(corners: Ring) -> list[tuple[float, float]]:
    line = shapely.segmentize(shapely.LineString(corners), 0.02)
    return [(float(lat), (float(lon) + 180) % 360 - 180) for lon, lat in shapely.get_coordinates(line)]


def encloses(corners: Ring, lat: float, lon: float) -> bool:
    """Whether the bearings from a place to a border, followed round it, come to a full turn."""
    bearings = np.radians([bearing_deg(lat, lon, *corner) for corner in dense(corners)])
    steps = (np.diff(bearings) + math.pi) % math.tau - math.pi
    return abs(steps.sum()) > math.pi


def border_nm(corners: Ring, lat: float, lon: float) -> float:
    return min(distance_nm(lat, lon, *corner) for corner in dense(corners))


radii = st.lists(st.floats(4, 30), min_size=3, max_size=9)
places = st.tuples(st.floats(0, 45), st.floats(0, 360))
LAT_STEP_NM = 1.2 / 2 + EDGE_NM


@given(st.sampled_from(CENTRES), radii, st.floats(0.2, 0.6), places, st.booleans())
def test_what_geos_holds_to_be_inside_is_so_on_the_sphere(
    centre: tuple[float, float], radii_nm: list[float], share: float, place: tuple[float, float], turned: bool
) -> None:
    outer, hole = ring(centre, radii_nm), ring(centre, [share * min(radii_nm)] * 12)
    area = Area((((outer[::-1] if turned else outer), hole),))
    assume(shapely.Polygon(outer).is_valid)
    (north_nm, east_nm) = (place[0] * math.cos(place[1]), place[0] * math.sin(place[1]))
    lat = centre[0] + north_nm / 60
    lon = (centre[1] + east_nm / 60 / math.cos(math.radians(centre[0])) + 180) % 360 - 180
    away_nm = min(border_nm(outer, lat, lon), border_nm(hole, lat, lon))
    assume(away_nm > LAT_STEP_NM)
    inside = encloses(outer, lat, lon) and not encloses(hole, lat, lon)
    assert bool(area.contains(lat, lon)) == inside
    held = area.contains_within(lat, lon, 1.2)
    margin_nm = 0.2 * math.sqrt(_area_nm2(outer, hole) / math.pi)
    if abs(away_nm - margin_nm) > LAT_STEP_NM + 0.03 * margin_nm:
        assert held == (inside or away_nm < margin_nm)


def _area_nm2(outer: Ring, hole: Ring) -> float:
    """On Lambert's cylinder, which keeps areas: longitude against the sine of latitude."""

    def cylinder(at: np.ndarray) -> np.ndarray:
        return np.stack([at[:, 0], np.degrees(np.sin(np.radians(at[:, 1])))], axis=1)

    shape = shapely.segmentize(shapely.Polygon(outer, [hole]), 0.05)
    return float(shapely.transform(shape, cylinder).area) * 60 * 60


@given(st.sampled_from(CENTRES), radii, places)
def test_screens_are_never_narrower_than_judges_and_sure_ones_never_wider(
    centre: tuple[float, float], radii_nm: list[float], place: tuple[float, float]
) -> None:
    outer = ring(centre, radii_nm)
    assume(shapely.Polygon(outer).is_valid)
    area = Area(((outer,),))
    lat = min(89.9, centre[0] + place[0] * math.cos(place[1]) / 60)
    lon = (centre[1] + place[0] * math.sin(place[1]) / 60 + 180) % 360 - 180
    decided = bool(area.contains(round(lat, 5), round(lon, 5)))
    at = np.array([lat]), np.array([lon])
    assert area.may_contain(*at)[0] or not decided
    assert decided or not area.surely_contains(*at)[0]


@given(st.sampled_from(CENTRES), st.floats(0, 360), st.floats(25, 200))
def test_the_way_in_ends_at_the_border(centre: tuple[float, float], course: float, far_nm: float) -> None:
    """A ship on the circle about the middle, bound for it, is in after the way to the border and not before."""
    area = Area(((ring(centre, [10.0, 14.0, 8.0, 12.0]),),))
    lat, lon = _sail(*area.middle, course, far_nm)
    assume(lat < 88)
    to_middle = bearing_deg(lat, lon, *area.middle)
    way_nm = area.way_in_nm(lat, lon, to_middle, far_nm)
    assert way_nm is not None
    assert area.contains(*_sail(lat, lon, to_middle, way_nm + 0.05))
    assert not area.contains(*_sail(lat, lon, to_middle, way_nm - 0.05))
    assert area.way_in_nm(lat, lon, to_middle, way_nm - 0.05) is None
    assert area.way_in_nm(lat, lon, to_middle + 180, far_nm) is None


def _sail(lat: float, lon: float, course: float, nm: float) -> tuple[float, float]:
    angle, start, turn = nm / 3440.065, math.radians(lat), math.radians(course)
    end = math.asin(math.sin(start) * math.cos(angle) + math.cos(start) * math.sin(angle) * math.cos(turn))
    east = math.atan2(
        math.sin(turn) * math.sin(angle) * math.cos(start), math.cos(angle) - math.sin(start) * math.sin(end)
    )
    return math.degrees(end), (lon + math.degrees(east) + 180) % 360 - 180


def test_a_margin_narrows_a_hole_and_a_long_strip_has_a_narrow_one() -> None:
    holed = Area(((ring((42.0, 130.0), [20.0] * 24), ring((42.0, 130.0), [3.0] * 24)),))
    assert not holed.contains(42.0, 130.0) and holed.contains_within(42.0 + 2.5 / 60, 130.0, 1.1)
    assert not holed.contains_within(42.0, 130.0, 1.05)
    strip = Area(((((129.0, 42.0), (131.0, 42.0), (131.0, 42.02), (129.0, 42.02), (129.0, 42.0)),),))
    assert strip.contains_within(42.02 + 0.5 / 60, 130.0, 1.1)
    assert not strip.contains_within(42.02 + 1.0 / 60, 130.0, 1.1)  # a tenth of the circle about it would be 4.5 nm


def test_parts_cut_at_the_antimeridian_are_one_and_the_seam_is_no_border() -> None:
    east: Rings = (((179.0, 60.0), (180.0, 60.0), (180.0, 61.0), (179.0, 61.0), (179.0, 60.0)),)
    west: Rings = (((-180.0, 60.0), (-179.0, 60.0), (-179.0, 61.0), (-180.0, 61.0), (-180.0, 60.0)),)
    area = area_of(beside((east, west)))
    assert area.shape.geom_type == "Polygon"
    assert area.surely_contains(np.array([60.5, 60.5]), np.array([180.0, -180.0])).all()
    assert area.middle == (pytest.approx(60.5), pytest.approx(-180.0))


def test_a_ring_that_changes_sign_runs_on_and_one_about_a_pole_is_none() -> None:
    assert continuous(((179.0, 0.0), (-179.0, 0.0), (-179.0, 1.0), (179.0, 0.0))) == (
        (179.0, 0.0),
        (181.0, 0.0),
        (181.0, 1.0),
        (179.0, 0.0),
    )
    assert continuous(((0.0, 86.0), (90.0, 86.0), (180.0, 86.0), (-90.0, 86.0), (0.0, 86.0))) is None


def zone(name: str, parts: tuple[Rings, ...]) -> Zone:
    """An associated zone of these polygons, as a file would give it."""
    area = area_of(beside(parts))
    lat, lon = area.middle
    return Zone(
        name=name,
        kind="associated",
        lat_deg=lat,
        lon_deg=lon,
        radius_nm=area.radius_nm,
        polygon=parts[0],
        more_polygons=parts[1:],
    )


@given(st.sampled_from(CENTRES), radii, places, st.floats(1, 3))
def test_a_screen_of_all_zones_leaves_none_out(
    centre: tuple[float, float], radii_nm: list[float], place: tuple[float, float], grace: float
) -> None:
    outer = ring(centre, radii_nm)
    assume(shapely.Polygon(outer).is_valid)
    circle = Zone(name="Circle", kind="sanctioned", lat_deg=centre[0], lon_deg=centre[1] % 360 - 180, radius_nm=9.99)
    known = ZoneColumns(Reference(zones=(zone("Area", ((outer,),)), circle)))
    lat = min(89.9, centre[0] + place[0] * math.cos(place[1]) / 60)
    lon = (centre[1] + place[0] * math.sin(place[1]) / 60 + 180) % 360 - 180
    at = np.array([lat]), np.array([lon])
    nm = known.distances_nm(*at)
    may, surely = known.may_contain(*at, nm)[0], known.surely_contain(*at, nm)[0]
    for number in (0, 1):
        decided = known.contains(number, round(lat, 5), round(lon, 5))
        assert surely[number] <= decided <= may[number]
        assert decided <= known.contains(number, round(lat, 5), round(lon, 5), grace)
        assert decided <= known.may_reach(*at, np.zeros(1), listed=np.array([True]))[0]


def _steps(mmsi: int, path: list[tuple[float, float]], every_s: float) -> Story:
    return [
        Report(at_s=n * every_s, mmsi=mmsi, lat_deg=lat, lon_deg=lon, sog_kn=8.0, cog_deg=90.0)
        for n, (lat, lon) in enumerate(path)
    ]


WORLD: Story = sorted(
    [
        *voyage(667_001_003, np.arange(20.0, 9 * HOUR, 300.0), (79.2, 20.0), 10.0),
        *_steps(667_001_004, [(60.5, (178.5 + n / 40 + 180) % 360 - 180) for n in range(120)], 400.0),
    ],
    key=lambda said: said.at_s,
)
"""For the conformance suite: listed ships through a zone with a hole at 80 N, and through one across 180 degrees."""
