"""How far each station of one source hears in each direction, and when propagation is unusual.

From the same sample of messages by which places are learned (``station_places``), of which one in 20 s by a station's
clock is used. For a station with a known place they are counted by day of event time, octant and distance. The range of
an octant is the distance within which ``_SHARE`` of the week's positions are; with fewer than ``_LEAST`` samples it is
unknown. A station has none while less than ``_WITHIN`` of its samples are within ``_REACH_NM``, as with satellites and
names that several receivers use. A vessel that was within range, and appears beyond it where it cannot have sailed, is
not counted until it is within range again: in a quiet octant one displaced vessel is more than one in a hundred.

*Ducting*: at times a layer of air carries signals for hundreds of miles. Five vessels beyond the range of a station
within 30 minutes show it, and the ranges of that station do not count for six hours. This is decided here and not in
the core, which would have to parse the station of every report, and of which each partition sees only its own vessels.
Samples of such hours count for the range too, so that a better antenna is learned; a day of ducting makes the range
larger for a week, and fewer positions are beyond it.

Samples are used at ticks, in the order of messages, and their times are brought between those of the two ticks: what
ticks state depends neither on the wall clock nor on how lines were read, and a wrong clock of a station is harmless.

State. A station has at most ``_DAYS`` + 1 histograms of 8 octants and 64 distances, 2 kB each: 16 kB, and for 256
stations 4 MB. Beside it, the last positions within range of 4,096 vessels, 1 MB, and at most 16,384 samples that wait
for a tick, 4 MB.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.core.sphere import bearing_deg, distance_nm, octant
from detectors.core.station_ranges import limit_nm, range_towards, same_place
from detectors.core.ticks import OCTANTS, StationPlace
from detectors.core.units import DAY_MS, HOUR_MS, MINUTE_MS

_EVERY_MS: Final = 20_000
_WAITING_MOST: Final = 16_384
_DAYS: Final = 7
_SHARE: Final = 0.99
_LEAST: Final = 100
_REACH_NM: Final = 150.0
_WITHIN: Final = 0.9
_BINS: Final = 64
_FIRST_NM: Final = 4.0
_RATIO: Final = 1.1
"""Each bin is wider than the one before by this: the last one ends at 1,600 nm."""
_ENDS_NM: Final = tuple(round(_FIRST_NM * _RATIO**place, 1) for place in range(_BINS))
_DUCT_VESSELS: Final = 5
_DUCT_WITHIN_MS: Final = 30 * MINUTE_MS
_DUCT_LASTS_MS: Final = 6 * HOUR_MS
_VESSELS_MOST: Final = 4096
_SAILS_KN: Final = 40.0
_SLACK_NM: Final = 2.0
Ranges = tuple[float | None, ...]


class RangeSample(NamedTuple):
    """A position that a station has heard."""

    ordinal: int
    place: StationPlace
    """Where the station was known to be."""
    sender: bytes
    lat_deg: float
    lon_deg: float
    time_ms: int
    """As the station states it."""


class _Fix(NamedTuple):
    lat_deg: float
    lon_deg: float
    time_ms: int
    displaced: bool = False
    """It has appeared since then where it cannot have sailed, and was not within range again."""


class _Station:
    """What one station has heard."""

    def __init__(self, place: StationPlace) -> None:
        self.place = place
        self.ranges: Ranges | None = (None,) * OCTANTS
        """As last stated, apart from ducting."""
        self.ducting_until_ms = 0
        self._days: dict[int, array[int]] = {}
        self._beyond: dict[bytes, int] = {}
        """Vessels that were beyond, and when."""
        self._changed = False
        self.limits_nm: list[float | None] = [None] * OCTANTS
        """The distances from which a position in each direction is beyond; None: not known."""

    def add(self, nm: float, direction: int, day: int) -> None:
        counts = self._days.get(day)
        if counts is None:
            counts = self._days[day] = array("I", bytes(4 * OCTANTS * _BINS))
            for former in [each for each in self._days if each <= day - _DAYS]:
                del self._days[former]
        counts[direction * _BINS + _bin(nm)] += 1
        self._changed = True

    def show_duct(self, sender: bytes, time_ms: int) -> bool:
        """A vessel on its own track is beyond. True if ducting has begun."""
        self._beyond = {who: when for who, when in self._beyond.items() if time_ms - when < _DUCT_WITHIN_MS}
        self._beyond[sender] = time_ms
        if len(self._beyond) < _DUCT_VESSELS:
            return False
        begins = time_ms >= self.ducting_until_ms
        self._beyond, self.ducting_until_ms = {}, time_ms + _DUCT_LASTS_MS
        return begins

    def learn(self) -> None:
        """Brings ``ranges`` and ``limits_nm`` up to date."""
        if not self._changed:
            return
        self._changed, self.ranges = False, self._learned()
        place = msgspec.structs.replace(self.place, range_nm=self.ranges)
        towards = [range_towards(place, direction) for direction in range(OCTANTS)]
        self.limits_nm = [None if range_nm is None else limit_nm(range_nm) for range_nm in towards]

    def _learned(self) -> Ranges | None:
        counts = np.sum([np.frombuffer(day, np.uint32).reshape(OCTANTS, _BINS) for day in self._days.values()], axis=0)
        total = int(counts.sum())
        if total >= _LEAST and int(counts[:, : _bin(_REACH_NM) + 1].sum()) < _WITHIN * total:
            return None
        sums = counts.cumsum(axis=1)
        ends = (sums < np.ceil(_SHARE * sums[:, -1:])).sum(axis=1).tolist()
        known = (sums[:, -1] >= _LEAST).tolist()
        return tuple(_ENDS_NM[end] if enough else None for end, enough in zip(ends, known, strict=True))


class StationRanges:
    """See the module."""

    def __init__(self) -> None:
        self._waiting: deque[RangeSample] = deque(maxlen=_WAITING_MOST)
        self._to_ms: int | None = None
        self._last_ms: dict[str, int] = {}
        """By station, the time of the last sample that was taken."""
        self._stations: dict[str, _Station] = {}
        self._within: dict[bytes, _Fix] = {}
        """The last position of vessels within the range of the station that heard it, the longest unheard first."""

    def wants(self, station: str, time_ms: int) -> bool:
        """Whether the next position of a station is to be given to ``hear``: not if one was just before it."""
        if abs(time_ms - self._last_ms.get(station, 0)) < _EVERY_MS:
            return False
        self._last_ms[station] = time_ms
        return True

    def hear(self, sample: RangeSample) -> None:
        """Takes a position, in the order of messages."""
        self._waiting.append(sample)

    def settle(self, ordinal: int, to_ms: int) -> bool:
        """Uses the samples up to ``ordinal``. Returns whether there is something to be stated at once.

        ``to_ms``: event time, which never decreases.
        """
        news, from_ms = False, self._to_ms or to_ms
        self._to_ms = to_ms
        while self._waiting and self._waiting[0].ordinal <= ordinal:
            sample = self._waiting.popleft()
            news |= self._use(sample, min(max(sample.time_ms, from_ms), to_ms))
        return news

    def of(self, place: StationPlace, time_ms: int) -> Ranges | None:
        """The ranges to state with a place; None if none applies."""
        station = self._stations.get(place.station)
        if station is None or not same_place(station.place, place):
            return (None,) * OCTANTS
        station.learn()
        return None if time_ms < station.ducting_until_ms else station.ranges

    def _use(self, sample: RangeSample, time_ms: int) -> bool:
        place = sample.place
        station = self._stations.get(place.station)
        if station is None or (station.place is not place and not same_place(station.place, place)):
            station = self._stations[place.station] = _Station(place)
        nm = distance_nm(place.lat_deg, place.lon_deg, sample.lat_deg, sample.lon_deg)
        direction = octant(bearing_deg(place.lat_deg, place.lon_deg, sample.lat_deg, sample.lon_deg))
        limit = station.limits_nm[direction]
        known = self._within.get(sample.sender)
        if limit is not None and nm > limit and known is not None and not _sails(known, sample, time_ms):
            self._within[sample.sender] = known._replace(displaced=True)
            return False
        station.add(nm, direction, time_ms // DAY_MS)
        if limit is None:
            return False
        if nm > limit:
            return station.show_duct(sample.sender, time_ms)
        if known is not None:
            del self._within[sample.sender]
        elif len(self._within) >= _VESSELS_MOST:
            del self._within[next(iter(self._within))]
        self._within[sample.sender] = _Fix(sample.lat_deg, sample.lon_deg, time_ms)
        return False


def _bin(nm: float) -> int:
    """The first bin that ends at or after a distance; the last one for what is further."""
    if nm <= _FIRST_NM:
        return 0
    return min(math.ceil(math.log(nm / _FIRST_NM) / math.log(_RATIO)), _BINS - 1)


def _sails(known: _Fix, sample: RangeSample, time_ms: int) -> bool:
    """Whether a vessel can have sailed to where it appears."""
    if known.displaced:
        return False
    nm = distance_nm(known.lat_deg, known.lon_deg, sample.lat_deg, sample.lon_deg)
    return nm <= _SLACK_NM + _SAILS_KN * (time_ms - known.time_ms) / HOUR_MS
