"""What is known of each vessel, a row each: its last report, and the track that is being thinned."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.vessels.index import ABSENT, MmsiIndex

ROW: Final = np.dtype(
    [
        ("mmsi", "<u4"),
        ("changed", "<i8"),  # the version in which it changed last (streams.traffic.versions)
        ("heard_s", "<i8"),  # event time of the newest report of any kind, Unix seconds
        # The newest believed position; time_s is 0 where there is none.
        ("time_s", "<i8"),
        ("lat", "<i8"),  # steps (streams.traffic.points)
        ("lon", "<i8"),
        ("sog_kn", "<f4"),  # NaN unknown
        ("cog_deg", "<f4"),
        ("heading_deg", "<f4"),
        ("status", "i1"),  # -1 unknown
        ("class_b", "?"),
        ("aircraft", "?"),
        ("station", "<u2"),  # one plus its number in Fleet.stations; 0 unknown
        # A position that does not follow from the last one: it waits for a second that agrees with it.
        ("odd_s", "<i8"),  # 0: none waits
        ("odd_lat", "<i8"),
        ("odd_lon", "<i8"),
        ("doubted_s", "<i8"),  # when a position was last left out; 0: never
        # The thinned track: its last point that is kept, and the velocities that all fixes since then allow.
        ("anchor_s", "<i8"),
        ("anchor_lat", "<i8"),
        ("anchor_lon", "<i8"),
        ("north_least", "<f8"),  # steps per second
        ("north_most", "<f8"),
        ("east_least", "<f8"),
        ("east_most", "<f8"),
        ("name", "S20"),
        ("call_sign", "S7"),
        ("destination", "S20"),
        ("imo", "<u4"),  # 0 unknown
        ("ship_type", "<i2"),  # -1 unknown
        ("length_m", "<i2"),  # -1 unknown
    ]
)
ROW_BYTES: Final = ROW.itemsize
_FIRST: Final = 1024
_DROPPED_SHARE: Final = 0.1

Rows = npt.NDArray[np.intp]


class VesselRows:
    """The table, and which row is whose. Beyond ``most`` vessels those not heard for longest are dropped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._index = MmsiIndex()
        self._table = np.zeros(min(_FIRST, most), ROW)
        self._used = 0
        self.dropped = 0
        """Number of vessels dropped to make room."""

    def __len__(self) -> int:
        return self._used

    @property
    def table(self) -> npt.NDArray[np.void]:
        """The rows in use, dtype ROW: a view, valid until the next ``of``, ``forget`` or ``make_room``."""
        return self._table[: self._used]

    def find(self, mmsi: int) -> int | None:
        """The row of a vessel, None if it is not known."""
        row = int(self._index.find(np.array([mmsi], np.uint32))[0])
        return None if row == ABSENT else row

    def rows_of(self, mmsis: npt.NDArray[np.uint32]) -> Rows:
        """The row of each MMSI, ABSENT if it is not known."""
        return self._index.find(mmsis)

    def of(self, mmsis: npt.NDArray[np.uint32]) -> Rows:
        """The row of each MMSI; those that are new get one. Call ``make_room`` before."""
        rows = self._index.find(mmsis)
        absent = rows == ABSENT
        if absent.any():
            fresh = np.unique(mmsis[absent])
            self._add(fresh)
            rows = self._index.find(mmsis)
        return rows

    def make_room(self, mmsis: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        """Drops vessels so that these fit, if that is needed. Returns those of ``mmsis`` that can have a row.

        More new ones at once than the table holds are a flood of invented numbers: the rest of them is left out.
        """
        fresh = np.unique(mmsis[self._index.find(mmsis) == ABSENT])
        lacking = self._used + len(fresh) - self._most
        if lacking > 0:
            count = min(self._used, max(lacking, int(self._most * _DROPPED_SHARE)))
            kept = np.ones(self._used, np.bool_)
            kept[np.argpartition(self.table["heard_s"], count - 1)[:count]] = False
            self.dropped += count
            self._keep(kept)
        return fresh[: self._most - self._used]

    def forget(self, before_s: int) -> None:
        """Drops vessels that were last heard before that time."""
        kept = self.table["heard_s"] >= before_s
        if not kept.all():
            self._keep(kept)

    def _keep(self, kept: npt.NDArray[np.bool_]) -> None:
        left = self.table[kept]
        self._table[: len(left)] = left
        self._table[len(left) : self._used] = np.zeros((), ROW)
        self._used = len(left)
        self._index.rebuild(left["mmsi"], np.arange(len(left)))

    def _add(self, mmsis: npt.NDArray[np.uint32]) -> None:
        first, self._used = self._used, self._used + len(mmsis)
        if self._used > len(self._table):
            grown = np.zeros(min(max(2 * len(self._table), self._used), max(self._most, self._used)), ROW)
            grown[:first] = self._table[:first]
            self._table = grown
        rows = np.arange(first, self._used)
        new = self._table[first : self._used]
        new["mmsi"] = mmsis
        for column, unknown in (("sog_kn", np.nan), ("cog_deg", np.nan), ("heading_deg", np.nan), ("status", -1)):
            new[column] = unknown
        new["ship_type"] = new["length_m"] = -1
        self._index.add(mmsis, rows)
