"""Starts the worker and starts it again: a crash is how the worker says that it must begin from its last snapshot."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Final

import structlog

RESTARTS_VARIABLE: Final = "WW_WORKER_RESTARTS"
"""Tells the child how often it was started again, for its metric."""
_FIRST_S, _LONGEST_S, _RUN_WELL_S = 0.2, 30.0, 60.0
_WRONG_USE: Final = 2
log = structlog.get_logger("wakewatch.supervisor")


class Supervisor:
    """One child at a time. SIGTERM and SIGINT are passed on; exit codes 0 and 2 are final."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> int:
        """Until the worker stops cleanly, or cannot be started at all. Returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        wait_s, restarts = _FIRST_S, 0
        while True:
            began_s = time.monotonic()
            code = self._once(restarts)
            if self._stopping or code in {0, _WRONG_USE}:
                return max(code, 0)
            wait_s = _FIRST_S if time.monotonic() - began_s > _RUN_WELL_S else min(_LONGEST_S, wait_s * 2)
            restarts += 1
            pause_s = random.uniform(wait_s / 2, wait_s)  # noqa: S311 - workers must not all come back at once
            log.warning("worker ended, starting again", code=code, restarts=restarts, pause_s=round(pause_s, 2))
            time.sleep(pause_s)

    def _once(self, restarts: int) -> int:
        environ = {**self._environ, RESTARTS_VARIABLE: str(restarts)}
        self._child = subprocess.Popen([sys.executable, "-m", "streams.worker"], env=environ)
        while True:
            try:
                return self._child.wait()
            except KeyboardInterrupt:
                continue  # the child has it too and stops by itself

    def _stop(self, number: int, _frame: object) -> None:
        self._stopping = True
        if self._child is not None and self._child.poll() is None:
            os.kill(self._child.pid, signal.SIGTERM if number == signal.SIGINT else number)
