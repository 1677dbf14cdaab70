"""Which vessels of no area are displaced together: near each other and within a short time."""

from __future__ import annotations

from collections.abc import Container, Iterable

from detectors.core.displacements import Displacement
from detectors.core.place_stage.sightings import Sightings, near


def group_of(told: Displacement, sightings: Sightings, taken: Container[int], within_ms: int) -> list[Displacement]:
    """The most vessels, ``told`` included, that were displaced within ``within_ms``, by MMSI.

    Each is near another one of them. Those of ``taken`` (MMSIs) do not count. A fact is nearly always the newest, but
    facts of a slow source come late: then a period that ends later may have more.
    """
    found, grown = {told.mmsi: told}, [told]
    while grown:
        one = grown.pop()
        for other in sightings.around(one):
            free = other.mmsi not in found and other.mmsi not in taken
            if free and abs(other.time_ms - told.time_ms) <= within_ms and near(one, other):
                found[other.mmsi] = other
                grown.append(other)
    ends = sorted({each.time_ms for each in found.values() if each.time_ms >= told.time_ms})
    return max((_until(end_ms, told, found.values(), within_ms) for end_ms in ends), key=len)


def _until(end_ms: int, told: Displacement, others: Iterable[Displacement], within_ms: int) -> list[Displacement]:
    """Those within the time before ``end_ms`` that are connected to ``told``."""
    rest = {each.mmsi: each for each in others if end_ms - within_ms <= each.time_ms <= end_ms}
    found, grown = [rest.pop(told.mmsi)], [told]
    while grown:
        one = grown.pop()
        close = [other for other in rest.values() if near(one, other)]
        for other in close:
            del rest[other.mmsi]
        found += close
        grown += close
    return sorted(found, key=lambda each: each.mmsi)
