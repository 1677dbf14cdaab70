"""UDP datagrams. Each is framed on its own: a sentence never spans two."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from threading import Event
from typing import Final

from streams.errors import ConfigError
from streams.ingest.sources.events import Chunk, SourceEvent

_DATAGRAM_BYTES: Final = 65_536
_GATHERED: Final = 500
_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""Asked of the kernel: what it keeps while we are busy (it may grant less)."""


class UdpSource:
    """A bound socket; ``port`` is the real one, also where 0 was asked for."""

    live = True
    waits = False

    def __init__(self, host: str, port: int, *, idle_s: float) -> None:
        self._idle_s = idle_s
        try:
            self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._socket.bind((host, port))
        except OSError as error:
            raise ConfigError(f"udp://{host}:{port}: {error.strerror}; choose a free port of ours") from error
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """Datagrams, those that have come meanwhile together, each closed with a line end."""
        with self._socket:
            while not stop.is_set():
                if not select.select([self._socket], [], [], self._idle_s)[0]:
                    yield None
                    continue
                datagrams = self._gather()
                if datagrams:
                    yield Chunk(b"\n".join([*datagrams, b""]))

    def _gather(self) -> list[bytes]:
        datagrams: list[bytes] = []
        while len(datagrams) < _GATHERED:
            try:
                datagrams.append(self._socket.recv(_DATAGRAM_BYTES))
            except OSError:  # nothing more now, or an ICMP answer to something else
                break
        return datagrams
