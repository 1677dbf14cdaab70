"""Topics of an MQTT broker: NMEA, a receiver's JSON such as AIS-catcher's, or Finland's Digitraffic.

Rules:
- The session is clean: what was sent while we were away does not come.
- A retained message is the last one of its topic, of whatever age: only sentences that state their time are read of it.
- A message longer than ``mqtt.message_bytes`` ends the connection before it is in memory.
- A wrong user or password ends the source; every other refusal is tried again.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Generator
from threading import Event
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from streams.errors import ConfigError, WakewatchError
from streams.ingest import digitraffic_json
from streams.ingest.framing import units
from streams.ingest.json_lines import unfolded
from streams.ingest.re_encoding import MessageError, ReEncoder
from streams.ingest.sources.async_connection import Put, events_of
from streams.ingest.sources.connecting import CONNECT_S, ConnectingSource
from streams.ingest.sources.connector import ConnectionRules, Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, Connected, Heard, Refused, SourceEvent
from streams.ingest.sources.secret_files import secret_of
from streams.ingest.sources.tls import client_context

if TYPE_CHECKING:
    import aiomqtt

_PASSWORD: Final = "password-file"  # noqa: S105  # the name of an option
_KEEPALIVE_S: Final = 60
_WRONG_USER: Final = (4, 5, 134, 135)
"""Reason codes of CONNACK in MQTT 3.1.1 and 5: bad user name or password, not authorised."""
_FAILURE: Final = 0x80
_TOPIC_BYTES_MOST: Final = 65_535
_LIBRARY_LOG: Final = logging.getLogger("ingest.mqtt.library")
_LIBRARY_LOG.disabled = True  # why a connection was lost is logged for all sources alike


class MqttBroker(msgspec.Struct, frozen=True, kw_only=True):
    """Where a broker is, and how to connect."""

    host: str
    port: int
    topic: str
    """May hold the wildcards + and #."""
    user: str = ""
    password: str = ""
    client_id: str = ""
    websocket_path: str | None = None
    """None: plain MQTT."""
    message_bytes: int
    context: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"MqttBroker({self.host}:{self.port})"


class MqttSource(ConnectingSource):
    """A client of one broker that reads one topic."""

    def __init__(self, broker: MqttBroker, rules: ConnectionRules, *, name: str) -> None:
        """``name`` is the station of sentences that are written from fields."""
        super().__init__(f"{broker.host}:{broker.port}", rules)
        self._broker = broker
        self._writer = ReEncoder(name)

    def connection(self, stop: Event) -> Generator[SourceEvent, None, str]:
        """One connection."""
        return (yield from events_of(self._talk, stop=stop, idle_s=self._rules.idle_s))

    async def _talk(self, put: Put) -> str:
        import aiomqtt

        client, too_long = _client(self._broker), list[int]()
        _bound(client, self._broker.message_bytes, too_long.append)
        try:
            async with client:
                granted = await client.subscribe(self._broker.topic)
                if _refused(granted):
                    raise WakewatchError(f"{self._address}: the broker does not let this user read the topic")
                await put(Connected())
                async for message in client.messages:
                    for event in self._events(message) or (Heard(),):
                        await put(event)
        except aiomqtt.MqttError as error:
            code = getattr(error, "rc", None)
            if getattr(code, "value", code) in _WRONG_USER:
                raise WakewatchError(
                    f"{self._address}: wrong user or password: check {_PASSWORD}= in the URL, [mqtt]"
                ) from error
            text = f"a message of {too_long[0]} bytes: the limit is mqtt.message_bytes" if too_long else str(error)
            raise OSError(text) from error
        return ""

    def _events(self, message: aiomqtt.Message) -> list[Chunk | Refused]:
        topic, payload = str(message.topic), message.payload
        value = payload if isinstance(payload, bytes) else str(payload or "").encode()
        if digitraffic_json.is_ours(topic):
            try:
                lines = digitraffic_json.lines_of(topic, value, self._writer)
            except MessageError as error:
                return [Refused(topic.encode() + b" " + value, str(error))]
        elif message.retain:
            lines = [unit for line in unfolded(value).splitlines() for unit in units(line) if _states_time(unit)]
        else:
            lines = [unfolded(value)]
        return [Chunk(b"\n".join([*lines, b""]))] if lines else []


