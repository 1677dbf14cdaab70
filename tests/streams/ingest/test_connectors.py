"""What all sources share: the table of kinds, URLs, secrets, connections that are lost, and asyncio in a generator."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError, Reason, WakewatchError
from streams.ingest import urls
from streams.ingest.contact import Contact
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.outbound import Sender
from streams.ingest.outbox import Outbox
from streams.ingest.source_runner import SourceRunner, fresh
from streams.ingest.sources.async_connection import QUEUE_MOST, Put, events_of
from streams.ingest.sources.back_off import BackOff
from streams.ingest.sources.connecting import ConnectingSource, LaterError
from streams.ingest.sources.connector import ConnectionRules, Connector, OpenRules
from streams.ingest.sources.events import Chunk, Connected, Heard, PeerGone, Refused, SourceEvent
from streams.ingest.sources.secret_files import secret_of
from streams.settings.model import IngestSettings, Settings
from streams.settings.sources import AisstreamSettings

IDLE_S = 0.01
RULES = OpenRules(settings=Settings())


def connection_rules(mute_s: float = 0) -> ConnectionRules:
    return ConnectionRules(IDLE_S, BackOff(0.05, seed=1), mute_s)


def first(events: Iterator[SourceEvent], wanted: Callable[[list[SourceEvent]], bool]) -> list[SourceEvent]:
    """What comes until it is what is wanted, without None."""
    found: list[SourceEvent] = []
    for _, event in zip(range(2000), events, strict=False):
        found += [event] if event is not None else []
        if wanted(found):
            return found
    raise AssertionError(f"waited in vain: {found}")


@pytest.mark.parametrize("connector", urls.CONNECTORS.values(), ids=lambda connector: connector.scheme)
def test_the_example_of_each_kind_of_source_is_a_url_of_it(connector: Connector) -> None:
    assert urls.parse(connector.example).kind == connector.scheme
    assert connector.form and connector.sentence


def test_every_kind_of_source_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "FEEDS.md").read_text("utf-8")
    assert [kind.form for kind in urls.CONNECTORS.values() if f"`{kind.form}`" not in page] == []


def test_a_message_that_is_refused_is_one_line_of_a_dead_letter_and_bounded() -> None:
    ingest = Ingest("x", 1, source_kind=SourceKind(live=True))
    ingest.refuse(b"two\r\nlines" + b"a" * 10_000, "no MMSI", 1_709_510_405_000)
    (refused,) = ingest.refused
    assert (refused.reason, refused.detail) == (Reason.MALFORMED, "no MMSI")
    assert refused.raw.startswith(b"two  lines") and len(refused.raw) == IngestSettings().line_bytes
    assert (ingest.counts.lines, ingest.counts.sentences) == (1, 1)


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = msgspec.structs.replace(urls.CONNECTORS["tcp"], extra="mqtt", needs="no_such_module")
    monkeypatch.setattr(urls, "CONNECTORS", {"tcp": lacking})
    with pytest.raises(ConfigError, match=r"pip install 'wakewatch\[mqtt\]'"):
        urls.open_place(urls.parse("tcp://192.0.2.1:99"), RULES)


SECRETS = [
    "tcp://me:hunter2@192.0.2.1:99", "x=tcp://:hunter2@h:1", "nope://me:hunter2@h:1", "me:hunter2", "me:hunter2@h:1",
    "x=me:hunter2@h:1", "tcp:me:hunter2@h", "?password=hunter2", "hunter2@h", "tcp://h:1?key=hunter2",
    "tcp://h:1?password=hunter2", "tcp://h:1?token=hunter2", "udp://:1?hunter2", "udp://:1?hunter2=", "tcp://h:1/hunter2",
    "mqtt://me:hunter2", "mqtt://me:12/hunter2@h/topic", "mqtt://me:12?hunter2@h/topic", "mqtt://me:hunter2/x@h/topic",
    "mqtt://me:hunter2#x@h/topic", "mqtt://me:[hunter2@h/topic", "mqtt://me:hun]ter2@h/topic", "mqtt://h:hunter2/topic",
    "mqtt://h/#/hunter2", "mqtt://h/topic?password=hunter2", "mqtt://me@hunter2..h/topic", "kafka://h/hunter2?from=x",
    "kafka://h/a:hunter2", "kafka://h/topic?from=hunter2", "aisstream://?key=hunter2", "aisstream://hunter2!",
    "aisstream://h/hunter2?x=1", "aisstream://hunter2@h", "signalk://h/hunter2", "signalk://h?token=hunter2&x=hunter2",
    "gpsd://hunter2@h", "http-listen://:1/hunter2?x=hunter2", "tcp://hunter2@h", "tcp://hunter2%40@h:1",
    "mqtt://h/%ffhunter2", "tcp://h?hunter2", "tcp://?hunter2", "tls:hunter2@x", "file:", "hunter2", "a=hunter2",
    "postgres+verylongscheme://hunter2",
]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_nothing_that_may_be_a_secret_is_shown(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        urls.parse(text)
    assert "hunter2" not in str(refused.value) and "hun" not in str(refused.value)


@pytest.mark.parametrize("option", ["key-file", "password-file", "token-file"])
@pytest.mark.parametrize("content", [None, b"", b"two\nlines", b"\xff\xfe\xff"])
def test_a_secret_in_the_place_of_a_file_is_not_shown(option: str, content: bytes | None, tmp_path: Path) -> None:
    path = "hunter2" if content is None else str(tmp_path / "hunter2")
    if content is not None:
        Path(path).write_bytes(content)
    with pytest.raises(ConfigError, match=option) as refused:
        secret_of(urls.SourceUrl("x", "tcp", options={option: path}), option, "")
    assert "hunter2" not in str(refused.value)


def test_of_the_url_of_a_websocket_only_the_host_is_logged() -> None:
    settings = Settings(aisstream=AisstreamSettings(api_key="hunter2"))
    source = urls.open_place(urls.parse("aisstream://192.0.2.1/hunter2/v1"), OpenRules(settings=settings))
    assert vars(source)["_address"] == "wss://192.0.2.1:443"


@pytest.mark.parametrize("kind", [kind for kind in urls.CONNECTORS if kind not in {"file", "stdin"}])
@pytest.mark.parametrize(
    "host", ["a..b", "a" * 70, "a" * 70 + ".org", ".a", "a b", "a%00b", "[::g]", "[::1%]x", "é" * 64]
)
def test_a_host_that_cannot_exist_is_a_wrong_url(kind: str, host: str) -> None:
    with pytest.raises(ConfigError):
        urls.parse(f"{kind}://{host}:99/topic")


@pytest.mark.parametrize(
    "host", ["h", "h.", "a_b", "xn--bcher-kva.example", "bücher.example", "192.0.2.1", "[2001:db8::1]"]
)
def test_a_host_that_can_exist_is_none(host: str) -> None:
    assert urls.parse(f"tcp://{host}:99").port == 99
    assert urls.parse("udp://[fe80::1%25eth0]:1").host.startswith("fe80::1%")


@pytest.mark.parametrize(
    "text", ["tcp://h:0", "gpsd://h:0", "mqtt://h:0/t", "kafka://h:0/t", "tcp://h:65536", "tcp://h:x"]
)
def test_a_port_that_cannot_exist_is_a_wrong_url(text: str) -> None:
    with pytest.raises(ConfigError, match="port"):
        urls.parse(text)
    assert urls.parse("udp://:0").port == urls.parse("tcp-listen://:0").port == 0


@pytest.mark.parametrize(
    "text", ["mqtt://h/a%0ab", "mqtt://h/a?client-id=%00", "mqtt+ws://h/a?path=/x%0d%0aY:", "mqtt://h/\udcff"]
)
def test_control_characters_in_a_url_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="control character"):
        urls.parse(text)


def test_an_option_is_percent_decoded_and_a_plus_is_a_plus() -> None:
    place = urls.parse("mqtt://me%2Bx@h/+/a%2Fb?password-file=/a+b%20c%2Bd&client-id=x=y")
    assert place.options == {"password-file": "/a+b c+d", "client-id": "x=y"}
    assert (place.path, place.user) == ("+/a/b", "me+x")
    assert urls.parse("mqtt://h/a%40b").path == "a@b"


@pytest.mark.parametrize(
    ("text", "option"),
    [("mqtt+ws://h/t?path=mqtt", "path="), ("mqtt+ws://h/t?path=", "path="), ("kafka://h/t?group=", "group=")],
)
def test_an_option_that_can_never_work_is_a_wrong_url(text: str, option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        urls.parse(text)


def test_what_is_no_url_is_shown_if_it_looks_like_a_path() -> None:
    with pytest.raises(ConfigError, match=r"^dya\.nmea: not the URL"):
        urls.parse("dya.nmea")
    with pytest.raises(ConfigError):
        urls.parse("x" * 100_000)


PARTS = st.text("aA1:/@[]%?#=&.-\u2100\x00 ", max_size=12)


@given(st.sampled_from([*urls.CONNECTORS, "x", ""]), PARTS, PARTS, PARTS)
def test_any_text_is_a_url_or_a_configuration_error(scheme: str, first: str, second: str, third: str) -> None:
    for text in (f"{scheme}://{first}:7{second}{third}", f"{first}={scheme}:{second}//{third}", first + second):
        with contextlib.suppress(ConfigError):
            place = urls.parse(text)
            assert place.kind in urls.CONNECTORS and place.name


def test_a_secret_comes_from_the_file_that_the_url_names_else_from_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "key"
    place = urls.SourceUrl("x", "tcp", options={"key-file": str(path)})
    with pytest.raises(ConfigError, match="name a file"):
        secret_of(place, "key-file", "from settings")
    path.write_text("\n")
    with pytest.raises(ConfigError, match="empty"):
        secret_of(place, "key-file", "from settings")
    path.write_text("from file\n")
    assert secret_of(place, "key-file", "from settings") == "from file"
    assert secret_of(urls.SourceUrl("x", "tcp"), "key-file", "from settings") == "from settings"


def test_an_authority_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    for name in ("ca.pem", "missing.pem"):
        settings = Settings(ingest=IngestSettings(tls_ca_file=str(tmp_path / name)))
        with pytest.raises(ConfigError, match="tls_ca_file"):
            urls.open_place(urls.parse("tls://127.0.0.1:1"), OpenRules(settings=settings))


class Scripted(ConnectingSource):
    """Plays a connection of each script, one after the other."""

    def __init__(self, *scripts: list[SourceEvent | BaseException], mute_s: float = 0) -> None:
        super().__init__("scripted", connection_rules(mute_s))
        self.scripts, self.closed = list(scripts), 0

    def connection(self, stop: threading.Event) -> Generator[SourceEvent, None, str]:
        try:
            for event in self.scripts.pop(0) if self.scripts else []:
                if isinstance(event, BaseException):
                    raise event
                yield event
            return "over"
        finally:
            self.closed += 1


def test_a_lost_connection_is_tried_again_and_an_end_is_an_end() -> None:
    source = Scripted([Connected(), Chunk(b"one")], [OSError("no route")], [WakewatchError("wrong key")])
    with pytest.raises(WakewatchError, match="wrong key"):
        list(source.events(threading.Event()))
    assert source.closed == 3


def test_losses_are_said_with_their_cause() -> None:
    source = Scripted([Connected(), Chunk(b"one")], [OSError("no route")], [Connected(), Chunk(b"two")])
    found = first(source.events(threading.Event()), lambda events: Chunk(b"two") in events)
    assert found == [
        Connected(), Chunk(b"one"), PeerGone("", "over"), PeerGone("", "no route"), Connected(), Chunk(b"two"),
    ]  # fmt: skip


def test_silence_is_a_loss_and_the_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, 40))
    monkeypatch.setattr("streams.ingest.sources.connecting.time.monotonic", lambda: float(next(clock)))
    source = Scripted([Connected(), Chunk(b"one"), *[None] * 50], mute_s=300)
    found = first(source.events(threading.Event()), lambda events: any(isinstance(e, PeerGone) for e in events))
    assert found[-1] == PeerGone("", "no data for 300 s")
    assert source.closed == 1


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("Newline in a header"), UnicodeError("label too long"), KeyError("x"), RuntimeError("a bug"),
        UnicodeEncodeError("utf-8", "hunter2\udcff", 7, 8, "surrogates not allowed"),
    ],
)  # fmt: skip
def test_a_fault_in_a_connection_is_a_loss_of_it_alone(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    source = Scripted([Connected(), Chunk(b"one"), fault], [fault], [Connected(), Chunk(b"two")])
    found = first(source.events(threading.Event()), lambda events: Chunk(b"two") in events)
    lost = [event.why for event in found if isinstance(event, PeerGone)]
    assert len(lost) == 2 and all(type(fault).__name__ in why and "hunter2" not in why for why in lost)
    assert source.closed >= 2


class Faulty:
    """A source that does not connect and has a fault after its first bytes."""

    live = waits = True
    resumes = False

    def close(self) -> None:
        pass

    def events(self, stop: threading.Event) -> Iterator[SourceEvent]:
        yield Chunk(b"")
        raise UnicodeError("label empty or too long")


def test_a_fault_in_any_source_ends_that_source_alone() -> None:
    runner = SourceRunner(
        source=Faulty(), ingest=Ingest("x", 1, source_kind=SourceKind(live=True)), sender=Sender("x", "run", False, ""),
        outbox=Outbox(None, 10), partitions=1, reached=fresh(1),
    )  # fmt: skip
    runner.run(threading.Event())
    assert "label empty or too long" in runner.state(ended=True).failed


def test_whatever_is_heard_ends_the_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, 40))
    monkeypatch.setattr("streams.ingest.sources.connecting.time.monotonic", lambda: float(next(clock)))
    source = Scripted([Connected(), *[Heard(), None, None] * 30], mute_s=300)
    found = first(source.events(threading.Event()), lambda events: any(isinstance(e, PeerGone) for e in events))
    assert found == [Connected(), *[Heard()] * 30, PeerGone("", "over")]


def test_a_connection_that_takes_long_to_open_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a limit of its own, also where silence has none."""
    clock = iter(float(number) for number in range(100_000))
    monkeypatch.setattr("streams.ingest.sources.connecting.time.monotonic", lambda: next(clock))
    for mute_s, wait, why in ((5.0, 15, "over"), (0.0, 500, "not connected after 30 s")):
        source = Scripted([*[None] * wait], mute_s=mute_s)
        found = first(source.events(threading.Event()), lambda events: any(isinstance(e, PeerGone) for e in events))
        assert found == [PeerGone("", why)]


