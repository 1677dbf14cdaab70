"""Places where a silent ship is likelier to be than elsewhere in its reach: zones, and where it lay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from detectors.core.reference import Zone
from detectors.core.sphere import distance_nm
from detectors.core.units import HOUR_MS
from streams.imagery.images import LikelyPlace, Silence

PLACES_MOST: Final = 40
_RADIUS_LEAST_NM: Final = 3.0


class Place(NamedTuple):
    """A place of interest."""

    name: str
    lat_deg: float
    lon_deg: float
    radius_nm: float


def of_zones(zones: Iterable[Zone]) -> tuple[Place, ...]:
    """The places of the zones: circles around them."""
    return tuple(Place(zone.name, zone.lat_deg, zone.lon_deg, max(zone.radius_nm, _RADIUS_LEAST_NM)) for zone in zones)


def reachable(silence: Silence, places: Sequence[Place], time_ms: int) -> tuple[LikelyPlace, ...]:
    """Those in reach at that time (and from which it can have come back), the nearest PLACES_MOST; its own first.

    They share a weight of 1; where it was at rest has a weight of its own.
    """
    far = sorted((apart_nm, place) for place in places if (apart_nm := _within_nm(silence, place, time_ms)) is not None)
    near = [place for _, place in far[:PLACES_MOST]]
    return (*silence.places, *(LikelyPlace(*place[1:], 1 / len(near)) for place in near))


def _within_nm(silence: Silence, place: Place, time_ms: int) -> float | None:
    """How far it is from the last report, if it can be reached; otherwise None."""
    there_nm = distance_nm(silence.lat_deg, silence.lon_deg, place.lat_deg, place.lon_deg)
    if there_nm - place.radius_nm > silence.v_max_kn * (time_ms - silence.from_ms) / HOUR_MS:
        return None
    if silence.to_ms is not None and silence.to_lat_deg is not None and silence.to_lon_deg is not None:
        back_nm = distance_nm(silence.to_lat_deg, silence.to_lon_deg, place.lat_deg, place.lon_deg)
        if back_nm - place.radius_nm > silence.v_max_kn * (silence.to_ms - time_ms) / HOUR_MS:
            return None
    return there_nm
