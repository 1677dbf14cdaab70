"""Starts the worker and restarts it after a crash, which is how the worker returns to its last snapshot.

A worker that is killed by a signal, or does not return from a record, cannot report the record: the supervisor reads it
from the mark (``in_flight``) and passes it to the next worker, which counts it like an error at that record.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from streams.broker import kill_with_parent
from streams.worker.in_flight import DEATHS_VARIABLE, MARK_VARIABLE, Death, Mark

RESTARTS_VARIABLE: Final = "WW_WORKER_RESTARTS"
"""Informs the child how often it was restarted, for its metric."""
WRONG_USE: Final = 2
_FIRST_S, _LONGEST_S, _RUN_WELL_S = 0.2, 30.0, 60.0
_LOOK_S, _CHILD_LOOK_S = 0.1, 0.5
HUNG_S: Final = 120.0
"""For a run of records, usually 20 ms. A worker stopped for this time (SIGSTOP) restarts too, without loss."""
_ABORT_S: Final = 10.0
_ITS_OWN: Final = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}
"""SIGKILL comes from another process, or memory runs out: not the record's fault."""
log = structlog.get_logger("wakewatch.supervisor")


def worker_call() -> list[str]:
    """The worker command, tied to the calling process: it does not outlive a killed supervisor."""
    return [sys.executable, str(kill_with_parent.__file__), str(os.getpid()), sys.executable, "-m", "streams.worker"]


class Supervisor:
    """One child at a time. SIGTERM and SIGINT are passed on; exit codes 0 and 2 are final.

    The pause before a new start doubles from 0.2 s to 30 s, and is 0.2 s again after a minute without a crash.
    """

    def __init__(self, environ: Mapping[str, str], call: Sequence[str]) -> None:
        self._environ, self._call = dict(environ), list(call)
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._pause_s = _FIRST_S
        file, path = tempfile.mkstemp(prefix="wakewatch-taking-")
        os.close(file)
        self._path = Path(path)
        self._mark = Mark(self._path)
        self._deaths: list[Death] = []

    def run(self) -> int:
        """Runs until the worker stops cleanly, or cannot be started at all. Returns the exit code."""
        try:
            return self._run()
        finally:
            self._path.unlink(missing_ok=True)

    def _run(self) -> int:
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
            log.warning("worker ended, restarting", code=code, restarts=restarts, pause_s=round(pause_s, 2))
            if not self._wait(pause_s):
                return 0

    def _next_pause(self, ran_s: float) -> float:
        if ran_s >= _RUN_WELL_S:
            self._pause_s = _FIRST_S
        pause_s, self._pause_s = self._pause_s, min(_LONGEST_S, 2 * self._pause_s)
        return random.uniform(pause_s / 2, pause_s)  # noqa: S311 - workers must not all come back at once

    def _wait(self, pause_s: float) -> bool:
        """False if asked to stop in the meantime. In small steps: a signal handler does not end a sleep."""
        until_s = time.monotonic() + pause_s
        while not self._stopping and time.monotonic() < until_s:
            time.sleep(_LOOK_S)
        return not self._stopping

    def _once(self, restarts: int) -> int:
        told = {
            RESTARTS_VARIABLE: str(restarts),
            MARK_VARIABLE: str(self._path),
            DEATHS_VARIABLE: msgspec.json.encode(self._deaths).decode(),
        }
        self._mark.clear()
        self._child = subprocess.Popen(self._call, env={**self._environ, **told})
        if self._stopping:
            self._child.terminate()  # the signal came before there was a child
        why = ""
        while (code := self._ended(self._child)) is None:
            why = why or self._hung()
            if why:
                self._abort(self._child)
        self._deaths = self._died(code, why)
        return code

    def _ended(self, child: subprocess.Popen[bytes]) -> int | None:
        try:
            return child.wait(_CHILD_LOOK_S)
        except subprocess.TimeoutExpired:
            return None

    def _hung(self) -> str:
        """Why the child must be ended; empty while it works."""
        taken = self._mark.read()
        hung = taken is not None and time.monotonic() - taken.since_s > HUNG_S
        return f"the process did not return within {HUNG_S:.0f} s" if hung else ""

    def _abort(self, child: subprocess.Popen[bytes]) -> None:
        """Sends SIGABRT, so that it writes a traceback, then SIGKILL."""
        child.send_signal(signal.SIGABRT)
        try:
            child.wait(_ABORT_S)
        except subprocess.TimeoutExpired:
            child.kill()

    def _died(self, code: int, why: str) -> list[Death]:
        """What the next worker is given about the death; nothing if no record caused it."""
        taken = self._mark.read()
        if taken is None or not (why or -code in _ITS_OWN):
            return []
        why = why or f"the process was ended by {signal.Signals(-code).name}"
        log.error("worker died at a record", partition=taken.partition, first=taken.first, last=taken.last, why=why)
        return [Death(taken.kind, taken.partition, taken.first, taken.last, why)]

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
