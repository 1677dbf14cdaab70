"""Sources that connect to someone, for ever: what they share.

A lost connection is tried again with full jitter. A silent one counts as lost too. Its other end may be gone without
notice (a router restarted, a cable pulled), which TCP's own keepalive finds within ``KEEPALIVE_S``. Or it may be there
and send nothing, as with some providers in an outage: after ``mute_s`` without a byte a new connection is made.
A fault in a connection, such as an error that a library was not expected to raise, is a loss of that connection.
"""

from __future__ import annotations

import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from threading import Event
from typing import Final

import structlog

from streams.errors import WakewatchError
from streams.ingest.sources.connector import ConnectionRules
from streams.ingest.sources.events import Chunk, Connected, FromTopic, Heard, PeerGone, Refused, SourceEvent

CONNECT_S: Final = 10.0
"""How long a connection may take to open."""
OPEN_MOST_S: Final = 30.0
"""How long it may take until a connection is ready, with all that is said first."""
KEEPALIVE_S: Final = 60
"""How long it takes to find that the other end is gone; by default a kernel begins to probe after two hours."""
_PROBES: Final = 3
_READ_BYTES: Final = 64 * 1024
CLOSED: Final = "closed by the other side"
_log = structlog.get_logger("ingest.connection")


def keep_alive(connection: socket.socket) -> None:
    """Makes the kernel probe the other end, and give the connection up after ``KEEPALIVE_S``."""
    every_s = KEEPALIVE_S // (_PROBES + 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", every_s), ("TCP_KEEPINTVL", every_s), ("TCP_KEEPCNT", _PROBES)):
        if hasattr(socket, name):  # not on every platform
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def received(connection: socket.socket, stop: Event, idle_s: float) -> Iterator[bytes | None]:
    """What comes, until ``stop`` is set; None if nothing came for ``idle_s``; b"" at last, if the other side closes."""
    connection.settimeout(idle_s)
    data: bytes | None = None
    while not stop.is_set() and data != b"":
        try:
            data = connection.recv(_READ_BYTES)
        except TimeoutError:
            data = None
        yield data


class LaterError(OSError):
    """The other side asks to come back after ``wait_s`` seconds or later."""

    def __init__(self, why: str, wait_s: float) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class ConnectingSource(ABC):
    """A client of one address. A subclass says what one connection is."""

    live = True
    waits = True
    resumes = False

    def __init__(self, address: str, rules: ConnectionRules) -> None:
        """``address`` is shown in the log: it must hold no secret."""
        self._address = address
        self._rules = rules

    @abstractmethod
    def connection(self, stop: Event) -> Generator[SourceEvent, None, str]:
        """One connection, from beginning to loss; returns why it was lost.

        Yields Connected when it is open, and something at least every ``idle_s`` seconds; ends soon after ``stop`` is
        set; closes the connection when it is closed itself. Raises OSError for a loss, which is tried again
        (LaterError: not before some time); WakewatchError if another try is no use.
        """

    def close(self) -> None:  # noqa: B027 - most subclasses hold nothing
        """Nothing is held between events."""

    def events(self, stop: Event) -> Iterator[SourceEvent]:
        """The events of one connection after the other, with a PeerGone after each."""
        while not stop.is_set():
            yield None
            why, least_s = yield from self._until_lost(stop)
            if stop.is_set():
                return
            wait_s = least_s + self._rules.back_off.next_s()
            _log.warning("connection lost", address=self._address, why=why, retry_s=round(wait_s, 2))
            yield PeerGone("", why)
            yield from self._pause(wait_s, stop)

    def _until_lost(self, stop: Event) -> Generator[SourceEvent, None, tuple[str, float]]:
        """One connection; returns why it was lost, and the least time to wait before the next one, s."""
        connection = self.connection(stop)
        try:
            return (yield from self._while_heard(connection, stop)), 0.0
        except LaterError as error:
            return str(error), error.wait_s
        except OSError as error:
            return str(error) or type(error).__name__, 0.0
        except WakewatchError:
            raise
        except Exception as fault:  # noqa: BLE001  # whatever it is: other sources must not stop for it
            _log.exception("connection failed", address=self._address)
            return f"{type(fault).__name__}: {fault}", 0.0
        finally:
            connection.close()

    def _while_heard(
        self, connection: Generator[SourceEvent, None, str], stop: Event
    ) -> Generator[SourceEvent, None, str]:
        """What a connection gives, until it ends or is silent for too long; returns why it ended."""
        mute_s, heard_s, is_open = self._rules.mute_s, time.monotonic(), False
        while not stop.is_set():
            try:
                event = next(connection)
            except StopIteration as end:
                return str(end.value)
            if isinstance(event, Chunk | Refused | FromTopic | Heard):
                self._rules.back_off.reset()
            if isinstance(event, Chunk | Refused | FromTopic | Heard | Connected):
                heard_s, is_open = time.monotonic(), True
            elif not is_open and time.monotonic() - heard_s > OPEN_MOST_S:
                return f"not connected after {OPEN_MOST_S:g} s"
            elif is_open and 0 < mute_s < time.monotonic() - heard_s:
                self._rules.back_off.reset()  # it was there: no long wait for the next one
                return f"no data for {mute_s:g} s"
            yield event
        return (yield from connection)  # what came before the stop

    def _pause(self, wait_s: float, stop: Event) -> Iterator[SourceEvent]:
        idle_s = self._rules.idle_s
        while wait_s > 0 and not stop.wait(min(wait_s, idle_s)):
            wait_s -= idle_s
            yield None
