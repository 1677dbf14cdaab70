"""TCP peers that connect to us. Each has its own lines."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from threading import Event
from typing import Final

import structlog

from streams.errors import ConfigError
from streams.ingest.sources.connecting import CLOSED, keep_alive
from streams.ingest.sources.connector import Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, Connected, PeerGone, SourceEvent

PEERS_MOST: Final = 256
_READ_BYTES: Final = 64 * 1024
_PAUSE_S: Final = 1.0
"""Before peers are accepted again after an error of this machine."""
_log = structlog.get_logger("ingest.listen")


class ListenSource:
    """A listening socket, bound at once: ``port`` is the real one, also if 0 was requested."""

    live = True
    waits = True
    resumes = False

    def __init__(self, host: str, port: int, *, idle_s: float) -> None:
        self._idle_s = idle_s
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise ConfigError(
                f"tcp-listen://{host}:{port}: {error.strerror}; choose a free port of this machine"
            ) from error
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._paused_s: float | None = None
        """When peers are accepted again; None: now."""

    def close(self) -> None:
        """Releases the port."""
        self._socket.close()

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Chunks of all peers, with a PeerGone for each that leaves."""
        with selectors.DefaultSelector() as selector, self._socket:
            selector.register(self._socket, selectors.EVENT_READ)
            try:
                while not stop.is_set():
                    self._accept_again(selector)
                    ready = selector.select(self._idle_s)
                    if not ready:
                        yield None
                    for key, _ in ready:
                        yield self._ready(selector, key)
            finally:
                for key in list(selector.get_map().values()):
                    if isinstance(key.fileobj, socket.socket):
                        key.fileobj.close()

    def _ready(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> SourceEvent:
        if key.fileobj is self._socket:
            return self._accept(selector)
        peer, connection = str(key.data), key.fileobj
        assert isinstance(connection, socket.socket)  # only it is registered
        why = CLOSED
        try:
            data = connection.recv(_READ_BYTES)
        except OSError as error:
            data, why = b"", str(error)
        if data:
            return Chunk(data, peer)
        selector.unregister(connection)
        connection.close()
        _log.info("peer disconnected", peer=peer, why=why)
        return PeerGone(peer, why)

    def _accept_again(self, selector: selectors.BaseSelector) -> None:
        if self._paused_s is not None and time.monotonic() >= self._paused_s:
            self._paused_s = None
            selector.register(self._socket, selectors.EVENT_READ)

    def _accept(self, selector: selectors.BaseSelector) -> Connected | None:
        try:
            connection, address = self._socket.accept()
        except (BlockingIOError, ConnectionError):  # the peer has left again
            return None
        except OSError as error:  # such as no free file descriptor: it would be ready again at once
            _log.warning("no peer can be accepted", why=error.strerror, retry_s=_PAUSE_S)
            selector.unregister(self._socket)
            self._paused_s = time.monotonic() + _PAUSE_S
            return None
        if len(selector.get_map()) > PEERS_MOST:
            _log.warning("peer rejected: too many", peer=address[0], most=PEERS_MOST)
            connection.close()
            return None
        connection.setblocking(False)
        keep_alive(connection)  # a peer that is gone without notice would keep its place
        peer = f"{address[0]}:{address[1]}"
        selector.register(connection, selectors.EVENT_READ, peer)
        return Connected(peer)


def _open(place: SourceUrl, rules: OpenRules) -> ListenSource:
    return ListenSource(place.host, place.port, idle_s=rules.idle_s)


CONNECTORS: Final = (
    Connector(
        scheme="tcp-listen",
        form="tcp-listen://[HOST]:PORT",
        example="tcp-listen://:5631",
        sentence="Waits for connections and reads lines, as tcp://",
        open=_open,
        connects=True,
        host="127.0.0.1",
        listens=True,
    ),
)
