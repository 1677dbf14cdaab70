"""Whether a position is within the range of the station that heard it.

Stations hear over the horizon of their antenna: some tens of miles, and more over sea than over land. Ticks state
where a station is and how far it hears in each direction (``StationPlace``). A position much further away than that was
not sent from there, or came by unusual propagation; in the latter case no range is stated. A position within the range
proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from detectors.core.sphere import bearing_deg, distance_nm, octant
from detectors.core.ticks import STATIONS_MOST, StationPlace

SAME_PLACE_NM: Final = 20.0
"""A station whose place changes by less has not been moved: a learned place is an estimate."""
_TIMES_RANGE: Final = 1.5
_LEAST_NM: Final = 60.0
"""Nothing nearer is beyond any range: a ship with a high antenna is heard there."""
_STATION: Final = re.compile(rb"\\[^\\]*?\bs:([^,*\\]+)")


class Hearing(NamedTuple):
    """A position and the station that heard it. Distances in nm, rounded to tenths."""

    station: str
    distance_nm: float
    range_nm: float | None
    """How far it hears in that direction; None: unknown."""
    limit_nm: float | None
    """What is further away is beyond."""
    origin: str
    """How the station's place is known (``StationPlace``)."""

    @property
    def beyond(self) -> bool:
        """Whether the position is beyond the range; False if that is unknown."""
        return self.limit_nm is not None and self.distance_nm > self.limit_nm

    @property
    def words(self) -> str:
        """The position in words: ``412 nm from PIER``."""
        return f"{self.distance_nm:.0f} nm from {self.station}"


def limit_nm(range_nm: float) -> float:
    """The distance from which a position is beyond a range."""
    return round(max(_TIMES_RANGE * range_nm, _LEAST_NM), 1)


def range_towards(place: StationPlace, direction: int) -> float | None:
    """How far a station hears in an octant, nm.

    Where it hears too little to know, as over land, the largest of its other ranges counts: few stations hear further
    in the directions in which they hear little.
    """
    if place.range_nm is None:
        return None
    found = place.range_nm[direction]
    return found if found is not None else max((each for each in place.range_nm if each is not None), default=None)


def hearing(place: StationPlace, lat_deg: float, lon_deg: float) -> Hearing:
    """A position that the station has heard."""
    nm = round(distance_nm(place.lat_deg, place.lon_deg, lat_deg, lon_deg), 1)
    range_nm = range_towards(place, octant(bearing_deg(place.lat_deg, place.lon_deg, lat_deg, lon_deg)))
    return Hearing(place.station, nm, range_nm, None if range_nm is None else limit_nm(range_nm), place.origin)


def station_of(lines: bytes) -> str | None:
    """The station in the tag block that begins a report's lines; None if there is none."""
    tag = _STATION.match(lines)
    return tag[1].decode("ascii", "replace") if tag else None


def found_among(places: Iterable[StationPlace], station: str) -> StationPlace | None:
    """The place of a station of that name; None if it is unknown, or if several places have the name."""
    named = [place for place in places if place.station == station]
    if not named or any(not same_place(named[0], other) for other in named[1:]):
        return None
    return named[0]


def same_place(one: StationPlace, other: StationPlace) -> bool:
    """Whether a station has not been moved between the two."""
    return distance_nm(one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg) <= SAME_PLACE_NM


def merged(known: Sequence[StationPlace], stated: Sequence[StationPlace]) -> tuple[StationPlace, ...]:
    """What is known after a tick has stated the places of a source.

    After a restart, ingest learns again. What it does not know yet is kept: stations that it does not name, and ranges
    that it states as null, if the station is still at its place. At most STATIONS_MOST, those stated first.
    """
    former = {place.station: place for place in known}
    now = [_merged(former.pop(place.station, None), place) for place in stated]
    return (*now, *former.values())[:STATIONS_MOST]


def _merged(known: StationPlace | None, stated: StationPlace) -> StationPlace:
    if known is None or known.range_nm is None or stated.range_nm is None or not same_place(known, stated):
        return stated
    ranges = tuple(b if b is not None else a for a, b in zip(known.range_nm, stated.range_nm, strict=True))
    return msgspec.structs.replace(stated, range_nm=ranges)
