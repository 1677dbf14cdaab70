"""The state of all vessels of one partition: columns, an index by MMSI, and the open alerts."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.units import next_step
from detectors.core.vessels.affected_areas import OpenAreas
from detectors.core.vessels.columns import CORE_OWNER, MOVING, OPEN, STATED, Column, Column_, Columns, Rows
from detectors.core.vessels.dropped import DroppedRules, DroppedVessels
from detectors.core.vessels.index import MmsiIndex
from detectors.core.vessels.past import VesselPasts
from detectors.core.vessels.recent_fixes import RecentFixes
from detectors.core.vessels.table import Block, Table
from detectors.core.vessels.voyage_statements import VoyageStatements

SHARD_ROWS: Final = 512
_FIRST_SIZE: Final = 1024


class FleetColumns(Columns):
    """The columns of one owner; views to write through: ``columns.lat_deg[rows] = ...``."""

    def __init__(self, owner: str, *tables: Table) -> None:
        self._owner, self._tables = owner, tables

    def _read(self, name: str) -> Column_:
        for table in self._tables:
            column = table.column(self._owner, name)
            if column is not None:
                return column
        raise AttributeError(f"no column {name!r}: declare it in the detector's columns")


class Fleet:
    """Rows are never moved: a vessel keeps its row while it is held.

    ``core`` and ``detectors`` are views of the tables; they are recreated when rows are added, so do not keep one over
    a step. ``moving`` and ``stated`` hold the core's columns, ``own`` the detectors'.
    """

    def __init__(self, detectors: dict[str, tuple[Column, ...]]) -> None:
        self.moving = Table([(CORE_OWNER, column) for column in MOVING])
        self.stated = Table([(CORE_OWNER, column) for column in STATED])
        own = [(name, column) for name, columns in detectors.items() for column in columns]
        self.own = Table(own)
        self.tables = (self.moving, self.stated, self.own)
        self._columns = detectors
        self.size = 0
        self.index = MmsiIndex()
        self.open: dict[int, dict[tuple[str, str], Alert]] = {}
        """Open alerts by row (-1 - n for source n), then by (detector, key)."""
        self.with_open = dict.fromkeys(detectors, 0)
        """By detector: the number of vessels with an open alert of it (``mark_open``)."""
        self.areas = OpenAreas()
        self.ended_revisions: dict[str, int] = {}
        """The last revision of ended alerts that satellite images have revised since, by id."""
        self.memory = VesselPasts()
        self.recent = RecentFixes()
        self.voyages = VoyageStatements()
        self.dropped = DroppedVessels()
        self.dirty = np.zeros(0, bool)
        self._free: Rows = np.zeros(0, np.intp)
        self.reserve(_FIRST_SIZE)

    @property
    def held(self) -> int:
        """Number of vessels."""
        return len(self.index)

    def admit(self, mmsis: npt.NDArray[np.uint32]) -> Rows:
        """A row for each of these MMSIs, which are absent and distinct; every column has its default."""
        reused = min(len(self._free), len(mmsis))
        rows = np.append(self._free[:reused], np.arange(self.size, self.size + len(mmsis) - reused))
        self._free = self._free[reused:]
        self.size += len(mmsis) - reused
        if self.size > len(self.moving.records):
            self.reserve(self.size)
        for table in self.tables:
            table.clear(rows)
        self.core.mmsi[rows] = mmsis
        self.index.add(mmsis, rows)
        return rows

    def taken(self) -> npt.NDArray[np.bool_]:
        """Which rows belong to a vessel: MMSI 0 is one that ships send."""
        found: npt.NDArray[np.bool_] = (self.core.mmsi[: self.size] > 0) | (self.core.reports[: self.size] > 0)
        return found

    def drop(self, rows: Rows) -> None:
        """Forgets vessels that have no open alert; their rows are used again."""
        for table in self.tables:
            table.clear(rows)
        self.memory.forget(rows.tolist())
        self.recent.forget(rows.tolist())
        self.voyages.forget(rows.tolist())
        self.touch(rows)
        self._hold()

    def let_go(self, rows: Rows, worth: DroppedRules) -> None:
        """Drops vessels, and remembers their stated identities."""
        if worth.most:
            slots = self.dropped.keep(self.core, rows, worth)
            self._room_for_shards()
            self.touch(slots)
        self.drop(rows)

    def _room_for_shards(self) -> None:
        lacking = self.shards() - len(self.dirty)
        if lacking > 0:
            self.dirty = np.append(self.dirty, np.zeros(2 * lacking, bool))

    def _hold(self) -> None:
        """Builds the index and the free rows from the table."""
        taken = self.taken()
        rows = taken.nonzero()[0]
        self.index.rebuild(self.core.mmsi[rows], rows)
        self._free = (~taken).nonzero()[0]

    def mark_open(self, detector: str, row: int, is_open: bool) -> None:
        """Writes whether a vessel has an open alert of a detector."""
        column = self.detectors[detector].open
        self.with_open[detector] += int(is_open) - int(column[row])
        column[row] = is_open

    def ask_rare(self, row: int, due_ms: int) -> None:
        """Asks for a check of what is rare, at the first step at or after ``due_ms`` at the latest."""
        self.core.rare_due_ms[row] = min(int(self.core.rare_due_ms[row]), next_step(due_ms))

    def reset(self, detector: str, row: int) -> None:
        """Resets all values of a detector for a vessel, except whether an alert is open."""
        own = self.detectors[detector]
        for column in self._columns[detector]:
            if column is not OPEN:
                getattr(own, column.name)[row] = column.default

    def adopt(self, blocks: tuple[Block, ...]) -> None:
        """Fills an empty fleet, table by table."""
        self.size = len(blocks[0])
        if self.size > len(self.moving.records):
            self.reserve(self.size)
        for table, block in zip(self.tables, blocks, strict=True):
            table.fill(block)
        self._hold()

    def adopt_dropped(self, block: Block) -> None:
        """Fills the empty memory of dropped vessels."""
        self.dropped.adopt(block)
        self._room_for_shards()

    def reserve(self, size: int) -> None:
        """Makes room for ``size`` rows, at least doubling."""
        size = max(size, 2 * len(self.moving.records))
        size = -(-size // SHARD_ROWS) * SHARD_ROWS
        for table in self.tables:
            table.reserve(size)
        self.core = FleetColumns(CORE_OWNER, self.moving, self.stated)
        self.detectors = {name: FleetColumns(name, self.own) for name in self._columns}
        self.dirty = np.append(self.dirty, np.zeros(max(0, size // SHARD_ROWS - len(self.dirty)), bool))

    def touch(self, rows: Rows) -> None:
        """Marks the shards of ``rows`` (or of slots of dropped vessels) as changed."""
        self.dirty[rows // SHARD_ROWS] = True

    def shards(self) -> int:
        """Number of shards for the rows, or for the slots of dropped vessels."""
        return -(-max(self.size, len(self.dropped)) // SHARD_ROWS)

    def open_of(self, row: int) -> dict[tuple[str, str], Alert]:
        """The open alerts of a row (read only)."""
        return self.open.get(row, {})
