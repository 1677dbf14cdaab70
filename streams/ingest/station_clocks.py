"""Stations of one source whose clocks are wrong by a minute or more: found, and their times corrected.

Several stations often receive the same transmission. Their times for it should agree within seconds; a difference that
stays the same shows that one of the two clocks is wrong. Which one is decided by the first of these that tells them
apart:
1. the UTC time that base stations (message type 4) transmit: a station that agrees with it is right;
2. of a live source, the wall clock;
3. the other stations: the clock that more of them agree with is right;
4. the number of messages: the busier station is right.

A feed that is only delivered late is never held to be wrong: its times agree with those of other stations.

Example: PIER and HILL both receive a ship. PIER has it at 12:00:03 and HILL at 13:00:04, five times in a row. A base
station that PIER hears transmits 12:00:02: HILL's clock is an hour ahead. From the next line on an hour is subtracted
from its times, until its times agree with PIER's.

Only positions that state their UTC second are compared: other messages are repeated without a change. A difference must
be seen with two vessels. All such messages are compared at first, later one in sixteen, chosen by their content, so
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
from detectors.core.units import MS
from streams.ingest.payload import base_station_ms, second_of
from streams.nmea.byte_words import SIX_BITS
from streams.nmea.sentence import MMSI_CHARS

Ints = npt.NDArray[np.int64]
WRONG_FROM_MS: Final = 60_000
"""Smaller differences are within the allowed lateness, and do no harm."""
_AGREE_MS: Final = 10_000
_SPREAD_MS: Final = 5_000
_NEEDED: Final = 5
"""Comparisons in a row that must agree with each other."""
_ALL_UNTIL: Final = 20_000
"""Up to this ordinal every message is compared."""
_ONE_IN: Final = 16
_KEPT_MOST: Final = 8192
_STATIONS_MOST: Final = 64
_PAIRS_MOST: Final = 512
_BASES_LEAST: Final = 2
"""Base stations that must agree before their UTC time alone shows that a station is wrong: theirs may be wrong too."""
_PAYLOAD_END: Final = 6
"""Characters of a sentence from the last one of its payload on: ``X,0*hh``."""


class Reception(NamedTuple):
    """A whole message as a station has received it."""

    station: bytes
    time_ms: int
    payload: bytes


class _Station:
    """What is known of one station's clock."""

    def __init__(self) -> None:
        self.messages = 0
        self.utc: deque[int] = deque(maxlen=_NEEDED)
        """Its time less the UTC time in messages of base stations, ms."""
        self.bases: dict[bytes, None] = {}
        self.wall: deque[int] = deque(maxlen=_NEEDED)
        """Its time less the wall clock's."""


class _Differences(NamedTuple):
    """The last times of one station less those of another for the same messages, and of whom they were."""

    times_ms: deque[int]
    vessels: deque[bytes]


