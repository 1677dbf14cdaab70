"""aisstream.io, against a server that speaks its published shapes, drops, stalls, sends halves and garbage."""

import asyncio
import contextlib
import datetime as dt
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import WSCloseCode, WSMsgType, web

from detectors.core.alert import Alert
from streams.errors import ConfigError, WakewatchError
from streams.ingest import urls
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.sources import aisstream
from streams.ingest.sources.aisstream import AisstreamSource, subscription
from streams.ingest.sources.back_off import BackOff
from streams.ingest.sources.connector import ConnectionRules, OpenRules
from streams.ingest.sources.events import Chunk, Connected, Heard, PeerGone, Refused, SourceEvent
from streams.pipeline.replay import InProcessPipeline
from streams.reference import load_reference
from streams.settings.model import IngestSettings, Settings
from streams.settings.sources import AisstreamSettings
from tests.streams.ingest.json_samples import AISSTREAM
from tests.streams.ingest.web_rig import served, until

KEY = "a-key-of-forty-characters"
SHIP = json.dumps(AISSTREAM)
STATIC = json.dumps(
    AISSTREAM
    | {"MessageType": "ShipStaticData", "Message": {"ShipStaticData": {"UserID": 250013879, "Name": "DINOPOTES"}}}
)
Act = str | bytes | int | None
"""A text, a binary message, a status (handshake) or a close code, or None: say nothing more."""


class Service:
    """Plays one script a connection; after the last one it stays silent."""

    def __init__(self, *scripts: list[Act]) -> None:
        self.scripts = list(scripts)
        self.subscriptions: list[dict[str, Any]] = []
        self.closes: list[int | None] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        script = self.scripts.pop(0) if self.scripts else [None]
        if script and isinstance(script[0], int) and script[0] < 600:
            return web.Response(status=script[0])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        told = await asyncio.wait_for(socket.receive(), 3)  # as the service: three seconds
        self.subscriptions.append(json.loads(told.data))
        for act in script:
            if isinstance(act, str):
                await socket.send_str(act)
            elif isinstance(act, bytes):
                await socket.send_bytes(act)
            elif act == WSCloseCode.ABNORMAL_CLOSURE:
                assert request.transport is not None
                request.transport.abort()
                return socket
            elif act is not None:
                await socket.close(code=act)
                return socket
        while (message := await socket.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR}:
            pass
        self.closes.append(socket.close_code if message.type is WSMsgType.CLOSE else None)
        return socket


@contextlib.contextmanager
def reading(*scripts: list[Act], mute_s: float = 0) -> Iterator[tuple[Service, Iterator[SourceEvent], threading.Event]]:
    service, stop = Service(*scripts), threading.Event()
    with served(service.handle) as port:
        rules = ConnectionRules(0.02, BackOff(0.05, seed=1), mute_s)
        source = AisstreamSource(
            f"ws://127.0.0.1:{port}/v0/stream", subscription(KEY, AisstreamSettings()), rules, name="aisstream"
        )
        events = source.events(stop)
        try:
            yield service, events, stop
        finally:
            stop.set()
            list(events)


def first(events: Iterator[SourceEvent], wanted: Callable[[list[SourceEvent]], bool]) -> list[SourceEvent]:
    found: list[SourceEvent] = []
    for _, event in zip(range(2000), events, strict=False):
        found += [event] if not isinstance(event, Heard | None) else []
        if wanted(found):
            return found
    raise AssertionError(f"waited in vain: {found}")


