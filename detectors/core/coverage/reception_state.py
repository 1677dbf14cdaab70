"""What one partition knows about its reception: open slots, coverage, and both as bytes for a snapshot.

A block of slots closes when its slots are over and either many vessels were heard in it, or it spans two hours, or a
silence is due for evaluation that no report in the block ends. So a busy feed closes every slot, and a feed with three
sentences an hour costs almost nothing. While no vessel at all is heard nothing closes; that time is processed at once
when the next vessel is heard.
"""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.coverage.cell_statistics import WIDTH
from detectors.core.coverage.cells import Cells, Keys
from detectors.core.coverage.coverage import Coverage
from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.silence_statistics import SLOTS_AN_HOUR, Budget
from detectors.core.coverage.slot_blocks import (
    BASE,
    PAIR,
    SLOT_MS,
    LastKnown,
    Pairs,
    Rows,
    SlotBlock,
    block,
    joined,
    reduced,
)
from detectors.core.coverage.slots import SlotRecorder
from detectors.core.coverage.vessel_statistics import KNOWN_SLOTS, VESSEL
from detectors.core.vessels.columns import Column

COVERAGE_FORMAT: Final = 1
BLOCK_PAIRS: Final = 8  # this number of vessels heard closes a block
BLOCK_SLOTS: Final = 24
NOTED: Final = (
    Column("noted", "<u2"),  # the slot of its last report, the lowest bits
    Column("behind", "<u2"),  # how far the source of its last report is behind the others, in slots
)


class ClosedBlock(NamedTuple):
    """A block of slots that has closed."""

    end_ms: int
    heard: Rows
    missed: Rows
    """Rows whose silence it extended."""
    significant: Rows
    """Those whose silence may be significant, or has lasted an hour."""


