"""What the stages that gather facts have in common: the pause after which nothing is written, and what they show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from detectors.core.alert import Alert
from detectors.core.identities.binding import Binding
from detectors.core.promises import PartitionWatermark
from detectors.core.vessels.affected_areas import AffectedArea
from streams.errors import SinkError
from streams.pipeline.engines import areas_for, histories_for
from streams.settings.model import Settings
from streams.worker.codec import LogEntry, entry
from streams.worker.fact_topic import key_of
from streams.worker.freeze_guard import FreezeGuard
from streams.worker.identities import Identities
from streams.worker.observer import PartitionStanding, Unobserved
from streams.worker.places import Places
from streams.worker.stage import StageObserver, StageService, together
from tests.detectors.golden_places import fact

Fact = msgspec.Struct
BOUND = {"imo": 9_179_842, "first_ms": 5, "last_ms": 5, "source": "pier", "statements": 1, "support": 5}
BINDINGS = [Binding(mmsi=mmsi, stamp_ms=mmsi // 1_000_000, **BOUND) for mmsi in (205_000_001, 273_000_001)]  # type: ignore[arg-type]
DISPLACED = [fact(205_000_001 + n, n) for n in range(3)]


class Alerts:
    """Collects what is handed to the producer."""

    def __init__(self) -> None:
        self.sent: list[Alert] = []
        self.areas = self

    async def send(self, _area: AffectedArea) -> list[Any]:
        return []

    async def alert(self, alert: Alert, _partition: int) -> list[Any]:
        self.sent.append(alert)
        return []


def stage(kind: type[StageService], guard: FreezeGuard) -> StageService:
    return kind(None, link={}, source="in", fleet="out", app_id="app", every_s=1.0, observer=Unobserved(), guard=guard)


def run(service: StageService, engine: Any, records: Sequence[LogEntry], out: Alerts) -> None:
    part: Any = SimpleNamespace(engine=engine, log=SimpleNamespace(kind=service.kind, partition=0))
    for record in records:
        asyncio.run(service._work(part, [record], out))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "facts", "detector"),
    [(Identities, BINDINGS, "identity_change"), (Places, DISPLACED, "interference")],
    ids=["identities", "places"],
)
def test_no_alert_of_a_later_stage_is_written_after_a_pause_longer_than_the_session(
    kind: type[StageService], facts: Sequence[Fact], detector: str
) -> None:
    """As for the first stage: another process may have continued, and its newer revision would be overwritten."""
    values = [*facts, PartitionWatermark(partition=0, heard_ms=1 << 42)]
    records = [entry(n, msgspec.json.encode(value), (), 0) for n, value in enumerate(values)]
    now_s = [100.0]
    guard = FreezeGuard(10.0, lambda: now_s[0])
    engines = {Identities: histories_for, Places: areas_for}
    runs, frozen = Alerts(), Alerts()
    run(stage(kind, guard), engines[kind](Settings(), 1), records, runs)  # type: ignore[index]
    assert {alert.detector for alert in runs.sent} == {detector}
    guard.restart()
    now_s[0] += 11
    with pytest.raises(SinkError, match="did not run for 11 s"):
        run(stage(kind, guard), engines[kind](Settings(), 1), records, frozen)  # type: ignore[index]
    assert frozen.sent == []


def test_the_stages_are_shown_together() -> None:
    observers = StageObserver(Unobserved()), StageObserver(Unobserved())
    standing = PartitionStanding("places", ("in", 0), 5, 0)
    observers[0].standing([], {"identity_change": 2})
    observers[1].standing([standing], {"interference": 1})
    assert together(observers) == ([standing], {"identity_change": 2, "interference": 1})
    observers[1].released()
    assert together(observers) == ([], {"identity_change": 2})


def test_keys_of_facts() -> None:
    assert key_of(BINDINGS[0]) == b"9179842/205000001"
    assert key_of(fact(1, 0, (-0.1, -0.1))) == b"00.5S000.5W"
