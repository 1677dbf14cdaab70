"""Where the stations of one source are: by the settings, by what they say, or learned from what they hear.

A station hears the ships around it: the median of their positions is near it, though not at it, as most ships are on
one side of a pier. A learned place is therefore an estimate, and is marked as such. It is stated when enough ships have
been heard, and again when it has moved by more than ``_MOVED_NM``.

Ticks carry the places into the log, with the ranges (``station_ranges``): at once, and every hour, so that a log whose
beginning was deleted has them too. A place is in the first tick after the message by which it was found, whether lines
are read one by one or many at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final, Literal

import msgspec

from detectors.core.sphere import distance_nm
from detectors.core.ticks import STATIONS_MOST, StationPlace, Tick
from detectors.core.units import HOUR_MS
from streams.ingest.payload import PER_DEG, PLACE_CHARS, POSITIONS, point_of
from streams.ingest.station_ranges import RangeSample, StationRanges
from streams.nmea.sentence import MMSI_CHARS

_LEAST_VESSELS: Final = 8
_FIRST_AFTER: Final = 64
"""Positions after which a place is learned ..."""
_AGAIN_AFTER: Final = 256
"""... and learned once more, from at most this many."""
_MOVED_NM: Final = 5.0
_REACH_NM: Final = 150.0
_WITHIN: Final = 0.9
"""This share of the positions must be within this distance: otherwise it is a satellite, or not one station."""
_DIGITS: Final = 4
_LONG_RANGE: Final = b"K"
"""Type 27: heard by satellites."""
Origin = Literal["settings", "stated", "learned"]


class _Samples:
    """Positions that one station has heard."""

    def __init__(self) -> None:
        self._heard: deque[tuple[bytes, float, float]] = deque(maxlen=_AGAIN_AFTER)
        self._due = _FIRST_AFTER

    def add(self, sender: bytes, lat_deg: float, lon_deg: float) -> tuple[float, float] | None:
        """Adds a position. Returns latitude and longitude of the station whenever it is time to learn it."""
        self._heard.append((sender, lat_deg, lon_deg))
        self._due -= 1
        if self._due > 0 or len({sender for sender, _, _ in self._heard}) < _LEAST_VESSELS:
            return None
        self._due = _AGAIN_AFTER
        near = self._heard[0][2]
        east = median((lon - near + 180) % 360 - 180 for _, _, lon in self._heard)  # also across 180 degrees
        place = median(lat for _, lat, _ in self._heard), (near + east + 180) % 360 - 180
        within = sum(distance_nm(*place, lat, lon) <= _REACH_NM for _, lat, lon in self._heard)
        return place if within >= _WITHIN * len(self._heard) else None


class StationPlaces:
    """See the module."""

    def __init__(self, given: Mapping[str, tuple[float, float]]) -> None:
        """``given``: latitude and longitude in degrees by station, from the settings."""
        self._places = {name.encode(): _place(name, at, "settings") for name, at in given.items()}
        self._samples: dict[bytes, _Samples] = {}
        self._found: list[tuple[int, StationPlace]] = []
        """With the ordinal of the message, those that no tick has stated yet."""
        self._latest = dict(self._places)
        """The same and those found."""
        self._ranges = StationRanges()
        self._news = bool(given)
        self._stated_ms = 0

    def hear(self, station: bytes, payload: bytes, ordinal: int, time_ms: int) -> None:
        """Learns from a message that a station has received; ``time_ms``: by its clock."""
        if payload[:1] not in POSITIONS or payload[:1] == _LONG_RANGE or len(payload) < PLACE_CHARS:
            return
        if (point := point_of(payload)) is None:
            return
        sender, lat_deg, lon_deg = payload[1:MMSI_CHARS], point[0] / PER_DEG, point[1] / PER_DEG
        place = self._latest.get(station)
        if place is None or place.origin == "learned":
            self._learn(station, sender, (lat_deg, lon_deg), ordinal)
            place = self._latest.get(station)
        if place is not None and self._ranges.wants(place.station, time_ms):
            self._ranges.hear(RangeSample(ordinal, place, sender, lat_deg, lon_deg, time_ms))

    def _learn(self, station: bytes, sender: bytes, point: tuple[float, float], ordinal: int) -> None:
        samples = self._samples.get(station)
        if samples is None:
            if len(self._samples) >= STATIONS_MOST:
                return
            samples = self._samples[station] = _Samples()
        place = samples.add(sender, *point)
        if place is not None:
            self._add(station, _place(station.decode("ascii", "replace"), place, "learned"), ordinal)

    def state(self, station: str, lat_deg: float, lon_deg: float, ordinal: int) -> None:
        """A station says where it is; ``ordinal``: of the last message before that."""
        name = station.encode()
        known = self._latest.get(name)
        if known is None or known.origin != "settings":
            self._add(name, _place(station, (lat_deg, lon_deg), "stated"), ordinal)

    def onto(self, ticks: Sequence[Tick], ordinal: int) -> Sequence[Tick]:
        """The same ticks; the first one states the places found up to ``ordinal`` if there are new ones, or hourly."""
        if not ticks or not (self._found or self._places):
            return ticks
        while self._found and self._found[0][0] <= ordinal:
            place = self._found.pop(0)[1]
            self._places[place.station.encode()], self._news = place, True
        tick, to_ms = ticks[0], ticks[0].to_ms
        heard_ms = to_ms if tick.heard_ms is None else tick.heard_ms
        self._news |= self._ranges.settle(ordinal, heard_ms)
        if not self._places or not (self._news or to_ms - self._stated_ms >= HOUR_MS):
            return ticks
        self._news, self._stated_ms = False, to_ms
        places = [self._places[name] for name in sorted(self._places)]
        stated = tuple(msgspec.structs.replace(each, range_nm=self._ranges.of(each, heard_ms)) for each in places)
        return [msgspec.structs.replace(tick, stations=stated), *ticks[1:]]

    def _add(self, station: bytes, place: StationPlace, ordinal: int) -> None:
        known = self._latest.get(station)
        if known is None:
            if len(self._latest) >= STATIONS_MOST:
                return
        elif known.origin == place.origin:
            moved_nm = distance_nm(known.lat_deg, known.lon_deg, place.lat_deg, place.lon_deg)
            if moved_nm <= (_MOVED_NM if place.origin == "learned" else 0):
                return
        self._latest[station] = place
        self._found.append((ordinal, place))


def _place(station: str, at: tuple[float, float], origin: Origin) -> StationPlace:
    lat_deg, lon_deg = (round(each, _DIGITS) for each in at)
    return StationPlace(station=station, lat_deg=lat_deg, lon_deg=lon_deg, origin=origin)