class StationClocks:
    """The clocks of one source's stations."""

    def __init__(self, *, corrects: bool = True) -> None:
        self.corrects = corrects
        """Times of a wrong clock are corrected; False: such sentences are rejected."""
        self.off: dict[bytes, int] = {}
        """By station with a wrong clock: how far it is ahead, ms."""
        self.news: list[StationClock] = []
        """What has changed; the caller writes it into the next tick."""
        self._stations: dict[bytes, _Station] = {}
        self._kept: dict[bytes, dict[bytes, Reception]] = {}
        """By payload, the receptions of the last transmission with it, by station; the first one first."""
        self._pairs: dict[tuple[bytes, bytes], _Differences] = {}
        """By two stations in order of name."""
        self._pending: dict[bytes, int] = {}

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
        six = np.frombuffer(text.translate(SIX_BITS), np.uint8)
        chosen = (six[end - _PAYLOAD_END] + six[end - _PAYLOAD_END - 1]) % _ONE_IN == 0
        return np.flatnonzero(chosen | (ordinal < _ALL_UNTIL))

    def hear(self, heard: Reception, wall_ms: int | None) -> None:
        """Compares a message; ``wall_ms`` is the wall clock if the source is live."""
        station = self._stations.get(heard.station)
        if station is None:
            if len(self._stations) >= _STATIONS_MOST:
                return
            station = self._stations[heard.station] = _Station()
        station.messages += 1
        if wall_ms is not None:
            station.wall.append(heard.time_ms - wall_ms)
        if (utc_ms := base_station_ms(heard.payload)) is not None:
            station.utc.append(heard.time_ms - utc_ms)
            if len(station.bases) < _BASES_LEAST:
                station.bases[heard.payload[1:MMSI_CHARS]] = None
            self._judge_alone(heard.station, station)
        if len(self._stations) > 1 and second_of(heard.payload) is not None:
            self._match(heard)

    def settle(self, time_ms: int) -> None:
        """Puts decisions into effect, from the next message on."""
        for name, off_ms in self._pending.items():
            if off_ms:
                self.off[name] = off_ms
            else:
                self.off.pop(name, None)
            self.news.append(
                StationClock(
                    station=name.decode("ascii", "replace"),
                    ahead_s=off_ms / MS,
                    corrected=self.corrects,
                    time_ms=time_ms,
                )
            )
        self._pending.clear()

    def onto(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        """The same ticks; the first one states what has changed since the one before."""
        if not ticks or not self.news:
            return ticks
        news, self.news = tuple(self.news), []
        return [msgspec.structs.replace(ticks[0], station_clocks=news), *ticks[1:]]

    def _match(self, heard: Reception) -> None:
        by_station = self._kept.get(heard.payload)
        if by_station is None or heard.station in by_station:  # another transmission
            if by_station is None and len(self._kept) >= _KEPT_MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[heard.payload] = {heard.station: heard}
            return
        other = next(iter(by_station.values()))
        by_station[heard.station] = heard
        first, second = (heard, other) if heard.station < other.station else (other, heard)
        key = first.station, second.station
        known = self._pairs.get(key)
        if known is None:
            if len(self._pairs) >= _PAIRS_MOST:
                return
            known = self._pairs[key] = _Differences(deque(maxlen=_NEEDED), deque(maxlen=_NEEDED))
        known.times_ms.append(first.time_ms - second.time_ms)
        known.vessels.append(heard.payload[1:MMSI_CHARS])
        ahead_ms = _steady(known.times_ms)
        if ahead_ms is not None and len(set(known.vessels)) > 1:
            self._judge(first.station, second.station, ahead_ms)

    def _judge(self, first: bytes, second: bytes, ahead_ms: int) -> None:
        """The first station's times are that much ahead of the second's."""
        if abs(ahead_ms) < WRONG_FROM_MS:
            for name in (first, second):
                other = second if name == first else first
                if name in self.off and other not in self.off:
                    self._decide(name, 0)
            return
        if first in self.off or second in self.off:
            wrong = first if first in self.off else second
            if first in self.off and second in self.off:
                return
        else:
            wrong = second if self._trust(first, second) > self._trust(second, first) else first
        self._decide(wrong, ahead_ms if wrong == first else -ahead_ms)

    def _judge_alone(self, name: bytes, station: _Station) -> None:
        """By base stations alone."""
        ahead_ms = _steady(station.utc)
        if ahead_ms is None or len(station.bases) < _BASES_LEAST:
            return
        if abs(ahead_ms) >= WRONG_FROM_MS:
            self._decide(name, ahead_ms)
        elif name in self.off:
            self._decide(name, 0)

    def _decide(self, name: bytes, ahead_ms: int) -> None:
        if abs(self.off.get(name, 0) - ahead_ms) >= WRONG_FROM_MS:
            self._pending[name] = ahead_ms

    def _trust(self, name: bytes, other: bytes) -> tuple[int, int, int, int]:
        """How far a station is to be believed against another: compared from left to right."""
        mine, its = self._stations[name], self._stations[other]
        wall_ms, its_wall_ms = _steady(mine.wall), _steady(its.wall)
        by_utc = 0 if not mine.utc else 1 if abs(median_low(mine.utc)) < WRONG_FROM_MS else -1
        by_wall = 0
        if wall_ms is not None and its_wall_ms is not None:
            by_wall = int(abs(wall_ms) + WRONG_FROM_MS <= abs(its_wall_ms))
        agree = sum(abs(median_low(known.times_ms)) < _AGREE_MS for pair, known in self._pairs.items() if name in pair)
        return by_utc, by_wall, agree, mine.messages


def _steady(differences_ms: deque[int]) -> int | None:
    """The difference, if the last ones agree with each other."""
    if len(differences_ms) < _NEEDED or max(differences_ms) - min(differences_ms) > _SPREAD_MS:
        return None
    return median_low(differences_ms)
