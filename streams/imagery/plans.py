"""Acquisition plans as ESA publishes them for the Sentinels: KML whose placemarks are data takes.

A placemark has the satellite, the mode, begin and end, and the outline of what will be imaged. Plans cover 12 to 20
days; what is planned may still be changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from streams.errors import InputError, Reason
from streams.imagery.rejected import RejectedEntry, Unusable, content
from streams.imagery.xml_elements import Record, records

Ring = tuple[tuple[float, float], ...]
_NAME: Final = re.compile(r"(?:SENTINEL[-_ ]?|S)([1-3])[-_ ]?([A-D])")
_SPOTS: Final = frozenset({"WV"})  # wave mode: spots of 20 km, 100 km apart, where ships are not looked for
_LAT_MOST, _LON_MOST = 90.0, 360.0
_CORNERS_LEAST: Final = 3
_CORNERS_MOST: Final = 10_000
_TAKE_MOST_S: Final = 3600.0
_LETTERS_MOST: Final = 64


class Acquisition(msgspec.Struct, frozen=True, kw_only=True):
    """One data take of a plan, or one image of a catalogue."""

    satellite: str
    """As ``satellite_key`` writes it."""
    begin_ms: int
    end_ms: int
    rings: tuple[Ring, ...]
    item: str
    """Its identity there."""


class AcquisitionsRead(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a plan or a catalogue."""

    found: tuple[Acquisition, ...]
    rejected: tuple[RejectedEntry, ...] = ()
    passed_over: int = 0
    """Entries that are not about an image in which ships are looked for."""


def satellite_key(name: str) -> str:
    """One spelling of a satellite's name: S1A and Sentinel-1A are the same; of others letters and digits."""
    spelt = name.strip().upper()
    found = _NAME.fullmatch(spelt)
    return f"SENTINEL{found[1]}{found[2]}" if found else re.sub(r"[^A-Z0-9]", "", spelt)


def read_plan(path: Path) -> AcquisitionsRead:
    """The data takes of a plan (KML), which may be packed.

    Raises ConfigError if it cannot be opened, InputError if it is no plan.
    """
    read = parse_plan(content(path))
    if not read.found and not read.passed_over:
        why = read.rejected[0].reason if read.rejected else "no placemarks"
        raise InputError(Reason.IMAGERY_UNUSABLE, f"{path}: {why}; give an acquisition plan of the Sentinels (KML)")
    return read


def parse_plan(data: bytes) -> AcquisitionsRead:
    """The same of a file's bytes; nothing raises."""
    found: list[Acquisition] = []
    rejected: list[RejectedEntry] = []
    passed_over = 0
    for record in _placemarks(data, rejected):
        fields = record.first()
        if fields.get("Mode", "").upper() in _SPOTS:
            passed_over += 1
            continue
        try:
            found.append(_take(fields, record))
        except Unusable as why:
            rejected.append(RejectedEntry(line=record.line, reason=str(why)))
    return AcquisitionsRead(found=tuple(found), rejected=tuple(rejected), passed_over=passed_over)


def _placemarks(data: bytes, rejected: list[RejectedEntry]) -> Iterator[Record]:
    try:
        yield from records(data, "Placemark")
    except Unusable as why:
        rejected.append(RejectedEntry(line=0, reason=str(why)))


def _take(fields: Mapping[str, str], record: Record) -> Acquisition:
    satellite = satellite_key(fields.get("SatelliteId", ""))
    if not satellite:
        raise Unusable("without SatelliteId")
    begin = time_ms(fields.get("ObservationTimeStart") or fields.get("begin", ""))
    end = time_ms(fields.get("ObservationTimeStop") or fields.get("end", ""))
    if not begin <= end <= begin + _TAKE_MOST_S * 1000:
        raise Unusable("its end is not within an hour after its begin")
    rings = tuple(_ring(text) for name, text in record.texts if name == "coordinates")
    if not rings:
        raise Unusable("without an outline")
    item = fields.get("DatatakeId") or fields.get("ID") or fields.get("name", "")
    return Acquisition(
        satellite=satellite[:_LETTERS_MOST], begin_ms=begin, end_ms=end, rings=rings, item=item[:_LETTERS_MOST]
    )


def time_ms(text: str) -> int:
    """Unix ms of an ISO time, UTC if it has no offset. Raises Unusable."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Unusable("without times" if not text else "a time that cannot be read") from None


def _ring(text: str) -> Ring:
    try:
        corners = [tuple(map(float, corner.split(",")[:2])) for corner in text.split()]
    except ValueError:
        raise Unusable("coordinates that are not numbers") from None
    return checked_ring(corners)


def checked_ring(corners: object) -> Ring:
    """A ring of (lon_deg, lat_deg) on the globe. Raises Unusable."""
    if not isinstance(corners, list) or not _CORNERS_LEAST <= len(corners) <= _CORNERS_MOST:
        raise Unusable("an outline without corners, or with too many")
    ring: list[tuple[float, float]] = []
    for corner in corners:
        if not isinstance(corner, (list, tuple)) or len(corner) < 2:  # noqa: PLR2004
            raise Unusable("coordinates that are not pairs")
        lon, lat = corner[:2]
        if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (lon, lat)):
            raise Unusable("coordinates that are not numbers")
        if not (abs(lat) <= _LAT_MOST and abs(lon) <= _LON_MOST):
            raise Unusable("coordinates that are not on the globe")
        ring.append((float(lon), float(lat)))
    return tuple(ring)
