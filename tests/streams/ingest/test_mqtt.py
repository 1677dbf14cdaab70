"""MQTT as a source, against a real mosquitto; and Digitraffic's messages, unknown values included."""

import gc
import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from detectors.core.reports import RE_ENCODED
from streams.decode.batch import decode
from streams.errors import ConfigError, WakewatchError
from streams.ingest import digitraffic_json, urls
from streams.ingest.core import Ingest
from streams.ingest.json_lines import units_of
from streams.ingest.model import SourceKind
from streams.ingest.re_encoding import MessageError, ReEncoder
from streams.ingest.sources.connector import OpenRules
from streams.ingest.sources.events import Chunk, Connected, Heard, PeerGone, Refused, SourceEvent
from streams.messages.log_records import Sentences
from streams.settings.feeds import MqttSettings
from streams.settings.model import IngestSettings, Settings
from tests.streams.ingest.json_samples import BARE, CATCHER
from tests.streams.ingest.mosquitto_rig import PASSWORD, USER, mosquitto, publish, websocket_before

T_S = 1_668_075_025
LOCATION = {
    "time": T_S, "sog": 10.7, "cog": 326.6, "navStat": 0, "rot": 0, "posAcc": True, "raim": False, "heading": 325,
    "lon": 20.345818, "lat": 60.03802,
}  # fmt: skip
METADATA = {
    "timestamp": T_S * 1000 + 35, "destination": "UST LUGA", "name": "ARUNA CIHAN", "draught": 68, "eta": 733376,
    "posType": 15, "refA": 160, "refB": 33, "refC": 20, "refD": 12, "callSign": "V7WW7", "imo": 9543756, "type": 70,
}  # fmt: skip
TOPIC = "vessels-v2/538004505"


@contextmanager
def heard(url: str, settings: Settings | None = None) -> Iterator[list[SourceEvent]]:
    """What a source says, from a thread of its own, once it is connected."""
    settings = settings or Settings(ingest=IngestSettings(reconnect_max_s=0.1, tcp_mute_s=0))
    source = urls.open_place(urls.parse(url), OpenRules(settings=settings))
    events: list[SourceEvent] = []
    stop = threading.Event()

    def listen() -> None:
        try:
            for event in source.events(stop):
                events.extend([event] if not isinstance(event, Heard | None) else [])
        except WakewatchError as error:
            events.append(Refused(b"", str(error)))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        until(lambda: Connected() in events or any(isinstance(event, Refused) for event in events))
        yield events
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        threading.Event().wait(0.02)
    raise AssertionError("waited in vain")


def chunks(events: list[SourceEvent]) -> list[bytes]:
    return [event.data for event in events if isinstance(event, Chunk)]


