"""A real Alertmanager that is slow, refuses, is away for ten minutes, or is killed: all is told, and told once.

Time is compressed: a minute of the notifier's is a tenth of a second.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina
from prometheus_client import CollectorRegistry

from detectors.core.alert import Alert
from streams.notify.core import NoticeRules, NoticeScheduler, Outgoing
from streams.notify.delivery import Delivery, Targets
from streams.notify.http import endpoint
from streams.notify.rate_cap import GateRules
from streams.observability.metrics import Metrics
from tests.ops.programs import Alertmanager, Receiver, until
from tests.streams.notify.front import Front, told

Make = Callable[..., Alert]
MINUTE_S = 0.1
RULES = NoticeRules(resend_every_s=MINUTE_S, settle_s=0.02, rate_cap=GateRules(groups_most=0))


class Notifier:
    """Runs as the command does; ``say`` is the topic."""

    def __init__(self, url: str) -> None:
        self._notices, self._topic, self._stop = NoticeScheduler(RULES), [], threading.Event()
        self.buried: list[str] = []
        self.metrics = Metrics(CollectorRegistry())
        targets = Targets(alertmanager=endpoint("notify.alertmanager_url", url, timeout_s=0.25))
        self._courier = Delivery(
            targets, self.metrics, self._stop.is_set, lambda raw, why: self.buried.append(raw.decode())
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            now_ms = int(time.time() * 1000)
            outgoing = self._notices.due(now_ms)
            while self._topic:
                outgoing += self._notices.take(self._topic.pop(0), now_ms)
            self._courier.carry(outgoing)
        self._courier.carry(Outgoing())

    def say(self, *alerts: Alert) -> None:
        self._topic.extend(alerts)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture(autouse=True)
def _quick_tries() -> Iterator[None]:
    """Waits between tries are of no interest here; ten minutes of them are compressed too."""
    with stamina.set_testing(True, attempts=1000):
        yield


@pytest.fixture
def front(alertmanager: Alertmanager) -> Iterator[Front]:
    front = Front(alertmanager.port)
    yield front
    front.close()


@pytest.fixture
def notifier(front: Front) -> Iterator[Notifier]:
    notifier = Notifier(front.url)
    yield notifier
    notifier.close()


def alerts(make: Make, first: int, count: int, **changes: Any) -> list[Alert]:
    return [make(id=f"{n:032x}", case_id=f"mmsi/{n}", **changes) for n in range(first, first + count)]


def closed(make: Make, first: int, count: int) -> list[Alert]:
    return alerts(make, first, count, revision=2, status="closed")


def cases(receiver: Receiver, status: str) -> set[str]:
    return {case for case, said in told(receiver) if said == status}


def named(first: int, count: int) -> set[str]:
    return {f"mmsi/{n}" for n in range(first, first + count)}


def test_away_for_ten_minutes_everything_is_told_once_when_it_is_back(
    notifier: Notifier, front: Front, alertmanager: Alertmanager, receiver: Receiver, make: Make
) -> None:
    notifier.say(*alerts(make, 0, 4))
    until(lambda: cases(receiver, "firing") == named(0, 4))
    alertmanager.stop()
    gone = time.monotonic()
    notifier.say(*alerts(make, 4, 3), *closed(make, 0, 1))  # some begin and one ends while it is away
    until(lambda: time.monotonic() - gone > 10 * MINUTE_S)
    alertmanager.start()
    until(lambda: cases(receiver, "firing") == named(0, 7) and cases(receiver, "resolved") == named(0, 1))
    notifier.say(*closed(make, 1, 6))
    until(lambda: cases(receiver, "resolved") == named(0, 7))
    assert max(Counter(told(receiver)).values()) == 1, told(receiver)
    assert not notifier.buried


def test_killed_it_forgets_and_nobody_is_told_more_than_twice(
    notifier: Notifier, front: Front, alertmanager: Alertmanager, receiver: Receiver, make: Make
) -> None:
    notifier.say(*alerts(make, 0, 4))
    until(lambda: cases(receiver, "firing") == named(0, 4))
    alertmanager.kill()
    notifier.say(*alerts(make, 4, 3), *closed(make, 0, 1))
    alertmanager.start()
    until(lambda: cases(receiver, "firing") == named(0, 7))
    until(lambda: {held["labels"]["case_id"] for held in alertmanager.alerts()} == named(1, 6))
    notifier.say(*closed(make, 1, 6))
    until(lambda: named(1, 6) <= cases(receiver, "resolved"))
    assert max(Counter(told(receiver)).values()) <= 2, told(receiver)


def test_errors_and_slowness_neither_lose_nor_repeat(
    notifier: Notifier, front: Front, alertmanager: Alertmanager, receiver: Receiver, make: Make
) -> None:
    front.faults = ["500", "500", "slow", "hang", "500", "slow"]
    notifier.say(*alerts(make, 0, 3))
    until(lambda: cases(receiver, "firing") == named(0, 3) and not front.faults)
    front.faults = ["slow", "500", "hang"]
    notifier.say(*closed(make, 0, 3))
    until(lambda: cases(receiver, "resolved") == named(0, 3) and not front.faults)
    assert max(Counter(told(receiver)).values()) == 1, told(receiver)
    retried = notifier.metrics.registry.get_sample_value(
        "wakewatch_notifications_total", {"target": "alertmanager", "outcome": "retried"}
    )
    assert retried is not None and retried >= 9
    assert not notifier.buried


def test_one_that_gets_400_is_buried_and_the_others_are_told_once(
    notifier: Notifier, front: Front, alertmanager: Alertmanager, receiver: Receiver, make: Make
) -> None:
    front.poison = f"{3:032x}"
    notifier.say(*alerts(make, 0, 8))
    until(lambda: cases(receiver, "firing") == named(0, 8) - {"mmsi/3"})
    until(lambda: notifier.buried)
    assert all(front.poison in raw for raw in notifier.buried)
    assert max(Counter(told(receiver)).values()) == 1, told(receiver)
