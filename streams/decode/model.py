"""What decoding gives back, and the two dtypes that its parts hand each other."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.reports import Batch
from streams.errors import Reason

SENT: Final = np.dtype(
    [
        ("type", "u1"),
        ("mmsi", "<u4"),
        ("status", "i1"),  # -1 not in this type
        ("lat_deg", "<f8"),
        ("lon_deg", "<f8"),
        ("sog_kn", "<f8"),
        ("cog_deg", "<f8"),
        ("heading_deg", "<f8"),
        ("payload", "<u8"),
    ]
)
"""A message as it was sent, sentinels and all. NaN: the type has no such field, or the message ends before it."""

SENT_STATIC: Final = np.dtype(
    [
        ("has", "u1"),  # bit set of HAS_*: the groups of fields that are wholly there
        ("imo", "<u4"),
        ("name", "S20"),
        ("call_sign", "S7"),
        ("destination", "S20"),
        ("ship_type", "<i2"),
        ("bow_m", "<i2"),
        ("stern_m", "<i2"),
        ("port_m", "<i2"),
        ("starboard_m", "<i2"),
        ("draught_m", "<f8"),
        ("eta", "<u4"),
    ]
)
"""The static part of a message as it was sent; zero or empty where ``has`` does not say that it is there."""

KINEMATICS: Final = ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg")


def empty(size: int) -> npt.NDArray[np.void]:
    """``size`` rows of SENT in which nothing is known."""
    sent = np.zeros(size, SENT)
    sent["status"] = -1
    for name in KINEMATICS:
        sent[name] = np.nan
    return sent


class Refused(NamedTuple):
    """Lines that gave no report, or a report whose fix cannot be used."""

    reason: Reason
    raw: bytes
    detail: str


class Decoded(NamedTuple):
    """A packed record, decoded.

    ``sentences = len(batch.reports) + merged + len(refused) + len(refused_fixes)``: every line that is not empty
    counts as a sentence, and a message of several parts that is refused is refused once.
    """

    batch: Batch
    refused: list[Refused]
    """Lines, or whole messages, that gave no report."""
    refused_fixes: list[Refused]
    """Messages that decode and whose values cannot be: they gave no report either."""
    sentences: int
    merged: int
    """Parts of messages beyond their first."""
