"""Signal K as a source: deltas as signalk-server writes them, that server itself where it is installed, and others."""

import asyncio
import contextlib
import json
import math
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.reports import RE_ENCODED
from streams.decode.batch import decode
from streams.errors import WakewatchError
from streams.ingest import signalk_json, urls
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.ingest.re_encoding import MessageError, ReEncoder
from streams.ingest.sources.connector import OpenRules
from streams.ingest.sources.events import Chunk, Connected, Heard, PeerGone, Refused, SourceEvent
from streams.messages.log_records import Sentences
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix
from streams.settings.model import IngestSettings, Settings
from tests.streams.ingest.web_rig import served

MMSI = "205344990"
VALUES: dict[str, Any] = {
    "navigation.speedOverGround": 6.3276682696759625, "navigation.courseOverGroundTrue": 1.57952297341552,
    "navigation.headingTrue": 1.5882496196774842, "navigation.rateOfTurn": 0.0029217000398830393,
    "navigation.state": "moored", "sensors.ais.class": "A",
    "navigation.position": {"longitude": 10.5, "latitude": 59.5},
}  # fmt: skip
STATIC: list[dict[str, Any]] = [
    {"path": "", "value": {"mmsi": MMSI}}, {"path": "", "value": {"name": "ANGARA"}},
    {"path": "design.length", "value": {"overall": 120}}, {"path": "design.beam", "value": 15},
    {"path": "design.draft", "value": {"current": 7.1}}, {"path": "sensors.ais.class", "value": "A"},
    {"path": "navigation.destination.commonName", "value": "KPRJN"},
    {"path": "navigation.destination.eta", "value": "2027-05-14T22:30:00.000Z"},
    {"path": "", "value": {"communication": {"callsignVhf": "ABCD"}}},
    {"path": "", "value": {"registrations": {"imo": "IMO 9179842"}}},
    {"path": "design.aisShipType", "value": {"id": 70, "name": "Cargo ship"}},
]  # fmt: skip
HELLO = {"name": "signalk-server", "version": "2.23.0", "self": "vessels.urn:mrn:signalk:uuid:1", "roles": ["master"]}


def delta(values: list[dict[str, Any]] | dict[str, Any], **more: Any) -> dict[str, Any]:
    if isinstance(values, dict):
        values = [{"path": path, "value": value} for path, value in values.items()]
    update = {"timestamp": "2026-11-30T03:56:56.069Z", "$source": "ais.AI", "values": values, **more}
    return {"context": f"vessels.urn:mrn:imo:mmsi:{MMSI}", "updates": [update]}


def batch(told: dict[str, Any]) -> Any:
    lines = signalk_json.lines_of(told, ReEncoder("boat"))
    assert all(f"boat{RE_ENCODED}".encode() in line for line in lines)
    ingest = Ingest("x", 1, source_kind=SourceKind(replayed=True))
    records = ingest.feed(b"\n".join(lines) + b"\n") + ingest.end()
    (record,) = [record for record in records if isinstance(record, Sentences)]
    return decode(record.value, "x").batch


def test_a_position_in_metres_a_second_and_radians() -> None:
    report = batch(delta(VALUES)).reports[0]
    found = [float(report[name]) for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg")]
    assert found == pytest.approx([59.5, 10.5, 12.3, 90.5, 91], abs=0.01)
    assert (report["mmsi"], report["status"], report["time_ms"]) == (int(MMSI), 5, 1_796_010_000_000 + 1_016_069)


def test_particulars() -> None:
    ship = batch(delta(STATIC)).statics[0]
    assert (ship["imo"], ship["name"], ship["call_sign"]) == (9179842, b"ANGARA", b"ABCD")
    assert (ship["length_m"], ship["beam_m"], ship["ship_type"], ship["destination"]) == (120, 15, 70, b"KPRJN")
    assert ship["draught_m"] == pytest.approx(7.1) and ship["eta"] == (5 << 16 | 14 << 11 | 22 << 6 | 30)


@pytest.mark.parametrize(
    ("path", "value", "column"),
    [
        ("navigation.speedOverGround", 102.3 * 1852 / 3600, "sog_kn"), ("navigation.speedOverGround", None, "sog_kn"),
        ("navigation.courseOverGroundTrue", 2 * math.pi, "cog_deg"), ("navigation.headingTrue", 8.918, "heading_deg"),
        ("navigation.position", {"latitude": 91, "longitude": 181}, "lat_deg"),
        ("navigation.position", None, "lon_deg"),
        ("navigation.speedOverGround", {"value": 1}, "sog_kn"), ("navigation.headingTrue", True, "heading_deg"),
    ],
)  # fmt: skip
def test_what_is_unknown(path: str, value: Any, column: str) -> None:
    assert math.isnan(batch(delta({**VALUES, path: value})).reports[0][column])


@pytest.mark.parametrize("context", ["vessels.self", "vessels.urn:mrn:signalk:uuid:1", None, 7, "", "x" * 10_000])
def test_who_has_no_mmsi_is_left_out(context: Any) -> None:
    assert signalk_json.lines_of({**delta(VALUES), "context": context}, ReEncoder("boat")) == []
    assert signalk_json.lines_of(HELLO, ReEncoder("boat")) == []


@pytest.mark.parametrize("time", ["yesterday", "2026-11-30T03:56:56", 5, True, []])
def test_a_time_that_cannot_be_read_is_refused(time: Any) -> None:
    with pytest.raises(MessageError, match="time"):
        signalk_json.lines_of(delta(VALUES, timestamp=time), ReEncoder("boat"))


def test_particulars_of_a_delta_that_is_refused_are_written_when_they_come_again() -> None:
    told, writer = delta(STATIC), ReEncoder("boat")
    for wrong in (delta(VALUES, timestamp="yesterday"), delta({"navigation.position": {"latitude": "north"}})):
        with pytest.raises(MessageError):
            signalk_json.lines_of({**told, "updates": [*told["updates"], *wrong["updates"]]}, writer)
    assert len(signalk_json.lines_of(told, writer)) == 2
    assert signalk_json.lines_of(told, writer) == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["path", "value", "id", "latitude"]), inner)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*VALUES, "design.length", "", "atonType"]), anything), anything)
