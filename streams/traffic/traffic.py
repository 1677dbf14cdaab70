"""The two timelines and the answers about them, for the thread that reads and those that ask."""

from __future__ import annotations

import gzip
import secrets
import time
from collections import OrderedDict
from threading import Lock
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.core.reports import Batch
from streams.traffic.cells import Heard
from streams.traffic.fleet import DOUBTED_S, Fleet, FleetCounts, FleetRules
from streams.traffic.moments import newest_points, vessels_at
from streams.traffic.points import Points
from streams.traffic.vessel_columns import Head, encoded, of_rows

PUBLISH_S: Final = 5.0
"""All who ask within this time get the same bytes."""
_ANSWERS_MOST: Final = 16
_GZIP_LEVEL: Final = 1


class Counts(NamedTuple):
    """How much is known of a timeline."""

    now_s: int
    """The event time reached, Unix seconds; 0: none yet."""
    recorded: bool
    vessels: int
    points: int
    held_from_s: int | None
    """Event time of the oldest point of a track."""
    held_s: int
    """How long tracks are kept."""
    left_out: FleetCounts


class VesselDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One vessel in words: its newest report."""

    mmsi: int
    name: str = ""
    imo: int = 0
    call_sign: str = ""
    destination: str = ""
    """As its crew typed it."""
    ship_type: int | None = None
    length_m: int | None = None
    class_b: bool = False
    lat_deg: float | None = None
    lon_deg: float | None = None
    time_s: int = 0
    """Event time of the position, Unix seconds; 0: none is known."""
    heard_s: int = 0
    """Event time of its newest report of any kind."""
    now_s: int = 0
    sog_kn: float | None = None
    cog_deg: float | None = None
    heading_deg: float | None = None
    status: int | None = None
    """Navigational status, 0 to 15."""
    station: str = ""
    """That heard the position; of a feed without stations the feed."""
    doubted: bool = False
    """Whether positions were left out in the last ten minutes, because it could not have come there."""


class Traffic:
    """See the module. Every method may be called from any thread."""

    def __init__(self, rules: FleetRules, shown_s: int) -> None:
        self._lock = Lock()
        self._rules, self._shown_s = rules, shown_s
        self._fleets: dict[bool, Fleet] = {}
        self._process = secrets.token_hex(4)
        self._published_s = time.monotonic()
        self._answers: OrderedDict[tuple[bool, int, int], bytes] = OrderedDict()

    # -- what is read ---------------------------------------------------------------------------------------------

    def take(self, batch: Batch, *, recorded: bool) -> None:
        """Adds a batch of a live feed or of a recording."""
        with self._lock:
            self._fleet(recorded).take(batch)

    def pass_time(self, time_s: int, *, recorded: bool) -> None:
        """Event time has come so far, Unix seconds."""
        with self._lock:
            self._fleet(recorded).pass_time(time_s)

    def fleet(self, recorded: bool | None = None) -> Fleet:
        """The fleet that is meant: None: the live one if there is any. For reading while nothing is taken."""
        if recorded is None:
            recorded = False not in self._fleets and True in self._fleets
        return self._fleets.get(recorded) or Fleet(self._rules._replace(points_most=1))

    def _fleet(self, recorded: bool) -> Fleet:
        if recorded not in self._fleets:
            self._fleets[recorded] = Fleet(self._rules)
        return self._fleets[recorded]

    # -- answers --------------------------------------------------------------------------------------------------

    def now(self, since: str = "", *, recorded: bool | None = None) -> bytes:
        """All vessels, or those changed since a version, gzipped (streams.traffic.vessel_columns)."""
        with self._lock:
            self._publish()
            fleet = self.fleet(recorded)
            is_recorded = fleet is self._fleets.get(True)
            version = fleet.version - 1
            key = is_recorded, self._since(since, is_recorded, version), version
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            answer = self._changed(fleet, key)
            self._answers[key] = answer
            while len(self._answers) > _ANSWERS_MOST:
                self._answers.popitem(last=False)
            return answer

    def _publish(self) -> None:
        if time.monotonic() - self._published_s >= PUBLISH_S:
            self._published_s = time.monotonic()
            for fleet in self._fleets.values():
                fleet.version += 1

    def _since(self, since: str, recorded: bool, newest: int) -> int:
        """The version that is meant; 0, which is before all, for one of another process or timeline."""
        process, _, number = since.partition(f"-{_timeline(recorded)}-")
        if process != self._process or not number.isdigit() or len(number) > len(str(newest)):
            return 0
        return min(int(number), newest)

    def _changed(self, fleet: Fleet, key: tuple[bool, int, int]) -> bytes:
        recorded, since, version = key
        rows = fleet.rows.table
        shown = (rows["time_s"] > 0) & (rows["time_s"] >= fleet.clock_s - self._shown_s) & (rows["changed"] > since)
        rows = rows[shown]
        head = Head(
            version=f"{self._process}-{_timeline(recorded)}-{version}",
            whole=since == 0,
            now_s=fleet.clock_s,
            shown_s=self._shown_s,
            recorded=recorded,
            count=len(rows),
        )
        return gzip.compress(encoded(head, of_rows(rows, fleet.clock_s, DOUBTED_S)), _GZIP_LEVEL, mtime=0)

    def at(self, time_s: int, *, recorded: bool | None = None) -> bytes:
        """Where all vessels were at a moment (Unix seconds), in the same form, gzipped."""
        with self._lock:
            fleet = self.fleet(recorded)
            vessels = vessels_at(fleet, time_s)
            head = Head(
                version="",
                whole=True,
                now_s=time_s,
                shown_s=self._shown_s,
                recorded=fleet is self._fleets.get(True),
                count=len(vessels["mmsi"]),
            )
        return gzip.compress(encoded(head, vessels), _GZIP_LEVEL, mtime=0)

    def track(self, mmsi: int, from_s: int, to_s: int, *, recorded: bool | None = None) -> tuple[Points, int | None]:
        """Points of a vessel between two times, and since when tracks are held (Unix seconds; None: none is)."""
        with self._lock:
            fleet = self.fleet(recorded)
            row = fleet.rows.find(mmsi)
            points = fleet.tracks.track(mmsi, from_s, to_s)
            newest = Points.empty() if row is None else newest_points(fleet, row)
            within = (newest.time_s >= from_s) & (newest.time_s <= to_s)
            return Points.joined([points, newest.take(within)]), fleet.tracks.oldest_s

    def coverage(self, *, recorded: bool | None = None) -> tuple[int, Heard]:
        """The event time reached, and the cells heard in the day before it."""
        with self._lock:
            fleet = self.fleet(recorded)
            return fleet.clock_s, fleet.cells.heard(fleet.clock_s)

    def counts(self, *, recorded: bool | None = None) -> Counts:
        """How much is known."""
        with self._lock:
            fleet = self.fleet(recorded)
            return Counts(
                now_s=fleet.clock_s,
                recorded=fleet is self._fleets.get(True),
                vessels=len(fleet.rows),
                points=len(fleet.tracks),
                held_from_s=fleet.tracks.oldest_s,
                held_s=self._rules.held_s,
                left_out=fleet.counts,
            )

    def vessel(self, mmsi: int, *, recorded: bool | None = None) -> VesselDetails | None:
        """What one vessel has stated; None if it is not known."""
        with self._lock:
            fleet = self.fleet(recorded)
            row = fleet.rows.find(mmsi)
            return None if row is None else _details(fleet, row)


def _timeline(recorded: bool) -> str:
    return "recorded" if recorded else "live"


def _details(fleet: Fleet, at: int) -> VesselDetails:
    row = fleet.rows.table[at]
    placed = bool(row["time_s"])
    text = {name: row[name].decode("ascii", "replace").strip() for name in ("name", "call_sign", "destination")}
    return VesselDetails(
        **text,
        mmsi=int(row["mmsi"]),
        imo=int(row["imo"]),
        ship_type=None if row["ship_type"] < 0 else int(row["ship_type"]),
        length_m=None if row["length_m"] < 0 else int(row["length_m"]),
        class_b=bool(row["class_b"]),
        lat_deg=int(row["lat"]) / 600_000 if placed else None,
        lon_deg=int(row["lon"]) / 600_000 if placed else None,
        time_s=int(row["time_s"]),
        heard_s=int(row["heard_s"]),
        now_s=fleet.clock_s,
        sog_kn=_known(row["sog_kn"]),
        cog_deg=_known(row["cog_deg"]),
        heading_deg=_known(row["heading_deg"]),
        status=None if row["status"] < 0 else int(row["status"]),
        station=fleet.stations[row["station"] - 1] if row["station"] else "",
        doubted=bool(row["doubted_s"]) and fleet.clock_s - int(row["doubted_s"]) <= DOUBTED_S,
    )


def _known(value: np.float32) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None
