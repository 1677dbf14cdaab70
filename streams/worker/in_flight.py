"""Which records are being processed: readable by the supervisor after the process has died.

The process itself records what the engine raises (``crashes``). One that dies by a signal of its own (such as a
segmentation fault), or never returns, cannot: its supervisor counts for it. SIGKILL and SIGTERM come from outside and
blame no record. The mark is a few bytes in a mapped file, 2 us per run of records.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

MARK_VARIABLE: Final = "WW_WORKER_TAKING"
"""Names the file to a worker."""
DEATHS_VARIABLE: Final = "WW_WORKER_DEATHS"
"""Informs a worker about the previous one."""
_FORMAT: Final = struct.Struct("<d16sqqq")
_FREE: Final = _FORMAT.pack(0.0, b"", 0, 0, 0)


class InFlight(NamedTuple):
    """Records ``first`` to ``last`` of a stage's partition, begun at ``since_s`` of the monotonic clock."""

    since_s: float
    kind: str
    partition: int
    first: int
    last: int


class Death(msgspec.Struct, frozen=True):
    """A process died, or was ended because it did not return, while it processed these records."""

    kind: str
    partition: int
    first: int
    last: int
    why: str


class Mark:
    """The file, mapped; both sides use this. Raises OSError when it cannot be obtained."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            file.truncate(_FORMAT.size)
            self._bytes = mmap.mmap(file.fileno(), _FORMAT.size)

    def read(self) -> InFlight | None:
        """What is being processed, or was when the process ended; None: nothing."""
        since_s, kind, partition, first, last = _FORMAT.unpack(self._bytes[:])
        return InFlight(since_s, kind.rstrip(b"\0").decode(), partition, first, last) if since_s else None

    def set(self, kind: str, partition: int, first: int, last: int) -> None:
        """Sets these records as being processed."""
        self._bytes[:] = _FORMAT.pack(time.monotonic(), kind.encode(), partition, first, last)

    def clear(self) -> None:
        """Sets that no records are being processed."""
        self._bytes[:] = _FREE


def mark_of(environ: Mapping[str, str]) -> Mark | None:
    """The file that a worker marks; None without a supervisor."""
    path = environ.get(MARK_VARIABLE)
    return Mark(Path(path)) if path else None


def deaths_of(environ: Mapping[str, str]) -> list[Death]:
    """What the supervisor has passed on about the previous worker."""
    return msgspec.json.decode(environ.get(DEATHS_VARIABLE) or "[]", type=list[Death])


_mark: Final = mark_of(os.environ)


@contextmanager
def taking(kind: str, partition: int, first: int, last: int) -> Iterator[None]:
    """Sets the mark during the work, which must contain no input or output."""
    if _mark is None:
        yield
        return
    _mark.set(kind, partition, first, last)
    try:
        yield
    finally:
        _mark.clear()
