"""Where all vessels were at a moment, from their thinned tracks."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.units import HOUR_MS, MS
from detectors.core.vessels.index import ABSENT
from streams.traffic.fleet import Fleet
from streams.traffic.points import JUMPED, SILENT, STEPS_A_DEGREE, Points, lon_steps
from streams.traffic.thinning import LONGEST_S, METRES_A_DEGREE
from streams.traffic.vessel_columns import AIRCRAFT, CLASS_B, UNKNOWN_U2, Vessels, tenths

BEFORE_S: Final = HOUR_MS // MS
"""A vessel that was last heard so long before the moment is still shown there."""
_LEAST_WAY_M: Final = 20.0
_KN_PER_M_S: Final = 3600 / 1852


def vessels_at(fleet: Fleet, time_s: int) -> Vessels:
    """All vessels heard in the hour before ``time_s`` (Unix seconds): between two points where both are known.

    Speed and course are those of the way between the points; ``time_s`` of a vessel is the moment itself, or the time
    of its last point before it. Name, type and class are those of now.
    """
    points = _points(fleet, time_s)
    order = np.lexsort((points.time_s, points.mmsi))
    points = points.take(order)
    before = np.flatnonzero(points.time_s <= time_s)
    last = before[np.append(points.mmsi[before][1:] != points.mmsi[before][:-1], True)] if len(before) else before
    after = np.minimum(last + 1, max(0, len(points.mmsi) - 1))
    goes_on = (
        (after > last) & (points.mmsi[after] == points.mmsi[last]) & (points.flags[after] & (SILENT | JUMPED) == 0)
    )
    return _described(fleet, time_s, points.take(last), points.take(after), goes_on)


def _points(fleet: Fleet, time_s: int) -> Points:
    kept = fleet.tracks.between(time_s - BEFORE_S, time_s + LONGEST_S)
    newest = newest_points(fleet)
    wanted = (newest.time_s >= time_s - BEFORE_S) & (newest.time_s <= time_s + LONGEST_S)
    return Points.joined([kept, newest.take(wanted)])


def newest_points(fleet: Fleet, row: int | None = None) -> Points:
    """The last fix of each vessel, or of one, where it is not a point of its track yet."""
    rows = fleet.rows.table if row is None else fleet.rows.table[row : row + 1]
    rows = rows[rows["time_s"] > rows["anchor_s"]]
    return Points(
        rows["mmsi"],
        rows["time_s"].astype(np.uint32),
        rows["lat"].astype(np.int32),
        rows["lon"].astype(np.int32),
        np.zeros(len(rows), np.uint8),
    )


def _described(fleet: Fleet, time_s: int, last: Points, after: Points, goes_on: npt.NDArray[np.bool_]) -> Vessels:
    span_s = np.where(goes_on, after.time_s.astype(np.int64) - last.time_s, 1)
    share = np.where(goes_on, (time_s - last.time_s.astype(np.int64)) / span_s, 0.0)
    north = np.where(goes_on, after.lat.astype(np.int64) - last.lat, 0)
    east = np.where(goes_on, lon_steps(after.lon.astype(np.int64) - last.lon), 0)
    lat = last.lat + np.rint(north * share).astype(np.int64)
    lon = lon_steps(last.lon + np.rint(east * share).astype(np.int64))
    north_m = north / STEPS_A_DEGREE * METRES_A_DEGREE
    east_m = east / STEPS_A_DEGREE * METRES_A_DEGREE * np.cos(np.radians(lat / STEPS_A_DEGREE))
    way_m = np.hypot(north_m, east_m)
    rows = fleet.rows.rows_of(last.mmsi)
    known = np.where(rows == ABSENT, 0, rows)
    table = fleet.rows.table
    there = rows != ABSENT
    return Vessels(
        mmsi=last.mmsi,
        lat=lat,
        lon=lon,
        time_s=np.where(goes_on, time_s, last.time_s),
        sog=tenths(np.where(goes_on, way_m / span_s * _KN_PER_M_S, np.nan)),
        cog=tenths(np.where(goes_on & (way_m >= _LEAST_WAY_M), np.degrees(np.arctan2(east_m, north_m)) % 360, np.nan)),
        heading=np.full(len(lat), UNKNOWN_U2),
        ship_type=np.where(there, np.clip(table["ship_type"][known], 0, 255), 0) if len(table) else np.zeros(len(lat)),
        marks=(CLASS_B * table["class_b"][known] + AIRCRAFT * table["aircraft"][known]) * there
        if len(table)
        else np.zeros(len(lat)),
    )
