"""The interface between decoding and detecting: one batch of decoded AIS reports, in columns.

A decoder (``streams.decode``) fills these columns; ``detectors`` does not depend on how. Values are already *fixes*:
sentinels are unknown (NaN in floats, -1 in integers, b"" in text), implausible values were rejected.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

REPORT: Final = np.dtype(
    [
        ("time_ms", "<i8"),  # event time, Unix milliseconds UTC
        ("mmsi", "<u4"),
        ("type", "u1"),  # ITU-R M.1371 message type, 1 to 27
        ("status", "i1"),  # navigational status 0..15; -1 unknown or not in this type
        ("moves", "?"),  # its type states how the sender moves (message_types.MOVING)
        ("class_b", "?"),  # its type is one of class B
        ("lat_deg", "<f8"),  # NaN unknown
        ("lon_deg", "<f8"),  # NaN unknown
        ("sog_kn", "<f4"),  # NaN unknown
        ("cog_deg", "<f4"),  # NaN unknown
        ("heading_deg", "<f4"),  # NaN unknown
        ("static", "<i4"),  # row in Batch.statics; -1 if the report has none
        ("payload", "<u8"),  # hash of MMSI and payload bits: two receptions of one transmission agree
        ("start", "<u4"),  # the report's lines in Batch.raw: raw[start:end], without the last newline
        ("end", "<u4"),
        ("ordinal", "<i8"),  # the place of its first sentence in the source, counted from 0
    ]
)
"""One decoded report."""

STATIC: Final = np.dtype(
    [
        ("has", "u1"),  # bits HAS_*: which of the fields below this report contains
        ("imo", "<u4"),  # 0 unknown
        ("name", "S20"),  # cleaned ASCII, b"" unknown
        ("call_sign", "S7"),
        ("destination", "S20"),
        ("ship_type", "<i2"),  # raw 0..255; -1 unknown
        ("length_m", "<i2"),  # bow + stern; -1 unknown
        ("beam_m", "<i2"),
        ("draught_m", "<f4"),  # NaN unknown
        ("eta", "<u4"),  # raw 20 bits month/day/hour/minute; 0 unknown
        ("hull", "<u4"),  # raw 30 bits: from the antenna to bow 9, stern 9, port 6, starboard 6, m; 0 unknown
    ]
)
"""The contents of a static report (5, 19, 24 A, 24 B)."""

HAS_IDENTITY: Final = 1  # imo (type 5 only)
HAS_NAME: Final = 2  # name (5, 19, 24 A)
HAS_SHIP: Final = 4  # call_sign (not in 19), ship_type, length_m, beam_m, hull
HAS_VOYAGE: Final = 8  # destination, draught_m, eta (5)


RE_ENCODED: Final = ":re-encoded"
"""Ends the station name of sentences that were not received by radio: they were written from a row of a table or from
JSON fields."""


class Batch(NamedTuple):
    """Reports of one source and one partition, in log order.

    ``reports`` has dtype REPORT, ``statics`` dtype STATIC, ``raw`` has their sentences: NMEA lines, each with a tag
    block that contains ``c:`` (event time, ms).
    """

    source: str
    reports: npt.NDArray[np.void]
    statics: npt.NDArray[np.void]
    raw: bytes
