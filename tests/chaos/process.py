"""A worker as a process that is watched from outside, and started again when it crashes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from streams.broker import kill_with_parent
from tests.chaos import marks

if TYPE_CHECKING:
    from tests.chaos.rig import Rig

PATIENCE_S: Final = 300.0  # far more than it takes; a machine that has other work takes ten times as long


class StuckError(Exception):
    """Something that had to happen did not."""


class DrainedError(StuckError):
    """All was read before the fault: it would prove little."""


class Worker:
    """A worker process that is started again when it crashes."""

    def __init__(self, rig: "Rig", instance: str) -> None:
        self._rig, self._instance = rig, instance
        self.crashes = 0
        self.recoveries_s: list[float] = []
        self.start()

    def start(self) -> None:
        """A new process."""
        self._began_s, self._measured = time.monotonic(), False
        log = (self._rig.home / "worker.log").open("ab")
        tied = [
            sys.executable,
            str(kill_with_parent.__file__),
            str(os.getpid()),
        ]  # it dies with the harness, however that ends
        call = [*tied, sys.executable, "-m", "tests.chaos.marked"]
        self.process = subprocess.Popen(call, env=self._rig.environ(self._instance), stderr=log, stdout=log)
        log.close()

    def tend(self) -> None:
        """Measures the recovery, and starts again what crashed."""
        if self.process.poll() is not None:
            self.crashes += 1
            if self.process.returncode == 2:
                raise StuckError(f"the worker refuses to run: {self._rig.last_words()}")
            self.start()
        if not self._measured and self.at("begun"):
            self._measured = True
            self.recoveries_s.append(time.monotonic() - self._began_s)

    def at(self, word: Literal["begun", "done"]) -> dict[int, int]:
        """Offsets by partition, as this very process says (see ``marked``)."""
        return offsets_of(self._rig.home / f"{self.process.pid}.at", word)

    def in_transaction(self) -> bool:
        """True while a snapshot's transaction is open."""
        return marks.in_transaction(self._marks())

    def copies(self) -> int:
        """How many snapshots this process has begun."""
        return sum(letter == "S" for letter, _ in self._marks())

    def amid_alerts(self, letters: str) -> bool:
        """See ``marks``."""
        return marks.amid_alerts(self._marks(), letters)

    def later_at_work(self) -> bool:
        """True when a later stage has processed records since its last snapshot was committed."""
        return marks.later_at_work(self._marks())

    def _marks(self) -> marks.Marks:
        return marks.read(self._rig.home / str(self.process.pid))

    def send(self, sign: signal.Signals) -> None:
        """A signal."""
        self.process.send_signal(sign)

    def end(self, sign: signal.Signals) -> None:
        """Ends it and waits."""
        self.process.send_signal(sign)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise StuckError("the worker did not stop on SIGTERM") from None


def offsets_of(path: Path, word: Literal["begun", "done"]) -> dict[int, int]:
    """Offsets by partition that a process has written down (see ``marked``); empty before it has."""
    try:
        return {int(number): offset for number, offset in json.loads(path.read_text())[word].items()}
    except FileNotFoundError:
        return {}
