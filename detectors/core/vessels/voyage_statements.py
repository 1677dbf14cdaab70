"""What listed vessels have stated about their voyages: draughts, and how far they have come from a destination.

Sparse: only listed vessels have it, 39 bytes each and 11 for each time that the draught was another one or the vessel
had been silent for an hour, at most DRAUGHTS_MOST. It is stored in the vessel's shard, and dropped with the vessel.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import numpy as np

from detectors.core.units import HOUR_MS, MS
from detectors.core.vessels.draughts import STATED_MOST, DraughtChange, change_of
from detectors.core.vessels.row_bytes import RowBytes, RowBytesError

DRAUGHTS_MOST: Final = 24
APART_S: Final = HOUR_MS // MS
"""After a longer time without a report the same draught is counted again."""
_COUNT_MOST: Final = 65_535
_DECIMETRES: Final = 10
_HEAD: Final = struct.Struct("<BI20sId?B")
_DRAUGHT: Final = struct.Struct("<IIHB")
_FORMAT: Final = 1


class StatedDraught(NamedTuple):
    """Reports in a row with one draught, without an hour between two."""

    from_s: int
    to_s: int
    reports: int
    decimetres: int

    def until(self, time_s: int) -> int:
        """How many of them came up to a time: the others are taken to be evenly spread between the first and last."""
        if time_s < self.from_s:
            return 0
        if time_s >= self.to_s:
            return self.reports
        return 1 + (self.reports - 1) * (time_s - self.from_s) // (self.to_s - self.from_s)


class VoyageStatement(NamedTuple):
    """What one vessel has stated; times in Unix s."""

    told_s: int = 0
    """The end of the silence or stay of which a change was reported last: what began before is settled."""
    destination: bytes = b""
    since_s: int = 0
    """The first report of that destination."""
    nearest_nm: float = np.inf
    """The least distance from it since; infinite if it is not a known port."""
    away_told: bool = False
    """That it does not sail there has been reported."""
    draughts: tuple[StatedDraught, ...] = ()

    def with_draught(self, time_s: int, draught_m: float) -> VoyageStatement:
        """After a report with this draught; call in order of time. The same report again changes nothing."""
        decimetres = round(draught_m * _DECIMETRES)
        last = self.draughts[-1] if self.draughts else None
        if last is not None and last.decimetres == decimetres and time_s <= last.to_s:
            return self
        if last is not None and last.decimetres == decimetres and time_s - last.to_s <= APART_S:
            grown = last._replace(to_s=time_s, reports=min(last.reports + 1, _COUNT_MOST))
            return self._replace(draughts=(*self.draughts[:-1], grown))
        new = StatedDraught(time_s, time_s, 1, decimetres)
        return self._replace(draughts=(*self.draughts, new)[-DRAUGHTS_MOST:])

    def with_destination(self, time_s: int, destination: bytes, distance_nm: float | None) -> VoyageStatement:
        """After a report with this destination, so far from it; None if it is not a known port."""
        distance_nm = np.inf if distance_nm is None else distance_nm
        if destination != self.destination:
            return self._replace(destination=destination, since_s=time_s, nearest_nm=distance_nm, away_told=False)
        return self._replace(nearest_nm=min(self.nearest_nm, distance_nm))

    def change_across(self, from_s: int, to_s: int) -> DraughtChange | None:
        """The change from the reports up to ``from_s`` to those after ``to_s``; None if there is none, or unknown."""
        before: list[float] = []
        after: list[float] = []
        for stated in self.draughts:
            metres, early, late = stated.decimetres / _DECIMETRES, stated.until(from_s), stated.until(to_s)
            before += [metres] * min(early, STATED_MOST)
            after += [metres] * min(stated.reports - late, STATED_MOST)
        return change_of(before, after)


class VoyageStatements(RowBytes):
    """The statements of the listed vessels of one fleet, by row."""

    def of(self, row: int) -> VoyageStatement:
        """What a vessel has stated."""
        packed = self._held.get(row)
        if packed is None:
            return VoyageStatement()
        _, told_s, destination, since_s, nearest_nm, away_told, _ = _HEAD.unpack_from(packed)
        draughts = tuple(StatedDraught(*values) for values in _DRAUGHT.iter_unpack(packed[_HEAD.size :]))
        return VoyageStatement(told_s, destination.rstrip(b"\0"), since_s, nearest_nm, away_told, draughts)

    def put(self, row: int, said: VoyageStatement) -> None:
        """Keeps what a vessel has stated."""
        head = _HEAD.pack(
            _FORMAT, said.told_s, said.destination, said.since_s, said.nearest_nm, said.away_told, len(said.draughts)
        )
        self._held[row] = head + b"".join(_DRAUGHT.pack(*stated) for stated in said.draughts)

    def _check(self, packed: bytes) -> None:
        count, rest = divmod(len(packed) - _HEAD.size, _DRAUGHT.size)
        if packed[:1] != bytes([_FORMAT]) or rest or not 0 <= count <= DRAUGHTS_MOST:
            raise RowBytesError(f"statements of a voyage of {len(packed)} bytes in format {packed[:1]!r}")
