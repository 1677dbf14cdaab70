"""The zones in columns, for screening, and destination text, for reading."""

from __future__ import annotations

import math
import re
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.geography.area import area_of
from detectors.core.geography.gazetteer import LIKENESS_LEAST, TYPO_LETTERS_LEAST, gazetteer_of, phrases, words_of
from detectors.core.names import NameIndex, likeness
from detectors.core.reference import Reference, Zone
from detectors.core.sphere import Floats, bearing_deg, distance_nm, distances_nm, unit_vectors
from detectors.core.vessels.ship import VesselState

NO_ZONE: Final = -1
_POLE, _HALF_CIRCLE, _CELL_DEG = 90.0, 180.0, 2.0
_LATS, _LONS = int(2 * _POLE / _CELL_DEG) + 1, int(2 * _HALF_CIRCLE / _CELL_DEG) + 1
_CELL_NM: Final = 90.0  # no place of a cell is further from its middle: 60 nm north and 60 nm east of it
_EDGE: Final = 1.05  # of the radius: more than any screen needs
_WIDER: Final = 1.02  # of the radius: how much screens widen (or narrow) a circle
_LEAST_HORIZON_H: Final = 1e-3
_SLACK: Final = 0.02  # of rounding, in either unit
_NM_A_DEG_LEAST: Final = 59.0  # of latitude
_SANCTIONED: Final = "sanctioned"
_WORD: Final = re.compile(r"[A-Z0-9]+")
_LEAST_ALIAS: Final = 4  # shorter names would match by accident
_LOCODE_LETTERS: Final = 5
_SAME_PORT_NM: Final = 10.0

Bools = npt.NDArray[np.bool_]


class ZoneNamed(NamedTuple):
    """What a destination names."""

    zone: int
    """NO_ZONE if none."""
    by: str
    """``locode``, ``name`` or ``likeness``; empty for none."""


UNNAMED: Final = ZoneNamed(NO_ZONE, "")


def counts_for_all(zone: Zone) -> bool:
    """Whether a zone counts for vessels that are not listed, too."""
    return zone.kind != "associated"


