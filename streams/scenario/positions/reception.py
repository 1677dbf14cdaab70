"""True positions that are received unusually: repeated later, or from far beyond the usual range."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from streams.scenario.model import HOUR_MS, MINUTE_MS, Options, Scenario, ShoreStation
from streams.scenario.positions.scene import Bools, Place, Said, Scene, offset, within
from streams.scenario.track import Track, sail

TITLE_REPEATED: Final = "a station repeats positions of 5 to 40 minutes before with the time of the repetition"
TITLE_DUCTING: Final = "a day on which a station hears ships at 300 nm; all positions are true"
FINISTERRE: Final = ShoreStation(name="finisterre", mmsi=2_249_981, lat_deg=43.3, lon_deg=-9.6, range_nm=60)
_NEAR: Final = ShoreStation(name="goa", mmsi=4_199_981, lat_deg=15.5, lon_deg=73.2, range_nm=50)
GOA: Final = msgspec.structs.replace(_NEAR, range_nm=450)
"""The range is that of the duct."""
_HOURS_REPEATED, _HOURS_DUCTING = 7.0, 30.0
_REPEATED: Final = 9
_REPEATED_FROM_H: Final = (1.0, 2.0)
_REPEATED_H: Final = 4.0
_REPEATED_SHARE: Final = 0.4
_DELAY_MS: Final = (5 * MINUTE_MS, 40 * MINUTE_MS)

_FAR: Final = 14
_FAR_NM, _FAR_ASIDE_NM = 300.0, 40.0
_FAR_KN: Final = (9.0, 15.0)
_DUCT_H: Final = (3.0, 27.0)
_OPEN_SHARE: Final = 0.35
"""Of a far ship's reports, while the duct reaches it."""
_FADES_H: Final = (0.7, 2.5)
"""Period of fading; the duct reaches a ship in most of it."""
_REACHES: Final = -0.5
_SEAWARD: Final = (1.2 * np.pi, 1.7 * np.pi)
"""Bearings from the station, radians: south-west to north-west."""


def build_repeated(options: Options) -> Scenario:
    """For four hours the station repeats a share of what it has received of some ships."""
    scene = Scene(options, (FINISTERRE,), _HOURS_REPEATED)
    truths, from_ms = [], scene.moment(*_REPEATED_FROM_H)
    for number in range(_REPEATED):
        ship, track = scene.ship(), scene.track(FINISTERRE, rests=number % 3 == 0)
        said = scene.reports(ship, track)
        scene.add(ship, track, said)
        scene.story.stands(_again(scene, said, from_ms))
        truths.append(scene.quiet("repeated", "a station repeats its positions minutes later", ship))
    return scene.scenario("retransmission", TITLE_REPEATED, truths)


def _again(scene: Scene, said: Said, from_ms: int) -> Said:
    """Some of the reports of the hours from ``from_ms`` on, received once more."""
    chosen: Bools = scene.draw.random(len(said)) < _REPEATED_SHARE
    again = said[chosen & within(said, from_ms, from_ms + int(_REPEATED_H * HOUR_MS))].copy()
    again["delay_ms"] = scene.draw.integers(*_DELAY_MS, len(again))
    return again


def build_ducting(options: Options) -> Scenario:
    """For a day ships 300 nm away are heard beside the near ones, with fading, and then no longer."""
    scene = Scene(options, (GOA,), _HOURS_DUCTING, around=(_NEAR,))
    truths = []
    duct = tuple(scene.from_ms + int(hour * HOUR_MS) for hour in _DUCT_H)
    for _ in range(_FAR):
        ship, track = scene.ship(), _far(scene)
        said = scene.reports(ship, track)
        scene.add(ship, track, said[within(said, *duct) & _open(scene, said)])
        note = "heard from 300 nm away while the duct lasts; then it is silent, as all that far away are"
        truths.append(scene.quiet("ducting", note, ship, only=("gap",)))
    return scene.scenario("ducting", TITLE_DUCTING, truths)


def _far(scene: Scene) -> Track:
    """A way along the edge of what the duct reaches, abreast of the station at half of the scene."""
    kn, bearing = float(scene.draw.uniform(*_FAR_KN)), float(scene.draw.uniform(*_SEAWARD))
    half_nm = kn * _HOURS_DUCTING / 2
    middle = scene.near(_ahead((GOA.lat_deg, GOA.lon_deg), bearing, _FAR_NM), _FAR_ASIDE_NM)
    turn = np.pi / 2 if scene.draw.random() < 0.5 else -np.pi / 2  # noqa: PLR2004 - either direction
    ends = [_ahead(middle, bearing + turn, nm) for nm in (-half_nm, half_nm)]
    return sail(ends, scene.from_ms, kn)


def _ahead(place: Place, bearing: float, nm: float) -> Place:
    """The place ``nm`` away in the direction ``bearing``, radians from north."""
    return offset(place, float(nm * np.cos(bearing)), float(nm * np.sin(bearing)))


def _open(scene: Scene, said: Said) -> Bools:
    """Which reports of a far ship come through the duct."""
    period_ms, phase = scene.draw.uniform(*_FADES_H) * HOUR_MS, scene.draw.uniform(0, 2 * np.pi)
    reached = np.sin(phase + said["time_ms"] / period_ms * 2 * np.pi) > _REACHES
    heard: Bools = reached & (scene.draw.random(len(said)) < _OPEN_SHARE)
    return heard
