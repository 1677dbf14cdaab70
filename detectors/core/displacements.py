"""Vessels that appear where they cannot be: the reports of the stage of vessels to the stage of places.

``track.follow`` finds them: a fix off the vessel's track that is not the first one, a jump, and every 15 minutes while
the vessel remains displaced. Only ships count, under a number that is one ship's: not one that several use, not a
placeholder, and not a position with one wrong bit.

Order. ``stamp_ms`` is the fix's time or the first moment after the time of the ticks so far, whichever is later, as for
bindings (``detectors/core/identities/binding.py``). A ``PartitionWatermark`` promises that no later one has a stamp up
to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
import numpy as np

from detectors.core.bit_errors import SLACK_DEG, is_bit_error
from detectors.core.geography.gazetteer import gazetteer_of
from detectors.core.mid import invalid_form_of
from detectors.core.reference import Reference
from detectors.core.reports import Batch
from detectors.core.sources import SourceTable
from detectors.core.sphere import NM_A_DEGREE, along
from detectors.core.units import HOUR_MS
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.history import History
from detectors.core.vessels.other_tracks import TrackFix

_SHARED = ("shared_mmsi", "")
_DIGITS = 5
_RECKONED_H = 2.0
_TURNS = 0.15
"""Share of its way by which a ship may be off what its present course and speed say."""


class Displacement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="displaced"):
    """A vessel appears displaced. Times are event times, Unix ms; a few hundred bytes."""

    mmsi: int
    time_ms: int
    """Time of the fix at which it appears."""
    stamp_ms: int
    """Its place in the order of all facts: see the module."""
    lat_deg: float
    """Where it appears."""
    lon_deg: float
    origin_lat_deg: float
    """Where it was before, or still is."""
    origin_lon_deg: float
    origin_ms: int
    """Time of that position."""
    source: str
    name: str | None = None
    imo: int | None = None
    listed: str | None = None
    """The list that names it."""
    near: str | None = None
    """The port near its origin: ``12 nm E of Busan``."""
    sentence: str = ""
    """The raw lines of the report."""
    replayed: bool = False


def _has_a_wrong_bit(origin: TrackFix, report: np.void) -> bool:
    """Whether one wrong bit explains it, if the vessel has sailed on from its origin as it reports.

    It may have turned, so the tolerance grows with the way. After _RECKONED_H too much would be tolerated.
    """
    here = float(report["lat_deg"]), float(report["lon_deg"])
    sog_kn, cog_deg = float(report["sog_kn"]), float(report["cog_deg"])
    hours = (int(report["time_ms"]) - origin.time_ms) / HOUR_MS
    if math.isnan(sog_kn + cog_deg) or hours > _RECKONED_H:
        return is_bit_error(origin[:2], here)
    way_nm = sog_kn * hours
    expected = along(origin.lat_deg, origin.lon_deg, cog_deg, way_nm)
    return is_bit_error(expected, here, SLACK_DEG + _TURNS * way_nm / NM_A_DEGREE)


class DisplacementWriter:
    """Writes the displacements of one fleet."""

    def __init__(self, fleet: Fleet, sources: SourceTable, reference: Reference) -> None:
        self._out: list[Displacement] = []
        self.reference = reference
        self._fleet, self._sources = fleet, sources

    def drain(self) -> list[Displacement]:
        """Those since the last call."""
        told, self._out = self._out, []
        return told

    def tell(self, displaced: Iterable[tuple[int, TrackFix]], history: History, batch: Batch) -> None:
        """``displaced``: places in the history, and where each vessel was; call after the vessels were judged."""
        for place, origin in displaced:
            report, row = history.reports[place], int(history.rows[place])
            if origin.time_ms and self._counts(row) and not _has_a_wrong_bit(origin, report):
                self._out.append(self._displacement(history, batch, place, origin))

    def _counts(self, row: int) -> bool:
        """Whether it is a ship, and its number that of one ship."""
        core = self._fleet.core
        ship = bool(core.vessel[row]) and invalid_form_of(int(core.mmsi[row])) is None
        return ship and _SHARED not in self._fleet.open_of(row)

    def _displacement(self, history: History, batch: Batch, place: int, origin: TrackFix) -> Displacement:
        core, row, report = self._fleet.core, int(history.rows[place]), history.reports[place]
        time_ms, listed = int(history.times[place]), int(core.listed[row])
        return Displacement(
            mmsi=int(core.mmsi[row]),
            time_ms=time_ms,
            stamp_ms=max(time_ms, self._sources.heard_ms + 1),
            lat_deg=round(float(report["lat_deg"]), _DIGITS),
            lon_deg=round(float(report["lon_deg"]), _DIGITS),
            origin_lat_deg=round(origin.lat_deg, _DIGITS),
            origin_lon_deg=round(origin.lon_deg, _DIGITS),
            origin_ms=origin.time_ms,
            source=batch.source,
            name=core.name[row].decode("ascii", "replace") or None,
            imo=int(core.imo[row]) or None,
            listed=self.reference.ships[listed - 1].list if listed else None,
            near=gazetteer_of(self.reference).where(origin.lat_deg, origin.lon_deg),
            sentence=batch.raw[int(report["start"]) : int(report["end"])].decode("ascii", "replace"),
            replayed=self._sources.is_replayed(batch.source),
        )
