"""States of the worker."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.states.kafka_states import ABSENT, RUNS
from tests.states.model import Rule, State, Want
from tests.states.room import WELL_S, Room

_STALLS: Final = """
import os, sys, time
from pathlib import Path
from detectors.gap import Gap
from streams.worker import __main__ as worker
screen, stalls = Gap.screen_reports, Path(os.environ["STALLS"])
def screens(self, step):
    while stalls.exists():
        time.sleep(0.2)
    return screen(self, step)
Gap.screen_reports = screens
sys.exit(worker.main())
"""
"""The worker, with a detector that does not come back while a file is there."""
NO_WORKER: Final = Want(r"^wrong workers: no worker runs in group .*exit code 1$", "workers")
NOTHING_TAKEN_IN: Final = Want(
    r"^alarm: No detector has processed the log for \d+ s; \d+ records are waiting", "worker"
)


def _stalled(room: Room) -> Iterator[None]:
    stalls = Path(room.home / "stalls")
    room.stop("detect")
    room.injected["STALLS"] = str(stalls)
    room.begin("detect", [], (sys.executable, "-c", _STALLS))
    room.await_well()
    stalls.touch()
    yield
    stalls.unlink()
    room.stop("detect")
    room.run("detect")


def _dead(room: Room) -> Iterator[None]:
    room.ours["detect"].process.kill()
    room.ours["detect"].process.wait(WELL_S)
    yield
    room.run("detect")


def _none(room: Room) -> Iterator[None]:
    assert room.stop("detect") == 0
    room.prometheus.ask_only(room.targets("detect"))
    yield
    room.prometheus.ask_only(room.targets())
    room.run("detect")


STATES: Final = (
    State(
        "worker stalled in a detector",
        "injected: a detector that does not come back",
        readyz=Want(r"^detect 503 .*: no record processed for \d+ s, \d+ waiting"),
        rule=Rule("max(wakewatch_stalled_seconds) > 30", r"[3-9]\d", "WakewatchNotProgressing"),
        doctor=Want(r"^wrong worker: .*is not ready: .*no record processed.*exit code 1$", "worker"),
        console=NOTHING_TAKEN_IN,
        exits=RUNS,
        enter=_stalled,
        short=True,
    ),
    State(
        "worker dead",
        "supervisor and worker are killed (SIGKILL)",
        readyz=Want(r"^detect no answer"),
        rule=ABSENT,
        doctor=NO_WORKER,
        console=NOTHING_TAKEN_IN,
        exits=Want(rf"^detect ended with -{signal.SIGKILL:d}$"),
        enter=_dead,
    ),
    State(
        "no worker",
        "the worker is stopped (SIGTERM) and no target of Prometheus any more",
        readyz=Want(r"^detect no answer"),
        rule=Rule('absent(up{job="wakewatch-detect"} == 1)', "1", "WakewatchAbsent"),
        doctor=NO_WORKER,
        console=NOTHING_TAKEN_IN,
        exits=Want(r"^detect ended with 0$"),
        enter=_none,
    ),
)
