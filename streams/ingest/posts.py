"""What a post of a receiver holds: a batch of messages in JSON, messages in lines, or sentences. No server in here.

Source: AIS-catcher's ``HTTPStreamer`` (protocols AISCATCHER, MINIMAL and LIST). A batch names its station once, and
where it is; 0 for a coordinate means that nobody has set it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from streams.ingest.framing import units
from streams.ingest.json_fields import within
from streams.ingest.json_lines import BEGINNINGS, message_units
from streams.ingest.sources.events import Chunk, Refused, SourceEvent, StationPosition
from streams.ingest.tables import UnreadableRow
from streams.nmea.sentence import clean_station

_HEADER_OF_EITHER: Final = 32 + zlib.MAX_WBITS
"""gzip or zlib, by its header."""
_PACKED: Final = ("gzip", "x-gzip", "deflate")
_PLAIN: Final = ("", "identity")
_STATIONS_MOST: Final = 1000
_LAT_END_DEG, _LON_END_DEG = 90.0, 180.0
_SENTENCES: Final = (b"VDM,", b"VDO,")
Message = Mapping[str, object]


class PostError(ValueError):
    """A post that is answered with ``status``; ``str()`` gives the reason."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """The body, unpacked as its Content-Encoding says. Raises PostError, also if it has more than ``most`` bytes."""
    encoding = encoding.strip().lower()
    if encoding in _PACKED:
        try:
            body = zlib.decompressobj(_HEADER_OF_EITHER).decompress(body, most + 1)
        except zlib.error as error:
            raise PostError(HTTPStatus.BAD_REQUEST, f"cannot be unpacked: {error}") from error
    elif encoding not in _PLAIN:
        raise PostError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"unknown encoding {encoding[:40]!a}")
    if len(body) > most:
        raise PostError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {most} bytes")
    return body


class PostReader:
    """Reads the posts of one source. Remembers where stations said they are."""

    def __init__(self) -> None:
        self._positions: dict[str, StationPosition] = {}

    def events(self, body: bytes) -> list[SourceEvent]:
        """The events of one post; none if it is a sign of life. Raises PostError if nothing in it can be read."""
        if not body.strip():
            return []
        try:
            message = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _lines(body)
        if isinstance(message, dict) and isinstance(message.get("msgs"), list):
            return self._batch(message)
        return _messages(message if isinstance(message, list) else [message], "", body)

    def _batch(self, message: Message) -> list[SourceEvent]:
        found = message.get("stationid")
        station = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
        messages = message["msgs"]
        assert isinstance(messages, list)  # events makes sure of it
        return [*self._position(message, station), *(_messages(messages, station, b"") if messages else ())]

    def _position(self, message: Message, station: str) -> list[SourceEvent]:
        """Where the station is, if that is new."""
        lat_deg = within(message.get("station_lat"), -_LAT_END_DEG, _LAT_END_DEG)
        lon_deg = within(message.get("station_lon"), -_LON_END_DEG, _LON_END_DEG)
        if not (station and lat_deg and lon_deg):
            return []
        position = StationPosition(clean_station(station.encode("ascii", "replace")).decode(), lat_deg, lon_deg)
        if self._positions.get(station) == position:
            return []
        if len(self._positions) >= _STATIONS_MOST:
            self._positions.clear()
        self._positions[station] = position
        return [position]


def _messages(messages: list[object], station: str, body: bytes) -> list[SourceEvent]:
    found = [unit for message in messages if isinstance(message, dict) for unit in message_units(message, station)]
    lost: list[SourceEvent] = [Refused(bytes(unit), unit.detail) for unit in found if isinstance(unit, UnreadableRow)]
    lines = b"".join(unit + b"\n" for unit in found if not isinstance(unit, UnreadableRow))
    if body and not found:
        raise PostError(HTTPStatus.BAD_REQUEST, "no AIS messages in this JSON")
    return [*lost, Chunk(lines)]


def _lines(body: bytes) -> list[SourceEvent]:
    """Messages or sentences, one a line. A batch that was cut off is neither: its sentences have no time left."""
    lines = body.strip().replace(b"\r", b"\n").split(b"\n")
    is_json = lines[0].startswith(BEGINNINGS)
    if units(lines[0]) == lines[:1] if is_json else not any(mark in body for mark in _SENTENCES):
        raise PostError(HTTPStatus.BAD_REQUEST, "neither JSON nor sentences")
    return [Chunk(body + b"\n")]
