from __future__ import annotations

import csv
import gzip
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.orbits.propagation import nadir, over_ground, satrecs
from streams.errors import ConfigError, InputError, Reason
from streams.imagery.detections.columns import columns_of
from streams.imagery.detections.geojson import to_geojson
from streams.imagery.detections.grouping import Options
from streams.imagery.detections.reading import Detections, read_contents, read_detections
from streams.imagery.detections.scenes import course_of, kind_of, scene_of
from streams.imagery.images import CONTACTS_MOST, Contact, Image
from streams.imagery.matching.plane import axes, degrees
from tests.detectors.orbits.published import TLE, elements_of

SCENE = "S1A_IW_GRDH_1SDV_20200709T063331_20200709T063356_033373_03DDAA_4C6B"
MIDDLE_MS = 1_594_276_423_500  # 06:33:43.5
GFW = f"""scene_id,timestamp,lat,lon,presence_score,length_m,mmsi,matching_score,fishing_score,matched_category
{SCENE},2020-07-09 06:33:31 UTC,41.23,-9.85,0.9998,183.2,255806000,12.1,0.01,matched_nonfishing
{SCENE},2020-07-09 06:33:31 UTC,41.53,-9.55,0.97,23.2,,,0.91,unmatched
"""
FOOTPRINTS = f"""scene_id,footprint_wkt
{SCENE},"POLYGON ((-11 40.5, -8.5 40.9, -8.9 42.4, -11.4 42, -11 40.5))"
"""
SKYLIGHT: list[dict[str, Any]] = [
    {
        "eventId": f"{SCENE}.SAFE_31",
        "eventType": "sar_sentinel1",
        "start": {"point": {"lat": 43.04, "lon": 31.63}, "time": "2020-07-09T06:33:31Z"},
        "vessels": {"vessel0": {"mmsi": 271000123, "length": 80}, "vessel1": None},
        "eventDetails": {"score": 0.99, "estimatedLength": 86.1, "detectionType": "ais_correlated", "orientation": 12},
    },
    {
        "event_id": "viirs-1",
        "event_type": "viirs",
        "start": {"point": {"lat": 10.1, "lon": 103.2}, "time": "2022-12-28T18:30:00+00:00"},
        "event_details": {"data_source": "noaa_20"},
    },
    {"event_id": "r1", "event_type": "dark_rendezvous", "start": {"point": {"lat": 1, "lon": 2}}},
]


def read_content(name: str, content: bytes, options: Options) -> Detections:
    return read_contents([(name, content)], options)


def read(text: str, **options: Any) -> Detections:
    return read_content("f", text.encode(), Options(**options))


def only(found: Detections) -> Image:
    (image,) = found.images
    return image


# -- formats --------------------


def test_global_fishing_watch() -> None:
    found = read(GFW)
    image = only(found)
    assert (image.id, image.sensor, image.kind, image.time_ms) == (SCENE, "Sentinel-1A", "radar", MIDDLE_MS)
    assert (image.looks, image.outlined) == ("right", False)
    assert image.track_deg == pytest.approx(193.8, abs=0.3)
    assert image.contacts == (
        Contact(id="1", lat_deg=41.23, lon_deg=-9.85, length_m=183.2, confidence=0.9998, mmsi=255806000),
        Contact(id="2", lat_deg=41.53, lon_deg=-9.55, length_m=23.2, confidence=0.97),
    )
    assert not found.reasons


def test_a_footprint_from_another_file_of_an_import(tmp_path: Path) -> None:
    """Global Fishing Watch publishes outlines apart; both files together are one image, in either order."""
    paths = [tmp_path / "detections.csv", tmp_path / "footprints.csv"]
    for path, text in zip(paths, (GFW, FOOTPRINTS), strict=True):
        path.write_text(text)
    for files in (paths, paths[::-1]):
        image = only(read_detections(files))
        assert (len(image.contacts), image.outlined, len(image.footprint)) == (2, True, 5)