def test_a_wait_that_the_other_side_asks_for_is_not_cut_short_by_the_limit_of_silence() -> None:
    source = Scripted([LaterError("come back later", 0.5)], [Connected(), Chunk(b"two")], mute_s=0.05)
    began_s = time.monotonic()
    found = first(source.events(threading.Event()), lambda events: Chunk(b"two") in events)
    assert found[0] == PeerGone("", "come back later") and time.monotonic() - began_s >= 0.5


def test_what_is_known_of_connections() -> None:
    contact = Contact(connects=True)
    assert contact.connected == 0
    for event in (Connected(), PeerGone(""), PeerGone(""), Connected(), Heard()):
        contact.take(event, 7)
    assert (contact.connected, contact.reconnects, contact.last_message_ms) == (1, 1, 7)
    listening = Contact(connects=True)
    for event in (Connected("a"), Connected("b"), PeerGone("a"), Refused(b"", "x", "b")):
        listening.take(event, 8)
    assert (listening.connected, listening.reconnects, listening.last_message_ms) == (1, 0, 8)
    assert Contact().connected is None


def test_asyncio_is_driven_by_the_generator_and_bounded() -> None:
    put_so_far = 0

    async def talk(put: Put) -> str:
        nonlocal put_so_far
        await put(Connected())
        for number in range(3 * QUEUE_MOST):
            await put(Chunk(b"%d" % number))
            put_so_far += 1
        return "said all"

    said: list[str] = []

    def events() -> Generator[SourceEvent, None, None]:
        said.append((yield from events_of(talk, stop=threading.Event(), idle_s=IDLE_S)))

    reading = events()
    found = [next(reading)]
    assert put_so_far <= 2 * QUEUE_MOST  # the reader is busy: what waits is one queue, and one that was just emptied
    found += reading
    assert said == ["said all"]
    assert [e for e in found if e is not None] == [Connected(), *(Chunk(b"%d" % n) for n in range(3 * QUEUE_MOST))]


