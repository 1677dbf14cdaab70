"""Batches of reports as decoding would give them, from invented vessels: for measuring the engine alone."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE, REPORT, STATIC, Batch
from detectors.core.ticks import Tick
from streams.nmea.encoder import tagged

SOURCE: Final = "bench"
START_MS: Final = 1_707_000_000_000
FIRST_MMSI, LAST_MMSI = 200_000_000, 775_000_000
_STATIC_SHARE: Final = 0.09
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_VOYAGE: Final = HAS_IDENTITY | HAS_NAME | HAS_SHIP | HAS_VOYAGE
_LINE: Final = tagged([b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"], START_MS, SOURCE)[0]

Numbers = npt.NDArray[np.intp]


class InventedReports:
    """Vessels spread over the North Atlantic, some 20,000 cells of coverage; its clock continues with every batch."""

    def __init__(self, vessels: int, rate_hz: int, first_mmsi: int = FIRST_MMSI) -> None:
        draw = np.random.default_rng(1)
        self.vessels, self._rate_hz, self._draw = vessels, rate_hz, draw
        self.mmsi = (first_mmsi + np.arange(vessels) * ((LAST_MMSI - FIRST_MMSI) // vessels)).astype(np.uint32)
        self._lat, self._lon = draw.uniform(25, 60, vessels), draw.uniform(-60, -10, vessels)
        self._sog = draw.uniform(0, 20, vessels)
        self.time_ms, self._sent = START_MS, 0

    def all_once(self, size: int) -> list[Batch]:
        """Every vessel once, in batches."""
        return [self.batch(np.arange(a, min(a + size, self.vessels))) for a in range(0, self.vessels, size)]

    def some(self, size: int) -> Batch:
        """Reports of vessels drawn at random."""
        return self.batch(self._draw.integers(0, self.vessels, size))

    def tick(self) -> Tick:
        """The clock so far."""
        return Tick(
            source=SOURCE, from_ms=self.time_ms, to_ms=self.time_ms, heard_ms=self.time_ms, spacing_s=1 / self._rate_hz
        )

    def batch(self, who: Numbers) -> Batch:
        """One report of each of these vessels, 9 % of them static, at 20,000 per second."""
        size = len(who)
        reports, count = np.zeros(size, REPORT), np.arange(self._sent, self._sent + size)
        reports["time_ms"] = self.time_ms + np.arange(size) * 1000 // self._rate_hz
        reports["mmsi"], reports["type"], reports["moves"] = self.mmsi[who], 1, True
        reports["lat_deg"], reports["lon_deg"] = self._lat[who], self._lon[who]
        reports["sog_kn"], reports["cog_deg"], reports["heading_deg"] = self._sog[who], 90, np.nan
        reports["static"], reports["ordinal"] = -1, count
        reports["payload"] = (count + 1).astype(np.uint64) * _MIX
        reports["start"] = np.arange(size) * (len(_LINE) + 1)
        reports["end"] = reports["start"] + len(_LINE)
        statics = self._state(reports, who)
        self.time_ms += size * 1000 // self._rate_hz + 1
        self._sent += size
        return Batch(SOURCE, reports, statics, b"\n".join([_LINE] * size))

    def _state(self, reports: npt.NDArray[np.void], who: Numbers) -> npt.NDArray[np.void]:
        at = np.flatnonzero(self._draw.random(len(reports)) < _STATIC_SHARE)
        reports["type"][at], reports["moves"][at], reports["static"][at] = 5, False, np.arange(len(at))
        statics = np.zeros(len(at), STATIC)
        statics["has"], statics["imo"] = _VOYAGE, 1_000_000 + who[at] % 1_000_000
        statics["name"], statics["call_sign"], statics["destination"] = b"BENCH", b"WBNC", b"ROTTERDAM"
        statics["ship_type"], statics["length_m"], statics["draught_m"] = 70, 150, 8
        return statics
