"""Whether the vessel that states an IMO number under another MMSI can be the ship that stated it before."""

from __future__ import annotations

from typing import Final

from detectors.core.identities.matching import LENGTH_SHARE, SMALL, StatedIdentity, contradictions, family_of_code
from detectors.core.imo_notes import Note
from detectors.core.sphere import distance_nm
from detectors.core.units import HOUR_MS
from detectors.core.vessels.ship import VesselState

SLACK_NM: Final = 5.0
"""Errors of positions and times together."""
_FASTEST_KN: Final = 60.0
_REACH: Final = 1.25
"""Factor on the speed that a ship usually makes at most: with a following sea it makes more."""
_TENTHS: Final = 1


def apart_nm(ship: VesselState, note: Note) -> float | None:
    """Distance from the ship's last fix to the place of the note; None if either is unknown."""
    if None in {ship.lat_deg, ship.lon_deg, note.lat_deg, note.lon_deg}:
        return None
    return round(distance_nm(ship.lat_deg, ship.lon_deg, note.lat_deg, note.lon_deg), _TENTHS)  # type: ignore[arg-type]  # checked just before


def is_elsewhere(ship: VesselState, note: Note) -> bool:
    """Whether the two were heard at places that one ship cannot reach in the time: two ships."""
    far_nm, hours = apart_nm(ship, note), abs(note.time_ms - ship.fix_ms) / HOUR_MS
    return far_nm is not None and far_nm > SLACK_NM and far_nm > _FASTEST_KN * hours


def can_be(ship: VesselState, note: Note) -> bool:
    """Whether the ship, silent since its last report, can be at the place of the note, with that type and size."""
    far_nm, hours = apart_nm(ship, note), max(0, note.time_ms - ship.fix_ms) / HOUR_MS
    if far_nm is not None and far_nm > SLACK_NM + round(_REACH * ship.v_max_kn * hours, _TENTHS):
        return False
    stated, before = family_of_code(note.ship_type), family_of_code(ship.ship_type)
    if stated and before and stated != before and {stated, before} & SMALL:
        return False
    sizes = sorted((note.length_m or 0, ship.length_m or 0))
    if sizes[0] and sizes[0] < LENGTH_SHARE * sizes[1]:
        return False
    told = StatedIdentity(imo=note.imo, name=note.name, ship_type=note.ship_type, length_m=note.length_m)
    return ship.listed is None or not contradictions(ship.listed, told)