@pytest.mark.parametrize("how", ["stop", "close"])
def test_an_idle_connection_says_nothing_and_is_cancelled(how: str) -> None:
    cancelled, stop = [], threading.Event()

    async def talk(put: Put) -> str:
        try:
            await asyncio.sleep(3600)
        finally:
            cancelled.append(True)
        return ""

    events = events_of(talk, stop=stop, idle_s=IDLE_S)
    assert [next(events), next(events)] == [None, None]
    if how == "stop":
        stop.set()
        assert list(events) == []
    else:
        events.close()
    assert cancelled == [True]


def test_what_came_before_a_stop_is_still_given() -> None:
    stop = threading.Event()

    async def talk(put: Put) -> str:
        try:
            for number in range(3):
                await put(Chunk(b"%d" % number))
            await asyncio.sleep(3600)
        finally:
            await put(Chunk(b"last"))  # such as a post that is being answered
        return ""

    class Driven(ConnectingSource):
        def connection(self, stop: threading.Event) -> Generator[SourceEvent, None, str]:
            return events_of(talk, stop=stop, idle_s=IDLE_S)

    events = Driven("driven", connection_rules()).events(stop)
    assert [next(events), next(events)] == [None, Chunk(b"0")]
    stop.set()
    assert list(events) == [Chunk(b"1"), Chunk(b"2"), Chunk(b"last")]


