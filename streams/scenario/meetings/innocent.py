"""Ships that are beside others for hours as part of their work, or where all ships wait: no alert."""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.scenario.meetings.afloat import Afloat
from streams.scenario.meetings.sea import Sea
from streams.scenario.meetings.tracks import NM_M, abreast, calling, drift, patrol, towards
from streams.scenario.meetings.transfers import place_of
from streams.scenario.model import HOUR_MS
from streams.scenario.positions.scene import Place, offset
from streams.scenario.track import ANCHORED, FISHING, Track, stay

_ROADS: Final = 30
_ROADS_A_ROW, _ROADS_M = 6, 250.0
_CUSTOMERS, _CUSTOMER_NM, _BESIDE_H = 12, 3.5, 1.25
_TUG, _PILOT, _FISHING = 52, 50, 30


def innocent(sea: Sea) -> None:
    """A roadstead, a bunker barge, tug and tow, a pilot boat, a fishing pair."""
    _roadstead(sea)
    _bunkering(sea)
    _towing(sea)
    _piloting(sea)
    _fishing(sea)


def _roadstead(sea: Sea) -> None:
    """Thirty ships at anchor, 250 m from each other."""
    corner = place_of(sea, 6)
    for number in range(_ROADS):
        row, column = divmod(number, _ROADS_A_ROW)
        aside_m = float(sea.draw.normal(0, 20))
        place = offset(corner, row * _ROADS_M / NM_M, (column * _ROADS_M + aside_m) / NM_M)
        ship = sea.ship(ship_type=70 if number % 2 else 80, length_m=120, beam_m=18)
        sea.add(Afloat(ship=ship, track=stay(place, *sea.span), status=ANCHORED, every_s=180.0, heading_deg=75.0))
        sea.quiet("roadstead", "thirty ships wait at anchor", ship)


def _bunkering(sea: Sea) -> None:
    """A barge that states nothing about its work, and its twelve customers of a day."""
    row = towards(place_of(sea, 5), 0.0, 12.0)
    barge, stops = sea.ship(length_m=70, beam_m=14), []
    first_ms, turn_ms = sea.span[0] + HOUR_MS, 2 * HOUR_MS
    for number in range(_CUSTOMERS):
        north, east = divmod(number, _CUSTOMERS // 2)
        customer = sea.ship(ship_type=70)
        place = offset(row, north * _CUSTOMER_NM, (east if north == 0 else _CUSTOMERS // 2 - 1 - east) * _CUSTOMER_NM)
        sea.add(Afloat(ship=customer, track=stay(place, *sea.span), status=ANCHORED, every_s=180.0))
        sea.quiet("bunkering", "it takes bunkers at anchor", customer)
        came_ms = first_ms + number * turn_ms
        stops.append((towards(place, 130.0, 25.0 / NM_M), came_ms, came_ms + int(_BESIDE_H * HOUR_MS)))
    sea.add(Afloat(ship=barge, track=_round(stops)))
    sea.quiet("bunker_barge", "it has twelve customers a day", barge)


def _round(stops: list[tuple[Place, int, int]]) -> Track:
    """From stop to stop: places, and from when to when it is there."""
    times = [ms for _, came_ms, left_ms in stops for ms in (came_ms, left_ms)]
    lat_deg, lon_deg = ([place[axis] for place, _, _ in stops for _ in range(2)] for axis in (0, 1))
    return Track(np.array(times), np.array(lat_deg), np.array(lon_deg))


def _towing(sea: Sea) -> None:
    tug, tow = sea.ship(ship_type=_TUG, length_m=32, beam_m=11), sea.ship(ship_type=0, length_m=90, beam_m=24)
    way = patrol(place_of(sea, 7), sea.span, knots=5.0, course_deg=200.0, nm=25.0)
    sea.add(Afloat(ship=tug, track=way), Afloat(ship=tow, track=abreast(way, 20.0, 160.0)))
    sea.quiet("towing", "a tug tows a barge without a type", tug, tow)


def _piloting(sea: Sea) -> None:
    ship, boat = sea.ship(ship_type=70), sea.ship(ship_type=_PILOT, length_m=20, beam_m=6)
    from_ms = sea.scene.moment(4.0, 8.0)
    waits = drift(place_of(sea, 8), from_ms, from_ms + int(2.6 * HOUR_MS))
    sea.add(
        Afloat(ship=ship, track=calling(waits, sea.span, course_deg=100.0)),
        Afloat(ship=boat, track=calling(abreast(waits, 130.0, 30.0), sea.span, course_deg=250.0, knots=16.0)),
    )
    sea.quiet("piloting", "a pilot boat is beside a ship that waits", ship, boat)


def _fishing(sea: Sea) -> None:
    pair = [sea.ship(ship_type=_FISHING, length_m=30, beam_m=8) for _ in range(2)]
    way = patrol(towards(place_of(sea, 2), 180.0, 5.0), sea.span, knots=3.2, course_deg=100.0, nm=9.0)
    tracks = (way, abreast(way, 10.0, 140.0))
    sea.add(*(Afloat(ship=s, track=t, status=FISHING) for s, t in zip(pair, tracks, strict=True)))
    sea.quiet("fishing", "two boats tow one net", *pair)
