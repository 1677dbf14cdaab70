"""A TCP feed that we connect to, for ever: lost connections are retried with full jitter.

A silent connection counts as lost too. Its other end may be gone without notice (a router restarted, a cable pulled),
which TCP's own keepalive finds within ``KEEPALIVE_S``. Or it may be there and send nothing, as with some providers in
an outage: after ``mute_s`` without a byte a new connection is made.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Generator, Iterator
from threading import Event
from typing import Final

import structlog

from streams.ingest.sources.events import Chunk, PeerGone, SourceEvent

_FIRST_S: Final = 0.5
_LEAST_S: Final = 0.05
_CONNECT_S: Final = 10.0
KEEPALIVE_S: Final = 60
"""How long it takes to find that the other end is gone; by default a kernel begins to probe after two hours."""
_PROBES: Final = 3
_READ_BYTES: Final = 64 * 1024
_log = structlog.get_logger("ingest.tcp")


class BackOff:
    """How long to wait before the next try: full jitter up to a bound that doubles with each failure."""

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
        """The last try succeeded."""
        self._failures = 0


def keep_alive(connection: socket.socket) -> None:
    """Makes the kernel probe the other end, and give the connection up after ``KEEPALIVE_S``."""
    every_s = KEEPALIVE_S // (_PROBES + 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", every_s), ("TCP_KEEPINTVL", every_s), ("TCP_KEEPCNT", _PROBES)):
        if hasattr(socket, name):  # not on every platform
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class TcpSource:
    """A client of HOST:PORT."""

    live = True
    waits = True

    def __init__(self, host: str, port: int, *, idle_s: float, back_off: BackOff, mute_s: float) -> None:
        """``mute_s`` 0: a connection may be silent for ever."""
        self._address = (host, port)
        self._mute_s = mute_s
        self._idle_s = idle_s
        self._back_off = back_off

    def close(self) -> None:
        """Nothing is held between events."""

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Chunks, with a PeerGone after each lost connection."""
        while not stop.is_set():
            why = yield from self._connection(stop)
            if stop.is_set():
                return
            wait_s = self._back_off.next_s()
            _log.warning(
                "connection lost", host=self._address[0], port=self._address[1], why=why, retry_s=round(wait_s, 2)
            )
            yield PeerGone("", why)
            yield from self._pause(wait_s, stop)

    def _connection(self, stop: Event) -> Generator[SourceEvent, None, str]:
        """One connection, from beginning to loss; returns why it was lost."""
        yield None
        try:
            with socket.create_connection(self._address, timeout=_CONNECT_S) as connection:
                connection.settimeout(self._idle_s)
                keep_alive(connection)
                heard_s = time.monotonic()
                while not stop.is_set():
                    try:
                        data = connection.recv(_READ_BYTES)
                    except TimeoutError:
                        if 0 < self._mute_s < time.monotonic() - heard_s:
                            self._back_off.reset()  # it was there: no long wait for the next one
                            return f"no data for {self._mute_s:g} s"
                        yield None
                        continue
                    if not data:
                        return "closed by the other side"
                    self._back_off.reset()
                    heard_s = time.monotonic()
                    yield Chunk(data)
        except OSError as error:
            return str(error)
        return ""

    def _pause(self, wait_s: float, stop: Event) -> Iterator[SourceEvent]:
        while wait_s > 0 and not stop.wait(min(wait_s, self._idle_s)):
            wait_s -= self._idle_s
            yield None
