"""A TCP feed that we connect to, for ever: lost connections are tried again with full jitter."""

from __future__ import annotations

import random
import socket
from collections.abc import Generator, Iterator
from threading import Event
from typing import Final

import structlog

from streams.ingest.sources.events import Chunk, HungUp, SourceEvent

_FIRST_S: Final = 0.5
_LEAST_S: Final = 0.05
_CONNECT_S: Final = 10.0
_READ_BYTES: Final = 64 * 1024
_log = structlog.get_logger("ingest.tcp")


class BackOff:
    """How long to wait before the next try: full jitter, anything up to a bound that doubles with each failure."""

    def __init__(self, most_s: float, seed: int | None = None) -> None:
        self._most_s = most_s
        self._failures = 0
        self._random = random.Random(seed)  # noqa: S311  # spreads clients; nothing secret

    def next_s(self) -> float:
        """Seconds to wait now."""
        bound_s = min(self._most_s, _FIRST_S * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return max(_LEAST_S, self._random.uniform(0, bound_s))

    def reset(self) -> None:
        """The last try went well."""
        self._failures = 0


class TcpSource:
    """A client of HOST:PORT."""

    live = True
    waits = True

    def __init__(self, host: str, port: int, *, idle_s: float, back_off: BackOff) -> None:
        self._address = (host, port)
        self._idle_s = idle_s
        self._back_off = back_off

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Chunks, with a HungUp after each lost connection."""
        while not stop.is_set():
            why = yield from self._connection(stop)
            if stop.is_set():
                return
            wait_s = self._back_off.next_s()
            _log.warning("feed lost", host=self._address[0], port=self._address[1], why=why, retry_s=round(wait_s, 2))
            yield HungUp("", why)
            yield from self._pause(wait_s, stop)

    def _connection(self, stop: Event) -> Generator[SourceEvent, None, str]:
        """One connection, from its making to its loss; returns why it was lost."""
        yield None
        try:
            with socket.create_connection(self._address, timeout=_CONNECT_S) as connection:
                connection.settimeout(self._idle_s)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                while not stop.is_set():
                    try:
                        data = connection.recv(_READ_BYTES)
                    except TimeoutError:
                        yield None
                        continue
                    if not data:
                        return "closed by the other side"
                    self._back_off.reset()
                    yield Chunk(data)
        except OSError as error:
            return str(error)
        return ""

    def _pause(self, wait_s: float, stop: Event) -> Iterator[SourceEvent]:
        while wait_s > 0 and not stop.wait(min(wait_s, self._idle_s)):
            wait_s -= self._idle_s
            yield None
