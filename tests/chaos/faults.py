"""What is done to the workers and to Kafka. Each fault is done under backlog, and is noted with what it hit."""

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from streams.broker import embedded
from tests.chaos.marks import CUT_AMID_ALERTS, SAVED_AMID_ALERTS
from tests.chaos.outcome import Strike
from tests.chaos.process import DrainedError, Worker
from tests.chaos.proxy import Proxy
from tests.chaos.rig import SESSION_S, SNAPSHOT_S, Rig

_COPIES = 100
_HUNT_S, _LAG_LEAST, _LAG_ENOUGH = 30.0, 100, 600
"""If no such moment comes, any other will do: what was hit is noted."""
_AWAY_S = 1.5


class Stage(NamedTuple):
    """Where faults happen."""

    rig: Rig
    broker: Path
    """Data folder of the broker."""
    draw: random.Random
    strikes: list[Strike]

    @property
    def proxy(self) -> Proxy:
        """What stands between workers and broker."""
        assert self.rig.proxy is not None
        return self.rig.proxy

    def struck(self, worker: Worker) -> None:
        """Notes a fault that is about to be done. Raises DrainedError when nothing was waiting."""
        second = any(one.later_at_work() for one in self.rig.workers.values())
        strike = Strike(worker.in_transaction(), self.rig.lag(), self.rig.live, second)
        if strike.lag <= 0:
            raise DrainedError("a fault without backlog: make the feed longer or the workers slower")
        self.strikes.append(strike)


Fault = Callable[[Stage], None]


def _at_work(stage: Stage, name: str = "one", instance: str | None = None) -> Worker:
    """The worker, once it has taken in a record since it was started."""
    worker = stage.rig.worker(name, instance)
    stage.rig.until(lambda: bool(worker.at("begun")), f"worker {name} works")
    return worker


def _moment(stage: Stage, worker: Worker) -> None:
    """A random moment: of three, one inside a snapshot's transaction and one with a later stage at work."""
    stage.rig.pause(stage.draw.uniform(0, 2 * SNAPSHOT_S))
    sought = stage.draw.choice((None, worker.in_transaction, worker.later_at_work))
    if sought is not None:
        until_s = time.monotonic() + _HUNT_S

        def found() -> bool:
            return sought() or time.monotonic() > until_s or stage.rig.lag() < _LAG_LEAST

        stage.rig.until(found, "such a moment comes", pause_s=0.005)


def kill(stage: Stage) -> None:
    """kill -9 of the only worker."""
    worker = _at_work(stage)
    _moment(stage, worker)
    stage.struck(worker)
    worker.end(signal.SIGKILL)
    worker.start()


def kill_amid_alerts(stage: Stage) -> None:
    """kill -9 of the only worker when a snapshot was committed while a record's alerts were still being sent.

    What the snapshot holds of that record, and was never sent, would be lost. For so many snapshots one is waited
    for that was cut in the middle of the record; a worker that keeps the rules has none.
    """
    worker = _at_work(stage)

    def found() -> bool:
        if worker.amid_alerts(CUT_AMID_ALERTS):
            return True
        tried = worker.copies() > _COPIES or stage.rig.lag() < _LAG_ENOUGH
        return tried and worker.amid_alerts(SAVED_AMID_ALERTS)

    stage.rig.until(found, "a snapshot is committed while alerts are sent", pause_s=0.005)
    stage.struck(worker)
    worker.end(signal.SIGKILL)
    worker.start()


def join_and_leave(stage: Stage) -> None:
    """A second worker comes, works, and goes: in good order, or every third time by kill -9."""
    _at_work(stage)
    second = _at_work(stage, "two", "")
    stage.rig.pause(stage.draw.uniform(0, 1))
    stage.struck(second)
    second.end(signal.SIGKILL if stage.draw.random() < 0.33 else signal.SIGTERM)
    del stage.rig.workers["two"]


def freeze(stage: Stage) -> None:
    """A worker stands still for longer than its session; another takes over; then it wakes up."""
    stage.rig.worker("two")
    frozen = _at_work(stage)
    _moment(stage, frozen)
    stage.struck(frozen)
    frozen.send(signal.SIGSTOP)
    stage.rig.pause(SESSION_S + 3)
    frozen.send(signal.SIGCONT)
    stage.rig.pause(stage.draw.uniform(2, 4))


def damage_bytes(stage: Stage) -> None:
    """One byte in a million is another one from now on, in what workers are told and in what they say."""
    worker, proxy = _at_work(stage), stage.proxy
    before = proxy.flipped
    proxy.damage()
    stage.rig.until(lambda: proxy.flipped > before, "a byte is hit")
    stage.struck(worker)


def stall_network(stage: Stage) -> None:
    """Connections stand still for longer than a session, without being closed."""
    worker = _at_work(stage)
    _moment(stage, worker)
    stage.struck(worker)
    stage.proxy.stall()
    stage.rig.pause(SESSION_S + 3)
    stage.proxy.flow()
    stage.rig.pause(stage.draw.uniform(0, 2))


def _break_broker(stage: Stage, sign: signal.Signals) -> None:
    worker = _at_work(stage)
    _moment(stage, worker)
    stage.struck(worker)
    broker = embedded.kill(stage.broker, sign)
    stage.rig.pause(_AWAY_S)
    embedded.restart(broker)
    before = stage.rig.lag()
    stage.rig.until(lambda: stage.rig.lag() < before, "work goes on")


def broker_term(stage: Stage) -> None:
    """The broker is stopped and comes back."""
    _break_broker(stage, signal.SIGTERM)


def broker_kill(stage: Stage) -> None:
    """The broker is killed and comes back."""
    _break_broker(stage, signal.SIGKILL)


def _without(stage: Stage, lose: Callable[[], None]) -> None:
    worker = _at_work(stage)
    _moment(stage, worker)
    stage.struck(worker)
    worker.end(signal.SIGKILL)
    del stage.rig.workers["one"]
    lose()
    _at_work(stage)


def no_offsets(stage: Stage) -> None:
    """The group's committed offsets are lost."""
    _without(stage, stage.rig.lose_offsets)


def no_fleet(stage: Stage) -> None:
    """The state is lost: everything is read again."""
    _without(stage, stage.rig.lose_fleet)
