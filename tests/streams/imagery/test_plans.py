from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.orbits.model import Pass, Target
from detectors.core.orbits.search import find_passes
from detectors.core.orbits.sensors import SENSORS
from detectors.core.units import DAY_MS, rfc3339, unix_ms
from streams.errors import InputError
from streams.imagery.catalogue import parse_catalogue, read_catalogue
from streams.imagery.elements import satellites_of
from streams.imagery.overlap import Ground
from streams.imagery.plans import Acquisition, parse_plan, read_plan, satellite_key
from streams.imagery.rejected import by_reason
from streams.imagery.tiers import with_tiers
from tests.detectors.orbits.published import ELEMENTS

START = int(ELEMENTS["SENTINEL-1A"].epoch_ms)
SATS = satellites_of(ELEMENTS.values(), SENSORS, START)
Ring = list[tuple[float, float]]


def circle(lat: float = 38.0, lon: float = 130.0, radius_nm: float = 60.0) -> Target:
    return Target(name="reach", lat_deg=lat, lon_deg=lon, radius_nm=radius_nm, since_ms=START)


def passes_of(target: Target) -> list[Pass]:
    return find_passes(SATS, [target], START, START + 12 * DAY_MS)


def placemark(satellite: str, begin: str, end: str, ring: Ring, mode: str = "IW", item: str = "13561") -> str:
    """As ESA writes it for Sentinel-1."""
    data = {
        "SatelliteId": satellite,
        "DatatakeId": item,
        "Mode": mode,
        "Swath": "NA",
        "Polarisation": "DV",
        "ObservationTimeStart": begin,
        "ObservationTimeStop": end,
        "OrbitAbsolute": "59117",
    }
    fields = "".join(f'<Data name="{name}"><value>{value}</value></Data>' for name, value in data.items() if value)
    corners = " ".join(f"{lon},{lat},0" for lon, lat in ring)
    return (
        f"<Placemark><name>{begin}</name><TimeSpan><begin>{begin}</begin><end>{end}</end></TimeSpan><ExtendedData>"
        f"{fields}</ExtendedData><LinearRing><tessellate>true</tessellate><altitudeMode>clampToGround</altitudeMode>"
        f"<coordinates>{corners}</coordinates></LinearRing></Placemark>"
    )


def kml(*marks: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="iso-8859-1"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>Sentinel-1</name><Folder><name>2025-05-09</name>{''.join(marks)}</Folder></Document></kml>"
    ).encode("latin-1")


