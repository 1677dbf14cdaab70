"""Since when and where each vessel is stationary: kept for all vessels, because some may be listed later.

A stop begins at ``stop_kn`` (if no speed is sent: moored or at anchor by the reported status) and lasts while the
vessel is within ``stop_within_km`` of where it began. Silence does not end it, and nothing does while positions are
inconsistent.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import distance_nm
from detectors.core.units import KM_NM
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.grouping import groups
from detectors.core.vessels.history import History
from detectors.core.vessels.stops import DEGREE_KM, LIES, LYING, SCREEN_SHARE, have_stopped, kilometres

_ROUNDED_KN: Final = 0.06  # the judge rounds speeds to tenths of a knot


Bools = npt.NDArray[np.bool_]


class StationaryAt(NamedTuple):
    """Where a vessel is, and since when."""

    lat_deg: float
    lon_deg: float
    since_ms: int


def stop_of(fleet: Fleet, row: int) -> StationaryAt | None:
    """The present stop of a vessel, as far as is known; None if it was last under way."""
    core = fleet.core
    since_ms = int(core.stop_ms[row])
    return StationaryAt(float(core.stop_lat_deg[row]), float(core.stop_lon_deg[row]), since_ms) if since_ms else None


def follow_stops(fleet: Fleet, history: History) -> None:
    """Begins and ends the stops of a history's vessels. Call before they are written: it reads the previous state."""
    counts = _counted(history)
    at = _news(history, counts)
    if not len(at):
        return
    vessels = history.vessel[at]
    alone = np.bincount(history.vessel[counts], minlength=len(history.starts))[vessels] == 1
    alone &= history.known("stop_ms")[vessels] == 0
    _begin(fleet, history, at[alone])
    rest = np.unique(vessels[~alone])
    if len(rest):
        starts, sizes = groups(history.vessel)
        for vessel in rest.tolist():
            _follow(fleet, history, range(int(starts[vessel]), int(starts[vessel] + sizes[vessel])))


def _begin(fleet: Fleet, history: History, at: Rows) -> None:
    """Fixes that are their vessel's only ones of a batch, and may begin a stop: like ``_follow``, all at once."""
    at = at[have_stopped(history.now, at, history.rules.stop_kn)]
    core, rows, reports = fleet.core, history.rows[at], history.reports[at]
    core.stop_lat_deg[rows], core.stop_lon_deg[rows] = reports["lat_deg"], reports["lon_deg"]
    core.stop_ms[rows] = reports["time_ms"]


def _news(history: History, counts: Bools) -> Rows:
    """The fixes by which a stop begins or may end, each as if it came first: too many, never none of several."""
    lying = history.known("stop_ms") > 0
    if not history.once:
        lying = lying[history.vessel]
    sog_kn = history.reports["sog_kn"]
    slow = sog_kn <= history.rules.stop_kn + _ROUNDED_KN
    slow |= np.isnan(sog_kn) & LIES[history.reports["status"]]
    begins = counts & slow & ~lying
    some = np.flatnonzero(counts & lying)
    if len(some):
        begins[some] = _may_have_left(history, some)
    return np.flatnonzero(begins)


def _may_have_left(history: History, at: Rows) -> Bools:
    """Which of these fixes may be too far from the vessel's stop: by degrees first, which avoids most cosines."""
    least_km = history.rules.stop_within_km * SCREEN_SHARE
    vessel = history.vessel[at]
    lat, lon = (history.known(name)[vessel] for name in ("stop_lat_deg", "stop_lon_deg"))
    here = history.reports["lat_deg"][at], history.reports["lon_deg"][at]
    found: Bools = (np.abs(here[0] - lat) + np.abs(here[1] - lon)) * DEGREE_KM > least_km
    far = np.flatnonzero(found)
    if len(far):
        found[far] = kilometres(here[0][far], here[1][far], lat[far], lon[far]) > least_km
    return found


def _counted(history: History) -> Bools:
    counts: Bools = history.moved & ~history.unsure
    return counts if history.quiet is None else counts & history.quiet


def _follow(fleet: Fleet, history: History, places: range) -> None:
    """One vessel's reports of a batch, in their order."""
    core, row, rules = fleet.core, int(history.rows[places.start]), history.rules
    stop, unsure = stop_of(fleet, row), history.unsure
    for place in places:
        if not history.moved[place] or unsure[place] or (history.quiet is not None and not history.quiet[place]):
            continue
        report = history.reports[place]
        lat, lon, sog_kn = float(report["lat_deg"]), float(report["lon_deg"]), float(report["sog_kn"])
        if stop is not None:
            km = round(distance_nm(stop.lat_deg, stop.lon_deg, lat, lon) / KM_NM, 2)
            stop = stop if km <= rules.stop_within_km else None
        stopped = int(report["status"]) in LYING if np.isnan(sog_kn) else round(sog_kn, 1) <= rules.stop_kn
        if stop is None and stopped:
            stop = StationaryAt(float(np.float32(lat)), float(np.float32(lon)), int(report["time_ms"]))
    stop = stop or StationaryAt(np.nan, np.nan, 0)
    core.stop_lat_deg[row], core.stop_lon_deg[row], core.stop_ms[row] = stop