def test_an_outline_alone_is_an_image_without_contacts() -> None:
    """Nothing was found in it: what AIS says to be there is absent."""
    image = only(read(FOOTPRINTS))
    assert (image.id, image.time_ms, image.contacts, image.outlined) == (SCENE, MIDDLE_MS, (), True)


def test_a_footprint_in_parts_with_holes() -> None:
    """The largest part counts, and its holes show no sea."""
    wkt = (
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 1, 0 0), (0.2 0.2, 0.4 0.2, 0.4 0.4, 0.2 0.2)), ((5 5, 5.1 5, 5.1 5.1, 5 5)))"
    )
    image = only(read(f'scene_id,footprint_wkt\n{SCENE},"{wkt}"\n'))
    assert len(image.footprint) == 5
    assert [len(ring) for ring in image.clouds] == [4]


def test_xview3() -> None:
    text = f"""detect_lat,detect_lon,vessel_length_m,scene_id,is_vessel,is_fishing,confidence
41.0,-9.0,55.5,{SCENE},True,False,HIGH
41.1,-9.1,,{SCENE},,,LOW
41.2,-9.2,400,{SCENE},False,False,MEDIUM
"""
    found = read(text)
    assert [(each.length_m, each.confidence) for each in only(found).contacts] == [(55.5, 0.9), (None, 0.4)]
    assert found.reasons == {"not a vessel, by its provider": 1}


def test_xview3_with_scenes_without_names() -> None:
    """Their time is not in them: it must be given, and the sensor is Sentinel-1."""
    text = "detect_lat,detect_lon,vessel_length_m,scene_id\n41.0,-9.0,55.5,590dd08f71056cacv\n"
    found = read(text)
    assert (found.images, found.reasons) == ((), {"time not stated; give it with --time": 1})
    image = only(read(text, time_ms=MIDDLE_MS))
    assert (image.id, image.sensor, image.time_ms) == ("590dd08f71056cacv", "Sentinel-1", MIDDLE_MS)


def test_predictions_of_skylights_models() -> None:
    heading = "lon,lat,score,vessel_length_m,orientation,detect_id,scene_id"
    text = f"{heading}\n39.1,-19.4,0.9,234.3,0,{SCENE}.SAFE_0,{SCENE}.SAFE\n"
    image = only(read(text))
    assert image.id == SCENE
    assert image.contacts == (Contact(id="0", lat_deg=-19.4, lon_deg=39.1, length_m=234.3, confidence=0.9),)


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: {"data": {"searchEventsV2": {"records": x, "meta": {"total": 3}}}}]
)
def test_events_of_skylight(wrap: Any) -> None:
    found = read(json.dumps(wrap(SKYLIGHT)))
    radar, lights = found.images
    assert (radar.id, radar.sensor, radar.time_ms) == (SCENE, "Sentinel-1A", MIDDLE_MS)
    assert radar.contacts == (
        Contact(id="31", lat_deg=43.04, lon_deg=31.63, length_m=86.1, confidence=0.99, mmsi=271000123),
    )
    assert (lights.id, lights.sensor, lights.kind) == ("viirs-20221228T183000Z", "VIIRS", "optical")
    assert found.reasons == {"an event that is not a detection in an image": 1}


def test_events_one_a_line() -> None:
    found = read("\n".join(map(json.dumps, SKYLIGHT[:2])) + "\n{broken\n")
    assert len(found.images) == 2
    assert [(each.at, each.reason) for each in found.rejected] == [("f:3", "not JSON")]


def test_a_list_of_detections() -> None:
    """As models of ships in Sentinel-2 write it."""
    scene = "S2A_MSIL1C_20180904T110621_N0206_R137_T30UYD_20180904T133425"
    image = only(read(json.dumps([{"longitude": 1.5, "latitude": 50.2, "score": 0.8, "scene_id": scene}])))
    assert (image.sensor, image.kind, image.time_ms) == ("Sentinel-2A", "optical", 1_536_059_181_000)


