"""Element sets of satellites from a user's files, in any of their usual forms, detected by content.

Nothing is fetched: element sets are published by CelesTrak (groups such as ``resource``) and by Space-Track, and the
user brings them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from detectors.core.orbits.ground_tracks import Satellites
from detectors.core.orbits.model import ElementSet, Sensor
from detectors.core.orbits.propagation import why_unusable
from detectors.core.orbits.sensors import sensor_of
from streams.errors import InputError, Reason
from streams.imagery import omm, tle
from streams.imagery.rejected import RejectedEntry, Unusable, content, text

_SNIFFED: Final = 4096
_EPOCH_MOST_MS: Final = 4_102_444_800_000.0


class ElementsRead(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a file."""

    format: str
    """``OMM JSON``, ``OMM CSV``, ``OMM XML``, ``OMM KVN`` or ``TLE``."""
    elements: tuple[ElementSet, ...]
    """In the order of the file; several of one satellite are kept."""
    rejected: tuple[RejectedEntry, ...]


def read_elements(path: Path) -> ElementsRead:
    """The element sets of a file, which may be packed.

    Raises ConfigError if it cannot be opened, InputError if nothing in it can be used.
    """
    read = parse_elements(content(path))
    if not read.elements:
        why = read.rejected[0].reason if read.rejected else "no element sets"
        raise InputError(Reason.IMAGERY_UNUSABLE, f"{path}: {why}; give TLEs or OMM as JSON, CSV, XML or KVN")
    return read


def parse_elements(data: bytes) -> ElementsRead:
    """The same of a file's bytes; nothing raises."""
    form, found = _form(data)
    elements: list[ElementSet] = []
    rejected: list[RejectedEntry] = []
    try:
        for line, one in found:
            try:
                elements.append(_usable(one))
            except Unusable as why:
                rejected.append(RejectedEntry(line=line, reason=str(why)))
    except Unusable as why:
        rejected.append(RejectedEntry(line=0, reason=str(why)))
    return ElementsRead(format=form, elements=tuple(elements), rejected=tuple(rejected))


def nearest(elements: Iterable[ElementSet], time_ms: float) -> list[ElementSet]:
    """For each satellite the set whose epoch is nearest to a time; of two as near the later. By name, then number."""
    best: dict[int, ElementSet] = {}
    for one in elements:
        known = best.get(one.norad_id)
        if known is None or _distance(one, time_ms) < _distance(known, time_ms):
            best[one.norad_id] = one
    return sorted(best.values(), key=lambda one: (one.name, one.norad_id))


def satellites_of(elements: Iterable[ElementSet], sensors: Sequence[Sensor], time_ms: float) -> Satellites:
    """The satellites that carry one of the sensors, with the elements nearest to a time."""
    pairs = ((one, sensor_of(one, sensors)) for one in nearest(elements, time_ms))
    return Satellites([(one, sensor) for one, sensor in pairs if sensor is not None])


def _distance(one: ElementSet, time_ms: float) -> tuple[float, float]:
    return abs(one.epoch_ms - time_ms), -one.epoch_ms


def _form(data: bytes) -> tuple[str, omm.Found]:
    head = data[:_SNIFFED].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"[", b"{")):
        return "OMM JSON", omm.from_json(data.removeprefix(b"\xef\xbb\xbf"))
    if head.startswith(b"<"):
        return "OMM XML", omm.from_xml(data)
    first = head.splitlines()[0] if head else b""
    if b"OBJECT_NAME" in first.upper() and b"," in first:
        return "OMM CSV", omm.from_csv(text(data).lstrip().splitlines())
    if omm.BEGIN.encode() in head:
        return "OMM KVN", omm.from_kvn(text(data).splitlines())
    return "TLE", tle.element_sets(enumerate(text(data).splitlines(), 1))


def _usable(one: ElementSet | Unusable) -> ElementSet:
    """Raises Unusable."""
    if isinstance(one, Unusable):
        raise one
    try:
        checked = msgspec.convert(msgspec.to_builtins(one) | {"name": _printable(one.name)}, ElementSet)
    except msgspec.ValidationError as error:
        raise Unusable(f"out of bounds: {str(error).partition('$.')[2].rstrip('`') or error}") from None
    if one.epoch_ms > _EPOCH_MOST_MS:
        raise Unusable("an epoch after the year 2100")
    if why := why_unusable(checked):
        raise Unusable(why)
    return checked


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)
