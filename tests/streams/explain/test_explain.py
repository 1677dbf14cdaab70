"""explain: what was heard around an alert, told and drawn; from files, and from the topics."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert, Position
from detectors.core.sphere import distance_nm
from streams.broker.clients import admin, producer
from streams.cli import main
from streams.explain.geojson import geojson
from streams.explain.raw_log import BINS, Raw, RawLogReader, window_of
from streams.explain.shapes import cut_line, reach
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.outbound import Sender, of_sentences, of_tick
from streams.messages.log_records import Sentences
from streams.messages.topics import ALERTS, create_missing
from streams.nmea.encoder import Particulars
from streams.scenario.model import HOUR_MS, ShoreStation, at
from streams.scenario.story import ReportPace, StoryScript, StoryShip
from streams.scenario.track import sail
from streams.settings.model import KafkaSettings, Settings

START_MS = at("2024-03-01 00:00")
LISTED, PEERS = 273_999_001, 12
PIER = ShoreStation(name="pier", mmsi=2_739_981, lat_deg=42.6, lon_deg=132.0, range_nm=60)
PACE = ReportPace(position_s=60, static_s=600)


def feed() -> list[bytes]:
    """Off Dunai a listed ship is heard for four hours, dark for nine, heard for half an hour; others all the time."""
    story = StoryScript(1, [PIER])
    for number in range(PEERS):
        says = Particulars(imo=0, call_sign="X", name=f"PEER {number}", ship_type=70, length_m=90, beam_m=14)
        ship, lat = StoryShip(mmsi=205_980_001 + number, says=says), 42.4 + number / 50
        story.sails(ship, sail([(lat, 131.6), (lat, 132.6)], START_MS, 3.0), PACE, until_ms=START_MS + 14 * HOUR_MS)
    says = Particulars(imo=9_179_842, call_sign="UX999", name="ANGARA", ship_type=79, length_m=128, beam_m=18)
    ship = StoryShip(mmsi=LISTED, says=says)
    story.sails(ship, sail([(42.6, 131.65), (42.66, 132.2)], START_MS, 6.0), PACE)
    story.sails(ship, sail([(42.6, 132.0), (42.6, 132.1)], START_MS + 13 * HOUR_MS, 9.0), PACE)
    return list(story.lines(START_MS, START_MS + 14 * HOUR_MS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("explain")
    (made / "feed.nmea").write_bytes(b"\n".join(feed()) + b"\n")
    with pytest.MonkeyPatch.context() as patch:
        run(patch, "replay", str(made / "feed.nmea"), "--alerts", str(made / "alerts.jsonl"))
    return made


def run(patch: pytest.MonkeyPatch, *arguments: str) -> int:
    patch.setattr("sys.argv", ["wakewatch", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def alerts(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]


def dark(folder: Path) -> dict[str, Any]:
    return next(
        a for a in alerts(folder) if a["mmsi"] == LISTED and a["details"].get("reason") == "feasible_while_dark"
    )


def test_the_timeline_tells_what_was_heard_and_what_could_have_been(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--alerts", str(folder / "alerts.jsonl"), "--log", str(folder / "feed.nmea"))
    assert run(monkeypatch, "explain", dark(folder)["id"][:8], *files) == 0
    said = capsys.readouterr().out
    for words in (
        "heard to 2024-03-01",
        "silent 8 h",
        "nm on, ",
        "could have reached DUNAI",
        "its reports",
        "others within 60 nm",
        "Sanctioned places it could have called at",
        "Dunai",
        "+ page   gap",
        "!AIVDM",
        "highest expected",
        "times",
        "chance if transmitting",
        "fell below 0.5 at 0",
    ):
        assert words in said, words
    assert "no longer in the raw log" not in said and "is gone" not in said and "illegal" not in said


def test_it_says_so_where_the_raw_log_is_gone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late = tmp_path / "late.nmea"
    late.write_bytes(b"\n".join(line for line in feed() if int(line.split(b"c:")[1][:13]) > START_MS + 7 * HOUR_MS))
    for log, words in (((), "no raw log: give"), (("--log", str(late)), "earlier sentences are deleted")):
        assert run(monkeypatch, "explain", dark(folder)["id"], "--alerts", str(folder / "alerts.jsonl"), *log) == 0
        said = capsys.readouterr().out
        assert words in said
        assert ("no longer in the raw log" in said) == bool(log)


def test_wrong_use_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code in (
        (("abcd", "--log", "x"), 2),
        (("zz",), 2),
        (("abcd", "--alerts", "/no/such"), 2),
        (("00000000000000", "--alerts", str(folder / "alerts.jsonl")), 1),
    ):
        assert run(monkeypatch, "explain", *arguments) == code
        assert capsys.readouterr().err.count("\n") == 1


def test_the_drawing_has_tracks_fixes_reach_and_ports_and_is_geojson(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = folder / "open.jsonl"
    this = dark(folder)
    first = [a for a in alerts(folder) if a["id"] == this["id"] and a["status"] != "closed"]
    cut.write_text("".join(json.dumps(a) + "\n" for a in first))
    files = ("--alerts", str(cut), "--log", str(folder / "feed.nmea"))
    assert run(monkeypatch, "explain", this["id"], "--geojson", *files) == 0
    drawn = json.loads(capsys.readouterr().out)
    check(drawn)
    kinds = [f["properties"]["kind"] for f in drawn["features"]]
    assert {"track", "fix", "reach", "port"} == set(kinds)
    (drawn_reach,) = (f for f in drawn["features"] if f["properties"]["kind"] == "reach")
    lon, lat = first[0]["position"]["lon_deg"], first[0]["position"]["lat_deg"]
    for east, north in drawn_reach["geometry"]["coordinates"][0]:
        assert distance_nm(lat, lon, north, east) == pytest.approx(drawn_reach["properties"]["way_nm"], abs=0.1)


def check(drawn: dict[str, Any]) -> None:
    """RFC 7946: types, ranges, closed rings that go counterclockwise, nothing across the antimeridian."""
    assert drawn["type"] == "FeatureCollection"
    depths = {"Point": 0, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
    for feature in drawn["features"]:
        assert feature["type"] == "Feature" and isinstance(feature["properties"], dict)
        lines = [feature["geometry"]["coordinates"]]
        for _ in range(depths[feature["geometry"]["type"]]):
            lines = [inner for outer in lines for inner in outer]
        assert all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in lines)
        if "Polygon" in feature["geometry"]["type"]:
            shape = feature["geometry"]["coordinates"]
            for ring in shape[0:1] if feature["geometry"]["type"] == "Polygon" else [part[0] for part in shape]:
                check_ring(ring)


def check_ring(ring: list[tuple[float, float]]) -> None:
    assert len(ring) >= 4 and tuple(ring[0]) == tuple(ring[-1])
    assert all(-180 <= lon <= 180 for lon, _ in ring)
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2
    assert area > 0
    for a, b in pairwise(ring):  # a step of half the globe runs along a pole
        assert abs(a[0] - b[0]) < 180 or abs(a[1]) == abs(b[1]) == 90


MIDDLES = [(132.2, 42.7), (179.9, 10.0), (-179.99, -60.0), (180.0, 0.0), (30.0, 89.9), (0.0, -88.0), (100.0, 66.0)]


@pytest.mark.parametrize("way", [1.0, 40.0, 700.0, 3000.0])
@pytest.mark.parametrize("last", MIDDLES)
@pytest.mark.parametrize("closed", [False, True])
def test_the_reach_holds_what_it_should_and_nothing_crosses_the_antimeridian(
    last: tuple[float, float], way: float, closed: bool
) -> None:
    after = (last[0] - 0.6 * way / 60 - (0 if last[0] > -179 else -360), last[1] * 0.999) if closed else None
    rings = reach(last, way, after)
    for ring in rings:
        check_ring(ring)
    draw = np.random.default_rng(1)
    spread = np.clip(way / 30, 0, 90)
    lons = (last[0] + draw.uniform(-2, 2, 60) * spread / max(0.05, np.cos(np.radians(last[1]))) + 540) % 360 - 180
    lats = np.clip(last[1] + draw.uniform(-1, 1, 60) * spread, -89.99, 89.99)
    for lon, lat in zip(lons, lats, strict=True):
        nm = distance_nm(last[1], last[0], lat, lon) + (distance_nm(lat, lon, after[1], after[0]) if after else 0)
        if abs(nm - way) > max(1.0, 0.02 * way):
            assert any(holds(ring, lon, lat) for ring in rings) == (nm < way), (lon, lat, nm)


def holds(ring: list[tuple[float, float]], lon: float, lat: float) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def test_a_reach_of_nothing_or_of_half_the_world_is_not_drawn() -> None:
    assert reach((0.0, 0.0), 0.0) == reach((0.0, 0.0), 6000.0) == reach((0.0, 0.0), 9.0, (1.0, 0.0)) == []


def test_a_track_over_the_antimeridian_is_cut_there() -> None:
    west, east = cut_line([(179.0, 10.0), (-179.0, 12.0)])
    assert west == [(179.0, 10.0), (180.0, 11.0)] and east == [(-180.0, 11.0), (-179.0, 12.0)]


def test_peers_and_reports_are_counted_by_the_bin() -> None:
    lines = feed()
    alert = Alert(
        id="0" * 32,
        revision=1,
        status="opened",
        detector="gap",
        rule_version=1,
        severity="log",
        subject="",
        case_id="",
        mmsi=LISTED,
        episode_start="2024-03-01T04:00:00.000Z",
        time="2024-03-01T05:00:00.000Z",
        headline="",
        position=Position(lat_deg=42.66, lon_deg=132.2, time="2024-03-01T04:00:00.000Z"),
    )
    listener = RawLogReader(window_of([alert]), frozenset())
    listener.take(Raw(b"\n".join(lines), "pier"))
    heard = listener.heard()
    assert heard.whole and len(heard.own_reports) == len(heard.peers) == BINS
    assert (
        heard.own_reports[:12].all()
        and not heard.own_reports[-15:].any()
        and set(heard.peers.tolist()) <= {PEERS + 1, PEERS}
    )
    assert geojson([alert], heard, {})["features"][0]["geometry"]["type"] == "LineString"


@pytest.mark.broker
def test_the_topics_tell_the_same_as_the_files(
    folder: Path, kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alerts in their topic, and the log as ingest writes it, at the partitions of the settings."""
    kafka_settings = msgspec.structs.replace(kafka_settings, partitions=KafkaSettings().partitions)
    made = admin(kafka_settings)
    create_missing(made, kafka_settings)
    made.close()
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka_settings.topic_prefix)
    client = producer(kafka_settings)
    settings, sender = Settings(), Sender("pier", "run", replayed=True, prefix=kafka_settings.topic_prefix)
    led: set[int] = set()
    ingest = Ingest("pier", kafka_settings.partitions, settings.ingest, settings.feed, SourceKind(replayed=True))
    for record in [*ingest.feed(b"\n".join(feed()) + b"\n"), *ingest.end()]:
        if isinstance(record, Sentences):
            letters = [of_sentences(record, sender, 0)]
        else:
            letters = [of_tick(record, n, sender, 0) for n in range(kafka_settings.partitions)]
        for letter in letters:
            sent = client.send(letter.topic, letter.value, partition=letter.partition, headers=letter.headers)
            if letter.partition not in led:  # a partition just made may have no leader yet, and what waits is reordered
                led.add(letter.partition)
                sent.get(20)
    for line in (folder / "alerts.jsonl").read_bytes().splitlines():
        client.send(kafka_settings.topic_prefix + ALERTS, line)
    client.flush()
    client.close()
    ask = ("explain", dark(folder)["id"][:10])
    servers = ("--bootstrap-servers", kafka_settings.bootstrap_servers)
    files = ("--alerts", str(folder / "alerts.jsonl"), "--log", str(folder / "feed.nmea"))
    for geo in ((), ("--geojson",)):
        said = []
        for source in (servers, files):
            assert run(monkeypatch, *ask, *source, *geo) == 0
            said.append(capsys.readouterr().out.replace(" feed ", " pier "))
        assert said[0] == said[1]
