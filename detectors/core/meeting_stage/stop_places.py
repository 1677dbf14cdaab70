"""Stop places, learned from the feed: cells of 0.01 degrees in which several ships lay for two hours or longer.

A cell counts while at least ``ships_least`` different ships lay there in the last ``days``, and so do the eight cells
around it: a berth is as likely at the edge of a cell as in its middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.geography.transfer_areas import TransferArea
from detectors.core.sphere import Floats

CELL_DEG: Final = 0.01
_COLUMNS: Final = round(360 / CELL_DEG)
_ROWS: Final = round(180 / CELL_DEG)
_SHIPS_KEPT: Final = 3
"""Times the number that makes a stop place."""
_PART: Final = 8  # an eighth is forgotten at once

Bools = npt.NDArray[np.bool_]
Cells = npt.NDArray[np.int64]


def cells_of(lat_deg: Floats, lon_deg: Floats) -> Cells:
    """The number of the cell of each place."""
    row = np.floor((lat_deg + 90.0) / CELL_DEG).astype(np.int64)
    column = np.floor((lon_deg + 180.0) / CELL_DEG).astype(np.int64) % _COLUMNS
    return np.asarray(np.minimum(row, _ROWS - 1) * _COLUMNS + column)


def corner_of(cell: int) -> tuple[float, float]:
    """The south-west corner of a cell: latitude and longitude, degrees."""
    row, column = divmod(cell, _COLUMNS)
    return round(row * CELL_DEG - 90.0, 2), round(column * CELL_DEG - 180.0, 2)


class StopPlaces:
    """See the module. ``cells_most`` bounds memory: of more, those where no ship lay for longest are forgotten.

    ``never``: areas that are never stop places.
    """

    def __init__(self, *, ships_least: int, days: int, cells_most: int, never: Sequence[TransferArea]) -> None:
        self._least, self._days, self._most = ships_least, days, cells_most
        self._never = never
        self._ships: dict[int, dict[int, int]] = {}
        """By cell the ships (MMSI) that lay there, and the day of the newest stop of each."""
        self.day = 0
        """The newest day that has begun."""
        self._known: Cells | None = None

    def __len__(self) -> int:
        return len(self._ships)

    def lay(self, cell: int, mmsi: int, day: int) -> None:
        """A ship lay there."""
        ships = self._ships.pop(cell, {})
        ships.pop(mmsi, None)
        ships[mmsi] = day
        for oldest in list(ships)[: max(0, len(ships) - _SHIPS_KEPT * self._least)]:
            del ships[oldest]
        self._ships[cell] = ships
        self._known = None
        if len(self._ships) > self._most:
            quiet = sorted(self._ships, key=lambda each: (max(self._ships[each].values()), each))
            for dropped in quiet[: max(1, len(quiet) // _PART)]:
                del self._ships[dropped]

    def pass_day(self, day: int) -> bool:
        """Forgets what is older than the time that counts. Returns whether the day is new."""
        if day <= self.day:
            return False
        self.day = day
        for cell, ships in list(self._ships.items()):
            old = [mmsi for mmsi, lay in ships.items() if lay <= day - self._days]
            for mmsi in old:
                del ships[mmsi]
            if not ships:
                del self._ships[cell]
        self._known = None
        return True

    def holds(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """Which of these places are stop places."""
        if self._known is None:
            self._known = self._learned()
        if not len(self._known) or not len(lat_deg):
            return np.zeros(len(lat_deg), bool)
        cells = cells_of(lat_deg, lon_deg)
        found: Bools = self._known[np.searchsorted(self._known, cells).clip(max=len(self._known) - 1)] == cells
        for area in self._never:
            found &= ~area.holds(lat_deg, lon_deg)
        return found

    def _learned(self) -> Cells:
        cells = np.asarray([c for c, ships in self._ships.items() if len(ships) >= self._least], np.int64)
        row, column = cells // _COLUMNS, cells % _COLUMNS
        around = [(row + north) * _COLUMNS + (column + east) % _COLUMNS for north in (-1, 0, 1) for east in (-1, 0, 1)]
        return np.unique(np.concatenate(around))

    # -- for snapshots and explanations ---------------------------------------------------------------------------

    def places(self) -> Iterator[tuple[int, int]]:
        """Each cell that counts, with the number of ships that lay there, in the order of their numbers."""
        yield from sorted((cell, len(ships)) for cell, ships in self._ships.items() if len(ships) >= self._least)

    def kept(self, number: int, shards: int) -> list[tuple[int, list[tuple[int, int]]]]:
        """The part of a shard, for a snapshot, by cell modulo ``shards``: (cell, its ships and days)."""
        return [(cell, list(ships.items())) for cell, ships in self._ships.items() if cell % shards == number]

    def restore(self, kept: Iterable[tuple[int, list[tuple[int, int]]]], day: int) -> None:
        """Loads what ``kept`` returned; this must be empty."""
        self._ships = {cell: dict(ships) for cell, ships in kept}
        self.day, self._known = day, None
