"""The scenarios of untrue positions, replayed: what must be reported is, and nothing else."""

import io
from functools import cache
from itertools import product
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted
from streams.ingest.core import SourceKind
from streams.pipeline.replay import InProcessPipeline, RefusalPlace, ReplayPlan, play
from streams.reference.loading import load_reference
from streams.scenario import SCENARIOS, Options, ScenarioTruth, scenario
from streams.scenario.verdict import excesses, verdicts
from streams.settings.model import Settings

SETTINGS = Settings()
REFERENCE = load_reference(SETTINGS.reference)
NAMES = sorted(SCENARIOS.keys() - {"angara", "strait", "outage", "hole", "meetings"})
SEEDS, PARTITIONS = (1, 2), (1, 4)
TURNING = 6
"""With this seed a vessel turns back while its positions are repeated."""
LIVE_TICK_MS = 10_000
"""With ticks as a live source has them, the ranges of the stations become known within the scenarios."""
Case = tuple[str, int, int, int | None]
"""Scenario, seed, partitions; ms between ticks, None: as at full speed."""


class Played(NamedTuple):
    truths: tuple[ScenarioTruth, ...]
    alerts: list[Alert]
    refused: list[RefusalPlace]


@cache
def played(case: Case) -> Played:
    name, seed, partitions, tick_ms = case
    made = scenario(name, Options(seed=seed))
    pipeline = InProcessPipeline(SETTINGS, REFERENCE, partitions)
    plan = ReplayPlan(source="feed", partitions=partitions, source_kind=SourceKind(replayed=True, tick_ms=tick_ms))
    items = list(play([io.BytesIO(b"\n".join(made.lines) + b"\n")], plan, pipeline, SETTINGS))
    alerts = [item.alert for item in items if isinstance(item, Emitted)]
    return Played(made.truths, alerts, [item for item in items if isinstance(item, RefusalPlace)])


def cases() -> list[ParameterSet]:
    """Every case; the second seed, and several partitions with ticks as of a live source, only in a full run."""
    params = []
    for tick_ms, case in product(
        (None, LIVE_TICK_MS),
        (
            *((name, seed, n) for name in NAMES for seed in SEEDS for n in PARTITIONS),
            *(("retransmission", TURNING, n) for n in PARTITIONS),
        ),
    ):
        marks = [pytest.mark.full] if case[1] != SEEDS[0] or (tick_ms and case[2] > 1) else []
        name = "-".join(map(str, [*case, *(["live"] if tick_ms else [])]))
        params.append(pytest.param((*case, tick_ms), marks=marks, id=name))
    return params


@pytest.mark.parametrize("case", cases())
def test_what_must_be_reported_is(case: Case) -> None:
    story = played(case)
    assert [v.expected for v in verdicts(story.truths, story.alerts) if v.alert is None] == []


@pytest.mark.parametrize("case", cases())
def test_nothing_else_is_reported(case: Case) -> None:
    story = played(case)
    assert [(e.truth.kind, e.alert.headline) for e in excesses(story.truths, story.alerts)] == []


@pytest.mark.parametrize("case", cases())
def test_every_sentence_is_read(case: Case) -> None:
    assert played(case).refused == []


def test_a_false_track_is_beyond_the_range_of_its_station_and_a_true_one_far_away_is_not() -> None:
    found = {
        name: [
            alert.details["beyond_range"]
            for alert in played((name, 1, 1, LIVE_TICK_MS)).alerts
            if "beyond_range" in alert.details
        ]
        for name in ("false-track", "ducting", "shared-two")
    }
    assert found["ducting"] == found["shared-two"] == []
    assert found["false-track"]
    assert all("nm from johor is beyond its range" in str(said) for said in found["false-track"])
