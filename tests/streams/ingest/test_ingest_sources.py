import contextlib
import gzip
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.errors import ConfigError, WakewatchError
from streams.ingest import urls
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.line_times import OrderRules
from streams.ingest.sources.back_off import BackOff
from streams.ingest.sources.connecting import KEEPALIVE_S, keep_alive
from streams.ingest.sources.connector import ConnectionRules
from streams.ingest.sources.events import Chunk, Connected, InputSource, PeerGone, SourceEvent
from streams.ingest.sources.file import FileSource, StdinSource
from streams.ingest.sources.listen import ListenSource
from streams.ingest.sources.tcp import TcpSource
from streams.ingest.sources.udp import UdpSource
from tests.streams.ingest.json_samples import BARE, CATCHER

IDLE_S = 0.02


@contextlib.contextmanager
def heard(source: InputSource) -> Iterator[list[SourceEvent]]:
    """What a source says, from a thread of its own."""
    events: list[SourceEvent] = []
    stop = threading.Event()

    def listen() -> None:
        events.extend(event for event in _noted(source, stop, events) if False)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield events
    finally:
        stop.set()
        thread.join(5)
        assert not thread.is_alive()


def _noted(source: InputSource, stop: threading.Event, events: list[SourceEvent]) -> Iterator[SourceEvent]:
    for event in source.events(stop):
        if event is not None:
            events.append(event)
        yield event


def chunks(events: list[SourceEvent]) -> list[bytes]:
    return [event.data for event in events if isinstance(event, Chunk)]


def until(true: Callable[[], bool], wait_s: float = 5) -> None:
    end_s = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.01)


def read(source: InputSource) -> bytes:
    return b"".join(e.data for e in source.events(threading.Event()) if isinstance(e, Chunk))


def test_a_file_is_read_plain_or_packed_whatever_its_name(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.gz", tmp_path / "b.txt"
    plain.write_bytes(b"hello\n")
    packed.write_bytes(gzip.compress(b"hello\n"))
    assert read(FileSource(plain)) == read(FileSource(packed)) == b"hello\n"


def test_a_packed_file_that_breaks_off_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(os.urandom(10_000))[:-100])
    with pytest.raises(WakewatchError, match="before it"):
        read(FileSource(path))


@pytest.mark.parametrize("order", [None, OrderRules()])
def test_a_damaged_recording_of_a_folder_does_not_hide_the_others(order: OrderRules | None, tmp_path: Path) -> None:
    for name in ("a.gz", "c.gz"):
        (tmp_path / name).write_bytes(gzip.compress(os.urandom(10_000))[:-100])
    (tmp_path / "b").write_bytes(b"hello\n")
    (tmp_path / "d.zip").write_bytes(b"PK\x03\x04junk")
    (tmp_path / "e").write_bytes(b"world\n")
    given: list[bytes] = []
    events = FileSource(tmp_path, order=order).events(threading.Event())
    with pytest.raises(
        WakewatchError, match=r"a\.gz: .*; the part before it is ingested; 2 more are damaged too$"
    ) as said:
        given.extend(each.data for each in events if isinstance(each, Chunk))
    assert b"hello\n" in given
    assert b"world\n" in given
    assert "\n" not in str(said.value)


def test_the_files_of_a_folder_are_read_in_time_order(tmp_path: Path) -> None:
    for name, minutes in (("a", (5, 2)), ("b", (3, 1))):
        rows = "".join(f"257111000,2024-03-10T06:0{minute}:00,60,5\n" for minute in minutes)
        (tmp_path / name).write_text("MMSI,BaseDateTime,LAT,LON\n" + rows)
    text = read(FileSource(tmp_path, order=OrderRules())).decode()
    assert [line[24:26] for line in text.split()[1:]] == ["01", "02", "03", "05"]


def test_a_stop_while_a_file_is_sorted_gives_nothing_of_it(tmp_path: Path) -> None:
    stop = threading.Event()
    rows = "".join(f"257111000,2024-03-10T06:0{minute}:00,60,5\n" for minute in (5, 1))
    (tmp_path / "a").write_text("MMSI,BaseDateTime,LAT,LON\n" + rows)
    source = FileSource(tmp_path / "a", order=OrderRules())
    source._note = lambda _said: stop.set()  # type: ignore[method-assign]
    assert list(source.events(stop)) == []


