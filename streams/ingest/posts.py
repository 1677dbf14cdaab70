"""What a post of a receiver holds: a batch of messages in JSON, messages in lines, or sentences. No server in here.

Source: AIS-catcher's ``HTTPStreamer`` (protocols AISCATCHER, MINIMAL and LIST). A batch names its station once, and
where it is; 0 for a coordinate means that nobody has set it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from streams.ingest.json_fields import as_bytes, shown, within
from streams.ingest.json_lines import is_message, message_units, objects_of
from streams.ingest.sources.events import Chunk, Refused, SourceEvent, StationPosition
from streams.ingest.tables import UnreadableRow
from streams.nmea.sentence import clean_station

_HEADER_OF_EITHER: Final = 32 + zlib.MAX_WBITS
"""gzip or zlib, by its header."""
_PACKED: Final = ("gzip", "x-gzip", "deflate")
_PLAIN: Final = ("", "identity")
_MEMBERS_MOST: Final = 1000
_PIECE_BYTES: Final = 64 * 1024
_STATIONS_MOST: Final = 1000
_LAT_END_DEG, _LON_END_DEG = 90.0, 180.0
_SENTENCES: Final = (b"VDM,", b"VDO,")
_OTHER_LINE: Final = re.compile(rb"[^{\[]*[!$#]")
"""A sentence of any kind or a comment, among lines of JSON."""
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
            body = b"".join(_pieces(body, most))
        except zlib.error as error:
            raise PostError(HTTPStatus.BAD_REQUEST, f"cannot be unpacked: {error}") from error
    elif encoding not in _PLAIN:
        raise PostError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"unknown encoding {encoding[:40]!a}")
    if len(body) > most:
        raise PostError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {most} bytes")
    return body


def _pieces(packed: bytes, most: int) -> Iterator[bytes]:
    """What the members of a packed body hold, at most one byte more than ``most``. Raises PostError and zlib.error.

    The input is given in pieces: what follows a member is copied, and a body may have many members. Zeros after the
    last one are padding: no member begins with one.
    """
    at, members = 0, 0
    while at < len(packed):
        if packed[at] == 0 and packed.count(0, at) == len(packed) - at:
            return
        member, members = zlib.decompressobj(_HEADER_OF_EITHER), members + 1
        if members > _MEMBERS_MOST:
            raise PostError(HTTPStatus.BAD_REQUEST, f"more than {_MEMBERS_MOST} packed members")
        while not member.eof:
            given = member.unconsumed_tail or packed[at : at + _PIECE_BYTES]
            if not given:
                raise PostError(HTTPStatus.BAD_REQUEST, "cut off: the packed data has no end")
            at += 0 if member.unconsumed_tail else len(given)
            piece = member.decompress(given, most + 1)
            most -= len(piece)
            yield piece
            if most < 0:
                return
        at -= len(member.unused_data)


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
        return _events(_units(message if isinstance(message, list) else [message], ""))

    def _batch(self, message: Message) -> list[SourceEvent]:
        found = message.get("stationid")
        station = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
        messages = message["msgs"]
        assert isinstance(messages, list)  # events makes sure of it
        events = _events(_units(messages, station)) if messages else []
        return [*self._position(message, station), *events]

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


def _units(elements: list[object], station: str) -> list[bytes]:
    """What the elements of a list give: lines of the core, and an UnreadableRow for one that gives nothing."""
    return [unit for element in elements for unit in _units_of(element, station)]


def _units_of(element: object, station: str) -> list[bytes]:
    if not isinstance(element, dict):
        return [UnreadableRow(as_bytes(element), f"{shown(element)} is not a JSON object")]
    if found := message_units(element, station):
        return found
    raw = as_bytes(element)
    return [raw if is_message(element) else UnreadableRow(raw, "not an AIS message")]


def _events(units: list[bytes]) -> list[SourceEvent]:
    """Raises PostError if none of the units can be read."""
    lost = [unit for unit in units if isinstance(unit, UnreadableRow)]
    if len(lost) == len(units):
        raise PostError(HTTPStatus.BAD_REQUEST, f"no AIS messages in this JSON: {lost[0].detail if lost else 'empty'}")
    lines = b"".join(unit + b"\n" for unit in units if not isinstance(unit, UnreadableRow))
    return [*(Refused(bytes(unit), unit.detail) for unit in lost), Chunk(lines)]


def _lines(body: bytes) -> list[SourceEvent]:
    """Messages or sentences, one a line. A batch that was cut off is neither: its sentences have no time left."""
    lines = body.strip().replace(b"\r", b"\n").split(b"\n")
    if lines[0][:1] in (b"{", b"["):
        if not objects_of(lines[0]):
            raise PostError(HTTPStatus.BAD_REQUEST, "neither JSON nor sentences")
        return _events([unit for line in lines if line.strip() for unit in _units_of_line(line.strip())])
    if not any(mark in body for mark in _SENTENCES):
        raise PostError(HTTPStatus.BAD_REQUEST, "neither JSON nor sentences")
    return [Chunk(body + b"\n")]


def _units_of_line(line: bytes) -> list[bytes]:
    if _OTHER_LINE.match(line):
        return [line]
    objects = objects_of(line)
    return _units([*objects], "") if objects else [UnreadableRow(line, "not a JSON object")]