def kinds(events: list[SourceEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_it_subscribes_and_gives_sentences_of_text_and_binary_messages() -> None:
    with reading(['{"MessageType":"SubscriptionConfirmation"}', SHIP, SHIP.encode(), STATIC, STATIC]) as (
        service,
        events,
        _,
    ):
        found = first(events, lambda events: len(events) == 5)
    assert kinds(found) == ["Connected", "Chunk", "Chunk", "Chunk", "Chunk"]
    chunks = [event.data for event in found if isinstance(event, Chunk)]
    assert chunks[0] == chunks[1] and chunks[0].startswith(b"\\s:aisstream:re-encoded,c:1709510405000*")
    assert chunks[2].count(b"!AIVDM,2,") == 2 and chunks[3] == b""  # unchanged particulars are not written again
    assert service.subscriptions == [
        {
            "APIKey": KEY,
            "BoundingBoxes": [[[-90, -180], [90, 180]]],
            "FilterMessageTypes": list(aisstream.aisstream_json.MESSAGE_TYPES),
        }
    ]


def test_a_stop_closes_the_connection_properly() -> None:
    with reading([SHIP]) as (service, events, stop):
        first(events, lambda events: len(events) == 2)
        stop.set()
        list(events)
        until(lambda: service.closes == [WSCloseCode.OK])  # one that is not closed counts for days


def test_halves_and_garbage_are_refused_and_the_rest_is_read() -> None:
    lying = json.dumps(AISSTREAM | {"MetaData": {"MMSI": 250013879, "time_utc": "2024-13-44 99:00:00 +0000 UTC"}})
    garbage: list[Act] = [SHIP[: len(SHIP) // 2], b"\xff\xfe\x00", "[1]", "[" * 5000, lying, SHIP]
    with reading(garbage) as (_, events, _):
        found = first(events, lambda events: bool(events) and isinstance(events[-1], Chunk))
    assert kinds(found) == ["Connected", *["Refused"] * 5, "Chunk"]
    assert [event.detail.partition(" ")[0] for event in found if isinstance(event, Refused)] == [
        "not", "not", "not", "not", "time_utc",
    ]  # fmt: skip


@pytest.mark.parametrize("code", [WSCloseCode.OK, WSCloseCode.ABNORMAL_CLOSURE, WSCloseCode.TRY_AGAIN_LATER])
def test_a_lost_connection_is_made_again(code: int) -> None:
    with reading([SHIP, code], [SHIP]) as (service, events, _):
        found = first(events, lambda events: kinds(events).count("Chunk") == 2)
        assert kinds(found) == ["Connected", "Chunk", "PeerGone", "Connected", "Chunk"]
        assert len(service.subscriptions) == 2


def test_a_message_of_any_size_is_a_loss_and_not_kept() -> None:
    with reading([" " * 300_000], [SHIP]) as (_, events, _):
        found = first(events, lambda events: "Chunk" in kinds(events))
    assert kinds(found) == ["Connected", "PeerGone", "Connected", "Chunk"]


def test_a_connection_that_stays_open_and_sends_nothing_is_replaced() -> None:
    with reading([None], [SHIP], mute_s=0.3) as (service, events, _):
        found = first(events, lambda events: "Chunk" in kinds(events))
        assert kinds(found) == ["Connected", "PeerGone", "Connected", "Chunk"]
        until(lambda: service.closes == [WSCloseCode.OK])


def test_messages_that_hold_nothing_for_us_end_the_silence() -> None:
    confirmation = '{"MessageType":"SubscriptionConfirmation"}'
    with reading([confirmation, None]) as (_, events, _):
        assert any(isinstance(event, Heard) for _, event in zip(range(200), events, strict=False))


def test_a_wrong_key_ends_the_source_with_the_servers_words() -> None:
    with reading(['{"error": "Api Key Is Not Valid"}']) as (_, events, _):
        with pytest.raises(WakewatchError, match="rejects the API key with 'Api Key Is Not Valid'") as refused:
            list(events)
        assert KEY not in str(refused.value)


def test_a_wrong_subscription_ends_the_source() -> None:
    with (
        reading(['{"error": "Subscription Object Is Malformed"}']) as (_, events, _),
        pytest.raises(WakewatchError, match=r"check \[aisstream\]"),
    ):
        list(events)


@pytest.mark.parametrize(
    "script",
    [[429], ['{"error": "concurrent connections per user exceeded"}'], [SHIP, '{"error": "Api Key Is Not Valid"}']],
)
def test_a_service_that_is_busy_is_left_alone_for_a_while(script: list[Act], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error about a key that has worked is one of the service."""
    monkeypatch.setattr(aisstream, "THROTTLED_S", 0.2)
    waits: list[float] = []
    pause = AisstreamSource._pause
    monkeypatch.setattr(
        AisstreamSource, "_pause", lambda self, wait_s, stop: waits.append(wait_s) or pause(self, wait_s, stop)
    )
    with reading(script, [SHIP]) as (_, events, _):
        first(events, lambda events: kinds(events)[-2:] == ["Connected", "Chunk"] and "PeerGone" in kinds(events))
    assert len(waits) == 1 and waits[0] >= 0.2


def test_the_wait_after_status_429_is_not_cut_short_by_the_limit_of_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aisstream, "THROTTLED_S", 0.6)
    with reading([429], [SHIP], mute_s=0.1) as (_, events, _):
        first(events, lambda events: "PeerGone" in kinds(events))
        began_s = time.monotonic()
        found = first(events, lambda events: "Chunk" in kinds(events))
    assert time.monotonic() - began_s >= 0.5 and kinds(found)[:2] == ["Connected", "Chunk"]


@pytest.mark.parametrize("said", [f"Api Key {KEY} Is Not Valid", f"malformed: {KEY}", f"{KEY}"])
def test_an_error_that_repeats_the_key_does_not_show_it(said: str) -> None:
    with reading([json.dumps({"error": said})]) as (_, events, _):
        try:
            found = first(events, lambda events: "PeerGone" in kinds(events))
            shown = str(found)
        except WakewatchError as error:
            shown = str(error)
    assert KEY[:8] not in shown


def test_another_status_is_tried_again() -> None:
    with reading([503], [403], [SHIP]) as (_, events, _):
        found = first(events, lambda events: "Chunk" in kinds(events))
    assert [event.why for event in found if isinstance(event, PeerGone)] == [
        "the server answers with status 503", "the server answers with status 403",
    ]  # fmt: skip


def settings(**fields: Any) -> AisstreamSettings:
    return msgspec.convert(fields, AisstreamSettings)


def test_areas_and_filters_come_from_the_settings() -> None:
    given = settings(boxes=["49 -2.5 51.5 2.5"], mmsis=["273999001"], message_types=["PositionReport"] * 2)
    assert json.loads(subscription(KEY, given)) == {
        "APIKey": KEY,
        "BoundingBoxes": [[[49, -2.5], [51.5, 2.5]]],
        "FilterMessageTypes": ["PositionReport"],
        "FiltersShipMMSI": ["273999001"],
    }


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"boxes": ["49 -2.5 51.5"]}, "SOUTH WEST NORTH EAST"), ({"boxes": ["51 -2.5 49 2.5"]}, "SOUTH WEST"),
        ({"boxes": ["49 2.5 51 200"]}, "SOUTH WEST"), ({"boxes": ["a b c d"]}, "SOUTH WEST"),
        ({"boxes": ["nan 1 2 3"]}, "SOUTH WEST"),
        ({"mmsis": ["12345"]}, "nine digits"), ({"mmsis": ["123456789"] * 51}, "at most 50"),
        ({"message_types": ["Position"]}, "known are PositionReport"),
    ],
)  # fmt: skip
def test_a_wrong_setting_names_the_remedy(fields: Any, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        subscription(KEY, settings(**fields))


def test_the_key_is_required_and_never_in_a_url(tmp_path: Path) -> None:
    rules = OpenRules(settings=Settings(ingest=IngestSettings()))
    with pytest.raises(ConfigError, match="WAKEWATCH_AISSTREAM_API_KEY_FILE"):
        urls.open_place(urls.parse("aisstream://"), rules)
    (tmp_path / "key").write_text(KEY)
    place = urls.parse(f"aisstream://?key-file={tmp_path / 'key'}")
    assert (place.name, place.address) == ("aisstream", "stream.aisstream.io:443")
    source = urls.open_place(place, rules)
    assert isinstance(source, AisstreamSource)
    assert vars(source)["_url"] == "wss://stream.aisstream.io:443/v0/stream"
    assert KEY not in repr(Settings(aisstream=AisstreamSettings(api_key=KEY)))


def test_without_tls_it_connects_to_this_machine_only() -> None:
    assert urls.parse("aisstream+ws://localhost:8088").port == 8088
    with pytest.raises(ConfigError, match="only on this machine"):
        urls.parse("aisstream+ws://192.0.2.1:8088")


def test_connected_is_said_before_the_first_message() -> None:
    with reading([None]) as (_, events, _):
        assert first(events, bool) == [Connected()]


@pytest.mark.parametrize("trusted", [True, False])
def test_the_certificate_is_verified(certificate: Path, trusted: bool) -> None:
    service, context = Service([SHIP]), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    ingest = IngestSettings(tls_ca_file=str(certificate) if trusted else "")
    settings = Settings(ingest=ingest, aisstream=AisstreamSettings(api_key=KEY))
    with served(service.handle, context) as port:
        source, stop = (
            urls.open_place(urls.parse(f"aisstream://127.0.0.1:{port}"), OpenRules(settings=settings)),
            threading.Event(),
        )
        events = source.events(stop)
        found = first(events, lambda events: bool(events) and isinstance(events[-1], Chunk | PeerGone))
        stop.set()
        list(events)
    if trusted:
        assert kinds(found) == ["Connected", "Chunk"]
    else:
        assert isinstance(found[0], PeerGone) and "certificate verify failed" in found[0].why
        assert service.subscriptions == []  # the key was not sent


def at(time_ms: int, mmsi: int, minutes: int) -> str:
    """A ship on its way at ten knots, as the service tells of it."""
    body = {
        "UserID": mmsi, "Valid": True, "Latitude": 59 + (mmsi % 10) / 20 + minutes / 360, "Longitude": -3.0,
        "Sog": 10.0, "Cog": 0.0, "TrueHeading": 511, "NavigationalStatus": 0,
    }  # fmt: skip
    stamp = dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f000 +0000 UTC")
    meta = {"MMSI": mmsi, "ShipName": "", "time_utc": stamp}
    return json.dumps({"MessageType": "PositionReport", "MetaData": meta, "Message": {"PositionReport": body}})


@pytest.mark.full
def test_five_days_in_which_it_stays_open_and_sends_nothing_are_one_outage_and_no_gap() -> None:
    begin_ms, minute_ms, silent = 1_785_844_800_000, 60_000, range(6 * 60, 6 * 60 + 5 * 1440)
    ingest = Ingest("aisstream", 1, source_kind=SourceKind(live=True))
    pipeline = InProcessPipeline(Settings(), load_reference(Settings().reference), 1)
    alerts: list[Alert] = []
    for minute in range(silent.stop + 120):
        now_ms = begin_ms + minute * minute_ms
        records = [] if minute in silent else ingest.feed(
            b"".join(f"{at(now_ms - 2000, 232_000_000 + ship, minute)}\n".encode() for ship in range(20)), now_ms
        )  # fmt: skip
        records += ingest.clock(now_ms + 1000)
        alerts += [emitted.alert for emitted in pipeline.take(records)]
    alerts += [emitted.alert for emitted in pipeline.finish()]
    assert ingest.counts.messages == (6 * 60 + 120) * 20
    assert {alert.detector for alert in alerts} == {"feed_outage"}
    assert len({alert.id for alert in alerts}) == 1
    assert (alerts[0].status, alerts[-1].status) == ("opened", "closed")


def test_an_alert_says_that_its_evidence_was_re_encoded() -> None:
    begin_ms, mmsi = 1_785_844_800_000, 273_999_001
    meta = {"MMSI": mmsi, "time_utc": "2026-08-04 12:00:00.5 +0000 UTC"}
    static = {"UserID": mmsi, "Valid": True, "ImoNumber": 9179842, "Name": "ANGARA"}
    told = [json.dumps({"MessageType": "ShipStaticData", "MetaData": meta, "Message": {"ShipStaticData": static}})]
    told += [at(begin_ms + 60_000 * minute, mmsi, minute) for minute in range(10)]
    ingest = Ingest("aisstream", 1, source_kind=SourceKind(live=True))
    pipeline = InProcessPipeline(Settings(), load_reference(Settings().reference), 1)
    records = [record for line in told for record in ingest.feed(line.encode() + b"\n", begin_ms)] + ingest.end()
    records += ingest.clock(begin_ms + 700_000)
    alerts = [emitted.alert for emitted in (*pipeline.take(records), *pipeline.finish())]
    assert {alert.detector for alert in alerts} == {"watchlist"}
    evidence = [piece for alert in alerts for piece in alert.evidence]
    assert evidence and all(piece.re_encoded and piece.source == "aisstream" for piece in evidence)
