"""State of maximum size: every cell of the Earth, and a million MMSIs that state IMO numbers."""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.core.coverage.cells import spots_of
from detectors.core.engine.engine import Engine
from detectors.core.identities.binding import Binding
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.promises import PartitionWatermark
from streams.pipeline.engines import engine_for, histories_for
from streams.reference.loading import load_reference
from streams.settings.model import Settings

HOLDERS: Final = 1_000_000
STEP_DEG: Final = 0.125
"""Half a cell at the equator, so that none is left out."""
_START_MS: Final = 1_704_067_200_000
_HOLDERS_A_SHIP: Final = 2
_FIRST_IMO, _FIRST_MMSI = 1_000_000, 205_000_000


def heard_everywhere(step_deg: float = STEP_DEG) -> Engine:
    """An engine that has heard a ship in every cell, or at this spacing in degrees."""
    settings = Settings()
    engine = engine_for(settings, load_reference(settings.reference), 0)
    cells = engine.reception.coverage.cell_statistics.cells
    cells.slot = _START_MS // 300_000
    lon_deg = np.arange(-180.0, 180.0, step_deg)
    met = [np.unique(spots_of(np.full_like(lon_deg, lat), lon_deg)) for lat in np.arange(-89.95, 90.0, step_deg)]
    cells.meet(np.unique(np.concatenate(met)))
    cells.values[:, :-1] = np.arange(cells.values[:, :-1].size, dtype=np.float32).reshape(len(cells.values), -1)
    engine.reception.cells_changed = True
    return engine


def held_by_many(holders: int = HOLDERS) -> ImoHistories:
    """Histories of half as many IMO numbers as MMSIs, two MMSIs each."""
    histories = histories_for(Settings(), 1)
    for number in range(holders):
        histories.take(_told(number))
    histories.take(PartitionWatermark(partition=0, heard_ms=_START_MS + holders))
    return histories


def _told(number: int) -> Binding:
    """Consistent: the second MMSI is the first one's after a change of flag."""
    time_ms = _START_MS + number
    return Binding(
        imo=_FIRST_IMO + number // _HOLDERS_A_SHIP,
        mmsi=_FIRST_MMSI + number,
        first_ms=time_ms,
        last_ms=time_ms,
        stamp_ms=time_ms,
        source="pier",
        statements=3,
        support=5,
        lat_deg=38.0,
        lon_deg=131.0,
        fix_ms=time_ms,
        name=f"EXAMPLE {number}",
        call_sign=f"X{number}",
        ship_type=70,
        length_m=120,
        sentence=rf"\s:pier,c:1704067200*00\!AIVDM,2,1,1,A,55?MbV02{number:08d}000000,0*00",
    )
