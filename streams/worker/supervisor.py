"""Starts the worker and starts it again: a crash is how the worker says that it must begin from its last snapshot."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

RESTARTS_VARIABLE: Final = "WW_WORKER_RESTARTS"
"""Tells the child how often it was started again, for its metric."""
WRONG_USE: Final = 2
_FIRST_S, _LONGEST_S, _RUN_WELL_S = 0.2, 30.0, 60.0
_LOOK_S: Final = 0.1
_TETHER: Final = Path(__file__).parents[1] / "broker" / "tether.py"
log = structlog.get_logger("wakewatch.supervisor")


def worker_call() -> list[str]:
    """The worker, tied to the process that calls: it does not outlive a supervisor that is killed."""
    return [sys.executable, str(_TETHER), str(os.getpid()), sys.executable, "-m", "streams.worker"]


class Supervisor:
    """One child at a time. SIGTERM and SIGINT are passed on; exit codes 0 and 2 are final.

    The pause before a new start doubles from 0.2 s to 30 s, and begins anew after a minute run well.
    """

    def __init__(self, environ: Mapping[str, str], call: Sequence[str]) -> None:
        self._environ, self._call = dict(environ), list(call)
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._pause_s = _FIRST_S

    def run(self) -> int:
        """Until the worker stops cleanly, or cannot be started at all. Returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        restarts = 0
        while True:
            began_s = time.monotonic()
            code = self._once(restarts)
            if self._stopping or code in {0, WRONG_USE}:
                return max(code, 0)
            restarts += 1
            pause_s = self._next_pause(time.monotonic() - began_s)
            log.warning("worker ended, starting again", code=code, restarts=restarts, pause_s=round(pause_s, 2))
            if not self._wait(pause_s):
                return 0

    def _next_pause(self, ran_s: float) -> float:
        if ran_s >= _RUN_WELL_S:
            self._pause_s = _FIRST_S
        pause_s, self._pause_s = self._pause_s, min(_LONGEST_S, 2 * self._pause_s)
        return random.uniform(pause_s / 2, pause_s)  # noqa: S311 - workers must not all come back at once

    def _wait(self, pause_s: float) -> bool:
        """False when we are told to stop meanwhile. In small steps: a handler does not end a sleep."""
        until_s = time.monotonic() + pause_s
        while not self._stopping and time.monotonic() < until_s:
            time.sleep(_LOOK_S)
        return not self._stopping

    def _once(self, restarts: int) -> int:
        self._child = subprocess.Popen(self._call, env={**self._environ, RESTARTS_VARIABLE: str(restarts)})
        if self._stopping:
            self._child.terminate()  # the signal came before there was a child
        return self._child.wait()

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
