"""The whole chain of the reconstruction, under its own name and under another: settings alone tell them apart."""

from __future__ import annotations

import io
from collections import Counter
from typing import NamedTuple

import pytest

from detectors.core.alert import Alert
from detectors.core.engine.alert_writer import Emitted
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference.loading import load_reference
from streams.scenario import NamedPlace, Options, ScenarioTruth, scenario
from streams.scenario.verdict import excesses, verdicts
from streams.settings import loading

pytestmark = pytest.mark.slow
RENAMED = Options(mmsi=273_999_777, imo=9_161_003, name="LADY R", yard=NamedPlace("DALIAN", 38.93, 121.65))
CHAIN = {"watchlist", "gap", "port_proximity", "blip", "port_call", "long_stay"}


class Played(NamedTuple):
    truths: tuple[ScenarioTruth, ...]
    alerts: list[Alert]
    hers: list[Alert]


def played(options: Options) -> Played:
    made, settings = scenario("angara", options), loading.load(None, {})
    pipeline = InProcessPipeline(settings, load_reference(settings.reference), 1)
    feed = io.BytesIO(b"\n".join(made.lines) + b"\n")
    emitted = play([feed], ReplayPlan(source="feed", partitions=1), pipeline, settings)
    alerts = [each.alert for each in emitted if isinstance(each, Emitted)]
    return Played(made.truths, alerts, [alert for alert in alerts if alert.mmsi == options.mmsi])


@pytest.fixture(scope="module")
def angara() -> Played:
    return played(Options())


@pytest.fixture(scope="module")
def renamed() -> Played:
    return played(RENAMED)


def test_everything_comes_in_time_and_nothing_is_said_of_the_honest(angara: Played, renamed: Played) -> None:
    for story in (angara, renamed):
        missing = [(v.truth.kind, v.expected.detector) for v in verdicts(story.truths, story.alerts) if not v.alert]
        assert missing == []
        assert [(e.truth.kind, e.alert.headline) for e in excesses(story.truths, story.alerts)] == []


def highest(alerts: list[Alert]) -> Counter[tuple[str, str]]:
    """How many alerts of each detector have reached which severity at most."""
    rank, found = ("log", "ticket", "page"), dict[str, tuple[str, str]]()
    for alert in alerts:
        former = found.get(alert.id, (alert.detector, "log"))
        found[alert.id] = max(former, (alert.detector, alert.severity), key=lambda one: rank.index(one[1]))
    return Counter(found.values())


def test_another_ship_and_yard_by_settings_alone_give_the_same_chain(angara: Played, renamed: Played) -> None:
    """Only what names a zone may differ, there is none at Dalian; and how soon a silence off home can be judged."""
    chains = [highest([a for a in story.hers if a.detector != "port_proximity"]) for story in (angara, renamed)]
    assert chains[0] == chains[1]
    assert {a.detector for a in renamed.hers} == {a.detector for a in angara.hers} >= CHAIN
    for story in (angara, renamed):
        assert len({alert.case_id for alert in story.hers}) == 1


def test_a_watch_is_woken_twice_a_voyage_and_at_the_yard(angara: Played) -> None:
    """Nine months, nine dark voyages: each time it falls silent and is heard again."""
    woken = {key: n for key, n in highest(angara.hers).items() if key[1] == "page"}
    assert set(woken) == {("gap", "page"), ("watchlist", "page"), ("port_proximity", "page")}
    assert sum(woken.values()) <= 25


def test_each_dark_leg_says_that_rajin_and_dunai_were_feasible(angara: Played, renamed: Played) -> None:
    for story in (angara, renamed):
        called = [a for a in story.hers if a.details.get("reason") == "feasible_while_dark" and a.status == "closed"]
        both = [a for a in called if {"Rajin", "Dunai"} <= {port["zone"] for port in a.details["feasible_ports"]}]
        assert len(both) >= len([t for t in story.truths if t.kind == "dark_leg"])
        assert all(a.details["innocent_ports"] > 0 and 0 < a.details["confidence"] < 1 for a in both)
