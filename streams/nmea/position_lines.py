"""Position reports of types 1 to 4 and 18 as lines with tag blocks, many at once, byte for byte as by ``encoder``.

Each of these messages has 168 bits: 28 armoured characters, so all lines of one station and of times with 13 digits
have one length.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.nmea import byte_words
from streams.nmea.checksum import checksum

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

TIME_FROM_MS: Final = 10**12
"""From 2001 on a time has 13 digits; earlier lines are written one by one."""
BASE, CLASS_B = 4, 18
_CHARS: Final = 28
_WORD_BITS, _PAIR_BITS, _CHAR_BITS = 60, 12, 6
_DIGITS: Final = 13
_HEAD, _TAIL = b"!AIVDM,1,1,,A,", b",0*"
_PER_DEG: Final = 600_000
_NO_SOG, _NO_COG, _NO_HEADING, _NO_TURN, _NO_SECOND = 1023, 3600, 511, 0x80, 60
_ARMOUR: Final = np.array([n + 48 if n < 40 else n + 56 for n in range(64)], np.uint8)  # noqa: PLR2004  # ITU-R M.1371
_PAIRS: Final = np.stack([np.repeat(_ARMOUR, 64), np.tile(_ARMOUR, 64)], axis=1).copy().view("<u2")[:, 0]
"""By twelve bits: two characters."""

Field = tuple[Words | int, int]
"""Values and their width in bits."""


class PositionColumns(NamedTuple):
    """One report per row; NaN is unknown. Latitude is within 91 degrees, longitude within 181."""

    time_ms: Ints
    """From TIME_FROM_MS on."""
    mmsi: Ints
    type: Ints
    """1, 2, 3, 4 or 18."""
    status: Ints
    lat_deg: Floats
    lon_deg: Floats
    sog_kn: Floats
    """0 to below 102.3."""
    cog_deg: Floats
    heading_deg: Floats

    def rows(self, chosen: Ints) -> PositionColumns:
        """Some of the rows."""
        return PositionColumns(*(column[chosen] for column in self))  # type: ignore[arg-type]  # same columns


def position_lines(columns: PositionColumns, station: bytes) -> npt.NDArray[np.void]:
    """The lines, each with its end, as one array of rows of bytes."""
    count = len(columns.mmsi)
    tag = b"\\s:%b,c:" % station
    time_at = len(tag)
    tag_end = time_at + _DIGITS
    payload_at = tag_end + 4 + len(_HEAD)
    close_at = payload_at + _CHARS
    blank = tag + b"0" * _DIGITS + b"*00\\" + _HEAD + b"0" * _CHARS + _TAIL + b"00\n"
    lines = np.tile(np.frombuffer(blank, np.uint8), count)
    begin = np.arange(count) * len(blank)
    tag_xor = byte_words.write_digits(lines, begin + time_at, columns.time_ms, _DIGITS) ^ np.uint8(checksum(tag[1:]))
    byte_words.write_pairs(lines, begin + tag_end + 1, tag_xor)
    payload, xor = _payloads(columns)
    rows = lines.reshape(count, len(blank))
    rows[:, payload_at:close_at] = payload
    byte_words.write_pairs(lines, begin + close_at + len(_TAIL), xor ^ np.uint8(checksum(_HEAD[1:] + _TAIL[:-1])))
    return rows.view(f"V{len(blank)}")[:, 0]


def _payloads(columns: PositionColumns) -> tuple[Bytes, Bytes]:
    """The characters of each row, and their XOR."""
    payload = np.empty((len(columns.mmsi), _CHARS), np.uint8)
    for chosen, fields_of in (
        (columns.type == BASE, _base),
        (columns.type == CLASS_B, _class_b),
        (columns.type < BASE, _class_a),
    ):
        rows = np.flatnonzero(chosen)
        if len(rows):
            own = columns if len(rows) == len(payload) else columns.rows(rows)
            payload[rows] = _armoured(_packed(fields_of(own), len(rows)))
    xor = np.bitwise_xor.reduce(payload.view("<u4"), axis=1)
    xor ^= xor >> np.uint32(16)
    return payload, (xor ^ xor >> np.uint32(8)).astype(np.uint8)


def _class_a(columns: PositionColumns) -> list[Field]:
    lon, lat = _place(columns)
    return [
        (_bits(columns.type), 6), (0, 2), (_bits(columns.mmsi), 30), (_bits(columns.status), 4), (_NO_TURN, 8),
        (_sog(columns), 10), (0, 1), (lon, 28), (lat, 27), (_cog(columns), 12), (_heading(columns), 9),
        (_NO_SECOND, 6), (0, 25),
    ]  # fmt: skip


def _class_b(columns: PositionColumns) -> list[Field]:
    lon, lat = _place(columns)
    return [
        (CLASS_B, 6), (0, 2), (_bits(columns.mmsi), 30), (0, 8), (_sog(columns), 10), (0, 1), (lon, 28), (lat, 27),
        (_cog(columns), 12), (_heading(columns), 9), (_NO_SECOND, 6), (0, 2), (0b10111, 5), (0, 22),
    ]  # fmt: skip


def _base(columns: PositionColumns) -> list[Field]:
    lon, lat = _place(columns)
    return [
        (BASE, 6), (0, 2), (_bits(columns.mmsi), 30), (0, 23), (24, 5), (60, 6), (60, 6), (1, 1), (lon, 28),
        (lat, 27), (7, 4), (0, 30),
    ]  # fmt: skip


def _bits(values: Ints, width: int = 64) -> Words:
    """Two's complement in ``width`` bits."""
    return np.asarray(values.astype(np.int64).view(np.uint64) & np.uint64((1 << width) - 1))


