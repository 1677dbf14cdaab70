"""Records at which the engine crashes: after a few attempts they are set aside, so that none stops a partition.

Only errors of the engine count, and a process that dies or hangs in it (``in_flight``). A failed send, a broker that
does not answer or a lack of memory has nothing to do with the record at which it happens. The crashing process records
the offset (``StateLog.note``); the next process handles records near it one by one, and skips the one that crashed too
often. A note is needed until a snapshot covers the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from streams.worker.codec import LogEntry
from streams.worker.in_flight import Death, taking

SET_ASIDE_AFTER: Final = 3
_KEPT_MOST: Final = 100
_WHY_MOST: Final = 300


class Crash(msgspec.Struct, frozen=True):
    """The work raised while the records ``first`` to ``last`` were processed."""

    first: int
    last: int
    times: int
    why: str


class RecordError(Exception):
    """The work raised on one of the records ``first`` to ``last``."""

    def __init__(self, first: int, last: int, cause: Exception) -> None:
        super().__init__(f"records {first} to {last}: {cause!r}")
        self.first, self.last, self.why = first, last, repr(cause)[:_WHY_MOST]


@contextmanager
def work_on(run: Sequence[LogEntry], kind: str = "", partition: int = 0) -> Iterator[None]:
    """Raises RecordError for any error within; it must not contain input or output.

    ``kind`` and ``partition`` identify the records for the supervisor.
    """
    try:
        with taking(kind, partition, run[0].offset, run[-1].offset):
            yield
    except MemoryError:  # the machine's fault, not the record's
        raise
    except Exception as error:
        raise RecordError(run[0].offset, run[-1].offset, error) from error


class Crashes:
    """The crashes of one partition. ``most``: number of crashes after which a record is set aside."""

    def __init__(self, noted: Sequence[Crash] = (), most: int = SET_ASIDE_AFTER) -> None:
        self._noted, self._most = list(noted), most

    def add(self, error: RecordError) -> None:
        """Adds a crash."""
        same = [one for one in self._noted if (one.first, one.last) == (error.first, error.last)]
        rest = [one for one in self._noted if one not in same]
        now = Crash(error.first, error.last, 1 + sum(one.times for one in same), error.why)
        self._noted = [*rest, now][-_KEPT_MOST:]

    def died(self, death: Death) -> None:
        """Adds a crash that the process could not record itself."""
        self.add(RecordError(death.first, death.last, RuntimeError(death.why)))

    def after(self, offset: int) -> list[Crash]:
        """The crashes that matter for a process that reads from ``offset`` on."""
        return [one for one in self._noted if one.last > offset]

    def together(self, first: int, count: int) -> int:
        """How many of ``count`` records from ``first`` on may be processed at once: only one near a crash."""
        near = any(one.first < first + count and first <= one.last for one in self._noted)
        return 1 if near else count

    def final(self, offset: int) -> Crash | None:
        """The last crash at that record, if it is to be set aside; otherwise None."""
        mine = (one for one in self._noted if one.first == one.last == offset and one.times >= self._most)
        return next(mine, None)
