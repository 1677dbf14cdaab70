"""The files of a case for programs and people: read back as such programs do, with names that nobody obeys."""

from __future__ import annotations

import asyncio
import base64
import csv
import html.parser
import io
import json
import math
import re
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from shapely.geometry import shape

from detectors.core.alert import Alert, Evidence, Fact, Position, Vessel
from detectors.core.units import rfc3339, unix_ms
from streams.explain.raw_log import Raw
from streams.export.archive import files_of
from streams.export.case_features import features_of
from streams.export.case_log import CaseLogReader
from streams.export.gathering import CaseRecords
from streams.export.kml import dashes
from streams.messages.feedback import Feedback
from streams.messages.inert import inert
from streams.nmea.encoder import EncodedFix, position, sentences, tagged
from streams.settings.model import Settings
from tests.streams.console.browser import chromium, tab

from .conftest import unpacked
from .hostile import ALL, MARKUP, nothing_hidden

KML = "{http://www.opengis.net/kml/2.2}"
MMSI = 273_999_001
BEGIN_MS = unix_ms("2024-02-04T00:00:00.000Z")


def at(hours: float) -> str:
    return rfc3339(BEGIN_MS + round(hours * 3_600_000))


def alert(name: str = "ANGARA", **changed: Any) -> Alert:
    fields: dict[str, Any] = {
        "id": "a" * 32,
        "revision": 1,
        "status": "opened",
        "detector": "gap",
        "rule_version": 1,
        "severity": "page",
        "subject": f"mmsi/{MMSI}",
        "case_id": "imo/9179842",
        "mmsi": MMSI,
        "vessel": Vessel(name=name, imo=9_179_842, flag=name),
        "headline": f"{name} silent 1 h",
        "episode_start": at(2),
        "time": at(3),
        "position": Position(lat_deg=10.0, lon_deg=179.9, sog_kn=9.5, cog_deg=90.0, time=at(2)),
        "why": (Fact(fact=name, value=name, threshold=name, unit=name, source=name),),
        "would_change": (name,),
        "details": {"last_heard": at(2), "v_max_kn": 12.0, name: name},
        "evidence": (Evidence(time=at(2), source=name, sentence=f"!AIVDM,{name}", sha256="0" * 64),),
    }
    return Alert(**{**fields, **changed})


def case(name: str = "ANGARA", **changed: Any) -> CaseRecords:
    said = Feedback(
        alert_id="a" * 32, revision=1, kind="acknowledged", case_id="c", detector="gap", by=name, note=name, time=at(4)
    )
    return CaseRecords(case_id=f"imo/{name}", alerts=((alert(name, **changed),),), feedback=(said,), missing=(name,))


def tree(body: bytes) -> ET.Element:
    return ET.fromstring(body)


def texts(root: ET.Element) -> str:
    return "\n".join(root.itertext())


@pytest.mark.parametrize("name", ALL)
def test_names_are_inert_in_every_file(name: str) -> None:
    files = files_of(case(name), None, "No log.")
    for file, body in files.items():
        assert nothing_hidden(body.decode()), file
    assert MARKUP not in files["case.kml"].decode() and MARKUP not in files["report.html"].decode()
    assert json.loads(files["case.json"])["alerts"][0]["revisions"][0]["vessel"]["name"] == name
    for feature in json.loads(files["track.geojson"])["features"]:
        assert nothing_hidden(json.dumps(feature, ensure_ascii=False))
        assert all(nothing_hidden(str(value)) for value in feature["properties"].values())
    (row,) = csv.DictReader(io.StringIO(files["alerts.csv"].decode(), newline=""))
    assert not row["name"].startswith(("=", "+", "-", "@", "\uff1d"))


# -- KML ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_kml_shows_names_as_text_where_programs_read_html(name: str) -> None:
    """Google Earth reads descriptions as HTML, and puts names into its balloons, which are HTML too."""
    root = tree(files_of(case(name), None)["case.kml"])
    for element in root.iter(f"{KML}name"):
        assert "<" not in (element.text or "") and "&" not in (element.text or "")
    for element in root.iter(f"{KML}description"):
        parser = _Tags()
        parser.feed(element.text or "")
        assert set(parser.tags) <= {"br"}, element.text


