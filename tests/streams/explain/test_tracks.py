"""explain keeps the tracks of one number apart: of two ships, displaced, repeated and single false positions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from detectors.core.sphere import distance_nm
from detectors.core.ticks import StationPlace, Tick
from streams.explain.raw_log import Raw, RawLogReader, Window
from streams.messages.log_records import encode_tick
from tests.streams.explain.scenes import SHIP, START_MS, Desk, Explained, Heard, handmade, lines, recording, sails

HERE, THERE = (38.0, 130.0), (38.0, 134.0)
ANGARA = "ANGARA"
"""On the included lists: an alert as soon as it is heard."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def by_turns(hours: float, every_s: int = 60) -> list[Heard]:
    """Two ships that use one number, 189 nm apart, each in range of stations of its own."""
    times = list(range(5, int(hours * 3600), every_s))
    one, other = sails(HERE, times[::2], "north", "pier"), sails(THERE, times[1::2], "south")
    return sorted([*one, *other])


def displaced(from_h: float, to_h: float, place: tuple[float, float], hours: float = 6.0) -> list[Heard]:
    """A ship whose positions are displaced for a time."""
    return [
        report._replace(lat_deg=place[0], lon_deg=place[1]) if from_h * 3600 <= report.at_s < to_h * 3600 else report
        for report in sails(HERE, range(5, int(hours * 3600), 60))
    ]


def legs(explained: Explained, track: str) -> list[float]:
    """Lengths of the legs of the lines of a track, nm."""
    (feature,) = (each for each in explained.of("track") if each["properties"]["track"] == track)
    shape = feature["geometry"]
    parts = shape["coordinates"] if shape["type"] == "MultiLineString" else [shape["coordinates"]]
    return [distance_nm(a[1], a[0], b[1], b[0]) for part in parts for a, b in pairwise(part)]


def test_two_ships_under_one_number_are_two_tracks_with_their_stations(desk: Desk) -> None:
    explained = desk.explain(by_turns(3), 3, "shared_mmsi")
    assert {name: kind for name, (kind, _) in explained.tracks().items()} == {"own": "own", "other 1": "other"}
    assert all(nm < 1 for track in ("own", "other 1") for nm in legs(explained, track))
    own, other = (feature["properties"] for feature in explained.of("track"))
    assert (own["stations"], other["stations"]) == (["north", "pier"], ["south"])
    assert "off_most_nm" not in own and other["off_least_nm"] == pytest.approx(189, abs=1)
    assert own["fixes"] == pytest.approx(other["fixes"], abs=1)  # of two stations each counts once
    jumps = explained.of("jump")
    assert len(jumps) == own["fixes"] + other["fixes"] - 1
    assert all(jump["properties"]["needed_kn"] == pytest.approx(189.1 * 60, rel=0.01) for jump in jumps)
    assert {len(jump["geometry"]["coordinates"]) for jump in jumps} == {2}
    for words in ("Tracks under MMSI 205980031", "north, pier", "south", "jumps 189.2 nm in 60 s from own to other 1"):
        assert words in explained.text, explained.text


def test_the_own_track_is_the_one_heard_first_also_where_the_window_begins_with_the_other() -> None:
    """Records before the window are read for this, of the vessel's partition only."""
    one = sails(HERE, range(5, 10 * 3600, 120), "north")
    other = sails(THERE, range(7 * 3600 + 65, 10 * 3600, 120), "south")
    window = Window(SHIP, START_MS + 8 * 3_600_000 + 30_000, START_MS + 10 * 3_600_000, None)
    for partition, first in ((3, "north"), (4, "south")):
        reader = RawLogReader(window, frozenset(), partition=3)
        for from_h, to_h in ((0, 2), (2, 8), (8, 10)):
            from_s, to_s = from_h * 3600, to_h * 3600 + 30
            said = [line for at_s, line in lines(SHIP, sorted([*one, *other])) if from_s + 30 <= at_s < to_s]
            span = START_MS + from_s * 1000 + 30_000, START_MS + to_s * 1000 - 1
            reader.take(Raw(b"\n".join(said), "feed", *span, partition))
        own, others = reader.heard().tracks
        assert (own.name, own.stations, own.off_nm) == ("own", (first,), None)
        assert (others.name, others.kind) == ("other 1", "other")


@pytest.mark.parametrize("to_h", [2.9, 3.0, 4.5])
def test_a_displaced_time_is_a_track_of_its_own_and_the_vessel_continues_its_own(desk: Desk, to_h: float) -> None:
    explained = desk.explain(displaced(2.0, to_h, THERE), 6, "position_jump")
    minutes = round((to_h - 2) * 60)
    assert explained.tracks()["other 1"] == ("displaced", minutes)
    assert set(explained.tracks()) == {"own", "other 1"}
    assert max(legs(explained, "own")) < 15  # the way while it was displaced for less than an hour
    assert max(legs(explained, "other 1")) < 0.1
    there, back = explained.of("jump")
    assert [jump["properties"]["to_track"] for jump in (there, back)] == ["other 1", "own"]
    assert there["properties"]["to"] == START_MS + 2 * 3_600_000 + 5000
    assert "from own to other 1 (displaced), needs" in explained.text
    assert "from other 1 (displaced) to own, needs" in explained.text
    assert not explained.of("stray")


def kinds(story: Sequence[Heard], *ticks: bytes) -> list[tuple[str, int]]:
    """Kind and fixes of each track, read from a log with these ticks."""
    reader = RawLogReader(Window(SHIP, START_MS, START_MS + 6 * 3_600_000, None), frozenset())
    for tick in ticks:
        reader.take(Raw(tick, "feed", tick=True))
    reader.take(Raw(b"\n".join(line for _, line in lines(SHIP, story)), "feed"))
    return [(track.kind, len(track.sent)) for track in reader.heard().tracks]