def _rounded(values: Floats, factor: float, unknown: int) -> Ints:
    """Whole numbers, half to even as ``round`` does; ``unknown`` for NaN."""
    known = ~np.isnan(values)
    return np.where(known, np.rint(np.where(known, values, 0.0) * factor), unknown).astype(np.int64)


def _place(columns: PositionColumns) -> tuple[Words, Words]:
    lon, lat = (_rounded(each, _PER_DEG, 0) for each in (columns.lon_deg, columns.lat_deg))
    return _bits(lon, 28), _bits(lat, 27)


def _sog(columns: PositionColumns) -> Words:
    sog = _rounded(columns.sog_kn, 10, _NO_SOG)
    return _bits(np.where(np.isnan(columns.sog_kn), _NO_SOG, np.minimum(sog, _NO_SOG - 1)))


def _cog(columns: PositionColumns) -> Words:
    return _bits(np.where(np.isnan(columns.cog_deg), _NO_COG, _rounded(columns.cog_deg, 10, 0) % _NO_COG))


def _heading(columns: PositionColumns) -> Words:
    heading = _rounded(columns.heading_deg, 1, 0) % 360
    return _bits(np.where(np.isnan(columns.heading_deg), _NO_HEADING, heading))


def _packed(fields: list[Field], count: int) -> list[Words]:
    """Fields, the first most significant, as words of 60 bits (ten characters) with the rest of zeros behind."""
    words = [np.zeros(count, np.uint64) for _ in range(-(-_CHARS * _CHAR_BITS // _WORD_BITS))]
    at = 0
    for values, width in fields:
        left = width
        while left:
            word, used = divmod(at, _WORD_BITS)
            taken = min(left, _WORD_BITS - used)
            shift = _WORD_BITS - used - taken
            if isinstance(values, int):
                words[word] |= np.uint64((values >> left - taken & (1 << taken) - 1) << shift)
            else:
                piece = values if left == width == taken else values >> np.uint64(left - taken)
                words[word] |= (piece & np.uint64((1 << taken) - 1)) << np.uint64(shift)
            at, left = at + taken, left - taken
    return words


def _armoured(words: list[Words]) -> Bytes:
    chars = np.empty((len(words[0]), _CHARS // 2), "<u2")
    mask, pairs = np.uint64((1 << _PAIR_BITS) - 1), _WORD_BITS // _PAIR_BITS
    for column in range(_CHARS // 2):
        word, place = divmod(column, pairs)
        chars[:, column] = _PAIRS[
            (words[word] >> np.uint64(_WORD_BITS - _PAIR_BITS * (place + 1)) & mask).view(np.int64)
        ]
    return chars.view(np.uint8)
