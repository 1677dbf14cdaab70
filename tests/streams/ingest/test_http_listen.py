"""Posts of receivers: batches, lines, signs of life, and everything that a post must not be."""

import base64
import contextlib
import gzip
import http.client
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError
from streams.ingest import urls
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.posts import PostError, PostReader, unpacked
from streams.ingest.sources import http_listen
from streams.ingest.sources.connector import OpenRules
from streams.ingest.sources.events import Chunk, Refused, SourceEvent, StationPosition
from streams.ingest.sources.http_listen import HttpListenSource
from streams.nmea.checksum import tag_block
from streams.settings.model import Settings
from streams.settings.sources import HttpListenSettings
from tests.streams.ingest.json_samples import BARE, CATCHER
from tests.streams.ingest.web_rig import until

BATCH: dict[str, Any] = {
    "protocol": "jsonaiscatcher", "encodetime": "20240304000006", "stationid": "MyStation", "station_lat": 51.185970,
    "station_lon": 5.964237, "receiver": {"description": "AIS-catcher v0.66", "version": 66, "engine": "Base"},
    "device": {"product": "RTLSDR", "vendor": "", "serial": "", "setting": ""}, "msgs": [CATCHER],
}  # fmt: skip
EXPECTED = tag_block(b"s:MyStation,c:1709510405250") + BARE + b"\n"
PASSWORD = "a-password"