@pytest.fixture(scope="module")
def kml_schema() -> xmlschema.XMLSchema:
    """That of OGC, from the package of fastkml; without a network."""
    found = next(file for file in metadata.files("fastkml") or () if file.name == "ogckml22.xsd")
    return xmlschema.XMLSchema(str(found.locate()), allow="local")


def test_kml_is_valid_by_the_schema_of_ogc(exported: Path, kml_schema: xmlschema.XMLSchema) -> None:
    kml = unpacked(exported)["case.kml"]
    records = area_case()
    for body in (kml, files_of(records, None)["case.kml"], files_of(case(MARKUP), None)["case.kml"]):
        assert [str(error) for error in kml_schema.iter_errors(body.decode())] == []
    assert list(kml_schema.iter_errors(kml.decode().replace("<name>track</name>", "", 1).replace("begin>", "start>")))
    root = tree(kml)
    styles = {f"#{style.get('id')}" for style in root.iter(f"{KML}Style")}
    assert {element.text for element in root.iter(f"{KML}styleUrl")} <= styles


def area_case() -> CaseRecords:
    """A case about an area with displaced vessels."""
    vessel = {
        "mmsi": MMSI,
        "name": MARKUP,
        "from_lat_deg": 36.5,
        "from_lon_deg": 179.9,
        "lat_deg": 37.0,
        "lon_deg": -179.9,
    }
    area = {"south_deg": 36.5, "north_deg": 37.0, "west_deg": 179.5, "east_deg": -179.5}
    details = {"area": area, "vessels": [{**vessel, "time": at(2)}], "vessels_total": 1}
    return CaseRecords(
        case_id="place/36.5N179.5E",
        alerts=((alert(subject="place/36.5N179.5E", mmsi=None, detector="interference", details=details),),),
    )


def test_kml_has_times_dashes_and_the_reach(exported: Path) -> None:
    root = tree(unpacked(exported)["case.kml"])
    folders = {folder.findtext(f"{KML}name"): folder for folder in root.iter(f"{KML}Folder")}
    assert set(folders) == {"track", "silence", "alert position", "reach"}
    silence, still = folders["silence"].findall(f"{KML}Placemark")
    drawn = silence.findall(f"{KML}MultiGeometry/{KML}LineString")
    assert len(drawn) == 24 and still.find(f"{KML}Point") is not None
    for placemark in root.iter(f"{KML}Placemark"):
        begin, end = (placemark.findtext(f"{KML}TimeSpan/{KML}{name}") for name in ("begin", "end"))
        moment = placemark.findtext(f"{KML}TimeStamp/{KML}when")
        assert moment or begin
        assert not end or (begin and unix_ms(begin) <= unix_ms(end))
    assert any(f.find(f"{KML}Polygon") is not None for f in folders["reach"].iter(f"{KML}Placemark"))
    for coordinates in root.iter(f"{KML}coordinates"):
        for place in (coordinates.text or "").split():
            lon, lat = map(float, place.split(","))
            assert abs(lon) <= 180 and abs(lat) <= 90


def test_dashes_begin_and_end_where_the_silence_does() -> None:
    drawn = dashes([(10.0, 50.0), (20.0, 40.0)])
    assert drawn[0][0] == (10.0, 50.0) and drawn[-1][1] == (20.0, 40.0)
    lengths = [math.dist(*dash) for dash in drawn]
    gaps = [math.dist(before[1], after[0]) for before, after in pairwise(drawn)]
    assert max(lengths) - min(lengths) < 1e-5 and abs(max(gaps) - min(lengths)) < 1e-5


# -- GeoJSON across the antimeridian ------------------------------------------------------------------------------


def log_across() -> bytes:
    """A ship that sails east over 180 degrees, silent for three hours at 179.95 W."""
    lines = []
    for step in [*range(60), *range(240, 250)]:
        lon = 179.7 + step / 100
        fix = EncodedFix(10.0, lon if lon < 180 else lon - 360, 20.0, 90.0)
        lines += tagged(sentences(position(MMSI, fix, status=0)), BEGIN_MS + step * 60_000, "x")
    return b"\n".join(lines)


