"""``python -m streams.worker``: one worker process, without a supervisor.

Exit 0: asked to stop, last snapshots written; 1: start me again; 2: a setting or the state must be fixed first.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from streams.errors import ConfigError, StateError, WakewatchError
from streams.observability import logs
from streams.settings import loading
from streams.worker import malloc
from streams.worker.supervisor import WRONG_USE

if TYPE_CHECKING:  # it imports Faust
    from streams.worker.assignments import Assignments

_LEAVE_S: Final = 15.0


def main() -> int:
    """Runs until stopped."""
    faulthandler.enable()  # says where a signal struck
    malloc.keep_freed()
    try:
        logs.configure(loading.load().log)
        from streams.worker import app as made
        from streams.worker.shutdown_watchdog import Worker
    except WakewatchError as error:
        sys.stderr.write(f"wakewatch: {error}\n")
        return WRONG_USE if isinstance(error, ConfigError) else 1
    worker = Worker(made.app, loglevel="warning", redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it writes to stdout, also if that is not a terminal
    for stage in made.stages:
        stage.give_up = lambda: _leave(made.stages)
    code = _run(worker)
    return _said(made.stages, code)


def _said(stages: Sequence[Assignments], code: int) -> int:
    """The exit code; what an operator must know is reported in one line."""
    broken = [stage.broken for stage in stages if stage.broken is not None]
    for reason in broken:
        if isinstance(reason, (ConfigError, StateError)):
            sys.stderr.write(f"wakewatch: {reason}\n")
            return WRONG_USE
    return 1 if broken else code


def _leave(stages: Sequence[Assignments]) -> None:
    """Ends in good order if possible: Faust waits for a group that a recreated Kafka does not know."""
    os.kill(os.getpid(), signal.SIGTERM)
    late = threading.Timer(_LEAVE_S, lambda: os._exit(_said(stages, 1)))
    late.daemon = True
    late.start()


def _run(worker: object) -> int:
    try:
        worker.execute_from_commandline()  # type: ignore[attr-defined]  # faust ships no types
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Exception as error:  # noqa: BLE001 - the crash was logged where it happened
        sys.stderr.write(f"wakewatch: worker ends: {error!r}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
