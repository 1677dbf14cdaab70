"""Reads the alert topic for each target in its own thread: one that does not answer or is slow delays no other.

The topic is the queue: each target has its own position in it (its own consumer group). So waiting alerts use no
memory, survive a restart, and are not sent to another target twice. A target's thread that fails for its own reason (a
bug) is restarted after a pause; an error of Kafka or the settings ends the process, because it would end all threads.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from threading import Event, Thread
from typing import Final

import structlog
from msgspec.structs import replace

from streams.errors import WakewatchError
from streams.notify import run as notifier
from streams.notify.delivery import Delivery
from streams.notify.run import NotifierPlan
from streams.observability.metrics import Metrics

_AGAIN_S: Final = 5.0
_LOOK_S: Final = 0.2
_log = structlog.get_logger("wakewatch.notify")


class Target:
    """One target, while it is notified."""

    def __init__(self, name: str, delivery: Delivery, plan: NotifierPlan) -> None:
        self.name, self._delivery, self._plan = name, delivery, plan
        self._begun = Event()
        self._broken = ""

    @property
    def state(self) -> tuple[bool, str]:
        """Whether it is notified, and the reason in one line."""
        if self._broken:
            return False, f"{self.name}: {self._broken}"
        if self._delivery.failing:
            return False, f"{self.name}: not delivered for {self._delivery.failing_s:.0f} s ({self._delivery.failing})"
        return self._begun.is_set(), f"{self.name}: {'delivering' if self._begun.is_set() else 'starting'}"

    @property
    def failing_s(self) -> float:
        """For how long it has accepted nothing although it was tried, s."""
        return self._delivery.failing_s

    def run(self, stop: Event, metrics: Metrics) -> None:
        """Runs until ``stop`` is set, or to the topic's end. Raises WakewatchError."""
        while True:
            try:
                notifier.run(self._plan, self._delivery.carry, stop, metrics, self._begun.set)
                self._delivery.finish()
            except WakewatchError:
                raise
            except Exception as error:  # noqa: BLE001 - the other targets continue
                self._broken = f"failed, restarted every {_AGAIN_S:.0f} s ({error!r})"
                _log.exception("a target's thread failed", target=self.name)
                if stop.wait(_AGAIN_S):
                    return
                self._broken = ""
            else:
                return


def plans_of(plan: NotifierPlan, names: Iterable[str]) -> list[tuple[str, NotifierPlan]]:
    """``plan`` for each target: its own group; the first one counts the records that all of them read."""
    return [
        (name, replace(plan, group=f"{plan.group}-{name}", former_group=plan.group, counting=number == 0))
        for number, name in enumerate(names)
    ]


def readiness(targets: list[Target]) -> tuple[bool, str]:
    """Whether all are notified, and a line for each."""
    states = [target.state for target in targets]
    return all(fine for fine, _ in states), "; ".join(said for _, said in states)


def run_all(targets: list[Target], stop: Event, metrics: Metrics) -> None:
    """Runs until all have ended. The first with an error of Kafka or the settings stops the others; raises it."""
    failures: list[WakewatchError] = []

    def run(target: Target) -> None:
        try:
            target.run(stop, metrics)
        except WakewatchError as error:
            failures.append(error)
            stop.set()

    threads = [Thread(target=run, args=(target,), name=f"notify-{target.name}", daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(_LOOK_S)
    if failures:
        raise failures[0]
