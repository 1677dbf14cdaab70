"""Where a worker stands when it stands still: all threads, and all tasks of all event loops, on SIGRTMIN."""

import asyncio
import contextlib
import faulthandler
import gc
import signal
import sys
from threading import Thread
from typing import Any


def install() -> None:
    """To stderr; also while the event loop hangs."""
    signal.signal(signal.SIGRTMIN, lambda *_: Thread(target=_tell_tasks, daemon=True).start())
    faulthandler.register(signal.SIGRTMIN, all_threads=True, chain=True)


def _tell_tasks() -> None:
    for loop in [found for found in gc.get_objects() if isinstance(found, asyncio.AbstractEventLoop)]:
        tasks: set[asyncio.Task[Any]] = set()
        with contextlib.suppress(RuntimeError):  # it changed meanwhile
            tasks = asyncio.all_tasks(loop)
        for task in tasks:
            places = "\n".join(_places(task.get_coro()))
            sys.stderr.write(f"task {task.get_name()} of {loop!r}\n{places}\n")
    sys.stderr.flush()


def _places(waiting: Any) -> list[str]:
    """From the outermost coroutine to what it waits for."""
    places = []
    while waiting is not None:
        frame = next(
            (found for name in ("cr_frame", "gi_frame", "ag_frame") if (found := getattr(waiting, name, 0))), 0
        )
        where = f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}" if frame else repr(waiting)
        places.append(f"    {where}")
        inner = (getattr(waiting, name, None) for name in ("cr_await", "gi_yieldfrom", "ag_await"))
        waiting = next(filter(None, inner), None)
    return places
