"""The water that a vessel sails into: its silence is judged by how well vessels are heard there.

A vessel that is about to leave the coverage of the feed falls silent without switching off. So a silence is compared
with those of vessels whose worst water in the next 1.5 hours was as well heard (``silence_statistics.stratum``). The
position ahead is the last one moved on with the usual course and speed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.cell_statistics import CellStatistics
from detectors.core.coverage.cells import Spots, spots_of
from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.silence_statistics import KINDS, stratum
from detectors.core.coverage.slot_blocks import CLASS_B
from detectors.core.coverage.vessel_statistics import SEEN_MOST, HeardVessels, MissedVessels

Places = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

AHEAD_H: Final = np.array((0.0, 0.5, 1.0, 1.5))[:, None]
EVERY_SLOTS: Final = 4  # judged after this number of slots heard, and when a silence begins
AT_ONCE: Final = 8192  # vessels at a time: 200,000 take half as long in parts that fit the cache


def heard_ahead_h(columns: ReceptionColumns, cells: CellStatistics, rows: Places) -> Floats:
    """Hours for which vessels were heard lately where each of ``rows`` is and will be: the smallest, (rows,)."""
    class_b = (columns.kind[rows] >= CLASS_B).astype(np.intp)
    return cells.heard_h(_ahead(columns, rows), class_b).min(axis=0)  # type: ignore[no-any-return]


def set_strata(
    columns: ReceptionColumns, cells: CellStatistics, heard: HeardVessels, missed: MissedVessels, last_slot: int
) -> None:
    """Sets the stratum of vessels whose silence begins, and from time to time of those still heard."""
    seen = np.minimum(heard.seen + heard.spoken, SEEN_MOST)
    turn = seen + columns.lat_deg[heard.ships].view(np.uint32)  # vessels that appeared together take turns
    due = (turn % EVERY_SLOTS < heard.spoken) | (seen < 2 * EVERY_SLOTS)
    due &= columns.slot[heard.ships] == last_slot  # otherwise it is among those who begin
    rows = np.concatenate((heard.ships[due], missed.rows[missed.gone == 0]))
    for start in range(0, len(rows), AT_ONCE):
        _set_strata(columns, cells, rows[start : start + AT_ONCE])


def _set_strata(columns: ReceptionColumns, cells: CellStatistics, rows: Places) -> None:
    kind = columns.kind[rows].astype(np.intp)
    place = cells.usual(_ahead(columns, rows), (kind == CLASS_B).astype(np.intp)).min(axis=0)
    columns.stratum[rows] = stratum(np.minimum(kind, KINDS - 1), place, columns.rate[rows].astype(np.float64))


def _ahead(columns: ReceptionColumns, rows: Places) -> Spots:
    lat_deg = columns.lat_deg[rows] + AHEAD_H * columns.north_deg_h[rows]
    return spots_of(lat_deg, columns.lon_deg[rows] + AHEAD_H * columns.east_deg_h[rows])