def item(identity: str, platform: str, begin: str, end: str, rings: list[Ring], **more: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": identity,
        "geometry": {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
        if len(rings) != 1
        else {"type": "Polygon", "coordinates": rings},
        "properties": {"datetime": None, "start_datetime": begin, "end_datetime": end, "platform": platform} | more,
        "links": [],
        "assets": {},
    }


def box(west: float, south: float, east: float, north: float) -> Ring:
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def shifted(time: str, seconds: float) -> str:
    return rfc3339(unix_ms(time) + round(seconds * 1000))


def test_a_planned_pass_says_so_and_others_stay_possible() -> None:
    target = circle()
    passes = passes_of(target)
    first = next(one for one in passes if one.satellite == "SENTINEL-1A")
    plan = parse_plan(
        kml(placemark("S1A", shifted(first.begin, -200), shifted(first.end, 100), box(126, 30, 134, 45), item="ABC"))
    )
    assert plan.rejected == ()
    told = with_tiers(passes, [target], plan.found, ())
    assert [one.item for one in told if one.tier == "planned"] == ["ABC"]
    assert [one.begin for one in told if one.tier == "planned"] == [first.begin]
    assert [msgspec.structs.replace(one, tier="possible", item=None) for one in told] == passes


@pytest.mark.parametrize(
    ("satellite", "late_s", "ring", "planned"),
    [
        ("S1A", 0, box(126, 30, 134, 45), True),
        ("Sentinel-1A", 10, box(126, 30, 134, 45), True),
        ("S1C", 0, box(126, 30, 134, 45), False),
        ("S1A", 400, box(126, 30, 134, 45), False),
        ("S1A", -400, box(126, 30, 134, 45), False),
        ("S1A", 0, box(100, 30, 110, 45), False),
        ("S1A", 0, box(126, -45, 134, -30), False),
    ],
)
def test_satellite_time_and_place_must_agree(satellite: str, late_s: float, ring: Ring, planned: bool) -> None:
    for target in (circle(), circle(radius_nm=0.0)):
        one = next(one for one in passes_of(target) if one.satellite == "SENTINEL-1A")
        begin, end = shifted(one.begin, late_s), shifted(one.end, late_s)
        plan = parse_plan(kml(placemark(satellite, begin, end, ring)))
        assert (with_tiers([one], [target], plan.found, ())[0].tier == "planned") == planned


def test_the_catalogue_counts_more_than_the_plan_and_the_best_item_is_named() -> None:
    target = circle()
    one = next(one for one in passes_of(target) if one.satellite == "SENTINEL-1A")
    span = (shifted(one.begin, 0), shifted(one.end, 0))
    plan = parse_plan(kml(placemark("S1A", *span, box(126, 30, 134, 45))))
    items = [
        item("part", "sentinel-1a", *span, [box(126, 30, 134, 37.8)]),
        item("most_b", "sentinel-1a", *span, [box(126, 30, 134, 45)]),
        item("most_a", "Sentinel-1A", *span, [box(126, 30, 134, 45)]),
        item("beside", "sentinel-1a", *span, [box(140, 30, 150, 45)]),
    ]
    read = parse_catalogue(json.dumps({"type": "FeatureCollection", "features": items}).encode())
    (told,) = with_tiers([one], [target], plan.found, read.found)
    assert (told.tier, told.item) == ("catalogued", "most_a")
    (told,) = with_tiers([one], [target], plan.found, read.found[:1])
    assert (told.tier, told.item) == ("catalogued", "part")
    (told,) = with_tiers([one], [target], plan.found, read.found[3:])
    assert (told.tier, told.item) == ("planned", "13561")


def test_outlines_across_the_antimeridian_in_either_writing_and_around_a_pole() -> None:
    area = box(179, 10, -179, 12)
    ground = Ground(area, 11, 180)
    assert ground.covered([area]) == pytest.approx(1, abs=0.005)
    assert ground.covered([box(179, 10, 181, 12)]) == pytest.approx(1, abs=0.005)
    assert ground.covered([box(179, 10, 180, 12), box(-180, 10, -179, 12)]) == pytest.approx(1, abs=0.005)
    assert ground.covered([box(179, 10, 180, 12)]) == pytest.approx(0.5, abs=0.01)
    assert ground.covered([box(0, 10, 2, 12)]) == 0
    cap = [(float(lon), 80.0) for lon in range(-180, 180, 30)]
    assert Ground([], 89.9, 0).covered([cap]) == 1
    assert Ground(cap, 90, 0).covered([cap]) == pytest.approx(1, abs=0.06)


def test_plans_are_read_entry_by_entry(tmp_path: Path) -> None:
    good = placemark("S1C", "2025-05-09T10:00:00", "2025-05-09T10:03:00", box(0, 40, 3, 50))
    bad = [
        placemark("", "2025-05-09T10:00:00", "2025-05-09T10:03:00", box(0, 40, 3, 50)),
        placemark("S1C", "soon", "2025-05-09T10:03:00", box(0, 40, 3, 50)),
        placemark("S1C", "2025-05-09T10:03:00", "2025-05-09T10:00:00", box(0, 40, 3, 50)),
        placemark("S1C", "2025-05-09T10:00:00", "2025-05-09T10:03:00", box(0, 400, 3, 50)),
        placemark("S1C", "2025-05-09T10:00:00", "2025-05-09T10:03:00", []),
        placemark("S1C", "2025-05-09T10:00:00", "2025-05-09T10:03:00", [(0.0, 0.0)]),
        placemark("S1C", "2025-05-09T10:00:00", "2025-05-09T10:03:00", box(0, float("nan"), 3, 50)),
    ]
    spots = placemark("S1C", "2025-05-09T10:00:00", "2025-05-09T10:03:00", box(0, 40, 3, 50), mode="WV")
    read = parse_plan(kml(*bad, spots, good))
    assert [one.satellite for one in read.found] == ["SENTINEL1C"]
    assert read.passed_over == 1
    assert by_reason(read.rejected) == {
        "coordinates that are not on the globe": 2,
        "without SatelliteId": 1,
        "a time that cannot be read": 1,
        "its end is not within an hour after its begin": 1,
        "without an outline": 1,
        "an outline without corners, or with too many": 1,
    }
    file = tmp_path / "plan.kml"
    file.write_bytes(gzip.compress(kml(good)))
    assert len(read_plan(file).found) == 1
    bombs = b'<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><kml>&b;</kml>'
    for broken, why in ((b"{}", "not XML"), (bombs, "document type"), (kml(), "no placemarks"), (kml(bad[0]), "Sat")):
        file.write_bytes(broken)
        with pytest.raises(InputError, match=why):
            read_plan(file)


def test_catalogues_are_read_item_by_item(tmp_path: Path) -> None:
    good = item("a", "sentinel-2b", "2025-05-09T10:00:00Z", "2025-05-09T10:00:20Z", [box(0, 40, 3, 50)])
    moment = item("b", "landsat-8", "", "", [box(0, 40, 3, 50)], datetime="2025-05-09T10:00:00.123456Z")
    bad: list[Any] = [
        good | {"id": None},
        good | {"geometry": None},
        good | {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], ["x", 1], [1, 1], [0, 0]]]}},
        good | {"properties": {"platform": "sentinel-2b"}},
        good | {"properties": {"datetime": "2025-05-09T10:00:00Z"}},
        17,
    ]
    for data in (
        json.dumps({"type": "FeatureCollection", "features": [good, *bad, moment]}),
        json.dumps([good, *bad, moment]),
        "\n".join(json.dumps(each) for each in [good, *bad, moment]),
    ):
        read = parse_catalogue(data.encode())
        assert [(one.item, one.satellite) for one in read.found] == [("a", "SENTINEL2B"), ("b", "LANDSAT8")]
        assert [(each.line, each.reason) for each in read.rejected] == [
            (2, "without an id"),
            (3, "its geometry is not Polygon or MultiPolygon"),
            (4, "coordinates that are not numbers"),
            (5, "without times"),
            (6, "without platform"),
            (7, "not a STAC item"),
        ]
    file = tmp_path / "items.json"
    file.write_bytes(b'{"features": []}')
    with pytest.raises(InputError, match="no items"):
        read_catalogue(file)


