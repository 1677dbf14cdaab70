"""A real AIS-catcher that reads a recording: its JSON in datagrams and over TCP, and its posts."""

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from streams.ingest.core import Ingest, SourceKind
from streams.ingest.sources.connector import OpenRules
from streams.ingest.sources.events import Chunk, InputSource, SourceEvent, StationPosition
from streams.ingest.sources.http_listen import HttpListenSource
from streams.ingest.sources.listen import ListenSource
from streams.ingest.sources.udp import UdpSource
from streams.ingest.urls import open_place, parse
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix, Particulars
from streams.settings.model import Settings

# Built from github.com/jvde-github/AIS-catcher; no package of Debian.
PROGRAM = shutil.which("AIS-catcher") or ""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PROGRAM, reason="AIS-catcher is not installed")]
SHIPS, T_MS = 20, 1_709_510_405_000
SENTENCES = SHIPS * 3
PASSWORD = "a-password"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A position and particulars in two parts of each ship, with the time of reception."""
    lines: list[bytes] = []
    for number in range(SHIPS):
        mmsi, fix = 232_000_000 + number, EncodedFix(lat_deg=51 + number / 50, lon_deg=1.5, sog_kn=9, cog_deg=45)
        ship = Particulars(imo=9_179_842, name=f"SHIP {number}", ship_type=70, length_m=120, beam_m=18)
        for bits in (encoder.position(mmsi, fix), encoder.static(mmsi, ship)):
            parts = encoder.sentences(bits, sequence=number)
            lines += encoder.tagged(parts, T_MS + 1000 * number, "pier")
    path = tmp_path / "recording.nmea"
    path.write_bytes(b"".join(line + b"\r\n" for line in lines))
    return path


def caught(source: InputSource, recording: Path, *output: str) -> list[SourceEvent]:
    """What a source gives while AIS-catcher plays the recording into it."""
    events: list[SourceEvent] = []
    command = [PROGRAM, "-X", "off", "-r", "txt", str(recording), "-q", *output]  # -X: share nothing with anyone
    reading = source.events(threading.Event())
    next(reading)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        end_s = time.monotonic() + 60
        while sum(event.data.count(b"!AIVDM") for event in events if isinstance(event, Chunk)) < SENTENCES:
            assert time.monotonic() < end_s, f"waited in vain: {events}"
            event = next(reading)
            events += [event] if event is not None else []
        process.kill()
    return events


def read(events: list[SourceEvent]) -> Ingest:
    ingest, now_ms = Ingest("catcher", 1, source_kind=SourceKind(live=True)), int(time.time() * 1000)
    for event in events:
        if isinstance(event, Chunk):
            ingest.feed(event.data, now_ms, event.peer)
    counts = ingest.counts
    assert (counts.messages, counts.merged, counts.other, counts.rejected) == (2 * SHIPS, SHIPS, 0, {})
    assert ingest.clock_ms is not None and abs(ingest.clock_ms - now_ms) < 120_000  # the clock of the host
    return ingest


@pytest.mark.parametrize("form", [("JSON", "on"), ("MSGFORMAT", "JSON_FULL"), ()])
def test_its_datagrams(recording: Path, form: tuple[str, ...]) -> None:
    source = UdpSource("127.0.0.1", 0, idle_s=0.05)
    read(caught(source, recording, "-u", "127.0.0.1", str(source.port), *form))


@pytest.mark.parametrize("form", [("JSON", "on"), ("MSGFORMAT", "JSON_FULL")])
def test_its_lines_over_tcp(recording: Path, form: tuple[str, ...]) -> None:
    source = ListenSource("127.0.0.1", 0, idle_s=0.05)
    read(caught(source, recording, "-P", "127.0.0.1", str(source.port), *form))


@pytest.mark.parametrize("form", [("GZIP", "on"), ("PROTOCOL", "MINIMAL"), ("PROTOCOL", "LIST")])
def test_its_posts(recording: Path, tmp_path: Path, form: tuple[str, ...]) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    place = parse(f"http-listen://:0/ais?password-file={tmp_path / 'password'}")
    source = open_place(place, OpenRules(settings=Settings()))
    assert isinstance(source, HttpListenSource)
    url = f"http://127.0.0.1:{source.port}/ais"
    options = ("ID", "pier", "USERPWD", f"pier:{PASSWORD}", "INTERVAL", "1", "LAT", "51.5", "LON", "1.5", *form)
    events = caught(source, recording, "-H", url, *options)
    read(events)
    if "LIST" not in form:
        assert StationPosition("pier", 51.5, 1.5) in events
        assert all(b"s:pier" in event.data for event in events if isinstance(event, Chunk) and event.data)
