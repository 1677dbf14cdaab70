"""Leaving: a worker that is asked to stop is gone after a while, even if something hangs.

Faust waits for its consumer's thread, for the group and for every future. On a busy machine one worker in about seventy
that left just as it had joined did not end in five minutes (``make chaos``). Its state was safe: a kill costs nothing.
"""

from __future__ import annotations

import faulthandler
import signal
from typing import ClassVar

import faust
import mode


class ShutdownWatchdog(mode.Worker):  # type: ignore[misc]  # mode ships no types
    """Writes where every thread is and exits with code 1 when it has not stopped by ``leave_s``."""

    leave_s: ClassVar[float] = 40.0
    """More than the last snapshots of both stages take, less than systemd and Kubernetes wait (45 s).
    """

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        faulthandler.dump_traceback_later(self.leave_s, exit=True)
        super()._schedule_shutdown(signal)


class Worker(ShutdownWatchdog, faust.Worker):  # type: ignore[misc]  # faust ships no types
    """Faust's worker."""