class ZoneColumns:
    """All zones of a reference, numbered as there."""

    def __init__(self, reference: Reference) -> None:
        self.zones = reference.zones
        lat = np.asarray([z.lat_deg for z in self.zones], np.float64)
        lon = np.asarray([z.lon_deg for z in self.zones], np.float64)
        self._lat_deg, self._lon_deg = lat, lon
        self._vectors = unit_vectors(lat, lon)
        self.radius_nm = np.asarray([z.radius_nm for z in self.zones], np.float64)
        self.sanctioned = np.asarray([z.kind == _SANCTIONED for z in self.zones], bool)
        self.for_all = np.asarray([counts_for_all(z) for z in self.zones], bool)
        """Those that count for vessels that are not listed, too."""
        self._areas = {n: area_of((z.polygon, *z.more_polygons)) for n, z in enumerate(self.zones) if z.polygon}
        circle = np.asarray([z.polygon is None for z in self.zones], bool)
        self._aim_nm = np.where(circle, self.radius_nm / 2, self.radius_nm)
        """A course that passes the centre at a greater distance does not lead into any zone."""
        self.horizon_h = np.asarray([z.horizon_h for z in self.zones], np.float64)
        self._reference = reference
        self._named: dict[str, ZoneNamed] = {}
        self._needed_kn = _needed_kn(self.zones)

    def distances_nm(self, lat_deg: Floats, lon_deg: Floats) -> Floats:
        """From each place to each zone's centre, shape (n, zones), nautical miles."""
        here = unit_vectors(lat_deg, lon_deg)
        return distances_nm(here[:, :, None], self._vectors[:, None, :])

    def may_reach(self, lat_deg: Floats, lon_deg: Floats, sog_kn: Floats, *, listed: Bools) -> Bools:
        """False only if a ship at this speed is neither in a zone nor in reach of one that counts for it.

        One lookup in a table of cells instead of a distance to each zone: 0.05 us per report against 1. Places must be
        known.
        """
        cell = ((lat_deg + _POLE) / _CELL_DEG).astype(np.intp) * _LONS
        cell += ((lon_deg + _HALF_CIRCLE) / _CELL_DEG).astype(np.intp)
        found: Bools = sog_kn >= self._needed_kn[listed.astype(np.intp), cell]
        return found

    def may_lead_into(self, lat_deg: Floats, lon_deg: Floats, cog_deg: Floats, nm: Floats) -> Bools:
        """Shape (n, zones): False only if a course leads away from a zone, or passes too far from its centre.

        ``nm`` has the distance of each place to each centre.
        """
        lat, there = np.radians(lat_deg)[:, None], np.radians(self._lat_deg)
        dlon = np.radians(self._lon_deg - lon_deg[:, None])
        east = np.sin(dlon) * np.cos(there)
        north = np.cos(lat) * np.sin(there) - np.sin(lat) * np.cos(there) * np.cos(dlon)
        off = np.arctan2(east, north) - np.radians(cog_deg.astype(np.float64))[:, None]
        passes_nm = nm * np.abs(np.sin(off))
        found: Bools = (np.cos(off) > -_SLACK) & (passes_nm <= self._aim_nm * _EDGE + _SLACK)
        return found

    def in_force(self, number: int, date: str) -> bool:
        """Whether a zone counts on an ISO date."""
        zone = self.zones[number]
        return (zone.from_date or "") <= date and (zone.to_date is None or date <= zone.to_date)

    def far_from(self, number: int, lat_deg: float, sog_kn: float) -> bool:
        """True only if a ship is so far north or south that it is neither in a zone nor within its horizon.

        One subtraction instead of the haversines of a distance: it is true for most zones and ships.
        """
        zone = self.zones[number]
        return abs(lat_deg - zone.lat_deg) * _NM_A_DEG_LEAST > zone.radius_nm + sog_kn * zone.horizon_h + 1.0

    def contains(self, number: int, lat_deg: float, lon_deg: float, grace: float = 1.0) -> bool:
        """Whether a place is in a zone, or within ``grace`` radii of a circle (``Area.contains_within``)."""
        area = self._areas.get(number)
        if area is None:
            return self.distance_nm(number, lat_deg, lon_deg) <= self.zones[number].radius_nm * grace
        return area.contains_within(lat_deg, lon_deg, grace) if grace > 1 else bool(area.contains(lat_deg, lon_deg))

    def may_contain(self, lat_deg: Floats, lon_deg: Floats, nm: Floats) -> Bools:
        """Shape (n, zones): False only where ``contains`` is false. ``nm`` has the distances to each centre."""
        found: Bools = nm <= self.radius_nm * _WIDER + _SLACK
        for number, area in self._areas.items():
            at = found[:, number].nonzero()[0]
            found[at, number] = area.may_contain(lat_deg[at], lon_deg[at])
        return found

    def surely_contain(self, lat_deg: Floats, lon_deg: Floats, nm: Floats) -> Bools:
        """Shape (n, zones): True only where ``contains`` is true."""
        found: Bools = nm <= self.radius_nm / _WIDER - _SLACK
        for number, area in self._areas.items():
            at = (nm[:, number] <= self.radius_nm[number] * _WIDER + _SLACK).nonzero()[0]
            found[:, number] = False
            found[at, number] = area.surely_contains(lat_deg[at], lon_deg[at])
        return found

    def way_in_nm(self, number: int, ship: VesselState, way_nm: float) -> float | None:
        """To the zone's edge on the ship's course, which leads well into it within ``way_nm``; otherwise None."""
        if ship.lat_deg is None or ship.lon_deg is None or ship.cog_deg is None:
            return None
        area, zone = self._areas.get(number), self.zones[number]
        if area is not None:
            return area.way_in_nm(ship.lat_deg, ship.lon_deg, ship.cog_deg, way_nm)
        distance_nm = self.distance_nm(number, ship.lat_deg, ship.lon_deg)
        off_deg = bearing_deg(ship.lat_deg, ship.lon_deg, zone.lat_deg, zone.lon_deg) - ship.cog_deg
        leads_in = math.cos(math.radians(off_deg)) > 0
        passes_nm = round(distance_nm * abs(math.sin(math.radians(off_deg))), 2)
        edge_nm = distance_nm - zone.radius_nm
        return edge_nm if leads_in and passes_nm <= zone.radius_nm / 2 and edge_nm <= way_nm else None

    def distance_nm(self, number: int, lat_deg: float, lon_deg: float) -> float:
        """From a place to a zone's centre, rounded to a hundredth."""
        zone = self.zones[number]
        return round(distance_nm(lat_deg, lon_deg, zone.lat_deg, zone.lon_deg), 2)

    @cached_property
    def _names(self) -> list[tuple[str, int]]:
        names = [
            (" ".join(_WORD.findall(name.upper())), number)
            for number, zone in enumerate(self.zones)
            for name in (zone.name, *zone.aliases)
        ]
        return sorted(((n, i) for n, i in names if len(n) >= _LEAST_ALIAS), key=lambda pair: (-len(pair[0]), pair))

    def named_by(self, destination: str) -> int:
        """The zone that a destination names; NO_ZONE if none."""
        return self.naming(destination).zone

    def naming(self, destination: str) -> ZoneNamed:
        """The zone that a destination names, and how: by UN/LOCODE, alias or likeness.

        ``KRPUS>KPRJN`` names the place after the arrow; a name counts only as whole words; ``RAJ1N`` is similar to
        RAJIN; a text that exactly names another port of the world is not similar to any zone.
        """
        known = self._named.get(destination)
        if known is None:
            if len(self._named) > 100_000:  # noqa: PLR2004 - invented texts must not fill memory
                self._named.clear()
            known = self._named[destination] = self._find(destination)
        return known

    def _find(self, destination: str) -> ZoneNamed:
        text = destination.upper().rsplit(">", 1)[-1]
        words = _WORD.findall(text)
        joined = "".join(words)
        for number, zone in enumerate(self.zones):
            if zone.locode and (zone.locode in words or joined[:_LOCODE_LETTERS] == zone.locode == joined):
                return ZoneNamed(number, "locode")
        spaced = f" {' '.join(words)} "
        found = next((ZoneNamed(number, "name") for name, number in self._names if f" {name} " in spaced), None)
        return found or self._alike(destination)

    @cached_property
    def _plain(self) -> tuple[NameIndex, list[str]]:
        names = [name for name, _ in self._names]
        return NameIndex(names, list(range(len(names)))), names

    def _alike(self, destination: str) -> ZoneNamed:
        index, names = self._plain
        texts = [text for text in phrases(words_of(destination)) if len(text) >= _LEAST_ALIAS]
        for text in (text for text, near in zip(texts, index.any_near(texts).tolist(), strict=True) if near):
            alike = {at: likeness(text, names[at]) for at in index.near(text)}
            best = max(alike, key=lambda at: (alike[at], -at), default=-1)
            enough = LIKENESS_LEAST if len(text) >= TYPO_LETTERS_LEAST else 1.0
            if best >= 0 and alike[best] >= enough and not self._is_elsewhere(destination, self._names[best][1]):
                return ZoneNamed(self._names[best][1], "likeness")
        return UNNAMED

    def _is_elsewhere(self, destination: str, number: int) -> bool:
        """Whether a text names, letter by letter, a port that is not this zone's."""
        port = gazetteer_of(self._reference).named(destination)
        zone = self.zones[number]
        return (
            port is not None
            and port.by != "likeness"
            and self.distance_nm(number, port.port.lat_deg, port.port.lon_deg) > max(zone.radius_nm, _SAME_PORT_NM)
        )


@lru_cache(maxsize=8)
def _needed_kn(zones: tuple[Zone, ...]) -> Floats:
    """[of a listed ship, cell]: the speed from which a place of the cell may be in reach of a zone that counts."""
    lat = np.repeat(np.arange(_LATS, dtype=np.float64), _LONS) * _CELL_DEG + _CELL_DEG / 2 - _POLE
    lon = np.tile(np.arange(_LONS, dtype=np.float64), _LATS) * _CELL_DEG + _CELL_DEG / 2 - _HALF_CIRCLE
    here, needed = unit_vectors(lat, lon), np.full((2, len(lat)), np.inf)
    for zone in zones:
        there = unit_vectors(np.array([zone.lat_deg]), np.array([zone.lon_deg]))
        way_nm = distances_nm(here, there) - _CELL_NM - _EDGE * zone.radius_nm - _SLACK
        kn = way_nm / max(zone.horizon_h, _LEAST_HORIZON_H)
        for listed in (False, True) if counts_for_all(zone) else (True,):
            np.minimum(needed[int(listed)], kn, out=needed[int(listed)])
    return needed


Numbers = npt.NDArray[np.intp]