def test_standard_input_ends_with_its_writer() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"hello\n")
    os.close(writing)
    assert read(StdinSource(IDLE_S, descriptor=reading)) == b"hello\n"
    os.close(reading)


def test_a_lost_tcp_feed_is_tried_again_and_nothing_comes_twice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        port = server.getsockname()[1]
        with heard(TcpSource("127.0.0.1", port, ConnectionRules(IDLE_S, BackOff(0.1, seed=1), 0))) as events:
            for data in (b"one\n", b"two\n"):
                connection, _ = server.accept()
                connection.sendall(data)
                connection.close()
            until(lambda: events.count(PeerGone("", "closed by the other side")) == 2)
    assert [e.data for e in events if isinstance(e, Chunk)] == [b"one\n", b"two\n"]


def test_a_tcp_feed_that_says_nothing_is_connected_to_again_and_one_that_speaks_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        source = TcpSource("127.0.0.1", port, ConnectionRules(IDLE_S, BackOff(0.1, seed=1), 1))
        with heard(source) as events:
            mute, _ = server.accept()
            again, _ = server.accept()  # the first one still stands
            begun_s = time.monotonic()
            while time.monotonic() - begun_s < 3:
                again.sendall(b"here\n")
                time.sleep(0.05)
            mute.close()
            again.close()
    lost = [e.why for e in events if isinstance(e, PeerGone)]
    assert lost[0] == "no data for 1 s"
    assert lost[1:] in ([], ["closed by the other side"])


def test_the_kernel_asks_within_a_minute_whether_the_other_end_is_there() -> None:
    with socket.socket() as connection:
        keep_alive(connection)
        options = [
            connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
        ]
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    idle_s, every_s, probes = options
    assert idle_s + every_s * probes <= KEEPALIVE_S


def test_back_off_doubles_up_to_its_bound_with_full_jitter() -> None:
    back_off = BackOff(30, seed=5)
    waits = [back_off.next_s() for _ in range(200)]
    assert all(0.05 <= wait <= min(30, 0.5 * 2**n) for n, wait in enumerate(waits))
    assert max(waits) > 25
    back_off.reset()
    assert back_off.next_s() <= 0.5


def test_listening_keeps_peers_apart() -> None:
    source = ListenSource("127.0.0.1", 0, idle_s=IDLE_S)
    with heard(source) as events:
        with (
            socket.create_connection(("127.0.0.1", source.port)) as one,
            socket.create_connection(("127.0.0.1", source.port)) as two,
        ):
            one.sendall(b"!AI")
            two.sendall(b"whole\n")
            until(lambda: len(chunks(events)) == 2)
        until(lambda: len([e for e in events if isinstance(e, PeerGone)]) == 2)
    peers = {e.peer: e.data for e in events if isinstance(e, Chunk)}
    assert sorted(peers.values()) == [b"!AI", b"whole\n"]
    assert {e.peer for e in events if isinstance(e, PeerGone)} == set(peers)
    assert {e.peer for e in events if isinstance(e, Connected)} == set(peers)


def test_without_a_free_file_descriptor_a_listener_waits_reads_its_peers_and_accepts_later() -> None:
    source = ListenSource("127.0.0.1", 0, idle_s=IDLE_S)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    stop, found = threading.Event(), list[SourceEvent]()
    with socket.create_connection(("127.0.0.1", source.port)) as one, socket.socket() as other:
        events = source.events(stop)
        while Connected() not in [event and event._replace(peer="") for event in found]:
            found.append(next(events))
        one.sendall(b"while it waits\n")
        with socket.socket() as highest:
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest.fileno(), limits[1]))
        try:
            other.connect(("127.0.0.1", source.port))
            end_s, used_s, busy = time.monotonic() + 0.5, time.thread_time(), list[SourceEvent]()
            while time.monotonic() < end_s:
                busy.append(next(events))
            used_s = time.thread_time() - used_s
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert chunks(busy) == [b"while it waits\n"]
        assert len(busy) < 60 and used_s < 0.25
        end_s = time.monotonic() + 10
        while not isinstance(next(events), Connected):
            assert time.monotonic() < end_s
        stop.set()
        list(events)