def test_any_value_gives_sentences_or_a_reason(values: dict[str, Any], other: Any) -> None:
    for told in (delta({**VALUES, **values}), delta(other), {**delta(VALUES), "updates": other}):
        with contextlib.suppress(MessageError):
            assert all(b"!AIVDM" in line for line in signalk_json.lines_of(told, ReEncoder("boat")))


def read(port: int, least: int) -> list[SourceEvent]:
    """What a source says until it has given so many chunks."""
    settings = Settings(ingest=IngestSettings(reconnect_max_s=0.1))
    source = urls.open_place(urls.parse(f"boat=signalk://127.0.0.1:{port}"), OpenRules(settings=settings))
    stop, found = threading.Event(), []
    end_s = time.monotonic() + 60
    for event in source.events(stop):
        found += [event] if not isinstance(event, Heard | None) else []
        if sum(isinstance(one, Chunk) for one in found) >= least:
            stop.set()
        assert time.monotonic() < end_s, found
    return found


def test_a_server_that_sends_rubbish_and_goes_is_read_on() -> None:
    sent = iter([["{", json.dumps(HELLO), json.dumps(delta(VALUES))], [json.dumps(delta(STATIC)).encode()]])
    asked: list[str] = []

    async def handle(request: web.Request) -> web.WebSocketResponse:
        asked.append(request.path_qs)
        talk = web.WebSocketResponse()
        await talk.prepare(request)
        for message in next(sent, []):
            await (talk.send_bytes(message) if isinstance(message, bytes) else talk.send_str(message))
        await asyncio.sleep(0.1)
        await talk.close()
        return talk

    with served(handle) as port:
        found = read(port, least=2)
    assert [type(event) for event in found] == [Connected, Refused, Chunk, PeerGone, Connected, Chunk]
    assert set(asked) == {"/signalk/v1/stream?subscribe=all&sendCachedValues=false"}


def test_a_server_that_wants_a_token_ends_the_source() -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=401)

    with served(handle) as port, pytest.raises(WakewatchError, match="token-file"):
        read(port, least=1)


@contextlib.contextmanager
def signalk_server(folder: Path) -> Iterator[tuple[int, int]]:
    """A real server that reads datagrams of NMEA: its port, and theirs. Skips where it is missing."""
    program = shutil.which("signalk-server")
    if program is None:
        pytest.skip("signalk-server is not installed (npm install -g signalk-server)")
    with socket.create_server(("127.0.0.1", 0)) as free, socket.create_server(("127.0.0.1", 0)) as other:
        port, datagrams = free.getsockname()[1], other.getsockname()[1]
    reading = {"type": "NMEA0183", "logging": False, "subOptions": {"type": "udp", "port": str(datagrams)}}
    piped = {"id": "ais", "enabled": True, "pipeElements": [{"type": "providers/simple", "options": reading}]}
    settings = {"interfaces": {}, "port": port, "ssl": False, "mdns": False, "pipedProviders": [piped]}
    (folder / "settings.json").write_text(json.dumps(settings))
    environment = {**os.environ, "SIGNALK_NODE_CONFIG_DIR": str(folder), "PORT": str(port)}
    process = subprocess.Popen(
        [program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        end_s = time.monotonic() + 120
        while time.monotonic() < end_s:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None
            time.sleep(0.2)
        yield port, datagrams
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.slow
def test_a_real_server_gives_back_what_it_hears(tmp_path: Path) -> None:
    sentences = [
        *encoder.sentences(encoder.position(205344990, EncodedFix(59.5, 10.5, 12.3, 90.5, 91), status=5)),
        *encoder.sentences(encoder.position_b(257000001, EncodedFix(59.5, 10.5, 12.3, 90.5))),
    ]
    with signalk_server(tmp_path) as (port, datagrams), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        over = threading.Event()

        def send() -> None:
            while not over.wait(0.2):
                for line in sentences:
                    sending.sendto(line + b"\r\n", ("127.0.0.1", datagrams))

        thread = threading.Thread(target=send)
        thread.start()
        try:
            found = read(port, least=4)
        finally:
            over.set()
            thread.join()
    ingest = Ingest("x", 1, source_kind=SourceKind(live=True))
    for event in found:
        assert not isinstance(event, Refused | PeerGone)
        if isinstance(event, Chunk):
            ingest.feed(event.data, int(time.time() * 1000))
    (record,) = [record for record in ingest.end() if isinstance(record, Sentences)]
    reports = decode(record.value, "x").batch.reports
    assert {(int(r["mmsi"]), int(r["type"])) for r in reports} == {(205344990, 1), (257000001, 18)}
    for name, value in (("lat_deg", 59.5), ("lon_deg", 10.5), ("sog_kn", 12.3), ("cog_deg", 90.5)):
        assert [float(report[name]) for report in reports] == pytest.approx([value] * len(reports), abs=0.06)
