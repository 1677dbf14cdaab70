"""Decodes the common fields of all messages of a record at once (ITU-R M.1371-5, annex 8).

It decodes types 1 to 27 if the message contains every field that is read of it; other messages are decoded by pyais
(``rare``). All values equal those that pyais reads from the same bits. The place of a field depends on the message's
*kind*: its type, with part B of type 24 as a kind of its own. The places are in a table, so that one expression reads a
field from messages of any type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.message_types import LAST_TYPE, LONG_RANGE_TYPE, MMSI_BITS, PART_BITS, TABLE, MessageType
from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE
from streams.decode.bits import WORD_BITS, Chains, Words, hashes, number, text, windows
from streams.decode.model import NO_STATUS, TEXT_CHARS, Sent, SentStatic

_PART_A, _PART_B, _NO_PART = 24, 64, 65
_KINDS: Final = 66
_ANYWHERE: Final = 61
"""Where a place is read for types without one; the value is not used."""
_NEVER: Final = 1 << 30

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def _column(of: Callable[[MessageType], float | None], default: float, dtype: type = np.int64) -> npt.NDArray[Any]:
    """A value per kind: ``of`` applied to its row in the table of message types; ``default`` for None or no row."""
    column: npt.NDArray[Any] = np.full(_KINDS, default, dtype)
    for row in TABLE:
        value = of(row)
        if value is not None:
            column[row.number] = value
    return column


class _At(NamedTuple):
    """Where a window begins, by kind."""

    word: Ints
    bit: Words

    def of(self, words: Words, bases: Ints, kinds: Ints) -> Words:
        """The windows of messages whose first words are ``bases``."""
        return windows(words, bases + self.word[kinds], self.bit[kinds])


def _at(bits: npt.NDArray[Any]) -> _At:
    numbers = bits.astype(np.int64)
    return _At(numbers // WORD_BITS, (numbers % WORD_BITS).astype(np.uint64))


_NEEDS_BITS: Final = _column(lambda row: row.bits, MMSI_BITS)
"""This number of bits contains all that is read. For most types that is the MMSI only."""
_NEEDS_BITS[[_PART_A, _PART_B]] = PART_BITS
_NEEDS_BITS[[0, *range(LAST_TYPE + 1, _PART_B), _NO_PART]] = _NEVER
_PLACE: Final = _at(_column(lambda row: row.place, _ANYWHERE))
"""Longitude in 28 bits, latitude in 27. (27: longitude 18, latitude 17, sog 6, cog 9.)"""
_COURSE: Final = _at(_column(lambda row: row.place, _ANYWHERE) + 55)
"""Course in 12 bits, heading in 9, after the place."""
_SOG_SHIFT: Final = (WORD_BITS + 1 - np.minimum(_column(lambda row: row.place, _ANYWHERE), WORD_BITS)).astype(np.uint64)
"""Speed is in the first word and ends one bit before the place: the shift is the number of bits after it."""
_STATUS_SHIFT: Final = (WORD_BITS - 4 - _column(lambda row: row.status, 38)).astype(np.uint64)
_STATUS_NONE: Final = _column(lambda row: None if row.status is None else 0, NO_STATUS, dtype=np.uint64)
_PLACE_NONE: Final = _column(lambda row: None if row.place is None else 0, np.nan, dtype=float)
_SOG_STEPS: Final = _column(lambda row: row.knot or None, np.nan, dtype=float)
"""Steps per knot; NaN if a type has no speed. The same applies to the next two."""
_COG_STEPS: Final = _column(lambda row: row.degree or None, np.nan, dtype=float)
_HEADING_NONE: Final = _column(lambda row: 0 if row.heading else None, np.nan, dtype=float)
_STATIC: Final = np.full(_KINDS, -1)
"""Row of the tables of static fields."""
_STATIC[[5, 19, _PART_A, _PART_B]] = range(4)


def understood(words: Words, bases: Ints, bits: Ints) -> tuple[Ints, Mask]:
    """The kind of each message, and whether it contains all that is read of its kind.

    ``bases`` are the first words of messages, ``bits`` their lengths.
    """
    first = words[bases]
    kinds = (first >> _TYPE_SHIFT).view(np.int64)
    two_parts = (kinds == _TWO_PARTS).nonzero()[0]
    if len(two_parts):
        kinds[two_parts] = _PARTS[(first[two_parts] >> 24 & 3).view(np.int64)]
    return kinds, bits >= _NEEDS_BITS[kinds]


_PARTS: Final = np.array([_PART_A, _PART_B, _NO_PART, _NO_PART])
_TYPE_SHIFT, _MMSI_SHIFT, _MMSI = number(58), number(26), number(0x3FFFFFFF)
_LON_SHIFT, _LAT_UP, _LAT_SHIFT = number(36, np.int64), number(28), number(37, np.int64)
_COG_SHIFT, _HEADING_SHIFT, _NINE_BITS, _TEN_BITS, _STATUS = (number(value) for value in (52, 43, 511, 1023, 15))
_NO_CODE, _FAR, _TWO_PARTS = (number(value, np.int64) for value in (0, LONG_RANGE_TYPE, _PART_A))
_FAR_LON_SHIFT, _FAR_LAT_SHIFT = number(46, np.int64), number(47, np.int64)
_FAR_LAT_UP, _FAR_SOG_SHIFT, _FAR_COG_SHIFT, _SIX_BITS = number(18), number(23), number(14), number(63)
_TEN, _THREE, _SIXTHS, _MILLION = number(10, np.int64), number(3, np.int64), number(6, np.int64), np.array(1e6)


def sent(words: Words, chains: Chains, bases: Ints, kinds: Ints) -> Sent:
    """What ships state about themselves and their movement. Rows that are not understood have undefined values."""
    first = words[bases]
    place = _PLACE.of(words, bases, kinds)
    course = _COURSE.of(words, bases, kinds)
    raw = np.empty((2, len(bases)), np.int64)
    np.right_shift(place.view(np.int64), _LON_SHIFT, raw[0])
    np.right_shift((place << _LAT_UP).view(np.int64), _LAT_SHIFT, raw[1])
    speed = first >> _SOG_SHIFT[kinds]
    speed &= _TEN_BITS
    sog_kn = speed / _SOG_STEPS[kinds]
    cog_deg = (course >> _COG_SHIFT) / _COG_STEPS[kinds]
    course >>= _HEADING_SHIFT
    course &= _NINE_BITS
    status = first >> _STATUS_SHIFT[kinds]
    status &= _STATUS
    status |= _STATUS_NONE[kinds]
    far = (kinds == _FAR).nonzero()[0]
    if len(far):
        raw[:, far], sog_kn[far], cog_deg[far] = _far(place[far])
    place_deg = degrees(raw)
    place_deg += _PLACE_NONE[kinds]
    return Sent(
        type=(first >> _TYPE_SHIFT).astype(np.uint8),
        mmsi=(first >> _MMSI_SHIFT & _MMSI).astype(np.uint32),
        status=status.astype(np.int8),
        place_deg=place_deg,
        sog_kn=sog_kn,
        cog_deg=cog_deg,
        heading_deg=course + _HEADING_NONE[kinds],
        payload=hashes(words, chains),
    )


def degrees(ten_thousandths: Ints) -> Floats:
    """Degrees, to six places, from 1/10,000 minutes: calculated in integers, rounded as pyais rounds."""
    scaled = ten_thousandths * _TEN
    scaled += _THREE
    scaled //= _SIXTHS
    rounded: Floats = scaled / _MILLION
    return rounded


def _far(place: Words) -> tuple[Ints, Words, Words]:
    """Type 27: place in 1/10,000 minutes, though sent in tenths; knots and degrees."""
    lon, lat = place.view(np.int64) >> _FAR_LON_SHIFT, (place << _FAR_LAT_UP).view(np.int64) >> _FAR_LAT_SHIFT
    return np.array((lon, lat)) * 1000, place >> _FAR_SOG_SHIFT & _SIX_BITS, place >> _FAR_COG_SHIFT & _NINE_BITS


# Windows of static fields, by row of ``_STATIC``: the first bit, and the number of bits that count; none if a kind has
# none.
_FIELDS: Final = (
    #  5           19          24 A       24 B
    ((40, 30), (0, 0), (0, 0), (0, 0)),  # IMO
    ((232, 8), (263, 8), (0, 0), (40, 8)),  # ship type
    ((240, 30), (271, 30), (0, 0), (132, 30)),  # bow, stern, port, starboard
    ((274, 28), (0, 0), (0, 0), (0, 0)),  # ETA in 20, draught in 8
    ((112, 60), (143, 60), (40, 60), (0, 0)),  # name
    ((172, 60), (203, 60), (100, 60), (0, 0)),
    ((70, 42), (0, 0), (0, 0), (90, 42)),  # call sign
    ((0, 0), (0, 0), (0, 0), (0, 0)),
    ((302, 60), (0, 0), (0, 0), (0, 0)),  # destination
    ((362, 60), (0, 0), (0, 0), (0, 0)),
)
_IMO, _SHIP_TYPE, _HULL, _VOYAGE, _TEXT = range(5)
_WINDOWS: Final = np.array(_FIELDS).transpose(1, 0, 2)
_BEGIN, _BITS = _WINDOWS[..., 0], _WINDOWS[..., 1]
_WORD, _BIT = _BEGIN // WORD_BITS, (_BEGIN % WORD_BITS).astype(np.uint64)
_KEPT: Final = ~(np.uint64(2**64 - 1) >> _BITS.astype(np.uint64))
_HAS: Final = np.array(
    [HAS_IDENTITY | HAS_NAME | HAS_SHIP | HAS_VOYAGE, HAS_NAME | HAS_SHIP, HAS_NAME, HAS_SHIP], np.uint8
)


_IMO_SHIFT, _TYPE_OF_SHIP_SHIFT, _ETA_SHIFT, _DRAUGHT_SHIFT, _DRAUGHT = (
    number(value) for value in (34, 56, 44, 36, 255)
)
_TENTHS: Final = np.array(10.0)


_NO_STATICS: Final = SentStatic._make(
    np.empty(shape, dtype)
    for shape, dtype in ((0, "u1"), (0, "u4"), (0, "i2"), (0, "u4"), (0, "u4"), (0, "f8"), ((0, 3 * TEXT_CHARS), "u1"))
)


def statics(words: Words, bases: Ints, kinds: Ints, hot: Mask) -> tuple[Ints, SentStatic]:
    """The messages that have a static part, rising, and these parts."""
    codes = _STATIC[kinds]
    rows = ((codes >= _NO_CODE) & hot).nonzero()[0]
    if not len(rows):
        return rows, _NO_STATICS
    codes = codes[rows]
    fields = windows(words, bases[rows, None] + _WORD[codes], _BIT[codes])
    fields &= _KEPT[codes]
    imo, ship_type, hull, voyage = fields[:, :_TEXT].T
    return rows, SentStatic(
        has=_HAS[codes],
        imo=(imo >> _IMO_SHIFT).astype(np.uint32),
        ship_type=(ship_type >> _TYPE_OF_SHIP_SHIFT).astype(np.int16),
        hull=(hull >> _IMO_SHIFT).astype(np.uint32),
        eta=(voyage >> _ETA_SHIFT).astype(np.uint32),
        draught_m=(voyage >> _DRAUGHT_SHIFT & _DRAUGHT) / _TENTHS,
        text=text(fields[:, _TEXT:]).reshape(len(rows), -1),
    )
