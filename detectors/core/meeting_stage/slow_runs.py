"""Since when each ship has been slow, and since when it lies where it is, in columns: a row a ship, by MMSI.

A ship is slow while it is less than ``slow_nm`` an hour from where it was: measured over whole hours, so that it may
turn and drift. It lies while it is within REST_M of where it began to lie, as a ship that swings at its anchor is.
A ship that is not seen for an hour is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import Floats, distances_nm, unit_vectors
from detectors.core.units import KM_NM

HOUR: Final = 6
"""Steps of ten minutes."""
REST_NM: Final = 1.0 * KM_NM
RUN: Final = np.dtype(
    [
        ("mmsi", "<u4"),
        ("since", "<i4"),  # the step since which it has been slow, outside stop places
        ("last", "<i4"),  # ... and the newest at which it was seen
        ("lat_deg", "<f8"),
        ("lon_deg", "<f8"),
        ("first_lat_deg", "<f8"),  # where it was then
        ("first_lon_deg", "<f8"),
        ("hour", "<i4"),  # since when it is within slow_nm of the next two
        ("hour_lat_deg", "<f8"),
        ("hour_lon_deg", "<f8"),
        ("rest", "<i4"),  # since when it lies near the next two
        ("rest_lat_deg", "<f8"),
        ("rest_lon_deg", "<f8"),
        ("lay", "<i4"),  # how often a stop place has learned of this stop
    ]
)

Runs = npt.NDArray[np.void]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]
REST_STEPS: Final = 2 * HOUR
_DAY_STEPS: Final = 24 * HOUR


class SlowRuns:
    """See the module."""

    def __init__(self, *, slow_nm: float) -> None:
        self.runs: Runs = np.zeros(0, RUN)
        self._slow_nm = slow_nm

    def take(self, step: int, mmsi: npt.NDArray[np.uint32], lat_deg: Floats, lon_deg: Floats, outside: Bools) -> None:
        """Ships at a step, by MMSI, each once; ``outside``: no stop place. Steps come in order."""
        at = self._rows(step, mmsi, lat_deg, lon_deg)
        was = self.runs[at]
        current = was["last"] <= step
        at, lat_deg, lon_deg, outside, was = (
            at[current],
            lat_deg[current],
            lon_deg[current],
            outside[current],
            was[current],
        )
        far_nm = _apart(lat_deg, lon_deg, was["hour_lat_deg"], was["hour_lon_deg"])
        hours = np.maximum(1.0, (step - was["hour"]) / HOUR)
        broken = (far_nm > self._slow_nm * hours) | (step - was["last"] > HOUR) | ~outside
        self._begin(at[broken], step, lat_deg[broken], lon_deg[broken])
        over = at[~broken & (step - was["hour"] >= HOUR)]
        here = ~broken & (step - was["hour"] >= HOUR)
        self.runs["hour"][over] = step
        self.runs["hour_lat_deg"][over], self.runs["hour_lon_deg"][over] = lat_deg[here], lon_deg[here]
        left = (_apart(lat_deg, lon_deg, was["rest_lat_deg"], was["rest_lon_deg"]) > REST_NM) | (
            step - was["last"] > HOUR
        )
        self._lie(at[left], step, lat_deg[left], lon_deg[left])
        self.runs["last"][at], self.runs["lat_deg"][at], self.runs["lon_deg"][at] = step, lat_deg, lon_deg

    def _rows(self, step: int, mmsi: npt.NDArray[np.uint32], lat_deg: Floats, lon_deg: Floats) -> Rows:
        """The row of each ship, made when new."""
        known = np.isin(mmsi, self.runs["mmsi"])
        new = np.zeros(int((~known).sum()), RUN)
        new["mmsi"], new["last"] = mmsi[~known], step
        self.runs = np.concatenate([self.runs, new])
        self.runs = self.runs[np.argsort(self.runs["mmsi"])]
        at = np.searchsorted(self.runs["mmsi"], mmsi)
        self._begin(at[~known], step, lat_deg[~known], lon_deg[~known])
        self._lie(at[~known], step, lat_deg[~known], lon_deg[~known])
        return at

    def _begin(self, at: Rows, step: int, lat_deg: Floats, lon_deg: Floats) -> None:
        for name in ("since", "hour"):
            self.runs[name][at] = step
        for name in ("first", "hour"):
            self.runs[f"{name}_lat_deg"][at], self.runs[f"{name}_lon_deg"][at] = lat_deg, lon_deg

    def _lie(self, at: Rows, step: int, lat_deg: Floats, lon_deg: Floats) -> None:
        self.runs["rest"][at], self.runs["lay"][at] = step, 0
        self.runs["rest_lat_deg"][at], self.runs["rest_lon_deg"][at] = lat_deg, lon_deg

    def stops(self, step: int) -> Runs:
        """Ships that have just lain for two hours, or for another day; call once a step."""
        days = (step - self.runs["rest"] - REST_STEPS) // _DAY_STEPS + 1
        due = (self.runs["last"] == step) & (days > self.runs["lay"])
        self.runs["lay"][due] = days[due]
        found: Runs = self.runs[due]
        return found

    def slow_since(self, step: int, least: int) -> Runs:
        """Ships seen at ``step`` that have been slow for at least so many steps."""
        found: Runs = self.runs[(self.runs["last"] == step) & (step - self.runs["since"] >= least)]
        return found

    def of(self, mmsi: int) -> np.void | None:
        """A ship's row."""
        at = int(np.searchsorted(self.runs["mmsi"], mmsi))
        return self.runs[at] if at < len(self.runs) and self.runs["mmsi"][at] == mmsi else None

    def restore(self, parts: Iterable[bytes]) -> None:
        """From a snapshot: the bytes of rows."""
        self.runs = np.sort(
            np.concatenate([np.zeros(0, RUN), *(np.frombuffer(part, RUN) for part in parts)]), order="mmsi"
        )

    def forget(self, step: int) -> None:
        """Forgets ships that were not seen for an hour."""
        self.runs = self.runs[step - self.runs["last"] <= HOUR]


def _apart(lat_deg: Floats, lon_deg: Floats, other_lat_deg: Floats, other_lon_deg: Floats) -> Floats:
    return distances_nm(unit_vectors(lat_deg, lon_deg), unit_vectors(other_lat_deg, other_lon_deg))
