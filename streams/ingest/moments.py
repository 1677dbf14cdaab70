"""Moments of event time at which a caller asked for a mark: it is written in the log where the clock reaches one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from streams.ingest.packing import PackStop
from streams.messages.log_records import MarkRecord


class AwaitedMoments:
    """The moments of one source that have not come yet, rising (``SourceKind.marks_ms``)."""

    def __init__(self, marks_ms: Iterable[int]) -> None:
        self._marks_ms = list(marks_ms)

    def reached(self, time_ms: int, ordinal: int) -> list[MarkRecord]:
        """Marks of the moments up to ``time_ms``, placed after the message ``ordinal``."""
        found = []
        while self._marks_ms and self._marks_ms[0] <= time_ms:
            found.append(MarkRecord(self._marks_ms.pop(0), ordinal))
        return found

    def reached_in(self, times_ms: npt.NDArray[np.int64], clock_ms: int, ordinals: Sequence[int]) -> list[PackStop]:
        """The same for messages in the order of the log; ``ordinals[i]`` is the message before message ``i``."""
        if not self._marks_ms:
            return []
        tops = np.maximum.accumulate(np.maximum(times_ms, clock_ms))
        places = np.searchsorted(tops, self._marks_ms)
        found = [
            PackStop(at, (MarkRecord(ms, ordinals[at]),))
            for at, ms in zip(places.tolist(), self._marks_ms, strict=True)
            if at < len(tops)
        ]
        del self._marks_ms[: len(found)]
        return found
