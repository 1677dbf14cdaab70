"""A Kafka that stutters is slow until all its answers of half a minute were quick."""

import time
from collections.abc import Iterator

import pytest

from streams.console import broker_health
from streams.settings.model import KafkaSettings


class Clock:
    """Stands for the client: each question takes as long as is said next."""

    def __init__(self, takes_s: Iterator[float]) -> None:
        self.now_s, self._takes_s = 100.0, takes_s

    def describe_cluster(self) -> None:
        self.now_s += next(self._takes_s)


def test_the_slowest_answer_of_the_last_half_minute_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = ([0.25, 3.0, 0.25], [0.25] * 3, [0.5, 0.25, 0.25], [0.25] * 3)
    clock = Clock(took for look in looks for took in look)  # who has waited for one asks the next when it is quick
    monkeypatch.setattr(broker_health, "admin", lambda *_, **__: clock)
    monkeypatch.setattr(broker_health, "disks", lambda *_: ())
    monkeypatch.setattr(time, "monotonic", lambda: clock.now_s)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    looked = broker_health.BrokerHealth(KafkaSettings())
    assert [looked.look().answer_s for _ in range(2)] == [3.0, 3.0]
    clock.now_s += 30.0
    assert looked.look().answer_s == 0.5
    clock.now_s += 31.0
    assert looked.look().answer_s == 0.25
