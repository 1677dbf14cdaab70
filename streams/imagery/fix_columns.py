"""Fixes as they are kept in a topic."""

from __future__ import annotations

import math

import numpy as np

from streams.imagery.images import Fixes
from streams.messages.matched import FixColumns


def kept(fixes: Fixes) -> FixColumns:
    """For a record; degrees to a millionth."""
    return FixColumns(
        mmsi=tuple(fixes.mmsi.tolist()),
        time_ms=tuple(fixes.time_ms.tolist()),
        lat_deg=tuple(np.round(fixes.lat_deg, 6).tolist()),
        lon_deg=tuple(np.round(fixes.lon_deg, 6).tolist()),
        sog_kn=tuple(None if math.isnan(kn) else round(kn, 1) for kn in fixes.sog_kn.tolist()),
        cog_deg=tuple(None if math.isnan(deg) else round(deg, 1) for deg in fixes.cog_deg.tolist()),
    )


def restored(columns: FixColumns) -> Fixes:
    """From a record. Raises ValueError if its columns have several lengths."""
    fixes = Fixes(
        np.array(columns.mmsi, np.int64),
        np.array(columns.time_ms, np.int64),
        np.array(columns.lat_deg, np.float64),
        np.array(columns.lon_deg, np.float64),
        np.array([math.nan if kn is None else kn for kn in columns.sog_kn], np.float64),
        np.array([math.nan if deg is None else deg for deg in columns.cog_deg], np.float64),
    )
    if len({len(column) for column in fixes}) != 1:
        raise ValueError("columns of several lengths")
    return fixes
