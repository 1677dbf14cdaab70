"""aisstream.io: decoded messages over a websocket. Sentences are written from them.

The service closes a connection that does not subscribe within three seconds, allows few connections an account, and
answers a client that comes back too soon with status 429; a connection that is not closed properly counts for days
(reports of its users at github.com/aisstream/issues). In August 2026 connections stayed open for days and sent nothing:
the limit of silence makes a new connection, and the feed is down like any other.
"""

from __future__ import annotations

import ipaddress
import json
import re
import ssl
from typing import Final

import msgspec

from streams.errors import ConfigError, WakewatchError
from streams.ingest import aisstream_json
from streams.ingest.json_fields import shown
from streams.ingest.re_encoding import MessageError, ReEncoder
from streams.ingest.sources.connecting import LaterError
from streams.ingest.sources.connector import ConnectionRules, Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, Refused, SourceEvent
from streams.ingest.sources.secret_files import secret_of
from streams.ingest.sources.tls import client_context
from streams.ingest.sources.websocket import WebsocketSource
from streams.settings.sources import AisstreamSettings

_HOST, _PATH = "stream.aisstream.io", "v0/stream"
_TLS_PORT, _PLAIN_PORT = 443, 80
_THROTTLED: Final = 429
THROTTLED_S: Final = 60.0
"""A wait beside the usual one: who comes back at once is kept out for longer."""
_MMSIS_MOST: Final = 50
_MMSI: Final = re.compile(r"[0-9]{9}")
_WORLD: Final = "-90 -180 90 180"
_LIMITS_DEG: Final = (90.0, 180.0, 90.0, 180.0)
_KEY_ERROR: Final = "api key"
_SUBSCRIPTION_ERROR: Final = "malformed"


class AisstreamSource(WebsocketSource):
    """A client of aisstream.io, or of another service that speaks as it does."""

    def __init__(
        self, url: str, subscription: bytes, rules: ConnectionRules, *, name: str, context: ssl.SSLContext | None = None
    ) -> None:
        """``subscription`` is sent first; it holds the key."""
        super().__init__(url, rules, context=context, greeting=subscription)
        self._key = str(msgspec.json.decode(subscription)["APIKey"])
        """The server may repeat it in an error."""
        self._writer = ReEncoder(name)
        self._served = False
        """It has sent a message: the key is right, whatever it says later."""

    def status_error(self, status: int) -> Exception:
        """Status 429 asks to come back later."""
        error = super().status_error(status)
        return LaterError(str(error), THROTTLED_S) if status == _THROTTLED else error

    def event_of(self, data: bytes) -> SourceEvent:
        """What a message is. Raises OSError for an error that is tried again, WakewatchError for another."""
        try:
            message = msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Refused(data, "not JSON")
        if not isinstance(message, dict):
            return Refused(data, "not a JSON object")
        if "error" in message:
            self._raise(str(message["error"]))
        if not aisstream_json.is_message(message):
            return None  # such as the confirmation of a subscription
        self._served = True
        try:
            lines = aisstream_json.lines_of(message, self._writer)
        except MessageError as error:
            return Refused(data, str(error))
        return Chunk(b"".join(line + b"\n" for line in lines))

    def _raise(self, error: str) -> None:
        text, said = error.lower(), shown(error.replace(self._key, "..."))
        if not self._served and _KEY_ERROR in text:
            raise WakewatchError(f"{self._address} rejects the API key with {said}; check the key")
        if _SUBSCRIPTION_ERROR in text:
            raise WakewatchError(f"{self._address} rejects the subscription with {said}; check [aisstream]")
        raise LaterError(f"the server reports {said}", THROTTLED_S)


def subscription(key: str, settings: AisstreamSettings) -> bytes:
    """The first message of a connection. Raises ConfigError for a wrong setting."""
    wanted: dict[str, object] = {
        "APIKey": key,
        "BoundingBoxes": [_box(text) for text in settings.boxes or (_WORLD,)],
        "FilterMessageTypes": _types(settings.message_types),
    }
    wrong = next((text for text in settings.mmsis if not _MMSI.fullmatch(text)), None)
    if wrong is not None or len(settings.mmsis) > _MMSIS_MOST:
        what = f"{len(settings.mmsis)} MMSIs" if wrong is None else repr(wrong)
        raise ConfigError(f"aisstream.mmsis: {what}; give at most {_MMSIS_MOST} MMSIs of nine digits")
    if settings.mmsis:
        wanted["FiltersShipMMSI"] = list(settings.mmsis)
    return json.dumps(wanted).encode()


def _box(text: str) -> list[list[float]]:
    try:
        south, west, north, east = edges = tuple(map(float, text.split()))
    except ValueError:
        edges = ()
    within = all(abs(edge) <= limit for edge, limit in zip(edges, _LIMITS_DEG, strict=False))
    if not edges or not within or south >= north or west >= east:
        raise ConfigError(
            f"aisstream.boxes: {text!r}; write 'SOUTH WEST NORTH EAST' in degrees, such as '49 -2.5 51.5 2.5'"
        )
    return [[south, west], [north, east]]


def _types(given: tuple[str, ...]) -> list[str]:
    known = aisstream_json.MESSAGE_TYPES
    wrong = next((name for name in given if name not in known), None)
    if wrong is not None:
        raise ConfigError(f"aisstream.message_types: {wrong!r} is not used; known are {', '.join(known)}")
    return list(dict.fromkeys(given)) or list(known)


def _open(place: SourceUrl, rules: OpenRules) -> AisstreamSource:
    settings = rules.settings.aisstream
    key = secret_of(place, "key-file", settings.api_key)
    if not key:
        raise ConfigError(
            f"{place.name}: no API key; write {place.kind}://?key-file=PATH or set WAKEWATCH_AISSTREAM_API_KEY_FILE"
        )
    plain = place.kind == "aisstream+ws"
    context = None if plain else client_context(rules.settings.ingest.tls_ca_file)
    url = f"{'ws' if plain else 'wss'}://{place.address}/{place.path or _PATH}"
    return AisstreamSource(url, subscription(key, settings), rules.connection, name=place.name, context=context)


def _check_plain(place: SourceUrl) -> None:
    """Without TLS the key would be readable on the way."""
    try:
        local = ipaddress.ip_address(place.host).is_loopback
    except ValueError:
        local = place.host == "localhost"
    if not local:
        raise ConfigError(f"{place.kind}://{place.address}: without TLS only on this machine; write aisstream://HOST")


CONNECTORS: Final = (
    Connector(
        scheme="aisstream",
        form="aisstream://[HOST]",
        example="aisstream://?key-file=/run/secrets/aisstream",
        sentence="Subscribes to aisstream.io; areas and filters are settings, [aisstream]",
        open=_open,
        name="aisstream",
        connects=True,
        host=_HOST,
        port=_TLS_PORT,
        has_path=True,
        options=("key-file",),
    ),
    Connector(
        scheme="aisstream+ws",
        form="aisstream+ws://HOST:PORT",
        example="aisstream+ws://127.0.0.1:8088",
        sentence="The same without TLS, for a proxy on this machine",
        open=_open,
        name="aisstream",
        connects=True,
        port=_PLAIN_PORT,
        has_path=True,
        options=("key-file",),
        check=_check_plain,
    ),
)
