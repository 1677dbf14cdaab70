"""Turns one recording into many fleets: other numbers, and positions possible at the benchmark's speed.

A benchmark sends hours of a recording in seconds, and lines of several years together. Unchanged, a vessel would need
hundreds of knots from fix to fix, and every fleet would send the same IMO numbers. The benchmark would then measure the
handling of inconsistent positions and of several holders of a number, which few reports need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from detectors.core.imo_number import check_digit, is_imo_number
from streams.nmea.checksum import checksum

_ARMOUR: Final = bytes([*range(48, 88), *range(96, 120)])
_SIX_BITS: Final = {code: bits for bits, code in enumerate(_ARMOUR)}
_PAYLOAD, _FIELDS = 5, 7
_FLAG_SIZE: Final = 1_000_000
_LAP: Final = 104_729  # a prime: the vessels of many laps stay apart
_STATIC: Final = 5
_IMO_SERIALS: Final = 100_000
_UNITS_DEG: Final = 600_000
_COARSER: Final = 1000  # type 27 has tenths of a minute


class _Field(NamedTuple):
    """Where a number is in a message: first bit and width."""

    bit: int
    size: int


_TYPE, _MMSI, _IMO = _Field(0, 6), _Field(8, 30), _Field(40, 30)
_PLACES: Final = {
    **dict.fromkeys((1, 2, 3), (_Field(61, 28), _Field(89, 27), 1)),
    **dict.fromkeys((18, 19), (_Field(57, 28), _Field(85, 27), 1)),
    27: (_Field(44, 18), _Field(62, 17), _COARSER),
}
"""By message type: longitude, latitude, and how much coarser than a ten-thousandth of a minute."""


def fresh(lines: list[bytes], lap: int) -> list[bytes]:
    """The lines as sent by other vessels of the same flags; lap 0 is unchanged. Damage stays damage."""
    return [_rewritten(line, lambda fields: _renamed(fields, lap)) for line in lines] if lap else lines


def in_place(lines: list[bytes]) -> list[bytes]:
    """The lines, with every vessel at its first fix; speed and course in its messages stay."""
    first: dict[int, tuple[int, int]] = {}
    return [_rewritten(line, lambda fields: _moved(fields, first)) for line in lines]


class _Payload:
    """The characters of a payload, read and written by field."""

    def __init__(self, characters: bytes) -> None:
        self.characters = bytearray(characters)

    def holds(self, field: _Field) -> bool:
        first, last = _characters(field)
        return last < len(self.characters) and all(c in _SIX_BITS for c in self.characters[first : last + 1])

    def read(self, field: _Field) -> int:
        word, below, _ = self._word(field)
        return word >> below & (1 << field.size) - 1

    def write(self, field: _Field, value: int) -> None:
        word, below, first = self._word(field)
        mask = (1 << field.size) - 1
        word = word & ~(mask << below) | (value & mask) << below
        for at in range(_characters(field)[1], first - 1, -1):
            self.characters[at] = _ARMOUR[word & 63]
            word >>= 6

    def _word(self, field: _Field) -> tuple[int, int, int]:
        """The characters that contain the field as one integer, the bits below the field, and the first character."""
        first, last = _characters(field)
        word = 0
        for code in self.characters[first : last + 1]:
            word = word << 6 | _SIX_BITS[code]
        return word, 6 * (last + 1) - field.bit - field.size, first


def _characters(field: _Field) -> tuple[int, int]:
    return field.bit // 6, (field.bit + field.size - 1) // 6


def _rewritten(line: bytes, change: Callable[[_Payload], None]) -> bytes:
    """The line with its payload changed and the checksum adjusted equally: a wrong one stays wrong."""
    head, bang, sentence = line.rpartition(b"!")
    fields = sentence.split(b",")
    if not bang or len(fields) < _FIELDS or fields[2] != b"1":
        return line
    old = fields[_PAYLOAD]
    payload = _Payload(old)
    if not (payload.holds(_TYPE) and payload.holds(_MMSI)):
        return line
    change(payload)
    new = fields[_PAYLOAD] = bytes(payload.characters)
    body, star, written = b",".join(fields).rpartition(b"*")
    try:
        wrong = int(written[:2], 16) ^ checksum(old) ^ checksum(new)
    except ValueError:
        return line
    return b"%b!%b%b%02X%b" % (head, body, star, wrong, written[2:])


def _renamed(payload: _Payload, lap: int) -> None:
    flag, serial = divmod(payload.read(_MMSI), _FLAG_SIZE)
    payload.write(_MMSI, flag * _FLAG_SIZE + (serial + lap * _LAP) % _FLAG_SIZE)
    if payload.read(_TYPE) == _STATIC and payload.holds(_IMO):
        imo = payload.read(_IMO)
        if imo and is_imo_number(imo):
            first, serial = divmod(imo // 10, _IMO_SERIALS)
            other = 10 * (first * _IMO_SERIALS + (serial + lap * _LAP) % _IMO_SERIALS)
            payload.write(_IMO, other + check_digit(other))


def _moved(payload: _Payload, first: dict[int, tuple[int, int]]) -> None:
    for lon, lat, coarser in _places(payload):
        here = _signed(payload.read(lon), lon) * coarser, _signed(payload.read(lat), lat) * coarser
        if abs(here[0]) > 180 * _UNITS_DEG or abs(here[1]) > 90 * _UNITS_DEG:
            continue
        at = first.setdefault(payload.read(_MMSI), here)
        payload.write(lon, at[0] // coarser)
        payload.write(lat, at[1] // coarser)


def _places(payload: _Payload) -> Iterator[tuple[_Field, _Field, int]]:
    place = _PLACES.get(payload.read(_TYPE))
    if place is not None and payload.holds(place[0]) and payload.holds(place[1]):
        yield place


def _signed(value: int, field: _Field) -> int:
    return value - (1 << field.size) if value >> field.size - 1 else value
