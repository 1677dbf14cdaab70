"""gpsd: the sentences that its AIS receivers give, or its JSON where there are none.

gpsd passes sentences on as they were received. Where it has none, because a receiver speaks another protocol, it is
asked for JSON after ``_WAIT_S``, and sentences are written from that until one comes. It states no time of reception:
a message counts as received when it arrives here. What is no AIS (positions of the receiver itself, its devices) is
left out.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Generator, Iterator
from threading import Event
from typing import Any, Final

import msgspec
import structlog

from streams.ingest import receiver_json
from streams.ingest.framing import Framer
from streams.ingest.re_encoding import MessageError, ReEncoder
from streams.ingest.sources.connecting import CLOSED, CONNECT_S, ConnectingSource, keep_alive, received
from streams.ingest.sources.connector import ConnectionRules, Connector, OpenRules, SourceUrl
from streams.ingest.sources.events import Chunk, Connected, Heard, Refused, SourceEvent

_PORT: Final = 2947
_LINE_BYTES: Final = 16 * 1024
"""gpsd's own bound is 10,240 characters for a line of JSON."""
_WAIT_S: Final = 30.0
_SENTENCES: Final = b'?WATCH={"enable":true,"nmea":true,"json":false};\n'
_BOTH: Final = b'?WATCH={"enable":true,"nmea":true,"json":true,"scaled":true};\n'
_DECODER: Final[msgspec.json.Decoder[dict[str, Any]]] = msgspec.json.Decoder(dict[str, Any])
_log = structlog.get_logger("ingest.gpsd")


class GpsdSource(ConnectingSource):
    """A client of a gpsd."""

    def __init__(
        self, name: str, host: str, port: int, rules: ConnectionRules, *, line_bytes: int, wait_s: float = _WAIT_S
    ) -> None:
        """``name`` is the station of sentences that are written from JSON; ``line_bytes`` as in the settings."""
        super().__init__(f"{host}:{port}", rules)
        self._name, self._host, self._port = name, host, port
        self._line_bytes = min(line_bytes, _LINE_BYTES)
        self._wait_s = wait_s
        self._encoder = ReEncoder(name)
        self._reported = False

    def connection(self, stop: Event) -> Generator[SourceEvent, None, str]:
        """One connection."""
        with socket.create_connection((self._host, self._port), timeout=CONNECT_S) as connection:
            keep_alive(connection)
            connection.sendall(_SENTENCES)
            yield Connected()
            self._report()
            framer, opened_s, with_json, sentences = Framer(_LINE_BYTES), time.monotonic(), False, False
            for data in received(connection, stop, self._rules.idle_s):
                if data == b"":
                    return CLOSED
                lines = [] if data is None else framer.feed(data)
                if not sentences and any(map(_is_sentence, lines)):
                    sentences = True
                    connection.sendall(_SENTENCES)
                if not (with_json or sentences) and time.monotonic() - opened_s > self._wait_s:
                    with_json = True
                    connection.sendall(_BOTH)
                events = self._events(lines, with_json=with_json and not sentences)
                yield from events
                yield Heard() if data and not events else None
        return ""

    def _report(self) -> None:
        if not self._reported:
            self._reported = True
            _log.info("gpsd states no times: messages count as received when they arrive", source=self._name)

    def _events(self, lines: list[bytes], *, with_json: bool) -> list[Chunk | Refused]:
        """Sentences in one chunk; between them what is written from JSON, or refused, if ``with_json``."""
        found = [line for line in lines if _is_sentence(line)]
        events: list[Chunk | Refused] = [Chunk(b"\n".join([*found, b""]))] if found else []
        for line in lines if with_json else ():
            if line.startswith(b"{"):
                events += self._of_json(line)
        return events

    def _of_json(self, line: bytes) -> Iterator[Chunk | Refused]:
        if len(line) > self._line_bytes:
            yield Refused(line, f"longer than {self._line_bytes} bytes")
            return
        try:
            told = _DECODER.decode(line)
            if told.get("class") != "AIS":
                return
            written = receiver_json.lines_of(told, self._encoder, None)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield Refused(line, "not JSON")
        except MessageError as error:
            yield Refused(line, str(error))
        else:
            if written:
                yield Chunk(b"\n".join([*written, b""]))


def _is_sentence(line: bytes) -> bool:
    return line.startswith((b"!", b"\\"))


def _open(place: SourceUrl, rules: OpenRules) -> GpsdSource:
    line_bytes = rules.settings.ingest.line_bytes
    return GpsdSource(place.name, place.host, place.port, rules.connection, line_bytes=line_bytes)


CONNECTORS: Final = (
    Connector(
        scheme="gpsd",
        form="gpsd://HOST[:PORT]",
        example="gpsd://127.0.0.1",
        sentence="Asks a gpsd for the sentences of its AIS receivers, or for JSON where there are none",
        open=_open,
        connects=True,
        port=_PORT,
    ),
)
