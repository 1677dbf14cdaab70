"""The frame of the scenario: two stretches of water far from ports, ships in them, and the truth about each ship."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

import msgspec

from streams.nmea.encoder import Particulars
from streams.scenario.meetings.afloat import Afloat, Line
from streams.scenario.model import Options, Scenario, ScenarioTruth, ShoreStation
from streams.scenario.positions.scene import Place, Scene, offset
from streams.scenario.story import StoryShip

HOURS: Final = 27.0
_RANGE_NM: Final = 60.0
_APART_NM: Final = 420.0
"""Nothing in the one is in reach of a ship in the other."""
_ORDINARY: Final = 18
_RESTS_EVERY: Final = 3
_WATERS: Final[tuple[tuple[Place, int], ...]] = (
    ((12.0, 111.5), 574),
    ((1.5, 2.0), 619),
    ((36.5, -12.5), 263),
    ((-38.0, -52.0), 701),
    ((8.0, 62.5), 419),
)
"""Open sea, at the corner of cells of 0.01 degrees, and the country of the base stations there."""
RELAY: Final = "relay"
"""The station whose sentences arrive late."""


class Sea:
    """Builds the scenario. Deterministic in ``options.seed``, which also draws where it is."""

    def __init__(self, options: Options) -> None:
        place, mid = _WATERS[options.seed % len(_WATERS)]
        self.here, self.there = place, offset(place, 0.0, _APART_NM)
        stations = tuple(
            ShoreStation(name=name, mmsi=mid * 10_000 + number, lat_deg=at[0], lon_deg=at[1], range_nm=_RANGE_NM)
            for number, (name, at) in enumerate((("west", self.here), ("east", self.there)), start=961)
        )
        self.scene = Scene(msgspec.structs.replace(options, vessels=0), stations, HOURS)
        self.draw, self.span = self.scene.draw, (self.scene.from_ms, self.scene.to_ms)
        self.truths: list[ScenarioTruth] = []
        self._ordinary(stations, _ORDINARY if options.vessels is None else options.vessels)
        self._afloat: list[tuple[Afloat, str]] = []

    def _ordinary(self, stations: tuple[ShoreStation, ...], vessels: int) -> None:
        """Ordinary ships, half on each side: in the east all are under way, because one that waits could be met."""
        west, east = stations
        for number in range(vessels):
            if number % 2:
                self.scene.honest(self.scene.ship(), self.scene.track(east))
            else:
                rests = number // 2 % _RESTS_EVERY == 0
                self.scene.honest(self.scene.ship(), self.scene.track(west, rests=rests))

    def ship(self, ship_type: int = 80, length_m: int = 180, beam_m: int = 32, **more: object) -> StoryShip:
        """A ship with numbers of its own; ``more``: further particulars."""
        made = self.scene.ship()
        chosen = {"ship_type": ship_type, "length_m": length_m, "beam_m": beam_m, "destination": "FOR ORDERS", **more}
        return msgspec.structs.replace(made, says=made.says._replace(**chosen))  # type: ignore[arg-type]

    def pair(self, says: Particulars | None = None) -> tuple[StoryShip, StoryShip]:
        """Two tankers, the one with the lower MMSI first: alerts about both have that one as their subject."""
        ships = self.ship(), self.ship(length_m=160, beam_m=28)
        one, other = sorted(ships, key=lambda ship: ship.mmsi)
        return (one if says is None else msgspec.structs.replace(one, says=says)), other

    def add(self, *afloat: Afloat, station: str = "west") -> None:
        """These ships transmit; a station hears them."""
        self._afloat += [(each, RELAY if each.late_ms else station) for each in afloat]

    def quiet(self, kind: str, note: str, *ships: StoryShip, only: tuple[str, ...] = ()) -> None:
        """Nothing is reported about these ships; except by ``only``, one alert each, for the record."""
        self.truths += [self.scene.quiet(kind, note, ship, only=only) for ship in ships]

    def scenario(self, name: str, title: str) -> Scenario:
        """What has been built: lines in the order in which they arrive."""
        made = self.scene.scenario(name, title, self.truths)
        lines = [line for ship, station in self._afloat for line in ship.lines(self.draw, self.span, station)]
        lines.sort(key=itemgetter(0))
        merged = heapq.merge(map(_timed, made.lines), lines, key=itemgetter(0))
        return made._replace(lines=_lines(merged))


def _timed(line: bytes) -> Line:
    """A line whose tag block states its time."""
    return int(line.split(b"c:", 1)[1][:13]), line


def _lines(timed: Iterator[Line]) -> Iterator[bytes]:
    for _, line in timed:
        yield line
