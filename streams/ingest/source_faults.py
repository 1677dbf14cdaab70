"""Faults of one source, such as an error that a library was not expected to raise: they end that source alone."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import structlog

from streams.errors import WakewatchError
from streams.ingest.sources.events import InputSource, SourceEvent

_log = structlog.get_logger("ingest")


def events_of(source: InputSource, name: str, stop: Event) -> Iterator[SourceEvent]:
    """The events of ``source``. Raises WakewatchError, also for what was not raised on purpose."""
    try:
        yield from source.events(stop)
    except WakewatchError:
        raise
    except Exception as fault:
        _log.exception("source failed", source=name)
        raise WakewatchError(f"{type(fault).__name__}: {fault}") from fault