NORTH = StationPlace(station="north", lat_deg=38.0, lon_deg=130.0, origin="settings", range_nm=(50.0,) * 8)
HEARS = encode_tick(Tick(source="feed", from_ms=START_MS, to_ms=START_MS, stations=(NORTH,)))
"""Where the station is and how far it hears: the vessel is not accepted at THERE for an hour."""


@pytest.mark.parametrize("minutes", [40, 100])
def test_a_displaced_track_beyond_the_range_of_its_station_is_one_too(minutes: int) -> None:
    story = displaced(2.0, 2.0 + minutes / 60, THERE)
    assert kinds(story, HEARS, b'{"stations":1}') == [("own", 360 - minutes), ("displaced", minutes)]


def test_two_fixes_beyond_the_range_do_not_make_the_first_one_a_stray() -> None:
    story = displaced(0.01, 6.0, THERE, hours=0.5)
    assert kinds(story) == [("own", 29), ("stray", 1)]
    assert kinds(story, HEARS) == [("own", 1), ("displaced", 29)]


def test_a_single_false_position_is_a_point_and_the_track_is_not_broken(desk: Desk) -> None:
    story = displaced(2.0, 2.01, THERE)
    explained = desk.handmade(handmade(1, 5), story, 6)
    assert explained.tracks() == {"own": ("own", 359)}
    assert max(legs(explained, "own")) < 0.5
    (stray,) = explained.of("stray")
    assert stray["geometry"] == {"type": "Point", "coordinates": [THERE[1], THERE[0]]}
    assert stray["properties"]["off_nm"] == pytest.approx(190, abs=2)
    assert stray["properties"]["stations"] == ["north"]
    assert len(explained.of("jump")) == 2
    assert "stray fix held back, 38-00.0N 134-00.0E: " in explained.text


def test_many_strays_are_counted_and_the_alerts_are_still_readable(desk: Desk) -> None:
    story = sails(HERE, range(5, 20 * 3600, 60))
    for number, at in enumerate(range(30, 1200, 75)):
        story[at] = story[at]._replace(lat_deg=36.0, lon_deg=131.0 + number)
    explained = desk.handmade(handmade(1, 19), story, 20)
    strays = len(explained.of("stray"))
    assert strays > 5
    assert explained.text.count("stray fix held back") == 5
    assert f"{strays - 5} more stray fixes held back" in explained.text
    assert explained.text.count("  strays ") == 1


@pytest.mark.parametrize("late_min", [8, 20])
def test_old_positions_sent_again_are_a_repeated_track(desk: Desk, late_min: int) -> None:
    own = sails(HERE, range(5, 6 * 3600, 60), sog_kn=12.0)
    again = [report._replace(at_s=report.at_s + late_min * 60 + 20, stations=("echo",)) for report in own[::2]]
    explained = desk.handmade(handmade(1, 5), sorted([*own, *again]), 7)
    assert {kind for kind, _ in explained.tracks().values()} == {"own", "repeated"}
    repeated = next(each["properties"] for each in explained.of("track") if each["properties"]["class"] == "repeated")
    assert repeated["stations"] == ["echo"]
    assert repeated["off_most_nm"] == pytest.approx(late_min * 12 / 60, abs=0.3)


def test_a_displacement_across_the_antimeridian_is_cut_there(desk: Desk) -> None:
    def turned(report: Heard) -> Heard:
        return report._replace(lon_deg=179.9 if report.lon_deg == HERE[1] else -179.0)

    story = [turned(report) for report in displaced(2.0, 4.0, THERE)]
    story = [report._replace(lon_deg=(report.lon_deg + 180 + n * 0.0004) % 360 - 180) for n, report in enumerate(story)]
    explained = desk.explain(story, 6, "position_jump")
    assert set(explained.tracks()) == {"own", "other 1"}
    own = next(each for each in explained.of("track") if each["properties"]["track"] == "own")
    assert own["geometry"]["type"] == "MultiLineString"
    for feature in explained.drawn["features"]:
        shape = feature["geometry"]
        if shape["type"] == "Point":
            continue
        for part in shape["coordinates"] if shape["type"].startswith("Multi") else [shape["coordinates"]]:
            assert all(abs(a[0] - b[0]) < 180 for a, b in pairwise(part))
    assert [jump["geometry"]["type"] for jump in explained.of("jump")] == ["MultiLineString"] * 2


def test_recordings_of_one_time_are_read_as_one(desk: Desk, tmp_path: Path) -> None:
    """A stray in the second recording is held back by the fixes in the first, as in a replay of both."""
    story = displaced(2.0, 2.01, THERE, 4)
    logs = [recording(tmp_path / name, story[turn::2], 4) for turn, name in enumerate(("a.nmea", "b.nmea"))]
    alert = handmade(1, 3)
    (tmp_path / "alerts.jsonl").write_text(json.dumps(alert) + "\n")
    for files in (logs, logs[::-1]):
        explained = desk.explained(alert, tmp_path / "alerts.jsonl", *files)
        assert explained.tracks() == {"own": ("own", 239)} and len(explained.of("stray")) == 1


def test_a_vessel_with_one_track_is_explained_as_before(desk: Desk) -> None:
    explained = desk.explain(sails(HERE, range(5, 3 * 3600, 60)), 3, "watchlist", ANGARA)
    (track,) = explained.of("track")
    assert set(track["properties"]) == {"kind", "from", "to"} and track["geometry"]["type"] == "LineString"
    assert not explained.of("jump") and "Tracks under MMSI" not in explained.text
