"""Positions that are wrong without intent: single wrong fixes, a wrong bit, a receiver that drifts."""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.scenario.model import HOUR_MS, MINUTE_MS, Options, Scenario, ShoreStation
from streams.scenario.positions.scene import Bools, Said, Scene, offset, within
from streams.scenario.track import Floats

TITLE_STRAY: Final = "single wrong fixes of ordinary ships, near and far"
TITLE_BIT: Final = "one wrong bit of latitude or longitude, now and then and for hours"
TITLE_DRIFT: Final = "GNSS positions drift off by 2 nm and back within hours"
CAPE: Final = ShoreStation(name="cape", mmsi=6_019_981, lat_deg=-34.3, lon_deg=18.2, range_nm=50)
SKAW: Final = ShoreStation(name="skaw", mmsi=2_199_982, lat_deg=57.8, lon_deg=10.6, range_nm=50)
SINES: Final = ShoreStation(name="sines", mmsi=2_639_981, lat_deg=37.9, lon_deg=-9.1, range_nm=50)
_HOURS_STRAY, _HOURS_BIT, _HOURS_DRIFT = 8.0, 8.0, 7.0

_STRAYING: Final = 12
_STRAYS_AT_H: Final = (1.5, 3.5, 5.5)
"""About when a ship has a wrong fix; each at another place."""
_STRAY_WITHIN_H: Final = 0.4
_STRAY_NM: Final = (3.0, 2000.0)
_PAIR_EVERY: Final = 4
"""One ship in so many has two wrong fixes within minutes, at different places."""
_PAIR_MS: Final = 20 * MINUTE_MS

_PER_DEG: Final = 600_000
_NOW_AND_THEN, _FOR_LONG = 6, 6
_WRONG_SHARE: Final = 0.06
_LONG_H: Final = (1.0, 2.0)
_BITS: Final = (16, 22)
"""From 6.6 nm to 3.5 degrees: the position remains a possible one."""

_DRIFTING: Final = 8
_DRIFT_NM: Final = 2.0
_DRIFT_H: Final = (2.0, 4.0)


def build_stray(options: Options) -> Scenario:
    """Each ship has one wrong fix in about two hours; some have two within minutes."""
    scene = Scene(options, (CAPE,), _HOURS_STRAY)
    truths = []
    for number in range(_STRAYING):
        ship, track = scene.ship(), scene.track(CAPE, rests=number % 3 == 0)
        said = scene.reports(ship, track)
        for hour in _STRAYS_AT_H:
            first_ms = scene.moment(hour - _STRAY_WITHIN_H, hour + _STRAY_WITHIN_H)
            _stray(scene, said, first_ms)
            if number % _PAIR_EVERY == 0:
                _stray(scene, said, first_ms + _PAIR_MS)
        scene.add(ship, track, said)
        truths.append(scene.quiet("stray", "single fixes are wrong", ship))
    return scene.scenario("stray", TITLE_STRAY, truths)


def _stray(scene: Scene, said: Said, time_ms: int) -> None:
    """The first report from that time on states a place anywhere around, nearer ones more often."""
    which = int(np.searchsorted(said["time_ms"], time_ms).clip(0, len(said) - 1))
    nm = float(np.exp(scene.draw.uniform(*np.log(_STRAY_NM))))
    angle = scene.draw.uniform(0, 2 * np.pi)
    here = (float(said["lat_deg"][which]), float(said["lon_deg"][which]))
    there = offset(here, float(nm * np.cos(angle)), float(nm * np.sin(angle)))
    said["error_lat_deg"][which] += there[0] - here[0]
    said["error_lon_deg"][which] += there[1] - here[1]


def build_bit(options: Options) -> Scenario:
    """Some ships have a wrong bit now and then, others in all reports of an hour or two."""
    scene = Scene(options, (SKAW,), _HOURS_BIT)
    truths = []
    for number in range(_NOW_AND_THEN + _FOR_LONG):
        ship, track = scene.ship(), scene.track(SKAW, rests=number % 3 == 0)
        said = scene.reports(ship, track)
        if number < _NOW_AND_THEN:
            wrong: Bools = scene.draw.random(len(said)) < _WRONG_SHARE
        else:
            from_ms = scene.moment(2.0, 4.0)
            wrong = within(said, from_ms, from_ms + int(scene.draw.uniform(*_LONG_H) * HOUR_MS))
        _flip(said, wrong, "lat_deg" if number % 2 else "lon_deg", int(scene.draw.integers(*_BITS)))
        scene.add(ship, track, said)
        truths.append(scene.quiet("bit_error", "one bit of one axis is wrong", ship))
    return scene.scenario("bit-error", TITLE_BIT, truths)


def _flip(said: Said, wrong: Bools, axis: str, bit: int) -> None:
    """This bit of the axis, as it is sent, has the other value in the ``wrong`` reports."""
    sent = np.rint((said[axis] + said[f"error_{axis}"]) * _PER_DEG).astype(np.int64)[wrong]
    said[f"error_{axis}"][wrong] += ((sent ^ (1 << bit)) - sent) / _PER_DEG


def build_drift(options: Options) -> Scenario:
    """The positions of ships under way and at rest move off slowly, and back; their speeds and courses are true."""
    scene = Scene(options, (SINES,), _HOURS_DRIFT)
    truths = []
    for number in range(_DRIFTING):
        ship, track = scene.ship(), scene.track(SINES, rests=number % 2 == 0)
        said = scene.reports(ship, track)
        from_ms, lasts_h = scene.moment(1.0, 2.0), float(scene.draw.uniform(*_DRIFT_H))
        _drift(said, from_ms, lasts_h, float(scene.draw.uniform(0, 2 * np.pi)))
        scene.add(ship, track, said)
        truths.append(scene.quiet("drift", "its GNSS positions drift by 2 nm and back", ship))
    return scene.scenario("drift", TITLE_DRIFT, truths)


def _drift(said: Said, from_ms: int, lasts_h: float, angle: float) -> None:
    """Half a wave from ``from_ms`` on, ``_DRIFT_NM`` at its middle."""
    share = ((said["time_ms"] - from_ms) / (lasts_h * HOUR_MS)).clip(0, 1)
    off_deg: Floats = _DRIFT_NM / 60 * np.sin(np.pi * share)
    said["error_lat_deg"] += off_deg * np.cos(angle)
    said["error_lon_deg"] += off_deg * np.sin(angle) / np.cos(np.radians(said["lat_deg"]))
