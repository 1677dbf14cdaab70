"""Restarts ingest when it fails: a feed that is not read is lost.

This happens in the same process, so standard input stays open and the rest of a pipe is read. Files continue where the
log ends.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

import structlog

from streams.errors import SinkError, WakewatchError

FIRST_S: Final = 0.2
_LONGEST_S: Final = 30.0
_RUN_WELL_S: Final = 60.0
_log = structlog.get_logger("ingest")
Result = TypeVar("Result")


def supervised(run: Callable[[], Result], stop: Event, first_s: float = FIRST_S) -> Result:
    """What ``run`` returns, after any number of starts.

    The pause before a new start doubles from ``first_s`` to 30 s, and is ``first_s`` again after a minute without a
    failure. Raises what ``run`` raises if a new start cannot help (a wrong setting, Kafka refuses for good), or after
    ``stop`` is set.
    """
    pause_s = first_s
    while True:
        began_s = time.monotonic()
        try:
            return run()
        except SinkError as error:
            if not error.retriable or stop.is_set():
                raise
            why = str(error)
        except WakewatchError:
            raise
        except Exception as bug:
            if stop.is_set():
                raise
            _log.exception("ingest failed")
            why = repr(bug)
        pause_s = first_s if time.monotonic() - began_s >= _RUN_WELL_S else pause_s
        wait_s = random.uniform(pause_s / 2, pause_s)  # noqa: S311 - spreads clients; nothing secret
        _log.warning("restarting", why=why, pause_s=round(wait_s, 2))
        stop.wait(wait_s)
        pause_s = min(_LONGEST_S, 2 * pause_s)
