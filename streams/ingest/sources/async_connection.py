"""Connections of asyncio libraries as events of a source, in the source's own thread.

The loop runs only while the reader waits for an event: when it is busy, the bounded queue fills and the connection
waits. There is no other thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from threading import Event
from typing import Any, Final

from streams.ingest.sources.events import SourceEvent

QUEUE_MOST: Final = 256
"""Events that wait for the reader; beyond, the connection waits."""
_CLOSE_MOST_S: Final = 5.0
"""How long a connection may take to close."""
Put = Callable[[SourceEvent], Awaitable[None]]
Talk = Callable[[Put], Coroutine[Any, Any, str]]


def events_of(talk: Talk, *, stop: Event, idle_s: float) -> Generator[SourceEvent, None, str]:
    """What ``talk`` puts, and None at least every ``idle_s`` seconds, until it ends; returns what it returns.

    ``talk`` is cancelled when ``stop`` is set or the generator is closed. Raises what it raises.
    """
    with asyncio.Runner() as runner:
        queue: asyncio.Queue[SourceEvent] = asyncio.Queue(QUEUE_MOST)
        task = runner.get_loop().create_task(talk(queue.put))
        try:
            while not stop.is_set():
                yield from runner.run(_ready(queue, idle_s)) or (None,)
                if task.done() and queue.empty():
                    return task.result()
        finally:
            runner.run(_cancel(task))
        while not queue.empty():  # what came before the stop: it may have been acknowledged
            yield queue.get_nowait()
    return ""


async def _ready(queue: asyncio.Queue[SourceEvent], idle_s: float) -> list[SourceEvent]:
    try:
        events = [await asyncio.wait_for(queue.get(), idle_s)]
    except TimeoutError:
        return []
    while not queue.empty():
        events.append(queue.get_nowait())
    return events


async def _cancel(task: asyncio.Task[str]) -> None:
    task.cancel()
    await asyncio.wait({task}, timeout=_CLOSE_MOST_S)
    if task.done() and not task.cancelled():
        task.exception()  # it has been raised already, or came while closing
