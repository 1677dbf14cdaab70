"""The relation of a ship to the zones: inside one, closing on one, bound for one, or none of these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from detectors.core.geography.reachable_zones import ReachableZones
from detectors.core.geography.zone_columns import NO_ZONE, ZoneColumns
from detectors.core.units import rfc3339
from detectors.core.vessels.ship import VesselState

NONE, DESTINATION, CLOSING, INSIDE, FEASIBLE = 0, 1, 2, 3, 4
REASONS: Final = ("none", "destination", "closing", "inside", "feasible_while_dark")
_DATE_LETTERS: Final = 10


class ZoneApproach(NamedTuple):
    """The present relation of a ship to a zone: the zone, the reason, the distance, and hours to go when closing."""

    zone: int
    reason: int
    distance_nm: float = 0.0
    eta_h: float = 0.0


class Speeds(NamedTuple):
    """The speeds that mean closing and slowing for one ship now, kn."""

    closing_least_kn: float
    slow_kn: float
    """At or below this it is slowing."""


NOWHERE: Final = ZoneApproach(NO_ZONE, NONE)


def look_at(places: ZoneColumns, ship: VesselState, now_ms: int, speeds: Speeds) -> ZoneApproach:
    """The strongest reason, and among equals the nearest zone."""
    date = rfc3339(now_ms)[:_DATE_LETTERS]
    named = places.named_by(ship.destination) if ship.destination else NO_ZONE
    found = [
        look
        for number, zone in enumerate(places.zones)
        if (places.for_all[number] or ship.listed) and places.in_force(number, date)
        for look in _zone_look(places, number, ship, named=named == number, speeds=speeds)
    ]
    return max(found, key=lambda look: (look.reason, -look.distance_nm, -look.zone), default=NOWHERE)


def hold(
    places: ZoneColumns, look: ZoneApproach, said: ZoneApproach, ship: VesselState, *, grace: float, lately: bool
) -> ZoneApproach:
    """Hysteresis: inside until ``grace`` radii, closing if it was closing ``lately``; otherwise ``look``.

    While a ship's positions are inconsistent, the reported relation stays, unless it becomes stronger for the same
    zone.
    """
    if ship.lat_deg is None or ship.lon_deg is None or said.zone == NO_ZONE:
        return look
    if look.reason >= said.reason and (look.zone == said.zone or not ship.unsure):
        return look
    stands = said.reason == INSIDE and places.contains(said.zone, ship.lat_deg, ship.lon_deg, grace)
    if stands or ship.unsure or (said.reason == CLOSING and lately):
        return ZoneApproach(said.zone, said.reason, places.distance_nm(said.zone, ship.lat_deg, ship.lon_deg))
    return look


def refuted(
    places: ZoneColumns,
    reachable_zones: ReachableZones,
    said: ZoneApproach,
    ship: VesselState,
    now_ms: int,
    *,
    grace: float,
) -> str | None:
    """Why the reported relation no longer holds under another reference; None while the next report may decide."""
    if said.reason == NONE:
        return None
    if said.zone == NO_ZONE:
        return "withdrawn"
    if ship.listed is None and (said.reason == FEASIBLE or not places.for_all[said.zone]):
        return "delisted"
    if said.reason == FEASIBLE:
        allowed = reachable_zones.still_dark(ship.on_trusted_fix(), now_ms)
        return "withdrawn" if allowed is not None and not allowed.zones else None
    if said.reason != INSIDE or ship.unsure or ship.lat_deg is None or ship.lon_deg is None:
        return None
    return None if places.contains(said.zone, ship.lat_deg, ship.lon_deg, grace) else "withdrawn"


def _zone_look(
    places: ZoneColumns, number: int, ship: VesselState, *, named: bool, speeds: Speeds
) -> Iterable[ZoneApproach]:
    if ship.lat_deg is None or ship.lon_deg is None:
        if named:
            yield ZoneApproach(number, DESTINATION)
        return
    if not named and places.far_from(number, ship.lat_deg, ship.sog_kn or 0.0):
        return
    distance_nm = places.distance_nm(number, ship.lat_deg, ship.lon_deg)
    if places.contains(number, ship.lat_deg, ship.lon_deg):
        yield ZoneApproach(number, INSIDE, distance_nm)
        return
    slowing = (ship.sog_kn or 0.0) <= speeds.slow_kn
    eta_h = _eta_h(places, number, ship, speeds) if named or slowing or ship.listed is not None else None
    if eta_h is not None:
        yield ZoneApproach(number, CLOSING, distance_nm, eta_h)
    elif named:
        yield ZoneApproach(number, DESTINATION, distance_nm)


def _eta_h(places: ZoneColumns, number: int, ship: VesselState, speeds: Speeds) -> float | None:
    """Hours to the zone's edge if the course leads into it within the horizon, otherwise None."""
    if ship.sog_kn is None or ship.sog_kn < speeds.closing_least_kn or not ship.sog_kn:
        return None
    edge_nm = places.way_in_nm(number, ship, ship.sog_kn * places.zones[number].horizon_h)
    return None if edge_nm is None else round(max(0.0, edge_nm / ship.sog_kn), 2)
