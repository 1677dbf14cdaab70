"""Writes the facts about slow ships (``slow_ships``) of one fleet.

The two fixes on either side of a moment are at most ``NEAR_IN_TIME_MS`` apart, or ``AT_REST_MS`` if the ship has hardly
moved between them. Only ships count, under a number that is one ship's, while their positions are consistent and in no
area of interference. Ships near a port are not written, except in areas of transfers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.geography.place_names import names_of
from detectors.core.geography.port_cells import port_cells_of
from detectors.core.geography.transfer_areas import TransferArea
from detectors.core.geography.zone_columns import ZoneColumns
from detectors.core.half_degrees import turned
from detectors.core.listing_reasons import listed_for
from detectors.core.mid import are_of_no_form
from detectors.core.reference import Reference
from detectors.core.reports import Batch
from detectors.core.shared_cache import Once
from detectors.core.slow_ships import BIN_MS, SlowShip, SlowShips
from detectors.core.sources import SourceTable
from detectors.core.sphere import distance_nm
from detectors.core.units import MINUTE_MS, MS
from detectors.core.vessels.columns import Column_, Columns, Rows
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.speeds import begins_slot

if TYPE_CHECKING:
    from detectors.core.vessels.history import History

NEAR_IN_TIME_MS: Final = 10 * MINUTE_MS
AT_REST_MS: Final = 30 * MINUTE_MS
SLOW_KN: Final = 7.5
"""Ships transfer cargo under way at up to 7 kn; a report rounds."""
_STILL_NM: Final = 0.25
_DIGITS: Final = 5
_CIRCLE: Final = 360
_SHIPS: Final = range(200_000_000, 800_000_000)
"""Numbers of ships (ITU-R M.585): beacons on nets send positions of ships under numbers of aids or tenders."""
_SHARED: Final = ("shared_mmsi", "")
_SANCTIONED: Final = "sanctioned"
_REPORTED: Final = ("lat_deg", "lon_deg", "heading_deg", "status", "start", "end")
_STATED: Final = ("imo", "name", "ship_type", "length_m", "hull", "draught_m", "destination")

Bools = npt.NDArray[np.bool_]
Place = tuple[float, float]
"""Latitude and longitude, degrees."""

zones_of: Final = Once(ZoneColumns)


class _Fix(NamedTuple):
    """A fix, and the one before it."""

    was_ms: int
    was_lat_deg: float
    was_lon_deg: float
    time_ms: int
    lat_deg: float
    lon_deg: float
    heading_deg: float
    status: int
    start: int
    end: int

    @property
    def here(self) -> Place:
        """Where the ship is."""
        return self.lat_deg, self.lon_deg

    @property
    def was(self) -> Place:
        """Where it was."""
        return self.was_lat_deg, self.was_lon_deg

    def at(self, step: int) -> Place:
        """Where it was at a multiple of BIN_MS between the two."""
        return _between(self.was, self.here, (step * BIN_MS - self.was_ms) / (self.time_ms - self.was_ms))


class _Said(NamedTuple):
    """A ship's row and numbers, and what it has stated."""

    row: int
    in_port_zone: bool
    mmsi: int
    listed: int
    imo: int
    name: bytes
    ship_type: int
    length_m: int
    hull: int
    draught_m: float
    destination: bytes