def test_a_track_over_the_antimeridian_is_cut_with_its_times() -> None:
    heard = Position(lat_deg=10.0, lon_deg=179.7, time=at(1))
    records = case(evidence=(), position=heard, episode_start=at(1), time=at(5), details={})
    reader = CaseLogReader(records, Settings().fleet, 1)
    reader.take(Raw(log_across(), "x"))
    features = features_of(records, reader.log())
    first, second, silence = (one for one in features if one["properties"]["kind"] in {"track", "silence"})
    assert (first["geometry"]["type"], second["geometry"]["type"]) == ("MultiLineString", "LineString")
    west, east = first["geometry"]["coordinates"]
    assert west[-1] == [180.0, 10.0] and east[0] == [-180.0, 10.0]
    times = first["properties"]["times"]
    assert [len(piece) for piece in times] == [len(west), len(east)]
    assert [len(piece) for piece in first["properties"]["sog_kn"]] == [len(west), len(east)]
    flat = [unix_ms(time) for piece in times for time in piece]
    assert flat == sorted(flat) and times[0][-1] == times[1][0]
    assert silence["geometry"]["type"] == "LineString" and silence["properties"]["hours"] == 3.02
    for one in features:
        assert shape(one["geometry"]).is_valid


# -- the report ---------------------------------------------------------------------------------------------------


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def read(report: bytes) -> _Tags:
    parser = _Tags()
    parser.feed(report.decode())
    return parser


@pytest.mark.parametrize("name", ALL)
def test_the_report_has_no_script_and_loads_nothing(name: str) -> None:
    report = files_of(case(name), None, "No log.")["report.html"]
    parser = read(report)
    assert not {"script", "img", "iframe", "object", "embed", "link", "a", "form", "base"} & set(parser.tags)
    names = {attribute for attribute, _ in parser.attributes}
    assert not {one for one in names if one.startswith("on")} and not {"src", "href", "style"} & names
    assert inert(name) in parser.text or inert(name)[:100] in parser.text
    (policy,) = (value for key, value in parser.attributes if key == "content" and "default-src" in str(value))
    assert "default-src 'none'" in str(policy) and "unsafe" not in str(policy)


def test_the_report_says_what_it_is(exported: Path) -> None:
    text = read(unpacked(exported)["report.html"]).text
    for words in (
        "ANGARA, IMO 9179842, MMSI 273999001",
        "A lead for a person, not a finding",
        "silent for 8.93 h, then 9.3 nm from there",
        "heard to 2024-03-01 04:04Z: 245 positions",
        "What would change it",
        "!AIVDM,1,1,,A,145CTV",
        "As of 2024-03-01 13:50Z",
    ):
        assert words in text, words


def long_case() -> CaseRecords:
    """Everything at its longest."""
    words = "W" * 2000
    facts = tuple(Fact(fact=f"{n} {words}", value=words, threshold=words, unit=words) for n in range(40))
    proofs = tuple(
        Evidence(time=at(2), source=words, sentence=f"!AIVDM,{n}{words}", sha256=f"{n:064x}") for n in range(40)
    )
    alerts = tuple(
        (alert(words, id=f"{n:032x}", why=facts, evidence=proofs, would_change=(words,) * 20, time=at(3 + n)),)
        for n in range(60)
    )
    said = tuple(
        Feedback(
            alert_id="0" * 32, revision=1, kind="false_alarm", case_id="c", detector="gap", by="W" * 100,
            note="W" * 1000, time=at(n),
        )
        for n in range(30)
    )  # fmt: skip
    return CaseRecords(case_id=words, alerts=alerts, feedback=said, missing=(words,) * 20)


@pytest.mark.skipif(chromium() is None, reason="needs Chromium, which is not installed (apt-get install chromium)")
@pytest.mark.parametrize("kind", ["usual", "longest"])
def test_the_report_prints_on_two_sheets(kind: str, exported: Path, tmp_path: Path) -> None:
    files = unpacked(exported) if kind == "usual" else files_of(long_case(), None, "No log.")
    page = tmp_path / "report.html"
    page.write_bytes(files["report.html"])

    async def printed() -> tuple[bytes, list[str], list[str]]:
        async with tab(tmp_path) as sheet:
            await sheet.open(page.as_uri())
            await sheet.until("document.readyState === 'complete' && document.querySelector('svg') !== null")
            said = await sheet.send("Page.printToPDF", preferCSSPageSize=True)
            return base64.b64decode(said["data"]), sheet.errors, sheet.requests

    pdf, errors, requests = asyncio.run(printed())
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2
    assert errors == [] and requests == [page.as_uri()]
