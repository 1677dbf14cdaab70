"""Applies reports to the fleet and to coverage in step, and closes time slots when they are over, in log order."""

from __future__ import annotations

from collections import Counter

import numpy as np

from detectors.core.coverage.reception_state import ClosedBlock, ReceptionState
from detectors.core.coverage.slot_blocks import SLOT_MS, SlotBlock
from detectors.core.engine.batch_applier import BatchApplier
from detectors.core.engine.dispatcher import Dispatcher
from detectors.core.engine.verbs import SlotFindings
from detectors.core.identities.matcher import WatchlistMatcher
from detectors.core.reports import Batch
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet


class SlotCloser:
    """Closes the slots of one engine. ``cannot_tell`` counts silences that could not be judged, by reason."""

    def __init__(
        self,
        fleet: Fleet,
        reception: ReceptionState,
        matcher: WatchlistMatcher,
        dispatcher: Dispatcher,
        batch_applier: BatchApplier,
    ) -> None:
        self.cannot_tell: Counter[str] = Counter()
        self._fleet, self._reception, self._matcher, self._dispatcher, self._batch_applier = (
            fleet,
            reception,
            matcher,
            dispatcher,
            batch_applier,
        )

    def close(self, watermark_ms: int, ordinal: int) -> None:
        """Closes all slots that end before ``watermark_ms``; all earlier reports must have been applied."""
        while (block := self._next(watermark_ms)) is not None:
            self._tell(self._listen(self._close(block)), ordinal)

    def _next(self, until_ms: int) -> SlotBlock | None:
        block = self._reception.next_block(until_ms, self._fleet.size)
        if self._reception.all_changed:
            self._fleet.dirty[: self._fleet.shards()] = True
            self._reception.all_changed = False
        return block

    def _close(self, block: SlotBlock) -> ClosedBlock:
        """Closes a block of slots in coverage.

        Listed vessels are judged by the statistics of others, and do not contribute to them: a vessel that goes dark
        every fortnight at the same place would otherwise teach that silences are usual there. Vessels that are now
        heard under another MMSI are not judged.
        """
        size = self._fleet.size
        closed = self._reception.close(block, size, self._fleet.core.listed[:size] > 0)
        self._fleet.touch(closed.heard)
        self._fleet.touch(closed.missed)
        core, significant = self._fleet.core, closed.significant
        return closed._replace(significant=significant[core.as_ms[significant] <= core.last_ms[significant]])

    def _listen(self, closed: ClosedBlock) -> list[SlotFindings]:
        """The screening results of detectors that use coverage."""
        return self._dispatcher.listen(self._reception, closed, self.cannot_tell)

    def _awaited(self, closed: ClosedBlock) -> bool:
        """Whether a check is due for an earlier silence of these vessels that a report not yet applied has ended."""
        rows = closed.significant[self._dispatcher.awaited(closed.significant)]
        last = self._reception.last_slots(rows, self._fleet.core.last_ms[rows])
        return bool((last < self._reception.vessel_columns.slot[rows]).any())

    def _tell(self, heard: list[SlotFindings], ordinal: int) -> None:
        for one in heard:
            self._dispatcher.tell(one, ordinal)

    def take_slow(self, batch: Batch, rows: Rows, source_bit: int, behind_ms: int) -> None:
        """Applies reports of a source that is ``behind_ms`` behind the others: they end no slot."""
        last_ms = self._fleet.core.last_ms[rows]
        self._reception.listening.take_slow(self._reception.vessel_columns, rows, batch, behind_ms, last_ms)
        self._take_part(batch, rows, source_bit, 0, len(rows))

    def take_apart(self, batch: Batch, rows: Rows, source_bit: int) -> None:
        """Applies reports of a recording beside live sources: they are of another time, and say nothing of coverage."""
        self._take_part(batch, rows, source_bit, 0, len(rows))

    def take(self, batch: Batch, rows: Rows, source_bit: int) -> None:
        """Applies reports whose vessels exist in the fleet, and closes the blocks of slots that are over.

        A verdict on a silence takes effect at a step by which every report in time has arrived. Earlier reports of the
        batch are applied before a block closes in two cases: a vessel that may be listed reports a new identity, which
        can put it on the list; and a verdict is noted or awaited, because it may be about a second silence of the same
        vessel.
        """
        listening, done, behind = self._reception.listening, 0, self._reception.vessel_columns.behind
        if behind[rows].any():
            behind[rows[batch.reports["time_ms"] > self._fleet.core.last_ms[rows]]] = 0
        fronts, restated = listening.take(self._reception.vessel_columns, rows, batch), None
        while (block := self._next(listening.front_ms - listening.lateness_ms)) is not None:
            stop = int(np.searchsorted(fronts, (block.last + 1) * SLOT_MS + listening.lateness_ms))
            if restated is None:
                restated = self._matcher.restated(self._fleet, batch, rows)
            if ((restated >= done) & (restated < stop)).any():
                done = self._take_part(batch, rows, source_bit, done, stop)
            closed = self._close(block)
            if self._awaited(closed):
                done = self._take_part(batch, rows, source_bit, done, stop)
            heard = self._listen(closed)
            if heard:
                done = self._take_part(batch, rows, source_bit, done, stop)
                self._tell(heard, int(batch.reports["ordinal"][min(done, len(rows) - 1)]))
        self._take_part(batch, rows, source_bit, done, len(rows))

    def _take_part(self, batch: Batch, rows: Rows, source_bit: int, start: int, stop: int) -> int:
        """Applies reports [start, stop). Returns the place to continue at."""
        if start < stop:
            part = batch if stop - start == len(rows) else batch._replace(reports=batch.reports[start:stop])
            self._batch_applier.take(part, rows[start:stop], source_bit)
        return max(start, stop)
