"""A listed tanker that transmits a false track far from where it loads."""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.scenario.model import HOUR_MS, Options, Scenario, ScenarioTruth, ShoreStation
from streams.scenario.positions.scene import Scene, displace, expected, offset, within
from streams.scenario.story import StoryShip
from streams.scenario.track import Track, sail

TITLE: Final = "a listed tanker transmits a false track 400 nm from where it loads, for twenty hours"
JOHOR: Final = ShoreStation(name="johor", mmsi=5_339_981, lat_deg=1.7, lon_deg=104.5, range_nm=60)
PLATFORM: Final = ShoreStation(name="platform", mmsi=5_749_981, lat_deg=7.1, lon_deg=109.0, range_nm=50)
"""Hears the ordinary ships where the tanker appears, and not the tanker."""
LOADS_AT: Final = (2.0, 104.9)
_HOURS: Final = 28.0
_JUMPS_H: Final = (3.0, 4.0)
_FALSE_MS: Final = 20 * HOUR_MS
_COMES_NM, _COMES_KN, _LEAVES_KN = 25.0, 9.0, 5.0
_FALSE_NM: Final = (310.0, 250.0)
"""Where the false track is, north and east of the place of loading."""
_FALSE_KN: Final = 7.0
_TANKER: Final = 80
_WITHIN_MIN: Final = (29.0, 75.0)


def build(options: Options) -> Scenario:
    """The tanker has the name and IMO number of the options, which the included list has, and a drawn MMSI."""
    scene = Scene(options, (JOHOR, PLATFORM), _HOURS)
    jumps_ms = scene.moment(*_JUMPS_H)
    drawn = scene.ship()
    tanker = StoryShip(mmsi=drawn.mmsi, says=drawn.says._replace(name=options.name, imo=options.imo, ship_type=_TANKER))
    track = _loads(scene, jumps_ms)
    said = scene.reports(tanker, track)
    which = within(said, jumps_ms, jumps_ms + _FALSE_MS)
    displace(said, which, scene.reports_at(tanker, _false(jumps_ms), said["time_ms"][which]))
    scene.add(tanker, track, said)
    truth = ScenarioTruth(
        kind="false_track",
        note="loads near Johor and transmits a voyage 400 nm away",
        mmsi=tanker.mmsi,
        name=options.name,
        imo=options.imo,
        from_ms=jumps_ms,
        to_ms=jumps_ms + _FALSE_MS,
        expected=(expected("position_jump", "ticket", jumps_ms, _WITHIN_MIN),),
        at_most="ticket",
    )
    return scene.scenario("false-track", TITLE, [truth])


def _loads(scene: Scene, jumps_ms: int) -> Track:
    """It comes from the north, is at rest while its track is false, and leaves again."""
    comes_ms = jumps_ms - int(_COMES_NM / _COMES_KN * HOUR_MS)
    inbound = sail([offset(LOADS_AT, _COMES_NM, 0.0), LOADS_AT], comes_ms, _COMES_KN)
    outbound = sail([LOADS_AT, offset(LOADS_AT, _COMES_NM, 0.0)], jumps_ms + _FALSE_MS, _LEAVES_KN)
    return Track(*(np.concatenate(parts) for parts in zip(inbound, outbound, strict=True)))


def _false(jumps_ms: int) -> Track:
    """A steady course through the ordinary ships around the platform."""
    begins = offset(LOADS_AT, *_FALSE_NM)
    return sail([begins, offset(begins, 0.0, _FALSE_KN * _FALSE_MS / HOUR_MS)], jumps_ms, _FALSE_KN)
