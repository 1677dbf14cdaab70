"""What a silence allows: sanctioned places that a ship could have called at, and the number of ordinary ones.

A long silence makes every port feasible (287 h at 18 kn: 1,428 of 3,768). So only curated sanctioned zones are named,
those with the smallest detour first, together with the number of ordinary ports in reach: the share of sanctioned
places shows how much a name means. Pure; ``reach`` does the calculation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.geography import reach
from detectors.core.reference import Port, Reference, Zone
from detectors.core.shared_cache import Once
from detectors.core.sphere import Floats, distances_nm, unit_vectors
from detectors.core.units import HOUR_MS, MINUTE_MS, MS, rfc3339
from detectors.core.vessels.ship import VesselState

NAMED_MOST: Final = 8
SHUTTLES_MOST: Final = 2
AHEAD_H: Final = 24.0
UNDER_WAY_KN: Final = 5.0  # slower, it may be coming from a berth or going to one
LOOK_GROWS: Final = 2.0
LOOK_LEAST_H: Final = 0.5
LOOK_OFTEN_H: Final = 24.0 * 7
LOOK_MOST_H: Final = 24.0 * 365
_DATE_LETTERS: Final = 10
_PORT_NM: Final = 2.0  # positions of ports are known to a mile or two

Numbers = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


class PossibleCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sanctioned zone that it could have called at, as in alerts."""

    zone: str
    distance_nm: float
    """From the last fix."""
    arrive_by: str
    """Earliest arrival, RFC 3339."""
    longest_stay_s: int | None = None
    """This and the following are given only if its next position is known."""
    needed_kn: float | None = None
    """The speed for the way there and on without a stay."""
    detour_nm: float | None = None


class PossibleShuttle(msgspec.Struct, frozen=True, kw_only=True):
    """Two zones of different countries, and the number of possible round trips."""

    between: tuple[str, str]
    round_trips_at_most: int


class PossibleCalls(msgspec.Struct, frozen=True, kw_only=True):
    """What one silence allows at ``v_max_kn``."""

    v_max_kn: float
    hours: float
    calls: tuple[PossibleCall, ...]
    """Smallest detour (nearest) first, at most NAMED_MOST."""
    zones: int
    """Number of feasible sanctioned zones."""
    innocent: int
    """Number of feasible ordinary ports."""
    shuttles: tuple[PossibleShuttle, ...] = ()
    stayed: bool = False
    """It ends where it began: apparently not a voyage."""
    next_h: float | None = None
    """Still dark: when the next zone comes into reach, hours after the last fix."""

    @property
    def share(self) -> float:
        """The sanctioned share of the places in reach, to a thousandth; 0 if there are none."""
        return round(self.zones / (self.zones + self.innocent), 3) if self.zones else 0.0

    def look_again_h(self, *, dark: bool) -> float | None:
        """Still dark: when to calculate again, hours after the last fix; None for never.

        This is when the next zone comes into reach. Once one is in reach, the silence doubles between two checks, so a
        year costs a dozen. Before a gap is open (not ``dark``) it is every half hour, for a week.
        """
        if self.hours > LOOK_MOST_H:
            return None
        if self.zones and not dark and self.hours < LOOK_OFTEN_H:
            return self.hours + LOOK_LEAST_H
        later_h = max(self.hours * LOOK_GROWS, self.hours + LOOK_LEAST_H)
        if self.zones and not dark:
            return later_h
        if self.next_h is None:
            return None
        return max(later_h, self.next_h) if self.zones else self.next_h

    def is_news(self, alert: Alert | None) -> bool:
        """Whether it names other places than an alert's ``details``."""
        named = {str(call["zone"]) for call in alert.details["feasible_ports"]} if alert else set()
        return named != {call.zone for call in self.calls}

    def details(self) -> dict[str, object]:
        """The form for ``details`` of gap and port_proximity alerts."""
        return {
            "v_max_kn": self.v_max_kn,
            "feasible_ports": list(msgspec.to_builtins(self.calls)),
            "feasible_zones": self.zones,
            "innocent_ports": self.innocent,
            "round_trips": list(msgspec.to_builtins(self.shuttles)),
            **({"apparently_stayed": True} if self.stayed else {}),
        }


