"""The C library's heap: a worker keeps freed memory for its next snapshots, and gives it back now and then.

The copies of a snapshot are freed once they are written. By default glibc then gives that memory back, and the next
copy takes every page from the kernel again: 69 ms of CPU for 200,000 vessels (148 MB), 19 ms if the memory was kept. If
it were kept for good, the process would hold its peak for ever, such as that of a backlog after a stall.

All threads share one arena. Otherwise each of the clients' threads has its own, and memory after a long-lived block in
an arena is never given back. In a soak test of twenty minutes the worker grew by 176 MB per hour with an arena per
thread, and by 27 +/- 15 with one; threads that run Python take turns anyway.
"""

from __future__ import annotations

import ctypes
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # malloc.h
_KEPT_BYTES: Final = 1 << 30
_MAPPED_FROM_BYTES: Final = 32 << 20  # the maximum that glibc allows; larger arrays are the fleet's own tables


def keep_freed() -> bool:
    """Makes this process keep up to a GiB of freed memory, in one arena. Call before threads start.

    Returns False if the C library does not support this.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    wanted = {_ARENA_MAX: 1, _TRIM_THRESHOLD: _KEPT_BYTES, _MMAP_THRESHOLD: _MAPPED_FROM_BYTES}
    return all(mallopt(option, value) for option, value in wanted.items())


def give_back() -> bool:
    """Gives free pages back to the kernel. Returns False if there were none, or the C library cannot."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return False
    return bool(trim(0))
