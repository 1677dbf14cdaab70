"""gpsd as a source: a real one where it is installed, and a server that speaks what it was heard to speak."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors.core.reports import RE_ENCODED
from streams.decode.batch import decode
from streams.errors import ConfigError
from streams.ingest import urls
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.ingest.sources.back_off import BackOff
from streams.ingest.sources.connector import ConnectionRules
from streams.ingest.sources.events import Chunk, Connected, Heard, PeerGone, Refused, SourceEvent
from streams.ingest.sources.gpsd import GpsdSource
from streams.messages.log_records import Sentences
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix, Particulars
from tests.streams.ingest.gpsd_rig import gpsd

T_MS = 1_772_345_863_000
WHOLE = EncodedFix(59.5, 10.5, 12.3, 90.5, 91, 33, 10.0)
SHIP = Particulars(9179842, "ABCD", "ANGARA", 70, 120, 15, 7.1, "KPRJN", (5, 14, 22, 30))
MESSAGES = [
    encoder.position(205344990, WHOLE, status=0),
    encoder.position(205344991, EncodedFix()),
    encoder.position(205344992, EncodedFix(-59.5, -10.5, 40.0, 359.9, 0, 61, -9999.0), kind=3, status=5),
    encoder.static(205344990, SHIP),
    encoder.position_b(257000001, WHOLE),
    encoder.position_b(257000002, EncodedFix()),
    encoder.static_b_name(257000001, SHIP),
    encoder.static_b_hull(257000001, SHIP),
    encoder.base_station(2573000, EncodedFix(59.5, 10.5)),
    encoder.aid(992573000, EncodedFix(59.5, 10.5), "BUOY"),
    encoder.position_long_range(257000009, WHOLE, status=0),
    encoder.position_long_range(257000010, EncodedFix()),
]
SENTENCES = [line for number, bits in enumerate(MESSAGES) for line in encoder.sentences(bits, sequence=number)]


def source(port: int, wait_s: float = 3600) -> GpsdSource:
    rules = ConnectionRules(0.02, BackOff(0.05, seed=1), 0)
    return GpsdSource("pier", "127.0.0.1", port, rules, line_bytes=8192, wait_s=wait_s)


def batch(lines: list[bytes]) -> Any:
    ingest = Ingest("x", 1, source_kind=SourceKind(live=True))
    ingest.feed(b"\n".join(lines) + b"\n", T_MS)
    assert not ingest.counts.rejected
    (record,) = [record for record in ingest.end() if isinstance(record, Sentences)]
    return decode(record.value, "x").batch


def heard(events: Iterator[SourceEvent], count: int) -> list[SourceEvent]:
    found = []
    for event in events:
        found += [event] if event is not None else []
        if len(found) >= count:
            break
    return found


def test_the_sentences_of_a_real_gpsd_come_as_they_were_sent(tmp_path: Path) -> None:
    with gpsd(SENTENCES, tmp_path) as port:
        stop, lines = threading.Event(), []
        for event in source(port).events(stop):
            assert not isinstance(event, Refused | PeerGone)
            if isinstance(event, Chunk):
                lines += event.data.split()
            if len(lines) >= 2 * len(SENTENCES):
                stop.set()
    assert set(lines) == set(SENTENCES)


def test_the_json_of_a_real_gpsd_reads_as_its_sentences_do(tmp_path: Path) -> None:
    """Every message of every type, unknown values included."""
    asked = b'?WATCH={"enable":true,"json":true,"scaled":true};\n'
    with gpsd(SENTENCES, tmp_path) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(asked)
        objects: dict[str, bytes] = {}
        for line in connection.makefile("rb"):
            if b'"class":"AIS"' in line:
                told = json.loads(line)
                key = f"{told['type']} {told['mmsi']}"
                if key in objects and len(objects) >= len(MESSAGES) - 1:  # the parts of a static B are one object
                    break
                objects[key] = line
    events = from_server(list(objects.values()), wait_s=0)
    lines = b"".join(event.data for event in events if isinstance(event, Chunk)).split()
    assert all(f"pier{RE_ENCODED}".encode() in line for line in lines)
    ours, theirs = batch(lines), batch(SENTENCES)
    for column in ("mmsi", "status", "lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg"):
        for mine, yours in zip(by_ship(ours, column), by_ship(theirs, column), strict=True):
            if column == "status" and mine[1] == 27:  # gpsd writes it as text
                continue
            assert mine == yours or (np.isnan(mine[2]) and np.isnan(yours[2])), column
    for column in ("imo", "name", "call_sign", "destination", "ship_type", "length_m", "beam_m", "draught_m", "eta"):
        assert ours.statics[0][column] == theirs.statics[0][column], column


def by_ship(found: Any, column: str) -> list[tuple[int, int, Any]]:
    """Positions of class A are all written as type 1, and what a static B says is written again with every part."""
    return sorted(
        (int(r["mmsi"]), 1 if r["type"] == 3 else int(r["type"]), r[column]) for r in found.reports if r["type"] != 24
    )


class Server:
    """Speaks lines after the greeting of a gpsd, and keeps what it is asked."""

    def __init__(self, sent: list[bytes]) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.sent, self.asked = sent, b""
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        connection, _ = self.socket.accept()
        with connection:
            connection.sendall(
                b'{"class":"VERSION","release":"3.22","rev":"3.22"}\r\n{"class":"DEVICES","devices":[]}\r\n'
            )
            while b'json":true' not in self.asked and b"!" not in b"".join(self.sent):
                self.asked += connection.recv(1000)
            for line in self.sent:
                connection.sendall(line.rstrip() + b"\r\n")
            connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(1000):
                self.asked += data
        self.socket.close()


def from_server(sent: list[bytes], wait_s: float) -> list[SourceEvent]:
    server, stop, found = Server(sent), threading.Event(), []
    for event in source(server.port, wait_s).events(stop):
        found += [event] if not isinstance(event, Heard | None) else []
        if isinstance(event, PeerGone):
            stop.set()
    server.thread.join(10)
    assert not server.thread.is_alive()
    return found


GOOD = b'{"class":"AIS","device":"/dev/n2k","type":1,"mmsi":205344990,"scaled":true,"lon":10.5,"lat":59.5,"turn":"nan"}'


def test_json_is_read_only_where_no_sentence_comes() -> None:
    bare = SENTENCES[0]
    with_sentences = from_server([bare, GOOD, bare], wait_s=0)
    assert b"".join(e.data for e in with_sentences if isinstance(e, Chunk)).count(b"!AIVDM") == 2
    without = from_server([GOOD, b'{"class":"TPV","lat":1.0}', GOOD], wait_s=0)
    assert [type(event) for event in without] == [Connected, Chunk, Chunk, PeerGone]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"class":"AIS","type":1,"mmsi":205344990,"scaled":true,"lon":1e308,"lat":59.5}', "longitude"),
        (b'{"class":"AIS","type":1,"mmsi":"\xd9\xa1","scaled":true}', "MMSI"),
        (b'{"class":"AIS","type":1,"mmsi":205344990', "not JSON"),
        (b'{"class":"AIS","x":"' + b"y" * 9000 + b'"}', "longer"),
    ],
)
def test_json_that_gives_no_sentence_is_refused_and_the_rest_is_read(line: bytes, why: str) -> None:
    found = from_server([line, GOOD], wait_s=0)
    assert [type(event) for event in found] == [Connected, Refused, Chunk, PeerGone]
    assert isinstance(found[1], Refused) and why in found[1].detail


@pytest.mark.parametrize("asked_for_json", [True, False])
def test_a_gpsd_that_tells_of_other_things_is_not_silent(asked_for_json: bool) -> None:
    """Positions of the receiver itself, for longer than the limit of silence."""
    server, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def tell() -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            for _ in range(20):
                connection.sendall(b'{"class":"TPV","lat":1.0}\r\n')
                time.sleep(0.05)
            stop.set()

    thread = threading.Thread(target=tell)
    thread.start()
    rules = ConnectionRules(0.02, BackOff(0.05, seed=1), 0.3)
    wait_s = 0 if asked_for_json else 3600
    port = server.getsockname()[1]
    reading = GpsdSource("pier", "127.0.0.1", port, rules, line_bytes=8192, wait_s=wait_s)
    found = {type(event) for event in reading.events(stop) if event is not None}
    thread.join(10)
    server.close()
    assert found == {Connected, Heard}


def test_its_url_needs_a_host_only() -> None:
    place = urls.parse("gpsd://127.0.0.1")
    assert (place.kind, place.port) == ("gpsd", 2947)
    with pytest.raises(ConfigError, match="gpsd://HOST"):
        urls.parse("gpsd://")
