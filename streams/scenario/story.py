"""Builds a story: which ship reports what, where and when, and what is true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix, Particulars
from streams.scenario.air import OtherMessage, ReceiverOutage, on_the_air, received_ms
from streams.scenario.model import SECOND_MS, ScenarioTruth, ShoreStation
from streams.scenario.track import CLASS_A, CLASS_B, SAID, Times, Track, every, positions

_STATIC_AFTER_MS: Final = 500  # a static report follows the position that is due with it


class StoryShip(msgspec.Struct, frozen=True, kw_only=True):
    """A ship and what it reports about itself."""

    mmsi: int
    says: Particulars
    class_b: bool = False


class ReportPace(msgspec.Struct, frozen=True, kw_only=True):
    """How often a ship is heard in a thinned feed, seconds."""

    position_s: float
    static_s: float
    """0 for no static reports."""


class StoryScript:
    """Collects transmissions and truths; ``lines`` gives what receivers hear of them. Deterministic in ``seed``."""

    def __init__(self, seed: int, receivers: Sequence[ShoreStation]) -> None:
        self.draw = np.random.default_rng(seed)
        self.receivers = tuple(receivers)
        self.silences: list[ReceiverOutage] = []
        self.truths: list[ScenarioTruth] = []
        self._said: list[npt.NDArray[np.void]] = []
        self._messages: list[OtherMessage] = []

    def sails(
        self,
        ship: StoryShip,
        track: Track,
        pace: ReportPace,
        *,
        status: int = 0,
        says: Particulars | None = None,
        until_ms: int | None = None,
    ) -> None:
        """A ship goes along ``track`` and reports at ``pace`` to its end (or ``until_ms``), its phase drawn."""
        phase_s = self.draw.random() * pace.position_s
        to_ms = track.to_ms if until_ms is None else min(until_ms, track.to_ms)
        self.reports(ship, track, every(track.from_ms, to_ms, pace.position_s, phase_s), status=status)
        if pace.static_s:
            first_s = min(phase_s, (to_ms - track.from_ms) / SECOND_MS / 2)
            self.introduces(ship, track, every(track.from_ms, to_ms, pace.static_s, first_s), says=says)

    def reports(self, ship: StoryShip, track: Track, times_ms: Times, *, status: int = 0) -> None:
        """Positions at these times."""
        kind = CLASS_B if ship.class_b else CLASS_A
        self._said.append(positions(track, times_ms, ship.mmsi, self.draw, kind=kind, status=status))

    def introduces(self, ship: StoryShip, track: Track, times_ms: Times, *, says: Particulars | None = None) -> None:
        """Static reports at these times: type 5, or the two parts of type 24."""
        stated = says or ship.says
        if ship.class_b:
            parts = [encoder.static_b_name(ship.mmsi, stated), encoder.static_b_hull(ship.mmsi, stated)]
        else:
            parts = [encoder.static(ship.mmsi, stated)]
        lats = np.interp(times_ms, track.times_ms, track.lat_deg).tolist()
        lons = np.interp(times_ms, track.times_ms, track.lon_deg).tolist()
        for time_ms, lat, lon in zip(times_ms.tolist(), lats, lons, strict=True):
            self._messages += [OtherMessage(time_ms + _STATIC_AFTER_MS, lat, lon, bits) for bits in parts]

    def stands(self, said: npt.NDArray[np.void]) -> None:
        """Adds rows of dtype SAID unchanged: base stations, positions with errors."""
        self._said.append(said)

    def marks(self, mmsi: int, name: str, place: tuple[float, float], times_ms: Times) -> None:
        """An aid to navigation."""
        bits = encoder.aid(mmsi, EncodedFix(*place), name)
        self._messages += [OtherMessage(time_ms, *place, bits) for time_ms in times_ms.tolist()]

    def said(self, from_ms: int, to_ms: int) -> npt.NDArray[np.void]:
        """All transmitted positions received in [from, to), or not heard, unordered; dtype SAID."""
        said = np.concatenate(self._said) if self._said else np.zeros(0, SAID)
        times_ms = received_ms(said)
        return said[(from_ms <= times_ms) & (times_ms < to_ms)]

    def lines(self, from_ms: int, to_ms: int) -> Iterator[bytes]:
        """The sentences heard in [from, to), in order of time."""
        messages = [m for m in self._messages if from_ms <= m.time_ms < to_ms]
        return on_the_air(self.said(from_ms, to_ms), messages, self.receivers, self.silences)