def test_nmea_json_and_digitraffic_of_one_broker(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port, heard(f"pier=mqtt://127.0.0.1:{port}/#") as events:
        publish(port, "ais/raw", BARE + b"\r\n" + BARE)
        publish(port, "ais/data", json.dumps(CATCHER).encode())
        publish(port, f"{TOPIC}/location", json.dumps(LOCATION).encode())
        publish(port, f"{TOPIC}/metadata", json.dumps(METADATA).encode())
        publish(port, "vessels-v2/status", b'{"updated": 1668075025}')
        publish(port, f"{TOPIC}/location", b'{"time": "yesterday"}')
        publish(port, "ais/raw", b"last")
        until(lambda: b"last\n" in chunks(events))
    refused = [event for event in events if isinstance(event, Refused)]
    assert len(refused) == 1 and refused[0].raw == f'{TOPIC}/location {{"time": "yesterday"}}'.encode()
    ingest = Ingest("pier", 1, source_kind=SourceKind(live=True))
    for chunk in chunks(events):
        ingest.feed(chunk, T_S * 1000)
    assert ingest.counts.sentences == 6
    assert set(ingest.counts.rejected) <= {"time_ahead", "time_behind"}  # they are of years apart


def test_json_that_is_printed_over_several_lines_keeps_its_time(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port, heard(f"pier=mqtt://127.0.0.1:{port}/#") as events:
        for told in (CATCHER, [CATCHER, CATCHER]):
            publish(port, "ais/data", json.dumps(told, indent=2).encode())
        until(lambda: len(chunks(events)) == 2)
    units = [unit for chunk in chunks(events) for unit in units_of(chunk.strip().split(b"\n")[-1])]
    assert all(b"c:1709510405250" in unit for unit in units) and len(units) == 2


def test_a_retained_message_is_no_news_unless_it_states_its_time(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        publish(port, "ais/raw", BARE, "-r")
        publish(port, "ais/tagged", b"\\s:pier,c:1668075025*21\\" + BARE, "-r")
        publish(port, "ais/data", json.dumps(CATCHER).encode(), "-r")
        publish(port, "ais/noted", b"# a comment", "-r")
        with heard(f"mqtt://127.0.0.1:{port}/ais/+") as events:
            publish(port, "ais/raw", BARE)
            until(lambda: BARE + b"\n" in chunks(events))
    timed = [chunk for chunk in chunks(events) if chunk != BARE + b"\n"]
    assert len(timed) == 2 and all(b"c:" in chunk for chunk in timed)


def test_user_and_password_from_a_file_and_a_wrong_one_ends_the_source(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(PASSWORD + "\n")
    wrong.write_text("sesame")
    with mosquitto(tmp_path, password=True) as port:
        with heard(f"mqtt://{USER}@127.0.0.1:{port}/a?password-file={right}") as events:
            publish(port, "a", BARE, "-u", USER, "-P", PASSWORD)
            until(lambda: bool(chunks(events)))
        settings = Settings(mqtt=MqttSettings(username=USER, password=PASSWORD))
        with heard(f"mqtt://127.0.0.1:{port}/a", settings) as events:
            assert Connected() in events
        with heard(f"mqtt://{USER}@127.0.0.1:{port}/a?password-file={wrong}") as events:
            (refused,) = events
    assert isinstance(refused, Refused) and "wrong user or password" in refused.detail
    assert PASSWORD not in repr(settings)


@pytest.mark.filterwarnings("ignore:.*<ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
def test_tls_is_verified(tmp_path: Path, certificate: Path) -> None:
    settings = Settings(ingest=IngestSettings(tls_ca_file=str(certificate), reconnect_max_s=0.1))
    with mosquitto(tmp_path, certificate=certificate) as port:
        with heard(f"mqtts://127.0.0.1:{port}/a", settings) as events:
            publish(port, "a", BARE, "--cafile", str(certificate))
            until(lambda: bool(chunks(events)))
        source = urls.open_place(urls.parse(f"mqtts://127.0.0.1:{port}/a"), OpenRules(settings=Settings()))
        lost = next(event for event in source.events(threading.Event()) if isinstance(event, PeerGone))
    assert "certificate verify failed" in lost.why
    del source
    gc.collect()  # paho-mqtt leaves the socket that it rejects to the garbage collector


def test_websockets_as_digitraffic_has_them(tmp_path: Path) -> None:
    with (
        mosquitto(tmp_path) as port,
        websocket_before(port) as web_port,
        heard(f"d=mqtt+ws://127.0.0.1:{web_port}/vessels-v2/#") as events,
    ):
        publish(port, f"{TOPIC}/location", json.dumps(LOCATION).encode())
        until(lambda: bool(chunks(events)))
    assert f"s:d{RE_ENCODED}".encode() in chunks(events)[0]


def test_a_broker_that_comes_and_goes_is_found_again(tmp_path: Path) -> None:
    with ExitStack() as broker:
        port = broker.enter_context(mosquitto(tmp_path))
        with heard(f"mqtt://127.0.0.1:{port}/a") as events:
            for number in range(3):
                until(lambda number=number: events.count(Connected()) == number + 1)  # type: ignore[misc]
                publish(port, "a", b"%d" % number)
                until(lambda number=number: b"%d\n" % number in chunks(events))  # type: ignore[misc]
                broker.close()
                until(lambda number=number: peers_gone(events) > number)  # type: ignore[misc]
                broker.enter_context(mosquitto(tmp_path, port=port))
            until(lambda: events.count(Connected()) == 4)


def peers_gone(events: list[SourceEvent]) -> int:
    return sum(isinstance(event, PeerGone) for event in events)


def test_a_message_beyond_the_limit_ends_the_connection_and_the_next_one_is_read(tmp_path: Path) -> None:
    settings = Settings(mqtt=MqttSettings(message_bytes=1024), ingest=IngestSettings(reconnect_max_s=0.1))
    with mosquitto(tmp_path) as port, heard(f"mqtt://127.0.0.1:{port}/a", settings) as events:
        publish(port, "a", b"x" * 10_000_000)
        until(lambda: events.count(Connected()) == 2)
        publish(port, "a", BARE)
        until(lambda: BARE + b"\n" in chunks(events))
    (lost,) = [event for event in events if isinstance(event, PeerGone)]
    assert "mqtt.message_bytes" in lost.why
    assert max(map(len, chunks(events))) < 100


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mqtt://h", "not a topic"), ("mqtt://h/a/#/b", "not a topic"), ("mqtt://h/a+", "not a topic"),
        ("mqtt://me:hunter2@h/a", "no password"), ("mqtt://h/a?key=1", "key has no meaning"),
    ],
)  # fmt: skip
def test_urls_that_are_wrong_say_so(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        urls.parse(url)
    assert "hunter2" not in str(refused.value)


def batch(kind: str, told: dict[str, Any]) -> Any:
    lines = digitraffic_json.lines_of(f"{TOPIC}/{kind}", json.dumps(told).encode(), ReEncoder("d"))
    ingest = Ingest("x", 1, source_kind=SourceKind(replayed=True))
    records = ingest.feed(b"\n".join(lines) + b"\n") + ingest.end()
    (record,) = [record for record in records if isinstance(record, Sentences)]
    return decode(record.value, "x").batch


def test_a_location_of_digitraffic() -> None:
    report = batch("location", LOCATION).reports[0]
    assert (report["mmsi"], report["time_ms"], report["status"]) == (538004505, T_S * 1000, 0)
    found = [float(report[name]) for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg")]
    assert found == pytest.approx([60.03802, 20.345818, 10.7, 326.6, 325], abs=1e-4)


def test_particulars_of_digitraffic() -> None:
    found = batch("metadata", METADATA)
    ship = found.statics[0]
    assert (found.reports[0]["time_ms"], ship["imo"], ship["name"]) == (T_S * 1000 + 35, 9543756, b"ARUNA CIHAN")
    assert (ship["length_m"], ship["beam_m"], ship["ship_type"], ship["eta"]) == (193, 32, 70, 733376)
    assert ship["draught_m"] == pytest.approx(6.8)


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("sog", 102.3, "sog_kn"), ("sog", None, "sog_kn"), ("cog", 360, "cog_deg"), ("heading", 511, "heading_deg"),
        ("lat", 91, "lat_deg"), ("lon", 181, "lon_deg"), ("lat", None, "lon_deg"), ("sog", "fast", "sog_kn"),
        ("cog", [1], "cog_deg"),
    ],
)  # fmt: skip
def test_what_digitraffic_says_is_unknown(field: str, value: Any, column: str) -> None:
    assert math.isnan(batch("location", {**LOCATION, field: value}).reports[0][column])


@pytest.mark.parametrize(
    ("field", "value", "column", "unknown"),
    [
        ("imo", 0, "imo", 0), ("eta", 0, "eta", 0), ("eta", 1 << 40, "eta", 0), ("name", None, "name", b""),
        ("type", None, "ship_type", 0), ("destination", 7, "destination", b""),
    ],
)  # fmt: skip
def test_particulars_that_digitraffic_does_not_know(field: str, value: Any, column: str, unknown: Any) -> None:
    assert batch("metadata", {**METADATA, field: value}).statics[0][column] in {unknown, -1}
    assert math.isnan(batch("metadata", {**METADATA, "draught": 0}).statics[0]["draught_m"])


@pytest.mark.parametrize("time", [None, "x", True, -5, 1e300, [1], 0])
def test_a_message_of_digitraffic_without_a_time_is_refused(time: Any) -> None:
    for kind, field, told in (("location", "time", LOCATION), ("metadata", "timestamp", METADATA)):
        with pytest.raises(MessageError, match="time"):
            batch(kind, {**told, field: time})


@pytest.mark.parametrize("payload", [b"", b"[1]", b"{", b"\xff", b"null"])
def test_what_is_no_object_is_refused(payload: bytes) -> None:
    with pytest.raises(MessageError, match="JSON"):
        digitraffic_json.lines_of(f"{TOPIC}/location", payload, ReEncoder("d"))
