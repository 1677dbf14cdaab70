"""All vessels of one timeline (live, or recordings): takes decoded batches, knows who is where and who was where.

Which positions are believed.
- The decoder has left out what is no position (181 degrees, outside the globe).
- A position that its vessel could reach only faster than ``faster_than_kn`` is left out until the next one agrees with
  it: then the track jumps there. A vessel of which positions were left out in the last ten minutes is marked.
- A report older than the newest of its vessel does not move it.

Base stations and aids to navigation are not vessels. Of each vessel one report in STEP_S seconds is looked at.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core import message_types
from detectors.core.coverage.stations import Stations
from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE, Batch
from detectors.core.units import MS
from detectors.core.vessels.grouping import groups, turns
from detectors.core.vessels.index import ABSENT
from streams.traffic.cells import HeardCells
from streams.traffic.points import STEPS_A_DEGREE, Points, lon_steps
from streams.traffic.rows import VesselRows
from streams.traffic.thinning import METRES_A_DEGREE, Fixes, ThinningRules, thin
from streams.traffic.track_store import TrackStore

STEP_S: Final = 6
DOUBTED_S: Final = 600
"""How long a vessel is marked after a position was left out, and how long such a position waits for another."""
_SLACK_M: Final = 1852.0
"""So far apart, two positions may be at any two times: clocks of receivers differ by seconds."""
_AIRCRAFT_KN: Final = 400.0
_KN_PER_M_S: Final = 3600 / 1852
_FORGET_EVERY_S: Final = 600


class FleetRules(NamedTuple):
    """Bounds and thresholds of a fleet."""

    vessels_most: int = 100_000
    points_most: int = 12_000_000
    held_s: int = 48 * 3600
    """How long a vessel and its track are kept after event time has passed them."""
    faster_than_kn: float = 60.0
    thinning: ThinningRules = ThinningRules()


class FleetCounts(NamedTuple):
    """What was left out so far."""

    late: int = 0
    doubted: int = 0
    no_room: int = 0


class Fleet:
    """See the module. For one thread at a time."""

    def __init__(self, rules: FleetRules) -> None:
        self.rules = rules
        self.rows = VesselRows(rules.vessels_most)
        self.tracks = TrackStore(rules.points_most)
        self.cells = HeardCells()
        self.stations: list[str] = []
        self.clock_s = 0
        """The event time reached, Unix seconds; 0: none yet."""
        self.version = 1
        """The version that is being written; see streams.traffic.versions."""
        self.counts = FleetCounts()
        self._by_source: dict[str, Stations] = {}
        self._forgot_s = 0

    def pass_time(self, time_s: int) -> None:
        """Event time has come so far. Forgets what is older than ``held_s``."""
        self.clock_s = max(self.clock_s, time_s)
        if self.clock_s - self._forgot_s >= _FORGET_EVERY_S:
            self._forgot_s = self.clock_s
            self.rows.forget(self.clock_s - self.rules.held_s)
            self.tracks.forget(self.clock_s - self.rules.held_s)

    def take(self, batch: Batch) -> None:
        """Adds the reports of a batch."""
        reports = batch.reports[~_OF_STATIONS[batch.reports["type"]]]
        if not len(reports):
            return
        fresh = self.rows.make_room(reports["mmsi"])
        if len(self.rows) + len(fresh) >= self.rules.vessels_most:
            reports = self._fitting(reports, fresh)
        rows = self.rows.of(reports["mmsi"])
        table = self.rows.table
        times_s = reports["time_ms"] // MS
        np.maximum.at(table["heard_s"], rows, times_s)
        self._name(batch, reports, rows)
        placed = reports["moves"] & np.isfinite(reports["lat_deg"]) & np.isfinite(reports["lon_deg"])
        if placed.any():
            self._move(reports[placed], rows[placed], times_s[placed], self._heard_by(batch, reports[placed]))

    def _fitting(self, reports: npt.NDArray[np.void], fresh: npt.NDArray[np.uint32]) -> npt.NDArray[np.void]:
        known = (self.rows.rows_of(reports["mmsi"]) != ABSENT) | np.isin(reports["mmsi"], fresh)
        self.counts = self.counts._replace(no_room=self.counts.no_room + int(np.count_nonzero(~known)))
        fitting: npt.NDArray[np.void] = reports[known]
        return fitting

    def _heard_by(self, batch: Batch, reports: npt.NDArray[np.void]) -> npt.NDArray[np.uint16]:
        """One plus the number of each report's station."""
        known = self._by_source.setdefault(batch.source, Stations())
        numbers = known.numbers(batch.raw, reports["start"].astype(np.int64), batch.source)
        for name in known.names:
            if name not in self.stations:
                self.stations.append(name)
        own = np.array([0, *(1 + self.stations.index(name) for name in known.names)], np.uint16)
        return own[np.where(numbers < len(own), numbers, 0)]

    def _name(self, batch: Batch, reports: npt.NDArray[np.void], rows: npt.NDArray[np.intp]) -> None:
        stated = np.flatnonzero(reports["static"] >= 0)
        if not len(stated):
            return
        table, rows = self.rows.table, rows[stated]
        parts = batch.statics[reports["static"][stated]]
        for bit, columns in _STATED:
            has = (parts["has"] & bit) != 0
            for column in columns:
                table[column][rows[has]] = parts[column][has]
        table["changed"][rows] = self.version

    def _move(
        self,
        reports: npt.NDArray[np.void],
        rows: npt.NDArray[np.intp],
        times_s: npt.NDArray[np.int64],
        stations: npt.NDArray[np.uint16],
    ) -> None:
        order = np.lexsort((times_s, rows))
        rows, times_s = rows[order], times_s[order]
        step = times_s // STEP_S
        last = np.append((rows[1:] != rows[:-1]) | (step[1:] != step[:-1]), True)
        order, rows, times_s = order[last], rows[last], times_s[last]
        reports, stations = reports[order], stations[order]
        self.cells.hear(reports["lat_deg"], reports["lon_deg"], times_s)
        lat = np.rint(reports["lat_deg"] * STEPS_A_DEGREE).astype(np.int64)
        lon = np.rint(reports["lon_deg"] * STEPS_A_DEGREE).astype(np.int64)
        kept: list[Points] = []
        starts, sizes = groups(rows)
        for _, at in turns(starts, sizes):
            fixes = Fixes(rows[at], times_s[at], lat[at], lon[at], np.zeros(len(at), np.bool_))
            kept.append(self._step(fixes, reports[at], stations[at]))
        self.tracks.add(Points.joined(kept))

    def _step(self, fixes: Fixes, reports: npt.NDArray[np.void], stations: npt.NDArray[np.uint16]) -> Points:
        table = self.rows.table
        row = table[fixes.rows]
        late = fixes.time_s <= row["time_s"]
        most_kn = np.where(reports["type"] == message_types.AIRCRAFT_TYPE, _AIRCRAFT_KN, self.rules.faster_than_kn)
        strays = (row["time_s"] > 0) & ~late & ~_reachable(fixes, row["time_s"], row["lat"], row["lon"], most_kn)
        waited = (row["odd_s"] > 0) & (fixes.time_s > row["odd_s"]) & (fixes.time_s - row["odd_s"] <= DOUBTED_S)
        agrees = strays & waited & _reachable(fixes, row["odd_s"], row["odd_lat"], row["odd_lon"], most_kn)
        doubted = strays & ~agrees
        taken = ~late & ~doubted
        self.counts = FleetCounts(
            self.counts.late + int(np.count_nonzero(fixes.time_s < row["time_s"])),
            self.counts.doubted + int(np.count_nonzero(doubted)),
            self.counts.no_room,
        )
        self._doubt(fixes, doubted)
        fixes = Fixes(fixes.rows[taken], fixes.time_s[taken], fixes.lat[taken], fixes.lon[taken], agrees[taken])
        points = thin(table, fixes, self.rules.thinning)
        self._write(fixes, reports[taken], stations[taken])
        return points

    def _doubt(self, fixes: Fixes, doubted: npt.NDArray[np.bool_]) -> None:
        table, rows = self.rows.table, fixes.rows[doubted]
        for column, values in (("odd_s", fixes.time_s), ("odd_lat", fixes.lat), ("odd_lon", fixes.lon)):
            table[column][rows] = values[doubted]
        table["doubted_s"][rows] = fixes.time_s[doubted]
        table["changed"][rows] = self.version

    def _write(self, fixes: Fixes, reports: npt.NDArray[np.void], stations: npt.NDArray[np.uint16]) -> None:
        table, rows = self.rows.table, fixes.rows
        for column, values in (("time_s", fixes.time_s), ("lat", fixes.lat), ("lon", fixes.lon), ("station", stations)):
            table[column][rows] = values
        for column in ("sog_kn", "cog_deg", "heading_deg", "status", "class_b"):
            table[column][rows] = reports[column]
        table["aircraft"][rows] = reports["type"] == message_types.AIRCRAFT_TYPE
        table["odd_s"][rows] = 0
        table["changed"][rows] = self.version


