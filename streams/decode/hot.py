"""The message types that make up nearly all traffic, a batch at a time (ITU-R M.1371-5, annex 8).

Types 1, 2, 3, 4, 5, 11, 18, 19, 24 and 27, when the message holds every field that we take from it. All values equal
what pyais makes of the same bits; everything else is pyais's (``rare``).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE
from streams.decode.bits import Words, signed, text, unsigned
from streams.decode.model import SENT_STATIC

_NEVER: Final = 1 << 30
_NEEDS_BITS: Final = np.full(64, _NEVER, np.int64)
"""By type: so many bits hold all that we read."""
_NEEDS_BITS[[1, 2, 3, 4, 11, 18]] = 168
_NEEDS_BITS[27] = 94
_NEEDS_BITS[5] = 422
_NEEDS_BITS[19] = 301
_NEEDS_BITS[24] = 160
_PART_B_BITS: Final = 162
_STATIC_TYPES: Final = np.isin(np.arange(64), [5, 19, 24])

Rows = npt.NDArray[np.void]
Places = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


class Layout(NamedTuple):
    """At which bit each field of a type's kinematics begins."""

    lat: int
    lon: int
    sog: int
    cog: int
    heading: int


_CLASS_A: Final = Layout(lat=89, lon=61, sog=50, cog=116, heading=128)
_CLASS_B: Final = Layout(lat=85, lon=57, sog=46, cog=112, heading=124)


def is_hot(words: Words, bits: npt.NDArray[np.int64]) -> Mask:
    """Rows that ``decode`` understands; ``bits`` is the length of each message."""
    kind = unsigned(words, 0, 6).astype(np.int64)
    part = unsigned(words, 38, 2)
    two_parts = (part == 0) | ((part == 1) & (bits >= _PART_B_BITS))
    hot: Mask = (bits >= _NEEDS_BITS[kind]) & ((kind != 24) | two_parts)  # noqa: PLR2004 - message type 24
    return hot


def decode(words: Words, sent: Rows) -> tuple[Places, Rows]:
    """Fills ``sent`` (SENT) and gives the static parts (SENT_STATIC) with, first, the rows that they belong to."""
    kind = unsigned(words, 0, 6).astype(np.uint8)
    sent["type"] = kind
    sent["mmsi"] = unsigned(words, 8, 30)
    for types, layout in (((1, 2, 3), _CLASS_A), ((18, 19), _CLASS_B)):
        _place(words, sent, np.isin(kind, types), layout)
    _status(words, sent, kind <= 3, 38)  # noqa: PLR2004 - message types 1 to 3
    _clock(words, sent, (kind == 4) | (kind == 11))  # noqa: PLR2004 - base station, and its kind of answer
    _long_range(words, sent, kind == 27)  # noqa: PLR2004 - message type 27
    return _statics(words, kind)


def degrees(ten_thousandths: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Degrees, to six places, of 1/10,000 minutes: in integers, rounded as pyais rounds."""
    rounded: npt.NDArray[np.float64] = (10 * ten_thousandths + 3) // 6 / 1e6
    return rounded


def _place(words: Words, sent: Rows, mask: Mask, at: Layout) -> None:
    rows = np.flatnonzero(mask)
    if not len(rows):
        return
    chosen = words[rows]
    sent["lat_deg"][rows] = degrees(signed(chosen, at.lat, 27))
    sent["lon_deg"][rows] = degrees(signed(chosen, at.lon, 28))
    sent["sog_kn"][rows] = unsigned(chosen, at.sog, 10) / 10.0
    sent["cog_deg"][rows] = unsigned(chosen, at.cog, 12) / 10.0
    sent["heading_deg"][rows] = unsigned(chosen, at.heading, 9)


def _status(words: Words, sent: Rows, mask: Mask, start: int) -> None:
    sent["status"][mask] = unsigned(words, start, 4)[mask]


def _clock(words: Words, sent: Rows, mask: Mask) -> None:
    sent["lon_deg"][mask] = degrees(signed(words, 79, 28)[mask])
    sent["lat_deg"][mask] = degrees(signed(words, 107, 27)[mask])


def _long_range(words: Words, sent: Rows, mask: Mask) -> None:
    rows = np.flatnonzero(mask)
    if not len(rows):
        return
    chosen = words[rows]
    _status(words, sent, mask, 40)
    sent["lon_deg"][rows] = degrees(1000 * signed(chosen, 44, 18))
    sent["lat_deg"][rows] = degrees(1000 * signed(chosen, 62, 17))
    sent["sog_kn"][rows] = unsigned(chosen, 79, 6)
    sent["cog_deg"][rows] = unsigned(chosen, 85, 9)


def _statics(words: Words, kind: npt.NDArray[np.uint8]) -> tuple[Places, Rows]:
    rows = np.flatnonzero(_STATIC_TYPES[kind])
    statics = np.zeros(len(rows), SENT_STATIC)
    if len(rows):
        chosen, kinds = words[rows], kind[rows]
        part_b = unsigned(chosen, 38, 2) == 1
        for mask, fill in (
            (kinds == 5, _voyage),  # noqa: PLR2004 - message types
            (kinds == 19, _extended),  # noqa: PLR2004
            ((kinds == 24) & ~part_b, _part_a),  # noqa: PLR2004
            ((kinds == 24) & part_b, _part_b),  # noqa: PLR2004
        ):
            if mask.any():
                statics[mask] = fill(chosen[mask])
    return rows, statics


def _voyage(words: Words) -> Rows:
    out = np.zeros(len(words), SENT_STATIC)
    out["has"] = HAS_IDENTITY | HAS_NAME | HAS_SHIP | HAS_VOYAGE
    out["imo"] = unsigned(words, 40, 30)
    out["call_sign"] = text(words, 70, 7)
    out["name"] = text(words, 112, 20)
    out["ship_type"] = unsigned(words, 232, 8)
    _dimensions(words, out, 240)
    out["eta"] = unsigned(words, 274, 20)
    out["draught_m"] = unsigned(words, 294, 8) / 10.0
    out["destination"] = text(words, 302, 20)
    return out


def _extended(words: Words) -> Rows:
    out = np.zeros(len(words), SENT_STATIC)
    out["has"] = HAS_NAME | HAS_SHIP
    out["name"] = text(words, 143, 20)
    out["ship_type"] = unsigned(words, 263, 8)
    _dimensions(words, out, 271)
    return out


def _part_a(words: Words) -> Rows:
    out = np.zeros(len(words), SENT_STATIC)
    out["has"] = HAS_NAME
    out["name"] = text(words, 40, 20)
    return out


def _part_b(words: Words) -> Rows:
    out = np.zeros(len(words), SENT_STATIC)
    out["has"] = HAS_SHIP
    out["ship_type"] = unsigned(words, 40, 8)
    out["call_sign"] = text(words, 90, 7)
    _dimensions(words, out, 132)
    return out


def _dimensions(words: Words, out: Rows, start: int) -> None:
    for name, offset, width in (("bow_m", 0, 9), ("stern_m", 9, 9), ("port_m", 18, 6), ("starboard_m", 24, 6)):
        out[name] = unsigned(words, start + offset, width)
