"""The value of a record on ``ais.images.v1``: the fixes around an image, so that it can be matched again."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

from streams.messages.detections import Image

UNMATCHED_MOST = 2000


class FixColumns(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Columns of one length, by MMSI and time. ``sog_kn`` and ``cog_deg`` are None where not reported."""

    mmsi: tuple[int, ...] = ()
    time_ms: tuple[int, ...] = ()
    lat_deg: tuple[float, ...] = ()
    lon_deg: tuple[float, ...] = ()
    sog_kn: tuple[float | None, ...] = ()
    cog_deg: tuple[float | None, ...] = ()


class ImageMatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One image, when it was first matched; the key is ``image``. What it shows of vessels is in their alerts."""

    image: Annotated[str, Meta(max_length=200)]
    version: Annotated[str, Meta(max_length=64)]
    """Of the image: hex, from its content."""
    matched_ms: Annotated[int, Meta(ge=0)]
    """When, Unix ms of the wall clock."""
    why_not: str = ""
    """Why it was not matched; empty if it was."""
    fixes: FixColumns = FixColumns()
    lengths: dict[int, float] = {}
    """Metres by MMSI."""
    expected: int = 0
    """Vessels with AIS that must be in it and are long enough to be seen."""
    seen: int = 0
    absent: int = 0
    unmatched: Annotated[tuple[str, ...], Meta(max_length=UNMATCHED_MOST)] = ()
    """Contacts that no vessel with AIS explains; some may be possible silent vessels."""


def version_of(image: Image) -> str:
    """The same for the same content."""
    return hashlib.blake2b(msgspec.json.encode(image), digest_size=16).hexdigest()
