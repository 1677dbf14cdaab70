"""A TCP feed that we connect to, plain or with TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Generator
from threading import Event
from typing import Final

from streams.ingest.sources.connecting import CLOSED, CONNECT_S, ConnectingSource, keep_alive, received
from streams.ingest.sources.connector import ConnectionRules, Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, Connected, SourceEvent
from streams.ingest.sources.tls import client_context


class TcpSource(ConnectingSource):
    """A client of HOST:PORT; with a ``context`` it speaks TLS and verifies the certificate."""

    def __init__(self, host: str, port: int, rules: ConnectionRules, context: ssl.SSLContext | None = None) -> None:
        super().__init__(f"{host}:{port}", rules)
        self._host, self._port, self._context = host, port, context

    def connection(self, stop: Event) -> Generator[SourceEvent, None, str]:
        """One connection."""
        with self._connect() as connection:
            yield Connected()
            for data in received(connection, stop, self._rules.idle_s):
                if data == b"":
                    return CLOSED
                yield None if data is None else Chunk(data)
        return ""

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), timeout=CONNECT_S)
        keep_alive(connection)
        if self._context is None:
            return connection
        try:
            return self._context.wrap_socket(connection, server_hostname=self._host)
        except BaseException:
            connection.close()
            raise


def _open(place: SourceUrl, rules: OpenRules) -> TcpSource:
    context = client_context(rules.settings.ingest.tls_ca_file) if place.kind == "tls" else None
    return TcpSource(place.host, place.port, rules.connection, context)


CONNECTORS: Final = (
    Connector(
        scheme="tcp",
        form="tcp://HOST:PORT",
        example="harbour=tcp://192.0.2.7:5631",
        sentence="Connects and reads lines: NMEA, or a receiver's JSON",
        open=_open,
        connects=True,
    ),
    Connector(
        scheme="tls",
        form="tls://HOST:PORT",
        example="tls://ais.example.org:6514",
        sentence="The same over TLS; the certificate is verified",
        open=_open,
        connects=True,
    ),
)