def test_night_lights_of_the_earth_observation_group() -> None:
    text = "id_Key,Date_Mscan,Lat_DNB,Lon_DNB,QF_Detect\nSVDNB_npp_1,2019-01-01 17:05:19.123,10.1,103.5,1\n"
    image = only(read(text, sensor="VIIRS"))
    assert (image.kind, image.time_ms, image.contacts[0].id) == ("optical", 1_546_362_319_123, "SVDNB_npp_1")


def test_columns_of_the_user() -> None:
    text = "breite;laenge;zeit;groesse\n54.1;7.9;2024-05-01T12:00:00;120\n"
    columns = columns_of("lat=breite, lon=laenge,time=zeit,length=groesse")
    image = only(read(text, columns=columns, sensor="ICEYE"))
    assert (image.kind, image.id) == ("radar", "iceye-20240501T120000Z")
    assert image.contacts[0].length_m == 120
    assert "name the columns with --columns" in next(iter(read(text, sensor="ICEYE").reasons))


@pytest.mark.parametrize("text", ["lat", "lat=", "breadth=y", "lat=y,,lon=x"])
def test_wrong_columns(text: str) -> None:
    with pytest.raises(ConfigError, match="write NAME=HEADING"):
        columns_of(text)


def geojson(*features: dict[str, Any], **whole: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features, **whole})


def point(lon: Any, lat: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}


def polygon(*corners: tuple[float, float], **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]},
        "properties": properties,
    }


def test_geojson_with_its_outline_and_clouds() -> None:
    found = read(
        geojson(
            point(1.0, 50.0, length=90, heading=361, score="80%"),
            polygon((0.5, 49.5), (1.5, 49.5), (1.5, 50.5)),
            polygon((0.6, 49.6), (0.7, 49.6), (0.7, 49.7), role="clouds"),
            sensor="PlanetScope",
            time="2024-05-01T10:00:00Z",
        )
    )
    image = only(found)
    assert (image.sensor, image.kind, image.outlined, len(image.clouds)) == ("PlanetScope", "optical", True, 1)
    assert image.contacts[0] == Contact(id="1", lat_deg=50.0, lon_deg=1.0, length_m=90.0, confidence=0.8)
    assert not found.reasons


def test_hulls_are_contacts() -> None:
    """A polygon of some hundred metres is a ship."""
    hull = polygon(
        (1.0, 50.0), (1.002, 50.0), (1.002, 50.0005), (1.0, 50.0005), time="2024-05-01T10:00:00Z", sensor="Umbra"
    )
    (contact,) = only(read(geojson(hull))).contacts
    assert (contact.lat_deg, contact.lon_deg) == pytest.approx((50.00025, 1.001))


def test_what_is_wrong_in_features_is_counted() -> None:
    given = {"time": "2024-05-01T10:00:00Z", "sensor": "Capella"}
    features = [
        point(1, 50, **given),
        point(1, 95, **given),
        point("x", 50, **given),
        point(1, 50, **(given | {"time": "yesterday"})),
        {"type": "Feature", "geometry": None, "properties": given},
        3,
    ]
    found = read(geojson(*features))  # type: ignore[arg-type]
    assert len(only(found).contacts) == 1
    assert [each.at for each in found.rejected] == [f"f, feature {n}" for n in (2, 3, 4, 5, 6)]


def test_a_spreadsheet_in_utf_16_with_decimal_commas() -> None:
    text = "lat;lon;time;sensor\n54,25;7,5;2024-05-01T12:00:00Z;Umbra\n"
    image = only(read_content("f", text.encode("utf-16"), Options()))
    assert (image.contacts[0].lat_deg, image.contacts[0].lon_deg) == (54.25, 7.5)


def test_a_large_document_is_rejected_and_large_lines_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.imagery.detections.reading.JSON_MOST", 400)
    lines = [json.dumps({"lat": n / 10, "lon": 1, "time": 1594276411, "sensor": "Umbra"}) for n in range(10)]
    assert len(only(read("\n".join(lines))).contacts) == 10
    assert [*read(f"[{','.join(lines)}]").reasons] == ["JSON of more than 0 MiB; split it"]


# -- images --------------------


