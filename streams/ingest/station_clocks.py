"""Stations of one source whose clocks are wrong by a minute or more: found, and their times corrected.

Several stations often receive the same transmission. Their times for it should agree within seconds; a difference that
stays the same shows that one of the two clocks is wrong. Which one is decided by the first of these that tells them
apart:
1. of a live source, the wall clock;
2. the UTC time that two base stations transmit (message type 4);
3. the other stations: the clock that more of them agree with is right;
4. the number of messages: the busier station is right.

Times are compared as they are after correction, so that a station that is set right, or off by another amount, is seen
in the same way. A correction ends when nothing has confirmed it for ``_TRUST_MS``. A feed that is only delivered late
is never held to be wrong: its times agree with those of other stations.

Example: PIER and HILL both receive a ship. PIER has it at 12:00:03 and HILL at 13:00:04, five times in a row; it is
noon. HILL's clock is an hour ahead. From the next line on an hour is subtracted from its times.

Only positions that state their UTC second are compared: other messages are repeated without a change. Recordings are
sent again with other times; they do not show that a clock is wrong. So one of two clocks must keep the second that
positions state, and base stations alone correct by at most ``_BASES_MOST_MS``. A difference must be seen with two
vessels. All such messages are compared at first, later one in 64, chosen by their content, so that the two
receptions of a transmission are either both compared or both not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.ticks import STATIONS_MOST, StationClock, Tick
from detectors.core.units import HOUR_MS, MINUTE_MS, MS
from streams.ingest.payload import base_station_ms, second_of
from streams.ingest.station_clock import WRONG_FROM_MS, Differences, Station, agrees, is_nearer
from streams.nmea.byte_words import SIX_BITS
from streams.nmea.sentence import MMSI_CHARS

Ints = npt.NDArray[np.int64]
_ALL_UNTIL: Final = 4_000
"""Up to this ordinal every message is compared ..."""
_MANY_UNTIL: Final = 64_000
"""... up to this one, one in ``_ONE_IN[0]``; then one in ``_ONE_IN[1]``."""
_ONE_IN: Final = (16, 64)
_KEPT_MOST: Final = 8192
_ARRIVE_WITHIN_MS: Final = 15 * MINUTE_MS
"""Of a live source: two receptions of one transmission do not arrive further apart."""
_TRUST_MS: Final = 6 * HOUR_MS
_PAIRS_MOST: Final = 512
_SIX: Final = np.frombuffer(SIX_BITS, np.uint8).astype(np.int64)
_BASES_MOST_MS: Final = 26 * HOUR_MS
"""A wrong day or zone. A larger difference is that of a recording which was given other times."""
_MIXED: Final = (2, 5, 7)
"""Characters from the end of a payload that differ from message to message."""
_PAYLOAD_END: Final = 6
"""Characters of a sentence from the last one of its payload on: ``X,0*hh``."""


class Reception(NamedTuple):
    """A whole message as a station has received it."""

    station: bytes
    time_ms: int
    payload: bytes
    wall_ms: int | None = None
    """When it arrived, if the source is live."""


class StationClocks:
    """The clocks of one source's stations."""

    def __init__(self, *, corrects: bool = True) -> None:
        self.corrects = corrects
        """Times of a wrong clock are corrected; False: such sentences are rejected."""
        self.off: dict[bytes, int] = {}
        """By station with a wrong clock: how far it is ahead, ms."""
        self._stations: dict[bytes, Station] = {}
        self._kept: dict[bytes, dict[bytes, Reception]] = {}
        """By payload, the receptions of the last transmission with it, by station; the first one first."""
        self._pairs: dict[tuple[bytes, bytes], Differences] = {}
        """By two stations in order of name."""
        self._pending: dict[bytes, int] = {}
        self._news = False
        self._began_ms: int | None = None
        self._stated_ms: int | None = None

    @property
    def pending(self) -> bool:
        """Something has been decided that ``settle`` puts into effect."""
        return bool(self._pending)

    def compares(self, ordinal: int, payload: bytes) -> bool:
        """Whether a message is compared."""
        if ordinal < _ALL_UNTIL:
            return True
        if len(payload) < _MIXED[-1]:
            return False
        six = payload.translate(SIX_BITS)
        return int(_mixed(*(six[-place] for place in _MIXED))) % _ONE_IN[ordinal >= _MANY_UNTIL] == 0

    def compared_rows(self, text: bytes, end: Ints, ordinal: Ints) -> Ints:
        """``compares`` for sentences that end at ``end`` in ``text``: the places of those that are."""
        octets = np.frombuffer(text, np.uint8)
        mixed = _mixed(*(_SIX[octets[end - _PAYLOAD_END + 1 - place]] for place in _MIXED))
        one_in = np.where(ordinal < _MANY_UNTIL, *_ONE_IN)
        return np.flatnonzero((mixed % one_in == 0) | (ordinal < _ALL_UNTIL))

    def hear(self, heard: Reception) -> None:
        """Compares a message."""
        station = self._stations.get(heard.station)
        if station is None:
            if len(self._stations) >= STATIONS_MOST:
                return
            station = self._stations[heard.station] = Station()
        station.messages += 1
        if self.off:
            heard = heard._replace(time_ms=heard.time_ms - self.off.get(heard.station, 0))
        station.last_ms = heard.time_ms
        sender = heard.payload[1:MMSI_CHARS]
        if heard.wall_ms is not None:
            station.wall.add(heard.time_ms - heard.wall_ms, sender)
            self._alone(heard, station, station.wall.steady_ms)
        if (utc_ms := base_station_ms(heard.payload)) is not None:
            station.utc.add(heard.time_ms - utc_ms, sender)
            if heard.wall_ms is None:
                self._alone(heard, station, station.utc.steady_ms, finds=True)
        if (second := second_of(heard.payload)) is not None:
            station.hold(heard.time_ms, second)
            if len(self._stations) > 1:
                self._match(heard)
        if heard.station in self.off and heard.time_ms - station.confirmed_ms > _TRUST_MS:
            self._decide(heard.station, -self.off[heard.station])

    def settle(self) -> None:
        """Puts decisions into effect, from the next message on."""
        for name, by_ms in self._pending.items():
            off_ms = self.off.pop(name, 0) + by_ms
            if abs(off_ms) >= WRONG_FROM_MS:
                self.off[name] = off_ms
            self._shift(name, -by_ms)
        self._news = True
        self._pending.clear()

    def onto(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        """The same ticks; the first one states the wrong clocks, if they have changed, and otherwise every hour."""
        if not ticks:
            return ticks
        to_ms = ticks[0].to_ms
        self._began_ms = to_ms if self._began_ms is None else self._began_ms
        self._stated_ms = to_ms if self._stated_ms is None else self._stated_ms
        if not self._news and to_ms - self._stated_ms < HOUR_MS:
            return ticks
        self._news, self._stated_ms = False, to_ms
        wrong = tuple(
            StationClock(station=name.decode("ascii", "replace"), ahead_s=off_ms / MS, corrected=self.corrects)
            for name, off_ms in sorted(self.off.items())
        )
        compared = to_ms - self._began_ms >= HOUR_MS or not wrong
        return [msgspec.structs.replace(ticks[0], wrong_clocks=wrong, clocks_compared=compared), *ticks[1:]]

    def _match(self, heard: Reception) -> None:
        by_station = self._kept.get(heard.payload)
        if by_station is None or heard.station in by_station or _apart(heard, next(iter(by_station.values()))):
            if by_station is None and len(self._kept) >= _KEPT_MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[heard.payload] = {heard.station: heard}  # another transmission
            return
        other = next(iter(by_station.values()))
        by_station[heard.station] = heard
        if not any(self._stations[station].keeps_second for station in (heard.station, other.station)):
            return
        one, two = (heard, other) if heard.station < other.station else (other, heard)
        key = one.station, two.station
        known = self._pairs.get(key)
        if known is None:
            if len(self._pairs) >= _PAIRS_MOST:
                return
            known = self._pairs[key] = Differences()
        known.add(one.time_ms - two.time_ms, heard.payload[1:MMSI_CHARS])
        ahead_ms = known.steady_ms
        if ahead_ms is None:
            return
        if abs(ahead_ms) < WRONG_FROM_MS:
            for station in key:
                self._stations[station].confirmed_ms = max(one.time_ms, two.time_ms)
        elif self._trust(one.station, two.station) < self._trust(two.station, one.station):
            self._decide(one.station, ahead_ms)
        else:
            self._decide(two.station, -ahead_ms)

    def _alone(self, heard: Reception, station: Station, ahead_ms: int | None, *, finds: bool = False) -> None:
        """By the wall clock, or by base stations if it ``finds`` with them that a clock is wrong."""
        if ahead_ms is None:
            return
        if abs(ahead_ms) < WRONG_FROM_MS:
            station.confirmed_ms = heard.time_ms
            return
        off_ms = self.off.get(heard.station, 0)
        if finds and abs(ahead_ms + off_ms) > _BASES_MOST_MS:
            return
        if finds or (off_ms and abs(ahead_ms + off_ms) < WRONG_FROM_MS):  # right again without the correction
            self._decide(heard.station, ahead_ms)

    def _decide(self, name: bytes, by_ms: int) -> None:
        """The station's times are ahead by so much, beside the correction that it has."""
        self._pending[name] = by_ms

    def _shift(self, name: bytes, by_ms: int) -> None:
        """All that is known of the station's times changes by so much."""
        station = self._stations[name]
        station.shift(by_ms)
        station.last_ms = station.confirmed_ms = station.last_ms + by_ms
        for (first, second), known in self._pairs.items():
            if name in {first, second}:
                known.shift(by_ms if name == first else -by_ms)
        for by_station in self._kept.values():
            if name in by_station:
                by_station[name] = by_station[name]._replace(time_ms=by_station[name].time_ms + by_ms)

    def _trust(self, name: bytes, other: bytes) -> tuple[bool, bool, int, int]:
        """How far a station is to be believed against another: compared from left to right."""
        mine, its = self._stations[name], self._stations[other]
        return (
            is_nearer(mine.wall.steady_ms, its.wall.steady_ms),
            agrees(mine.utc.steady_ms) and not agrees(its.utc.steady_ms),
            sum(agrees(known.steady_ms) for pair, known in self._pairs.items() if name in pair),
            mine.messages,
        )


def _mixed(one: Any, two: Any, three: Any) -> Any:
    """A number from three characters' six bits: every remainder is about as frequent."""
    return one ^ two * 5 & 63 ^ three * 3 & 63


def _apart(heard: Reception, other: Reception) -> bool:
    """Whether two receptions arrived too far apart to be of one transmission."""
    if heard.wall_ms is None or other.wall_ms is None:
        return False
    return heard.wall_ms - other.wall_ms > _ARRIVE_WITHIN_MS
