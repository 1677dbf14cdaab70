"""Real tracks among generated peers: a silence of 287 hours, and an MMSI that several ships share."""

from __future__ import annotations

import gzip
import io
import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pytest

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted
from detectors.core.reference import ListedShip, Reference
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.scenario.honest import ordinary, roams
from streams.scenario.model import HOUR_MS, ShoreStation, at
from streams.scenario.story import ReportPace, StoryScript
from streams.scenario.track import CLASS_A, CLASS_B, SAID
from streams.settings import loading

TRACKS: Final = Path(__file__).parents[3] / "shared" / "data" / "tracks"
LONG_DARK, SHARED = TRACKS / "gfw-227317360.msg.gz", TRACKS / "gfw-416000000.json.gz"
PEERS: Final = 6
Said = npt.NDArray[np.void]


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason=f"../shared/data/tracks/{path.name} is missing")


def unpacked(data: bytes, at_: int) -> tuple[Any, int]:
    """One value of MessagePack, of the kinds that the recording holds, and where the next begins."""
    tag, rest = data[at_], at_ + 1
    if tag < 0x80 or tag in {0xC0, 0xC2, 0xC3}:
        return {0xC0: None, 0xC2: False, 0xC3: True}.get(tag, tag), rest
    if tag & 0xE0 == 0xA0:
        return data[rest : rest + (tag & 31)].decode(), rest + (tag & 31)
    if 0xCC <= tag <= 0xCE:
        size = 1 << (tag - 0xCC)
        return int.from_bytes(data[rest : rest + size], "big"), rest + size
    if tag == 0xCB:
        return struct.unpack(">d", data[rest : rest + 8])[0], rest + 8
    size, rest = (int.from_bytes(data[rest : rest + 2], "big"), rest + 2) if tag == 0xDE else (tag & 15, rest)
    found = {}
    for _ in range(size):
        key, rest = unpacked(data, rest)
        found[key], rest = unpacked(data, rest)
    return found, rest


def long_dark() -> Said:
    """The fixes of 227317360: class B, heard by satellites."""
    data, place, rows = gzip.decompress(LONG_DARK.read_bytes()), 0, []
    while place < len(data):
        row, place = unpacked(data, place)
        if row["type"] == 18:
            rows.append((row["timestamp"], row["lat"], row["lon"], row["speed"], row["course"]))
    return said(227_317_360, rows, CLASS_B)


def shared_mmsi() -> Said:
    rows = [json.loads(line) for line in gzip.decompress(SHARED.read_bytes()).splitlines()]
    fixes = [(r["timestamp"], r["lat"], r["lon"], r["speed"], r["course"]) for r in rows]
    return said(416_000_000, fixes, CLASS_A)


def said(mmsi: int, rows: list[tuple[str, float, float, float, float]], kind: int) -> Said:
    made = np.zeros(len(rows), SAID)
    times = [datetime.fromisoformat(row[0].removesuffix("Z")).replace(tzinfo=UTC).timestamp() for row in rows]
    made["time_ms"] = np.round(np.array(times) * 1000)
    made["mmsi"], made["kind"] = mmsi, kind
    for number, name in enumerate(("lat_deg", "lon_deg", "sog_kn", "cog_deg"), 1):
        made[name] = [row[number] for row in rows]
    return made[np.argsort(made["time_ms"], kind="stable")]


def played(track: Said, listed: bool, until: str) -> list[Alert]:
    """Its alerts, when the receiver that hears it hears six others as well, every five minutes."""
    from_ms, to_ms = int(track["time_ms"][0]) - 12 * HOUR_MS, at(until)
    middle = (float(np.median(track["lat_deg"])), float(np.median(track["lon_deg"])))
    wide = ShoreStation(name="pier", mmsi=2_279_981, lat_deg=middle[0], lon_deg=middle[1], range_nm=10_900)
    near = ShoreStation(name="near", mmsi=2_279_982, lat_deg=middle[0], lon_deg=middle[1], range_nm=25)
    story = StoryScript(1, [wide])
    story.stands(track)
    for number in range(PEERS):
        story.sails(
            ordinary(number, (227, 228)), roams(story, near, from_ms, to_ms), ReportPace(position_s=300, static_s=0)
        )
    ships = (ListedShip(list="TEST", entry_id="1", name="TRACK", mmsi=int(track["mmsi"][0])),) if listed else ()
    settings, road_feed = loading.load(None, {}), io.BytesIO(b"\n".join(story.lines(from_ms, to_ms)) + b"\n")
    pipeline = InProcessPipeline(settings, Reference(ships=ships), 1)
    emitted = play([road_feed], ReplayPlan(source="pier", partitions=1), pipeline, settings)
    return [e.alert for e in emitted if isinstance(e, Emitted) and e.alert.mmsi == int(track["mmsi"][0])]


@needs(LONG_DARK)
def test_a_real_gap_of_287_hours_opens_within_a_day_and_closes_with_distance_and_speed() -> None:
    gaps = [a for a in played(long_dark(), listed=True, until="2014-08-20 00:00") if a.detector == "gap"]
    (closed,) = (a for a in gaps if a.status == "closed" and a.details["silent_for_s"] > 200 * 3600)
    (opened,) = (a for a in gaps if a.id == closed.id and a.status == "opened")
    assert opened.details["last_heard"].startswith("2014-08-07T01:38")
    assert opened.details["silent_for_s"] < 24 * 3600
    assert 286 < closed.details["silent_for_s"] / 3600 < 288
    assert closed.details["distance_nm"] == 0.02 and closed.details["implied_speed_kn"] == 0.0
    assert closed.details["apparently_stayed"] is True  # at 2 kn before, at 3 kn after, in the same place


@needs(SHARED)
@pytest.mark.slow
def test_an_mmsi_that_several_ships_share_gives_no_flood_of_gaps() -> None:
    alerts = played(shared_mmsi(), listed=False, until="2014-02-01 00:00")
    gaps = [a for a in alerts if a.detector == "gap" and a.status == "opened"]
    assert len(gaps) <= 40  # 69 pauses of more than an hour in 31 days
    assert {a.severity for a in alerts} <= {"log"}


@needs(SHARED)
def test_an_mmsi_that_several_ships_share_is_one_alert_that_says_so() -> None:
    alerts = played(shared_mmsi(), listed=False, until="2014-02-01 00:00")
    (opened,) = (a for a in alerts if a.detector == "shared_mmsi" and a.status == "opened")
    assert opened.severity == "log"
    assert opened.details["apart_nm"] > 50
