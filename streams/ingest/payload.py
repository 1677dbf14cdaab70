"""What ingest itself reads of a payload: who states which IMO number, and where a ship is. Not a decoder.

Fields are those of ITU-R M.1371-5, annex 8. A payload is a string of armoured characters, six bits each; for a message
of several parts the first part is enough.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from datetime import UTC, datetime
from typing import Final, NamedTuple

from detectors.core import message_types

_ZERO: Final = ord("0")
STATEMENT: Final = b"5"
"""First character of the message that states an IMO number (type 5)."""
_LONG_RANGE_CHAR: Final = message_types.LONG_RANGE_TYPE + _ZERO
_PLACES: Final = {
    row.number + _ZERO: row.place
    for row in message_types.TABLE
    if row.number in message_types.POSITIONS_OF_SHIPS and row.place is not None
}
"""By a message's first character, the bit at which its longitude begins."""
POSITIONS: Final = frozenset(bytes((char,)) for char in _PLACES)
"""First characters of messages that state where a ship is."""
PER_DEG: Final = 600_000
_FINER: Final = 1000  # a tenth of a minute in ten-thousandths
_LAT_MOST, _LON_MOST = 90 * PER_DEG, 180 * PER_DEG
_NO_SOG, _NO_SOG_27, _NO_COG = 1023, 63, 360
_DIGITS: Final = 5
_ARMOUR: Final = bytes([*range(48, 88), *range(96, 120)])
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_BASE64: Final = bytes.maketrans(_ARMOUR, _BASE64)
_TEXT: Final = bytes.maketrans(_BASE64, b"@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?")
_BITS: Final = 6
_BASE_STATION: Final = b"4"
_UTC_FIELDS: Final = ((38, 14), (52, 4), (56, 5), (61, 5), (66, 6), (72, 6))
"""Year to second of type 4: first bit and size."""
_SECONDS: Final = {b"1": 137, b"2": 137, b"3": 137, b"B": 133}
"""By a message's first character, the first bit of its UTC second."""
_NO_SECOND: Final = 60
_MS: Final = 1000
_IMO_CHARS, PLACE_CHARS, _SAID_CHARS = 12, 24, 44


Point = tuple[int, int]
"""Latitude and longitude in ten-thousandths of a minute, as they are sent."""


class PayloadPosition(NamedTuple):
    """Where a ship is and how it moves; an unknown speed or course is None."""

    lat_deg: float
    lon_deg: float
    sog_kn: float | None
    cog_deg: float | None


class Statement(NamedTuple):
    """What a ship states about itself; unknown is None."""

    name: str | None
    ship_type: int | None
    length_m: int | None


def base_station_ms(payload: bytes) -> int | None:
    """The UTC time that a base station transmits (type 4), Unix ms; None if it has none, or in another message."""
    if payload[:1] != _BASE_STATION or len(payload) < PLACE_CHARS:
        return None
    bits = _bits(payload, PLACE_CHARS)
    year, month, day, hour, minute, second = (_unsigned(bits, start, size) for start, size in _UTC_FIELDS)
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * _MS
    except ValueError:
        return None


def second_of(payload: bytes) -> int | None:
    """The UTC second of a position (types 1, 2, 3 and 18); None if it is not stated, or in another message."""
    if payload[:1] not in _SECONDS or len(payload) < PLACE_CHARS:
        return None
    second = _unsigned(_bits(payload, PLACE_CHARS), _SECONDS[payload[:1]], 6)
    return second if second < _NO_SECOND else None


def imo_of(payload: bytes) -> int:
    """The IMO number that a type 5 states."""
    return _bits(payload, _IMO_CHARS) >> 2 & (1 << 30) - 1


def statement_of(payload: bytes) -> Statement:
    """What else a type 5 states."""
    bits = _bits(payload, _SAID_CHARS) >> _SAID_CHARS * _BITS - 258  # up to the stern
    length_m, ship_type = (bits >> 9 & 511) + (bits & 511), bits >> 18 & 255
    letters = b2a_base64((bits >> 26 & (1 << 120) - 1).to_bytes(15, "big"), newline=False).translate(_TEXT)
    name = letters.split(b"@", 1)[0].rstrip().decode()
    return Statement(name or None, ship_type or None, length_m or None)


def point_of(payload: bytes) -> Point | None:
    """The position of the sender in a position report; None if it gives none."""
    bits = _bits(payload, PLACE_CHARS)
    if payload[0] == _LONG_RANGE_CHAR:
        lon, lat = _signed(bits, 44, 18) * _FINER, _signed(bits, 62, 17) * _FINER
    else:
        start = _PLACES[payload[0]]
        lon, lat = _signed(bits, start, 28), _signed(bits, start + 28, 27)
    return (lat, lon) if -_LAT_MOST <= lat <= _LAT_MOST and -_LON_MOST <= lon <= _LON_MOST else None


def place_of(payload: bytes, point: Point) -> PayloadPosition:
    """The same in readable form, with how the sender moves; ``point`` is that of the payload."""
    bits = _bits(payload, PLACE_CHARS)
    if payload[0] == _LONG_RANGE_CHAR:
        speed, course, per = _unsigned(bits, 79, 6), _unsigned(bits, 85, 9), 1
        sog_kn, cog_deg = None if speed == _NO_SOG_27 else float(speed), float(course)
    else:
        start = _PLACES[payload[0]]
        speed, course, per = _unsigned(bits, start - 11, 10), _unsigned(bits, start + 55, 12), 10
        sog_kn, cog_deg = None if speed == _NO_SOG else speed / 10, course / 10
    return PayloadPosition(
        round(point[0] / PER_DEG, _DIGITS),
        round(point[1] / PER_DEG, _DIGITS),
        sog_kn,
        cog_deg if course < _NO_COG * per else None,
    )


def _bits(payload: bytes, characters: int) -> int:
    """The first characters (a multiple of four) as one number; missing bits of the payload are 0."""
    return int.from_bytes(a2b_base64(payload[:characters].ljust(characters, b"0").translate(_TO_BASE64)), "big")


def _unsigned(bits: int, start: int, size: int) -> int:
    return bits >> PLACE_CHARS * _BITS - start - size & (1 << size) - 1


def _signed(bits: int, start: int, size: int) -> int:
    value = _unsigned(bits, start, size)
    return value - (1 << size) if value >> size - 1 else value