def rows(*cells: str) -> str:
    return "\n".join(("lat,lon,time,sensor,scene", *cells))


def test_contacts_of_a_sensor_within_a_minute_are_one_image() -> None:
    found = read(
        rows("1,1,2024-05-01T10:00:00Z,Umbra,", "1,2,2024-05-01T10:00:59Z,Umbra,", "1,3,2024-05-01T10:01:30Z,Umbra,",
             "1,4,2024-05-01T10:00:10Z,Capella,")
    )  # fmt: skip
    assert [(image.id, len(image.contacts)) for image in found.images] == [
        ("capella-20240501T100010Z", 1),
        ("umbra-20240501T100029Z", 2),
        ("umbra-20240501T100130Z", 1),
    ]


def test_a_scene_with_several_times_is_several_images() -> None:
    """Some name a satellite where others name a scene."""
    found = read(rows("1,1,2024-05-01T10:00:00Z,Umbra,U4", "1,2,2024-05-02T10:00:00Z,Umbra,U4"))
    assert [image.id for image in found.images] == ["U4-20240501T100000Z", "U4-20240502T100000Z"]


def test_a_time_far_from_that_of_the_scenes_name_is_kept() -> None:
    image = only(read(rows(f"41,-9,2020-07-09T08:00:00Z,,{SCENE}")))
    assert image.time_ms == 1_594_281_600_000


@pytest.mark.parametrize(
    ("time", "ms"),
    [
        ("1594276411", 1_594_276_411_000),
        ("1594276411.5", 1_594_276_411_500),
        ("1594276411000", 1_594_276_411_000),
        ("2020-07-09 06:33:31", 1_594_276_411_000),
        ("2020-07-09 06:33:31 UTC", 1_594_276_411_000),
        ("2020-07-09T08:33:31+02:00", 1_594_276_411_000),
        ("20200709T063331Z", 1_594_276_411_000),
    ],
)
def test_times(time: str, ms: int) -> None:
    assert only(read(rows(f"1,1,{time},Umbra,"))).time_ms == ms


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("91,1,1594276411,Umbra,", "position out of range"),
        ("1,361,1594276411,Umbra,", "position out of range"),
        (",1,1594276411,Umbra,", "position missing"),
        ("nan,1,1594276411,Umbra,", "position missing"),
        ("1,1,12,Umbra,", "time out of range"),
        ("1,1,0001-01-01T00:00:00+14:00,Umbra,", "time out of range"),
        ("1,1,noon,Umbra,", "time unreadable"),
        ("1,1,,Umbra,", "time not stated; give it with --time"),
        ("1,1,1594276411,,", "sensor not stated; give it with --sensor"),
        (f"1,1,1594276411,{'U' * 65},", "name of the image or the sensor too long"),
    ],
)
def test_bad_rows_are_counted_and_others_used(row: str, reason: str) -> None:
    found = read(rows(row, "2,2,1594276411,Umbra,"))
    assert len(only(found).contacts) == 1
    assert found.reasons == {reason: 1}


def test_longitudes_of_a_whole_turn() -> None:
    assert only(read(rows("1,190,1594276411,Umbra,"))).contacts[0].lon_deg == -170


def test_the_same_contact_twice() -> None:
    text = "lat,lon,time,sensor,id\n1,1,1594276411,Umbra,a\n1,1,1594276411,Umbra,a\n2,2,1594276411,Umbra,a\n"
    found = read(text)
    assert [each.id for each in only(found).contacts] == ["a", "a-3"]
    assert found.unused == {"the same contact twice": 1}


def test_too_many_contacts() -> None:
    text = rows(*(f"{n % 80},{n / 1000},1594276411,Umbra," for n in range(CONTACTS_MOST + 3)))
    found = read(text)
    assert len(only(found).contacts) == CONTACTS_MOST
    assert found.reasons == {f"more than {CONTACTS_MOST} contacts in one image": 3}


