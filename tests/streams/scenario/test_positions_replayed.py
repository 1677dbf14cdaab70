"""The scenarios of untrue positions, replayed: what must be reported is, and nothing else."""

import io
from functools import cache
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
NAMES = sorted(SCENARIOS.keys() - {"angara", "strait", "outage", "hole"})
SEEDS, PARTITIONS = (1, 2), (1, 4)
TURNING = 6
"""With this seed a vessel turns back while its positions are repeated."""
Case = tuple[str, int, int]
"""Scenario, seed, partitions."""


class Played(NamedTuple):
    truths: tuple[ScenarioTruth, ...]
    alerts: list[Alert]
    refused: list[RefusalPlace]


@cache
def played(case: Case) -> Played:
    name, seed, partitions = case
    made = scenario(name, Options(seed=seed))
    pipeline = InProcessPipeline(SETTINGS, REFERENCE, partitions)
    plan = ReplayPlan(source="feed", partitions=partitions, source_kind=SourceKind(replayed=True))
    items = list(play([io.BytesIO(b"\n".join(made.lines) + b"\n")], plan, pipeline, SETTINGS))
    alerts = [item.alert for item in items if isinstance(item, Emitted)]
    return Played(made.truths, alerts, [item for item in items if isinstance(item, RefusalPlace)])


def cases() -> list[ParameterSet]:
    """Every case; the second seed only in a full run."""
    params = []
    for case in (
        *((name, seed, n) for name in NAMES for seed in SEEDS for n in PARTITIONS),
        *(("retransmission", TURNING, n) for n in PARTITIONS),
    ):
        marks = [pytest.mark.full] if case[1] != SEEDS[0] else []
        params.append(pytest.param(case, marks=marks, id="-".join(map(str, case))))
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
