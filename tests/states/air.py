"""What the sources hear: twenty ships each, once a second, in a thread of its own. A source can be muted or misset."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Final

from tests.ops import feed
from tests.ops.programs import PATIENCE_S

_BEAT_S: Final = 1.0
_CONNECTS_S: Final = 300.0
"""Far more than ingest takes: a busy machine is not what is looked at here."""


class Source:
    """A receiver that ingest connects to."""

    def __init__(self, name: str) -> None:
        self.name, self.muted, self.clock_off_s = name, False, 0.0
        self._listens = socket.create_server(("127.0.0.1", 0))
        self._listens.settimeout(_CONNECTS_S)
        self._line: socket.socket | None = None

    @property
    def url(self) -> str:
        """What ingest is called with."""
        return f"{self.name}=tcp://127.0.0.1:{self._listens.getsockname()[1]}"

    def accept(self) -> None:
        """Waits for ingest to connect."""
        self._line, _ = self._listens.accept()

    def say(self, piece: bytes) -> None:
        """Sends; an ingest that is gone is another state's matter."""
        with suppress(OSError):
            if self._line is not None:
                self._line.sendall(piece)

    def close(self) -> None:
        for one in (self._line, self._listens):
            if one is not None:
                one.close()


class Air:
    """All sources, heard once a second until it is closed."""

    def __init__(self, *names: str) -> None:
        self.sources = {name: Source(name) for name in names}
        self._arrived: list[int] = []
        self._next_mmsi = 206_000_000
        self._lock, self._stop = Lock(), Event()
        self._thread = Thread(target=self._run, name="air", daemon=True)

    def begin(self) -> None:
        """Ingest connects, hears the last three hours at once, and then what is heard now."""
        for source in self.sources.values():
            source.accept()
        next(iter(self.sources.values())).say(feed.past(int(time.time())))
        self._thread.start()

    def arrive(self, ships: int = 1) -> None:
        """Ships that nobody has heard before lie in a sanctioned port: a ticket each."""
        with self._lock:
            self._arrived += range(self._next_mmsi, self._next_mmsi + ships)
            self._next_mmsi += ships

    def _run(self) -> None:
        while not self._stop.wait(_BEAT_S):
            with self._lock:
                arrived = list(self._arrived)
            for source in self.sources.values():
                if not source.muted:
                    now_s = time.time() + source.clock_off_s
                    source.say(feed.now(now_s, angara=False) + b"".join(feed.moored(now_s, one) for one in arrived))

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE_S)
        for source in self.sources.values():
            source.close()
