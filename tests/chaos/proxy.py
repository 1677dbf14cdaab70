"""A network between workers and the broker that damages what it carries, or stands still.

It damages what Kafka's own checksum covers: record batches, from their attributes to their end, in both directions. All
else of the protocol has no checksum: lengths, the offset at which a batch begins, which partition an answer is about,
the group's assignments. Whoever believes a wrong one of them takes a record for another, and nothing in the record
contradicts it. Against that there are TCP's checksum and TLS (``kafka.security_protocol``). What of it can be asked for
twice, or be held against something else, the worker does hold against it (docs/decisions/README.md).
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from random import Random
from typing import Final

from crc32c import crc32c

FLIPS_A_BYTE: Final = 1e-6
_READ_BYTES: Final = 65_536
_LOOK_S: Final = 0.05
_FRAME: Final = struct.Struct(">i")
_BATCH: Final = struct.Struct(">qiibI")
"""Offset at which it begins, bytes that follow these two, leader's epoch, magic, checksum of all that follows."""
_MAGIC, _MAGIC_AT, _LENGTH_FROM = 2, 16, 12


def frames(data: bytes | bytearray) -> int:
    """How many bytes of ``data`` are whole requests or answers."""
    end = 0
    while end + _FRAME.size <= len(data):
        then = end + _FRAME.size + _FRAME.unpack_from(data, end)[0]
        if then > len(data):
            break
        end = then
    return end


def checked(data: bytes) -> Iterator[range]:
    """Where in whole requests or answers bytes lie that the checksum of a record batch covers."""
    at = 0
    while (at := data.find(_MAGIC.to_bytes(), at)) >= 0:
        begin, at = at - _MAGIC_AT, at + 1
        if begin < 0 or begin + _BATCH.size > len(data):
            continue
        _, length, _, _, checksum = _BATCH.unpack_from(data, begin)
        covered = range(begin + _BATCH.size, begin + _LENGTH_FROM + length)
        if covered and covered.stop <= len(data) and crc32c(data[covered.start : covered.stop]) == checksum:
            yield covered
            at = covered.stop


class Proxy:
    """Listens on a port of its own and carries every connection to ``to_port``, until ``close``."""

    def __init__(self, to_port: int, seed: int) -> None:
        self._to_port, self._draw = to_port, Random(seed)
        self._rate = 0.0
        self._flows, self._closed = threading.Event(), threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self.flipped = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def damage(self, flips_a_byte: float = FLIPS_A_BYTE) -> None:
        """From now on bits of record batches are flipped, in both directions."""
        self._rate = flips_a_byte

    def stall(self) -> None:
        """Connections stay open, and nothing is carried."""
        self._flows.clear()

    def flow(self) -> None:
        """The reverse of ``stall``."""
        self._flows.set()

    def close(self) -> None:
        """No more connections."""
        self._closed.set()
        self._flows.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to_port))
                except OSError:
                    near.close()
                    continue
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        held = bytearray()
        with contextlib.suppress(OSError):
            while not self._closed.is_set() and (data := source.recv(_READ_BYTES)):
                held += data
                ready = bytes(held[: frames(held)])
                del held[: len(ready)]
                while not self._flows.wait(_LOOK_S):
                    pass
                sink.sendall(self._damaged(ready))
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _damaged(self, data: bytes) -> bytes:
        """Each byte has the same chance; the distance to the next one that is hit is drawn, not each byte."""
        with self._lock:
            if not self._rate:
                return data
            spoilt = bytearray(data)
            for covered in checked(data):
                at = covered.start + int(self._draw.expovariate(self._rate))
                while at < covered.stop:
                    spoilt[at] ^= 1 << self._draw.randrange(8)
                    self.flipped += 1
                    at += 1 + int(self._draw.expovariate(self._rate))
            return bytes(spoilt)
