"""A listed ship: it drifts beside a buoy, and later it is silent near a tanker that waits and three innocent ships."""

from __future__ import annotations

from typing import Final

import msgspec

from streams.nmea.encoder import Particulars
from streams.scenario.meetings.afloat import Afloat
from streams.scenario.meetings.sea import Sea
from streams.scenario.meetings.tracks import NM_M, abreast, calling, drift, patrol, towards
from streams.scenario.model import HOUR_MS, Options, ScenarioTruth
from streams.scenario.positions.scene import expected, offset
from streams.scenario.story import StoryShip
from streams.scenario.track import every

_BUOY, _AIDS = 6001, 990_000_000
_BUOY_M: Final = 80.0
_MAY_REPORT: Final = ("gap", "rendezvous", "watchlist")
_BUOY_EVERY_S: Final = 180.0
_BUOY_H: Final = (3.0, 6.0)
_DARK_H: Final = (9.0, 21.0)
_WAITS_H: Final = (10.0, 22.0)
_WAITS_NM: Final = 22.0
_COASTER_KN: Final = 7.2
_TUG, _YACHT = 52, 37
_TOLD_MIN: Final = (30.0, 12 * 60.0)
"""When it must be reported, min after it fell silent: the silence must first be known as one."""


def dark(sea: Sea, options: Options) -> None:
    """The listed ship of the options, in the eastern water."""
    listed = StoryShip(
        mmsi=options.mmsi,
        says=Particulars(imo=options.imo, name=options.name, ship_type=79, length_m=128, beam_m=18, draught_m=6.0),
    )
    buoy_ms, dark_ms, waits_ms = (_span(sea, hours) for hours in (_BUOY_H, _DARK_H, _WAITS_H))
    buoy = offset(sea.there, 8.0, -6.0)
    sea.scene.story.marks(_aid(sea), "WEST CARDINAL", buoy, every(*sea.span, _BUOY_EVERY_S))
    lies = drift(towards(buoy, 90.0, _BUOY_M / NM_M), *buoy_ms, knots=0.1)
    way = calling(lies, sea.span, course_deg=200.0, knots=10.0)
    sea.add(Afloat(ship=listed, track=way, silent=dark_ms, every_s=60.0), station="east")
    _waiting(sea, waits_ms)
    told = expected("rendezvous", "ticket", dark_ms[0], _TOLD_MIN)
    sea.truths += [
        _truth(listed, "buoy", "it drifts beside a buoy", (sea.span[0], dark_ms[0]), ("watchlist",)),
        msgspec.structs.replace(
            _truth(
                listed, "dark_rendezvous", "a tanker waits within its reach while it is silent", dark_ms, _MAY_REPORT
            ),
            expected=(told,),
            heard=False,
        ),
        _truth(listed, "heard_again", "it is heard where it fell silent", (dark_ms[1], sea.span[1]), _MAY_REPORT),
    ]


def _span(sea: Sea, hours: tuple[float, float]) -> tuple[int, int]:
    return sea.span[0] + int(hours[0] * HOUR_MS), sea.span[0] + int(hours[1] * HOUR_MS)


def _aid(sea: Sea) -> int:
    """The MMSI of the buoy: that of an aid to navigation of the country."""
    country = sea.scene.story.receivers[1].mmsi // 10_000
    return _AIDS + country * 10_000 + _BUOY


def _truth(ship: StoryShip, kind: str, note: str, span: tuple[int, int], only: tuple[str, ...]) -> ScenarioTruth:
    return ScenarioTruth(
        kind=kind,
        note=note,
        mmsi=ship.mmsi,
        name=ship.says.name,
        imo=ship.says.imo,
        from_ms=span[0],
        to_ms=span[1],
        only=only,
    )


def _waiting(sea: Sea, waits_ms: tuple[int, int]) -> None:
    """The tanker; and a tug at work, a yacht and a coaster beside it."""
    place = offset(sea.there, -_WAITS_NM, 10.0)
    drifts = drift(place, *waits_ms, knots=0.2, course_deg=30.0)
    tanker, tug = sea.ship(), sea.ship(ship_type=_TUG, length_m=30, beam_m=10)
    yacht, coaster = sea.ship(ship_type=_YACHT, length_m=14, beam_m=4), sea.ship(ship_type=70, length_m=90, beam_m=14)
    sea.add(
        Afloat(ship=tanker, track=calling(drifts, sea.span, course_deg=160.0)),
        Afloat(ship=tug, track=calling(abreast(drifts, 20.0, 2800.0), sea.span, course_deg=170.0)),
        Afloat(ship=yacht, track=calling(abreast(drifts, 290.0, 3500.0), sea.span, course_deg=190.0)),
        Afloat(
            ship=coaster, track=patrol(towards(place, 0.0, 2.0), sea.span, knots=_COASTER_KN, course_deg=110.0, nm=20.0)
        ),
        station="east",
    )
    sea.quiet("waiting", "a tanker waits at sea for half a day", tanker, only=("loitering",))
    sea.quiet("innocent", "it is beside the tanker that waits", tug, yacht, coaster)