@contextlib.contextmanager
def listening(path: str = "", **fields: Any) -> Iterator[tuple[HttpListenSource, list[SourceEvent]]]:
    password = fields.pop("password", "")
    settings = HttpListenSettings(**{"timeout_s": 5.0, "body_bytes": 100_000, **fields})
    source = HttpListenSource("127.0.0.1", 0, settings, idle_s=0.02, path=path, password=password)
    events: list[SourceEvent] = []
    stop = threading.Event()
    thread = threading.Thread(
        target=lambda: events.extend(event for event in source.events(stop) if keep(event, events) and False)
    )
    thread.start()
    try:
        yield source, events
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def keep(event: SourceEvent, events: list[SourceEvent]) -> bool:
    if event is not None:
        events.append(event)
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(port: int, body: Any, path: str = "/", method: str = "POST", **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Type": "application/json"} | names)
        return connection.getresponse().status
    finally:
        connection.close()


def encoded(**fields: Any) -> bytes:
    return json.dumps(BATCH | fields, indent="\t").encode()


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_a_batch_gives_its_sentences_with_the_station_and_where_it_is(encoding: str) -> None:
    pack = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[encoding]
    with listening() as (source, events):
        headers = {"Content_Encoding": encoding} if encoding else {}
        assert post(source.port, pack(encoded()), **headers) == HTTPStatus.OK
        assert post(source.port, pack(encoded()), **headers) == HTTPStatus.OK
        until(lambda: len(events) == 3)
    assert events == [StationPosition("MyStation", 51.185970, 5.964237), Chunk(EXPECTED), Chunk(EXPECTED)]


@pytest.mark.parametrize("body", [b"", b" \n", encoded(msgs=[], station_lat=None, station_lon=None)])
def test_a_post_without_messages_is_a_sign_of_life(body: bytes) -> None:
    with listening() as (source, events):
        assert post(source.port, body) == HTTPStatus.OK
    assert events == []


def read(body: bytes) -> list[SourceEvent]:
    return PostReader().events(body)


def test_other_forms_of_a_post_are_read_too() -> None:
    one, tag = json.dumps(CATCHER).encode(), tag_block(b"c:1709510405250")
    assert read(one) == read(b"[" + one + b"]") == [Chunk(tag + BARE + b"\n")]
    assert read(one + b"\n" + one + b"\n") == [Chunk(2 * (tag + BARE + b"\n"))]
    assert read(BARE + b"\r\n") == [Chunk(BARE + b"\r\n\n")]
    own = encoded(msgs=[CATCHER | {"station_id": "own"}, CATCHER | {"nmea": []}], station_lat=0.0)
    (chunk,) = read(own)
    assert isinstance(chunk, Chunk)
    assert [line.partition(b",")[0] for line in chunk.data.splitlines()] == [b"\\s:own", b"\\s:MyStation:re-encoded"]


def test_a_message_of_a_batch_that_cannot_be_read_is_refused_alone() -> None:
    (refused, chunk) = read(encoded(msgs=[CATCHER | {"nmea": None, "mmsi": True}, CATCHER], station_lat=0))
    assert isinstance(refused, Refused) and json.loads(refused.raw)["mmsi"] is True and "MMSI" in refused.detail
    assert chunk == Chunk(EXPECTED)


UNREADABLE: list[Any] = [7, "text", None, [7], {}, {"mmsi": 227006760}, {"class": "AIS", "mmsi": 227006760}]


@pytest.mark.parametrize("wrong", [*UNREADABLE, {"class": "AIS", "type": True}, {"class": "AIS", "type": "1"}])
@pytest.mark.parametrize("form", ["list", "batch", "lines"])
def test_an_element_that_gives_nothing_is_refused_and_the_others_are_read(wrong: Any, form: str) -> None:
    given = [CATCHER, wrong, CATCHER]
    if form == "batch":
        body = encoded(msgs=given, station_lat=0)
    else:
        body = json.dumps(given).encode() if form == "list" else b"\n".join(json.dumps(one).encode() for one in given)
    refused = [event for event in read(body) if isinstance(event, Refused)]
    assert [json.loads(event.raw) for event in refused] == [wrong] and refused[0].detail
    assert sum(event.data.count(BARE) for event in read(body) if isinstance(event, Chunk)) == 2


def test_a_message_of_a_type_that_is_not_written_is_another_line_and_no_loss() -> None:
    binary = {"class": "AIS", "type": 8, "mmsi": 227006760}
    (chunk,) = read(json.dumps([CATCHER, binary]).encode())
    ingest = Ingest("x", 1, source_kind=SourceKind(live=True))
    assert isinstance(chunk, Chunk)
    ingest.feed(chunk.data, 1_709_510_406_000)
    assert (ingest.counts.sentences, ingest.counts.other, ingest.counts.rejected) == (1, 1, {})


def test_where_a_station_is_comes_with_the_next_post_if_the_first_is_refused() -> None:
    reader = PostReader()
    with pytest.raises(PostError):
        reader.events(encoded(msgs=UNREADABLE))
    assert reader.events(encoded()) == [StationPosition("MyStation", 51.185970, 5.964237), Chunk(EXPECTED)]


WHOLE = encoded(station_lat=0)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("kept", [1, 10, 12, 40, -9, -1])
def test_a_packed_post_that_is_cut_off_is_refused_whole(pack: Any, kept: int) -> None:
    """Sentences in lines, so that a part of them would read as a whole post."""
    lines = gzip.compress(b"".join(BARE + b"\n" for _ in range(50))) if pack is gzip.compress else pack(BARE * 50)
    with pytest.raises(PostError) as refused:
        unpacked(lines[:kept], "gzip", 100_000)
    assert refused.value.status is HTTPStatus.BAD_REQUEST


def test_a_cut_off_packed_post_is_answered_and_kept() -> None:
    body = gzip.compress(BARE + b"\n")[:-8]
    with listening() as (source, events):
        assert post(source.port, body, Content_Encoding="gzip") == HTTPStatus.BAD_REQUEST
        until(lambda: len(events) == 1)
    assert isinstance(events[0], Refused) and events[0].raw == body and "cut off" in events[0].detail


def test_all_members_of_a_packed_post_are_read_and_bounded() -> None:
    members = gzip.compress(WHOLE[:100]) + gzip.compress(b"") + gzip.compress(WHOLE[100:])
    assert unpacked(members, "gzip", len(WHOLE)) == WHOLE
    assert unpacked(members + bytes(20), "gzip", len(WHOLE)) == WHOLE  # padding, as of tapes
    for body, status in (
        (members, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (members[:-3], HTTPStatus.BAD_REQUEST),
        (members + b"more", HTTPStatus.BAD_REQUEST),
        (gzip.compress(b"") * 100_000, HTTPStatus.BAD_REQUEST),
    ):
        with pytest.raises(PostError) as refused:
            unpacked(body, "gzip", len(WHOLE) - (status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        assert refused.value.status is status


@pytest.mark.parametrize("most", [1000, 70_000, 200_000])
def test_a_packed_post_of_exactly_the_most_is_read_and_one_byte_more_is_not(most: int) -> None:
    assert len(unpacked(gzip.compress(bytes(most)), "gzip", most)) == most
    with pytest.raises(PostError) as refused:
        unpacked(gzip.compress(bytes(most + 1)), "gzip", most)
    assert refused.value.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    "position", [{"station_lat": None}, {"station_lat": "x"}, {"station_lon": 181}, {"station_lon": [1]}]
)
def test_a_position_that_is_none_is_not_said(position: dict[str, Any]) -> None:
    assert read(encoded(**position)) == [Chunk(EXPECTED)]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"not json", {}, HTTPStatus.BAD_REQUEST), (b'{"a":1}', {}, HTTPStatus.BAD_REQUEST),
        (b"[1]", {}, HTTPStatus.BAD_REQUEST),
        (json.dumps(BATCH).encode()[:-40], {}, HTTPStatus.BAD_REQUEST),
        (encoded()[:-40], {}, HTTPStatus.BAD_REQUEST), (b"[" * 50_000, {}, HTTPStatus.BAD_REQUEST),
        (b"a" * 100_001, {}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (gzip.compress(bytes(50_000_000)), {"Content_Encoding": "gzip"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (b"not gzip", {"Content_Encoding": "gzip"}, HTTPStatus.BAD_REQUEST),
        (b"x", {"Content_Encoding": "br"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (b"jsonais=1", {"Content_Type": "application/x-www-form-urlencoded"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (b"--x", {"Content_Type": "multipart/form-data; boundary=x"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_answered_counted_and_kept(body: bytes, headers: dict[str, str], status: int) -> None:
    with listening() as (source, events):
        assert post(source.port, body, **headers) == status
        assert post(source.port, encoded(station_lat=0)) == HTTPStatus.OK
        until(lambda: len(events) == 2)
    assert isinstance(events[0], Refused) and events[0].detail.startswith("post of 127.0.0.1: ")
    assert events[1] == Chunk(EXPECTED)


def test_a_body_of_any_length_is_cut_off() -> None:
    """As 1 GB that comes in pieces without a length: the answer comes long before its end."""
    with listening() as (source, events), socket.create_connection(("127.0.0.1", source.port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(200):
                connection.sendall(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
        assert b" 413 " in connection.recv(100)
        until(lambda: len(events) == 1)
    assert isinstance(events[0], Refused)


def test_a_slow_post_is_given_up_and_others_are_read_meanwhile() -> None:
    with listening(timeout_s=1) as (source, events), socket.create_connection(("127.0.0.1", source.port)) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert post(source.port, encoded(station_lat=0)) == HTTPStatus.OK
        assert b" 408 " in slow.recv(100)
        until(lambda: len(events) == 2)
    assert Chunk(EXPECTED) in events
    assert ["not complete after 1 s" in event.detail for event in events if isinstance(event, Refused)] == [True]


def test_posts_beyond_what_is_held_at_a_time_are_answered_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listen, "HELD_MOST_BYTES", 60_000)
    with listening() as (source, events), socket.create_connection(("127.0.0.1", source.port)) as other:
        other.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + b"a" * 40_000)
        until(lambda: vars(source)["_held_bytes"] == 40_000)
        assert post(source.port, b"a" * 30_000) == HTTPStatus.SERVICE_UNAVAILABLE
        other.close()
        until(lambda: vars(source)["_held_bytes"] == 0)
        assert post(source.port, encoded(station_lat=0)) == HTTPStatus.OK
        until(lambda: Chunk(EXPECTED) in events)
    assert ["too many posts" in event.detail for event in events if isinstance(event, Refused)].count(True) == 1


def test_unpacked_posts_count_until_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listen, "HELD_MOST_BYTES", 60_000)
    packed = gzip.compress((BARE + b"\n") * 1500)
    with listening() as (source, events), socket.create_connection(("127.0.0.1", source.port)) as other:
        for _ in range(5):
            assert post(source.port, packed, Content_Encoding="gzip") == HTTPStatus.OK
        until(lambda: len(events) == 5 and vars(source)["_held_bytes"] == 0)
        other.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + b"a" * 40_000)
        until(lambda: vars(source)["_held_bytes"] == 40_000)
        assert post(source.port, packed, Content_Encoding="gzip") == HTTPStatus.SERVICE_UNAVAILABLE
        other.close()
        until(lambda: vars(source)["_held_bytes"] == 0)
        assert post(source.port, packed, Content_Encoding="gzip") == HTTPStatus.OK
    assert [event.raw for event in events if isinstance(event, Refused) and "too many" in event.detail] == [packed]


@pytest.mark.parametrize(
    ("data", "details"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc", ["cut off"]),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nZZZ\r\nx\r\n", None),
        (b"garbage\r\n\r\n", []), (b"\x16\x03\x01\x00\xa5\x01" + bytes(200), []),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", []),
    ],
)  # fmt: skip
def test_what_is_no_post_is_no_traceback(
    data: bytes, details: list[str] | None, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a stranger sends, also TLS; a post that is cut off is counted if it had begun."""
    with listening() as (source, events):
        with socket.create_connection(("127.0.0.1", source.port)) as stranger, contextlib.suppress(OSError):
            stranger.sendall(data)
            stranger.shutdown(socket.SHUT_WR)
            while stranger.recv(1000):
                pass
        assert post(source.port, encoded(station_lat=0)) == HTTPStatus.OK
        until(lambda: Chunk(EXPECTED) in events)
    refused = [event.detail.rpartition(": ")[2] for event in events if isinstance(event, Refused)]
    assert refused == details or (details is None and refused in ([], ["cut off"]))
    assert "Traceback" not in "".join(capfd.readouterr()) and not caplog.records


def test_a_connection_without_a_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listen, "_CHECK_S", 0.02)
    with listening(timeout_s=0.2) as (source, _), socket.create_connection(("127.0.0.1", source.port)) as idle:
        idle.settimeout(10)
        idle.sendall(b"POST / HTTP/1.1\r\nHo")
        assert idle.recv(100) == b""


def test_connections_beyond_the_most_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_listen, "_CHECK_S", 0.02)
    monkeypatch.setattr(http_listen, "PEERS_MOST", 2)
    with listening() as (source, _), contextlib.ExitStack() as stack:
        peers = [stack.enter_context(socket.create_connection(("127.0.0.1", source.port), 10)) for _ in range(3)]
        assert peers[2].recv(1) == b""
        peers[0].setblocking(False)
        with pytest.raises(BlockingIOError):
            peers[0].recv(1)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Basic " + base64.b64encode(f"Station:{PASSWORD}".encode()).decode(), HTTPStatus.OK),
        (f"Bearer {PASSWORD}", HTTPStatus.OK), ("", HTTPStatus.UNAUTHORIZED), ("Bearer x", HTTPStatus.UNAUTHORIZED),
        ("Bearer \xff", HTTPStatus.UNAUTHORIZED), ("Basic \xff", HTTPStatus.UNAUTHORIZED),
        ("\xff \xff", HTTPStatus.UNAUTHORIZED),
        ("Basic !!!", HTTPStatus.UNAUTHORIZED), ("Basic", HTTPStatus.UNAUTHORIZED), (PASSWORD, HTTPStatus.UNAUTHORIZED),
        ("Basic " + base64.b64encode(PASSWORD.encode()).decode(), HTTPStatus.UNAUTHORIZED),
    ],
)  # fmt: skip
def test_a_password_is_required_where_one_is_set(authorization: str, status: int) -> None:
    with listening(password=PASSWORD) as (source, events):
        assert post(source.port, encoded(station_lat=0), Authorization=authorization) == status
    assert events == ([Chunk(EXPECTED)] if status == HTTPStatus.OK else [])


def test_a_password_may_have_any_characters() -> None:
    password = "p\u00e4ss"
    basic = "Basic " + base64.b64encode(f"x:{password}".encode()).decode()
    with listening(password=password) as (source, _):
        for given in (basic, "Bearer " + password.encode().decode("latin-1")):
            assert post(source.port, b"", Authorization=given) == HTTPStatus.OK


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: \xff\r\nContent-Encoding: \xff\r\nContent-Length: 1\r\n\r\n1",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: \xff; charset=\xff\r\nContent-Length: 1\r\n\r\n1",
        b"POST /%ff%00?%ff HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1",
        b"POST /\xff HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1",
    ],
)
def test_bytes_of_any_kind_in_a_head_are_no_fault_of_ours(head: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with listening() as (source, _), socket.create_connection(("127.0.0.1", source.port), 10) as stranger:
        stranger.sendall(head)
        assert stranger.recv(100).partition(b" ")[2].startswith(b"4")
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_stranger_is_not_told_the_path() -> None:
    with listening(path="a-path-that-is-a-secret") as (source, _):
        answer = http.client.HTTPConnection("127.0.0.1", source.port, timeout=20)
        answer.request("POST", "/", b"x")
        assert b"secret" not in answer.getresponse().read()
        answer.close()


def test_another_path_or_method_is_answered_and_not_counted() -> None:
    with listening(path="ais") as (source, events):
        assert post(source.port, encoded(), path="/other") == HTTPStatus.NOT_FOUND
        assert post(source.port, None, path="/ais", method="GET") == HTTPStatus.METHOD_NOT_ALLOWED
        assert post(source.port, encoded(station_lat=0), path="/ais/") == HTTPStatus.OK
    assert events == [Chunk(EXPECTED)]


def test_its_url_and_its_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    place = urls.parse(f"http-listen://:0/ais/post?password-file={tmp_path / 'password'}")
    assert (place.host, place.port, place.path) == ("127.0.0.1", 0, "ais/post")
    source = urls.open_place(place, OpenRules(settings=Settings()))
    assert isinstance(source, HttpListenSource)
    with pytest.raises(ConfigError, match="free port"):
        urls.open_place(urls.parse(f"http-listen://:{source.port}"), OpenRules(settings=Settings()))
    source.close()
    assert PASSWORD not in repr(Settings(http_listen=HttpListenSettings(password=PASSWORD)))


@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda text: json.dumps({"msgs": [text]}).encode()))
def test_whatever_a_post_is_it_is_read_or_refused(body: bytes) -> None:
    for encoding in ("", "gzip", "deflate", "x"):
        with contextlib.suppress(PostError):
            for event in read(unpacked(body, encoding, 1000)):
                assert isinstance(event, Chunk | Refused | StationPosition)
