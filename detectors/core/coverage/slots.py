"""Which station heard which vessel, as reports arrive; and where in the log a slot is over.

Reports arrive in log order, some of them out of time order. A slot is over when the newest time in this partition has
passed its end by the allowed lateness, or when a tick states this for the whole source. All reports in time come before
that point. A later report finds its slot closed: it counts for the vessel, not for the slot (``late_reports``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.coverage.late_reports import LateReports
from detectors.core.coverage.reception_columns import ReceptionColumns
from detectors.core.coverage.slot_blocks import PAIR, SLOT_MS, Pairs, Rows, gather, joined, reduced
from detectors.core.coverage.stations import Numbers, Stations
from detectors.core.reports import Batch
from detectors.core.units import NEVER_MS

PENDING_MOST: Final = 1 << 15  # pairs that wait unjoined
_SLOT_BITS: Final = 24
_PLACES: Final = 1 << 16  # the maximum that ``noted`` can count


class SlotRecorder:
    """The open slots of one partition."""

    def __init__(self, lateness_ms: int) -> None:
        self.allowed_ms = self.lateness_ms = lateness_ms
        """How late reports may come at least, and at present; the engine keeps the latter up to date."""
        self.next_slot = 0
        """The first open slot; 0 before the first report."""
        self.front_ms = 0
        self.over = 0
        """Slots before this one are over: reports for them are late."""
        self.stations = Stations()
        self.late_reports = LateReports()
        self._held: Pairs = np.zeros(0, PAIR)
        self._taken: list[tuple[Rows, Pairs, Numbers]] = []  # newer pairs, as they came: many are made at a time
        self._count = 0
        self._rows: npt.NDArray[np.int32] | None = (
            None  # of the held pairs, contiguous: a snapshot reads them 500 times
        )

    def take_slow(
        self, vessel_columns: ReceptionColumns, rows: Rows, batch: Batch, behind_ms: int, last_ms: npt.NDArray[np.int64]
    ) -> None:
        """Adds reports of a source that is ``behind_ms`` behind the others, a multiple of SLOT_MS.

        They count for slots that much later, which are still open, and only if they are news: a vessel of which
        another source has reported a later time is heard anyway. No slot is over because of them. ``last_ms``: the last
        report of each vessel, (rows,).
        """
        newest: dict[int, int] = {}
        news = []
        for row, time_ms, before_ms in zip(
            rows.tolist(), batch.reports["time_ms"].tolist(), last_ms.tolist(), strict=True
        ):
            news.append(time_ms > newest.get(row, before_ms))
            newest[row] = max(time_ms, newest.get(row, before_ms))
        chosen = np.flatnonzero(news)
        if len(chosen):
            reports = batch.reports.take(chosen)
            reports["time_ms"] = np.minimum(reports["time_ms"] + behind_ms, self.front_ms or NEVER_MS)
            self.take(vessel_columns, rows[chosen], batch._replace(reports=reports))
            vessel_columns.behind[rows[chosen]] = behind_ms // SLOT_MS

    def take(self, vessel_columns: ReceptionColumns, rows: Rows, batch: Batch) -> npt.NDArray[np.int64]:
        """Adds reports; ``rows`` has the row of each. Returns the newest time up to each report, Unix ms."""
        reports = batch.reports
        slots = reports["time_ms"] // SLOT_MS
        if not self.next_slot:  # the earliest possible report in time order, however batches are cut
            self.next_slot = (int(reports["time_ms"][0]) - self.lateness_ms) // SLOT_MS
        first_by = self._first_by(vessel_columns, batch, rows, slots)
        fronts = np.maximum.accumulate(np.maximum(reports["time_ms"], self.front_ms))
        self.front_ms = int(fronts[-1])
        over = np.maximum(max(self.over, self.next_slot), (fronts - self.lateness_ms) // SLOT_MS)
        late = slots < over
        if late.any():
            self.late_reports.note(rows[late], slots[late], over[late])
            said = (~late).nonzero()[0]
            self._taken.append((rows[said], reports.take(said), first_by[said]))
        else:
            self._taken.append((rows, reports, first_by))
        self._count += len(rows)
        if self._count > max(PENDING_MOST, len(self._held)):  # so that joining costs the same per report
            self.pending()
        return fronts

    def pending(self) -> Pairs:
        """Pairs of open slots, ordered by (row, slot)."""
        if self._taken:
            rows, reports, first_by = zip(*self._taken, strict=True)
            taken = gather(np.concatenate(rows), joined(reports), np.concatenate(first_by))
            self.hold(reduced(joined([self._held, taken])))
        return self._held

    def pending_of(self, start: int, stop: int) -> Pairs:
        """The pending pairs of rows [start, stop)."""
        pending = self.pending()
        if self._rows is None:
            self._rows = pending["row"].copy()
        first, last = self._rows.searchsorted(np.array((start, stop), np.int32)).tolist()
        return pending[first:last]

    def hold(self, pairs: Pairs) -> None:
        """Replaces all pending pairs by these reduced ones."""
        self._held, self._taken, self._count, self._rows = pairs, [], 0, None

    def _first_by(
        self, vessel_columns: ReceptionColumns, batch: Batch, rows: Rows, slots: npt.NDArray[np.int64]
    ) -> Numbers:
        """The station of each report that is the first of its vessel in a slot (see PAIR); zero for others."""
        found, noted = np.zeros(len(rows), np.uint8), slots.astype(np.uint16)
        new = (vessel_columns.noted[rows] != noted).nonzero()[0]
        if not len(new):
            return found
        if len(new) <= _PLACES and slots[0] == slots[-1] and (slots == slots[0]).all():
            places = np.arange(len(new), dtype=np.uint16)
            vessel_columns.noted[rows[new[::-1]]] = places[::-1]  # if a vessel has several, the first is written last
            new = new[vessel_columns.noted[rows[new]] == places]
        else:
            pairs = rows[new] << _SLOT_BITS | slots[new] & ((1 << _SLOT_BITS) - 1)
            new = new[np.sort(np.unique(pairs, return_index=True)[1])]
        vessel_columns.noted[rows] = noted
        found[new] = self.stations.numbers(batch.raw, batch.reports["start"][new].astype(np.int64), batch.source)
        return found
