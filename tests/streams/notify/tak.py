"""A TAK server for tests: it accepts connections or datagrams, and reads events as a client of TAK does."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from typing import Any
from xml.etree import ElementTree as ET

from detectors.core.units import unix_ms

FIELDS = {"version", "uid", "type", "how", "time", "start", "stale"}
TYPE = re.compile(r"[a-z](-[A-Za-z0-9]+)+")


class Event:
    """One event, read strictly: what is missing or of another form fails."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        root = ET.fromstring(text)
        assert root.tag == "event" and set(root.attrib) == FIELDS, root.attrib
        assert root.get("version") == "2.0" and TYPE.fullmatch(root.attrib["type"])
        assert [child.tag for child in root] == ["point", "detail"]
        self.uid, self.type, self.how = root.attrib["uid"], root.attrib["type"], root.attrib["how"]
        self.time_ms, self.start_ms, self.stale_ms = (unix_ms(root.attrib[name]) for name in ("time", "start", "stale"))
        assert self.start_ms <= self.time_ms <= self.stale_ms
        point = root.find("point")
        assert point is not None and set(point.attrib) == {"lat", "lon", "hae", "ce", "le"}
        self.point: dict[str, float] = {name: float(value) for name, value in point.attrib.items()}
        assert abs(self.point["lat"]) <= 90 and abs(self.point["lon"]) <= 180
        self.detail = root[1]

    def of(self, name: str) -> dict[str, Any]:
        """Attributes of a part of the detail; empty if there is none."""
        found = self.detail.find(name)
        return {} if found is None else dict(found.attrib)

    @property
    def remarks(self) -> str:
        return self.detail.findtext("remarks") or ""


def events_of(stream: bytes) -> list[Event]:
    """The events of a stream: each ends at its closing tag."""
    return [Event(text) for text in re.findall(rb"<\?xml.*?</event>", stream, re.DOTALL)]


class TakServer:
    """Accepts connections at a port of the loopback; with a ``context`` TLS."""

    def __init__(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self.received = b""
        self.connections: list[socket.socket] = []
        self.opened = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(link,), daemon=True).start()

    def _read(self, link: socket.socket) -> None:
        with contextlib.suppress(OSError), link:
            spoken = link if self._context is None else self._context.wrap_socket(link, server_side=True)
            with spoken:
                self.connections.append(spoken)
                self.opened += 1
                spoken.sendall(b"<event uid='ping'/>")  # a server speaks too
                while data := spoken.recv(65536):
                    self.received += data

    @property
    def events(self) -> list[Event]:
        return events_of(self.received)

    def drop(self) -> None:
        """Closes all connections."""
        for link in self.connections:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def close(self) -> None:
        self._listener.close()
        self.drop()


class TakGroup:
    """Receives datagrams."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.events: list[Event] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while text := self._socket.recv(65536):
                self.events.append(Event(text))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