def test_an_outline_drawn_across_the_antimeridian() -> None:
    ring = only(read(rows("1,179.9,1594276411,Umbra,", "1,-179.9,1594276411,Umbra,"))).footprint
    assert all(abs(abs(lon) - 180) < 0.3 for lon, _ in ring)


def test_an_outline_of_many_corners_is_simplified() -> None:
    corners = [(math.cos(n / 500) * 2, 50 + math.sin(n / 500)) for n in range(3141)]
    found = read(geojson(polygon(*corners, time="2024-05-01T10:00:00Z", sensor="Landsat 8", image="LC08")))
    assert 20 < len(only(found).footprint) <= 400


# -- names --------------------


@pytest.mark.parametrize(
    ("lat", "lon", "time", "course"),
    [
        (41.5, -9.5, "2020-07-09T06:33", 194),  # morning in Portugal: it flies south
        (35.0, 129.0, "2024-05-01T09:25", 347),  # evening in Korea: north
        (0.0, 104.0, "2024-05-01T11:10", 348),
        (-33.0, 151.0, "2024-05-01T19:20", 193),
    ],
)
def test_the_course_of_sentinel_1(lat: float, lon: float, time: str, course: float) -> None:
    ms = only(read(rows(f"1,1,{time}:00Z,Umbra,"))).time_ms
    assert course_of("Sentinel-1A", lat, lon, ms) == pytest.approx(course, abs=1.0)
    assert course_of("Umbra", lat, lon, ms) is None
    assert course_of("Sentinel-1A", 80.0, lon, ms) is None
    assert course_of("Sentinel-1A", lat, lon, ms + 6 * 3_600_000) is None


def test_the_course_is_that_of_the_published_elements() -> None:
    """Of a day of Sentinel-1A's orbits, minute by minute, where the latitude says enough."""
    satellite = satrecs([elements_of("SENTINEL-1A", TLE["SENTINEL-1A"])])
    first = 1_746_748_800 // 60  # 9 May 2025, the day of the elements
    places, velocities = over_ground(satellite, first, 1440)
    lat, lon = degrees(nadir(places[:, 0]))
    east, north = axes(nadir(places[:, 0]))
    heads = [np.sum(velocities[:, 0] * axis, axis=1) for axis in (east, north)]
    flown = np.degrees(np.arctan2(*heads)) % 360
    found = [course_of("Sentinel-1A", *at, (first + n) * 60_000) for n, at in enumerate(zip(lat, lon, strict=True))]
    apart = [abs((b - a + 180) % 360 - 180) for a, b in zip(found, flown, strict=True) if a is not None]
    assert len(apart) > 1000
    assert max(apart) < 1.0
    assert all(a is not None for a, at in zip(found, lat, strict=True) if abs(at) < 60)


def test_names_of_scenes() -> None:
    assert scene_of("VJ102DNB.A2022362.0154.021.2022362055600").middle_ms == 1_672_192_620_000  # type: ignore[union-attr]
    assert scene_of("LC08_L1TP_125052_20230101_20230110_02_T1").middle_ms is None  # type: ignore[union-attr]
    assert scene_of("S1A_IW_GRDH_1SDV_20209909T063331_20200709T063356_033373_03DDAA_4C6B").middle_ms is None  # type: ignore[union-attr]
    assert scene_of("whatever") is None


@pytest.mark.parametrize(
    ("sensor", "kind"),
    [("Sentinel-1C", "radar"), ("ICEYE-X9", "radar"), ("TerraSAR-X", "radar"), ("COSMO-SkyMed 2", "radar"),
     ("?", "radar"),
     ("Sentinel-2B", "optical"), ("VIIRS", "optical"), ("WorldView-3", "optical"), ("Landsat 8/9", "optical")],
)  # fmt: skip
def test_kinds_of_sensors(sensor: str, kind: str) -> None:
    assert kind_of(sensor) == kind


# -- files --------------------