class SlowShipWriter:
    """Writes the slow ships of one fleet. ``left_out`` counts facts that were not written, by reason."""

    def __init__(
        self, fleet: Fleet, sources: SourceTable, reference: Reference, transfer_areas: Iterable[str] = ()
    ) -> None:
        self.left_out: Counter[str] = Counter()
        self.reference = reference
        self._fleet, self._sources = fleet, sources
        self._areas = [TransferArea.of(text) for text in transfer_areas]
        self._out: list[SlowShips] = []

    def drain(self) -> list[SlowShips]:
        """Those since the last call."""
        told, self._out = self._out, []
        return told

    def tell(self, history: History, batch: Batch) -> None:
        """Checks the reports of a history that are to be written; reads nothing that writing them changes."""
        at = self._counted(history, _crossing(history))
        if len(at):
            ships = tuple(self._facts(history, batch, at))
            if ships:
                self._out.append(SlowShips(ships=ships))

    def _counted(self, history: History, at: Rows) -> Rows:
        """Those of ships outside ports whose positions are consistent."""
        if not len(at):
            return at
        at = at[history.now.vessel[at]]
        at = self._left("position_unsure", at, history.unsure[at])
        lat_deg, lon_deg = history.reports["lat_deg"][at], history.reports["lon_deg"][at]
        near = port_cells_of(self.reference).at_port(lat_deg, lon_deg)
        for area in self._areas:
            near &= ~area.holds(lat_deg, lon_deg)
        at = self._left("at_port", at, near)
        at = self._left("invalid_number", at, are_of_no_form(self._fleet.core.mmsi[history.rows[at]]))
        rows = history.rows[at]
        mmsi = self._fleet.core.mmsi[rows]
        others = (mmsi < _SHIPS.start) | (mmsi >= _SHIPS.stop)
        return self._left("no_number_of_a_ship", at, others & (self._fleet.core.listed[rows] == 0))

    def _left(self, reason: str, at: Rows, which: Bools) -> Rows:
        """The places without those of ``which``, which are counted."""
        if not which.any():
            return at
        self.left_out[reason] += int(which.sum())
        return at[~which]

    def _facts(self, history: History, batch: Batch, at: Rows) -> Iterable[SlowShip]:
        before, reports, core = history.before, history.reports, self._fleet.core
        rows = history.rows[at]
        fixes = zip(
            *(before.fix_ms[at].tolist(), before.lat_deg[at].tolist(), before.lon_deg[at].tolist()),
            history.times[at].tolist(),
            *(reports[name][at].tolist() for name in _REPORTED),
            strict=True,
        )
        lat_deg, lon_deg = reports["lat_deg"][at], reports["lon_deg"][at]
        said = zip(
            rows.tolist(),
            port_cells_of(self.reference).in_port_zone(lat_deg, lon_deg).tolist(),
            *(core.mmsi[rows].tolist(), core.listed[rows].tolist()),
            *(_stated(history, core, at, name).tolist() for name in _STATED),
            strict=True,
        )
        replayed, heard_ms = self._sources.is_replayed(batch.source), self._sources.heard_ms
        for fix, stated in zip(map(_Fix._make, fixes), map(_Said._make, said), strict=True):
            reason = self._doubt(stated.row, fix)
            if reason:
                self.left_out[reason] += 1
            elif fix.time_ms - fix.was_ms <= NEAR_IN_TIME_MS or distance_nm(*fix.was, *fix.here) <= _STILL_NM:
                ship = self._ship(batch, fix, stated, replayed=replayed, heard_ms=heard_ms)
                yield from _at_steps(ship, fix)

    def _doubt(self, row: int, fix: _Fix) -> str:
        """Why its positions do not count; empty if they do."""
        if _SHARED in self._fleet.open_of(row):
            return "shared_mmsi"
        if self._fleet.areas and self._fleet.areas.affect(*fix.here, fix.time_ms):
            return "interference"
        return ""

    def _ship(self, batch: Batch, fix: _Fix, said: _Said, *, replayed: bool, heard_ms: int) -> SlowShip:
        """The ship at the first multiple of BIN_MS since the fix before, with all that is known of it."""
        entry, step = said.listed, fix.was_ms // BIN_MS + 1
        lat_deg, lon_deg = fix.at(step)
        came_from, left_ms = self._came_from(said.row)
        return SlowShip(
            mmsi=said.mmsi,
            at_ms=step * BIN_MS,
            time_ms=fix.time_ms,
            stamp_ms=max(fix.time_ms, heard_ms + 1),
            lat_deg=lat_deg,
            lon_deg=lon_deg,
            heading_deg=None if math.isnan(fix.heading_deg) else round(fix.heading_deg) % _CIRCLE,
            status=fix.status,
            imo=said.imo or None,
            name=said.name.decode("ascii", "replace") or None,
            ship_type=max(0, said.ship_type) or None,
            length_m=max(0, said.length_m) or None,
            hull=said.hull,
            draught_m=None if math.isnan(said.draught_m) else round(said.draught_m, 1),
            destination=said.destination.decode("ascii", "replace") or None,
            came_from=came_from,
            left_ms=left_ms,
            listed=self.reference.ships[entry - 1].list if entry else None,
            listed_for=listed_for(self.reference)[entry - 1] if entry else (),
            zone=self._zone(*fix.here, fix.time_ms) if entry else None,
            in_port_zone=said.in_port_zone,
            source=batch.source,
            sentence=batch.raw[fix.start : fix.end].decode("ascii", "replace"),
            replayed=replayed,
        )

    def _came_from(self, row: int) -> tuple[str | None, int | None]:
        """Where it last called or stayed, and until when."""
        stays = self._fleet.memory.stays(row) if row in self._fleet.memory else ()
        if not stays:
            return None, None
        last = max(stays, key=lambda stay: stay.to_ms)
        return names_of(self.reference).name(last.where), last.to_ms

    def _zone(self, lat_deg: float, lon_deg: float, time_ms: int) -> str | None:
        """The sanctioned zone that is in force there, if there is one."""
        zones = zones_of(self.reference)
        date = datetime.fromtimestamp(time_ms // MS, UTC).date().isoformat()
        for number, zone in enumerate(zones.zones):
            counts = zone.kind == _SANCTIONED and zones.in_force(number, date)
            if counts and not zones.far_from(number, lat_deg, 0.0) and zones.contains(number, lat_deg, lon_deg):
                return zone.name
        return None


def _crossing(history: History) -> Rows:
    """Fixes of slow ships that are the first after a multiple of BIN_MS, and soon enough after the fix before."""
    before_ms, times = history.before.fix_ms, history.times
    counts = history.moved & begins_slot(times, before_ms)
    if history.quiet is not None:
        counts &= history.quiet
    at = counts.nonzero()[0]
    if len(at):
        slow = ~(history.reports["sog_kn"][at] > SLOW_KN)
        at = at[slow & (before_ms[at] > 0) & (times[at] - before_ms[at] <= AT_REST_MS)]
    return at


def _stated(history: History, core: Columns, at: Rows, name: str) -> Column_:
    """What ships have stated up to and with these reports.

    As ``history.now`` has it, but read for these few only: values in the fleet are far from each other in memory.
    """
    values: Column_ = getattr(core, name)[history.rows[at]]
    stated, news = history.brings(name)
    if len(stated):
        last = np.searchsorted(stated, at, "right") - 1
        newer = (last >= 0) & (history.rows[stated[last]] == history.rows[at])
        values[newer] = news[last[newer]]
    return values


def _at_steps(ship: SlowShip, fix: _Fix) -> Iterable[SlowShip]:
    """The ship at each whole multiple of BIN_MS between two fixes, the latter included; ``ship`` is at the first."""
    yield ship
    for step in range(ship.at_ms // BIN_MS + 1, fix.time_ms // BIN_MS + 1):
        lat_deg, lon_deg = fix.at(step)
        yield msgspec.structs.replace(ship, at_ms=step * BIN_MS, lat_deg=lat_deg, lon_deg=lon_deg)


def _between(was: Place, here: Place, share: float) -> Place:
    """The place after that share of the way between two that are near each other, also across 180 E."""
    east_deg = turned(here[1] - was[1])
    lat_deg, lon_deg = was[0] + share * (here[0] - was[0]), turned(was[1] + share * east_deg)
    return round(lat_deg, _DIGITS), round(lon_deg, _DIGITS)
