"""What ships beside each other report: positions with headings of their own, and what they state in message 5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix, Particulars
from streams.scenario.model import HOUR_MS, SECOND_MS
from streams.scenario.story import StoryShip
from streams.scenario.track import UNDER_WAY, Floats, Times, Track, every

LIES_KN: Final = 2.0
"""A slower ship keeps its heading."""
_NOISE_DEG: Final = 5.0 / 111_120
"""Scatter of an honest GNSS receiver, standard deviation along each axis."""
_SOG_NOISE_KN, _TURN_NOISE_DEG, _AT_REST_KN = 0.1, 2.0, 0.3
_STATIC_S, _JITTER = 600.0, 0.1
_FULL_DEG: Final = 360.0

Line = tuple[int, bytes]
"""When a line arrives, Unix ms, and the line."""


class Afloat(msgspec.Struct, frozen=True, kw_only=True):
    """A ship, its way, and how it is heard."""

    ship: StoryShip
    track: Track
    heading_deg: float = 40.0
    """While it lies or drifts; under way it heads where it sails."""
    status: int = UNDER_WAY
    every_s: float = 120.0
    silent: tuple[int, int] = (0, 0)
    """It is not heard in [from, to), Unix ms."""
    late_ms: int = 0
    """Its sentences arrive so long after their times."""
    then: tuple[int, Particulars] | None = None
    """From this time on it states this about itself."""

    def lines(self, draw: np.random.Generator, span: tuple[int, int], station: str) -> Iterator[Line]:
        """All that is received in ``span``; its messages of two sentences follow each other."""
        messages = [*self._positions(draw, span), *self._statics(draw, span)]
        for number, (time_ms, bits) in enumerate(sorted(messages)):
            if self.silent[0] <= time_ms < self.silent[1]:
                continue
            channel = "AB"[number % 2]
            for line in encoder.tagged(encoder.sentences(bits, channel=channel, sequence=number), time_ms, station):
                yield time_ms + self.late_ms, line

    def _times(self, draw: np.random.Generator, span: tuple[int, int], interval_s: float) -> Times:
        from_ms, to_ms = max(span[0], self.track.from_ms), min(span[1], self.track.to_ms)
        regular = every(from_ms, to_ms, interval_s, draw.random() * interval_s)
        most_ms = interval_s * SECOND_MS * _JITTER
        return np.sort(regular + draw.uniform(-most_ms, most_ms, len(regular)).astype(np.int64)).clip(from_ms)

    def _positions(self, draw: np.random.Generator, span: tuple[int, int]) -> Iterator[tuple[int, encoder.Bits]]:
        times = self._times(draw, span, self.every_s)
        lat_deg, lon_deg = (
            np.interp(times, self.track.times_ms, axis) + draw.normal(0, _NOISE_DEG, len(times))
            for axis in (self.track.lat_deg, self.track.lon_deg)
        )
        sog_kn, cog_deg = self._moves(times)
        heading_deg = np.where(sog_kn < LIES_KN, self.heading_deg, cog_deg)
        cog_deg = np.where(sog_kn < _AT_REST_KN, draw.uniform(0, _FULL_DEG, len(times)), cog_deg)
        noise = draw.normal(size=(3, len(times)))
        values = zip(
            *(times.tolist(), lat_deg.tolist(), lon_deg.tolist()),
            np.abs(sog_kn + _SOG_NOISE_KN * noise[0]).round(1).tolist(),
            *((cog_deg + noise[1]) % _FULL_DEG, (heading_deg + _TURN_NOISE_DEG * noise[2]) % _FULL_DEG),
            strict=True,
        )
        for time_ms, lat, lon, sog, cog, heading in values:
            fix = EncodedFix(lat, lon, sog, float(cog), float(heading), time_ms // SECOND_MS % 60)
            if self.ship.class_b:
                yield time_ms, encoder.position_b(self.ship.mmsi, fix)
            else:
                yield time_ms, encoder.position(self.ship.mmsi, fix, status=self.status)

    def _moves(self, times: Times) -> tuple[Floats, Floats]:
        """Speed, kn, and course over ground, degrees, on the leg at each time."""
        track = self.track
        hours = np.diff(track.times_ms).clip(1) / HOUR_MS
        north_nm = np.diff(track.lat_deg) * 60
        east_nm = np.diff(track.lon_deg) * 60 * np.cos(np.radians(track.lat_deg[:-1]))
        leg = np.searchsorted(track.times_ms, times, "right").clip(1, len(hours)) - 1
        speeds = np.hypot(north_nm, east_nm) / hours
        return speeds[leg], (np.degrees(np.arctan2(east_nm, north_nm)) % _FULL_DEG)[leg]

    def _statics(self, draw: np.random.Generator, span: tuple[int, int]) -> Iterator[tuple[int, encoder.Bits]]:
        for time_ms in self._times(draw, span, _STATIC_S).tolist():
            says = self.ship.says if self.then is None or time_ms < self.then[0] else self.then[1]
            if self.ship.class_b:
                yield time_ms, encoder.static_b_name(self.ship.mmsi, says)
                yield time_ms, encoder.static_b_hull(self.ship.mmsi, says)
            else:
                yield time_ms, encoder.static(self.ship.mmsi, says)
