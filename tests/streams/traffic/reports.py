"""Batches of reports as the decoder makes them."""

from collections.abc import Sequence

import numpy as np

from detectors.core.reports import REPORT, STATIC, Batch

T0_S = 1_700_000_000
RAW = b"\\s:pier,c:1*00\\!AIVDM,1,1,,A,1,0*00\n"


def batch(*fixes: Sequence[float], station: bytes = b"pier", kind: int = 1) -> Batch:
    """Reports of class A: (MMSI, seconds after T0_S, latitude, longitude)."""
    reports = np.zeros(len(fixes), REPORT)
    reports["type"], reports["moves"], reports["static"] = kind, kind in {1, 9, 18}, -1
    reports["sog_kn"], reports["cog_deg"], reports["heading_deg"], reports["status"] = 12.3, 45.6, np.nan, 0
    for number, (mmsi, after_s, lat, lon) in enumerate(fixes):
        reports[number]["mmsi"], reports[number]["time_ms"] = mmsi, round((T0_S + after_s) * 1000)
        reports[number]["lat_deg"], reports[number]["lon_deg"] = lat, lon
    return Batch("feed", reports, np.zeros(0, STATIC), RAW.replace(b"pier", station))
