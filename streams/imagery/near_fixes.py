"""The fixes of vessels around images, picked from reports as they pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.message_types import POSITIONS_OF_SHIPS
from detectors.core.reports import HAS_SHIP, Batch
from detectors.core.sphere import unit_vectors
from detectors.core.units import MS
from streams.imagery.circles import EARTH_NM, circle_of
from streams.imagery.images import Fixes, Image

MARGIN_NM: Final = 30.0
"""Around an image: where a ship was that is in it half an hour later."""
ROWS_MOST: Final = 500_000
"""Fixes kept for an image; beyond, its vessels are no longer followed."""
ROWS_AT_ONCE: Final = 20_000
"""So many new fixes are kept of an image until only the nearest are: 1 MB."""
NEAREST: Final = 3
"""Fixes kept before the image, and after it, for each vessel."""
_TYPES: Final = np.array(sorted(POSITIONS_OF_SHIPS), np.uint8)
_FIX: Final = np.dtype(
    [("mmsi", "<i8"), ("time_ms", "<i8"), ("lat_deg", "<f8"), ("lon_deg", "<f8"), ("sog_kn", "<f8"), ("cog_deg", "<f8")]
)


class _Around:
    """One image: a circle on the globe, a span of time, and the fixes in both."""

    def __init__(self, image: Image, within_ms: int) -> None:
        circle = circle_of(image.footprint)
        self.middle = circle.middle
        self.least = float(np.cos(min((circle.radius_nm + MARGIN_NM) / EARTH_NM, np.pi)))
        self.time_ms, self.within_ms = image.time_ms, within_ms
        self.rows: list[npt.NDArray[np.void]] = []
        self.kept = self.fresh = 0

    def is_within(self, from_ms: int, to_ms: int) -> bool:
        return from_ms <= self.time_ms + self.within_ms and to_ms >= self.time_ms - self.within_ms

    def take(self, fixes: npt.NDArray[np.void], places: npt.NDArray[np.float64]) -> None:
        near = np.abs(fixes["time_ms"] - self.time_ms) <= self.within_ms
        near &= self.middle @ places >= self.least
        if near.any() and self.kept < ROWS_MOST:
            self.rows.append(fixes[near])
            self.fresh += int(near.sum())
            if self.fresh > max(ROWS_AT_ONCE, self.kept):
                self._keep_nearest()

    def _keep_nearest(self) -> None:
        found = np.concatenate(self.rows) if self.rows else np.zeros(0, _FIX)
        self.rows = [_nearest(found, self.time_ms, NEAREST)]
        self.kept, self.fresh = len(self.rows[0]), 0

    def fixes(self) -> Fixes:
        """The NEAREST before and after, by MMSI and time; one a time."""
        self._keep_nearest()
        return _columns(self.rows[0])


def _nearest(found: npt.NDArray[np.void], time_ms: int, count: int) -> npt.NDArray[np.void]:
    """Of each vessel ``count`` before that time and ``count`` from it on, by MMSI and time; one a time, the first."""
    found = found[np.lexsort((found["time_ms"], found["mmsi"]))]
    same = (found["mmsi"][1:] == found["mmsi"][:-1]) & (found["time_ms"][1:] == found["time_ms"][:-1])
    found = found[np.append(True, ~same)[: len(found)]]
    # For each vessel the fixes are numbered from the image: ... -2 -1 | 0 1 2 ...
    first = np.searchsorted(found["mmsi"], found["mmsi"])
    order = np.arange(len(found)) - first
    before = np.bincount(first, found["time_ms"] <= time_ms, len(found) or 1)[first]
    from_image = order - before
    return found[(from_image >= -count) & (from_image < count)]


def _columns(found: npt.NDArray[np.void]) -> Fixes:
    return Fixes(*(np.ascontiguousarray(found[name]) for name in _FIX.names or ()))


def fewer(fixes: Fixes, time_ms: int, count: int) -> Fixes:
    """Of each vessel at most ``count`` before that time, and as many after it."""
    rows = np.zeros(len(fixes.mmsi), _FIX)
    for name, column in zip(_FIX.names or (), fixes, strict=True):
        rows[name] = column
    return _columns(_nearest(rows, time_ms, count))


class NearFixes:
    """Fixes for several images, within ``within_s`` of each; and the lengths that vessels report meanwhile."""

    def __init__(self, images: Iterable[Image], within_s: float) -> None:
        self._images = {image.id: _Around(image, int(within_s * MS)) for image in images}
        self.lengths: dict[int, float] = {}

    def take(self, batch: Batch) -> None:
        """Reports of one source."""
        reports = batch.reports
        if not len(reports):
            return
        span = int(reports["time_ms"].min()), int(reports["time_ms"].max())
        asked = [image for image in self._images.values() if image.is_within(*span)]
        if not asked:
            return
        self._measure(batch)
        of_ships = np.isin(reports["type"], _TYPES)
        placed = reports[of_ships & ~np.isnan(reports["lat_deg"] + reports["lon_deg"])]
        fixes = np.zeros(len(placed), _FIX)
        for name in _FIX.names or ():
            fixes[name] = placed[name]
        places = unit_vectors(fixes["lat_deg"], fixes["lon_deg"])
        for image in asked:
            image.take(fixes, places)

    def _measure(self, batch: Batch) -> None:
        told = batch.reports[batch.reports["static"] >= 0]
        statics = batch.statics[told["static"]]
        long = ((statics["has"] & HAS_SHIP) > 0) & (statics["length_m"] > 0)
        self.lengths.update(zip(told["mmsi"][long].tolist(), statics["length_m"][long].tolist(), strict=True))

    def of(self, image_id: str) -> Fixes:
        """Those around an image, so far."""
        return self._images[image_id].fixes()