def _states_time(unit: bytes) -> bool:
    """Whether a sentence has a time of its own, in its tag block."""
    tag, _, sentence = unit.partition(b"\\!")
    return bool(sentence) and (b",c:" in tag or tag.startswith(b"\\c:"))


def _client(broker: MqttBroker) -> aiomqtt.Client:
    import aiomqtt

    transport: Literal["tcp", "websockets"] = "tcp" if broker.websocket_path is None else "websockets"
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.user or None,
        password=broker.password or None,
        identifier=broker.client_id or None,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        transport=transport,
        websocket_path=broker.websocket_path,
        tls_context=broker.context,
        keepalive=_KEEPALIVE_S,
        timeout=CONNECT_S,
        logger=_LIBRARY_LOG,
    )


def _bound(client: aiomqtt.Client, most: int, report: Callable[[int], None]) -> None:
    """Ends the connection where a longer message begins. paho-mqtt has no such limit: it would keep up to 256 MB."""
    paho: Any = client._client
    receive = paho._sock_recv

    def bounded(size: int) -> Any:
        if size > most + _TOPIC_BYTES_MOST:
            report(size)
            raise ConnectionAbortedError("a message is too long")
        return receive(size)

    paho._sock_recv = bounded


def _refused(granted: Any) -> bool:
    codes = [getattr(code, "value", code) for code in granted]
    return any(code >= _FAILURE for code in codes)


def _open(place: SourceUrl, rules: OpenRules) -> MqttSource:
    settings, secure = rules.settings.mqtt, place.kind in {"mqtts", "mqtt+wss"}
    broker = MqttBroker(
        host=place.host,
        port=place.port,
        topic=place.path,
        user=place.user or settings.username,
        password=secret_of(place, _PASSWORD, settings.password),
        client_id=place.options.get("client-id", settings.client_id),
        websocket_path=place.options.get("path", "/mqtt") if "+" in place.kind else None,
        message_bytes=settings.message_bytes,
        context=client_context(rules.settings.ingest.tls_ca_file) if secure else None,
    )
    if broker.password and not broker.user:
        raise ConfigError(f"{place.name}: a password without a user; write {place.kind}://USER@HOST/TOPIC")
    return MqttSource(broker, rules.connection, name=place.name)


def _check(place: SourceUrl) -> None:
    levels = place.path.split("/")
    wrong = any(len(level) > 1 and set(level) & {"+", "#"} for level in levels)
    if not place.path or wrong or "#" in levels[:-1] or "\0" in place.path:
        raise ConfigError(
            f"{place.name}: the path is not a topic to read; write {place.kind}://HOST/TOPIC, where + is any "
            "level and # at the end all below"
        )


def _check_websocket(place: SourceUrl) -> None:
    _check(place)
    if not place.options.get("path", "/").startswith("/"):
        raise ConfigError(
            f"{place.name}: path= is the path of the websocket; begin it with a slash, such as path=/mqtt"
        )


def _connector(scheme: str, port: int, example: str, sentence: str) -> Connector:
    websocket = ("path",) if "+" in scheme else ()
    return Connector(
        scheme=scheme,
        form=f"{scheme}://[USER@]HOST[:PORT]/TOPIC",
        example=example,
        sentence=sentence,
        open=_open,
        connects=True,
        port=port,
        has_path=True,
        has_user=True,
        options=(_PASSWORD, "client-id", *websocket),
        check=_check_websocket if websocket else _check,
        extra="mqtt",
        needs="aiomqtt",
    )


CONNECTORS: Final = (
    _connector("mqtt", 1883, "mqtt://192.0.2.8/ais/#", "Reads topics of an MQTT broker: NMEA, or JSON of AIS-catcher"),
    _connector("mqtts", 8883, "mqtts://me@mqtt.example.org/ais/raw?password-file=secret", "The same over TLS"),
    _connector("mqtt+ws", 80, "mqtt+ws://192.0.2.8:9001/ais/#", "The same over a websocket; its path is ?path=/mqtt"),
    _connector(
        "mqtt+wss",
        443,
        "digitraffic=mqtt+wss://meri.digitraffic.fi/vessels-v2/#",
        "The same over a websocket with TLS; also Finland's Digitraffic",
    ),
)
