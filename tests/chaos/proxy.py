"""A network between workers and the broker that damages what it carries, or stands still."""

import contextlib
import socket
import threading
from random import Random
from typing import Final

FLIPS_A_BYTE: Final = 1e-6
_READ_BYTES: Final = 65_536
_LOOK_S: Final = 0.05


class Proxy:
    """Listens on a port of its own and carries every connection to ``to_port``, until ``close``."""

    def __init__(self, to_port: int, seed: int) -> None:
        self._to_port, self._draw = to_port, Random(seed)
        self._rate = 0.0
        self._flows, self._closed = threading.Event(), threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self.flipped = self.carried = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def damage(self, flips_a_byte: float = FLIPS_A_BYTE) -> None:
        """From now on bits are flipped, in both directions."""
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
        with contextlib.suppress(OSError):
            while not self._closed.is_set() and (data := source.recv(_READ_BYTES)):
                while not self._flows.wait(_LOOK_S):
                    pass
                sink.sendall(self._damaged(data))
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _damaged(self, data: bytes) -> bytes:
        """Each byte has the same chance; the distance to the next one that is hit is drawn, not each byte."""
        with self._lock:
            self.carried += len(data)
            if not self._rate:
                return data
            spoilt, at = bytearray(data), int(self._draw.expovariate(self._rate))
            while at < len(spoilt):
                spoilt[at] ^= 1 << self._draw.randrange(8)
                self.flipped += 1
                at += 1 + int(self._draw.expovariate(self._rate))
            return bytes(spoilt)
