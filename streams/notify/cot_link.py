"""Sends Cursor on Target over UDP, TCP or TLS, and knows what has arrived as far as the network says.

Rules.
1. TCP and TLS: a batch counts as delivered when the other machine has acknowledged its last byte. A connection that the
  other side has closed is noticed before the next batch and opened again. What comes from a server is read and dropped.
2. UDP: a datagram counts as delivered when it is sent. Nothing confirms it, but an address where nothing listens is
  reported by its machine.
3. Every step ends within ``timeout_s``.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from streams.errors import ConfigError, SinkError
from streams.notify.http import within
from streams.settings.cot import CotAddress, CotSettings

_READ_BYTES: Final = 1 << 16
_READS_MOST: Final = 64
_LOOK_S: Final = 0.005
_ACCEPT_S: Final = 1.0
_PACE_S: Final = 0.001
"""Between datagrams: a receiver drops those of a burst that it has no room for."""
_UNSENT: Final = 0x5411
"""SIOCOUTQ of Linux: bytes that the other side has not acknowledged."""


def tls_context(rules: CotSettings) -> ssl.SSLContext:
    """What the server and we show each other. Raises ConfigError, one line, if a file cannot be used."""
    context = ssl.create_default_context()
    name = "ca_file"
    try:
        if rules.ca_file:
            context = ssl.create_default_context(cafile=rules.ca_file)
        name = "certificate_file"
        if rules.certificate_file:
            password = rules.key_password or "-"  # without one OpenSSL would ask on the terminal
            context.load_cert_chain(rules.certificate_file, rules.key_file or None, lambda: password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise ConfigError(f"notify.cot.{name}: {reason}; name PEM files, and the password of the key") from error
    return context


class CotLink:
    """One address. For one thread; call ``close`` at the end."""

    def __init__(
        self, address: CotAddress, timeout_s: float, context: ssl.SSLContext | None = None, server_name: str = ""
    ) -> None:
        """``context``: for TLS; ``server_name``: the name in the server's certificate, if it is not the host's."""
        self.address, self._timeout_s, self._context = address, timeout_s, context
        self._server_name = server_name or address.host
        self._socket: socket.socket | None = None

    def send(self, events: Sequence[bytes], stopping: Callable[[], bool] = lambda: False) -> None:
        """Delivers all of them. Raises SinkError; ``retriable`` unless one is too long for a datagram."""
        work = partial(self._datagrams if self.address.kind == "udp" else self._stream, events)
        try:
            within(self._timeout_s, work, self.close, stopping)
        except OSError as error:
            self.close()
            said = str(error) or type(error).__name__
            raise SinkError(f"{self.address}: {said}", retriable=error.errno != errno.EMSGSIZE) from error

    def connect(self) -> None:
        """Opens the connection, and sends nothing. Raises SinkError."""
        self.send(())

    def close(self) -> None:
        """Closes the connection; the next batch opens another."""
        link, self._socket = self._socket, None
        if link is not None:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()

    def _datagrams(self, events: Sequence[bytes]) -> None:
        if self._socket is None:
            family, kind, protocol, _, place = socket.getaddrinfo(
                self.address.host, self.address.port, type=socket.SOCK_DGRAM
            )[0]
            link = socket.socket(family, kind, protocol)
            self._socket = link
            link.settimeout(self._timeout_s)
            link.connect(place)
        for event in events:
            self._socket.send(event)
            time.sleep(_PACE_S)

    def _stream(self, events: Sequence[bytes]) -> None:
        if self._socket is not None and _has_ended(self._socket):
            self.close()
        if self._socket is None:
            self._socket = self._connected()
        link = self._socket
        if events:
            link.settimeout(self._timeout_s)
            link.sendall(b"".join(events))
            _await_acknowledged(link, self._timeout_s)

    def _connected(self) -> socket.socket:
        link = socket.create_connection((self.address.host, self.address.port), timeout=self._timeout_s)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return link
        with link:  # whatever happens: TLS takes the connection over, and closes it itself if the handshake fails
            secured = self._context.wrap_socket(link, server_hostname=self._server_name)
        try:
            _await_accepted(secured, min(_ACCEPT_S, self._timeout_s))
        except OSError:
            secured.close()
            raise
        return secured


def _has_ended(link: socket.socket) -> bool:
    """Reads what waits, and drops it; whether the other side has closed the connection."""
    link.settimeout(0)
    for _ in range(_READS_MOST):
        try:
            if not link.recv(_READ_BYTES):
                return True
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
    return False


def _await_accepted(link: ssl.SSLSocket, limit_s: float) -> None:
    """Raises OSError if the server rejects our certificate: since TLS 1.3 it says so after the handshake.

    A server that accepts it usually says so too, with session tickets; one that sends nothing costs ``limit_s`` once.
    """
    if select.select([link], [], [], limit_s)[0]:
        link.settimeout(0)
        try:
            if not link.recv(_READ_BYTES):
                raise ConnectionResetError("the server closed the connection after the handshake")
        except ssl.SSLWantReadError:
            return


def _await_acknowledged(link: socket.socket, timeout_s: float) -> None:
    """Waits until the other machine has all bytes. Raises OSError if it does not, or rejects them."""
    deadline_s = time.monotonic() + timeout_s
    while (left := _unacknowledged(link)) > 0:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{left} bytes are not acknowledged within {timeout_s:g} s")
        select.select([], [], [], _LOOK_S)
    failed = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failed:
        raise OSError(failed, "the connection was reset")


def _unacknowledged(link: socket.socket) -> int:
    """Bytes that are on their way; 0 on a system that does not say."""
    try:
        import fcntl

        return int(struct.unpack("i", fcntl.ioctl(link.fileno(), _UNSENT, b"\0\0\0\0"))[0])
    except (ImportError, OSError):
        return 0
