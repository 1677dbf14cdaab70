"""Lists of alerts as CSV and GeoJSON: read back by readers of these forms, with names that nobody obeys."""

from __future__ import annotations

import csv
import io
import json

import pytest

from detectors.core.alert import Alert, Fact, Position, Vessel
from streams.export.alert_rows import COLUMNS, alerts_csv, alerts_geojson
from streams.messages.inert import inert, inert_json

from .hostile import ALL, nothing_hidden


def alert(name: str = "ANGARA", **changed: object) -> Alert:
    fields: dict[str, object] = {
        "id": "a" * 32,
        "revision": 2,
        "status": "updated",
        "detector": "gap",
        "rule_version": 1,
        "severity": "page",
        "subject": "mmsi/273999001",
        "case_id": "imo/9179842",
        "mmsi": 273_999_001,
        "vessel": Vessel(name=name, imo=9_179_842, flag="RU"),
        "headline": f"{name} silent 1 h",
        "episode_start": "2024-02-04T04:12:00.000Z",
        "time": "2024-02-04T05:12:00.000Z",
        "position": Position(lat_deg=-34.6, lon_deg=179.999999, sog_kn=9.5, time="2024-02-04T04:12:00.000Z"),
        "why": (Fact(fact="silence", value=3600, threshold=1200, unit="s"),),
    }
    return Alert(**{**fields, **changed})  # type: ignore[arg-type]


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def test_csv_is_read_back_with_units_in_its_headings() -> None:
    body = alerts_csv([alert(), alert(position=None, vessel=None, mmsi=None, id="b" * 32)])
    assert body.count(b"\r\n") == 3 and body.endswith(b"\r\n") and b"\n\n" not in body
    one, other = rows(body)
    assert tuple(one) == COLUMNS
    assert {"lat_deg", "lon_deg", "sog_kn", "cog_deg", "length_m", "time_utc"} <= set(one)
    assert (one["lat_deg"], one["lon_deg"], one["mmsi"]) == ("-34.6", "179.999999", "273999001")
    assert one["why"] == "silence: 3600 s (threshold 1200 s)"
    assert (other["lat_deg"], other["name"], other["mmsi"], other["replayed"]) == ("", "", "", "false")


@pytest.mark.parametrize("name", ALL)
def test_a_spreadsheet_calculates_nothing(name: str) -> None:
    body = alerts_csv([alert(name)])
    (row,) = rows(body)
    assert len(row) == len(COLUMNS) and nothing_hidden(body.decode())
    for cell in (row["name"], row["headline"]):
        for part in cell.split(";"):  # as a spreadsheet does whose separator that is
            assert not part.lstrip(" ").startswith(("=", "+", "-", "@", "\uff1d")), cell
    assert row["name"].replace("'", "") == inert(name).replace("'", "")


@pytest.mark.parametrize("name", ALL)
def test_names_are_inert_in_geojson(name: str) -> None:
    body = alerts_geojson([alert(name), alert(position=None)])
    drawn = json.loads(body)
    assert drawn["type"] == "FeatureCollection"
    here, nowhere = drawn["features"]
    assert here["geometry"] == {"type": "Point", "coordinates": [180.0, -34.6]}
    assert nowhere["geometry"] is None and "lat_deg" not in nowhere["properties"]
    assert nothing_hidden(body.decode()) and nothing_hidden(here["properties"]["name"])


@pytest.mark.parametrize("text", ["\ud800", "\U000e0041", "a\u2028b", "\ufeff", "\x9b31m"])
def test_every_character_of_inert_text_shows_itself(text: str) -> None:
    assert nothing_hidden(inert(text)) and inert(inert(text)) == inert(text)
    inert(text).encode()


def test_scripts_are_left_as_they_are_written() -> None:
    for name in ("ÅLESUND", "Санкт-Петербург", "\u06a9\u0634\u062a\u06cc\u200c\u0647\u0627", "東方"):
        assert inert(name) == name


def test_json_says_the_same_with_escapes() -> None:
    said = {"name": "A\u202eB\x7f\U000e0041", "text": 'line\n"quoted"\\u202e'}
    body = json.dumps(said, ensure_ascii=False, indent=1).encode()
    safe = inert_json(body)
    assert nothing_hidden(safe.decode()) and safe != body
    assert json.loads(safe) == said
