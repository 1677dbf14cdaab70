"""The result of decoding, and the values that its parts exchange."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.reports import Batch
from streams.errors import Reason

TEXT_CHARS: Final = 20


class Sent(NamedTuple):
    """Messages as they were sent, including sentinels, in columns.

    NaN: the type has no such field, or the message ends before it.
    """

    type: npt.NDArray[np.uint8]
    mmsi: npt.NDArray[np.uint32]
    status: npt.NDArray[np.int8]
    """15, as sent by ships that do not report it, also if the type has none."""
    place_deg: npt.NDArray[np.float64]
    """Longitude and latitude: (2, n)."""
    sog_kn: npt.NDArray[np.float64]
    cog_deg: npt.NDArray[np.float64]
    heading_deg: npt.NDArray[np.float64]
    payload: npt.NDArray[np.uint64]


NO_STATUS: Final = 15


class SentStatic(NamedTuple):
    """The static parts of messages as they were sent; zero or empty unless ``has`` has the bit of the group."""

    has: npt.NDArray[np.uint8]
    """Bits HAS_*: the groups of fields that are complete."""
    imo: npt.NDArray[np.uint32]
    ship_type: npt.NDArray[np.int16]
    hull: npt.NDArray[np.uint32]
    """30 bits: bow 9, stern 9, port 6, starboard 6, in metres."""
    eta: npt.NDArray[np.uint32]
    draught_m: npt.NDArray[np.float64]
    text: npt.NDArray[np.uint8]
    """Name, call sign and destination, 20 ASCII codes each: (n, 60)."""

    def take(self, rows: npt.NDArray[np.int64]) -> SentStatic:
        """The given rows."""
        return SentStatic._make(column[rows] for column in self)

    def and_then(self, others: SentStatic) -> SentStatic:
        """These and the others."""
        return SentStatic._make(np.concatenate((self[at], others[at])) for at in range(len(self)))


class RefusedReports(msgspec.Struct, frozen=True, gc=False):
    """Lines that gave no report, or a report with an unusable fix."""

    reason: Reason
    raw: bytes
    detail: str


class Decoded(NamedTuple):
    """A packed record, decoded.

    ``sentences = len(batch.reports) + merged + len(refused) + len(refused_fixes)``: every line that is not empty
    counts as a sentence, and a message of several parts that is refused is refused once.
    """

    batch: Batch
    refused: list[RefusedReports]
    """Lines, or whole messages, that gave no report."""
    refused_fixes: list[RefusedReports]
    """Messages that decode but have impossible values: they gave no report either."""
    sentences: int
    merged: int
    """Parts of messages beyond the first."""