def test_one_spelling_of_names() -> None:
    assert {satellite_key(name) for name in ("S1A", "sentinel-1a", "SENTINEL-1A", "Sentinel 1A", "S1_A")} == {
        "SENTINEL1A"
    }
    assert satellite_key("LANDSAT 8") == satellite_key("landsat-8") != satellite_key("LANDSAT 9")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_plans_and_catalogues_never_raise(data: st.DataObject) -> None:
    span = ("2025-05-09T10:00:00Z", "2025-05-09T10:00:20Z")
    sources = [
        kml(placemark("S1C", *span, box(0, 40, 3, 50))),
        json.dumps([item("a", "sentinel-2b", *span, [box(0, 40, 3, 50)])]).encode(),
    ]
    target = circle(45, 1)
    one = Pass(
        satellite="SENTINEL-1C", norad_id=1, sensor="x", kind="radar", target="reach", begin=span[0], end=span[1],
        covers=1.0, track_deg=190.0, side="right", elements_age_h=0.0,
    )  # fmt: skip
    for source, parse in zip(sources, (parse_plan, parse_catalogue), strict=True):
        broken = bytearray(source)
        for _ in range(data.draw(st.integers(1, 8))):
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
        read = parse(bytes(broken))
        assert len(with_tiers([one], [target], read.found, ())) == 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-360, 360), st.floats(-90, 90)), min_size=3, max_size=12))
def test_any_outline_covers_a_share(ring: Ring) -> None:
    found = Acquisition(satellite="X", begin_ms=0, end_ms=1, rings=(tuple(ring),), item="i")
    assert 0 <= Ground(box(1, 1, 3, 3), 2, 2).covered(found.rings) <= 1
