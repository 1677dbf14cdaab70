"""What decoding gives back."""

from __future__ import annotations

from typing import NamedTuple

from detectors.core.reports import Batch
from streams.errors import Reason


class Refused(NamedTuple):
    """Lines that gave no report, or a report whose fix cannot be used."""

    reason: Reason
    raw: bytes
    detail: str


class Decoded(NamedTuple):
    """A packed record, decoded. ``sentences = len(reports) + merged + refused (in sentences) + refused fixes``."""

    batch: Batch
    refused: list[Refused]
    refused_fixes: list[Refused]
    sentences: int
    merged: int