class ReachableZones:
    """The sanctioned zones and the ports of a reference."""

    def __init__(self, reference: Reference) -> None:
        self._zones = tuple(zone for zone in reference.zones if zone.kind == "sanctioned")
        self._zone_vectors = _vectors(self._zones)
        self._ports = _vectors(reference.ports)
        radius_nm = np.asarray([max(zone.radius_nm, _PORT_NM) for zone in self._zones], np.float64)
        near = distances_nm(self._ports[:, :, None], self._zone_vectors[:, None, :]) <= radius_nm
        self._in_zone: Bools = near
        """Shape (ports, zones): whether a port is in a zone, and so is not an ordinary one."""

    def still_dark(self, ship: VesselState, now_ms: int, *, ahead_h: float = 0.0) -> PossibleCalls | None:
        """What the silence since its last fix allows by now; ``ahead_h`` also includes zones in reach later.

        None without a fix.
        """
        zones = self._in_force(now_ms)
        if ship.lat_deg is None or ship.lon_deg is None:
            return None
        last, v_max, hours = reach.fix(ship.lat_deg, ship.lon_deg), ship.v_max_kn, (now_ms - ship.fix_ms) / HOUR_MS
        every = reach.still_dark(last, self._zone_vectors[:, zones], hours=np.inf, v_max_kn=v_max)
        now = every.distance_nm <= round(v_max * hours, 2)
        named = every.distance_nm <= round(v_max * (hours + ahead_h), 2)
        later = every.arrive_h[~now]
        calls = tuple(
            self._call(int(zones[at]), ship, nm, hour)
            for at, nm, hour in zip(every.at[named], every.distance_nm[named], every.arrive_h[named], strict=True)
        )
        ports = self._innocent(zones)
        return PossibleCalls(
            v_max_kn=v_max,
            hours=hours,
            calls=calls[:NAMED_MOST],
            zones=int(now.sum()),
            innocent=len(reach.still_dark(last, self._ports[:, ports], hours=hours, v_max_kn=v_max).at),
            shuttles=self._shuttles(zones[every.at[now]], last, None, hours=hours, v_max_kn=v_max),
            next_h=float(later[0]) if len(later) else None,
        )

    def over(self, before: VesselState, ship: VesselState) -> PossibleCalls | None:
        """What the silence between two fixes allows; None without both. A distance that refutes v_max raises it."""
        if before.lat_deg is None or before.lon_deg is None or ship.lat_deg is None or ship.lon_deg is None:
            return None
        hours = (ship.fix_ms - before.fix_ms) / HOUR_MS
        zones = self._in_force(ship.fix_ms)
        if hours <= 0:
            return None
        last, after = reach.fix(before.lat_deg, before.lon_deg), reach.fix(ship.lat_deg, ship.lon_deg)
        moved_nm = float(reach.apart_nm(last, after[:, None])[0])
        v_max = max(before.v_max_kn, round(moved_nm / hours, 1))
        found = reach.closed(last, after, self._zone_vectors[:, zones], hours=hours, v_max_kn=v_max)
        calls = tuple(
            msgspec.structs.replace(
                self._call(int(zones[at]), before, there, there / v_max),
                longest_stay_s=round(stay_h * HOUR_MS / MINUTE_MS) * MINUTE_MS // MS,
                needed_kn=round(kn, 1),
                detour_nm=round(detour, 1),
            )
            for at, there, stay_h, kn, detour in zip(
                found.at[:NAMED_MOST].tolist(),
                found.there_nm.tolist(),
                found.longest_stay_h.tolist(),
                found.needed_kn.tolist(),
                found.detour_nm.tolist(),
                strict=False,
            )
        )
        ports = self._innocent(zones)
        return PossibleCalls(
            v_max_kn=v_max,
            hours=hours,
            calls=calls,
            zones=len(found.at),
            innocent=len(reach.closed(last, after, self._ports[:, ports], hours=hours, v_max_kn=v_max).at),
            shuttles=self._shuttles(zones[found.at], last, after, hours=hours, v_max_kn=v_max),
            stayed=reach.apparently_stayed(hours, moved_nm, under_way=_under_way(before) or _under_way(ship)),
        )

    def _in_force(self, now_ms: int) -> Numbers:
        date = rfc3339(now_ms)[:_DATE_LETTERS]
        counts = [(z.from_date or "") <= date and (z.to_date is None or date <= z.to_date) for z in self._zones]
        return np.flatnonzero(counts)

    def _innocent(self, zones: Numbers) -> Numbers:
        return np.flatnonzero(~self._in_zone[:, zones].any(axis=1))

    def _call(self, zone: int, ship: VesselState, distance_nm: float, arrive_h: float) -> PossibleCall:
        minutes = -(-ship.fix_ms // MINUTE_MS) + int(np.ceil(arrive_h * HOUR_MS / MINUTE_MS))
        return PossibleCall(
            zone=self._zones[zone].name,
            distance_nm=round(float(distance_nm), 1),
            arrive_by=rfc3339(minutes * MINUTE_MS),
        )

    def _shuttles(
        self, zones: Numbers, last: Floats, after: Floats | None, *, hours: float, v_max_kn: float
    ) -> tuple[PossibleShuttle, ...]:
        """The pairs of zones in two countries that allow a round trip, shortest way first."""
        vectors = self._zone_vectors[:, zones]
        found: list[PossibleShuttle] = []
        for one, other in reach.pairs(last, after, vectors, hours=hours, v_max_kn=v_max_kn).at.tolist():
            ends = self._zones[int(zones[one])], self._zones[int(zones[other])]
            if ends[0].country == ends[1].country:
                continue
            trips = reach.round_trips(last, after, vectors[:, [one, other]], hours=hours, v_max_kn=v_max_kn)
            if trips:
                found.append(PossibleShuttle(between=(ends[0].name, ends[1].name), round_trips_at_most=trips))
            if len(found) == SHUTTLES_MOST:
                break
        return tuple(found)


reachable_zones_of: Final = Once(ReachableZones)
"""The reachable zones of a reference; made once and shared."""


def while_silent(reference: Reference, ship: VesselState, now_ms: int) -> dict[str, object]:
    """Additional ``details`` of an open gap: the zones within reach by now and in the next AHEAD_H, and the rest."""
    allowed = reachable_zones_of(reference).still_dark(ship, now_ms, ahead_h=AHEAD_H)
    return {} if allowed is None else allowed.details()


def once_heard(reference: Reference, before: VesselState, ship: VesselState) -> dict[str, object]:
    """The corresponding ``details`` of a closed gap, from the last fix before and the first after."""
    allowed = reachable_zones_of(reference).over(before, ship)
    return {} if allowed is None else allowed.details()


def _vectors(places: Sequence[Zone] | Sequence[Port]) -> Floats:
    lat = np.asarray([place.lat_deg for place in places], np.float64)
    lon = np.asarray([place.lon_deg for place in places], np.float64)
    return unit_vectors(lat, lon)


def _under_way(ship: VesselState) -> bool:
    return (ship.sog_kn or 0.0) >= UNDER_WAY_KN
