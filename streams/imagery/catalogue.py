"""Catalogues of images that exist: STAC items as an ItemCollection, one item, or one on each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.errors import InputError, Reason
from streams.imagery.plans import Acquisition, AcquisitionsRead, Ring, checked_ring, satellite_key, time_ms
from streams.imagery.rejected import RejectedEntry, Unusable, content

_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ID_MOST: Final = 200
_RINGS_MOST: Final = 100


def read_catalogue(path: Path) -> AcquisitionsRead:
    """The items of a file, which may be packed.

    Raises ConfigError if it cannot be opened, InputError if it has no usable item.
    """
    read = parse_catalogue(content(path))
    if not read.found:
        why = read.rejected[0].reason if read.rejected else "no items"
        raise InputError(Reason.IMAGERY_UNUSABLE, f"{path}: {why}; give STAC items as JSON or NDJSON")
    return read


def parse_catalogue(data: bytes) -> AcquisitionsRead:
    """The same of a file's bytes; nothing raises. ``line`` of what is rejected counts items."""
    return acquisitions_of(_items(data))


def acquisitions_of(items: Iterable[object]) -> AcquisitionsRead:
    """The images that STAC items describe."""
    found: list[Acquisition] = []
    rejected: list[RejectedEntry] = []
    for number, item in enumerate(items, 1):
        try:
            found.append(_acquisition(item))
        except Unusable as why:
            rejected.append(RejectedEntry(line=number, reason=str(why)))
    return AcquisitionsRead(found=tuple(found), rejected=tuple(rejected))


def _items(data: bytes) -> Iterator[object]:
    try:
        read: Any = msgspec.json.decode(data)
    except _NOT_JSON:
        yield from (_decoded(line) for line in data.splitlines() if line.strip())
        return
    yield from _within(read)


def _within(read: Any) -> Iterator[object]:
    if isinstance(read, dict) and isinstance(read.get("features"), list):
        yield from read["features"]
    elif isinstance(read, list):
        yield from read
    else:
        yield read


def _decoded(line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except _NOT_JSON:
        return None


def _acquisition(item: object) -> Acquisition:
    if not isinstance(item, dict) or not isinstance(item.get("properties"), dict):
        raise Unusable("not a STAC item")
    identity, properties = item.get("id"), item["properties"]
    if not isinstance(identity, str) or not 0 < len(identity) <= _ID_MOST:
        raise Unusable("without an id")
    platform = properties.get("platform")
    if not isinstance(platform, str) or not satellite_key(platform):
        raise Unusable("without platform")
    begin, end = (_time(properties, name) for name in ("start_datetime", "end_datetime"))
    if end < begin:
        raise Unusable("it ends before it begins")
    return Acquisition(
        satellite=satellite_key(platform), begin_ms=begin, end_ms=end, rings=_rings(item.get("geometry")), item=identity
    )


def _time(properties: Mapping[str, Any], name: str) -> int:
    said = properties.get(name) or properties.get("datetime")
    return time_ms(said if isinstance(said, str) else "")


def _rings(geometry: object) -> tuple[Ring, ...]:
    """The outer rings; holes are rare, and only make what is covered smaller."""
    shape = geometry if isinstance(geometry, dict) else {}
    parts = shape.get("coordinates")
    if shape.get("type") == "Polygon":
        parts = [parts]
    elif shape.get("type") != "MultiPolygon":
        raise Unusable("its geometry is not Polygon or MultiPolygon")
    if not isinstance(parts, list) or not 0 < len(parts) <= _RINGS_MOST:
        raise Unusable("an outline without corners, or with too many")
    return tuple(checked_ring(part[0] if isinstance(part, list) and part else None) for part in parts)
