"""The newest displacement of each vessel, by the cell of its origin."""

from __future__ import annotations

from collections.abc import Iterator

from detectors.core.displacements import Displacement
from detectors.core.half_degrees import Cell, are_near, cell_of, cells_near


class Sightings:
    """Iterated from the one that was put first."""

    def __init__(self) -> None:
        self._newest: dict[int, Displacement] = {}
        self._by_cell: dict[Cell, set[int]] = {}

    def __len__(self) -> int:
        return len(self._newest)

    def __iter__(self) -> Iterator[Displacement]:
        return iter(self._newest.values())

    def get(self, mmsi: int) -> Displacement | None:
        """The newest of a vessel."""
        return self._newest.get(mmsi)

    def put(self, told: Displacement) -> None:
        """Replaces the vessel's former one."""
        self.remove(told.mmsi)
        self._newest[told.mmsi] = told
        self._by_cell.setdefault(_cell(told), set()).add(told.mmsi)

    def remove(self, mmsi: int) -> None:
        """Forgets a vessel, if it is known."""
        former = self._newest.pop(mmsi, None)
        if former is not None:
            cell = _cell(former)
            self._by_cell[cell].remove(mmsi)
            if not self._by_cell[cell]:
                del self._by_cell[cell]

    def around(self, told: Displacement) -> Iterator[Displacement]:
        """Those whose origins may be near that of ``told``, in no order: ``near`` decides."""
        for cell in cells_near(told.origin_lat_deg, told.origin_lon_deg):
            yield from (self._newest[mmsi] for mmsi in self._by_cell.get(cell, ()))


def near(one: Displacement, other: Displacement) -> bool:
    """Whether two origins are of one area."""
    return are_near(one.origin_lat_deg, one.origin_lon_deg, other.origin_lat_deg, other.origin_lon_deg)


def _cell(told: Displacement) -> Cell:
    return cell_of(told.origin_lat_deg, told.origin_lon_deg)
