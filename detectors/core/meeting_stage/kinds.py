"""Which ships meet others as part of their work, and which transponders are no ship: by what they state."""

from __future__ import annotations

import re
from typing import Final

from detectors.core.slow_ships import SlowShip

_SERVICE: Final = {
    31: "tug",
    32: "tug",
    33: "dredger",
    34: "diving_vessel",
    50: "pilot",
    51: "rescue_vessel",
    52: "tug",
    53: "tender",
    54: "service_vessel",
    55: "law_enforcement",
    56: "service_vessel",
    57: "service_vessel",
    58: "medical_transport",
    59: "service_vessel",
}
"""By ship type (ITU-R M.1371)."""
REASONS: Final = (
    *dict.fromkeys(_SERVICE.values()),
    "bunker_barge",
    "many_partners",
    "fishing_gear",
    "fishing_pair",
    "pleasure_craft",
    "one_ship",
    "crowded_place",
    "stop_place",
)
"""Why ships that are together are no meeting."""
_FISHING: Final = 30
_PLEASURE: Final = (36, 37)
_NAME_LETTERS_LEAST: Final = 3
_BUNKER: Final = re.compile(r"\b(BUNKER(ING)?|SUPPLIER|REFUEL)", re.IGNORECASE)
_TANKER: Final = range(80, 90)
_GEAR: Final = re.compile(r"\d\s*%|\b\d{1,2}([.,]\d)?\s*V$|\b(NET|BUOY|FISHNET|GEAR)\b.*\d", re.IGNORECASE)
"""Names of beacons on nets: with the charge of the battery, or a number of the net."""


def service_of(ship: SlowShip) -> str:
    """The service for which it meets others; empty if there is none."""
    if ship.name and _BUNKER.search(ship.name):
        return "bunker_barge"
    return _SERVICE.get(ship.ship_type or 0, "")


def is_tanker(ship_type: int | None) -> bool:
    """Whether a ship type is one of tankers."""
    return ship_type is not None and ship_type in _TANKER


def excluded(one: SlowShip, other: SlowShip) -> str:
    """Why two ships that are together are no meeting, whoever they are; empty if it may be one."""
    if any(ship.name and _GEAR.search(ship.name) for ship in (one, other)):
        return "fishing_gear"
    same_name = one.name == other.name and len(one.name or "") >= _NAME_LETTERS_LEAST
    if same_name or (one.imo is not None and one.imo == other.imo):
        return "one_ship"
    if one.listed or other.listed:
        return ""
    if one.ship_type == other.ship_type == _FISHING:
        return "fishing_pair"
    if one.ship_type in _PLEASURE and other.ship_type in _PLEASURE:
        return "pleasure_craft"
    return service_of(one) or service_of(other)
