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

Only positions that state their UTC second are compared, and of two receptions one must be of that second: other
messages are repeated without a change, and recordings are sent again. A difference must be seen with two vessels. All such messages are compared at first, later one in sixteen, chosen by their content, so
that the two receptions of a transmission are either both compared or both not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import median_low
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.ticks import StationClock, Tick
from detectors.core.units import HOUR_MS, MINUTE_MS, MS
from streams.ingest.payload import base_station_ms, second_of
from streams.nmea.byte_words import SIX_BITS
from streams.nmea.sentence import MMSI_CHARS

Ints = npt.NDArray[np.int64]
WRONG_FROM_MS: Final = 60_000
"""Smaller differences are within the allowed lateness, and do no harm."""
_SPREAD_MS: Final = 5_000
_MINUTE_S: Final = 60
_NEEDED: Final = 5
"""Comparisons in a row that must agree with each other, of at least two senders: one may be wrong or forged."""
_ALL_UNTIL: Final = 20_000
"""Up to this ordinal every message is compared."""
_ONE_IN: Final = 16
_KEPT_MOST: Final = 8192
_ARRIVE_WITHIN_MS: Final = 15 * MINUTE_MS
"""Of a live source: two receptions of one transmission do not arrive further apart."""
_TRUST_MS: Final = 6 * HOUR_MS
_STATIONS_MOST: Final = 64
_PAIRS_MOST: Final = 512
_SIX: Final = np.frombuffer(SIX_BITS, np.uint8)
_FIX_AGE_S: Final = 15
"""A position is received within this time of the UTC second that it states."""
_PAYLOAD_END: Final = 6
"""Characters of a sentence from the last one of its payload on: ``X,0*hh``."""


class Reception(NamedTuple):
    """A whole message as a station has received it."""

    station: bytes
    time_ms: int
    payload: bytes
    wall_ms: int | None = None
    """When it arrived, if the source is live."""


class _Differences:
    """The last differences of a station's times from others, ms, and the senders of the messages compared."""

    def __init__(self) -> None:
        self._found: deque[tuple[int, bytes]] = deque(maxlen=_NEEDED)

    def add(self, difference_ms: int, sender: bytes) -> None:
        self._found.append((difference_ms, sender))

    def shift(self, by_ms: int) -> None:
        """A correction has changed: the differences are as they would have been with it."""
        self._found = deque(((difference + by_ms, sender) for difference, sender in self._found), _NEEDED)

    @property
    def steady_ms(self) -> int | None:
        """The difference, if the last ones agree with each other and are of several senders."""
        times_ms, senders = [d for d, _ in self._found], {sender for _, sender in self._found}
        if len(times_ms) < _NEEDED or len(senders) < 2 or max(times_ms) - min(times_ms) > _SPREAD_MS:  # noqa: PLR2004
            return None
        return median_low(times_ms)


class _Station:
    """What is known of one station's clock, after correction."""

    def __init__(self) -> None:
        self.messages = 0
        self.utc = _Differences()
        """From the UTC time in messages of base stations."""
        self.wall = _Differences()
        """From the wall clock."""
        self.last_ms = self.confirmed_ms = 0
        """Its time now, and when another clock last agreed with it."""

    def shift(self, by_ms: int) -> None:
        for differences in (self.utc, self.wall):
            differences.shift(by_ms)


class StationClocks:
    """The clocks of one source's stations."""

    def __init__(self, *, corrects: bool = True) -> None:
        self.corrects = corrects
        """Times of a wrong clock are corrected; False: such sentences are rejected."""
        self.off: dict[bytes, int] = {}
        """By station with a wrong clock: how far it is ahead, ms."""
        self._stations: dict[bytes, _Station] = {}
        self._kept: dict[bytes, dict[bytes, Reception]] = {}
        """By payload, the receptions of the last transmission with it, by station; the first one first."""
        self._pairs: dict[tuple[bytes, bytes], _Differences] = {}
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
        last, before = payload[-1:].translate(SIX_BITS), payload[-2:-1].translate(SIX_BITS)
        return bool(last) and bool(before) and (last[0] + before[0]) % _ONE_IN == 0

    def compared_rows(self, text: bytes, end: Ints, ordinal: Ints) -> Ints:
        """``compares`` for sentences that end at ``end`` in ``text``: the places of those that are."""
        octets = np.frombuffer(text, np.uint8)
        last, before = _SIX[octets[end - _PAYLOAD_END]], _SIX[octets[end - _PAYLOAD_END - 1]]
        return np.flatnonzero(((last + before) % _ONE_IN == 0) | (ordinal < _ALL_UNTIL))

    def hear(self, heard: Reception) -> None:
        """Compares a message."""
        station = self._stations.get(heard.station)
        if station is None:
            if len(self._stations) >= _STATIONS_MOST:
                return
            station = self._stations[heard.station] = _Station()
        station.messages += 1
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
        second = second_of(heard.payload)
        if second is None:
            return
        by_station = self._kept.get(heard.payload)
        if by_station is None or heard.station in by_station or _apart(heard, next(iter(by_station.values()))):
            if by_station is None and len(self._kept) >= _KEPT_MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[heard.payload] = {heard.station: heard}  # another transmission
            return
        other = next(iter(by_station.values()))
        by_station[heard.station] = heard
        if not (_states(heard, second) or _states(other, second)):
            return  # neither has received it when it was transmitted: a recording of it, sent again
        one, two = (heard, other) if heard.station < other.station else (other, heard)
        key = one.station, two.station
        known = self._pairs.get(key)
        if known is None:
            if len(self._pairs) >= _PAIRS_MOST:
                return
            known = self._pairs[key] = _Differences()
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

    def _alone(self, heard: Reception, station: _Station, ahead_ms: int | None, *, finds: bool = False) -> None:
        """By the wall clock, or by base stations if it ``finds`` with them that a clock is wrong."""
        if ahead_ms is None:
            return
        if abs(ahead_ms) < WRONG_FROM_MS:
            station.confirmed_ms = heard.time_ms
            return
        off_ms = self.off.get(heard.station, 0)
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
            _is_nearer(mine.wall.steady_ms, its.wall.steady_ms),
            _agrees(mine.utc.steady_ms) and not _agrees(its.utc.steady_ms),
            sum(_agrees(known.steady_ms) for pair, known in self._pairs.items() if name in pair),
            mine.messages,
        )


def _states(heard: Reception, second: int) -> bool:
    """Whether its time fits the UTC second that the message states, by whatever minute."""
    return (heard.time_ms // MS - second) % _MINUTE_S <= _FIX_AGE_S


def _apart(heard: Reception, other: Reception) -> bool:
    """Whether two receptions arrived too far apart to be of one transmission."""
    if heard.wall_ms is None or other.wall_ms is None:
        return False
    return heard.wall_ms - other.wall_ms > _ARRIVE_WITHIN_MS


def _is_nearer(mine_ms: int | None, its_ms: int | None) -> bool:
    """Whether a clock differs less by this measure, a minute or more: the whole feed may be late."""
    return mine_ms is not None and its_ms is not None and abs(mine_ms) + WRONG_FROM_MS <= abs(its_ms)


def _agrees(difference_ms: int | None) -> bool:
    return difference_ms is not None and abs(difference_ms) < WRONG_FROM_MS