def test_each_datagram_is_closed_with_a_line_end() -> None:
    source = UdpSource("127.0.0.1", 0, idle_s=IDLE_S)
    with heard(source) as events, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in (b"one", b"two\n"):
            sender.sendto(data, ("127.0.0.1", source.port))
        until(lambda: sum(len(e.data) for e in events if isinstance(e, Chunk)) == 9)
    assert b"".join(e.data for e in events if isinstance(e, Chunk)) == b"one\ntwo\n\n"


def test_a_receivers_json_is_read_from_datagrams() -> None:
    """As AIS-catcher -u HOST PORT JSON on: an object a datagram, or several, or an array of them."""
    one = json.dumps(CATCHER).encode()
    source, ingest = UdpSource("127.0.0.1", 0, idle_s=IDLE_S), Ingest("udp", 1, source_kind=SourceKind(live=True))
    with heard(source) as events, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in (one + b"\r\n", one, one + b"\n" + one, b"[" + one + b"," + one + b"]"):
            sender.sendto(data, ("127.0.0.1", source.port))
        until(lambda: sum(data.count(BARE) for data in chunks(events)) == 6)
    for data in chunks(events):
        ingest.feed(data, 1_709_510_405_000)
    assert ingest.counts.messages == 6 and ingest.counts.other == 0


@pytest.mark.parametrize("listeners", [1, 2])
def test_the_datagrams_of_a_multicast_group_are_heard_by_all_who_join(listeners: int) -> None:
    first = UdpSource("239.255.77.1", 0, idle_s=IDLE_S, interface="127.0.0.1")
    more = [UdpSource("239.255.77.1", first.port, idle_s=IDLE_S, interface="127.0.0.1") for _ in range(listeners - 1)]
    with contextlib.ExitStack() as stack:
        lists = [stack.enter_context(heard(source)) for source in (first, *more)]
        sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sender.sendto(b"one", ("239.255.77.1", first.port))
        until(lambda: all(Chunk(b"one\n") in events for events in lists))


def test_a_group_that_cannot_be_joined_names_the_remedy() -> None:
    with pytest.raises(ConfigError, match="interface=ADDRESS"):
        UdpSource("239.255.77.1", 0, idle_s=IDLE_S, interface="192.0.2.1")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("file:/data/day.nmea.gz", urls.SourceUrl("day", "file", path="/data/day.nmea.gz")),
        ("file:///data/a=b.txt", urls.SourceUrl("a=b", "file", path="/data/a=b.txt")),
        ("-", urls.SourceUrl("stdin", "stdin")),
        ("tcp://Example.org:5631", urls.SourceUrl("example.org:5631", "tcp", "example.org", 5631)),
        ("harbour=udp://:10110", urls.SourceUrl("harbour", "udp", "127.0.0.1", 10110)),
        ("udp://239.1.2.3:99", urls.SourceUrl("239.1.2.3:99", "udp", "239.1.2.3", 99)),
        (
            "udp://239.1.2.3:99?interface=192.0.2.5",
            urls.SourceUrl("239.1.2.3:99", "udp", "239.1.2.3", 99, options={"interface": "192.0.2.5"}),
        ),
        ("tcp-listen://[::1]:99", urls.SourceUrl("::1:99", "tcp-listen", "::1", 99)),
    ],
)
def test_urls_name_places(text: str, place: urls.SourceUrl) -> None:
    assert urls.parse(text) == place


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("day.nmea", "write file:PATH"),
        ("http://x", "not the URL"),
        ("tcp://x", "tcp://x:PORT"),
        ("tcp://:99", "no host"),
        ("udp://x:99999", "write"),
        ("file:", "no path"),
        ("udp://192.0.2.1:99?interface=192.0.2.5", "is for the group"),
        ("tcp://192.0.2.1:99?timeout=3", "timeout has no meaning"),
    ],
)
def test_a_wrong_url_names_the_remedy(text: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        urls.parse(text)


def test_a_taken_port_is_a_configuration_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="free port"):
        ListenSource("127.0.0.1", taken.getsockname()[1], idle_s=IDLE_S)
