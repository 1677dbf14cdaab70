"""Signal K: deltas over its websocket, of all vessels whose context is an MMSI. Sentences are written from them.

Our own vessel is read if it has an MMSI. Values that the server keeps from before are not asked for.
"""

from __future__ import annotations

import ssl
from typing import Final

import msgspec

from streams.errors import WakewatchError
from streams.ingest import signalk_json
from streams.ingest.re_encoding import MessageError, ReEncoder
from streams.ingest.sources.connector import ConnectionRules, Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, Refused, SourceEvent
from streams.ingest.sources.secret_files import secret_of
from streams.ingest.sources.tls import client_context
from streams.ingest.sources.websocket import WebsocketSource

_PLAIN, _TLS = "signalk", "signalk+wss"
_TOKEN: Final = "token-file"  # noqa: S105  # the name of an option
_QUERY: Final = "subscribe=all&sendCachedValues=false"
_UNAUTHORIZED: Final = (401, 403)


class SignalkSource(WebsocketSource):
    """A client of a Signal K server."""

    def __init__(
        self, url: str, rules: ConnectionRules, *, name: str, token: str = "", context: ssl.SSLContext | None = None
    ) -> None:
        """``name`` is the station of the sentences; ``token`` is sent with the request."""
        headers = {"Authorization": f"Bearer {token}"} if token else None
        super().__init__(url, rules, context=context, headers=headers)
        self._writer = ReEncoder(name)

    def event_of(self, data: bytes) -> SourceEvent:
        """What a message is."""
        try:
            delta = msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Refused(data, "not JSON")
        if not isinstance(delta, dict):
            return Refused(data, "not a JSON object")
        try:
            lines = signalk_json.lines_of(delta, self._writer)
        except MessageError as error:
            return Refused(data, str(error))
        return Chunk(b"".join(line + b"\n" for line in lines)) if lines else None

    def status_error(self, status: int) -> Exception:
        """A missing or wrong token ends the source."""
        if status in _UNAUTHORIZED:
            return WakewatchError(f"{self._address} does not let us read: give a token in a file with {_TOKEN}=PATH")
        return super().status_error(status)


def _open(place: SourceUrl, rules: OpenRules) -> SignalkSource:
    secure = place.kind == _TLS
    context = client_context(rules.settings.ingest.tls_ca_file) if secure else None
    url = f"{'wss' if secure else 'ws'}://{place.address}/signalk/v1/stream?{_QUERY}"
    token = secret_of(place, _TOKEN, "")
    return SignalkSource(url, rules.connection, name=place.name, token=token, context=context)


CONNECTORS: Final = (
    Connector(
        scheme=_PLAIN,
        form=f"{_PLAIN}://HOST[:PORT]",
        example=f"boat={_PLAIN}://127.0.0.1",
        sentence="Reads the deltas of a Signal K server about vessels that have an MMSI",
        open=_open,
        connects=True,
        port=3000,
        options=(_TOKEN,),
    ),
    Connector(
        scheme=_TLS,
        form=f"{_TLS}://HOST[:PORT]",
        example=f"{_TLS}://boat.example.org?token-file=/run/secrets/signalk",
        sentence="The same over TLS",
        open=_open,
        connects=True,
        port=443,
        options=(_TOKEN,),
    ),
)
