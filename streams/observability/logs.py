"""Logging: one event per line on stderr, for people or as JSON; repeats are counted, secrets are never written.

Rules.
- The same event from the same logger with the same text is written once in ``REPEAT_S``; the next one states how many
  were held back. Errors are always written.
- A field whose name indicates a secret is always masked.
- Event time belongs to alerts; the time in a log line is the wall clock, UTC.
"""

from __future__ import annotations

import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog

from streams.settings.model import LogSettings

REPEAT_S: Final = 10.0
_KINDS_MOST: Final = 1000
_SECRET: Final = re.compile(r"secret|password|token|credential|authorization", re.IGNORECASE)
_VARIES: Final = frozenset({"timestamp", "level", "logger"})

Event = MutableMapping[str, Any]


class RepeatFilter:
    """A structlog processor that holds back repeats. ``clock_s``: a monotonic clock, s."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._told: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()

    def __call__(self, _logger: Any, method: str, event: Event) -> Event:
        """The event, or structlog.DropEvent."""
        if method in {"error", "critical", "exception"}:
            return event
        kind = (method, *(f"{name}={value}" for name, value in event.items() if name not in _VARIES))
        now_s = self._clock_s()
        told_s, held = self._told.pop(kind, (-REPEAT_S, 0))
        if now_s - told_s < REPEAT_S:
            self._told[kind] = (told_s, held + 1)
            raise structlog.DropEvent
        self._told[kind] = (now_s, 0)
        if len(self._told) > _KINDS_MOST:
            self._told.popitem(last=False)
        if held:
            event["held_back"] = held
        return event


def mask(_logger: Any, _method: str, event: Event) -> Event:
    """A structlog processor: a possible secret becomes ``***``."""
    for name in event:
        if _SECRET.search(name):
            event[name] = "***"
    return event


def configure(rules: LogSettings) -> None:
    """Configures structlog for this process. ``auto`` is text for people on a terminal, JSON elsewhere."""
    people = sys.stderr.isatty() if rules.format == "auto" else rules.format == "console"
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if people else _json()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            RepeatFilter(),
            mask,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(rules.level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _json() -> Any:
    return structlog.processors.JSONRenderer(sort_keys=True, default=str)