_STATED: Final = (
    (HAS_IDENTITY, ("imo",)),
    (HAS_NAME, ("name",)),
    (HAS_SHIP, ("call_sign", "ship_type", "length_m")),
    (HAS_VOYAGE, ("destination",)),
)
_OF_STATIONS: Final = message_types.are(
    message_types.numbers(sender=frozenset({message_types.BASE, message_types.AID}))
)


def _reachable(
    fixes: Fixes,
    from_s: npt.NDArray[np.int64],
    from_lat: npt.NDArray[np.int64],
    from_lon: npt.NDArray[np.int64],
    most_kn: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Whether a vessel can come from there to the fix at that speed. Flat, as precise as the question needs."""
    north_m = (fixes.lat - from_lat) / STEPS_A_DEGREE * METRES_A_DEGREE
    middle = np.radians((fixes.lat + from_lat) / 2 / STEPS_A_DEGREE)
    east_m = lon_steps(fixes.lon - from_lon) / STEPS_A_DEGREE * METRES_A_DEGREE * np.cos(middle)
    way_m = np.hypot(north_m, east_m) - _SLACK_M
    reachable: npt.NDArray[np.bool_] = way_m * _KN_PER_M_S <= most_kn * np.maximum(fixes.time_s - from_s, 1)
    return reachable