class StoredReception(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is not one value per vessel. Cells: keys as int64, counts as float32; little-endian."""

    format: int
    columns: list[tuple[str, str]]
    """Name and dtype of each per-vessel value, in the order of the shards' bytes."""
    next_slot: int
    front_ms: int
    over: int
    stations: list[str]
    silences: bytes
    fine_keys: bytes = b""
    """These four are from former versions; cells now have their own shard."""
    fine: bytes = b""
    coarse_keys: bytes = b""
    coarse: bytes = b""
    late_reports: bytes = b""
    rest_rates: bytes = b""


class ReceptionState:
    """Reception of one partition; grows with the fleet."""

    def __init__(self, lateness_ms: int, partitions: int = 1) -> None:
        self.partitions = partitions
        """Number of partitions of the feed; each knows its own vessels only."""
        self.vessel_columns = ReceptionColumns((*VESSEL, *NOTED))
        self.coverage = Coverage(self.vessel_columns)
        self.listening = SlotRecorder(lateness_ms)
        self.cells_changed = True
        """Whether the cells changed since this was last set to False."""
        self.all_changed = False
        """Whether a time without any vessel has changed the state of every vessel, since this was last set to False."""

    def admit(self, rows: Rows, size: int) -> None:
        """These rows, of ``size`` in use, are new vessels."""
        if size > len(self.vessel_columns):
            self.vessel_columns.grow(max(size, 2 * len(self.vessel_columns), 1024))
        self.vessel_columns.forget(rows)

    def forget(self, rows: Rows) -> None:
        """Removes everything about these rows."""
        self.vessel_columns.forget(rows)
        self.listening.late_reports.forget(rows)
        pending = self.listening.pending()
        gone = np.isin(pending["row"], rows)
        if gone.any():
            self.listening.hold(pending[~gone])

    def last_slots(self, rows: Rows, last_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The slots for which the last reports of vessels count, made at ``last_ms``; (rows,)."""
        return np.asarray(last_ms // SLOT_MS + self.vessel_columns.behind[rows])

    def own_slots(self, rows: Rows, last_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The last slots in which vessels were heard, by the times of their reports: earlier for a slow source.

        ``last_ms``: their last reports. A vessel that a fast source heard too may have been heard later than what the
        slow one has reported.
        """
        slot = self.vessel_columns.slot[rows].astype(np.int64)
        return np.asarray(np.maximum(slot - self.vessel_columns.behind[rows], np.minimum(last_ms // SLOT_MS, slot)))

    def look_again(self, rows: Rows) -> None:
        """The meaning of their silence has changed: evaluate it when the next block closes."""
        self.vessel_columns.due[rows] = 0

    def next_block(self, watermark_ms: int, size: int) -> SlotBlock | None:
        """The next complete block before the watermark, removed from the pending slots; None if there is none."""
        over = watermark_ms // SLOT_MS
        if over <= self.listening.over:
            return None
        while (pending := self.listening.pending()).size:
            first, last = self._next(pending, over, size)
            if last >= over:
                break
            self.listening.next_slot = last + 1
            mine = pending["slot"] <= last
            self.listening.hold(pending.take((~mine).nonzero()[0]))
            made = block(pending.take(mine.nonzero()[0]), first, last, self._before)
            if len(made.rows):
                return made
            if not mine.any():
                self.coverage.no_vessel_heard(last - first + 1, size)
                self.all_changed = True
        self.listening.over = over
        return None

    def close(self, made: SlotBlock, size: int, apart: npt.NDArray[np.bool_]) -> ClosedBlock:
        """Closes a block. Silences of vessels flagged ``apart`` are judged, but do not contribute to the statistics."""
        self.coverage.late_reports(*self.listening.late_reports.take(made.first), made.first, ~apart)
        missed, c = self.coverage.close(made, size, apart), self.vessel_columns
        self.cells_changed = True
        significant = missed[(c.level[missed] >= 0) | (made.last - c.slot[missed] >= SLOTS_AN_HOUR)]
        return ClosedBlock((made.last + 1) * SLOT_MS, made.rows[made.starts], missed, significant)

    def alpha(self, heard: Rows, slots: int, budget: Budget) -> float:
        """``Coverage.alpha``, with this partition's share of the daily budget of the feed."""
        return self.coverage.alpha(heard, slots, budget._replace(a_day=budget.a_day / self.partitions))

    def _next(self, pending: Pairs, over: int, size: int) -> tuple[int, int]:
        """First and last slot of the next block; the last may still be open."""
        first, slots = self.listening.next_slot, pending["slot"]
        begins = int(slots.min())
        if begins >= first + BLOCK_SLOTS:
            return first, begins - 1
        last = first + BLOCK_SLOTS - 1
        ships = slots[pending["kind"] < BASE]
        if len(ships) >= BLOCK_PAIRS:
            ships.partition(BLOCK_PAIRS - 1)
            last = min(last, int(ships[BLOCK_PAIRS - 1]))
        return first, min(last, self._due(pending, min(last, over - 1), size))

    def _due(self, pending: Pairs, last: int, size: int) -> int:
        """The first slot up to ``last`` in which a silence is due for evaluation; a large number if there is none."""
        c = self.vessel_columns
        due = c.due[:size]
        rows = ((due >= self.listening.next_slot) & (due <= last) & ~c.unsure[:size]).nonzero()[0]
        rows = rows[c.seen[rows] >= KNOWN_SLOTS]
        if not len(rows):
            return np.iinfo(np.int32).max
        until, row = np.full(len(rows), np.iinfo(np.int32).max), pending["row"]
        at = np.minimum(rows.searchsorted(row), len(rows) - 1)
        mine = (rows[at] == row).nonzero()[0]
        np.minimum.at(until, at[mine], pending["slot"][mine])
        waits = due[rows][due[rows] < until]
        return int(waits.min()) if len(waits) else np.iinfo(np.int32).max

    def _before(self, rows: Rows) -> LastKnown:
        c, met = self.vessel_columns, self.vessel_columns.slot[rows] > 0
        lat, lon = (np.where(met, values[rows], np.nan) for values in (c.lat_deg, c.lon_deg))
        return LastKnown(lat, lon, c.kind[rows])

    # -- snapshots ------------------------------------------------------------------------------------------------

    def keep(self) -> bytes:
        """Everything that ``restore`` needs besides ``cut`` and the cells."""
        heard, silences = self.listening, self.coverage.silences
        kept = StoredReception(
            format=COVERAGE_FORMAT,
            columns=self.vessel_columns.spec,
            next_slot=heard.next_slot,
            front_ms=heard.front_ms,
            over=heard.over,
            stations=heard.stations.names,
            silences=silences.counts.tobytes(),
            late_reports=heard.late_reports.tobytes(),
            rest_rates=self.coverage.rest_rates.tobytes(),
        )
        return zlib.compress(msgspec.msgpack.encode(kept), 1)

    def cells(self) -> bytes:
        """The cell statistics as bytes."""
        return self.coverage.cell_statistics.cells.tobytes()

    def cut(self, start: int, stop: int) -> tuple[bytes, bytes]:
        """State of rows [start, stop), and their pending slots."""
        return self.vessel_columns.cut(start, stop), self.listening.pending_of(start, stop).tobytes()

    def restore(self, data: bytes, cells: bytes, shards: list[tuple[int, int, bytes, bytes]]) -> None:
        """Loads ``keep``, ``cells`` and ``cut``; a shard is (start, stop, known, pending). Raises ValueError.

        Snapshots of former versions have the cells in ``data``; then ``cells`` is empty.
        """
        try:
            kept = msgspec.msgpack.decode(zlib.decompress(data), type=StoredReception)
        except (zlib.error, msgspec.MsgspecError) as error:
            raise ValueError(f"coverage unreadable: {error}") from error
        if kept.format != COVERAGE_FORMAT:
            raise ValueError(f"coverage format {kept.format}, expected {COVERAGE_FORMAT}")
        self.listening.next_slot, self.listening.front_ms = kept.next_slot, kept.front_ms
        self.listening.over = kept.over
        self.listening.stations.names = list(kept.stations)
        self.listening.late_reports.restore(kept.late_reports)
        self.coverage.cell_statistics.cells = Cells(WIDTH)
        self._restore_cells(kept, cells)
        silences = self.coverage.silences
        silences.counts = np.frombuffer(kept.silences).reshape(silences.counts.shape).copy()
        silences.settle()
        self.coverage.rest_rates.restore(kept.rest_rates)
        for start, stop, known, _ in shards:
            self.vessel_columns.paste(start, stop, known, kept.columns)
        held = joined([np.zeros(0, PAIR), *(np.frombuffer(part, PAIR) for *_, part in shards)])
        self.listening.hold(
            reduced(held.take((held["slot"] >= kept.next_slot).nonzero()[0]))
        )  # reports in closed slots were not used

    def _restore_cells(self, kept: StoredReception, data: bytes) -> None:
        cells = self.coverage.cell_statistics.cells
        if data:
            cells.frombytes(data)
        elif kept.fine:
            cells.slot = kept.next_slot
            cells.restore(_counts(kept.fine_keys, kept.fine), _counts(kept.coarse_keys, kept.coarse))


def _counts(keys: bytes, counts: bytes) -> tuple[Keys, npt.NDArray[np.float32]]:
    return np.frombuffer(keys, np.int64), np.frombuffer(counts, np.float32).reshape(WIDTH, -1)
