"""Alerts as Cursor on Target: over real sockets, read back as a TAK client does."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import stamina
from prometheus_client import CollectorRegistry

from detectors.core.alert import Alert, Position, Vessel
from streams.broker.node import free_port
from streams.cli import main
from streams.doctor.services import service_findings
from streams.errors import ConfigError, SinkError
from streams.messages.feedback import about
from streams.notify.core import MapMark, NoticeRules, NoticeScheduler, Outgoing
from streams.notify.cot import Cot, cot_of
from streams.notify.cot_events import DATAGRAM_MOST, CotRules, event_of
from streams.notify.delivery import Delivery, Targets
from streams.observability.metrics import Metrics
from streams.settings.cot import CotSettings
from streams.settings.loading import load
from streams.settings.model import NotifySettings, Settings
from tests.ops.programs import until
from tests.streams.broker.secure import Authority
from tests.streams.export.hostile import ALL, MARKUP, nothing_hidden

from .tak import Event, TakGroup, TakServer

Make = Callable[..., Alert]
NOW_MS = 1_900_000_000_000
FIX = Position(lat_deg=34.6, lon_deg=129.5, sog_kn=10.0, cog_deg=200.0, time="2024-02-04T04:12:00.000Z")
ANGARA = Vessel(name="ANGARA", imo=9_179_842)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=200):
        yield


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@pytest.fixture
def server() -> Iterator[TakServer]:
    started = TakServer()
    yield started
    started.close()


def at(url: str, **more: Any) -> NotifySettings:
    settings = {"timeout_s": 5.0, "console_url": "https://watch.example.org/", **more.pop("notify", {})}
    return NotifySettings(cot=CotSettings(url=url, **more), **settings)


@pytest.fixture(autouse=True)
def opened() -> Iterator[None]:
    """Closes what a test has opened."""
    yield
    for each in _OPENED:
        each.close()
    _OPENED.clear()


_OPENED: list[Cot] = []


def target(rules: NotifySettings) -> Cot:
    made = cot_of(rules)
    assert made is not None
    _OPENED.append(made)
    return made


def delivery(rules: NotifySettings, metrics: Metrics, buried: list[bytes] | None = None) -> Delivery:
    def bury(raw: bytes, _why: str) -> None:
        (buried if buried is not None else []).append(raw)

    targets = Targets(cot=target(rules), cot_severities=rules.cot.severities)
    return Delivery(targets, metrics, lambda: False, bury)


def sent(metrics: Metrics, outcome: str) -> float:
    found = metrics.registry.get_sample_value("wakewatch_notifications_total", {"target": "cot", "outcome": outcome})
    assert found is not None
    return found


def one(mark: MapMark, rules: CotRules | None = None) -> Event:
    body = event_of(mark, rules or CotRules(), NOW_MS)
    assert body is not None
    return Event(body)


# -- the event ----------------------------------------------------------------------------------------------------


def test_an_event_says_who_what_where_and_for_how_long(make: Make) -> None:
    details = {"last_heard": FIX.time, "v_max_kn": 12.0}
    alert = make(position=FIX, vessel=ANGARA, details=details, would_change=("Any report closes it",))
    event = one(MapMark(alert), CotRules(stale_s=120, console="https://watch.example.org/"))
    assert (event.uid, event.type, event.how) == (alert.id, "a-u-S", "m-r")
    assert (event.time_ms, event.stale_ms - event.time_ms) == (NOW_MS, 120_000)
    assert (event.point["lat"], event.point["lon"], event.point["le"]) == (34.6, 129.5, 9_999_999.0)
    assert event.point["ce"] == pytest.approx(12 * 1852, abs=1)  # one hour at 12 kn
    assert event.of("contact") == {"callsign": "ANGARA gap"}
    assert event.of("link")["url"] == f"https://watch.example.org/#case=imo/9179842&alert={alert.id}"
    assert event.of("track") == {}  # it is silent: a map would move it
    for words in (alert.headline, "page, opened", "34-36.0N", "not a finding", "Any report closes it", alert.id):
        assert words in event.remarks, words


def test_a_vessel_that_is_heard_has_course_and_speed_and_an_area_is_no_vessel(make: Make) -> None:
    heard = one(MapMark(make(position=FIX, detector="watchlist")))
    assert heard.of("track") == {"course": "200.0", "speed": "5.14"} and heard.point["ce"] == 9_999_999.0
    assert heard.of("contact")["callsign"] == "MMSI 273999001 watchlist" and heard.of("link") == {}
    area = one(MapMark(make(position=FIX, subject="place/36.5N027.0E", mmsi=None)))
    assert area.type == "b-m-p-s-m" and event_of(MapMark(make(position=None)), CotRules(), NOW_MS) is None


def test_an_ended_alert_is_stale_at_once(make: Make) -> None:
    closed = one(MapMark(make(position=FIX, status="closed"), ended=True))
    assert closed.stale_ms == closed.time_ms == NOW_MS and closed.remarks.startswith("closed: ")
    silenced = one(MapMark(make(position=FIX), ended=True, word="acknowledged by Kim"))
    assert silenced.stale_ms == NOW_MS and silenced.remarks.startswith("acknowledged by Kim: ANGARA")


@pytest.mark.parametrize("name", ALL)
def test_names_are_inert_in_events(name: str, make: Make) -> None:
    alert = make(position=FIX, vessel=Vessel(name=name), headline=name, case_id=f"imo/{name}", would_change=(name,))
    body = event_of(MapMark(alert, word=name), CotRules(console="https://x.example/"), NOW_MS)
    assert body is not None and nothing_hidden(body.decode()) and MARKUP.encode() not in body
    event = Event(body)
    assert nothing_hidden(event.remarks) and nothing_hidden(event.of("contact")["callsign"])
    assert len(list(event.detail)) == 4 and event.of("link")["url"].isascii()


@pytest.mark.parametrize("letter", ["W", "&", "\U0001f6a2"])
def test_an_event_fits_into_a_datagram(letter: str, make: Make) -> None:
    alert = make(
        position=FIX, vessel=Vessel(name=letter * 500), headline=letter * 5000, case_id=letter * 5000,
        would_change=(letter * 5000,) * 20,
    )  # fmt: skip
    body = event_of(MapMark(alert), CotRules(bytes_most=DATAGRAM_MOST, console="https://x.example/"), NOW_MS)
    assert body is not None and len(body) <= DATAGRAM_MOST
    assert one(MapMark(make(position=FIX)), CotRules(bytes_most=DATAGRAM_MOST)).remarks.count("\n") >= 3


# -- which events -------------------------------------------------------------------------------------------------


def marks(outgoing: Outgoing) -> list[tuple[str, int, bool]]:
    return [(mark.alert.id[0], mark.alert.revision, mark.ended) for mark in outgoing.marks]


def test_marks_follow_the_notices(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules(settle_s=5))
    assert marks(notices.take(make(), 1000)) == [("0", 1, False)]
    assert marks(notices.take(make(revision=2, status="updated"), 2000)) == [("0", 2, False)]
    raised = make(revision=3, status="updated", severity="ticket")
    assert marks(notices.take(raised, 3000)) == [("0", 3, False)]  # its former labels end; it does not
    assert marks(notices.due(70_000)) == [("0", 3, False)]  # a repeat, so that it does not become stale
    assert marks(notices.take(make(revision=4, status="closed"), 71_000)) == [("0", 4, True)]
    assert marks(notices.take(make(id="1" * 32, severity="log"), 72_000)) == []
    assert marks(notices.take(make(id="2" * 32, replayed=True), 72_000)) == []


def test_an_end_waits_as_that_of_the_notice_does(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules(settle_s=5))
    notices.take(make(), 1000)
    assert marks(notices.take(make(revision=2, status="closed"), 2000)) == []
    assert marks(notices.flush(3000)) == [("0", 2, True)]


def test_a_silenced_alert_ends_on_the_map_and_comes_back(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules(settle_s=0))
    notices.take(make(), 1000)
    said = about(make(), "acknowledged", "Kim", "", "2024-02-04T06:00:00.000Z")
    assert marks(notices.heard(said, 2000)) == [("0", 1, True)]
    again = about(make(), "withdrawn", "Kim", "", "2024-02-04T06:00:00.000Z")
    assert marks(notices.heard(again, 3000)) == [("0", 1, False)]


def test_a_flood_is_limited_on_the_map_too(make: Make) -> None:
    notices = NoticeScheduler(NoticeRules())
    taken = [notices.take(make(id=f"{n:032x}", case_id=f"mmsi/{n}"), 1000) for n in range(20)]
    assert sum(len(one.marks) for one in taken) == 4


# -- over sockets -------------------------------------------------------------------------------------------------


def test_tcp_delivers_opened_updated_and_closed(server: TakServer, make: Make, metrics: Metrics) -> None:
    to, notices = delivery(at(f"tcp://127.0.0.1:{server.port}"), metrics), NoticeScheduler(NoticeRules(settle_s=0))
    for alert in (make(position=FIX), make(position=FIX, revision=2, status="closed"), make(id="1" * 32)):
        assert to.carry(notices.take(alert, int(time.time() * 1000)))
    opened, closed = until(lambda: len(server.events) == 2 and server.events, 20, "two events")
    assert opened.uid == closed.uid and opened.stale_ms - opened.time_ms == 300_000
    assert closed.stale_ms == closed.time_ms
    assert (sent(metrics, "delivered"), sent(metrics, "placeless"), server.opened) == (2, 1, 1)


def test_a_closed_connection_is_opened_again_and_nothing_is_lost(server: TakServer, make: Make) -> None:
    to = target(at(f"tcp://127.0.0.1:{server.port}"))
    for number in range(4):
        to.send([MapMark(make(id=f"{number}" * 32, position=FIX))], NOW_MS)
        until(lambda expected=number + 1: len({e.uid for e in server.events}) == expected, 20, "the event")
        server.drop()
    assert server.opened >= 3


def test_a_server_that_is_down_is_tried_again(make: Make, metrics: Metrics) -> None:
    port = free_port()
    to = delivery(at(f"tcp://127.0.0.1:{port}"), metrics)
    done: list[bool] = []
    work = threading.Thread(target=lambda: done.append(to.carry(Outgoing(marks=(MapMark(make(position=FIX)),)))))
    work.start()
    until(lambda: to.failing, 20, "a failure")
    server = TakServer(port=port)
    work.join(60)
    assert done == [True] and to.failing == "" and sent(metrics, "retried") >= 1
    until(lambda: len(server.events) == 1, 20, "the event")
    server.close()


def test_a_server_that_reads_nothing_is_no_delivery(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        to = target(at(f"tcp://127.0.0.1:{listener.getsockname()[1]}", notify={"timeout_s": 0.5}))
        alert = make(position=FIX, headline="x" * 100)
        begun = time.monotonic()
        with pytest.raises(SinkError) as failed:
            until(lambda: to.send([MapMark(alert)] * 2000, NOW_MS), 40, "a failure")
        assert failed.value.retriable and time.monotonic() - begun < 60
        to.close()


def test_udp_delivers_one_event_in_each_datagram(make: Make, metrics: Metrics) -> None:
    group = TakGroup()
    to = delivery(at(f"udp://127.0.0.1:{group.port}"), metrics)
    found = tuple(MapMark(make(id=f"{n:032x}", position=FIX, headline="x" * 3000)) for n in range(150))
    assert to.carry(Outgoing(marks=found))
    until(lambda: len(group.events) == 150, 20, "all datagrams")
    assert [event.uid for event in group.events] == [mark.alert.id for mark in found]
    assert sent(metrics, "delivered") == 150
    group.close()


def test_udp_notices_that_nothing_listens(make: Make) -> None:
    to = target(at(f"udp://127.0.0.1:{free_port()}"))
    mark = MapMark(make(position=FIX))
    with pytest.raises(SinkError, match="refused") as failed:
        until(lambda: to.send([mark], NOW_MS), 20, "a failure")
    assert failed.value.retriable


def test_only_wanted_severities_are_sent(server: TakServer, make: Make, metrics: Metrics) -> None:
    to = delivery(at(f"tcp://127.0.0.1:{server.port}", severities=("page",)), metrics)
    ticket = MapMark(make(id="1" * 32, position=FIX, severity="ticket"))
    assert to.carry(Outgoing(marks=(ticket, MapMark(make(position=FIX)))))
    until(lambda: len(server.events) == 1, 20, "the event")
    assert server.events[0].uid.startswith("0")


def test_what_no_datagram_can_carry_is_a_dead_letter_and_the_rest_goes_on(make: Make, metrics: Metrics) -> None:
    group, buried = TakGroup(), []
    rules = at(f"udp://127.0.0.1:{group.port}")
    to = delivery(rules, metrics, buried)
    cot = to._to.cot
    assert cot is not None
    cot._rules = CotRules(console="https://x.example/" + "x" * 70_000)  # remarks cannot be cut for that
    alert = make(position=FIX)
    assert to.carry(Outgoing(marks=(MapMark(alert), MapMark(make(id="1" * 32, position=FIX, case_id="x" * 200)))))
    assert [msgspec.json.decode(raw, type=Alert).id for raw in buried] == [alert.id]
    until(lambda: group.events, 20, "the other event")
    assert [event.uid for event in group.events] == ["1" * 32]
    assert (sent(metrics, "refused"), sent(metrics, "delivered")) == (1, 1)
    group.close()


# -- TLS ----------------------------------------------------------------------------------------------------------


def secured(home: Path, authority: Authority, *, client: Authority | None) -> TakServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("tak"))
    if client is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client.path)
    return TakServer(context)


def test_tls_shows_and_checks_certificates(tmp_path: Path, make: Make, metrics: Metrics) -> None:
    authority, other = Authority(tmp_path, "port"), Authority(tmp_path, "pirates")
    server = secured(tmp_path, authority, client=authority)
    own = {"ca_file": str(authority.path), "certificate_file": str(authority.issue("watch"))}
    url, mark = f"tls://127.0.0.1:{server.port}", Outgoing(marks=(MapMark(make(position=FIX)),))
    assert delivery(at(url, **own), metrics).carry(mark)
    until(lambda: len(server.events) == 1, 20, "the event")
    locked = authority.issue("locked", "open sesame")
    with_password = own | {"certificate_file": str(locked), "key_password": "open sesame"}
    assert delivery(at(url, **with_password), metrics).carry(mark)
    until(lambda: len(server.events) == 2, 20, "the event")
    for wrong, said in (
        (own | {"ca_file": str(other.path)}, "CERTIFICATE_VERIFY_FAILED"),
        (own | {"server_name": "tak.example.org"}, "CERTIFICATE_VERIFY_FAILED"),
        (own | {"certificate_file": str(other.issue("watch"))}, "(?i)alert|reset|closed"),
        ({"ca_file": str(authority.path)}, "(?i)alert|reset|closed"),
    ):
        with pytest.raises(SinkError, match=said):
            target(at(url, **wrong)).send(mark.marks, NOW_MS)
    assert len(server.events) == 2
    server.close()


def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "port")
    (tmp_path / "bad.pem").write_text("no certificate")
    own = str(authority.issue("locked", "open sesame"))
    for wrong in (
        {"ca_file": str(tmp_path / "nowhere.pem")},
        {"ca_file": str(tmp_path / "bad.pem")},
        {"certificate_file": str(tmp_path / "bad.pem")},
        {"certificate_file": own, "key_password": "wrong"},
        {"certificate_file": own},
    ):
        with pytest.raises(ConfigError, match=r"^notify\.cot\.(ca|certificate)_file: [^\n]+$") as said:
            cot_of(at("tls://127.0.0.1:1", **wrong))
        assert "wrong" not in str(said.value)


# -- settings and doctor ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "http://x:1"}, "must be udp://HOST:PORT"),
        ({"url": "tcp://x"}, "must be udp://HOST:PORT"),
        ({"url": "tcp://x:0"}, "must be udp://HOST:PORT"),
        ({"url": "tcp://x:70000"}, "must be udp://HOST:PORT"),
        ({"url": "tcp://[::1"}, "must be udp://HOST:PORT"),
        ({"url": "tls://me:hunter2@x:1"}, "the address must be"),
        ({"url": "udp://x:1/path"}, "without anything else"),
        ({"url": "tcp://x:1", "ca_file": "ca.pem"}, "is not tls://"),
        ({"ca_file": "ca.pem"}, "is not tls://"),
        ({"url": "tls://x:1", "key_file": "k.pem"}, "needs notify.cot.certificate_file"),
        ({"url": "tcp://x:1", "stale_s": 60}, "is not more than notify.resend_every_s"),
        ({"url": "tcp://x:1", "stale_s": 1}, "is not valid; give a number from 10"),
        ({"url": "tcp://x:1", "severities": ["log"]}, "severities"),
    ],
)
def test_a_bad_setting_is_one_line_and_code_2(
    given: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as said:
        load(None, {f"notify.cot.{name}": value for name, value in given.items()}, {})
    assert words in str(said.value) and "\n" not in str(said.value) and "hunter2" not in str(said.value)
    for name, value in given.items():
        text = ",".join(value) if isinstance(value, list) else str(value)
        monkeypatch.setenv(f"WAKEWATCH_NOTIFY_COT_{name.upper()}", text)
    monkeypatch.setattr("sys.argv", ["wakewatch", "notify", "--once"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2 and words in capsys.readouterr().err


def test_doctor_connects_and_sends_nothing(server: TakServer) -> None:
    def verdict(url: str) -> tuple[str, str]:
        settings = Settings(notify=at(url, notify={"timeout_s": 1.0}))
        (found,) = (one for one in service_findings(settings) if one.name == "tak")
        return found.verdict, found.said

    assert verdict(f"tcp://127.0.0.1:{server.port}")[0] == "ok"
    assert verdict(f"tcp://127.0.0.1:{free_port()}")[0] == "wrong"
    assert "cannot be checked" in verdict("udp://127.0.0.1:1")[1]
    assert server.events == []