def test_an_error_of_the_connection_comes_through_after_what_it_gave() -> None:
    async def talk(put: Put) -> str:
        await put(Chunk(b"one"))
        raise WakewatchError("wrong key")

    events = events_of(talk, stop=threading.Event(), idle_s=IDLE_S)
    assert next(events) == Chunk(b"one")
    with pytest.raises(WakewatchError, match="wrong key"):
        list(events)


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_is_read_if_the_certificate_can_be_verified(certificate: Path, trusted: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                connection, _ = server.accept()
                with context.wrap_socket(connection, server_side=True) as encrypted:
                    encrypted.sendall(b"hello\n")
                    encrypted.recv(1)
            except OSError:  # it does not trust us, or has left
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        settings = Settings(ingest=IngestSettings(tls_ca_file=str(certificate) if trusted else ""))
        port = server.getsockname()[1]
        source = urls.open_place(urls.parse(f"tls://127.0.0.1:{port}"), OpenRules(settings=settings))
        stop = threading.Event()
        events = source.events(stop)
        found = first(events, lambda events: isinstance(events[-1], Chunk | PeerGone) if events else False)
        stop.set()
        assert not [event for event in events if isinstance(event, Chunk)]
        thread.join(10)
    if trusted:
        assert found == [Connected(), Chunk(b"hello\n")]
    else:
        assert isinstance(found[0], PeerGone) and "certificate verify failed" in found[0].why