def test_packed_files(tmp_path: Path) -> None:
    path = tmp_path / "gfw.csv.gz"
    path.write_bytes(gzip.compress(GFW.encode()))
    assert len(only(read_detections([path])).contacts) == 2
    path.write_bytes(gzip.compress(GFW.encode())[:-20])
    with pytest.raises(ConfigError, match="damaged or incomplete"):
        read_detections([path])


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "lat,lon\n", "hello", "lat,lon,time\n1,1,1594276411\n", "\ufeff", "{"]
)
def test_nothing_usable(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(InputError) as raised:
        read_detections([path])
    assert raised.value.reason is Reason.IMAGERY_UNUSABLE
    assert "\n" not in str(raised.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_detections([tmp_path / "none.csv"])


def test_files_of_one_image_are_put_together(tmp_path: Path) -> None:
    """Two exports that overlap: what is in both is one contact."""
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    lines = GFW.splitlines(keepends=True)
    first.write_text("".join(lines[:2]))
    second.write_text(GFW)
    found = read_detections([first, second])
    assert [each.length_m for each in only(found).contacts] == [183.2, 23.2]
    assert found.unused == {"the same contact twice": 1}


LON, LAT = st.floats(-180, 180), st.floats(-90, 90)
NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20).filter(
    lambda name: name != "nan"
)
CONTACTS = st.builds(
    Contact,
    id=NAMES,
    lat_deg=LAT,
    lon_deg=LON,
    length_m=st.none() | st.floats(1, 1000),
    heading_deg=st.none() | st.floats(0, 359),
    confidence=st.none() | st.floats(0, 1),
    mmsi=st.none() | st.integers(1, 999_999_999),
)
RING = st.tuples(st.floats(-179, 170), st.floats(-80, 80)).map(
    lambda at: ((at[0], at[1]), (at[0] + 3, at[1]), (at[0] + 3, at[1] + 2), (at[0], at[1]))
)
IMAGES = st.builds(
    Image,
    id=st.sampled_from([SCENE, "x-1", "U4 2"]),
    sensor=st.sampled_from(["Sentinel-1A", "VIIRS", "Umbra-4"]),
    kind=st.sampled_from(["radar", "optical"]),
    time_ms=st.integers(0, 4_000_000_000_000) | st.just(MIDDLE_MS + 1000),
    footprint=RING,
    outlined=st.booleans(),
    contacts=st.lists(CONTACTS, max_size=5, unique_by=lambda each: each.id).map(tuple),
    track_deg=st.none() | st.floats(0, 359),
    looks=st.sampled_from([None, "left", "right"]),
    clouds=st.lists(RING, max_size=2, unique=True).map(tuple),
    length_least_m=st.none() | st.floats(1, 100),
)


@given(image=IMAGES)
def test_an_image_written_as_geojson_is_read_as_the_same(image: Image) -> None:
    found = read(to_geojson(image))
    assert not found.reasons
    assert only(found) == image


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["type", "features", "geometry", "coordinates", "properties", "lat", "lon", "time", "eventId", "eventType",
             "start", "point", "event_details", "sensor", "scene_id", "footprint", "vessels", "vessel_0", "role"]
        ),
        inner | st.sampled_from(["Feature", "Point", "Polygon", "MultiPolygon", "sar_sentinel1", SCENE, "clouds"]),
        max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip


@given(content=VALUES)
def test_any_json(content: Any) -> None:
    """Nothing that JSON can hold is an error of ours."""
    read_content("f", json.dumps(content).encode(), Options(sensor="Umbra", time_ms=MIDDLE_MS))


@given(feature=VALUES, geometry=VALUES)
def test_any_features(feature: Any, geometry: Any) -> None:
    features = [feature, {"type": "Feature", "geometry": geometry, "properties": feature}]
    kinds = ("Point", "Polygon", "MultiPolygon")
    features += [
        {"geometry": {"type": kind, "coordinates": geometry}, "properties": {"role": feature}} for kind in kinds
    ]
    read_content("f", json.dumps({"features": features}).encode(), Options(sensor="Umbra", time_ms=MIDDLE_MS))


@given(content=st.binary(max_size=200), heading=st.sampled_from(["", GFW[:100], "lat,lon,time\n", "\x00", '"']))
def test_any_bytes(content: bytes, heading: str) -> None:
    read_content("f", heading.encode() + content, Options(sensor="Umbra", time_ms=MIDDLE_MS))


