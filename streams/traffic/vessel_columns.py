"""The binary form in which many vessels are sent: a head in JSON, then columns of numbers, little-endian.

``b"WWV1"``, the length of the head (u4), the head (JSON, padded with spaces), then the columns in the order of its
``columns``; head and columns are padded to multiples of four bytes. 24 bytes a vessel: text is asked for one by one.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

MAGIC: Final = b"WWV1"
UNKNOWN_U2: Final = 65_535
CLASS_B, AIRCRAFT, DOUBTED = 1, 2, 4
"""Bits of ``marks``."""
_TENTHS: Final = 10
_TYPE_MOST: Final = 255
COLUMNS: Final = (
    ("mmsi", "<u4"),
    ("lat", "<i4"),  # 1 / 600,000 degrees
    ("lon", "<i4"),
    ("time_s", "<u4"),  # of the position, event time, Unix seconds
    ("sog", "<u2"),  # tenths of a knot; 65,535 unknown
    ("cog", "<u2"),  # tenths of a degree; 65,535 unknown
    ("heading", "<u2"),  # degrees; 65,535 unknown
    ("ship_type", "u1"),  # 0 unknown
    ("marks", "u1"),
)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What all of the answer has in common."""

    version: str
    """To be given as ``since`` with the next question."""
    whole: bool
    """Whether these are all vessels; otherwise those that have changed since."""
    now_s: int
    """The event time that the answer is of, Unix seconds."""
    shown_s: int
    """A vessel whose position is older than this is no longer shown."""
    recorded: bool
    """Of recordings, not of live feeds."""
    count: int
    columns: tuple[tuple[str, str], ...] = COLUMNS


class Vessels(dict[str, npt.NDArray[np.generic]]):
    """The columns of COLUMNS by name, of equal length."""


def encoded(head: Head, vessels: Vessels) -> bytes:
    """The answer."""
    said = msgspec.json.encode(head)
    said += b" " * (-len(said) % 4)
    parts = [MAGIC, np.array([len(said)], "<u4").tobytes(), said]
    for name, kind in COLUMNS:
        column = vessels[name].astype(kind).tobytes()
        parts += [column, bytes(-len(column) % 4)]
    return b"".join(parts)


def decoded(answer: bytes) -> tuple[Head, Vessels]:
    """The opposite of ``encoded``. Raises ValueError, msgspec.MsgspecError."""
    if answer[:4] != MAGIC:
        raise ValueError("not an answer about vessels")
    size = int(np.frombuffer(answer, "<u4", 1, 4)[0])
    head, at, found = msgspec.json.decode(answer[8 : 8 + size], type=Head), 8 + size, Vessels()
    for name, kind in head.columns:
        found[name] = np.frombuffer(answer, kind, head.count, at)
        at += -(-found[name].nbytes // 4) * 4
    return head, found


def tenths(values: npt.NDArray[np.floating], most: int = UNKNOWN_U2 - 1) -> npt.NDArray[np.uint16]:
    """Tenths as ``u2``; NaN is unknown."""
    known = np.isfinite(values)
    scaled = np.clip(np.rint(np.where(known, values, 0) * _TENTHS), 0, most)
    return np.where(known, scaled, UNKNOWN_U2).astype(np.uint16)


def of_rows(rows: npt.NDArray[np.void], now_s: int, doubted_s: int) -> Vessels:
    """The columns of rows of a fleet (dtype streams.traffic.rows.ROW)."""
    heading = np.where(np.isfinite(rows["heading_deg"]), rows["heading_deg"], UNKNOWN_U2)
    doubted = (rows["doubted_s"] > 0) & (now_s - rows["doubted_s"] <= doubted_s)
    return Vessels(
        mmsi=rows["mmsi"],
        lat=rows["lat"],
        lon=rows["lon"],
        time_s=rows["time_s"],
        sog=tenths(rows["sog_kn"]),
        cog=tenths(rows["cog_deg"]),
        heading=heading,
        ship_type=np.clip(rows["ship_type"], 0, _TYPE_MOST),
        marks=CLASS_B * rows["class_b"] + AIRCRAFT * rows["aircraft"] + DOUBTED * doubted,
    )
