"""A case of a listed ship: heard for four hours, silent for nine, heard again; recorded and exported once."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.cli import main
from streams.nmea.encoder import Particulars
from streams.scenario.model import HOUR_MS, ShoreStation, at
from streams.scenario.story import ReportPace, StoryScript, StoryShip
from streams.scenario.track import sail

START_MS = at("2024-03-01 00:00")
LISTED, PEERS = 273_999_001, 12
CASE = "imo/9179842"
PIER = ShoreStation(name="pier", mmsi=2_739_981, lat_deg=42.6, lon_deg=132.0, range_nm=60)
PACE = ReportPace(position_s=60, static_s=600)
Files = dict[str, bytes]
Run = Callable[..., int]


def recording() -> bytes:
    """The sentences."""
    story = StoryScript(1, [PIER])
    for number in range(PEERS):
        says = Particulars(imo=0, call_sign="X", name=f"PEER {number}", ship_type=70, length_m=90, beam_m=14)
        ship, lat = StoryShip(mmsi=205_980_001 + number, says=says), 42.4 + number / 50
        story.sails(ship, sail([(lat, 131.6), (lat, 132.6)], START_MS, 3.0), PACE, until_ms=START_MS + 14 * HOUR_MS)
    says = Particulars(imo=9_179_842, call_sign="UX999", name="ANGARA", ship_type=79, length_m=128, beam_m=18)
    ship = StoryShip(mmsi=LISTED, says=says)
    story.sails(ship, sail([(42.6, 131.65), (42.66, 132.2)], START_MS, 6.0), PACE)
    story.sails(ship, sail([(42.6, 132.0), (42.6, 132.1)], START_MS + 13 * HOUR_MS, 9.0), PACE)
    return b"\n".join(story.lines(START_MS, START_MS + 14 * HOUR_MS)) + b"\n"


def command(*arguments: str) -> int:
    """Runs the command in this process; its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["wakewatch", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def unpacked(archive: Path | bytes) -> Files:
    """The files of a zip, in its order."""
    with zipfile.ZipFile(archive if isinstance(archive, Path) else io.BytesIO(archive)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with feed.nmea and alerts.jsonl."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "feed.nmea").write_bytes(recording())
    assert command("replay", str(folder / "feed.nmea"), "--alerts", str(folder / "alerts.jsonl")) == 0
    return folder


@pytest.fixture(scope="session")
def exported(recorded: Path) -> Path:
    """The case as the command exports it from the files."""
    out = recorded / "case.zip"
    assert command("case", "export", CASE, "--out", str(out), *from_files(recorded)) == 0
    return out


def from_files(recorded: Path) -> tuple[str, ...]:
    """The options that read the files instead of Kafka."""
    return "--from", str(recorded / "alerts.jsonl"), "--sentences", str(recorded / "feed.nmea")


def alerts_of(recorded: Path) -> list[dict[str, Any]]:
    """The alerts as objects."""
    return [json.loads(line) for line in (recorded / "alerts.jsonl").read_text().splitlines()]