@given(cells=st.lists(st.text(max_size=12), min_size=5, max_size=5))
def test_any_cells(cells: list[str]) -> None:
    text = rows(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    found = read(text, sensor="Umbra", time_ms=MIDDLE_MS)
    assert len(found.images) + sum(found.reasons.values()) <= 1


# -- what is written can be read --------------------


def readable(found: Detections) -> bool:
    """Whether a reader of the topic gets the same images, each under an identity of its own."""
    assert len({image.id for image in found.images}) == len(found.images)
    return all(msgspec.json.decode(msgspec.json.encode(image), type=Image) == image for image in found.images)


def test_a_heading_just_below_north() -> None:
    """-1e-17 degrees are 360.0 in floating point, which is no heading."""
    text = "lat,lon,time,sensor,heading\n1,1,1594276411,Umbra,-1e-17\n"
    assert readable(read(text)) and only(read(text)).contacts[0].heading_deg == 0


def test_one_scene_of_two_sensors_is_two_images() -> None:
    found = read(rows("1,1,1594276411,Umbra,U4", "1,2,1594276411,Capella,U4"))
    assert len(found.images) == 2 and readable(found)


def test_sensors_whose_names_differ_in_case_are_two_images() -> None:
    found = read(rows("1,1,1594276411,Umbra 4,", "1,2,1594276411,UMBRA-4,"))
    assert len(found.images) == 2 and readable(found)


def test_a_scene_with_a_long_name_and_several_times() -> None:
    name = "U" * 199
    found = read(rows(f"1,1,1594276411,Umbra,{name}", f"1,2,1594286411,Umbra,{name}"))
    assert readable(found) and found.reasons in ({}, {"name of the image or the sensor too long": 2})


def test_names_with_characters_that_no_terminal_should_get() -> None:
    event = {
        "lat": 1,
        "lon": 1,
        "time": 1594276411,
        "sensor": "Um\ud800bra",
        "scene_id": "a\x1b[31mb\nc",
        "id": "\udfff",
    }
    found = read(json.dumps(event))
    assert readable(found)
    assert all(each.isprintable() for each in (only(found).id, only(found).sensor, only(found).contacts[0].id))


@given(
    feature=VALUES, geometry=VALUES, cells=st.lists(st.text(max_size=8) | st.floats().map(str), min_size=9, max_size=9)
)
def test_anything_that_is_read_can_be_read_again(feature: Any, geometry: Any, cells: list[str]) -> None:
    head = "lat,lon,time,sensor,scene,id,length,heading,confidence\n1,1,1594276411,Umbra,,,,,\n"
    row = ",".join('"' + cell.replace('"', '""') + '"' for cell in ("1", "2", *cells[:7]))
    assert readable(read(head + row + "\n", time_ms=MIDDLE_MS))
    kinds = ("Point", "Polygon", "MultiPolygon")
    features = [{"geometry": {"type": kind, "coordinates": geometry}, "properties": feature} for kind in kinds]
    features.append({"geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": feature})
    assert readable(read(json.dumps({"features": features}), sensor="Umbra", time_ms=MIDDLE_MS))


@pytest.mark.parametrize("content", [b"", b"  \n", b"lat,lon,time,sensor\n"])
def test_a_file_without_detections_beside_a_good_one_is_named(content: bytes) -> None:
    found = read_contents([("empty.csv", content), ("good.csv", b"lat,lon,time,sensor\n1,1,1594276411,Umbra\n")])
    assert [each.at for each in found.rejected] == ["empty.csv"] and len(found.images) == 1


def test_the_limit_of_a_cell_is_that_of_detections_only_while_they_are_read() -> None:
    before = csv.field_size_limit()
    found = read("lat,lon,time,sensor,footprint\n1,1,1594276411,Umbra," + "x" * 200_000 + "\n")
    assert found.reasons or found.images
    assert csv.field_size_limit() == before
