"""Interference with GNSS: many ships of one area appear elsewhere at the same time, and return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from streams.scenario.model import HOUR_MS, MINUTE_MS, Expected, Options, Scenario, ScenarioTruth, ShoreStation
from streams.scenario.positions.scene import Place, Said, Scene, displace, expected, offset, within
from streams.scenario.story import StoryShip
from streams.scenario.track import Track, stay

TITLE_ROADSTEAD: Final = "forty ships at anchor; a third of them appear at one place 30 nm inland for two hours"
TITLE_CIRCLE: Final = "twelve ships appear on a circle over an airport for 90 minutes"
FUJAIRAH: Final = ShoreStation(name="fujairah", mmsi=4_709_981, lat_deg=25.18, lon_deg=56.38, range_nm=50)
HAIFA: Final = ShoreStation(name="haifa", mmsi=4_289_981, lat_deg=32.85, lon_deg=34.95, range_nm=50)
ROADSTEAD: Final = (25.22, 56.55)
AIRPORT: Final = (33.82, 35.49)
_HOURS: Final = 7.0
_BEGINS_H: Final = (2.0, 3.0)

_ANCHORED, _ROADSTEAD_NM = 40, 5.0
_VICTIM_EVERY: Final = 3
_INLAND_NM: Final = 30.0
_ROADSTEAD_LASTS_MS: Final = 2 * HOUR_MS
_SPREAD_NM: Final = 0.05
"""How far apart the receivers that are displaced to one place appear."""

_CIRCLING: Final = 12
_CIRCLE_LASTS_MS: Final = 90 * MINUTE_MS
_RADIUS_NM, _CIRCLE_KN = 2.0, 25.0

_ONSET_MS: Final = 3 * MINUTE_MS
"""Within this time after each other the ships are displaced, and return."""
_WITHIN_MIN: Final = (3.0, 30.0)
"""When the alert must come, min after the first ship is displaced: at anchor two reports take six minutes."""


class Victim(NamedTuple):
    """A ship that is to be displaced, and its true way."""

    ship: StoryShip
    track: Track


def build_roadstead(options: Options) -> Scenario:
    """The displaced ships appear within a hundred metres of each other."""
    scene = Scene(options, (FUJAIRAH,), _HOURS)
    inland = offset(ROADSTEAD, 0.0, -_INLAND_NM)
    anchored = [Victim(scene.ship(), _at_anchor(scene)) for _ in range(_ANCHORED)]
    victims = anchored[::_VICTIM_EVERY][: _ANCHORED // _VICTIM_EVERY]
    for each in anchored:
        if each not in victims:
            scene.honest(*each)

    def appears(said: Said) -> Said:
        return _at_rest(said, scene.near(inland, _SPREAD_NM))

    truths = _displaced(scene, victims, _ROADSTEAD_LASTS_MS, appears)
    # Some lie nearer to each other than ships at anchor do, before the feed has taught that it is a roadstead.
    return scene.scenario("roadstead", TITLE_ROADSTEAD, truths, only=("interference", "encounter"))


def _at_anchor(scene: Scene) -> Track:
    return stay(scene.near(ROADSTEAD, _ROADSTEAD_NM), scene.from_ms, scene.to_ms)


def _at_rest(said: Said, place: Place) -> Said:
    """The reports as if the ship were at ``place``."""
    stated = said.copy()
    stated["lat_deg"], stated["lon_deg"] = place
    stated["sog_kn"], stated["cog_deg"] = 0.0, np.nan
    return stated


def build_circle(options: Options) -> Scenario:
    """Ships under way and at rest; each appears at its own place of the circle, and moves along it."""
    scene = Scene(options, (HAIFA,), _HOURS)
    victims = [Victim(scene.ship(), scene.track(HAIFA, rests=number % 3 == 0)) for number in range(_CIRCLING)]
    begins = float(scene.draw.uniform(0, 2 * np.pi))

    def appears(said: Said) -> Said:
        return _on_circle(said, begins + scene.draw.uniform(0, 2 * np.pi))

    truths = _displaced(scene, victims, _CIRCLE_LASTS_MS, appears)
    return scene.scenario("circle", TITLE_CIRCLE, truths, only=("interference",))


def _on_circle(said: Said, phase: float) -> Said:
    """The reports as if the ship moved clockwise on the circle."""
    stated = said.copy()
    bearing = phase + (said["time_ms"] / HOUR_MS) * _CIRCLE_KN / _RADIUS_NM
    stated["lat_deg"] = AIRPORT[0] + _RADIUS_NM / 60 * np.cos(bearing)
    stated["lon_deg"] = AIRPORT[1] + _RADIUS_NM / 60 * np.sin(bearing) / np.cos(np.radians(AIRPORT[0]))
    stated["sog_kn"], stated["cog_deg"] = _CIRCLE_KN, np.degrees(bearing + np.pi / 2) % 360
    return stated


def _displaced(
    scene: Scene, victims: Sequence[Victim], lasts_ms: int, appears: Callable[[Said], Said]
) -> list[ScenarioTruth]:
    """The victims report what ``appears`` makes of their reports for a time; returns the truth about it."""
    from_ms = scene.moment(*_BEGINS_H)
    truths = [_interference(scene, from_ms, expected("interference", "ticket", from_ms, _WITHIN_MIN))]
    for ship, track in victims:
        said = scene.reports(ship, track)
        begins_ms, ends_ms = (from_ms + int(scene.draw.integers(_ONSET_MS)) + later_ms for later_ms in (0, lasts_ms))
        which = within(said, begins_ms, ends_ms)
        displace(said, which, appears(said[which]))
        scene.add(ship, track, said)
        truths.append(_victim(scene, ship))
    return truths


def _interference(scene: Scene, from_ms: int, alert: Expected) -> ScenarioTruth:
    return ScenarioTruth(
        kind="interference",
        note="ships of one area are displaced together",
        from_ms=from_ms,
        to_ms=scene.to_ms,
        expected=(alert,),
    )


def _victim(scene: Scene, ship: StoryShip) -> ScenarioTruth:
    return ScenarioTruth(
        kind="displaced",
        note="its positions are displaced by interference",
        mmsi=ship.mmsi,
        name=ship.says.name,
        from_ms=scene.from_ms,
        to_ms=scene.to_ms,
        at_most="log",
    )
